//! What central sends down whole and signed, between real processes: published, taken in, in force
//! at every counter; and whatever is not central's own word changes nothing and is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{fs, time::Duration};

use motcua_testkit::{branch::id, central::Central, program::Program};
use serde_json::{Value, json};
use tempfile::TempDir;

const CODE: &str = "9.000001";
const NAME: &str = "Thủ tục thử nghiệm liên thông";

struct Machine {
    program: Program,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            program: Program::new(Program::beside_tests(), folder.path()),
            folder,
        }
    }

    fn joined(central: &Central) -> (Self, String) {
        let machine = Self::new();
        machine.program.run(&["--json", "demo"]).json();
        let status = machine.program.answer("sync.status", &json!({}));
        let office = id(&status["office"]);
        central.enrol(&machine.program, &office);
        (machine, office)
    }

    fn sync(&self) -> Value {
        self.program.run(&["sync", "--once"]).json()
    }

    fn publish(&self, central: &Central, kind: &str, content: &Value, more: &[&str]) -> Value {
        let file = self.folder.path().join("bundle.json");
        fs::write(&file, content.to_string()).unwrap();
        let file = file.to_string_lossy().into_owned();
        let mut args = vec!["publish", "--kind", kind, &file];
        args.extend(more);
        let ran = central.run(&args);
        serde_json::from_slice(&ran.out).unwrap()
    }

    fn line(&self, kind: &str) -> Value {
        let seen = self.program.answer("sync.overview", &json!({}));
        let lines = seen["bundles"].as_array().unwrap();
        lines.iter().find(|l| l["kind"] == kind).unwrap().clone()
    }

    fn verifies(&self) {
        assert_eq!(self.program.run(&["verify"]).code, Some(0));
    }
}

/// One procedure, as a ministry gives it out.
fn catalogue(code: &str, name: &str) -> Value {
    let demo: Value =
        serde_json::from_str(include_str!("../../assets/catalogue/demo.json")).unwrap();
    let mut row = demo["procedures"][0].clone();
    row["MATTHC"] = json!(code);
    row["TENTTHC"] = json!(name);
    json!({"procedures": [row]})
}

/// A year in which the eighth of December is off, and its Saturday is worked for it.
fn calendar() -> Value {
    json!({
        "id": "thử", "effective_from": "2026-01-01", "status": "in-force", "source": "thử",
        "years": [{
            "year": 2026, "status": "in-force", "basis": "thử",
            "days_off": [{"from": "2026-12-08", "name": "nghỉ hoán đổi với 12/12"}],
            "worked": [{"date": "2026-12-12", "for": "2026-12-08"}],
        }],
    })
}

fn found(program: &Program, text: &str) -> bool {
    let hits = program.answer("catalogue.search", &json!({"text": text, "limit": 5}));
    hits.as_array()
        .unwrap()
        .iter()
        .any(|hit| hit["code"] == CODE)
}

fn due(program: &Program, received: &str, days: u32) -> String {
    let limit = json!({"value": days, "unit": "working_day"});
    let args = json!({"received_at": received, "limit": limit});
    id(&program.answer("calendar.due", &args)["due_at"])
}

