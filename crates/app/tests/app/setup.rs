//! Setting a branch up: what is refused and why, what another machine changed meanwhile, and how a
//! real branch begins.

use std::sync::Arc;

use motcua_app::{App, clock::ManualClock};
use motcua_domain::{Code, branch::Foundation};
use motcua_testkit::branch::{
    MORNING, OFFICER, SERVICE, SUPERVISOR, TestBranch, caller, open, settings,
};
use rstest::rstest;
use serde_json::{Value, json};

const ADMIN: &str = "quan-tri";

fn look(branch: &TestBranch) -> Value {
    branch.ok(ADMIN, "branch.get", json!({}))
}

fn document(branch: &TestBranch) -> Value {
    look(branch)["branch"].clone()
}

fn without(document: &mut Value, list: &str, key: &str, value: &Value) {
    document[list]
        .as_array_mut()
        .unwrap()
        .retain(|each| each[key] != *value);
}

fn refused(branch: &TestBranch, document: &Value) -> (Code, String, String) {
    let events = branch.events();
    let error = branch.refused(ADMIN, "branch.configure", json!({"branch": document}));
    assert_eq!(branch.events(), events, "nothing is written");
    (error.code, error.field.unwrap_or_default(), error.message)
}

#[rstest]
#[case::prefix_twice(|b: &mut Value| b["services"][2]["prefix"] = json!("A"), "branch.services[2].prefix")]
#[case::prefix_small(|b: &mut Value| b["services"][1]["prefix"] = json!("b"), "branch.services[1].prefix")]
#[case::code_twice(|b: &mut Value| b["services"][1]["code"] = json!("ho-tich"), "branch.services[1].code")]
#[case::no_name(|b: &mut Value| b["services"][0]["name"] = json!(" "), "branch.services[0].name")]
#[case::no_numbers(|b: &mut Value| b["services"][0]["contingent"] = json!(0), "branch.services[0].contingent")]
#[case::minutes(|b: &mut Value| b["services"][0]["minutes"] = json!(0), "branch.services[0].minutes")]
#[case::own_hours(|b: &mut Value| b["services"][0]["hours"] = json!({"week": week("11:30", "07:30")}), "branch.services[0].hours.week.tuesday")]
#[case::hours(|b: &mut Value| b["hours"] = json!({"last_number_before": 241}), "branch.hours.last_number_before")]
#[case::counter_twice(|b: &mut Value| b["counters"][3]["number"] = json!(1), "branch.counters[3].number")]
#[case::counter_zero(|b: &mut Value| b["counters"][0]["number"] = json!(0), "branch.counters[0].number")]
#[case::counter_unnamed(|b: &mut Value| b["counters"][0]["name"] = json!(""), "branch.counters[0].name")]
#[case::officer_twice(|b: &mut Value| b["officers"][1]["id"] = json!("ha"), "branch.officers[1].id")]
#[case::officer_with_marks(|b: &mut Value| b["officers"][1]["id"] = json!("dũng"), "branch.officers[1].id")]
#[case::officer_without_role(|b: &mut Value| b["officers"][1]["roles"] = json!([]), "branch.officers[1].roles")]
#[case::office_code(|b: &mut Value| b["office"]["code"] = json!("H99 12"), "branch.office.code")]
#[case::bank_number(|b: &mut Value| b["office"]["account"]["bin"] = json!("97041A"), "branch.office.account.bin")]
#[case::account_number(|b: &mut Value| b["office"]["account"]["number"] = json!("12 34"), "branch.office.account.number")]
#[case::account_of_nobody(|b: &mut Value| b["office"]["account"]["holder"] = json!(""), "branch.office.account.holder")]
#[case::boost(|b: &mut Value| b["queue"]["appointment_boost_s"] = json!(1801), "branch.queue.appointment_boost_s")]
#[case::recalls(|b: &mut Value| b["queue"]["recall_max"] = json!(0), "branch.queue.recall_max")]
#[case::target(|b: &mut Value| b["targets"][1]["minutes"] = json!(0), "branch.targets[1].minutes")]
fn the_field_at_fault_is_named(#[case] spoil: fn(&mut Value), #[case] field: &str) {
    let branch = TestBranch::demo();
    let mut document = document(&branch);
    spoil(&mut document);
    assert_eq!(refused(&branch, &document).1, field);
}

fn week(from: &str, to: &str) -> Value {
    let closed = json!([]);
    json!({"monday": [{"from": "07:30", "to": "11:30"}], "tuesday": [{"from": from, "to": to}],
        "wednesday": closed, "thursday": closed, "friday": closed, "saturday": closed, "sunday": closed})
}

