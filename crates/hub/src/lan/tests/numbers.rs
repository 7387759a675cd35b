//! Numbers after a restore, at the end of a block, and in a copied folder.

use super::*;

/// The hub goes back to a copy of this morning; its counters give it back what it gave them.
#[test]
fn a_restored_hub_gives_no_number_again() {
    let (hub, one, two) = (
        hub(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    hub.join(one.path());
    hub.join(two.path());
    let (first, first_line) = counter(one.path());
    let (second, second_line) = counter(two.path());
    let register = |app: &App| {
        let answer = app.call(
            &caller(OFFICER),
            "visit.register",
            json!({"service": SERVICE}),
        );
        answer.unwrap()["ticket"].as_str().unwrap().to_owned()
    };
    assert_eq!(register(&first), "A-001");
    let copy = hub.branch.beside("copy.db");
    hub.branch.app().backup(&copy).unwrap();
    assert_eq!(register(&first), "A-002");
    assert_eq!(register(&first), "A-003");
    let address = host_of(&hub.url()).unwrap();
    let Hub {
        mut branch,
        running,
    } = hub;
    drop(running);
    let settings = branch.settings();
    branch.close();
    // The old server lets its own hold of the folder go with its runtime's last request.
    let clock = ManualClock::at(MORNING + 60_000);
    soon(|| App::restore(&settings, &copy, &clock).ok());
    branch.open().unwrap();
    let _running = again(&branch, &address);
    // It cannot know what it printed since the copy, and neither can anybody tell it: for the rest
    // of the day its numbers are of a series that it never gave before.
    let (fourth, fifth) = (register(&first), register(&second));
    let (own, _) = fourth.split_once('-').unwrap();
    assert!(own.starts_with("1A") && own.len() == 4, "{fourth}");
    assert_eq!(
        [&fourth, &fifth],
        [&format!("{own}-001"), &format!("{own}-002")]
    );
    for (app, line) in [
        (&first, &first_line),
        (&second, &second_line),
        (&first, &first_line),
    ] {
        let synced = line.sync(app);
        assert_eq!((synced.unsent, synced.last_error), (0, None));
    }
    let lines = branch.dump();
    for ticket in ["A-001", "A-002", "A-003", &fourth, &fifth] {
        assert!(lines.contains(ticket), "{ticket}");
    }
    assert_eq!(dump(&first), lines);
    assert_eq!(dump(&second), lines);
    branch.assert_sound();
}

/// A block runs out while the hub is away: then the code is provisional, until the hub is back. A
/// copied folder leaves the other's block alone.
#[test]
fn leased_codes_run_out_honestly_and_die_with_their_epoch() {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.join(root.path());
    let address = host_of(&hub.url()).unwrap();
    let (app, line) = counter(root.path());
    let receive = |app: &App| {
        app.call(&caller(OFFICER), "case.receive", case())
            .map(|a| a["case_code"].as_str().unwrap().to_owned())
    };
    let mut codes = vec![receive(&app).unwrap()];
    let Hub { branch, running } = hub;
    drop(running);
    let provisional = loop {
        let code = receive(&app).unwrap();
        if code.starts_with("TẠM-") {
            break code;
        }
        codes.push(code);
        assert!(codes.len() < 200);
    };
    assert!(codes.len() >= 10, "{}", codes.len());
    let look = |app: &App, code: &str| {
        app.call(
            &caller(OFFICER),
            "case.get",
            serde_json::json!({"code": code}),
        )
        .unwrap()
    };
    let before = look(&app, &provisional);
    assert_eq!(before["provisional"], true);
    assert_eq!(before["case"]["book"], serde_json::Value::Null);
    // Typed without marks, as from paper.
    let typed = provisional.replace('Ạ', "a").to_lowercase();
    assert_eq!(look(&app, &typed)["case_id"], before["case_id"]);
    let _running = again(&branch, &address);
    codes.push(receive(&app).unwrap());
    line.sync(&app);
    line.sync(&app);
    let after = look(&app, &provisional);
    let code = after["case_code"].as_str().unwrap().to_owned();
    assert_eq!(
        (&after["provisional"], &after["provisional_code"]),
        (&false.into(), &provisional.as_str().into())
    );
    assert!(!code.starts_with("TẠM"), "{code}");
    assert_eq!(look(&app, &code)["case_id"], before["case_id"]);
    let history = after["history"].to_string();
    assert!(history.contains("mã hồ sơ chính thức"), "{history}");
    codes.push(code);
    // The folder moves: a new epoch, and a block of its own.
    drop((app, line));
    let moved = tempfile::tempdir().unwrap();
    let (from, to) = (settings(root.path()), settings(moved.path()));
    std::fs::rename(&from.dir, &to.dir).unwrap();
    let (app, line) = counter(moved.path());
    codes.push(receive(&app).unwrap());
    line.sync(&app);
    codes.push(
        branch.ok(OFFICER, "case.receive", case())["case_code"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    let once: std::collections::BTreeSet<_> = codes.iter().collect();
    assert_eq!(once.len(), codes.len());
    branch.assert_sound();
    line.sync(&app);
    let verified = app.verify().unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}
