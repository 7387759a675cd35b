//! Onwards to a ministry's system, beside the portal or in its place: a real branch, the real
//! central with a real PostgreSQL, and SIMULATORS of both systems. What an office uses is a matter
//! of files, and each case is there exactly once in effect, whatever happens on the way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{case, id},
    central::Central,
    program::Program,
};
use motcua_tests::{ministry_simulator::MinistrySimulator, portal_simulator::Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;

const OTHER: &str = "H00.other";

struct Rig {
    ministry: MinistrySimulator,
    portal: Simulator,
    central: Central,
    desk: Program,
    office: String,
    folder: TempDir,
}

impl Rig {
    /// A branch whose office uses these systems.
    fn using(uses_portal: bool, uses_ministry: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Program::new(Program::beside_tests(), folder.path());
        desk.run(&["--json", "demo"]).json();
        let office = id(&desk.answer("sync.status", &json!({}))["office"]);
        let (portal, ministry) = (Simulator::start(), MinistrySimulator::start());
        let named = |uses: bool| if uses { office.as_str() } else { OTHER };
        let at = portal.address();
        let of_portal = portal.settings(folder.path(), at, &[named(uses_portal)]);
        let of_ministry = ministry.settings(folder.path(), &[named(uses_ministry)]);
        let central = Central::start_with(&[
            "--portal",
            of_portal.to_str().unwrap(),
            "--ministry",
            of_ministry.to_str().unwrap(),
        ]);
        central.enrol(&desk, &office);
        Self {
            ministry,
            portal,
            central,
            desk,
            office,
            folder,
        }
    }

    fn receives(&self, name: &str, more: &Value) -> String {
        let mut args = case();
        args["applicant"]["name"] = json!(name);
        for (field, value) in more.as_object().unwrap() {
            args[field] = value.clone();
        }
        id(&self.desk.answer("case.receive", &args)["case_code"])
    }

    fn many(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|n| self.receives(&format!("Đặng Văn Đức {n}"), &json!({})))
            .collect()
    }

    fn acts(&self, code: &str, verb: &str, more: &Value) {
        let got = self.desk.answer("case.get", &json!({"code": code}));
        let mut args = json!({"id": got["case_id"], "expected": got["revision"]});
        for (field, value) in more.as_object().unwrap() {
            args[field] = value.clone();
        }
        self.desk.answer(verb, &args);
    }

    fn sends(&self) {
        let synced = self.desk.run(&["sync", "--once"]).json();
        assert_eq!(synced["unsent"], 0, "{synced}");
    }

    fn waiting(&self) -> u64 {
        let sql = "SELECT count(*) FROM downstream_case WHERE waiting";
        self.central.postgres.query(sql).parse().unwrap()
    }

    #[track_caller]
    fn until_waiting(&self, count: u64) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.waiting() != count {
            assert!(
                Instant::now() < until,
                "{}\n{}",
                self.central.postgres.query(
                    "SELECT system, code, detail, tries FROM downstream_case WHERE waiting LIMIT 5"
                ),
                self.central.postgres.query("SELECT * FROM downstream_line"),
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Exactly these cases are at the ministry, each taken in once, each turn once.
    #[track_caller]
    fn assert_once(&self, codes: &[String]) {
        let there = self.ministry.state();
        let expected: BTreeSet<&String> = codes.iter().collect();
        assert_eq!(there.cases.keys().collect::<BTreeSet<_>>(), expected);
        assert_eq!(there.taken_in.len(), codes.len(), "taken in once");
        assert_eq!(there.turns.len(), codes.len(), "one turn of each");
        assert!(there.statuses.values().all(|s| s == "2"));
        assert_eq!(there.statuses.len(), codes.len());
    }
}

#[test]
fn a_case_is_told_as_it_is_with_every_turn_under_its_own_status() {
    let rig = Rig::using(false, true);
    let received = rig.receives(
        "Lò Thị Mai",
        &json!({"submitter": {"kind": "individual", "name": "Ỷ Lan", "id_number": "001190000002", "birth_date": "1990-02-01"}, "notes": "không gửi đi",
            "papers": [{"index": 0, "originals": 2, "certified": 1, "copies": 3}, {"index": 1, "originals": 1}, {"index": 2, "originals": 1}]}),
    );
    let supplement = rig.receives("Cầm Bá", &json!({}));
    let stopped = rig.receives("Quàng Văn", &json!({}));
    let household = rig.receives(
        "x",
        &json!({"applicant": {"kind": "household_business", "name": "Hộ kinh doanh Ánh"}}),
    );
    rig.acts(
        &supplement,
        "case.request_supplement",
        &json!({"content": "Bản vẽ", "reason": "Thiếu bản vẽ"}),
    );
    rig.acts(&stopped, "case.stop", &json!({"reason": "Theo đề nghị"}));
    rig.sends();
    rig.until_waiting(0);
    let there = rig.ministry.state();
    let record = &there.cases[&received];
    assert_eq!(record["MaDonViTiepNhan"], format!("G09.{}", rig.office));
    assert_eq!(record["LoaiDoiTuong"], "0");
    assert_eq!(record["ChuHoSo"], "Lò Thị Mai");
    assert_eq!(
        record["ThongTinNguoiNop"],
        json!({"SoDinhDanh": "001190000002", "NgaySinh": "19900201", "TenChuHs": "Lò Thị Mai", "SoDinhDanhChuHs": "001190000001"})
    );
    for not_ours in ["MaDichVuCong", "GhiChu"] {
        assert_eq!(record.get(not_ours), None, "{not_ours}");
    }
    // So many of each paper as were handed in, in the form in which they were.
    let got = rig.desk.answer("case.get", &json!({"code": received}));
    let procedure = json!({"code": got["case"]["procedure"]["code"]});
    let procedure = rig.desk.answer("catalogue.get", &procedure);
    let name = |nth: usize| procedure["papers"][nth]["name"].clone();
    assert_eq!(
        record["ThanhPhanHoSo"],
        json!([
            {"TenThanhPhanHoSo": name(0), "SoLuong": "2", "LoaiBan": "0"},
            {"TenThanhPhanHoSo": name(0), "SoLuong": "4", "LoaiBan": "1"},
            {"TenThanhPhanHoSo": name(1), "SoLuong": "1", "LoaiBan": "0"},
            {"TenThanhPhanHoSo": name(2), "SoLuong": "1", "LoaiBan": "0"},
        ])
    );
    let turn = there
        .turns
        .iter()
        .find(|t| t["MaHoSo"] == received.as_str());
    let officer = turn.unwrap()["NguoiXuLy"].as_str().unwrap();
    assert_ne!(json!(officer), got["case"]["officer"], "a name, and no id");
    assert!(officer.contains(' '), "{officer}");
    // Here their list differs from the portal's: a household business has a kind.
    assert_eq!(there.cases[&household]["LoaiDoiTuong"], "2");
    assert_eq!(
        there.cases[&household]["ThongTinNguoiNop"].get("SoDinhDanh"),
        None,
        "no number is no number"
    );
    // Asked for more, and stopped, are told as what they are and not as settled.
    let status = |code: &str| there.statuses[code].as_str();
    assert_eq!(status(&received), "2");
    assert_eq!(status(&supplement), "5");
    assert_eq!(status(&stopped), "8");
    let turns = |code: &str| -> Vec<&str> {
        let of = there.turns.iter().filter(|t| t["MaHoSo"] == code);
        of.map(|t| t["TrangThai"].as_str().unwrap()).collect()
    };
    assert_eq!(turns(&supplement), ["2", "5"]);
    assert_eq!(turns(&stopped), ["2", "8"]);
    drop(there);
    assert_eq!(
        rig.portal.state().cases.len(),
        0,
        "this office does not use it"
    );
}

#[test]
fn an_office_may_use_both_and_each_is_told_by_itself() {
    let rig = Rig::using(true, true);
    rig.ministry.state().down = true;
    let codes = rig.many(4);
    rig.sends();
    // One that is away holds the other up in nothing.
    rig.until_waiting(4);
    assert_eq!(rig.portal.state().cases.len(), 4);
    let told: Value = rig.central.run(&["operations"]).json();
    assert_eq!(told["portal"]["waiting"], 0, "{told}");
    assert_eq!(told["portal"]["line"]["away_since"], Value::Null);
    assert_eq!(told["ministry"]["waiting"], 4);
    assert_eq!(told["ministry"]["line"]["code"], "PORTAL_AWAY");
    assert_eq!(told["ministry"]["offices"], json!([rig.office]));
    rig.ministry.state().down = false;
    rig.until_waiting(0);
    rig.assert_once(&codes);
    // A change goes to both.
    rig.acts(&codes[0], "case.withdraw", &json!({"reason": "Đổi ý"}));
    rig.sends();
    rig.until_waiting(0);
    assert_eq!(rig.portal.state().cases[&codes[0]]["TrangThaiHoSo"], "7");
    assert_eq!(rig.ministry.state().statuses[&codes[0]], "7");
}

#[test]
fn answers_that_get_lost_and_tokens_that_run_out_leave_each_case_there_once() {
    let rig = Rig::using(false, true);
    {
        let mut there = rig.ministry.state();
        there.lose_every = 4;
        there.token_calls = 5;
    }
    let codes = rig.many(10);
    rig.sends();
    rig.until_waiting(0);
    rig.assert_once(&codes);
    assert!(rig.ministry.state().tokens > 3);
}

#[test]
fn central_killed_at_any_moment_tells_each_case_once() {
    let mut rig = Rig::using(false, true);
    rig.ministry.state().lose_every = 7;
    let mut codes = Vec::new();
    for kill in 0..4_u64 {
        codes.extend(rig.many(3));
        rig.sends();
        thread::sleep(Duration::from_millis(20 * kill));
        rig.central.kill();
        rig.central.up();
    }
    rig.until_waiting(0);
    rig.assert_once(&codes);
}

#[test]
fn a_case_that_is_refused_holds_no_other_up_and_is_shown_with_their_words() {
    let rig = Rig::using(false, true);
    rig.ministry.state().refuses.insert("Bị Từ Chối".to_owned());
    let refused = rig.receives("Bị Từ Chối", &json!({}));
    let codes = rig.many(3);
    rig.sends();
    rig.until_waiting(1);
    rig.assert_once(&codes);
    let told: Value = rig.central.run(&["operations"]).json();
    let refusal = &told["ministry"]["refusals"][0];
    assert_eq!(
        (&refusal["case"], &refusal["code"]),
        (&json!(refused), &json!("PORTAL_REFUSED"))
    );
    let detail = refusal["detail"].as_str().unwrap();
    assert!(detail.contains("Dữ liệu không hợp lệ"), "{detail}");
    assert!(
        refusal["text"].as_str().unwrap().contains("của bộ"),
        "{refusal}"
    );
    rig.ministry.state().refuses.clear();
    rig.central.run(&["portal-retry"]).json();
    rig.until_waiting(0);
}

#[test]
fn an_office_that_changes_its_system_has_its_cases_told_there_too_and_nothing_more_here() {
    let mut rig = Rig::using(true, false);
    let codes = rig.many(3);
    rig.sends();
    rig.until_waiting(0);
    assert_eq!(rig.portal.state().cases.len(), 3);
    assert_eq!(rig.ministry.state().cases.len(), 0);
    // The files say otherwise now.
    let at = rig.portal.address();
    rig.portal.settings(rig.folder.path(), at, &[OTHER]);
    rig.ministry.settings(rig.folder.path(), &[&rig.office]);
    assert!(rig.central.stop());
    rig.central.up();
    rig.until_waiting(0);
    rig.assert_once(&codes);
    let before = rig.portal.state().calls;
    rig.acts(&codes[0], "case.withdraw", &json!({"reason": "Đổi ý"}));
    rig.sends();
    rig.until_waiting(0);
    assert_eq!(rig.ministry.state().statuses[&codes[0]], "7");
    assert_eq!(rig.portal.state().calls, before, "it is told nothing more");
    // And back: what happened meanwhile is told.
    rig.portal.settings(rig.folder.path(), at, &[&rig.office]);
    rig.ministry.settings(rig.folder.path(), &[OTHER]);
    assert!(rig.central.stop());
    rig.central.up();
    rig.until_waiting(0);
    let portal = rig.portal.state();
    assert_eq!(portal.cases[&codes[0]]["TrangThaiHoSo"], "7");
    assert_eq!(portal.taken_in.len(), 3, "each taken in once");
}

#[test]
fn what_is_wrong_with_the_settings_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = MinistrySimulator::start();
    let central = Central::start();
    let file = simulator.settings(folder.path(), &["H1"]);
    let good: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (field, value, named) in [
        (
            "token_url",
            json!("http://lgsp.example/token"),
            "without TLS",
        ),
        ("base_url", json!("https://lgsp.example/"), "authority"),
        ("client_secret_file", json!("nowhere"), "nowhere"),
        ("retry_cap_s", json!(0), "retry_cap_s"),
        ("data", json!("ministry-secret"), "data of the ministry"),
        ("surprise", json!(1), "surprise"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        std::fs::write(&file, bad.to_string()).unwrap();
        let tls = folder.path().join("tls");
        let args = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--dev-tls",
            tls.to_str().unwrap(),
            "--ministry",
            file.to_str().unwrap(),
        ];
        let ran = central.run(&args);
        assert_eq!(ran.code, Some(1), "{field}");
        assert!(ran.err.contains(named), "{field}: {}", ran.err);
        assert!(!ran.err.contains("bí mật"), "{}", ran.err);
    }
}
