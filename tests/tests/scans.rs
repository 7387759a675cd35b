//! Files of papers on their way to central, with real programs and a line that breaks: the record is
//! there at once, the file goes on where it stopped, and nothing is sent twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{case, id},
    central::Central,
    program::Program,
    proxy::{Proxy, Weather},
};
use motcua_tests::pdf::pdf;
use serde_json::{Value, json};

fn number(central: &Central, sql: &str) -> u64 {
    central.postgres.query(sql).trim().parse().unwrap_or(0)
}

fn waiting(program: &Program) -> Value {
    program.answer("sync.overview", &json!({}))["scans"].clone()
}

#[test]
fn a_case_is_there_at_once_and_its_scan_goes_on_where_the_line_broke() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Program::new(Program::beside_tests(), folder.path());
    desk.run(&["--json", "demo"]).json();
    let central = Central::start();
    let proxy = Proxy::before(
        central
            .url()
            .trim_start_matches("https://")
            .parse()
            .unwrap(),
    );
    let proxy = proxy.unwrap();
    let office = id(&desk.answer("branch.get", &json!({}))["branch"]["office"]["code"]);
    let (code, ca) = central.code(&office);
    let url = format!("https://{}", proxy.address());
    let enrol = ["enrol", "--central", &url, "--code", &code, "--ca", &ca];
    desk.run(&enrol).json();
    desk.run(&["sync", "--once"]).json();

    // A scan that waits in the tray, as a machine that died would have left it.
    let received = desk.answer("case.receive", &case());
    let tray = Path::new(&desk.data()).join("scan-tray");
    fs::create_dir_all(&tray).unwrap();
    fs::write(tray.join("0190a.pdf"), pdf(4_000_000)).unwrap();
    let of_case = json!({"case_id": received["case_id"]});
    let page = desk.answer("scan.get", &of_case)["pages"][0]["id"].clone();
    let bind = json!({"case_id": received["case_id"], "pages": [page]});
    let blob = desk.answer("scan.bind", &bind);
    let attach = json!({"id": received["case_id"], "paper": {"to": "other", "name": "Giấy chứng sinh"}, "blob": blob});
    desk.answer("case.attach", &attach);
    let bytes = blob["bytes"].as_u64().unwrap();
    assert_eq!(waiting(&desk)["files"], 1);

    // A narrow line, which breaks while the file is on its way.
    proxy.set(Weather::Narrow(700_000));
    let cut = {
        let until = Instant::now() + Duration::from_secs(60);
        thread::scope(|scope| {
            let sending = scope.spawn(|| desk.run(&["sync", "--once"]));
            while number(
                &central,
                "SELECT coalesce(sum(received), 0) FROM blob_upload",
            ) == 0
            {
                assert!(Instant::now() < until, "no piece ever came");
                thread::sleep(Duration::from_millis(20));
            }
            proxy.set(Weather::Reset);
            proxy.cut();
            sending.join().unwrap();
        });
        number(
            &central,
            "SELECT coalesce(sum(received), 0) FROM blob_upload",
        )
    };
    assert!(cut > 0 && cut < bytes, "{cut} of {bytes}");
    let told = "SELECT count(*) FROM case_file WHERE doc LIKE '%attachments%'";
    assert_eq!(number(&central, told), 1, "the record did not wait");
    assert_eq!(waiting(&desk)["files"], 1);
    assert_eq!(number(&central, "SELECT count(*) FROM blob"), 0);

    // The line is back: what was there is not sent again.
    let first = number(&central, "SELECT min(xmin::text::bigint) FROM blob_piece");
    proxy.set(Weather::Clear);
    desk.run(&["sync", "--once"]).json();
    assert_eq!(waiting(&desk)["files"], 0);
    assert_eq!(number(&central, "SELECT sum(bytes) FROM blob"), bytes);
    assert_eq!(
        number(&central, "SELECT sum(length(data)) FROM blob_piece"),
        bytes
    );
    assert_eq!(
        number(&central, "SELECT min(xmin::text::bigint) FROM blob_piece"),
        first
    );
    assert_eq!(desk.run(&["verify"]).code, Some(0));

    // Central comes back from a backup without the file, under another history: it is asked anew.
    central
        .postgres
        .query("DELETE FROM blob_of_office; DELETE FROM blob; DELETE FROM blob_piece");
    central.run(&["restored"]);
    desk.run(&["sync", "--once"]).json();
    desk.run(&["sync", "--once"]).json();
    assert_eq!(number(&central, "SELECT sum(bytes) FROM blob"), bytes);
}
