//! The line in plain words: what waits, what central holds back, and what a person does about it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use motcua_app::{App, CENTRAL, CentralLink, LinkState};
use motcua_protocol::{
    event::{Body, BranchEvent, Resolution},
    look_up::{Ask, Told},
    sync::{EpochHead, Held, LogHead, Status},
};
use motcua_store::Stored;
use motcua_testkit::branch::{MINUTE, MORNING, OFFICER, SUPERVISOR, TestBranch, case};
use serde_json::{Value, json};
use uuid::Uuid;

/// A line to central that is not there.
#[derive(Debug, Default)]
struct Away {
    asked: AtomicUsize,
}

impl CentralLink for Away {
    fn state(&self, app: &App) -> LinkState {
        LinkState {
            here: false,
            last_error: Some("Chưa nối được.".to_owned()),
            next_try_ms: Some(app.moment().wall_ms + 90_000),
            quarantined: app.store().peer(CENTRAL).unwrap().quarantined,
            code: Some("SYNC_OFFLINE"),
            busy: false,
            skew_ms: Some(-300_000),
            address: Some("central:7443".to_owned()),
        }
    }

    fn send_now(&self, _: &App) {
        self.asked.fetch_add(1, Ordering::SeqCst);
    }

    fn look_up(&self, _: &Ask) -> Told {
        Told::unavailable(motcua_protocol::look_up::NO_LINE)
    }
}

fn joined() -> (TestBranch, Arc<Away>) {
    let branch = TestBranch::demo();
    let line = Arc::new(Away::default());
    let link = Arc::clone(&line) as Arc<dyn CentralLink>;
    branch.app().set_central(Some(link));
    (branch, line)
}

fn overview(branch: &TestBranch) -> Value {
    branch.ok(OFFICER, "sync.overview", json!({}))
}

fn problems(branch: &TestBranch) -> Vec<Value> {
    let found = branch.ok(OFFICER, "sync.problems", json!({}));
    found.as_array().unwrap().clone()
}

/// Central has everything that is there now.
fn all_sent(branch: &TestBranch) {
    let store = branch.app().store();
    let heads = store.heads(None).unwrap();
    store.note_peer(CENTRAL, &heads, &[], MORNING).unwrap();
}

fn event(branch: &TestBranch, entity: &str, kind: &str) -> Stored {
    let entity: Uuid = entity.parse().unwrap();
    let events = branch.app().store().read(|read| read.events_of(entity));
    let mut events = events.unwrap().into_iter();
    events.find(|e| e.header.kind == kind).unwrap()
}

fn held(event: &Stored, status: Status, code: &str, field: Option<&str>) -> Held {
    Held {
        event_id: event.header.event_id,
        status,
        code: code.to_owned(),
        field: field.map(str::to_owned),
        above: false,
    }
}

