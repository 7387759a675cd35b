//! The terminal's token: it gives numbers while the machine is a terminal, and opens nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

use std::sync::Arc;

use motcua_hub::{Running, Serve, spawn};
use motcua_testkit::branch::{SERVICE, SUPERVISOR, TestBranch};
use serde_json::{Value, json};

struct Hub {
    branch: TestBranch,
    running: Running,
}

fn start(branch: &TestBranch) -> Running {
    let options = Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: None,
        hub: None,
        line: None,
    };
    spawn(Arc::clone(branch.app()), options).unwrap()
}

fn hub() -> Hub {
    let branch = TestBranch::demo();
    let running = start(&branch);
    Hub { branch, running }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

impl Hub {
    /// A verb with the terminal's token, which may say of itself what it likes.
    fn ask(&self, name: &str, args: &Value) -> (u16, Value) {
        let endpoint = &self.running.endpoint;
        let mut response = agent()
            .post(format!("{}/rpc/{name}", endpoint.url))
            .header("authorization", format!("Bearer {}", endpoint.kiosk))
            .header("x-officer", "quan-tri")
            .send(args.to_string())
            .unwrap();
        let body = response.body_mut().read_json().unwrap();
        (response.status().as_u16(), body)
    }

    fn enter(&self) {
        self.branch
            .ok(SUPERVISOR, "kiosk.enter", json!({"code": "4711"}));
    }
}

#[test]
fn the_terminal_s_token_opens_its_own_verbs_only() {
    let hub = hub();
    hub.enter();
    let before = hub.branch.events();
    for verb in motcua_protocol::verbs::all() {
        if motcua_app::kiosk::VERBS.contains(&verb.name) {
            continue;
        }
        let (status, body) = hub.ask(verb.name, &json!({}));
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("NOT_ALLOWED")),
            "{}",
            verb.name
        );
    }
    assert_eq!(hub.branch.events(), before);
    let (status, given) = hub.ask("kiosk.register", &json!({"service": SERVICE}));
    assert_eq!((status, &given["ticket"]), (200, &json!("A-001")));
    let (status, view) = hub.ask("kiosk.get", &json!({}));
    assert_eq!((status, &view["on"]), (200, &json!(true)));
}

#[test]
fn a_machine_that_is_no_terminal_gives_a_terminal_nothing() {
    let hub = hub();
    let (status, view) = hub.ask("kiosk.get", &json!({}));
    assert_eq!((status, &view["on"]), (200, &json!(false)));
    for name in ["kiosk.register", "kiosk.greet", "kiosk.print"] {
        let (status, body) = hub.ask(name, &json!({"service": SERVICE}));
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("KIOSK_MODE")),
            "{name}"
        );
    }
    hub.enter();
    let (status, _) = hub.ask("kiosk.leave", &json!({"code": "4711"}));
    assert_eq!(status, 200);
    assert_eq!(
        hub.ask("kiosk.register", &json!({"service": SERVICE})).0,
        403
    );
}

#[test]
fn where_the_terminal_s_page_is_only_officers_are_told() {
    let hub = hub();
    let endpoint = &hub.running.endpoint;
    let ask = |token: &str| {
        agent()
            .get(format!("{}/kiosk-link", endpoint.url))
            .header("authorization", format!("Bearer {token}"))
            .call()
            .unwrap()
    };
    let link: Value = ask(&endpoint.token).body_mut().read_json().unwrap();
    assert_eq!(link["url"], json!(endpoint.kiosk_url()));
    for token in [&endpoint.kiosk, &endpoint.board, ""] {
        assert_eq!(ask(token).status().as_u16(), 401);
    }
}

#[test]
fn the_terminal_s_token_is_the_same_after_a_restart() {
    let hub = hub();
    let before = hub.running.endpoint.kiosk.clone();
    drop(hub.running);
    assert_eq!(start(&hub.branch).endpoint.kiosk, before);
}
