//! Being found by multicast DNS, for real: a network of our own with a cable and multicast. Where
//! making one is not permitted, the reason is printed.

use std::{
    collections::HashMap,
    net::TcpListener,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use mdns_sd::{ServiceDaemon, ServiceInfo};
use motcua_hub::{Remembered, Role};
use motcua_testkit::branch::{SUPERVISOR, TestBranch};
use serde_json::{Value, json};

use crate::{Counter, ask, free_port, register, serve, soon};

const INSIDE: &str = "MOTCUA_NETWORK_TEST";
const SERVICE: &str = "_motcua._tcp.local.";

fn ip(args: &str) {
    let args: Vec<&str> = args.split(' ').collect();
    let done = Command::new("ip").args(&args).status().unwrap();
    assert!(done.success(), "ip {args:?}");
}

/// Runs that test in a network namespace of its own, or says why it cannot.
fn apart(test: &str) {
    let allowed = Command::new("unshare")
        .args([
            "--net",
            "sh",
            "-c",
            "ip link add eth0 type veth peer name eth1",
        ])
        .output();
    let refused = match allowed {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = refused {
        eprintln!(
            "skipped, a network of our own is not permitted here: {}",
            reason.trim()
        );
        return;
    }
    let output = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// One cable with two addresses on this side.
fn cable() {
    assert!(
        std::env::var_os(INSIDE).is_some(),
        "run by the test of the same name"
    );
    ip("link set lo up");
    ip("link add eth0 type veth peer name eth1");
    ip("link set eth0 up");
    ip("link set eth1 up");
    ip("addr add 10.9.0.1/24 dev eth0");
    ip("route add default dev eth0");
}

fn counter_url(counter: &Counter) -> String {
    let line = motcua_hub::Line::of_folder(counter.app.dir(), false).unwrap();
    line.unwrap().paired().url
}

#[test]
fn a_hub_is_found_and_found_again_where_it_has_gone() {
    apart("discovery::found_inside");
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn found_inside() {
    cable();
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let port = free_port();
    ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap();
    let lone = TestBranch::demo();
    let other = serve(lone.app(), None);
    let at = json!(format!("10.9.0.1:{port}"));
    let mut found = Value::Null;
    soon("the hub is seen", || {
        found = ask(&other, SUPERVISOR, "hub.find", json!({})).unwrap();
        found
            .as_array()
            .unwrap()
            .iter()
            .any(|hub| hub["address"] == at)
    });
    let seen = &found[0];
    assert!(!seen["name"].as_str().unwrap().is_empty(), "{seen}");
    let own = ask(&running, SUPERVISOR, "machine.get", json!({})).unwrap();
    assert_eq!(own["addresses"][0], at);
    assert!(
        own["fingerprint"]
            .as_str()
            .unwrap()
            .starts_with(seen["fingerprint"].as_str().unwrap())
    );

    // Paired at one address; then the hub has another one, and another port.
    let Role::Hub(mut lan) = running.machine().role() else {
        panic!("no hub")
    };
    lan.url = format!("https://10.9.0.1:{port}");
    let counter = Counter::join(&running, &lan);
    soon("the line stands", || counter.hears());
    running.machine().be_own().unwrap();
    soon("the hub is away", || !counter.hears());
    ip("addr del 10.9.0.1/24 dev eth0");
    ip("addr add 10.9.0.2/24 dev eth0");
    ip("route replace default dev eth0");
    let port = free_port();
    ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !counter.hears() {
        assert!(std::time::Instant::now() < until, "not found again");
        thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(register(&counter.app).starts_with('A'));
    // Remembered: after a restart nobody has to look.
    assert_eq!(counter_url(&counter), format!("https://10.9.0.2:{port}"));
}

#[test]
fn who_became_the_hub_is_found_by_those_who_never_heard_of_it() {
    apart("discovery::successor_inside");
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn successor_inside() {
    cable();
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let port = free_port();
    ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap();
    let Role::Hub(mut lan) = running.machine().role() else {
        panic!("no hub")
    };
    lan.url = format!("https://10.9.0.1:{port}");
    let (second, third) = (Counter::join(&running, &lan), Counter::join(&running, &lan));
    soon("both lines stand", || second.hears() && third.hears());
    // Whoever will answer must be known as a machine of the branch before the hub is gone.
    register(&third.app);
    soon("the third knows the second", || {
        let known = ask(&third.running, SUPERVISOR, "device.list", json!({})).unwrap();
        known.as_array().unwrap().len() == 3
    });
    drop(running);
    soon("the hub is gone", || !second.hears() && !third.hears());
    let at = format!("10.9.0.1:{}", free_port());
    let word = json!({"reason": "máy chủ quầy hỏng", "listen": at});
    ask(&second.running, SUPERVISOR, "hub.promote", word).unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(90);
    while !third.hears() {
        assert!(
            std::time::Instant::now() < until,
            "the new hub is not found"
        );
        thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(register(&third.app).starts_with("2A-"));
    assert_eq!(counter_url(&third), format!("https://{at}"));
}

#[test]
fn lies_on_the_network_change_nothing() {
    apart("discovery::lies_inside");
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn lies_inside() {
    cable();
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let port = free_port();
    ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap();
    let Role::Hub(mut lan) = running.machine().role() else {
        panic!("no hub")
    };
    lan.url = format!("https://10.9.0.1:{port}");
    let counter = Counter::join(&running, &lan);
    soon("the line stands", || counter.hears());

    // Somebody who says that it is the hub, and answers there.
    let trap = TcpListener::bind("10.9.0.1:0").unwrap();
    let trap_at = trap.local_addr().unwrap().port();
    let caught = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&caught);
    thread::spawn(move || {
        for stream in trap.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream;
            // Until the other side has had enough of it.
            std::io::copy(&mut stream, &mut std::io::sink()).ok();
        }
    });
    let liar = ServiceDaemon::new().unwrap();
    let announce = |name: &str, port: u16, says: &[(&str, &str)]| {
        let says: HashMap<String, String> = says
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let host = format!("{name}.local.");
        let info = ServiceInfo::new(SERVICE, name, &host, "10.9.0.1", port, says).unwrap();
        // Its queue is short: a flood has to be patient.
        soon("announced", || match liar.register(info.clone()) {
            Ok(()) => true,
            Err(mdns_sd::Error::Again) => false,
            Err(error) => panic!("{error}"),
        });
    };
    let branch_id = lan.branch.to_string();
    let right = lan.fingerprint.as_str();
    let wrong = "ab".repeat(32);
    announce(
        "liar",
        trap_at,
        &[
            ("v", "1"),
            ("f", right),
            ("b", &branch_id),
            ("t", "99"),
            ("n", "Máy chủ"),
        ],
    );
    announce(
        "other",
        trap_at,
        &[
            ("v", "1"),
            ("f", &wrong),
            ("b", &branch_id),
            ("t", "7"),
            ("n", "Máy khác"),
        ],
    );
    announce(
        "nonsense",
        trap_at,
        &[("v", "\u{1f4a3}"), ("f", "../../etc"), ("n", "\u{202e}")],
    );
    for i in 0..100 {
        announce(
            &format!("flood-{i}"),
            trap_at,
            &[
                ("v", "1"),
                ("f", &wrong),
                ("b", &branch_id),
                ("t", "0"),
                ("n", "x"),
            ],
        );
    }
    // While the hub is there nobody looks; when it is away, the trap is tried and nothing is told.
    running.machine().be_own().unwrap();
    soon("the hub is away", || !counter.hears());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while caught.load(Ordering::SeqCst) == 0 {
        assert!(
            std::time::Instant::now() < until,
            "the trap was never tried: nothing was tested"
        );
        thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(register(&counter.app).starts_with('2'), "it goes on alone");
    assert!(!counter.hears());
    assert_eq!(counter_url(&counter), lan.url);
    // What a person would be shown is bounded, and nothing that makes no sense is in it.
    let found = ask(&running, SUPERVISOR, "hub.find", json!({})).unwrap();
    let found = found.as_array().unwrap();
    assert!(found.len() <= 64);
    assert!(found.iter().all(|hub| hub["name"] != "\u{202e}"));

    // The hub comes back where it was: the liars have changed nothing.
    let lan = running.machine().be_hub(lan.address, true).unwrap();
    soon("the hub is back", || counter.hears());
    assert_eq!(
        Remembered::of_folder(&branch.dir()).unwrap().listen(),
        Some(lan.address)
    );
    liar.shutdown().ok();
}

#[test]
fn without_multicast_everything_else_goes_on() {
    apart("discovery::silent_inside");
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn silent_inside() {
    // Loopback only: no adapter that could carry an announcement.
    assert!(
        std::env::var_os(INSIDE).is_some(),
        "run by the test of the same name"
    );
    ip("link set lo up");
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let port = free_port();
    let open = ask(&running, SUPERVISOR, "hub.open", json!({"port": port})).unwrap();
    assert_eq!(
        (&open["role"], &open["addresses"]),
        (&json!("hub"), &json!([]))
    );
    let found = ask(&running, SUPERVISOR, "hub.find", json!({})).unwrap();
    assert_eq!(found, json!([]));
    let given = ask(&running, SUPERVISOR, "hub.pair_code", json!({})).unwrap();
    assert!(given.get("qr").is_none(), "no address, no invitation");
    let Role::Hub(mut lan) = running.machine().role() else {
        panic!("no hub")
    };
    lan.url = format!("https://127.0.0.1:{port}");
    let counter = Counter::join(&running, &lan);
    assert_eq!(register(&counter.app), "A-001");
}
