//! The way on foot, with real processes: a branch without a line, a file that is carried, the same
//! file again, and the line one day.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{fs, path::Path};

use motcua_testkit::{
    branch::{SERVICE, case, id},
    central::Central,
    program::Program,
};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Machine {
    program: Program,
    folder: TempDir,
}

impl Machine {
    fn demo() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new(Program::beside_tests(), folder.path());
        program.run(&["--json", "demo"]).json();
        Self { program, folder }
    }

    fn stick(&self, name: &str) -> String {
        let at = self.folder.path().join(name);
        at.to_string_lossy().into_owned()
    }

    fn ask(&self, name: &str) -> Value {
        self.program.answer(name, &json!({}))
    }

    fn visits(&self, many: usize) {
        for number in 0..many {
            let name = format!("Đặng Văn Đức {number}");
            let applicant = json!({"kind": "individual", "name": name});
            let args = json!({"service": SERVICE, "applicant": applicant});
            let visit = id(&self.program.answer("visit.register", &args)["visit_id"]);
            let call = json!({"visit_id": visit, "counter": 1});
            self.program.answer("queue.call", &call);
            self.program
                .answer("leg.start", &json!({"visit_id": visit}));
            let mut received = case();
            received["visit_id"] = json!(visit);
            self.program.answer("case.receive", &received);
            self.program
                .answer("leg.finish", &json!({"visit_id": visit}));
        }
    }

    fn dump(&self) -> String {
        String::from_utf8(self.program.run(&["dump"]).out).unwrap()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_branch_that_never_had_a_line_reaches_central_on_foot_and_later_by_the_line() {
    let desk = Machine::demo();
    let central = Central::start();
    let office = id(&desk.ask("sync.status")["office"]);
    desk.visits(3);
    let overview = desk.ask("sync.overview");
    assert_eq!(overview["way"], "nobody");
    let day = &overview["days"][0];
    assert_eq!((&day["visits"], &day["cases"]), (&json!(3), &json!(3)));
    assert_eq!(overview["unsent"], desk.ask("sync.status")["unsent"]);
    let file = desk.stick("a.motcua");
    let missing = desk.program.run(&["export-unsent", "--to", &file]);
    assert_eq!(missing.error()["code"], "SEAL_KEY_MISSING");
    assert!(!Path::new(&file).exists());

    let code = central.run(&["code", "--office", &office]).json();
    let (once, key) = (id(&code["code"]), id(&code["seal_key"]));
    let export = [
        "export-unsent",
        "--to",
        &file,
        "--key",
        &key,
        "--code",
        &once,
    ];
    let wrong = key.replace(&key[3..4], if &key[3..4] == "A" { "B" } else { "A" });
    let slip = ["export-unsent", "--to", &file, "--key", &wrong];
    assert_eq!(desk.program.run(&slip).error()["field"], "key");
    let made = desk.program.run(&export).json();
    assert_eq!(made["records"], overview["unsent"]);
    // Carried is not arrived.
    assert_eq!(desk.ask("sync.status")["unsent"], overview["unsent"]);
    let name = "Đặng Văn Đức".as_bytes();
    let sealed = fs::read(&file).unwrap();
    assert!(!sealed.windows(name.len()).any(|w| w == name));

    let taken = central.run(&["import", &file]).json();
    assert_eq!(
        (&taken["stored"], &taken["left"]),
        (&made["records"], &json!(0))
    );
    let again = central.run(&["import", &file]).json();
    assert_eq!(
        (&again["stored"], &again["known"]),
        (&json!(0), &made["records"])
    );
    assert_eq!(central.dump(&office), desk.dump());

    // A second file: everything again and what is new, since nobody told the branch what arrived.
    desk.visits(2);
    desk.program.run(&export).json();
    let taken = central.run(&["import", &file]).json();
    assert_eq!(taken["known"], made["records"]);
    assert_eq!(central.dump(&office), desk.dump());

    // The line comes: the machine is known by its key, learns what central has, and sends nothing
    // twice.
    desk.visits(1);
    central.enrol(&desk.program, &office);
    let synced = desk.program.run(&["sync", "--once"]).json();
    assert_eq!(synced["unsent"], 0, "{synced}");
    assert_eq!(central.dump(&office), desk.dump());
    let sql = "SELECT count(*) - count(DISTINCT event_id), count(*) - (SELECT sum(seq) FROM device_head) FROM event_log";
    assert_eq!(central.postgres.query(sql), "0|0");
    let overview = desk.ask("sync.overview");
    assert_eq!(
        (&overview["way"], &overview["unsent"], &overview["days"]),
        (&json!("central"), &json!(0), &json!([]))
    );
    assert!(overview["last_done_at"].is_string());
    // Nothing waits: no file is written. Everything may still be asked for.
    let none = desk
        .program
        .run(&["export-unsent", "--to", &desk.stick("b.motcua")]);
    assert_eq!(none.error()["code"], "NOT_FOUND");
    let all = desk.stick("c.motcua");
    desk.program
        .run(&["export-unsent", "--all", "--to", &all])
        .json();
    assert_eq!(central.run(&["import", &all]).json()["stored"], 0);
}

/// Without any line at all: what central answers lies beside the file, and the next one carries
/// only what is new.
#[test]
fn what_central_answers_comes_back_on_the_same_stick() {
    let desk = Machine::demo();
    let central = Central::start();
    let office = id(&desk.ask("sync.status")["office"]);
    desk.visits(2);
    let code = central.run(&["code", "--office", &office]).json();
    let (once, key) = (id(&code["code"]), id(&code["seal_key"]));
    let file = desk.stick("a.motcua");
    let export = ["export-unsent", "--to", &file];
    let first = [&export[..], &["--key", &key, "--code", &once]].concat();
    let made = desk.program.run(&first).json();
    let taken = central.run(&["import", &file]).json();
    let answer = id(&taken["answer_file"]);
    assert_eq!(answer, desk.stick("a.tra-loi"));
    let heard = desk.program.run(&["import", &answer]).json();
    assert_eq!(
        (&heard["arrived"], &heard["unsent"], &heard["held"]),
        (&made["records"], &json!(0), &json!(0))
    );
    assert_eq!(desk.ask("sync.status")["unsent"], 0);
    assert!(desk.ask("sync.overview")["last_done_at"].is_string());
    assert_eq!(desk.program.run(&export).error()["code"], "NOT_FOUND");

    // The key that was typed once is known, and so is the machine.
    desk.visits(1);
    let more = desk.program.run(&export).json();
    assert_eq!(more["records"], desk.ask("sync.status")["unsent"]);
    let old = fs::read(&answer).unwrap();
    let taken = central.run(&["import", &file]).json();
    assert_eq!(
        (&taken["stored"], &taken["known"], &taken["left"]),
        (&more["records"], &json!(0), &json!(0))
    );
    assert_eq!(central.dump(&office), desk.dump());
    // The old answer again only makes the next file larger; the new one says what there is.
    let new = fs::read(&answer).unwrap();
    for (bytes, unsent) in [
        (&old, &more["records"]),
        (&new, &json!(0)),
        (&old, &more["records"]),
    ] {
        fs::write(&answer, bytes).unwrap();
        assert_eq!(
            &desk.program.run(&["import", &answer]).json()["unsent"],
            unsent
        );
    }

    // Nobody else's machine takes it, and nothing that was changed is taken.
    fs::write(&answer, &new).unwrap();
    let other = Machine::demo();
    let refused = other.program.run(&["import", &answer]);
    assert_eq!(refused.error()["code"], "STICK_OTHER");
    let mut changed = new.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&answer, &changed).unwrap();
    let refused = desk.program.run(&["import", &answer]);
    assert_eq!(refused.error()["code"], "STICK_OTHER");
    assert_eq!(desk.ask("sync.status")["unsent"], more["records"]);
    assert_eq!(desk.program.run(&["verify"]).code, Some(0));
}

