//! Branches and central as real processes: dark for a while, killed, cut off, restored. In the end
//! both print the same bytes.
//!
//! `MOTCUA_KILLS` says how often central and its database are killed in the test that kills them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use motcua_testkit::{
    branch::{SERVICE, case, id},
    central::Central,
    program::Program,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Agency code of the demo branch.
fn office(program: &Program) -> String {
    id(&status(program)["office"])
}

/// One machine.
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

    fn demo() -> Self {
        let machine = Self::new();
        machine.program.run(&["--json", "demo"]).json();
        machine
    }

    /// Its folder as a backup has it: copied whole, put back whole.
    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.folder.path().join(from), self.folder.path().join(to));
        fs::remove_dir_all(&to).ok();
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    }
}

fn status(program: &Program) -> Value {
    program.answer("sync.status", &json!({}))
}

fn dump(program: &Program) -> String {
    let ran = program.run(&["dump"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    String::from_utf8(ran.out).unwrap()
}

/// Somebody comes, and goes or is received.
fn visit(program: &Program, number: usize) {
    let names = ["Đặng Văn Đức", "Ỷ Lan Nguyên Phi", "H'Hen Niê Kđăm"];
    let name = format!("{} {number}", names[number % 3]);
    let applicant = json!({"kind": "individual", "name": name});
    let args = json!({"service": SERVICE, "applicant": applicant});
    let visit = id(&program.answer("visit.register", &args)["visit_id"]);
    match number % 3 {
        0 => {
            program.answer("leg.leave", &json!({"visit_id": visit}));
        }
        1 => {
            program.answer("queue.call", &json!({"visit_id": visit, "counter": 1}));
            program.answer("leg.start", &json!({"visit_id": visit}));
            let mut args = case();
            args["visit_id"] = json!(visit);
            program.answer("case.receive", &args);
            program.answer("leg.finish", &json!({"visit_id": visit}));
        }
        _ => {}
    }
}

fn sync(program: &Program) -> Value {
    program.run(&["sync", "--once"]).json()
}

/// Why a session did not come to its end.
fn not_sent(program: &Program) -> String {
    let ran = program.run(&["sync", "--once"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let synced: Value = serde_json::from_slice(&ran.out).unwrap();
    id(&synced["last_error"][0])
}

#[track_caller]
fn assert_equal(program: &Program, central: &Central, office: &str) {
    let (here, there) = (dump(program), central.dump(office));
    assert!(!here.is_empty());
    if here != there {
        let other = |a: &str, b: &str| -> Vec<String> {
            let b: std::collections::BTreeSet<&str> = b.lines().collect();
            a.lines()
                .filter(|l| !b.contains(l))
                .map(str::to_owned)
                .collect()
        };
        panic!(
            "only here: {:#?}\nonly at central: {:#?}",
            other(&here, &there),
            other(&there, &here)
        );
    }
}

/// What the branch says of today, and what central does. How long somebody waits by now is another
/// moment's.
#[track_caller]
fn assert_same_figures(program: &Program, central: &Central, office: &str) {
    let here = program.answer("day.figures", &json!({}));
    let today = id(&here["date"]);
    let there = central.figures(office, &today, &today);
    let days = there["days"].as_array().unwrap();
    assert_eq!(days.len(), 1, "{there}");
    for (name, value) in days[0].as_object().unwrap() {
        if !["returned", "longest_now_s"].contains(&name.as_str()) {
            assert_eq!(value, &here[name], "{name} of {here}");
        }
    }
    assert!(here["served"].as_u64() > Some(0), "{here}");
}

#[test]
fn a_branch_that_was_dark_sends_everything_once_there_is_a_line() {
    let desk = Machine::demo();
    for number in 0..12 {
        visit(&desk.program, number);
    }
    let before = status(&desk.program);
    assert_eq!(before["enrolled"], false);
    assert!(before["unsent"].as_u64().unwrap() > 12);
    assert_eq!(
        desk.program.run(&["sync", "--once"]).error()["code"],
        "NOT_PAIRED"
    );
    let mut central = Central::start();
    let office = office(&desk.program);
    central.enrol(&desk.program, &office);
    let synced = sync(&desk.program);
    assert_eq!(synced["unsent"], 0, "{synced}");
    // And what it was granted there.
    assert!(
        synced["sent"].as_u64() >= before["unsent"].as_u64(),
        "{synced}"
    );
    assert_equal(&desk.program, &central, &office);
    assert_same_figures(&desk.program, &central, &office);
    let after = status(&desk.program);
    assert_eq!(after["enrolled"], true);
    assert_eq!(
        (&after["unsent"], &after["quarantined"]),
        (&json!(0), &json!(0))
    );
    // Nothing new: nothing is sent, and everything is still said to be there.
    let again = sync(&desk.program);
    assert_eq!((&again["sent"], &again["received"]), (&json!(0), &json!(0)));
    // Away: work goes on, what waits is counted, and the officer is told in words.
    assert!(central.stop(), "it ends when asked to");
    visit(&desk.program, 1);
    let failed = desk.program.run(&["sync", "--once"]);
    assert_eq!(failed.code, Some(1));
    let told: Value = serde_json::from_slice(&failed.out).unwrap();
    assert_eq!(told["last_error"][0], "SYNC_OFFLINE", "{told}");
    assert!(told["unsent"].as_u64().unwrap() > 0);
    central.up();
    assert_eq!(sync(&desk.program)["unsent"], 0);
    assert_equal(&desk.program, &central, &office);
}

#[test]
fn an_office_is_made_only_under_a_code_and_who_asks_for_none_is_told() {
    let central = Central::start();
    let offices = || central.postgres.query("SELECT count(*) FROM office");
    for code in [
        "",
        "phường Bình Minh",
        "h99.12",
        "H99..12",
        "H99.12-",
        "H99.12-cs",
        "H99.12; DROP",
        &"H9.".repeat(30),
    ] {
        let ran = central.run(&["code", "--office", code]);
        let told: Value = serde_json::from_slice(&ran.out).unwrap();
        assert_eq!(
            (ran.code, &told["code"], &told["field"]),
            (Some(1), &json!("CASE_CODE_INVALID"), &json!("office")),
            "{code}"
        );
        assert!(
            told["message"].as_str().unwrap().contains("H99.12"),
            "{told}"
        );
    }
    let ran = central.run(&["code", "--office", "H99.12-CS2", "--agency", "ubnd"]);
    let told: Value = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!(
        (&told["code"], &told["field"]),
        (&json!("CASE_CODE_INVALID"), &json!("agency"))
    );
    assert_eq!(offices(), "0", "nothing was made");
    for code in ["H99.12", "000.00.01.H22", "H99.12-CS2"] {
        assert!(central.run(&["code", "--office", code]).json()["code"].is_string());
    }
    // One from before goes on.
    central
        .postgres
        .query("INSERT INTO office(code) VALUES('thử')");
    central.run(&["code", "--office", "thử"]).json();
    assert_eq!(offices(), "4");
    // Whatever asks for an office that there is not says which, and does nothing.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.json");
    fs::write(&file, "{}").unwrap();
    let file = file.to_str().unwrap();
    for args in [
        &["publish", "--kind", "users", "--office", "H00.1", file][..],
        &["figures", "--office", "H00.1"],
        &["department", "--office", "H00.1", "--name", "Phòng Tư pháp"],
        &["import", "--office", "H00.1", file],
    ] {
        let ran = central.run(args);
        let told: Value = serde_json::from_slice(&ran.out).unwrap_or_default();
        assert_eq!(
            (ran.code, &told["code"], &told["field"]),
            (Some(1), &json!("NOT_FOUND"), &json!("office")),
            "{args:?}: {}",
            ran.err
        );
        assert!(
            told["message"].as_str().unwrap().contains("H00.1"),
            "{told}"
        );
    }
    assert_eq!(offices(), "4");
}

#[test]
fn a_running_branch_sends_by_itself_while_central_and_its_database_are_killed() {
    let kills = std::env::var("MOTCUA_KILLS").ok();
    let kills: usize = kills.and_then(|k| k.parse().ok()).unwrap_or(6);
    let desk = Machine::demo();
    let mut central = Central::start();
    let office = office(&desk.program);
    let (_serving, _) = desk.program.serve();
    // Also through the program that holds the folder.
    central.enrol(&desk.program, &office);
    let mut number = 0;
    for kill in 0..kills {
        for _ in 0..5 {
            visit(&desk.program, number);
            number += 1;
        }
        // A session is asked for and is at work when the blow falls, each time a little later.
        let mut session = desk.program.command(&["sync", "--once"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(7 * kill as u64));
        if kill % 3 == 2 {
            central.postgres.cut();
        } else {
            central.kill();
        }
        session.wait().unwrap();
        visit(&desk.program, number);
        number += 1;
        if kill % 3 == 2 {
            central.postgres.up();
        } else {
            central.up();
        }
    }
    desk.program.until_sent(Duration::from_secs(120));
    assert_equal(&desk.program, &central, &office);
    let sql = "SELECT count(*) - count(DISTINCT event_id), count(*) - (SELECT sum(seq) FROM device_head) FROM event_log";
    assert_eq!(central.postgres.query(sql), "0|0");
}

#[test]
fn a_hub_sends_for_its_counters() {
    let hub = Machine::demo();
    let mut central = Central::start();
    let office = office(&hub.program);
    central.enrol(&hub.program, &office);
    let (_serving, ready) = hub.program.serve();
    let counter = Machine::new();
    let code = id(&hub.program.run(&["pair-code"]).json()["code"]);
    let url = id(&ready["url"]);
    let args = ["pair", "--hub", &url, "--code", &code];
    counter.program.run(&args).json();
    for number in 0..6 {
        visit(&hub.program, number);
        visit(&counter.program, number);
    }
    // Central away, and the branch goes on among itself.
    central.kill();
    for number in 0..3 {
        visit(&counter.program, number);
    }
    central.up();
    assert_eq!(sync(&counter.program)["unsent"], 0);
    hub.program.until_sent(Duration::from_secs(60));
    assert_equal(&hub.program, &central, &office);
    assert_equal(&counter.program, &central, &office);
    let devices = "SELECT count(DISTINCT device) FROM event_log";
    assert_eq!(central.postgres.query(devices), "2");
    // A counter has no line of its own.
    let (code, ca) = central.code(&office);
    let args = [
        "enrol",
        "--central",
        &central.url(),
        "--code",
        &code,
        "--ca",
        &ca,
    ];
    assert_eq!(counter.program.run(&args).error()["code"], "UNSUPPORTED");
}

#[test]
fn central_restored_from_a_backup_gets_back_what_it_lost() {
    for told in [true, false] {
        let desk = Machine::demo();
        let central = Central::start();
        let office = office(&desk.program);
        central.enrol(&desk.program, &office);
        for number in 0..4 {
            visit(&desk.program, number);
        }
        sync(&desk.program);
        central.postgres.keep();
        for number in 0..5 {
            visit(&desk.program, number);
        }
        let synced = sync(&desk.program);
        assert_eq!(synced["unsent"], 0, "{synced}");
        central.postgres.put_back();
        if told {
            central.run(&["restored"]).json();
        }
        assert_ne!(central.dump(&office), dump(&desk.program));
        let synced = sync(&desk.program);
        assert_eq!(synced["unsent"], 0, "{synced}");
        assert_equal(&desk.program, &central, &office);
        assert_eq!(desk.program.run(&["verify"]).code, Some(0));
    }
}

#[test]
fn a_machine_restored_from_a_backup_loses_neither_of_its_two_pasts() {
    let desk = Machine::demo();
    let central = Central::start();
    let office = office(&desk.program);
    central.enrol(&desk.program, &office);
    for number in 0..4 {
        visit(&desk.program, number);
    }
    sync(&desk.program);
    desk.copy("data", "kept");
    for number in 0..4 {
        visit(&desk.program, number);
    }
    sync(&desk.program);
    let lived = dump(&desk.program);
    // The folder goes back; what was sent since then is only at central.
    desk.copy("kept", "data");
    for number in 0..2 {
        visit(&desk.program, number);
    }
    for _ in 0..3 {
        if sync(&desk.program)["unsent"] == 0 {
            break;
        }
    }
    assert_equal(&desk.program, &central, &office);
    let now = dump(&desk.program);
    let visits = |text: &str| {
        text.lines()
            .filter(|l| l.contains("\"type\":\"visit\""))
            .count()
    };
    assert_eq!(visits(&now), visits(&lived) + 2, "both pasts are there");
    assert_eq!(status(&desk.program)["unsent"], 0);
    assert_eq!(desk.program.run(&["verify"]).code, Some(0));
}

/// Answers whoever comes to that address like the page of a network that wants a login: in plain
/// HTTP to whatever is said, once for each connection, until it is dropped.
fn login_page(listen: &str, times: usize) -> thread::JoinHandle<()> {
    let listener = TcpListener::bind(listen).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(times) {
            let mut stream = stream.unwrap();
            let mut said = [0; 1];
            stream.read_exact(&mut said).ok();
            let page = "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(page.as_bytes()).ok();
        }
    })
}

#[test]
fn a_login_page_in_centrals_place_is_told_as_one_and_nothing_is_lost() {
    let desk = Machine::demo();
    let mut central = Central::start();
    let office = office(&desk.program);
    central.enrol(&desk.program, &office);
    visit(&desk.program, 1);
    let waiting = status(&desk.program)["unsent"].clone();
    let listen = central.url().trim_start_matches("https://").to_owned();
    central.kill();
    let page = login_page(&listen, 1);
    assert_eq!(not_sent(&desk.program), "SYNC_CAPTIVE_PORTAL");
    page.join().unwrap();
    // One that bears a certificate, of another authority.
    let other = Central::start();
    let inner = other.url().trim_start_matches("https://").to_owned();
    let listener = TcpListener::bind(&listen).unwrap();
    let passing = thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(inner).unwrap();
        let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let up = thread::spawn(move || io::copy(&mut from, &mut to).ok());
        io::copy(&mut &far, &mut &near).ok();
        near.shutdown(Shutdown::Both).ok();
        far.shutdown(Shutdown::Both).ok();
        up.join().unwrap();
    });
    assert_eq!(not_sent(&desk.program), "SYNC_CAPTIVE_PORTAL");
    passing.join().unwrap();
    assert!(status(&desk.program)["unsent"].as_u64() >= waiting.as_u64());
    // Logged in to the network: central itself answers.
    central.up();
    assert_eq!(sync(&desk.program)["unsent"], 0);
    assert_equal(&desk.program, &central, &office);
}

/// A whole branch, hub and counter, is put back to an older image and works on before central is
/// heard. What both wrote and sent before, and what the counter wrote since under the same numbers:
/// nothing of either is lost, and the counter is the one who joins them.
#[test]
fn a_branch_put_back_whole_loses_neither_of_its_two_pasts() {
    let hub = Machine::demo();
    let mut central = Central::start();
    let office = office(&hub.program);
    central.enrol(&hub.program, &office);
    let counter = Machine::new();
    let listen = {
        let (_serving, ready) = hub.program.serve();
        let code = id(&hub.program.run(&["pair-code"]).json()["code"]);
        let url = id(&ready["url"]);
        let args = ["pair", "--hub", &url, "--code", &code];
        counter.program.run(&args).json();
        visit(&counter.program, 1);
        assert_eq!(sync(&counter.program)["unsent"], 0);
        hub.program.until_sent(Duration::from_secs(60));
        url.trim_start_matches("https://").to_owned()
    };
    hub.copy("data", "kept");
    counter.copy("data", "kept");
    {
        let _serving = hub.program.serve_at(&listen);
        for number in 0..4 {
            visit(&counter.program, number);
        }
        assert_eq!(sync(&counter.program)["unsent"], 0);
        hub.program.until_sent(Duration::from_secs(60));
    }
    let lived = central.dump(&office);
    // Both go back, and nobody hears central while work goes on.
    central.kill();
    hub.copy("kept", "data");
    counter.copy("kept", "data");
    let (mut serving, _) = hub.program.serve_at(&listen);
    for number in 0..3 {
        visit(&counter.program, number);
    }
    assert_eq!(sync(&counter.program)["unsent"], 0, "the hub has it");
    central.up();
    let visits = |text: &str| {
        text.lines()
            .filter(|l| l.contains("\"type\":\"visit\""))
            .count()
    };
    let mut joined = false;
    for _ in 0..20 {
        hub.program.run(&["sync", "--once"]).json();
        sync(&counter.program);
        if status(&hub.program)["unsent"] == 0 && dump(&hub.program) == central.dump(&office) {
            joined = true;
            break;
        }
    }
    assert!(joined, "{}", status(&hub.program));
    assert_equal(&counter.program, &central, &office);
    assert_eq!(visits(&central.dump(&office)), visits(&lived) + 3);
    serving.kill();
    // Nothing is wrong with what they hold. That the hub gave numbers once more which it had given
    // before it went back is so, on paper as well, and is told.
    for machine in [&hub, &counter] {
        let verified = machine.program.run(&["verify"]);
        let found: Value = serde_json::from_slice(&verified.out).unwrap();
        let twice = |f: &Value| {
            f["kind"] == "number" && f["what"].as_str().unwrap().contains("dùng hai lần")
        };
        assert!(
            found["findings"].as_array().unwrap().iter().all(twice),
            "{found}"
        );
    }
}

#[test]
fn whoever_is_not_let_in_is_told_why_and_keeps_everything() {
    let desk = Machine::demo();
    let mut central = Central::start();
    let office = office(&desk.program);
    let (code, ca) = central.code(&office);
    let enrol = |url: &str, code: &str, ca: Option<&str>| {
        let mut args = vec!["enrol", "--central", url, "--code", code];
        args.extend(ca.into_iter().flat_map(|ca| ["--ca", ca]));
        id(&desk.program.run(&args).error()["code"])
    };
    let url = central.url();
    assert_eq!(enrol(&url, "ABCDEFGHJKLM", Some(&ca)), "ENROL_CODE_WRONG");
    assert_eq!(
        enrol("central.example", &code, Some(&ca)),
        "ARGUMENT_INVALID"
    );
    assert_eq!(enrol(&url, &code, None), "FIELD_REQUIRED");
    let broken = desk.folder.path().join("broken.pem");
    fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    assert_eq!(enrol(&url, &code, broken.to_str()), "ARGUMENT_INVALID");
    assert_eq!(
        enrol(&url, &code, Some("/nowhere/ca.pem")),
        "ARGUMENT_INVALID"
    );
    // Another central's authority: whoever answers here is not it.
    let other = Central::start();
    let (_, foreign) = other.code(&office);
    assert_eq!(enrol(&url, &code, Some(&foreign)), "CENTRAL_FOREIGN");
    central.kill();
    assert_eq!(enrol(&url, &code, Some(&ca)), "CENTRAL_AWAY");
    central.up();
    assert_eq!(status(&desk.program)["enrolled"], false);
    assert!(
        !Path::new(&desk.program.data())
            .join("central.json")
            .exists()
    );
    // The code is still good.
    let args = ["enrol", "--central", &url, "--code", &code, "--ca", &ca];
    desk.program.run(&args).json();
    assert_eq!(sync(&desk.program)["unsent"], 0);
    // Access taken away: told so, nothing lost; and given again.
    central
        .postgres
        .query("UPDATE device SET revoked_at = now()");
    visit(&desk.program, 0);
    let refused = desk.program.run(&["sync", "--once"]);
    let refused: Value = serde_json::from_slice(&refused.out).unwrap();
    assert_eq!(refused["last_error"][0], "SYNC_UNKNOWN_DEVICE", "{refused}");
    central.enrol(&desk.program, &office);
    assert_eq!(sync(&desk.program)["unsent"], 0);
    assert_equal(&desk.program, &central, &office);
}

/// Refused, by its code and the field at fault.
fn refused(error: &Value) -> (String, String) {
    (
        id(&error["code"]),
        error["field"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_connection_file_is_all_that_a_running_branch_needs() {
    let desk = Machine::demo();
    let mut central = Central::start();
    let office = office(&desk.program);
    let file = desk.folder.path().join("ket-noi.json");
    let code = |url: &str, to: &Path| {
        let to = to.to_str().unwrap();
        central.run(&["code", "--office", &office, "--to", to, "--url", url])
    };
    assert_ne!(code("http://here", &file).code, Some(0));
    let made = code(&central.url(), &file).json();
    assert_eq!(made["connection_file"], file.to_str().unwrap());
    // Nothing is written over, and nobody else on the machine reads it.
    assert_ne!(code(&central.url(), &file).code, Some(0));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();

    let (_serving, _) = desk.program.serve();
    visit(&desk.program, 1);
    let enrol = |officer: &str, args: &Value| {
        let args = args.to_string();
        (desk.program).run(&["--as", officer, "do", "central.enrol", &args])
    };
    let no = |args: Value| refused(&enrol("lan", &args).error());
    let at = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(
        enrol("ha", &json!({"file": text})).error()["code"],
        "NOT_ALLOWED"
    );
    assert_eq!(no(json!({})), at("FIELD_REQUIRED", "file"));
    assert_eq!(no(json!({"file": "{}"})), at("ARGUMENT_INVALID", "file"));
    let newer = text.replace("\"version\": 1", "\"version\": 2");
    assert_ne!(newer, text);
    assert_eq!(no(json!({"file": newer})), at("ARGUMENT_INVALID", "file"));
    assert_eq!(
        no(json!({"file": text, "central": "central.example"})),
        at("ARGUMENT_INVALID", "central")
    );
    assert_eq!(
        no(json!({"file": text, "ca": "nothing of the kind"})),
        at("ARGUMENT_INVALID", "ca")
    );
    assert_eq!(
        no(json!({"file": text, "code": "ABCDEFGHJKLM"})),
        at("ENROL_CODE_WRONG", "code")
    );
    assert_eq!(
        no(json!({"central": central.url(), "code": "A"})),
        at("FIELD_REQUIRED", "ca")
    );
    central.kill();
    assert_eq!(no(json!({"file": text})), at("CENTRAL_AWAY", "file"));
    central.up();
    assert_eq!(status(&desk.program)["enrolled"], false);

    // With a mark that an editor put before it. It begins to send without a restart.
    let answer = enrol("lan", &json!({"file": format!("\u{feff}{text}")})).json();
    assert_eq!(answer["central"], central.url());
    desk.program.until_sent(Duration::from_secs(60));
    assert_eq!(status(&desk.program)["enrolled"], true);
    let seen = (desk.program).answer("sync.overview", &json!({}));
    assert_eq!(seen["way"], "central");
    assert_equal(&desk.program, &central, &office);

    // The file was good once; another branch is told, and so is one of another office.
    let other = Machine::demo();
    let again = ["enrol", "--file", file.to_str().unwrap()];
    let error = other.program.run(&again).error();
    assert_eq!(refused(&error), at("ENROL_CODE_WRONG", "file"));
    let second = other.folder.path().join("ket-noi.json");
    let (url, to) = (central.url(), second.to_str().unwrap());
    (central.run(&["code", "--office", &office, "--to", to, "--url", &url])).json();
    let error = other.program.run(&["enrol", "--file", to]).error();
    assert_eq!(refused(&error), at("BRANCH_OTHER", "file"));
    // A command line asks for the same right as the screen.
    let error = other.program.run(&["--as", "ha", "enrol", "--file", to]);
    assert_eq!(error.error()["code"], "NOT_ALLOWED");
}
