//! Looking people and enterprises up from the desk: a real branch, the real central with a real
//! PostgreSQL, and a SIMULATOR of the registers. Whatever the register does, the desk goes on and the
//! record says how it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::time::{Duration, Instant};

use motcua_testkit::{
    branch::{case, id},
    central::Central,
    program::Program,
};
use motcua_tests::register_simulator::RegisterSimulator;
use serde_json::{Value, json};
use tempfile::TempDir;

const NUMBER: &str = "001190000001";

struct Rig {
    registers: RegisterSimulator,
    central: Central,
    desk: Program,
    office: String,
    _folder: TempDir,
}

impl Rig {
    fn new(per_day: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Program::new(Program::beside_tests(), folder.path());
        desk.run(&["--json", "demo"]).json();
        let office = id(&desk.answer("sync.status", &json!({}))["office"]);
        let registers = RegisterSimulator::start();
        registers.state().citizens.insert(
            NUMBER.to_owned(),
            json!({"SoDinhDanh": NUMBER, "HoTen": "LÒ THỊ MAI", "NgaySinh": "19900201", "GioiTinh": "Nữ", "NoiThuongTru": "Bản Mòng, xã Chiềng Sinh, Sơn La"}),
        );
        registers.state().enterprises.insert(
            "0100109106".to_owned(),
            json!({"MaSoDoanhNghiep": "0100109106", "TenDoanhNghiep": "Công ty TNHH Ánh Dương", "DiaChiTruSo": "1 Lê Lợi, Hà Nội", "NguoiDaiDien": "Ỷ Lan"}),
        );
        let file = registers.settings(folder.path(), &[&office], per_day);
        let central = Central::start_with(&["--lookups", file.to_str().unwrap()]);
        central.enrol(&desk, &office);
        Self {
            registers,
            central,
            desk,
            office,
            _folder: folder,
        }
    }

    fn asks(&self) -> Value {
        self.desk.answer(
            "citizen.look_up",
            &json!({"party": {"kind": "individual", "name": "Lò Thị Mai", "id_number": NUMBER, "phone": "0912345678"}}),
        )
    }

    /// What the record of a case that is received now says.
    fn record(&self) -> Value {
        let code = id(&self.desk.answer("case.receive", &case())["case_code"]);
        self.desk.answer("case.get", &json!({"code": code}))["case"]["look_up"].clone()
    }

