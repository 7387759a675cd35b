//! Who is hub after a disk went back behind a person's word.

use std::{fs, path::PathBuf};

use motcua_app::{App, Next, Settings, Standing};
use motcua_protocol::event::{Body, BranchEvent, HubPromoted};
use motcua_store::{
    Author,
    table::{branch::hub_entity, hub::HubTerm},
};
use motcua_testkit::branch::{OFFICER, SERVICE, SUPERVISOR, TestBranch, open};
use serde_json::json;
use uuid::Uuid;

/// The first hub of the branch.
const OTHER: Uuid = Uuid::from_u128(0xF1257);
const COUNTER: Standing = Standing::CounterOf(OTHER);

/// A counter of another machine.
fn counter() -> TestBranch {
    let branch = TestBranch::demo();
    let app = branch.app();
    app.introduce(OTHER, "Máy chủ quầy", "other").unwrap();
    app.introduce(app.store().device(), "Quầy", "own").unwrap();
    branch
}

fn promote(branch: &TestBranch) -> u64 {
    let args = json!({"reason": "Máy chủ quầy hỏng", "listen": "127.0.0.1:7420"});
    let answer = branch.ok(SUPERVISOR, "hub.promote", args);
    answer["term"].as_u64().unwrap()
}

fn back_up(branch: &TestBranch, name: &str) -> PathBuf {
    let file = branch.beside(name);
    branch.app().backup(&file).unwrap();
    file
}

fn restore(branch: &mut TestBranch, file: &std::path::Path) {
    branch.close();
    App::restore(&branch.settings(), file, &*branch.clock).unwrap();
    branch.open().unwrap();
}

/// What comes with the log of the other machine.
fn other_has(branch: &TestBranch, term: u32) {
    let author = Author {
        actor: "system".to_owned(),
        command_id: Uuid::now_v7(),
        moment: branch.app().moment(),
    };
    let event = HubPromoted {
        term,
        device: OTHER,
        reason: "Máy quầy hỏng".to_owned(),
        urls: vec!["https://127.0.0.1:7421".to_owned()],
    };
    let body = Body::Branch(BranchEvent::Promoted(event));
    let store = branch.app().store();
    store
        .write(&author, |tx| tx.append(hub_entity(), &body))
        .unwrap();
}

fn hub(app: &App) -> (Uuid, u32) {
    let hub = app.hub().unwrap().unwrap();
    (hub.device, hub.term)
}

#[test]
fn a_hub_whose_disk_went_back_behind_its_promotion_is_the_hub_all_the_same() {
    let mut branch = counter();
    let own = branch.app().store().device();
    let before = back_up(&branch, "before.db");
    assert_eq!(promote(&branch), 2);
    assert_eq!(branch.app().next(COUNTER).unwrap(), Next::BecomesHub);
    restore(&mut branch, &before);
    assert_eq!(hub(branch.app()), (OTHER, 1));
    let lost = HubTerm {
        device: own,
        term: 2,
        urls: vec!["https://127.0.0.1:7420".to_owned()],
    };
    let resumes = Next::Resumes(lost.clone());
    assert_eq!(branch.app().next(Standing::Hub).unwrap(), resumes);
    assert_eq!(branch.app().next(COUNTER).unwrap(), resumes);
    branch.app().resume(&lost).unwrap();
    assert_eq!(hub(branch.app()), (own, 2));
    assert_eq!(branch.app().next(Standing::Hub).unwrap(), Next::Stays);
    assert_eq!(branch.app().next(COUNTER).unwrap(), Next::BecomesHub);
    // What it gave before may be on paper and in no log.
    let given = branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    let ticket = given["ticket"].as_str().unwrap();
    assert!(ticket.len() > "2A-001".len(), "{ticket}");
    branch.assert_sound();
}

#[test]
fn a_machine_that_gave_way_does_not_take_it_back_with_its_disk() {
    let mut branch = counter();
    promote(&branch);
    branch.app().next(COUNTER).unwrap();
    let as_hub = back_up(&branch, "as-hub.db");
    other_has(&branch, 3);
    let gives_way = branch.app().next(Standing::Hub).unwrap();
    assert!(matches!(gives_way, Next::GivesWay(to) if to.device == OTHER));
    branch.app().step_down().unwrap();
    restore(&mut branch, &as_hub);
    assert_eq!(hub(branch.app()).1, 2, "the log knows of nothing later");
    assert_eq!(branch.app().next(COUNTER).unwrap(), Next::Stays);
    // A new word is later than everything that was ever heard here.
    assert_eq!(promote(&branch), 4);
    assert_eq!(branch.app().next(COUNTER).unwrap(), Next::BecomesHub);
}

#[test]
fn a_copy_of_a_hub_is_not_asked() {
    let mut branch = counter();
    let before = back_up(&branch, "before.db");
    promote(&branch);
    branch.app().next(COUNTER).unwrap();
    branch.close();
    let dir = branch.beside("copy");
    fs::create_dir(&dir).unwrap();
    fs::copy(&before, dir.join("motcua.db")).unwrap();
    fs::copy(branch.dir().join("device.json"), dir.join("device.json")).unwrap();
    let settings = Settings {
        dir,
        ..branch.settings()
    };
    let copy = open(settings, &branch.clock).unwrap();
    assert_eq!(copy.next(COUNTER).unwrap(), Next::Stays);
    assert_eq!(copy.store().known_hub(), None);
}