#[test]
fn a_machine_with_a_line_carries_the_file_of_one_without() {
    let desk = Machine::demo();
    let mut central = Central::start();
    let office = id(&desk.ask("sync.status")["office"]);
    central.enrol(&desk.program, &office);
    desk.program.run(&["sync", "--once"]).json();
    central.kill();
    desk.visits(2);
    let file = desk.stick("a.motcua");
    let made = desk.program.run(&["export-unsent", "--to", &file]).json();
    assert_eq!(made["records"], desk.ask("sync.status")["unsent"]);
    // Nobody answers: the file stays where it is.
    let away = desk.program.run(&["import", &file]);
    assert_eq!(away.error()["code"], "CENTRAL_AWAY");
    central.up();
    let taken = desk.program.run(&["import", &file]).json();
    assert_eq!(taken["stored"], made["records"]);
    assert!(Path::new(&id(&taken["answer_file"])).exists());
    // Central itself has said so by now.
    assert_eq!(desk.ask("sync.status")["unsent"], 0);
    assert_eq!(central.dump(&office), desk.dump());
    let half = desk.stick("half.motcua");
    let whole = fs::read(&file).unwrap();
    fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let refused = desk.program.run(&["import", &half]);
    assert_eq!(refused.error()["code"], "STICK_INVALID");
    let refused = central.run(&["import", &half]);
    assert_eq!(refused.code, Some(1));
    let told: Value = serde_json::from_slice(&refused.out).unwrap();
    assert_eq!(told["code"], "STICK_INVALID");
    // Access taken away, while a token still opens and when none does: no line is to be waited for.
    let (_serving, _) = desk.program.serve();
    desk.program.run(&["import", &file]).json();
    (central.postgres).query("UPDATE device SET revoked_at = now()");
    for _ in 0..2 {
        let revoked = desk.program.run(&["import", &file]).error();
        assert_eq!(
            (&revoked["code"], &revoked["field"]),
            (&json!("DEVICE_UNKNOWN"), &json!("file"))
        );
    }
}

