//! Onwards to the national portal: a real branch, the real central with a real PostgreSQL, and a
//! SIMULATOR of the portal. What the branch received is there exactly once in effect, whatever
//! happens on the way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{
    collections::BTreeSet,
    fs, thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{case, id},
    central::Central,
    program::Program,
    proxy::{Proxy, Weather},
};
use motcua_tests::{pdf::pdf, portal_simulator::Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A branch that sends to a central that tells the simulator, through a line that can be cut.
struct Rig {
    simulator: Simulator,
    line: Proxy,
    central: Central,
    desk: Program,
    office: String,
    _folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Program::new(Program::beside_tests(), folder.path());
        desk.run(&["--json", "demo"]).json();
        let office = id(&desk.answer("sync.status", &json!({}))["office"]);
        let simulator = Simulator::start();
        let line = Proxy::before(simulator.address()).unwrap();
        let settings = simulator.settings(folder.path(), line.address(), &[&office]);
        let central = Central::start_with(&["--portal", settings.to_str().unwrap()]);
        central.enrol(&desk, &office);
        Self {
            simulator,
            line,
            central,
            desk,
            office,
            _folder: folder,
        }
    }

    /// A case of that person; its code.
    fn receives(&self, name: &str) -> String {
        self.receives_with(name, json!({}))
    }

    fn receives_with(&self, name: &str, more: Value) -> String {
        let mut args = case();
        args["applicant"]["name"] = json!(name);
        for (field, value) in more.as_object().unwrap() {
            args[field] = value.clone();
        }
        id(&self.desk.answer("case.receive", &args)["case_code"])
    }

    fn got(&self, code: &str) -> Value {
        self.desk.answer("case.get", &json!({"code": code}))
    }

    /// Something is done with a case.
    fn acts(&self, code: &str, verb: &str, more: Value) {
        let got = self.got(code);
        let mut args = json!({"id": got["case_id"], "expected": got["revision"]});
        for (field, value) in more.as_object().unwrap() {
            args[field] = value.clone();
        }
        self.desk.answer(verb, &args);
    }

    /// A file comes to a case, from the tray.
    fn attaches(&self, code: &str, more: Value) {
        let case = json!({"case_id": self.got(code)["case_id"]});
        let tray = self.desk.data().join("scan-tray");
        fs::create_dir_all(&tray).unwrap();
        let listed = self.got(code)["case"].to_string();
        // A name of its own: the last file may still be on its way out of the tray. And a
        // content of its own: the same file goes to a paper once.
        let nth = listed.matches("\"blob\"").count();
        let content = pdf(9_000 + u32::try_from(nth).unwrap());
        fs::write(tray.join(format!("0190{nth:02}.pdf")), content).unwrap();
        let page = self.desk.answer("scan.get", &case)["pages"][0]["id"].clone();
        let bind = json!({"case_id": case["case_id"], "pages": [page]});
        let blob = self.desk.answer("scan.bind", &bind);
        let mut args = json!({"id": case["case_id"], "blob": blob});
        for (field, value) in more.as_object().unwrap() {
            args[field] = value.clone();
        }
        self.desk.answer("case.attach", &args);
    }

    /// Name of an officer, as the branch says it.
    fn name_of(&self, officer: &Value) -> Value {
        let branch = self.desk.answer("branch.get", &json!({}));
        let officers = branch["branch"]["officers"].as_array().unwrap();
        let found = officers.iter().find(|o| o["id"] == *officer);
        found.unwrap()["name"].clone()
    }

    fn many(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|n| self.receives(&format!("Đặng Văn Đức {n}")))
            .collect()
    }

    fn sends(&self) {
        let synced = self.desk.run(&["sync", "--once"]).json();
        assert_eq!(synced["unsent"], 0, "{synced}");
    }

    fn waiting(&self) -> u64 {
        let sql = "SELECT count(*) FROM downstream_case WHERE waiting";
        self.central.postgres.query(sql).parse().unwrap()
    }

    /// Until nothing but so many cases waits.
    #[track_caller]
    fn until_waiting(&self, count: u64) {
        self.until(&format!("{count} waiting"), || self.waiting() == count);
    }

    #[track_caller]
    fn until(&self, what: &str, mut is: impl FnMut() -> bool) {
        let until = Instant::now() + Duration::from_secs(60);
        while !is() {
            assert!(
                Instant::now() < until,
                "{what}: {}\n{}",
                self.central
                    .postgres
                    .query("SELECT code, detail, tries, next_at - now(), claimed_until - now() FROM downstream_case WHERE waiting LIMIT 5"),
                self.central.postgres.query("SELECT * FROM downstream_line"),
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Exactly these cases are there, each taken in once, told of by one at a time, and each turn
    /// stands there once.
    #[track_caller]
    fn assert_once(&self, codes: &[String]) {
        let portal = self.simulator.state();
        let expected: BTreeSet<&String> = codes.iter().collect();
        assert_eq!(portal.cases.keys().collect::<BTreeSet<_>>(), expected);
        assert_eq!(portal.taken_in.iter().collect::<BTreeSet<_>>(), expected);
        assert_eq!(portal.taken_in.len(), codes.len(), "taken in once");
        assert_eq!(portal.turns.len(), codes.len(), "one turn of each");
        let turns: BTreeSet<&str> = portal
            .turns
            .iter()
            .map(|t| t["MaHoSo"].as_str().unwrap())
            .collect();
        assert_eq!(turns.len(), codes.len());
        assert_eq!(portal.most_at_once, 1, "a case is told of by one at a time");
    }
}

#[test]
fn a_case_is_told_as_it_is_and_nothing_is_made_up() {
    let rig = Rig::new();
    let received = rig.receives_with(
        "Lò Thị Mai",
        json!({"fee": {"amount": 50_000, "method": "cash"}, "notes": "không gửi đi"}),
    );
    let returned = rig.receives_with("Ỷ Lan", json!({"instant": true, "return_method": "online"}));
    let company = rig.receives_with(
        "x",
        json!({"applicant": {"kind": "household_business", "name": "Hộ kinh doanh Ánh"}, "return_method": "post", "return_address": "1 Lê Lợi"}),
    );
    rig.sends();
    rig.until_waiting(0);
    let portal = rig.simulator.state();
    let record = &portal.cases[&received];
    let got = rig.desk.answer("case.get", &json!({"code": received}));
    let time = |rfc: &Value| {
        // The demo branch's clocks are Vietnam's.
        let rfc = rfc.as_str().unwrap();
        assert!(rfc.ends_with("+07:00"), "{rfc}");
        rfc[..19].replace(['-', ':', 'T'], "")
    };
    assert_eq!(record["TrangThaiHoSo"], "2");
    assert_eq!(record["KenhThucHien"], "1");
    assert_eq!(record["LoaiDoiTuong"], "1");
    assert_eq!(record["HinhThuc"], "0");
    assert_eq!(record["DonViXuLy"], "Cơ quan thử");
    assert_eq!(
        record["DinhDanhCHS"],
        json!([{"LoaiDinhDanh": "1", "SoDinhDanh": "001190000001"}])
    );
    assert_eq!(record["DanhSachLePhi"], json!([{"Gia": "50000"}]));
    assert_eq!(record["DuocThanhToanTrucTuyen"], "0", "paid at the desk");
    assert_eq!(record["NgayTiepNhan"], time(&got["received_at"]));
    assert_eq!(record["NgayHenTra"], time(&got["due_at"]));
    for not_yet in [
        "NgayTra",
        "NgayKetThucXuLy",
        "NgayTuChoi",
        "GhiChu",
        "TaiLieuNop",
        "DanhSachHoSoBoSung",
        "DanhSachGiayToKetQua",
        "MaDoiTuong",
    ] {
        assert_eq!(record.get(not_yet), None, "{not_yet}");
    }
    let procedure = &got["case"]["procedure"]["code"];
    let procedure = rig
        .desk
        .answer("catalogue.get", &json!({"code": procedure}));
    assert_eq!(record["TenLinhVuc"], procedure["field_name"]);
    assert_eq!(record.get("MaLinhVuc"), None, "this catalogue has no code");
    assert_eq!(record["HoSoCoThanhPhanSoHoa"], "0", "nothing was scanned");
    let at_once = &portal.cases[&returned];
    assert_eq!(at_once["TrangThaiHoSo"], "10");
    assert_eq!(at_once["NgayTra"], at_once["NgayTiepNhan"]);
    assert_eq!(at_once.get("HinhThuc"), None, "their list has no such way");
    assert_eq!(at_once.get("DuocThanhToanTrucTuyen"), None);
    let household = &portal.cases[&company];
    assert_eq!(household["ChuHoSo"], "Hộ kinh doanh Ánh");
    assert_eq!(
        household.get("LoaiDoiTuong"),
        None,
        "their list has no such kind"
    );
    assert_eq!(household.get("DinhDanhCHS"), None, "no number is no number");
    assert_eq!(household["HinhThuc"], "1");
    let turn = portal
        .turns
        .iter()
        .find(|t| t["MaHoSo"] == received.as_str())
        .unwrap();
    assert_eq!(turn["TrangThai"], "2");
    assert_eq!(turn["NoiDungXuLy"], "Được tiếp nhận");
    // By the name under which the branch knows them, and never by their id.
    assert_eq!(turn["NguoiXuLy"], rig.name_of(&got["case"]["officer"]));
    assert_ne!(turn["NguoiXuLy"], got["case"]["officer"]);
    assert_eq!(turn["ThoiDiemXuLy"], record["NgayTiepNhan"]);
    assert_eq!(turn["NgayKetThucTheoQuyDinh"], record["NgayHenTra"]);
    drop(portal);
    // Whose name no log here says is left out.
    rig.central
        .postgres
        .query("UPDATE branch SET officers = '{}'");
    rig.acts(&received, "case.withdraw", json!({"reason": "Đổi ý"}));
    rig.sends();
    rig.until_waiting(0);
    let portal = rig.simulator.state();
    let last = portal.turns.last().unwrap();
    assert_eq!(
        (&last["MaHoSo"], &last["TrangThai"]),
        (&json!(received), &json!("7"))
    );
    assert_eq!(last.get("NguoiXuLy"), None, "{last}");
}

#[test]
fn papers_supplements_and_results_are_told_as_they_were_recorded() {
    let rig = Rig::new();
    let code = rig.receives("Lò Thị Mai");
    rig.attaches(&code, json!({"paper": {"to": "paper", "index": 0}}));
    rig.attaches(
        &code,
        json!({"paper": {"to": "paper", "index": 1}, "origin": "original"}),
    );
    rig.attaches(&code, json!({"paper": {"to": "paper", "index": 2}}));
    rig.attaches(
        &code,
        json!({"paper": {"to": "other", "name": "Giấy ủy quyền"}}),
    );
    let files = rig.got(&code)["case"]["attachments"].clone();
    let wrong = json!({"id": rig.got(&code)["case_id"], "attachment": files[2]["id"], "reason": "Nhầm giấy"});
    rig.desk.answer("case.detach", &wrong);
    let before = rig.got(&code);
    let wanted = json!({
        "papers": [{"index": 1, "name": files[1]["name"], "originals": 1}],
        "content": "Ghi rõ địa chỉ", "reason": "Thiếu chữ ký",
    });
    rig.acts(&code, "case.request_supplement", wanted);
    rig.sends();
    rig.until_waiting(0);
    let asked = rig.simulator.state().cases[&code].clone();
    let one = |nth: usize, digitised: Option<&str>, reused: &str, gone: &str| {
        let mut told = json!({
            "TepDinhKemId": files[nth]["id"], "TenTepDinhKem": files[nth]["name"],
            "IsDeleted": gone, "DuocTaiSuDung": reused,
        });
        if let Some(digitised) = digitised {
            told["DuocSoHoa"] = json!(digitised);
        }
        if digitised != Some("0") {
            told["DuocLayTuKhoDMQG"] = json!("0");
        }
        told
    };
    assert_eq!(
        asked["TaiLieuNop"],
        json!([
            one(0, Some("1"), "0", "0"),
            one(1, Some("0"), "0", "0"),
            one(2, Some("1"), "0", "1")
        ])
    );
    assert_eq!(
        asked["DanhSachTepDinhKemKhac"],
        json!([{"TenGiayTo": "Giấy ủy quyền", "SoLuong": "1"}])
    );
    assert_eq!(asked["HoSoCoThanhPhanSoHoa"], "1");
    let supplement = &asked["DanhSachHoSoBoSung"][0];
    let text = supplement["NoiDungBoSung"].as_str().unwrap();
    let paper = files[1]["name"].as_str().unwrap();
    assert_eq!(
        text,
        format!("Ghi rõ địa chỉ\nGiấy tờ: {paper}\nLý do: Thiếu chữ ký")
    );
    let time = |rfc: &Value| json!(rfc.as_str().unwrap()[..19].replace(['-', ':', 'T'], ""));
    assert_eq!(supplement["NgayHenTraTruoc"], time(&before["due_at"]));
    let officer = rig.name_of(&before["case"]["officer"]);
    assert_eq!(supplement["NguoiYeuCauBoSung"], officer);
    for not_yet in [
        "NgayTiepNhanBoSung",
        "NguoiTiepNhanBoSung",
        "NgayHenTraMoi",
        "TrangThaiBoSung",
    ] {
        assert_eq!(supplement.get(not_yet), None, "{not_yet}");
    }
    assert_eq!(
        asked["NgayHenTra"],
        time(&before["due_at"]),
        "as promised at reception"
    );

    rig.acts(
        &code,
        "case.complete_supplement",
        json!({"note": "không gửi đi"}),
    );
    let complete = rig.got(&code);
    rig.acts(
        &code,
        "case.receive_result",
        json!({"result": {"kind": "Quyết định công nhận", "number": "12/QĐ"}}),
    );
    rig.sends();
    rig.until_waiting(0);
    let told = rig.simulator.state().cases[&code].clone();
    let supplement = &told["DanhSachHoSoBoSung"][0];
    assert_eq!(supplement["NgayHenTraMoi"], time(&complete["due_at"]));
    assert_eq!(supplement["NguoiTiepNhanBoSung"], officer);
    assert!(!told.to_string().contains("không gửi đi"), "{told}");
    assert_eq!(
        told["DanhSachGiayToKetQua"],
        json!([{"TenGiayTo": "Quyết định công nhận"}])
    );
    // Its file, with a code that stands on it; one that the desk made is nobody else's.
    rig.attaches(
        &code,
        json!({"paper": {"to": "result"}, "code": "H99.12.2026.000123"}),
    );
    rig.attaches(&code, json!({"paper": {"to": "result"}}));
    rig.sends();
    rig.until_waiting(0);
    let told = rig.simulator.state().cases[&code].clone();
    let files = rig.got(&code)["case"]["attachments"].clone();
    let results: Vec<&Value> = (files.as_array().unwrap().iter())
        .filter(|f| f["paper"]["to"] == "result")
        .collect();
    let name = "Quyết định công nhận";
    assert_eq!(
        told["DanhSachGiayToKetQua"],
        json!([{"TenGiayTo": name, "GiayToId": results[0]["id"], "MaGiayToKetQua": "H99.12.2026.000123"}, {"TenGiayTo": name, "GiayToId": results[1]["id"]}])
    );

    // What was given once is not asked for again, and said to be so.
    let offered = rig.desk.answer("case.reusable", &json!({"id_number": "001190000001", "procedure_code": before["case"]["procedure"]["code"]}));
    let first = offered
        .as_array()
        .unwrap()
        .iter()
        .find(|o| o["index"] == 0)
        .unwrap();
    let reuse =
        json!([{"index": 0, "case_id": first["case_id"], "attachment": first["attachment"]}]);
    let again = rig.receives_with(
        "Lò Thị Mai",
        json!({"papers": [{"index": 1, "originals": 1}], "missing_ground": "Công dân bổ sung sau", "reuse": reuse}),
    );
    rig.sends();
    rig.until_waiting(0);
    let told = rig.simulator.state().cases[&again].clone();
    let reused = &told["TaiLieuNop"][0];
    assert_eq!(
        (&reused["DuocTaiSuDung"], &reused["DuocLayTuKhoDMQG"]),
        (&json!("1"), &json!("0"))
    );
    assert_eq!(reused.get("DuocSoHoa"), None, "the earlier case knows");
    assert_eq!(told.get("HoSoCoThanhPhanSoHoa"), None, "{told}");
}

#[test]
fn answers_that_get_lost_and_sessions_that_run_out_leave_each_case_there_once() {
    let rig = Rig::new();
    {
        let mut portal = rig.simulator.state();
        portal.lose_every = 3;
        portal.session_calls = 4;
    }
    let codes = rig.many(12);
    rig.sends();
    rig.until_waiting(0);
    rig.assert_once(&codes);
    let portal = rig.simulator.state();
    assert!(portal.logins > 3, "{} logins", portal.logins);
    drop(portal);
    // In calm weather, with a session that stands: nothing new leaves nothing to tell, and the
    // next case goes alone, taken in and its one turn told.
    {
        let mut portal = rig.simulator.state();
        (portal.lose_every, portal.session_calls) = (0, 0);
    }
    let calm = rig.many(1);
    rig.sends();
    rig.until_waiting(0);
    let before = rig.simulator.state().calls;
    rig.sends();
    assert_eq!(rig.waiting(), 0);
    let more = rig.many(1);
    rig.sends();
    rig.until_waiting(0);
    rig.assert_once(&[codes, calm, more].concat());
    assert_eq!(rig.simulator.state().calls - before, 2);
}

#[test]
fn a_portal_that_is_away_for_long_keeps_nobody_waiting_and_gets_everything_afterwards() {
    let rig = Rig::new();
    rig.line.set(Weather::Reset);
    let mut codes = rig.many(5);
    rig.sends();
    let away = || {
        rig.central
            .postgres
            .query("SELECT tries FROM downstream_line WHERE since IS NOT NULL")
    };
    rig.until("tried", || away().parse::<u32>().is_ok_and(|n| n >= 3));
    // Whoever is away in another way is as much away.
    rig.line.set(Weather::Clear);
    rig.simulator.state().down = true;
    codes.extend(rig.many(4));
    rig.sends();
    let tries: u32 = away().parse().unwrap();
    rig.until("tried again", || {
        away().parse::<u32>().is_ok_and(|n| n >= tries + 2)
    });
    assert_eq!(rig.waiting(), 9);
    let told: Value = rig.central.run(&["operations"]).json();
    assert_eq!(told["portal"]["line"]["code"], "PORTAL_AWAY", "{told}");
    assert!(told["portal"]["line"]["away_since"].is_string());
    assert_eq!(
        (&told["portal"]["waiting"], &told["portal"]["refused"]),
        (&json!(9), &json!(0))
    );
    // Central is not held up by it: the branch has sent everything, as if nothing were wrong.
    assert_eq!(rig.simulator.state().cases.len(), 0);
    rig.simulator.state().down = false;
    rig.until_waiting(0);
    rig.assert_once(&codes);
    let told: Value = rig.central.run(&["operations"]).json();
    assert_eq!(told["portal"]["line"]["away_since"], Value::Null, "{told}");
}

#[test]
fn a_case_that_is_refused_and_one_that_fells_the_portal_hold_no_other_up() {
    let rig = Rig::new();
    rig.simulator
        .state()
        .refuses
        .insert("Bị Từ Chối".to_owned());
    let refused = rig.receives("Bị Từ Chối");
    let felling = rig.receives("Làm Sập");
    rig.simulator.state().felled_by.insert(felling.clone());
    let mut codes = rig.many(8);
    rig.sends();
    rig.until_waiting(2);
    rig.assert_once(&codes);
    let told: Value = rig.central.run(&["operations"]).json();
    let refusal = &told["portal"]["refusals"][0];
    assert_eq!(told["portal"]["refused"], 1, "{told}");
    assert_eq!(
        (&refusal["case"], &refusal["code"]),
        (&json!(refused), &json!("PORTAL_REFUSED"))
    );
    assert!(
        refusal["detail"]
            .as_str()
            .unwrap()
            .contains("Dữ liệu không hợp lệ"),
        "{refusal}"
    );
    // Put right over there, and told again at once when a person says so.
    rig.simulator.state().refuses.clear();
    rig.simulator.state().felled_by.clear();
    rig.central.run(&["portal-retry"]).json();
    rig.until_waiting(0);
    codes.extend([refused, felling]);
    rig.assert_once(&codes);
}

#[test]
fn central_killed_at_any_moment_tells_each_case_once() {
    let mut rig = Rig::new();
    rig.simulator.state().lose_every = 5;
    let mut codes = Vec::new();
    for kill in 0..5_u64 {
        codes.extend(rig.many(4));
        rig.sends();
        // Somewhere in the middle of telling, each time a little later.
        thread::sleep(Duration::from_millis(15 * kill));
        rig.central.kill();
        rig.central.up();
    }
    rig.until_waiting(0);
    rig.assert_once(&codes);
    assert!(rig.central.stop(), "it ends when asked to");
}

#[test]
fn two_copies_of_central_share_the_work_and_tell_each_case_once() {
    let rig = Rig::new();
    let copy = rig.central.copy();
    rig.simulator.state().session_calls = 7;
    let codes = rig.many(16);
    rig.sends();
    rig.until_waiting(0);
    rig.assert_once(&codes);
    drop(copy);
    // What is left of an interrupted copy is taken over.
    let sql = format!(
        "UPDATE downstream_case SET told = NULL, waiting = true, known = false, claim = gen_random_uuid(), claimed_until = now() + interval '2 seconds' \
         WHERE id = (SELECT id FROM case_file WHERE code = '{}')",
        codes[0]
    );
    rig.central.postgres.query(&sql);
    rig.central.postgres.query("DELETE FROM downstream_turn");
    rig.until_waiting(0);
    rig.assert_once(&codes);
}

#[test]
fn offices_that_the_portal_does_not_know_and_codes_that_stand_twice_wait_for_a_person() {
    let rig = Rig::new();
    let code = rig.receives("Lò Thị Mai");
    rig.sends();
    rig.until_waiting(0);
    // Another office's case bears the same code: its own record there must not be overwritten.
    rig.central
        .postgres
        .query("INSERT INTO office(code) VALUES('H00.unknown')");
    rig.central.postgres.query(&format!(
        "INSERT INTO case_file(office_id, id, code, procedure, status, received_ms, doc)
         SELECT office_id, gen_random_uuid(), code, procedure, status, received_ms, doc FROM case_file WHERE code = '{code}'"
    ));
    rig.central
        .postgres
        .query("UPDATE downstream_case SET told = NULL, waiting = true, known = false");
    let reason = || {
        rig.central
            .postgres
            .query("SELECT code FROM downstream_case WHERE waiting")
    };
    rig.until("held", || reason() == "CODE_TWICE");
    rig.central.postgres.query(&format!(
        "DELETE FROM case_file WHERE code = '{code}' AND id NOT IN (SELECT id FROM downstream_case)"
    ));
    // An office that the settings do not name.
    rig.central.postgres.query(&format!(
        "UPDATE office SET code = 'H00.other' WHERE code = '{}'",
        rig.office
    ));
    rig.central.run(&["portal-retry"]).json();
    rig.until("held", || reason() == "OFFICE_UNMAPPED");
    // One line for the office on the operators' page, however many of its cases wait, and one in
    // the log, however often they are tried.
    for _ in 0..3 {
        rig.central.run(&["portal-retry"]).json();
        let tries = "SELECT min(tries) FROM downstream_case WHERE waiting";
        rig.until("tried", || {
            rig.central
                .postgres
                .query(tries)
                .parse::<u32>()
                .is_ok_and(|n| n > 0)
        });
    }
    let told: Value = rig.central.run(&["operations"]).json();
    assert_eq!(told["portal"]["refusals"], json!([]), "{told}");
    let office = &told["portal"]["unmapped"][0];
    assert_eq!(
        (&office["office"], &office["cases"]),
        (&json!("H00.other"), &json!(1))
    );
    assert_eq!(told["portal"]["refused"], 1);
    let said = rig.central.said();
    assert_eq!(
        said.matches("the settings do not name an office").count(),
        1,
        "{said}"
    );
    rig.central.postgres.query(&format!(
        "UPDATE office SET code = '{}' WHERE code = 'H00.other'",
        rig.office
    ));
    rig.central.run(&["portal-retry"]).json();
    rig.until_waiting(0);
    rig.assert_once(&[code]);
}

#[test]
fn what_is_wrong_with_the_settings_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start();
    let central = Central::start();
    let file = simulator.settings(folder.path(), simulator.address(), &["H1"]);
    let good: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (field, value, named) in [
        (
            "login_url",
            json!("http://portal.example/login"),
            "without TLS",
        ),
        ("service_url", json!("https://portal.example/"), "authority"),
        ("service_url", json!("ftp://portal.example/"), "https"),
        ("password_file", json!("nowhere"), "nowhere"),
        ("patience_s", json!(0), "patience_s"),
        ("data", json!("portal-password"), "data of the portal"),
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
            "--portal",
            file.to_str().unwrap(),
        ];
        let ran = central.run(&args);
        assert_eq!(ran.code, Some(1), "{field}");
        assert!(ran.err.contains(named), "{field}: {}", ran.err);
        assert!(!ran.err.contains("mật khẩu"), "{}", ran.err);
    }
}
