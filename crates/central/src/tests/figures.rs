//! Figures of an office: what its branch says of its day, to the last digit, and nothing personal.

use motcua_domain::case::CaseStatus;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, case};
use serde_json::{Value, json};

use super::{Device, OFFICE, Rig, operations::Browser, reading};

const DAY: &str = "2026-11-23";
const NEXT: &str = "2026-11-25";

/// A morning, closed, and the beginning of another working day: somebody of every kind.
fn two_days() -> TestBranch {
    let branch = reading::morning();
    branch.pass(48 * 60 * MINUTE);
    let someone = |act: &str, args: Value| {
        let visit = branch.walk_in();
        branch.pass(MINUTE + 431);
        let mut all = json!({"visit_id": visit});
        for (name, value) in args.as_object().unwrap() {
            all[name] = value.clone();
        }
        branch.ok(OFFICER, act, all);
        visit
    };
    // Made in error, gone, called in vain, still on the way, still waiting, booked for later.
    someone("leg.void", json!({"reason": "Nhầm dịch vụ"}));
    someone("leg.leave", json!({}));
    let missed = someone("queue.call", json!({"counter": 1}));
    branch.leg(OFFICER, "leg.miss", &missed);
    let served = branch.walk_in();
    branch.pass(17 * MINUTE);
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": served, "counter": 1}),
    );
    branch.leg(OFFICER, "leg.start", &served);
    let mut at_once = case();
    at_once["visit_id"] = json!(served);
    at_once["instant"] = json!(true);
    branch.ok(OFFICER, "case.receive", at_once);
    branch.leg(OFFICER, "leg.finish", &served);
    someone("queue.call", json!({"counter": 2}));
    branch.walk_in();
    let booked = json!({"service": SERVICE, "slot_at": "2026-11-25T15:00:00+07:00", "applicant": {"kind": "individual", "name": "Lò Thị Mai"}});
    branch.ok(OFFICER, "visit.book", booked);
    branch
}

fn push(device: &Device, branch: &TestBranch) {
    for batch in reading::log_of(branch).chunks(60) {
        device.push(batch).unwrap();
    }
}

fn of_branch(branch: &TestBranch, date: &str) -> Value {
    branch.ok(SUPERVISOR, "day.figures", json!({"date": date}))
}

impl Rig {
    fn figures(&self, query: &str) -> (u16, Value) {
        let seen = self
            .operator()
            .get(&format!("/v1/operations/figures?{query}"));
        let told = serde_json::from_str(&seen.text);
        (seen.status, told.unwrap_or_else(|_| json!(seen.text)))
    }
}

/// Whatever central says of a day the branch says too; `returned` alone the branch has no word
/// for, and how long somebody waits by now is another moment's.
#[track_caller]
fn assert_same(there: &Value, here: &Value) {
    for (name, value) in there.as_object().unwrap() {
        if !["returned", "longest_now_s"].contains(&name.as_str()) {
            assert_eq!(value, &here[name], "{name} of {here}");
        }
    }
}

#[test]
fn the_figures_of_a_day_are_the_branchs_own_to_the_last_digit() {
    let branch = two_days();
    let rig = Rig::new();
    push(&rig.device(OFFICE), &branch);
    let both = format!("office={OFFICE}&from={DAY}&to={NEXT}");
    let (status, told) = rig.figures(&both);
    assert_eq!(status, 200, "{told}");
    let days = told["days"].as_array().unwrap();
    assert_eq!(days.len(), 2, "{told}");
    for (day, date) in days.iter().zip([DAY, NEXT]) {
        assert_eq!(day["date"], date);
        assert_same(day, &of_branch(&branch, date));
    }
    let next = &days[1];
    let counts = |of: &Value| {
        [
            "registered",
            "served",
            "no_show",
            "left_before_service",
            "waiting_now",
            "cases",
            "returned",
        ]
        .map(|name| of[name].as_u64().unwrap())
    };
    assert_eq!(counts(next), [5, 1, 0, 1, 2, 1, 1], "{next}");
    assert!(days[0]["served"].as_u64() > Some(5), "{told}");
    // Together they are the sum of both, and a mean of all and not of means.
    assert_eq!(
        told["all"]["registered"].as_u64(),
        Some(counts(&days[0])[0] + 5)
    );
    let served = |of: &Value| of["served"].as_u64().unwrap();
    assert_eq!(served(&told["all"]), served(&days[0]) + 1);
    assert_eq!(told["all"]["max_s"], next["max_s"], "17 minutes and more");
    assert_ne!(told["all"]["mean_s"], next["mean_s"]);
    let demo = branch.ok(SUPERVISOR, "branch.get", json!({}));
    assert_eq!(told["name"], demo["branch"]["office"]["name"]);
    // Rows from before there were figures get their days from their documents.
    let days_of_cases = "SELECT id, received_on, returned_on FROM case_file ORDER BY id";
    let kept = rig.postgres.query(days_of_cases);
    let migration = include_str!("../../migrations/V9__figures.sql");
    let begins = migration.find("UPDATE case_file").unwrap();
    let ends = begins + migration[begins..].find(';').unwrap();
    rig.postgres
        .query("UPDATE case_file SET received_on = NULL, returned_on = NULL");
    rig.postgres.query(&migration[begins..ends]);
    assert_eq!(rig.postgres.query(days_of_cases), kept);
    // Rows that an older program wrote say the same.
    rig.postgres
        .query("UPDATE visit SET sample = NULL; UPDATE case_file SET received_on = NULL");
    let (_, again) = rig.figures(&both);
    for (day, before) in again["days"].as_array().unwrap().iter().zip(days) {
        assert_same(day, before);
    }
    // The targets are the branch's own, also where the table of them has to be made anew.
    let mut document = demo["branch"].clone();
    document["targets"] = json!([{"minutes": 2, "from_year": 2026, "source": "nội bộ"}]);
    branch.ok("quan-tri", "branch.configure", json!({"branch": document}));
    let device = rig.device("H99.02");
    push(&device, &branch);
    rig.postgres.query("DELETE FROM branch");
    let second = format!("office=H99.02&from={DAY}");
    assert_eq!(rig.figures(&second).1["all"]["targets"][0]["minutes"], 30);
    rig.runtime
        .block_on(crate::database::migrate(&rig.pool))
        .unwrap();
    let (_, told) = rig.figures(&second);
    assert_same(&told["days"][0], &of_branch(&branch, DAY));
    assert_eq!(told["all"]["targets"][0]["minutes"], 2, "{told}");
}