#[test]
fn a_service_goes_when_nobody_needs_it_any_more() {
    let branch = TestBranch::demo();
    let waiting = branch.walk_in();
    let mut less = document(&branch);
    without(&mut less, "services", "code", &json!(SERVICE));
    let (code, field, message) = refused(&branch, &less);
    assert_eq!(
        (code, field.as_str()),
        (Code::ServiceInUse, "branch.services")
    );
    assert!(message.contains("1 người chưa xong (A-001)"), "{message}");
    branch.leg(OFFICER, "leg.leave", &waiting);
    // Somebody who is booked for another day needs it too.
    let slot = json!({"service": SERVICE, "slot_at": "2026-11-25T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}});
    let booked = branch.ok(OFFICER, "visit.book", slot);
    let (code, _, message) = refused(&branch, &less);
    assert_eq!(code, Code::ServiceInUse);
    assert!(message.contains("1 lịch hẹn"), "{message}");
    let visit = booked["visit_id"].as_str().unwrap();
    branch.leg(OFFICER, "leg.leave", visit);
    branch.ok(ADMIN, "branch.configure", json!({"branch": less}));
    branch.assert_sound();
}

#[test]
fn an_open_counter_and_who_sits_there_stay() {
    let branch = TestBranch::demo();
    branch.ok(OFFICER, "counter.open", json!({"counter": 2}));
    let mut less = document(&branch);
    without(&mut less, "counters", "number", &json!(2));
    let (code, field, message) = refused(&branch, &less);
    assert_eq!(
        (code, field.as_str()),
        (Code::CounterInUse, "branch.counters")
    );
    assert!(message.contains("Nguyễn Thị Thanh Hà"), "{message}");
    let mut gone = document(&branch);
    without(&mut gone, "officers", "id", &json!(OFFICER));
    let (code, field, _) = refused(&branch, &gone);
    assert_eq!(
        (code, field.as_str()),
        (Code::OfficerInUse, "branch.officers")
    );
    branch.ok(OFFICER, "counter.close", json!({"counter": 2}));
    branch.ok(ADMIN, "branch.configure", json!({"branch": less}));
    without(&mut less, "officers", "id", &json!(OFFICER));
    branch.ok(ADMIN, "branch.configure", json!({"branch": less}));
}

#[test]
fn somebody_can_always_change_it_again_and_every_service_is_served() {
    let branch = TestBranch::demo();
    let mut nobody = document(&branch);
    without(&mut nobody, "officers", "id", &json!(ADMIN));
    let (code, field, _) = refused(&branch, &nobody);
    assert_eq!(
        (code, field.as_str()),
        (Code::AdministratorMissing, "branch.officers")
    );
    let mut unserved = document(&branch);
    for counter in unserved["counters"].as_array_mut().unwrap() {
        counter["services"] = json!([SERVICE]);
    }
    let (_, field, message) = refused(&branch, &unserved);
    assert_eq!(field, "branch.counters");
    assert!(message.contains("Nội vụ, người có công"), "{message}");
}

#[test]
fn what_another_changed_meanwhile_is_not_written_over() {
    let branch = TestBranch::demo();
    let seen = look(&branch);
    let mut theirs = seen["branch"].clone();
    theirs["office"]["phone"] = json!("024 3999 9999");
    let saved = branch.ok(
        ADMIN,
        "branch.configure",
        json!({"branch": theirs, "expected": seen["revision"]}),
    );
    assert_ne!(saved["revision"], seen["revision"]);
    assert_eq!(saved["revision"], look(&branch)["revision"]);
    let mut mine = seen["branch"].clone();
    mine["counters"][0]["name"] = json!("Quầy ưu tiên");
    let late = json!({"branch": mine, "expected": seen["revision"]});
    let error = branch.refused(ADMIN, "branch.configure", late);
    assert_eq!(error.code, Code::BranchChanged);
    assert_eq!(look(&branch)["branch"]["office"]["phone"], "024 3999 9999");
    // Whoever says nothing replaces what stands, as before.
    branch.ok(ADMIN, "branch.configure", json!({"branch": mine}));
}

fn foundation() -> Foundation {
    Foundation {
        name: "Phường Tân Lập".to_owned(),
        code: "H17.33".to_owned(),
        address: "Số 5, đường Mẫu, phường Tân Lập, tỉnh Mẫu".to_owned(),
        administrator: "Vũ Thị Ánh".to_owned(),
    }
}

#[test]
fn a_real_branch_begins_ready_to_give_numbers_and_its_papers_are_no_samples() {
    let root = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(MORNING));
    let app = App::create(settings(root.path()), Arc::clone(&clock), foundation()).unwrap();
    let call = |name: &str, args: Value| app.call(&caller("anh"), name, args).unwrap();
    let look = call("branch.get", json!({}));
    assert_eq!(look["branch"]["demo"], false);
    assert_eq!(look["procedures"], 0, "the sample catalogue is the demo's");
    let given = call("visit.register", json!({"service": "dat-dai"}));
    assert_eq!(given["ticket"], "B-001");
    call("queue.call_next", json!({"counter": 1}));
    let ticket = json!({"kind": "ticket", "id": given["visit_id"], "format": "pdf"});
    call("document.render", ticket);
    // It is changed like any other.
    let mut document = look["branch"].clone();
    document["office"]["phone"] = json!("0269 999 999");
    call(
        "branch.configure",
        json!({"branch": document, "expected": look["revision"]}),
    );
    drop(app);
    // And is not written over.
    let again = App::create(settings(root.path()), Arc::clone(&clock), foundation());
    assert_eq!(again.unwrap_err().code(), Code::BranchExists);
}

#[test]
fn nothing_is_written_for_a_wrong_foundation_and_a_beginning_cut_short_can_be_done_again() {
    let root = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(MORNING));
    let wrong = Foundation {
        code: "mã số".to_owned(),
        ..foundation()
    };
    let error = App::create(settings(root.path()), Arc::clone(&clock), wrong).unwrap_err();
    assert_eq!(
        motcua_domain::Refusal::from(error).field.as_deref(),
        Some("code")
    );
    let folder = root.path().join("data");
    assert!(!folder.exists(), "not even a folder");
    // The power went between the file and the first record.
    let options = motcua_store::Options {
        state_dir: Some(root.path().join("state")),
        ballast: false,
        ..motcua_store::Options::default()
    };
    let moment = motcua_app::clock::Clock::moment(&*clock);
    drop(motcua_store::Store::create(&folder, moment, options).unwrap());
    let opened = open(settings(root.path()), &clock);
    assert_eq!(opened.unwrap_err().code, Code::NoBranch);
    let app = App::create(settings(root.path()), Arc::clone(&clock), foundation()).unwrap();
    let verified = app.verify().unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[test]
fn only_an_administrator_of_an_empty_folder_begins() {
    let branch = TestBranch::demo();
    let said = json!({"name": "X", "code": "H1", "address": "Y", "administrator": "Z"});
    let error = branch.refused(SUPERVISOR, "branch.create", said.clone());
    assert_eq!(error.code, Code::NotAllowed);
    let error = branch.refused(ADMIN, "branch.create", said);
    assert_eq!(error.code, Code::BranchExists);
}

/// The account by which a fee is paid, and that none is told of where there is none.
#[test]
fn a_fee_is_paid_into_the_account_of_the_office() {
    let branch = TestBranch::demo();
    let mut document = document(&branch);
    document["office"]["account"] = json!({
        "bank": " Ngân hàng A ", "bin": "970415", "number": "0011001932418", "holder": "UBND PHUONG",
    });
    branch.ok(ADMIN, "branch.configure", json!({"branch": document}));
    let visit = branch.serving(1);
    let ask = json!({"visit_id": visit, "amount": 8_000});
    let given = branch.ok(OFFICER, "fee.qr", ask.clone());
    assert_eq!(given["account"]["bank"], "Ngân hàng A");
    assert_eq!(given["purpose"], "H99 12 A 001 231126");
    let text = given["qr"]["text"].as_str().unwrap();
    assert!(
        text.starts_with("00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454048000"),
        "{text}"
    );
    for amount in [0, 500_000_000_u64] {
        let beyond = json!({"visit_id": visit, "amount": amount});
        let refused = branch.refused(OFFICER, "fee.qr", beyond);
        assert_eq!(
            (refused.code, refused.field.as_deref()),
            (Code::NumberOutOfRange, Some("amount"))
        );
    }
    document["office"]["account"] = json!({"bank": "", "bin": " ", "number": "", "holder": ""});
    branch.ok(ADMIN, "branch.configure", json!({"branch": document}));
    assert!(look(&branch)["branch"]["office"].get("account").is_none());
    let refused = branch.refused(OFFICER, "fee.qr", ask);
    assert_eq!(refused.field.as_deref(), Some("office.account"));
}
