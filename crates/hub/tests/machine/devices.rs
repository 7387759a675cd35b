//! The list of devices, codes by command, and access taken away.

use motcua_hub::Role;
use motcua_testkit::branch::{OFFICER, SUPERVISOR, TestBranch};
use serde_json::{Value, json};

use crate::{Counter, ask, code, free_port, register, serve, soon};

fn list(branch: &TestBranch) -> Vec<Value> {
    let devices = branch.ok(OFFICER, "device.list", json!({}));
    devices.as_array().unwrap().clone()
}

#[test]
fn roles_are_for_supervisors_and_everybody_may_look() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let port = free_port();
    let refused = ask(&running, OFFICER, "hub.open", json!({"port": port})).unwrap_err();
    assert_eq!(refused["code"], "NOT_ALLOWED");
    let own = ask(&running, OFFICER, "machine.get", json!({})).unwrap();
    assert_eq!((&own["role"], &own["others"]), (&json!("own"), &json!(0)));
    let refused = ask(&running, SUPERVISOR, "hub.open", json!({"port": 80})).unwrap_err();
    assert_eq!(
        (&refused["code"], &refused["field"]),
        (&json!("NUMBER_OUT_OF_RANGE"), &json!("port"))
    );
    let refused = ask(&running, SUPERVISOR, "hub.pair_code", json!({})).unwrap_err();
    assert_eq!(refused["code"], "NOT_PAIRED");

    let hub = ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap();
    assert_eq!(
        (&hub["role"], &hub["port"]),
        (&json!("hub"), &json!(port)),
        "{hub}"
    );
    let given = ask(&running, SUPERVISOR, "hub.pair_code", json!({})).unwrap();
    assert_eq!(given["code"].as_str().unwrap().len(), 8);
    // Nobody depends on it yet: it closes without a question.
    let own = ask(&running, SUPERVISOR, "hub.close", json!({})).unwrap();
    assert_eq!(own["role"], "own");
}

#[test]
fn a_port_that_is_taken_is_told_in_words() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let other = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let refused = ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap_err();
    assert_eq!(
        (&refused["code"], &refused["field"]),
        (&json!("ADDRESS_TAKEN"), &json!("port"))
    );
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains(&port.to_string())
    );
    assert!(matches!(running.machine().role(), Role::Own));
}

#[test]
fn a_counter_is_seen_missed_and_shut_out() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let lan = running
        .machine()
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    let counter = Counter::join(&running, &lan);
    soon("both are there", || {
        let devices = list(&branch);
        devices.len() == 2 && devices.iter().all(|d| d["here"] == true)
    });
    let devices = list(&branch);
    assert_eq!(
        (&devices[0]["this"], &devices[0]["hub"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(devices[1]["name"], "Quầy thử");
    let its = devices[1]["device"].clone();

    // The hub is not closed under a counter unless somebody says so.
    let refused = ask(&running, SUPERVISOR, "hub.close", json!({})).unwrap_err();
    assert_eq!(refused["code"], "HUB_HAS_COUNTERS");
    assert!(running.lan().is_some());

    // What the counter itself sees: who the hub is, and that it is there.
    let seen = counter.app.call(
        &motcua_testkit::branch::caller(OFFICER),
        "device.list",
        json!({}),
    );
    let seen = seen.unwrap();
    assert_eq!(
        (&seen[0]["hub"], &seen[0]["here"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(seen[1]["this"], true);

    // Officers may not take a machine's access away, and nobody the hub's own.
    let args = json!({"device": its});
    assert_eq!(
        branch.refused(OFFICER, "device.revoke", args.clone()).code,
        motcua_domain::Code::NotAllowed
    );
    let own = json!({"device": devices[0]["device"]});
    assert_eq!(
        branch.refused(SUPERVISOR, "device.revoke", own).code,
        motcua_domain::Code::NotAllowed
    );
    let ticket = register(&counter.app);
    branch.ok(SUPERVISOR, "device.revoke", args.clone());
    soon("its line ends", || !counter.hears());
    soon("it is told why", || {
        let state = counter.app.link().unwrap().state(&counter.app);
        state
            .last_error
            .is_some_and(|why| why.contains("thu quyền"))
    });
    // It goes on alone; the hub has what it brought before.
    assert!(register(&counter.app).starts_with('2'));
    let queue = branch.ok(OFFICER, "queue.snapshot", json!({}));
    assert!(queue["waiting"].to_string().contains(&ticket));
    let devices = list(&branch);
    assert_eq!(
        (&devices[1]["revoked"], &devices[1]["here"]),
        (&json!(true), &json!(false))
    );
    // Twice is once, and it counts no more.
    branch.ok(SUPERVISOR, "device.revoke", args);
    let state = ask(&running, OFFICER, "machine.get", json!({})).unwrap();
    assert_eq!(state["others"], 0);
    branch.app().rebuild().unwrap();
    assert_eq!(list(&branch), devices, "the same from the log alone");

    // Another machine pairs as before and gets a number of its own.
    let next = Counter::join(&running, &lan);
    assert_eq!(code(&running).len(), 8);
    soon("the next one is there", || next.hears());
    assert_eq!(list(&branch)[2]["number"], 3);
    assert!(branch.app().verify().unwrap().findings.is_empty());
}
