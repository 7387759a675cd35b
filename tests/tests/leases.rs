//! Case codes from central, with real processes: two branches number for one agency, central is
//! killed while it grants, a machine goes back to a backup, a branch is cut off until it has none
//! left. No code is given twice, and every case has its final code in the end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{collections::BTreeMap, fs, process::Command};

use motcua_testkit::{
    branch::{SUPERVISOR, case, id},
    central::Central,
    program::Program,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// No two ranges of a day meet.
const MEET: &str = "SELECT count(*) FROM number_lease a JOIN number_lease b
  ON a.agency = b.agency AND a.business_date = b.business_date AND a.numbers && b.numbers AND a.ctid < b.ctid";

struct Machine {
    program: Program,
    folder: TempDir,
}

impl Machine {
    fn demo() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = Self {
            program: Program::new(Program::beside_tests(), folder.path()),
            folder,
        };
        machine.program.run(&["--json", "demo"]).json();
        machine
    }

    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.folder.path().join(from), self.folder.path().join(to));
        fs::remove_dir_all(&to).ok();
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    }

    fn receive(&self) -> (String, String) {
        let answer = self.program.answer("case.receive", &case());
        (id(&answer["case_code"]), id(&answer["case_id"]))
    }

    fn sync(&self) -> Value {
        let ran = self.program.run(&["sync", "--once"]);
        serde_json::from_slice(&ran.out).unwrap()
    }

    fn look(&self, code: &str) -> Value {
        self.program.answer("case.get", &json!({"code": code}))
    }

    /// What the receipt says; kept to be looked at where `MOTCUA_PICTURES` says.
    fn receipt(&self, name: &str, case: &str) -> String {
        self.paper("receipt", name, case)
    }

    fn paper(&self, kind: &str, name: &str, case: &str) -> String {
        let file = match std::env::var_os("MOTCUA_PICTURES") {
            Some(folder) => std::path::PathBuf::from(folder).join(format!("{name}.pdf")),
            None => self.folder.path().join(format!("{name}.pdf")),
        };
        let out = file.to_string_lossy().into_owned();
        let ran = self.program.run(&["document", kind, case, "--out", &out]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let text = Command::new("pdftotext")
            .args(["-raw", &out, "-"])
            .output()
            .unwrap();
        assert!(text.status.success());
        let text = String::from_utf8(text.stdout).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn watch(&self) -> Value {
        let ran = self
            .program
            .run(&["--as", SUPERVISOR, "do", "queue.watch", "{}"]);
        ran.json()["codes"].clone()
    }
}

/// Everything that stands on paper, and whose it is.
#[derive(Default)]
struct Papers(BTreeMap<String, String>);

impl Papers {
    #[track_caller]
    fn given(&mut self, (code, whose): (String, String)) {
        if let Some(other) = self.0.insert(code.clone(), whose.clone()) {
            assert_eq!(other, whose, "{code} stands on two papers");
        }
    }
}

/// Lets a branch in under a name of its own, for the agency of its codes.
fn enrol(central: &Central, machine: &Machine, office: &str, agency: &str) {
    let answer = central
        .run(&["code", "--office", office, "--agency", agency])
        .json();
    let (code, ca) = (id(&answer["code"]), id(&answer["ca_file"]));
    let url = central.url();
    let args = ["enrol", "--central", &url, "--code", &code, "--ca", &ca];
    machine.program.run(&args).json();
}

fn agency(machine: &Machine) -> String {
    id(&machine.program.answer("sync.status", &json!({}))["office"])
}

#[test]
fn two_branches_of_one_agency_and_a_machine_that_goes_back_never_give_one_code_twice() {
    let mut central = Central::start();
    let (first, second) = (Machine::demo(), Machine::demo());
    let code = agency(&first);
    assert_eq!(code, agency(&second));
    let mut papers = Papers::default();
    // The first has numbered for itself up to now, as long as there was no central.
    for _ in 0..3 {
        papers.given(first.receive());
    }
    enrol(&central, &first, &code, &code);
    enrol(&central, &second, &format!("{code}-CS2"), &code);
    first.sync();
    second.sync();
    for _ in 0..30 {
        papers.given(first.receive());
        papers.given(second.receive());
    }
    assert!(!papers.0.keys().any(|code| code.starts_with("TẠM")));
    first.copy("data", "kept");
    for _ in 0..25 {
        papers.given(first.receive());
    }
    first.copy("kept", "data");
    // What the first printed since the copy is on no disk. It asks anew, also through a central
    // that dies while it grants.
    for _ in 0..4 {
        papers.given(first.receive());
        let mut session = first.program.command(&["sync", "--once"]).spawn().unwrap();
        central.kill();
        session.wait().unwrap();
        central.up();
        first.sync();
        papers.given(first.receive());
        second.sync();
        papers.given(second.receive());
    }
    for machine in [&first, &second] {
        for _ in 0..3 {
            machine.sync();
        }
        let verified = machine.program.run(&["verify"]);
        assert_eq!(verified.code, Some(0), "{}", verified.err);
    }
    assert_eq!(central.postgres.query(MEET), "0");
    // At central no code is two cases'.
    let twice =
        "SELECT count(*) FROM (SELECT code FROM case_file GROUP BY code HAVING count(*) > 1) AS t";
    assert_eq!(central.postgres.query(twice), "0");
    let waiting = "SELECT count(*) FROM case_file WHERE code LIKE 'TẠM%'";
    assert_eq!(central.postgres.query(waiting), "0");
}

#[test]
fn cut_off_until_nothing_is_left_codes_are_provisional_and_become_final() {
    let mut central = Central::start();
    let desk = Machine::demo();
    let code = agency(&desk);
    enrol(&central, &desk, &code, &code);
    desk.sync();
    assert_eq!(desk.watch(), Value::Null);
    central.kill();
    let mut papers = Papers::default();
    let mut provisional = Vec::new();
    let mut told = None;
    for _ in 0..140 {
        let (code, case) = desk.receive();
        papers.given((code.clone(), case.clone()));
        if code.starts_with("TẠM-") {
            provisional.push((code, case));
            if provisional.len() == 3 {
                break;
            }
        } else if told.is_none() && desk.watch()["low"] == true {
            told = Some(papers.0.len());
        }
    }
    assert_eq!(provisional.len(), 3, "the stock comes to an end");
    assert!(
        told.is_some_and(|at| at < papers.0.len() - 10),
        "told before: {told:?}"
    );
    let watch = desk.watch();
    assert_eq!(
        (&watch["left"], &watch["provisional"]),
        (&json!(0), &json!(3))
    );
    let (code, case) = provisional[0].clone();
    let before = desk.look(&code);
    assert_eq!(
        (&before["provisional"], &before["case"]["book"]),
        (&json!(true), &Value::Null)
    );
    // The receipt says so, and is another paper once the code is final.
    let said = desk.receipt("provisional", &case);
    assert!(said.contains("MÃ TẠM") && said.contains(&code), "{said}");
    central.up();
    desk.sync();
    desk.sync();
    for (code, case) in &provisional {
        let now = desk.look(code);
        assert_eq!(now["case_id"], json!(case));
        let given = id(&now["case_code"]);
        assert!(given.starts_with(&agency(&desk)), "{given}");
        assert_eq!(now["provisional_code"], json!(code));
        assert!(
            now["case"]["code_given"]["book"]["number"]
                .as_u64()
                .unwrap()
                > 0
        );
        papers.given((given.clone(), case.clone()));
        assert_eq!(desk.look(&given)["case_id"], json!(case));
        let history = now["history"].to_string();
        assert!(
            history.contains(&given) && history.contains("mã hồ sơ chính thức"),
            "{history}"
        );
    }
    let said = desk.receipt("final", &case);
    let replaces = format!("Mã này thay mã tạm {code} trên giấy đã cấp");
    assert!(said.contains(&replaces), "{said}");
    // A slip that was printed with the receipt bears the code of then.
    let slip = json!({"case_code": code, "indicators": [{"indicator": 7, "points": 2}]});
    let told = desk.program.run(&[
        "--as",
        SUPERVISOR,
        "do",
        "rating.enter_slip",
        &slip.to_string(),
    ]);
    assert_eq!(told.json()["recorded"], true);
    assert_eq!(desk.watch(), Value::Null);
    assert_eq!(desk.program.run(&["verify"]).code, Some(0));
    desk.sync();
    // Central knows every case under its final code, and what is to go on to the portal with it.
    let told = "SELECT count(*) FROM case_file c JOIN downstream_case d USING(office_id, id) WHERE c.code LIKE 'TẠM%'";
    assert_eq!(central.postgres.query(told), "0");
    let all = format!("SELECT count(*) = {} FROM case_file", desk_cases(&desk));
    assert_eq!(central.postgres.query(&all), "t");
}

fn desk_cases(desk: &Machine) -> usize {
    let dump = desk.program.run(&["dump"]);
    let text = String::from_utf8(dump.out).unwrap();
    let cases = text.lines().filter(|l| l.contains("\"type\":\"case\""));
    cases.count()
}

/// What a department that settles cases says to central comes down to the branch, once, and is the
/// same on both sides.
#[test]
fn what_a_department_says_comes_down_to_the_branch_and_stands_in_the_history() {
    let central = Central::start();
    let desk = Machine::demo();
    let office = agency(&desk);
    enrol(&central, &desk, &office, &office);
    desk.sync();
    let (code, case) = desk.receive();
    desk.sync();
    let report = json!({
        "report_id": "0192f0c1-0000-7000-8000-000000000001", "case_code": code, "step": "finished",
        "by": "Lê Văn Tám", "result": {"kind": "Giấy khai sinh", "number": "12/2026"},
    });
    let said = report.to_string();
    let args = [
        "report",
        "--office",
        &office,
        "--department",
        "Phòng Tư pháp",
        &said,
    ];
    for _ in 0..2 {
        let answer = central.run(&args).json();
        assert_eq!(
            (&answer["status"], &answer["case_id"]),
            (&json!("done"), &json!(case))
        );
    }
    // Meanwhile at the desk.
    desk.receive();
    desk.sync();
    let view = desk.look(&code);
    assert_eq!(view["case"]["status"], "done");
    let history = view["history"].to_string();
    let told = history.matches("Phòng Tư pháp báo đã giải quyết xong, có kết quả");
    assert_eq!(told.count(), 1, "{history}");
    assert!(history.contains("Giấy khai sinh"), "{history}");
    let slip = desk.paper("control", "reported", &case);
    assert!(
        slip.contains("1. Giao: Phòng Tư pháp") && slip.contains("Lê Văn Tám"),
        "{slip}"
    );
    // Another one stops there: the notice says who stopped it, and why.
    let (stopped, other) = desk.receive();
    desk.sync();
    let stops = json!({
        "report_id": "0192f0c1-0000-7000-8000-000000000003", "case_code": stopped, "step": "stopped",
        "note": "Công dân đã có giấy khai sinh",
    });
    let stops = stops.to_string();
    central
        .run(&[
            "report",
            "--office",
            &office,
            "--department",
            "Phòng Tư pháp",
            &stops,
        ])
        .json();
    desk.sync();
    assert_eq!(desk.look(&stopped)["case"]["status"], "stopped");
    let notice = desk.paper("stop_notice", "stopped", &other);
    for want in ["Phòng Tư pháp", "Công dân đã có giấy khai sinh"] {
        assert!(notice.contains(want), "{want}: {notice}");
    }
    assert_eq!(desk.program.run(&["verify"]).code, Some(0));
    desk.sync();
    let here = String::from_utf8(desk.program.run(&["dump"]).out).unwrap();
    assert_eq!(central.dump(&office), here);
    // Central goes back behind it: the branch brings it again, and central goes on elsewhere.
    central.run(&["restored"]).json();
    let more = json!({
        "report_id": "0192f0c1-0000-7000-8000-000000000002", "case_code": code, "step": "working",
    });
    let more = more.to_string();
    let args = [
        "report",
        "--office",
        &office,
        "--department",
        "Phòng Tư pháp",
        &more,
    ];
    central.run(&args).json();
    for _ in 0..2 {
        desk.sync();
    }
    let history = desk.look(&code)["history"].to_string();
    assert!(history.contains("báo đang giải quyết"), "{history}");
    let here = String::from_utf8(desk.program.run(&["dump"]).out).unwrap();
    assert_eq!(central.dump(&office), here);
}