#[test]
fn what_central_publishes_holds_at_the_hub_and_at_its_counter() {
    let central = Central::start();
    let (hub, office) = Machine::joined(&central);
    hub.sync();
    assert!(hub.line("catalogue")["serial"].is_null());
    assert!(!found(&hub.program, NAME));
    let received = "2026-12-07T08:00:00+07:00";
    assert!(due(&hub.program, received, 1).starts_with("2026-12-08"));
    let case = {
        let mut case = motcua_testkit::branch::case();
        case["limit"] = json!({"value": 12, "unit": "working_day"});
        hub.program.answer("case.receive", &case)
    };

    // For all, for all, and for this office alone.
    let published = hub.publish(&central, "catalogue", &catalogue(CODE, NAME), &[]);
    assert_eq!(
        (&published["serial"], &published["unchanged"]),
        (&json!(1), &json!(false))
    );
    let again = hub.publish(&central, "catalogue", &catalogue(CODE, NAME), &[]);
    assert_eq!(
        (&again["serial"], &again["unchanged"]),
        (&json!(1), &json!(true))
    );
    hub.publish(&central, "calendar", &calendar(), &[]);
    let staff = json!({"users": [
        {"id": "moi", "name": "Nguyễn Thị Mới", "roles": ["officer"]},
    ]});
    hub.publish(&central, "users", &staff, &["--office", &office]);
    // And something for another office, which is none of this one's business.
    central.run(&["code", "--office", "H99.77"]).json();
    let other = json!({"users": [{"id": "khac", "name": "Người Khác", "roles": ["officer"]}]});
    hub.publish(&central, "users", &other, &["--office", "H99.77"]);

    assert_eq!(hub.sync()["unsent"], 0);
    assert!(found(&hub.program, "thử nghiệm liên thông"));
    assert!(due(&hub.program, received, 1).starts_with("2026-12-09"));
    let saturday = due(&hub.program, "2026-12-10T08:00:00+07:00", 2);
    assert!(saturday.starts_with("2026-12-12"), "{saturday}");
    // What was promised stays promised.
    let now = hub
        .program
        .answer("case.get", &json!({"id": case["case_id"]}));
    assert_eq!(now["due_at"], case["due_at"], "{now}");
    let branch = hub.program.answer("branch.get", &json!({}));
    let officers = branch["branch"]["officers"].to_string();
    assert!(officers.contains("Nguyễn Thị Mới"), "{officers}");
    assert!(!officers.contains("Người Khác"), "{officers}");
    for kind in ["catalogue", "calendar", "users"] {
        let line = hub.line(kind);
        assert_eq!(line["serial"], 1, "{line}");
        assert!(line["refused"].is_null(), "{line}");
    }
    assert!(id(&hub.line("calendar")["text"]).contains("đang dùng bản số 1 của trung tâm"));
    // Twice is once.
    let again = hub.sync();
    assert_eq!((&again["sent"], &again["received"]), (&json!(0), &json!(0)));
    hub.verifies();

    // A counter behind the hub has it by the replication that there is.
    let (_serving, ready) = hub.program.serve();
    let counter = Machine::new();
    let code = id(&hub.program.run(&["pair-code"]).json()["code"]);
    let url = id(&ready["url"]);
    counter
        .program
        .run(&["pair", "--hub", &url, "--code", &code])
        .json();
    counter.sync();
    assert!(found(&counter.program, NAME));
    assert!(due(&counter.program, received, 1).starts_with("2026-12-09"));
    assert_eq!(counter.line("calendar")["serial"], 1);
    // What comes while both run arrives too.
    let more = catalogue("9.000002", "Thủ tục đến sau");
    hub.publish(&central, "catalogue", &more, &[]);
    hub.sync();
    let hits = |program: &Program| {
        program.run(&["sync", "--once"]).json();
        program.answer("catalogue.search", &json!({"text": "đến sau", "limit": 3}))
    };
    let there = |hits: &Value| hits[0]["code"] == "9.000002";
    counter.program.until(Duration::from_secs(60), hits, there);
    // What the second did not name is still there.
    assert!(found(&counter.program, NAME));
}