#[test]
fn a_question_that_has_no_answer_is_refused_in_words() {
    let rig = Rig::new();
    rig.device(OFFICE);
    for (query, status, code, field) in [
        (
            format!("office={OFFICE}&from=23/11/2026"),
            400,
            "DATE_INVALID",
            "from",
        ),
        (
            format!("office={OFFICE}&from={NEXT}&to={DAY}"),
            400,
            "DATE_INVALID",
            "to",
        ),
        (
            format!("office={OFFICE}&from=2025-11-23&to={NEXT}"),
            400,
            "DATE_INVALID",
            "to",
        ),
        (
            format!("office={OFFICE}&from=%2B262142-12-31"),
            400,
            "DATE_INVALID",
            "to",
        ),
        (
            format!("office={OFFICE}&from=-9999-01-01"),
            400,
            "DATE_INVALID",
            "to",
        ),
        ("office=H00.99".to_owned(), 404, "NOT_FOUND", "office"),
        (String::new(), 404, "NOT_FOUND", "office"),
        (
            "office=%27%3B+DROP+TABLE+visit%3B--".to_owned(),
            404,
            "NOT_FOUND",
            "office",
        ),
    ] {
        let (told, answer) = rig.figures(&query);
        assert_eq!(
            (told, answer["code"].as_str(), answer["field"].as_str()),
            (status, Some(code), Some(field)),
            "{query}: {answer}"
        );
        let page = rig.operator().get(&format!("/van-hanh/so-lieu?{query}"));
        assert_eq!(page.status, status, "{query}");
        assert!(page.text.contains("role=\"alert\""), "{}", page.text);
    }
    // A form whose days nobody filled in asks for today, on which there was nothing.
    let (status, told) = rig.figures(&format!("office={OFFICE}&from=&to="));
    assert_eq!(
        (status, &told["days"], &told["from"]),
        (200, &json!([]), &told["to"])
    );
    let nobody = Browser::at(&rig.url);
    for path in ["/v1/operations/figures", "/van-hanh/so-lieu"] {
        assert_eq!(
            nobody.get(&format!("{path}?office={OFFICE}")).status,
            401,
            "{path}"
        );
    }
}

#[test]
fn the_page_has_every_figure_and_nobodys_name() {
    let branch = two_days();
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    push(&device, &branch);
    let page = rig.operator().get(&format!(
        "/van-hanh/so-lieu?office={OFFICE}&from={DAY}&to={NEXT}"
    ));
    assert_eq!(page.status, 200, "{}", page.text);
    let told = of_branch(&branch, NEXT);
    let longest = told["max_s"].as_u64().unwrap();
    for words in [
        OFFICE.to_owned(),
        "23/11/2026".to_owned(),
        format!("{} phút {:02} giây", longest / 60, longest % 60),
        "≤ 30 phút: 100% (1/1)".to_owned(),
        "≤ 15 phút: 0% (0/1)".to_owned(),
    ] {
        assert!(page.text.contains(&words), "{words} in {}", page.text);
    }
    let front = rig.operator().get("/van-hanh");
    assert!(
        front
            .text
            .contains(&format!("/van-hanh/so-lieu?office={OFFICE}")),
        "{}",
        front.text
    );
    for seen in [&page, &front] {
        for name in [
            "Đặng Văn Đức",
            "Ỷ Lan",
            "H'Hen",
            "Lò Thị Mai",
            "001190000001",
        ] {
            assert!(!seen.text.contains(name), "{name}");
        }
        assert!(!seen.text.contains("<script"));
    }
}

#[test]
fn overdue_is_what_somebody_still_works_on() {
    let rig = Rig::new();
    rig.device(OFFICE);
    for status in CaseStatus::ALL {
        rig.postgres.query(&format!(
            "INSERT INTO case_file(office_id, id, code, procedure, status, received_ms, due_ms, doc)
             SELECT office_id, gen_random_uuid(), 'x', 'x', '{}', 0, v, '{{}}' FROM office, (VALUES (1), (9000000000000)) d(v)",
            status.name()
        ));
    }
    let running = CaseStatus::ALL.iter().filter(|s| s.is_running()).count();
    let (_, told) = rig.figures(&format!("office={OFFICE}"));
    assert_eq!(told["overdue"].as_u64(), Some(running as u64), "{told}");
}
