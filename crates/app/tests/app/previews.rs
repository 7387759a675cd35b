//! A paper on the screen before it is printed: the same file, and nothing on record.

use motcua_app::kiosk::KIOSK;
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case, id};
use serde_json::{Value, json};

const RECEPTION: &str = "khoi";

fn receive(branch: &TestBranch) -> String {
    id(&branch.ok(OFFICER, "case.receive", case())["case_id"])
}

fn preview(branch: &TestBranch, args: Value) -> Value {
    let before = (branch.events(), branch.dump());
    let shown = branch.ok(OFFICER, "document.preview", args);
    assert_eq!((branch.events(), branch.dump()), before, "nothing recorded");
    shown
}

#[test]
fn what_is_shown_is_what_is_printed_and_nothing_is_recorded() {
    let branch = TestBranch::demo();
    let case = receive(&branch);
    let receipt = json!({"kind": "receipt", "id": case});
    let shown = preview(&branch, receipt.clone());
    assert_eq!(
        (&shown["reprint"], &shown["pages"]),
        (&json!(false), &json!(2))
    );
    let sheets = shown["sheets"].as_array().unwrap();
    assert_eq!(sheets.len(), 2);
    assert_eq!(
        (
            &sheets[1]["page"],
            &sheets[1]["width_mm"],
            &sheets[1]["height_mm"]
        ),
        (&json!(2), &json!(148), &json!(210))
    );
    assert!(
        sheets[0]["png_base64"]
            .as_str()
            .unwrap()
            .starts_with("iVBORw0KGgo")
    );
    assert!(
        branch
            .ok(OFFICER, "print.jobs", json!({}))
            .as_array()
            .unwrap()
            .is_empty()
    );
    // Looking twice is no reprint, however much later.
    branch.pass(5 * MINUTE);
    assert_eq!(preview(&branch, receipt.clone())["hash"], shown["hash"]);

    let job = branch.ok(OFFICER, "print.submit", receipt.clone());
    assert_eq!(job["reprint"], false);
    let kept = |job: &Value| json!({"kind": "receipt", "id": case, "job_id": job["job_id"]});
    // The very file that waits for the printer.
    let waits = preview(&branch, kept(&job));
    assert_eq!(
        (&waits["hash"], &waits["reprint"]),
        (&shown["hash"], &json!(false))
    );

    // The next one would bear the mark, and the one that waits goes on without.
    branch.pass(MINUTE);
    let again = preview(&branch, receipt.clone());
    assert_eq!(again["reprint"], true);
    assert_ne!(again["hash"], shown["hash"]);
    let second = branch.ok(OFFICER, "print.submit", receipt);
    assert_eq!(second["reprint"], true);
    assert_eq!(preview(&branch, kept(&second))["hash"], again["hash"]);
    assert_eq!(preview(&branch, kept(&job))["hash"], shown["hash"]);
}

#[test]
fn a_ticket_is_shown_as_wide_as_its_printer() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    let ticket = json!({"kind": "ticket", "id": visit});
    let wide = preview(&branch, ticket.clone());
    assert_eq!(wide["sheets"][0]["width_mm"], 80);
    let there = "tcp:127.0.0.1:9100";
    let narrow = json!({"printer": there, "profile": {"paper": "roll58"}});
    branch.ok(OFFICER, "printer.profile", narrow);
    let mut args = ticket;
    args["printer"] = json!(there);
    let narrow = preview(&branch, args.clone());
    assert_eq!(narrow["sheets"][0]["width_mm"], 58);
    // What waits for a thermal head is no page: it is drawn anew.
    let job = branch.ok(OFFICER, "print.submit", args);
    let kept = json!({"kind": "ticket", "id": visit, "job_id": job["job_id"]});
    assert_eq!(preview(&branch, kept)["pages"], 1);
}

#[test]
fn a_list_comes_a_few_pages_at_a_time() {
    let branch = TestBranch::demo();
    for _ in 0..90 {
        receive(&branch);
    }
    let report = json!({"list": "book", "year": 2026});
    let ask = |from: u32, made_at: &Value| {
        let args = json!({"report": report, "from": from, "made_at": made_at});
        branch.ok(SUPERVISOR, "report.preview", args)
    };
    let before = branch.events();
    let first = ask(1, &Value::Null);
    let pages = first["pages"].as_u64().unwrap();
    assert!(pages > 4, "{pages}");
    assert_eq!(first["sheets"].as_array().unwrap().len(), 4);
    // It tells when it was made: later pages are of the same moment.
    branch.pass(MINUTE);
    let later = ask(5, &first["made_at"]);
    assert_eq!(later["hash"], first["hash"]);
    assert_eq!(later["sheets"][0]["page"], 5);
    assert_eq!(branch.events(), before);
    let job = branch.ok(SUPERVISOR, "report.print", json!({"report": report}));
    assert_eq!(job["title"], first["title"]);
    let beyond = json!({"report": report, "from": pages + 1});
    let refusal = branch.refused(SUPERVISOR, "report.preview", beyond);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NumberOutOfRange, Some("from"))
    );
}

#[test]
fn what_there_is_not_and_who_may_not_are_told() {
    let branch = TestBranch::demo();
    let case = receive(&branch);
    let other = receive(&branch);
    let job = branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "receipt", "id": other}),
    );
    let nobody = "0198a000-0000-7000-8000-000000000000";
    for (args, code) in [
        (json!({"kind": "receipt", "id": nobody}), Code::NotFound),
        (json!({"kind": "ticket", "id": nobody}), Code::NotFound),
        (
            json!({"kind": "refusal", "id": case}),
            Code::DocumentUnknown,
        ),
        (json!({"kind": "test", "id": case}), Code::DocumentUnknown),
        (
            json!({"kind": "receipt", "id": case, "from": 0}),
            Code::NumberOutOfRange,
        ),
        (
            json!({"kind": "receipt", "id": case, "from": 5}),
            Code::NumberOutOfRange,
        ),
        // A job of another case shows nothing of that case.
        (
            json!({"kind": "receipt", "id": case, "job_id": job["job_id"]}),
            Code::NotFound,
        ),
        (
            json!({"kind": "receipt", "id": case, "printer": "fax"}),
            Code::PrinterUnknown,
        ),
    ] {
        let refusal = branch.refused(OFFICER, "document.preview", args.clone());
        assert_eq!(refusal.code, code, "{args}: {refusal}");
    }
    let receipt = json!({"kind": "receipt", "id": case});
    branch.ok(RECEPTION, "document.preview", receipt.clone());
    assert_eq!(
        branch.refused(KIOSK, "document.preview", receipt).code,
        Code::NotAllowed
    );
    let report = json!({"report": {"list": "cash"}});
    assert_eq!(
        branch.refused(RECEPTION, "report.preview", report).code,
        Code::NotAllowed
    );
}