    fn audit(&self, more: &[&str]) -> Vec<Value> {
        let ran = self.central.run(&[&["look-ups"], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let lines = ran.out.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        lines.map(|l| serde_json::from_slice(l).unwrap()).collect()
    }
}

#[test]
fn the_register_answers_and_the_officer_sees_where_it_differs() {
    let rig = Rig::new(100);
    assert_eq!(rig.record()["outcome"], "not_asked", "nobody asked yet");
    let told = rig.asks();
    assert_eq!(told["outcome"], "found", "{told}");
    let fields: Vec<&str> = told["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["field"].as_str().unwrap())
        .collect();
    // Capitals are no difference.
    assert_eq!(fields, ["birth_date", "sex", "address"]);
    assert_eq!(told["filled"]["birth_date"], "1990-02-01");
    assert_eq!(
        told["filled"]["phone"], "0912345678",
        "what it does not say stays"
    );
    let record = rig.record();
    assert_eq!(record["outcome"], "found", "{record}");
    assert_eq!(record["register"], "citizen");
    assert!(record["at_ms"].is_i64() && record["by"].is_string());
    // The register was told who asks and why, and the question has one name in both audits.
    let asked = rig.registers.state().asked[0].clone();
    let lines = rig.audit(&[]);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["id"], asked["MaYeuCau"]);
    assert_eq!(
        (&asked["MaDonVi"], &asked["MucDich"], &asked["MaCanBo"]),
        (
            &json!(format!("DV-{}", rig.office)),
            &json!("TIEP_NHAN_HO_SO"),
            &lines[0]["officer"]
        )
    );
    assert_eq!(lines[0]["purpose"], "reception");
    assert_eq!(lines[0]["outcome"], "found");
    // An enterprise, by its own verb.
    let told = rig.desk.answer(
        "enterprise.look_up",
        &json!({"party": {"kind": "enterprise", "name": "", "id_number": "0100109106"}}),
    );
    assert_eq!(told["filled"]["name"], "Công ty TNHH Ánh Dương", "{told}");
    assert_eq!(told["filled"]["representative"], "Ỷ Lan");
    // A number that it does not have.
    let told = rig.desk.answer(
        "citizen.look_up",
        &json!({"party": {"kind": "individual", "name": "X", "id_number": "001190000009"}}),
    );
    assert_eq!(told["outcome"], "not_found");
    assert_eq!(told.get("filled"), None);
}

#[test]
fn whatever_the_register_does_the_desk_goes_on_and_the_record_says_so() {
    let mut rig = Rig::new(100);
    let unavailable = |rig: &Rig, code: &str| {
        let told = rig.asks();
        assert_eq!(
            (&told["outcome"], &told["code"]),
            (&json!("unavailable"), &json!(code))
        );
        assert!(
            told["message"].as_str().unwrap().contains("làm tiếp"),
            "{told}"
        );
        let record = rig.record();
        assert_eq!(
            (&record["outcome"], &record["code"]),
            (&json!("unavailable"), &json!(code))
        );
    };
    rig.registers.state().down = true;
    unavailable(&rig, "REGISTER_AWAY");
    let told: Value = rig.central.run(&["operations"]).json();
    let state = &told["lookups"][0];
    assert_eq!(state["code"], "REGISTER_AWAY", "{told}");
    assert!(state["away_since"].is_string());
    rig.registers.state().down = false;
    rig.registers.state().busy = true;
    unavailable(&rig, "REGISTER_BUSY");
    rig.registers.state().busy = false;
    // Somebody else's record is no answer, and is not shown.
    rig.registers.state().citizens.insert(
        "001190000005".to_owned(),
        json!({"SoDinhDanh": "001190000005", "HoTen": "Người Khác"}),
    );
    rig.registers.state().mixes_up = true;
    unavailable(&rig, "REGISTER_STRANGE");
    rig.registers.state().mixes_up = false;
    // Silence: nobody at a counter waits for longer than a few seconds.
    rig.registers.state().slow = Some(Duration::from_secs(30));
    let began = Instant::now();
    unavailable(&rig, "REGISTER_AWAY");
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    rig.registers.state().slow = None;
    // The token ran out: asked once more with a new one, and nobody notices.
    rig.registers.state().token_runs_out();
    assert_eq!(rig.asks()["outcome"], "found");
    let told: Value = rig.central.run(&["operations"]).json();
    assert_eq!(told["lookups"][0]["away_since"], Value::Null, "{told}");
    // No central at the other end.
    rig.central.kill();
    unavailable(&rig, "LOOKUP_NO_LINE");
}

#[test]
fn an_office_asks_as_often_as_it_may_and_each_question_stands_in_the_audit() {
    let rig = Rig::new(2);
    assert_eq!(rig.asks()["outcome"], "found");
    assert_eq!(rig.asks()["outcome"], "found");
    let told = rig.asks();
    assert_eq!(told["code"], "LOOKUP_QUOTA", "{told}");
    assert_eq!(
        rig.registers.state().asked.len(),
        2,
        "nobody is asked beyond it"
    );
    let lines = rig.audit(&["--office", &rig.office]);
    let outcomes: Vec<&str> = lines
        .iter()
        .map(|l| l["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["unavailable", "found", "found"]);
    // The other register has a quota of its own.
    let told = rig.desk.answer(
        "enterprise.look_up",
        &json!({"party": {"kind": "enterprise", "name": "", "id_number": "0100109106"}}),
    );
    assert_eq!(told["outcome"], "found");
    assert_eq!(rig.audit(&["--number", NUMBER]).len(), 3);
    assert_eq!(rig.audit(&["--number", "001190000002"]).len(), 0);
}

#[test]
fn nothing_of_a_person_is_kept_at_central_or_in_any_log() {
    let rig = Rig::new(100);
    assert_eq!(rig.asks()["outcome"], "found");
    let kept = rig
        .central
        .postgres
        .query("SELECT look_up::text, look_up_line::text FROM look_up, look_up_line");
    let said = rig.central.said();
    for personal in [NUMBER, "Mai", "MAI", "1990", "Mòng"] {
        assert!(!kept.contains(personal), "{personal}: {kept}");
        assert!(!said.contains(personal), "{personal}: {said}");
    }
    // At the desk it is an event without content.
    let synced = rig.desk.run(&["sync", "--once"]).json();
    assert_eq!(synced["unsent"], 0, "{synced}");
    let body = rig
        .central
        .postgres
        .query("SELECT convert_from(body, 'UTF8') FROM event_log WHERE kind = 'person.looked_up'");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        json!({"register": "citizen", "purpose": "reception", "outcome": "found"})
    );
}

#[test]
fn without_central_or_outside_its_list_the_desk_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Program::new(Program::beside_tests(), folder.path());
    desk.run(&["--json", "demo"]).json();
    let ask = json!({"party": {"kind": "individual", "name": "Lò Thị Mai", "id_number": NUMBER}});
    let told = desk.answer("citizen.look_up", &ask);
    assert_eq!(told["code"], "LOOKUP_NO_CENTRAL", "{told}");
    let office = id(&desk.answer("sync.status", &json!({}))["office"]);
    let central = Central::start();
    central.enrol(&desk, &office);
    let told = desk.answer("citizen.look_up", &ask);
    assert_eq!(told["code"], "LOOKUP_OFF", "{told}");
    // What cannot be asked for is refused, with the field.
    for (party, field) in [
        (
            json!({"kind": "individual", "name": "X"}),
            "party.id_number",
        ),
        (
            json!({"kind": "individual", "name": "X", "id_number": "C1234567"}),
            "party.id_number",
        ),
        (
            json!({"kind": "agency", "name": "X", "id_number": "0100109106"}),
            "party.kind",
        ),
    ] {
        let ask = json!({"party": party}).to_string();
        let refused = desk.run(&["do", "citizen.look_up", &ask]).error();
        assert_eq!(refused["field"], field, "{refused}");
    }
}