#[test]
fn what_waits_is_told_by_day_with_why_and_until_when() {
    let (branch, line) = joined();
    all_sent(&branch);
    let empty = overview(&branch);
    assert_eq!((&empty["unsent"], &empty["days"]), (&json!(0), &json!([])));
    for _ in 0..2 {
        let visit = branch.serving(1);
        let mut received = case();
        received["visit_id"] = json!(visit);
        branch.ok(OFFICER, "case.receive", received);
        branch.leg(OFFICER, "leg.finish", &visit);
        branch.pass(24 * 60 * MINUTE);
    }
    branch.walk_in();
    let seen = overview(&branch);
    let days: Vec<(&str, u64, u64)> = seen["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| {
            (
                day["date"].as_str().unwrap(),
                day["visits"].as_u64().unwrap(),
                day["cases"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        days,
        [
            ("2026-11-25", 1, 0),
            ("2026-11-24", 1, 1),
            ("2026-11-23", 1, 1)
        ]
    );
    let records = |day: &Value| day["records"].as_u64().unwrap();
    let sum: u64 = seen["days"].as_array().unwrap().iter().map(records).sum();
    assert_eq!(seen["unsent"].as_u64(), Some(sum));
    assert_eq!(seen["unsent"].as_u64(), Some(branch.events()));
    assert_eq!(seen["earlier"], 0);
    assert_eq!(
        (&seen["way"], &seen["code"], &seen["skew_ms"]),
        (&json!("central"), &json!("SYNC_OFFLINE"), &json!(-300_000))
    );
    // The next try is the line's, on the clock that the screen counts by.
    let at = |name: &str| {
        let time = serde_json::from_value::<motcua_protocol::Time>(seen[name].clone());
        time.unwrap().0.timestamp_millis()
    };
    assert_eq!(at("next_try_at") - at("now"), 90_000);
    // Sent now, because somebody says so; a kiosk or the hall may not.
    branch.ok(OFFICER, "sync.now", json!({}));
    assert_eq!(line.asked.load(Ordering::SeqCst), 1);
    let nobody = TestBranch::demo();
    let refused = nobody.refused(OFFICER, "sync.now", json!({}));
    assert_eq!(json!(refused.code), "NOT_PAIRED");
    assert_eq!(overview(&nobody)["way"], "nobody");
}

/// Somebody is served and their case taken in: the answer, and the records of both.
fn received(branch: &TestBranch) -> (Value, Stored, Stored) {
    let visit = branch.serving(1);
    let mut received = case();
    received["visit_id"] = json!(visit);
    let case = branch.ok(OFFICER, "case.receive", received);
    let taken = event(branch, case["case_id"].as_str().unwrap(), "case.received");
    let started = event(branch, &visit, "leg.started");
    (case, taken, started)
}

#[test]
fn what_central_holds_back_is_told_in_words_and_dealt_with_once() {
    let (branch, _) = joined();
    let (case, taken, started) = received(&branch);
    let case_id = case["case_id"].as_str().unwrap();
    let store = branch.app().store();
    let all = [
        held(
            &taken,
            Status::Quarantined,
            "BODY_UNREADABLE",
            Some("applicant.name"),
        ),
        held(&started, Status::Parked, "DEPS", None),
    ];
    store.note_held(CENTRAL, &all, MORNING).unwrap();
    let log = branch.events();

    let status = branch.ok(OFFICER, "sync.status", json!({}));
    assert_eq!(status["quarantined"], 1);
    let found = problems(&branch);
    assert_eq!(found.len(), 2);
    let bad = found.iter().find(|p| p["quarantined"] == true).unwrap();
    let code = case["case_code"].as_str().unwrap();
    assert_eq!(bad["subject"], format!("Hồ sơ {code}"));
    assert_eq!(bad["case_code"], code);
    assert_eq!(
        (&bad["field"], &bad["old_value"]),
        (&json!("applicant.name"), &json!("Lò Thị Mai"))
    );
    for text in ["what", "reason", "advice", "by"] {
        assert!(bad[text].as_str().unwrap().len() > 5, "{text}: {bad}");
    }
    let waits = found.iter().find(|p| p["quarantined"] == false).unwrap();
    assert!(waits["subject"].as_str().unwrap().starts_with("Lượt "));

    // Who may, what is needed, and nothing that is not held.
    let id = bad["event_id"].clone();
    let ask = |how: &str, note: &str| json!({"event_id": id, "how": how, "note": note});
    let refused = branch.refused(OFFICER, "sync.resolve", ask("acknowledged", "đã xem"));
    assert_eq!(json!(refused.code), "NOT_ALLOWED");
    for how in ["acknowledged", "corrected"] {
        let refused = branch.refused(SUPERVISOR, "sync.resolve", ask(how, "  "));
        assert_eq!(json!(refused.code), "FIELD_REQUIRED");
        assert_eq!(refused.field.as_deref(), Some("note"));
    }
    let strange = json!({"event_id": Uuid::now_v7(), "how": "asked_again"});
    let refused = branch.refused(SUPERVISOR, "sync.resolve", strange);
    assert_eq!(json!(refused.code), "NOT_FOUND");
    assert_eq!(branch.events(), log);

    // Asked again: still open until central says otherwise.
    let again = json!({"event_id": id, "how": "asked_again"});
    branch.ok(SUPERVISOR, "sync.resolve", again);
    assert_eq!(overview(&branch)["problems"], 1);
    branch.ok(
        SUPERVISOR,
        "sync.resolve",
        ask("corrected", "đã ghi lại họ tên"),
    );
    // So it is, until central lifts it: only then is it in effect there.
    assert_eq!(overview(&branch)["problems"], 1);
    let status = branch.ok(OFFICER, "sync.status", json!({}));
    assert_eq!(status["quarantined"], 1);
    let bad = problems(&branch)
        .into_iter()
        .find(|p| p["event_id"] == id)
        .unwrap();
    assert_eq!(bad["resolved"]["how"], "corrected");
    assert_eq!(bad["resolved"]["note"], "đã ghi lại họ tên");
    assert_eq!(bad["resolved"]["by"], "Trần Ngọc Lan");
    // It stands in the log beside the record, which is as it was.
    assert_eq!(branch.events(), log + 2);
    assert_eq!(event(&branch, case_id, "case.received").hash, taken.hash);
    let done = event(
        &branch,
        &motcua_protocol::entity::held(taken.header.event_id).to_string(),
        "sync.resolved",
    );
    let Some(Body::Branch(BranchEvent::Resolved(done))) =
        Body::decode(&done.header.kind, &done.body)
    else {
        panic!("{done:?}");
    };
    assert_eq!(done.how, Resolution::AskedAgain);
    branch.assert_sound();

    // Central has looked again: what it does not hold any more is gone from the list.
    store.note_held(CENTRAL, &[], MORNING).unwrap();
    assert_eq!(problems(&branch), [] as [Value; 0]);
    let refused = branch.refused(SUPERVISOR, "sync.resolve", ask("acknowledged", "đã xem"));
    assert_eq!(json!(refused.code), "NOT_FOUND");
}

/// What central could not read is written again in its field: the record counts so everywhere, and
/// stays as it was written.
#[test]
fn a_field_that_central_cannot_read_is_said_anew() {
    let (branch, _) = joined();
    let (case, taken, started) = received(&branch);
    let case_id = case["case_id"].as_str().unwrap();
    let all = [
        held(
            &taken,
            Status::Quarantined,
            "BODY_UNREADABLE",
            Some("applicant.phone"),
        ),
        held(&started, Status::Quarantined, "RULE", None),
    ];
    branch
        .app()
        .store()
        .note_held(CENTRAL, &all, MORNING)
        .unwrap();
    let id = taken.header.event_id;
    let say = |value: &str| json!({"event_id": id, "how": "amended", "value": value});
    let log = branch.events();

    assert_eq!(
        json!(
            branch
                .refused(OFFICER, "sync.resolve", say("0912345678"))
                .code
        ),
        "NOT_ALLOWED"
    );
    for (value, code) in [
        ("  ", "FIELD_REQUIRED"),
        ("12", "PHONE_INVALID"),
        ("[1]", "PHONE_INVALID"),
    ] {
        let refused = branch.refused(SUPERVISOR, "sync.resolve", say(value));
        assert_eq!(
            (json!(refused.code), refused.field.as_deref()),
            (json!(code), Some("value")),
            "{value}"
        );
    }
    let whole = json!({"event_id": started.header.event_id, "how": "amended", "value": "1"});
    assert_eq!(
        json!(branch.refused(SUPERVISOR, "sync.resolve", whole).code),
        "UNSUPPORTED"
    );
    assert_eq!(branch.events(), log, "nothing of it was written");

    branch.ok(SUPERVISOR, "sync.resolve", say("0912 345 678"));
    assert_eq!(branch.events(), log + 2);
    let now = branch.ok(OFFICER, "case.get", json!({"code": case["case_code"]}));
    assert_eq!(now["case"]["applicant"]["phone"], "0912345678", "{now}");
    assert_eq!(event(&branch, case_id, "case.received").hash, taken.hash);
    let found = problems(&branch);
    let bad = found.iter().find(|p| p["event_id"] == json!(id)).unwrap();
    assert_eq!(bad["resolved"]["how"], "amended");
    // What is done with the case afterwards stands on it, and a rebuild comes to the same.
    branch.assert_sound();
    assert_eq!(overview(&branch)["problems"], 2);
}

#[test]
fn a_file_needs_a_running_program_and_a_supervisor() {
    let (branch, _) = joined();
    let export = json!({"to": "/media/usb/a.motcua"});
    let refused = branch.refused(OFFICER, "sync.export", export.clone());
    assert_eq!(json!(refused.code), "NOT_ALLOWED");
    let refused = branch.refused(OFFICER, "sync.carry", json!({"file": "/a"}));
    assert_eq!(json!(refused.code), "NOT_ALLOWED");
    let refused = branch.refused(SUPERVISOR, "sync.export", export);
    assert_eq!(json!(refused.code), "NOT_PAIRED");
}

#[test]
fn what_central_has_of_a_log_is_not_counted_again() {
    let (branch, _) = joined();
    let store = branch.app().store();
    let head = store.heads(None).unwrap()[0];
    let half = LogHead {
        head: EpochHead {
            seq: head.head.seq - 2,
            ..head.head
        },
        ..head
    };
    store.note_peer(CENTRAL, &[half], &[], MORNING).unwrap();
    let seen = overview(&branch);
    assert_eq!(
        (&seen["unsent"], &seen["days"][0]["records"]),
        (&json!(2), &json!(2))
    );
    assert!(seen["oldest_unsent_at"].is_string());
}

/// OpenCRVS #9946: one user's stuck outbox was shown to the next as theirs, and went with them.
#[test]
fn t_actor_what_one_officer_left_unsent_stays_theirs_whoever_comes_next() {
    let (branch, _) = joined();
    all_sent(&branch);
    let visit = branch.walk_in();
    let first = branch.events();
    let unsent = overview(&branch)["unsent"].as_u64().unwrap();
    assert!(unsent > 0);
    // Somebody else sits down, works and leaves: nothing is dropped, nothing changes hands.
    branch.ok(
        SUPERVISOR,
        "visit.register",
        json!({"service": motcua_testkit::branch::SERVICE}),
    );
    let seen = |officer: &str| branch.ok(officer, "sync.overview", json!({}))["unsent"].clone();
    assert_eq!(seen(OFFICER), seen(SUPERVISOR), "it is the machine's queue");
    assert!(seen(OFFICER).as_u64().unwrap() > unsent);
    let registered = event(&branch, &visit, "visit.registered");
    assert_eq!(registered.header.actor, OFFICER);
    assert!(branch.events() > first);
    let bad = held(&registered, Status::Quarantined, "RULE", None);
    let store = branch.app().store();
    store.note_held(CENTRAL, &[bad], MORNING).unwrap();
    for officer in [OFFICER, SUPERVISOR] {
        let found = branch.ok(officer, "sync.problems", json!({}));
        assert_eq!(
            found[0]["by"], "Nguyễn Thị Thanh Hà",
            "whoever looks sees whose it is"
        );
    }
}
