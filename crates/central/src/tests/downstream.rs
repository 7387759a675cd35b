//! The queue of what systems beyond are told, with a system that the test is.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use motcua_domain::case::CaseStatus;
use motcua_protocol::course::Turn;
use uuid::Uuid;

use super::{
    OFFICE, Rig,
    reading::{log_of, morning},
};
use crate::downstream::{
    Courier, Facts, Outcome, Outside, System, Why,
    courier::{Patience, tell_turns},
};

/// What was told, and what is answered to it: done, where nothing else is said.
#[derive(Default)]
struct Told {
    cases: Vec<(String, bool)>,
    turns: Vec<Vec<Turn>>,
    answers: VecDeque<Outcome>,
    meanwhile: Option<Box<dyn FnMut() + Send>>,
}

#[derive(Clone, Default)]
struct Beyond(Arc<Mutex<Told>>);

impl Beyond {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.lock().unwrap()
    }

    fn answering(answers: impl IntoIterator<Item = Outcome>) -> Self {
        let beyond = Self::default();
        beyond.told().answers.extend(answers);
        beyond
    }
}

impl Outside for Beyond {
    fn system(&self) -> System {
        System::Portal
    }

    fn offices(&self) -> Vec<String> {
        vec![OFFICE.to_owned()]
    }

    fn case(&self, office: &str, facts: &Facts, known: bool) -> Outcome {
        assert_eq!(office, OFFICE);
        let mut told = self.told();
        told.cases.push((facts.case.received.code.clone(), known));
        if let Some(meanwhile) = &mut told.meanwhile {
            meanwhile();
        }
        told.answers.pop_front().unwrap_or(Outcome::Done)
    }

    fn turns(&self, _: &str, _: &Facts, turns: &[Turn]) -> Outcome {
        let mut told = self.told();
        told.turns.push(turns.to_vec());
        told.answers.pop_front().unwrap_or(Outcome::Done)
    }

    fn patience(&self) -> Patience {
        Patience {
            answer: Duration::from_secs(10),
            away: Duration::from_secs(300),
        }
    }

    fn turns_at_once(&self) -> usize {
        3
    }
}

fn refused() -> Outcome {
    Outcome::Refused(Why::new("PORTAL_REFUSED", "9: no"))
}

fn away() -> Outcome {
    Outcome::Away(Why::new("PORTAL_AWAY", "timeout"))
}

impl Rig {
    fn courier(&self, beyond: &Beyond) -> Courier<Beyond> {
        Courier {
            pool: self.pool.clone(),
            runtime: self.runtime.handle().clone(),
            patience: beyond.patience(),
            outside: beyond.clone(),
            news: Arc::default(),
            unmapped: Mutex::default(),
        }
    }

    fn line(&self) {
        self.postgres
            .query("INSERT INTO downstream_line(system) VALUES('portal')");
    }

    fn waiting(&self) -> u64 {
        self.count("SELECT count(*) FROM downstream_case WHERE waiting")
    }
}

/// An office whose cases wait; how many.
fn received() -> (Rig, u64) {
    let branch = morning();
    let rig = Rig::new();
    rig.line();
    let device = rig.device(OFFICE);
    for batch in log_of(&branch).chunks(40) {
        device.push(batch).unwrap();
    }
    let cases = rig.count("SELECT count(*) FROM case_file");
    assert!(cases > 5);
    (rig, cases)
}

#[test]
fn every_case_waits_as_soon_as_it_is_stored_and_is_told_once() {
    let (rig, cases) = received();
    assert_eq!(rig.waiting(), cases);
    let beyond = Beyond::default();
    let courier = rig.courier(&beyond);
    for _ in 0..cases {
        assert_eq!(courier.one().unwrap(), None);
    }
    assert!(courier.one().unwrap().is_some(), "nothing is left");
    assert_eq!(rig.waiting(), 0);
    let told = beyond.told();
    assert_eq!(told.cases.len() as u64, cases);
    assert!(told.cases.iter().all(|(_, known)| !known));
    assert_eq!(told.turns.len() as u64, cases);
    for turns in &told.turns {
        assert_eq!(turns[0].status, CaseStatus::Received);
        assert_eq!(turns[0].actor, "ha");
    }
    // Nothing personal is kept a second time.
    let kept = rig
        .postgres
        .query("SELECT string_agg(d::text, ' ') FROM downstream_case d");
    assert!(
        !kept.contains("Ỷ Lan") && !kept.contains("001190000001"),
        "{kept}"
    );
}