#[test]
fn a_stick_that_is_pulled_out_or_taken_holds_nothing_half() {
    let desk = Machine::demo();
    let central = Central::start();
    let office = id(&desk.ask("sync.status")["office"]);
    central.enrol(&desk.program, &office);
    desk.program.run(&["sync", "--once"]).json();
    desk.visits(2);
    let stick = desk.folder.path().join("usb");
    let file = stick.join("a.motcua").to_string_lossy().into_owned();
    let export = ["export-unsent", "--to", &file];
    assert_eq!(desk.program.run(&export).error()["code"], "NOT_FOUND");
    fs::create_dir(&stick).unwrap();
    // A folder stands under the name of the draft: it cannot be written.
    fs::create_dir(stick.join("a.dang-ghi")).unwrap();
    assert_eq!(desk.program.run(&export).error()["field"], "to");
    assert_eq!(names(&stick), ["a.dang-ghi"]);
    fs::remove_dir(stick.join("a.dang-ghi")).unwrap();
    // Somebody's letter is not written over, an older file of ours is.
    fs::write(&file, "thư").unwrap();
    assert_eq!(
        desk.program.run(&export).error()["code"],
        "ARGUMENT_INVALID"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "thư");
    fs::remove_file(&file).unwrap();
    for _ in 0..2 {
        let made = desk.program.run(&export).json();
        assert_eq!(made["records"], desk.ask("sync.status")["unsent"]);
        assert_eq!(names(&stick), ["a.motcua"]);
    }
    // Through the program that holds the folder, and only by whoever may.
    let (_serving, _) = desk.program.serve();
    let made = desk.program.run(&export).json();
    assert_eq!(
        central.run(&["import", &file]).json()["stored"],
        made["records"]
    );
    let ask = json!({"to": file}).to_string();
    let by_officer = desk.program.run(&["--as", "ha", "do", "sync.export", &ask]);
    assert_eq!(by_officer.error()["code"], "NOT_ALLOWED");
    assert_eq!(desk.program.run(&["verify"]).code, Some(0));
}
