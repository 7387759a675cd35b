//! Two counters apart write down the same slip of one paper roll: a fact of paper, kept twice and
//! shown; and a self-service terminal at a counter takes its numbers from the hub.

use super::*;

fn ok(app: &App, name: &str, args: Value) -> Value {
    app.call(&caller(OFFICER), name, args.clone())
        .unwrap_or_else(|e| panic!("{name} {args}: {e:?}"))
}

#[test]
fn one_slip_recorded_by_two_counters_apart_is_kept_twice_and_shown() {
    let hub = hub();
    let mut document = hub.branch.ok("lan", "branch.get", json!({}))["branch"].clone();
    document["services"][0]["roll"] = json!({"series": "A"});
    hub.branch
        .ok("quan-tri", "branch.configure", json!({"branch": document}));
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    for folder in &folders {
        hub.join(folder.path());
    }
    let (first, first_line) = counter(folders[0].path());
    let (second, second_line) = counter(folders[1].path());
    let slip = |number: u32| json!({"service": SERVICE, "paper_number": number});
    ok(&first, "visit.register", slip(30));
    // The hub knows every slip: the next is one key at either counter.
    let next = ok(&second, "visit.register", json!({"service": SERVICE}));
    assert_eq!(next["ticket"], "A-031");

    let address = host_of(&hub.url()).unwrap();
    let Hub { branch, running } = hub;
    drop(running);
    // Apart, only the paper knows how far the roll has come.
    let refused = first
        .call(
            &caller(OFFICER),
            "visit.register",
            json!({"service": SERVICE}),
        )
        .unwrap_err();
    assert_eq!(
        (refused.code, refused.field.as_deref()),
        (Code::FieldRequired, Some("paper_number"))
    );
    let here = ok(&first, "visit.register", slip(33));
    let there = ok(&second, "visit.register", slip(33));
    assert_eq!(
        (&here["ticket"], &there["ticket"]),
        (&json!("A-033"), &json!("A-033"))
    );
    // Each calls whom it registered itself, and nobody of the common queue.
    let called = ok(&first, "queue.call_next", json!({"counter": 1}));
    assert_eq!(called["visit_id"], here["visit_id"]);

    let _running = again(&branch, &address);
    for (app, line) in [
        (&first, &first_line),
        (&second, &second_line),
        (&first, &first_line),
    ] {
        let synced = line.sync(app);
        assert_eq!((synced.unsent, synced.last_error), (0, None));
    }
    let twice = ok(branch.app(), "queue.snapshot", json!({}))["paper_twice"].clone();
    let mut shown: Vec<&Value> = twice
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["visit_id"])
        .collect();
    let mut both = vec![&here["visit_id"], &there["visit_id"]];
    shown.sort_by_key(|v| v.to_string());
    both.sort_by_key(|v| v.to_string());
    assert_eq!(shown, both);
    assert_eq!(dump(&first), branch.dump());
    branch.assert_sound();
}

#[test]
fn a_terminal_at_a_counter_gives_the_hub_s_numbers() {
    let hub = hub();
    let folder = TempDir::new().unwrap();
    hub.join(folder.path());
    let (app, _line) = counter(folder.path());
    ok(&app, "visit.register", json!({"service": SERVICE}));
    app.call(&caller("lan"), "kiosk.enter", json!({"code": "4711"}))
        .unwrap();
    let terminal = caller(motcua_app::kiosk::KIOSK);
    let given = app
        .call(&terminal, "kiosk.register", json!({"service": SERVICE}))
        .unwrap();
    assert_eq!(given["ticket"], "A-002");
    assert!(
        !hub.branch.app().kiosk_on(),
        "the mode is the machine's own"
    );
    for _ in 0..5 {
        app.call(&terminal, "kiosk.leave", json!({"code": "0000"}))
            .unwrap_err();
    }
    let refused = app
        .call(&terminal, "kiosk.leave", json!({"code": "4711"}))
        .unwrap_err();
    assert_eq!(refused.code, Code::KioskTooMany, "each try counts once");
    hub.branch.assert_sound();
}