#[test]
fn what_changes_while_it_is_told_is_told_again_and_only_then() {
    let (rig, cases) = received();
    rig.postgres.query(
        "DELETE FROM downstream_case WHERE id <> (SELECT min(id::text)::uuid FROM downstream_case)",
    );
    let beyond = Beyond::default();
    let courier = rig.courier(&beyond);
    let url = rig.postgres.url();
    let changes = "UPDATE downstream_case SET wanted = decode(repeat('11', 32), 'hex')";
    beyond.told().meanwhile = Some(Box::new(move || {
        let done = std::process::Command::new("psql")
            .arg(&url)
            .args(["-X", "-q", "-c", changes])
            .status();
        assert!(done.unwrap().success());
    }));
    assert_eq!(courier.one().unwrap(), None);
    assert_eq!(rig.waiting(), 1, "the change is still to be told");
    beyond.told().meanwhile = None;
    assert_eq!(courier.one().unwrap(), None);
    assert_eq!(rig.waiting(), 0);
    // The second telling was a change, and the turn was told before.
    assert_eq!(beyond.told().cases.len(), 2);
    assert!(beyond.told().cases[1].1);
    assert_eq!(beyond.told().turns.len(), 1);
    // Queued by a program that knew less of a case: told once, not for ever.
    rig.postgres.query(
        "UPDATE downstream_case SET wanted = decode(repeat('00', 32), 'hex'), waiting = true",
    );
    assert_eq!(courier.one().unwrap(), None);
    assert_eq!(rig.waiting(), 0);
    assert!(cases > 0);
}

#[test]
fn a_refused_case_pauses_alone_and_a_line_that_is_away_pauses_all() {
    let (rig, cases) = received();
    let beyond = Beyond::answering([refused()]);
    let courier = rig.courier(&beyond);
    courier.one().unwrap();
    assert_eq!(rig.count("SELECT count(*) FROM downstream_case WHERE code = 'PORTAL_REFUSED' AND tries = 1 AND claim IS NULL"), 1);
    rig.postgres.query(
        "UPDATE downstream_case SET next_at = now() + interval '1 hour' WHERE code IS NOT NULL",
    );
    assert_eq!(courier.one().unwrap(), None, "others go on");
    assert_eq!(rig.waiting(), cases - 1);
    // Away: one case tells so, the others are not tried with it.
    beyond.told().answers.push_back(away());
    courier.one().unwrap();
    rig.postgres
        .query("UPDATE downstream_line SET next_at = now() + interval '1 hour'");
    let asked = beyond.told().cases.len();
    for _ in 0..3 {
        assert!(courier.one().unwrap().is_some());
    }
    assert_eq!(
        beyond.told().cases.len(),
        asked,
        "nobody is asked meanwhile"
    );
    // One of several copies tries; while it does the others wait.
    rig.postgres
        .query("UPDATE downstream_line SET next_at = now()");
    beyond.told().answers.push_back(away());
    assert_eq!(courier.one().unwrap(), None);
    assert_eq!(rig.count("SELECT tries FROM downstream_line"), 2);
    // Back again: everything that was not refused is told.
    rig.postgres.query("UPDATE downstream_line SET next_at = now(); UPDATE downstream_case SET next_at = now() WHERE code = 'PORTAL_AWAY'");
    while courier.one().unwrap().is_none() {}
    assert_eq!(rig.waiting(), 1);
    assert_eq!(
        rig.count("SELECT count(*) FROM downstream_line WHERE tries = 0 AND since IS NULL"),
        1
    );
}

