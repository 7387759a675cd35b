//! Own, hub, counter and back.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use motcua_app::{App, Change, Topic};
use motcua_hub::{Line, Remembered, Role};
use motcua_testkit::branch::{OFFICER, SUPERVISOR, TestBranch, caller, dump};
use serde_json::json;

use crate::{Counter, ask, free_port, register, serve, soon};

fn told(changes: &mpsc::Receiver<Change>, topic: Topic) -> bool {
    changes.try_iter().any(|c| c.topics.contains(&topic))
}

#[test]
fn on_its_own_then_hub_then_on_its_own_and_hub_again() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let machine = running.machine();
    assert!(matches!(machine.role(), Role::Own));
    assert_eq!(register(branch.app()), "A-001");

    let changes = branch.app().subscribe();
    let lan = machine
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    assert!(told(&changes, Topic::Sync), "screens look anew");
    let counter = Counter::join(&running, &lan);
    assert_eq!(register(&counter.app), "A-002");

    // Closed: the counter goes on alone, and the address is free.
    machine.be_own().unwrap();
    assert!(TcpListener::bind(lan.address).is_ok());
    soon("the hub is away", || !counter.hears());
    assert_eq!(register(&counter.app), "2A-001");
    assert_eq!(register(branch.app()), "A-003");

    // Open at the same address: nobody pairs again, and everything comes together.
    assert_eq!(machine.be_hub(lan.address, true).unwrap().url, lan.url);
    soon("the hub is back", || counter.hears());
    soon("both know everything", || {
        dump(branch.app()) == dump(&counter.app)
    });
}

#[test]
fn what_it_is_outlives_the_program() {
    let mut branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let lan = running
        .machine()
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    drop(running);
    soon("the folder is let go", || branch.open().is_ok());

    // Somebody else has the address at first: the reason is told, numbers are given, and it is
    // taken as soon as it is free.
    let other = soon_bound(lan.address);
    let running = serve(branch.app(), None);
    running.machine().resume();
    let (at, why) = running.machine().trouble().unwrap();
    assert_eq!(at, lan.address);
    assert!(why.contains(&lan.address.port().to_string()), "{why}");
    assert_eq!(register(branch.app()), "A-001");
    drop(other);
    soon("the address is taken", || {
        running.lan().is_some_and(|l| l.url == lan.url)
    });
    assert!(running.machine().trouble().is_none());

    running.machine().be_own().unwrap();
    assert_eq!(
        Remembered::of_folder(&branch.dir()).unwrap(),
        Remembered::Own
    );
}

fn soon_bound(at: SocketAddr) -> TcpListener {
    let mut bound = None;
    soon("the address is let go", || {
        bound = TcpListener::bind(at).ok();
        bound.is_some()
    });
    bound.unwrap()
}

#[test]
fn an_address_that_is_taken_changes_nothing() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap();
    let refused = running.machine().be_hub(at, true).unwrap_err();
    assert!(refused.to_string().contains(&at.to_string()), "{refused}");
    assert!(matches!(running.machine().role(), Role::Own));
    assert_eq!(
        Remembered::of_folder(&branch.dir()).unwrap(),
        Remembered::Own
    );
}

/// The seam of a promotion: a counter takes the place of its hub, and the hub that of a counter,
/// while both are being worked on.
#[test]
fn hub_and_counter_change_places_under_load() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let lan = running
        .machine()
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    let counter = Counter::join(&running, &lan);
    soon("the line is open", || counter.hears());

    let stop = Arc::new(AtomicBool::new(false));
    let work = |app: &Arc<App>| {
        let (app, stop) = (Arc::clone(app), Arc::clone(&stop));
        thread::spawn(move || {
            let mut done = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                // A series has 999 numbers a day.
                if done.len() < 200 {
                    done.push(register(&app));
                } else {
                    thread::yield_now();
                }
            }
            done
        })
    };
    let (here, there) = (work(branch.app()), work(&counter.app));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap().to_string();
    drop(free);
    // One person's word on the counter; the rest follows from the log.
    let word = json!({"reason": "máy chủ quầy hỏng", "listen": at});
    (counter.app.call(&caller(SUPERVISOR), "hub.promote", word)).unwrap();
    soon("the counter is the hub", || counter.running.lan().is_some());
    assert!(counter.app.link().is_none());
    soon("the hub gives way", || {
        matches!(running.machine().role(), Role::Counter(_))
    });
    stop.store(true, Ordering::SeqCst);
    assert!(!here.join().unwrap().is_empty() && !there.join().unwrap().is_empty());

    // Whoever is the hub gives the numbers of the branch.
    soon("the line is open the other way round", || {
        branch
            .app()
            .link()
            .is_some_and(|l| l.state(branch.app()).here)
    });
    soon("the plain numbers go on", || {
        register(branch.app()).starts_with('A')
    });
    soon("both know everything", || {
        dump(branch.app()) == dump(&counter.app)
    });
    let remembered = Remembered::of_folder(&branch.dir()).unwrap();
    assert_eq!(remembered, Remembered::Counter);
    assert!(Line::of_folder(counter.app.dir(), false).unwrap().is_none());
}

/// An address that a person types: believed when a machine of the branch answers there whose log
/// says that it is the hub, and otherwise nothing changes.
#[test]
fn a_person_says_where_the_new_hub_is() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let local = "127.0.0.1:0".parse().unwrap();
    let lan = running.machine().be_hub(local, true).unwrap();
    let (second, third) = (Counter::join(&running, &lan), Counter::join(&running, &lan));
    soon("both lines stand", || second.hears() && third.hears());
    soon("the third knows the second", || {
        let known = ask(&third.running, SUPERVISOR, "device.list", json!({})).unwrap();
        known.as_array().unwrap().len() == 3
    });
    let own = json!({"hub": "127.0.0.1:1"});
    let no = ask(&running, SUPERVISOR, "hub.follow", own).unwrap_err();
    assert_eq!(no["code"], "NOT_PAIRED", "{no}");
    drop(running);
    soon("the hub is gone", || !third.hears());

    let follow =
        |officer: &str, hub: &str| ask(&third.running, officer, "hub.follow", json!({"hub": hub}));
    let stranger = TestBranch::demo();
    let elsewhere = serve(stranger.app(), None);
    let foreign = elsewhere.machine().be_hub(local, true).unwrap();
    let nobody = format!("127.0.0.1:{}", free_port());
    for (officer, hub, code) in [
        (OFFICER, nobody.as_str(), "NOT_ALLOWED"),
        (SUPERVISOR, &nobody, "HUB_AWAY"),
        (SUPERVISOR, &foreign.url, "HUB_FOREIGN"),
        (SUPERVISOR, " ", "FIELD_REQUIRED"),
        (SUPERVISOR, "10.0.0.1/x:80", "ARGUMENT_INVALID"),
    ] {
        let no = follow(officer, hub).unwrap_err();
        assert_eq!(no["code"], code, "{hub}: {no}");
        let Role::Counter(paired) = third.running.machine().role() else {
            panic!("no counter any more")
        };
        assert_eq!(paired.url, lan.url);
    }
    let at = format!("127.0.0.1:{}", free_port());
    let word = json!({"reason": "máy chủ quầy hỏng", "listen": at});
    ask(&second.running, SUPERVISOR, "hub.promote", word).unwrap();
    soon("the second is the hub", || second.running.lan().is_some());
    let state = follow(SUPERVISOR, &at).unwrap();
    assert_eq!(state["hub"], at.as_str());
    soon("the line stands again", || third.hears());
    assert!(register(&third.app).starts_with("2A-"));
}