#[test]
fn what_is_not_centrals_own_word_is_refused_whole_and_told_and_the_old_goes_on() {
    let central = Central::start();
    let (desk, _) = Machine::joined(&central);
    desk.publish(&central, "catalogue", &catalogue(CODE, NAME), &[]);
    desk.sync();
    assert!(found(&desk.program, NAME));

    // Somebody changed it on its way, or at central.
    let newer = catalogue("9.000002", "Thủ tục bị sửa");
    desk.publish(&central, "catalogue", &newer, &[]);
    let db = &central.postgres;
    db.query("UPDATE bundle SET content = convert_to(replace(convert_from(content, 'UTF8'), 'Thủ tục bị sửa', 'Thủ tục bị tráo'), 'UTF8') WHERE serial = 2");
    desk.sync();
    let line = desk.line("catalogue");
    assert_eq!(
        (&line["code"], &line["serial"]),
        (&json!("BUNDLE_DAMAGED"), &json!(1)),
        "{line}"
    );
    // Also with a hash that fits what it became.
    db.query("CREATE TABLE kept AS SELECT * FROM bundle WHERE serial = 1");
    db.query("UPDATE bundle SET hash = (SELECT hash FROM kept), content = (SELECT content FROM kept) WHERE serial = 2");
    desk.sync();
    let line = desk.line("catalogue");
    assert_eq!(line["code"], "BUNDLE_SIGNATURE", "{line}");
    let told = id(&line["refused"]);
    assert!(
        told.contains("Bản số 2") && told.contains("vẫn giữ nguyên"),
        "{told}"
    );
    let hits = desk.program.answer(
        "catalogue.search",
        &json!({"text": "Thủ tục bị", "limit": 9}),
    );
    assert!(!hits.to_string().contains("9.000002"), "{hits}");
    assert!(found(&desk.program, NAME), "the old one goes on");
    // It is told once, however often it is met; work goes on and records are sent.
    let again = desk.sync();
    assert_eq!((&again["sent"], &again["unsent"]), (&json!(0), &json!(0)));
    desk.verifies();

    // Published anew, it is taken in and nothing is held against it any more.
    db.query("DELETE FROM bundle WHERE serial = 2");
    desk.publish(&central, "catalogue", &newer, &[]);
    desk.sync();
    let line = desk.line("catalogue");
    assert_eq!(
        (&line["serial"], &line["code"]),
        (&json!(2), &Value::Null),
        "{line}"
    );

    // Central went back: what it offers now is older than what is here.
    db.query("DELETE FROM bundle WHERE serial = 2");
    desk.sync();
    let line = desk.line("catalogue");
    assert_eq!(
        (&line["serial"], &line["code"]),
        (&json!(2), &json!("BUNDLE_OLDER")),
        "{line}"
    );
    let hits = desk
        .program
        .answer("catalogue.search", &json!({"text": "bị sửa", "limit": 9}));
    assert_eq!(hits[0]["code"], "9.000002");
    // Told that it was restored, it goes on with numbers that nobody has seen.
    central.run(&["restored"]).json();
    let third = desk.publish(
        &central,
        "catalogue",
        &catalogue("9.000003", "Thủ tục ba"),
        &[],
    );
    assert_eq!(third["serial"], 1_000_001);
    desk.sync();
    assert_eq!(desk.line("catalogue")["serial"], 1_000_001);
    desk.verifies();
}

#[test]
fn what_cannot_hold_here_is_refused_whole() {
    let central = Central::start();
    let (desk, _) = Machine::joined(&central);
    let officers = |desk: &Machine| {
        desk.program.answer("branch.get", &json!({}))["branch"]["officers"].clone()
    };
    let before = officers(&desk);
    let gone: Vec<Value> = (before.as_array().unwrap().iter())
        .filter(|o| o["roles"].to_string().contains("supervisor"))
        .map(|o| json!({"id": o["id"], "name": o["name"], "roles": ["officer"]}))
        .collect();
    assert!(!gone.is_empty());
    desk.publish(&central, "users", &json!({"users": gone}), &[]);
    desk.sync();
    assert_eq!(desk.line("users")["code"], "BUNDLE_STAFF");
    assert_eq!(officers(&desk), before);
    // Somebody goes, somebody comes, somebody is somebody else.
    let (first, last) = (&before[0], before.as_array().unwrap().last().unwrap());
    let staff = json!({"users": [
        {"id": first["id"], "name": "Tên Đã Đổi", "roles": first["roles"]},
        {"id": "moi", "name": "Nguyễn Thị Mới", "roles": ["officer", "supervisor", "admin"]},
        {"id": last["id"], "name": last["name"], "roles": last["roles"], "disabled": true},
    ]});
    // A correction is the next one.
    desk.publish(&central, "users", &staff, &[]);
    desk.sync();
    let line = desk.line("users");
    assert_eq!(
        (&line["serial"], &line["code"]),
        (&json!(2), &Value::Null),
        "{line}"
    );
    let now = officers(&desk);
    assert_eq!(now[0]["name"], "Tên Đã Đổi");
    assert!(now.to_string().contains("Nguyễn Thị Mới"));
    assert!(
        !now.as_array()
            .unwrap()
            .iter()
            .any(|o| o["id"] == last["id"])
    );
    // What central can know to be wrong is not published at all.
    let broken = json!({"procedures": [{"TENTTHC": "không mã"}]});
    let refused = desk.publish(&central, "catalogue", &broken, &[]);
    assert_eq!(refused["code"], "BUNDLE_CONTENT", "{refused}");
    let refused = desk.publish(&central, "calendar", &json!({"years": []}), &[]);
    assert_eq!(refused["code"], "CALENDAR_INVALID", "{refused}");
    let later = ["--valid-from", "2200-01-01"];
    let refused = desk.publish(&central, "users", &staff, &later);
    assert_eq!(refused["code"], "BUNDLE_EARLY", "{refused}");
    desk.verifies();
}