#[test]
fn a_pause_grows_to_its_cap_and_never_beyond() {
    let (rig, _) = received();
    let beyond = Beyond::default();
    let courier = rig.courier(&beyond);
    rig.postgres
        .query("UPDATE downstream_case SET tries = 2000000");
    beyond.told().answers.push_back(refused());
    courier.one().unwrap();
    let beyond_cap =
        "SELECT count(*) FROM downstream_case WHERE next_at > now() + interval '6 hours'";
    assert_eq!(rig.count(beyond_cap), 0);
    rig.postgres
        .query("UPDATE downstream_line SET tries = 2000000, next_at = now()");
    beyond.told().answers.push_back(away());
    courier.one().unwrap();
    assert_eq!(
        rig.count(
            "SELECT count(*) FROM downstream_line WHERE next_at > now() + interval '300 seconds'"
        ),
        0
    );
}

#[test]
fn a_case_that_is_no_case_any_more_is_for_a_person() {
    let (rig, cases) = received();
    let beyond = Beyond::default();
    let courier = rig.courier(&beyond);
    while courier.one().unwrap().is_none() {}
    rig.postgres.query(
        "DELETE FROM event_log WHERE entity = (SELECT min(id::text)::uuid FROM downstream_case);
         UPDATE downstream_case SET waiting = true WHERE id = (SELECT min(id::text)::uuid FROM downstream_case)",
    );
    courier.one().unwrap();
    assert_eq!(
        rig.count("SELECT count(*) FROM downstream_case WHERE waiting AND code = 'CASE_GONE'"),
        1
    );
    assert_eq!(
        beyond.told().cases.len() as u64,
        cases,
        "nothing was told of it"
    );
}

fn turns(count: u8) -> Vec<Turn> {
    let turn = |n| Turn {
        event: Uuid::from_u128(n),
        status: CaseStatus::Received,
        at_ms: 0,
        actor: "ha".to_owned(),
    };
    (1..=u128::from(count)).map(turn).collect()
}

/// Tells so many turns; how many arrived, what came of it, how many were told each time.
fn telling(count: u8, answers: impl IntoIterator<Item = Outcome>) -> (usize, Outcome, Vec<usize>) {
    let branch = morning();
    let log = log_of(&branch);
    let case = log
        .iter()
        .find(|e| e.header.kind == "case.received")
        .unwrap();
    let folded = motcua_protocol::fold::fold([(&case.header, &case.body[..])], None);
    let facts =
        crate::downstream::facts(&folded.case.unwrap(), [(&case.header, &case.body[..])]).unwrap();
    let beyond = Beyond::answering(answers);
    let turns = turns(count);
    let (arrived, told) = tell_turns(&beyond, OFFICE, &facts, &turns.iter().collect::<Vec<_>>());
    assert_eq!(
        arrived,
        turns
            .iter()
            .take(arrived.len())
            .map(|t| t.event)
            .collect::<Vec<_>>(),
        "in order"
    );
    let sizes = beyond.told().turns.iter().map(Vec::len).collect();
    (arrived.len(), told, sizes)
}

#[test]
fn turns_go_together_and_one_by_one_where_nobody_knows_which_arrived() {
    use Outcome::{Done, Exists};
    assert_eq!(telling(7, []), (7, Done, vec![3, 3, 1]));
    // The first three were there, or some of them.
    assert_eq!(
        telling(4, [Exists, Exists, Done, Exists]),
        (4, Done, vec![3, 1, 1, 1, 1])
    );
    // The second of three is refused: what comes behind it is not told before it.
    assert_eq!(
        telling(4, [refused(), Done, refused()]),
        (1, refused(), vec![3, 1, 1])
    );
    // An answer that is lost says nothing of any.
    assert_eq!(telling(4, [away()]), (0, away(), vec![3]));
    assert_eq!(telling(4, [Done, away()]), (3, away(), vec![3, 1]));
    assert_eq!(telling(1, [Exists]), (1, Done, vec![1]));
}
