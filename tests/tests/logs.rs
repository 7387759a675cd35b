//! I14: whatever the programs tell of themselves, at their most talkative, says nothing about any
//! citizen. A real branch and the real central do everything there is with people who bear
//! unmistakable names; then their logs are searched for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{fs, net::TcpListener, time::Duration};

use motcua_testkit::{
    branch::{SERVICE, case, command_id, id},
    central::Central,
    program::Program,
};
use serde_json::{Map, Value, json};

/// What stands nowhere else: name, name as it is searched for, number, phone, e-mail, home, words.
const PERSONAL: [&str; 7] = [
    "Quàng Thị Nhạn",
    "quang thi nhan",
    "001190777321",
    "0987123654",
    "nhan.quang@example.vn",
    "Bản Hua Nà",
    "Đơn của bà Nhạn thiếu chữ ký",
];
const NAME: &str = PERSONAL[0];
const SEARCHED: &str = PERSONAL[1];
const NUMBER: &str = PERSONAL[2];
const PHONE: &str = PERSONAL[3];
const MAIL: &str = PERSONAL[4];
const HOME: &str = PERSONAL[5];
const WORDS: &str = PERSONAL[6];

/// The server of a branch, asked as its screens ask it.
struct Desk {
    agent: ureq::Agent,
    url: String,
    token: String,
}

impl Desk {
    fn of(ready: &Value) -> Self {
        Self {
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(Duration::from_secs(60)))
                .build()
                .into(),
            url: id(&ready["local_url"]),
            token: id(&ready["token"]),
        }
    }

    fn ask(&self, verb: &str, args: &Value) -> (bool, Value) {
        let mut answer = self
            .agent
            .post(format!("{}/rpc/{verb}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .send(args.to_string())
            .unwrap();
        let ok = answer.status().is_success();
        (ok, answer.body_mut().read_json().unwrap_or_default())
    }

    fn does(&self, verb: &str, mut args: Value) -> Value {
        args["command_id"] = json!(command_id());
        let (ok, answer) = self.ask(verb, &args);
        assert!(ok, "{verb}: {answer}");
        answer
    }
}

fn person() -> Value {
    json!({
        "kind": "individual", "name": NAME, "id_number": NUMBER, "phone": PHONE, "email": MAIL,
        "address": HOME,
    })
}

/// A visit from the door to the end, and its case through supplement, notice and look-up.
fn served(desk: &Desk) {
    let args = json!({"service": SERVICE, "applicant": person()});
    let visit = id(&desk.does("visit.register", args)["visit_id"]);
    desk.does("queue.call", json!({"visit_id": visit, "counter": 1}));
    desk.does("leg.start", json!({"visit_id": visit}));
    // Neither the register nor the mail server is there.
    desk.ask("citizen.look_up", &json!({"party": person()}));
    let mut args = case();
    args["visit_id"] = json!(visit);
    args["applicant"] = person();
    args["notify"] = json!("agreed");
    let case = id(&desk.does("case.receive", args)["case_id"]);
    desk.does("leg.finish", json!({"visit_id": visit}));
    desk.does(
        "case.request_supplement",
        json!({"id": case, "content": WORDS, "reason": WORDS}),
    );
    for text in [SEARCHED, NUMBER, PHONE] {
        let found = desk
            .ask("case.search", &json!({"text": text, "limit": 5}))
            .1;
        assert!(found.to_string().contains(NAME), "{text}: {found}");
    }
}

/// Every verb with what it does not expect: one of those texts in each of its fields.
fn refused(desk: &Desk, program: &Program) {
    let verbs = program.run(&["commands"]).json();
    let verbs = verbs.as_array().expect("a list");
    assert!(verbs.len() > 80, "{}", verbs.len());
    let mut refusals = 0;
    for verb in verbs {
        let name = id(&verb["name"]);
        let fields = verb["argument"]["properties"].as_object();
        let fields: Vec<&String> = fields.map(Map::keys).into_iter().flatten().collect();
        for wrong in [
            json!(NAME),
            json!([NUMBER]),
            json!({"name": [PHONE], MAIL: HOME}),
        ] {
            for field in &fields {
                let args = json!({(field.as_str()): wrong});
                refusals += usize::from(!desk.ask(&name, &args).0);
            }
            // A verb that needs nothing takes any object, and would do what it does.
            if !wrong.is_object() {
                refusals += usize::from(!desk.ask(&name, &wrong).0);
            }
        }
    }
    assert!(refusals > 500, "{refusals} refusals");
}

fn assert_silent(whose: &str, log: &str) {
    assert!(!log.is_empty(), "{whose} tells something");
    let (log, whole) = (log.to_lowercase(), log);
    for text in PERSONAL {
        let text = text.to_lowercase();
        if let Some(at) = log.find(&text) {
            let line = log[..at].matches('\n').count();
            panic!("{whose} tells {text:?}: {:?}", whole.lines().nth(line));
        }
    }
}

#[test]
fn no_log_tells_of_any_citizen() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let program = Program::new(Program::beside_tests(), folder.path());
    program.run(&["--json", "demo"]).json();
    let office = id(&program.answer("sync.status", &json!({}))["office"]);
    let central = Central::start();
    central.enrol(&program, &office);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);

    let program = program.telling(&log);
    let (mut serving, ready) = program.serve();
    let desk = Desk::of(&ready);
    let mail = json!({"host": "127.0.0.1", "port": port, "security": "none", "from": "a@b.vn"});
    desk.does("notice.configure", json!({"mail": mail}));
    served(&desk);
    refused(&desk, &program);
    served(&desk);
    program.until_sent(Duration::from_secs(60));
    assert!(
        central.dump(&office).contains(NAME),
        "central has heard of her"
    );
    serving.kill();

    assert_silent("the branch", &fs::read_to_string(&log).unwrap());
    assert_silent("central", &central.said());
}
