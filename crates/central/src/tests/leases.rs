//! Case codes for branches of one agency: no number is held twice, whoever asks how often and
//! whichever copy answers; a central that went back does not grant again what it forgot.

use std::thread;

use motcua_protocol::lease::{DateAsk, LeaseAnswer, LeaseAsk, Numbers};
use motcua_sync::wire;
use serde_json::{Value, json};

use super::{Device, OFFICE, Rig};
use crate::database;

const LEASES: &str = "/v1/leases";
/// No range of a day meets another; the database keeps it so, and this looks all the same.
const MEET: &str = "SELECT count(*) FROM number_lease a JOIN number_lease b
  ON a.agency = b.agency AND a.business_date = b.business_date AND a.numbers && b.numbers AND a.ctid < b.ctid";

fn today(rig: &Rig) -> chrono::NaiveDate {
    let date = rig
        .postgres
        .query("SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date");
    date.parse().unwrap()
}

fn day(date: chrono::NaiveDate, want: u32, taken: u32) -> DateAsk {
    DateAsk {
        date,
        want,
        taken,
        held: Vec::new(),
        given: Vec::new(),
    }
}

fn ask(epoch: u32, dates: Vec<DateAsk>) -> LeaseAsk {
    LeaseAsk {
        epoch,
        agency: OFFICE.to_owned(),
        dates,
    }
}

impl Device {
    fn leases(&self, ask: &LeaseAsk) -> Result<LeaseAnswer, (u16, Value)> {
        let answer = self
            .agent
            .post(format!("{}{LEASES}", self.url))
            .header(wire::PROTO_HEADER, motcua_protocol::sync::PROTO.to_string())
            .header("authorization", format!("Bearer {}", self.token))
            .send(serde_json::to_vec(ask).unwrap())
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        match status {
            200 => Ok(serde_json::from_str(&text).unwrap()),
            _ => Err((status, serde_json::from_str(&text).unwrap_or(Value::Null))),
        }
    }
}

/// A second branch that numbers for the agency of the first.
fn second(rig: &Rig) -> Device {
    let device = rig.device("H99.01-CS2");
    rig.runtime.block_on(async {
        let office = database::office(&rig.pool, "H99.01-CS2").await.unwrap();
        database::numbers_for(&rig.pool, office, OFFICE)
            .await
            .unwrap();
    });
    device
}

#[test]
fn branches_of_one_agency_never_hold_one_number_whichever_copy_answers() {
    let rig = Rig::new();
    let first = rig.device(OFFICE);
    let mut other = second(&rig);
    other.url = rig.copy();
    let date = today(&rig);
    let asks = |device: &Device, epoch: u32| {
        let mut held = 0;
        for round in 0..12 {
            let answer = device
                .leases(&ask(epoch, vec![day(date, 100, round * 60)]))
                .unwrap();
            held = answer.dates[0].ranges.iter().map(|n| n.count()).sum();
        }
        held
    };
    let sums = thread::scope(|scope| {
        let lives = [(&first, 1), (&other, 1), (&first, 2), (&other, 7)];
        let running: Vec<_> = (lives.iter())
            .map(|&(device, epoch)| scope.spawn(move || asks(device, epoch)))
            .collect();
        let sums: Vec<u32> = running.into_iter().map(|r| r.join().unwrap()).collect();
        sums
    });
    assert!(sums.iter().all(|sum| (660..=900).contains(sum)), "{sums:?}");
    let held = rig.count("SELECT sum(upper(numbers) - lower(numbers)) FROM number_lease");
    assert_eq!(held, u64::from(sums.iter().sum::<u32>()));
    assert_eq!(rig.count(MEET), 0);
    // The database itself takes no range that meets another.
    let forced = rig.postgres.query(
        "DO $$ BEGIN
           INSERT INTO number_lease SELECT agency, business_date, numbers, office_id, device, 99 FROM number_lease LIMIT 1;
           RAISE EXCEPTION 'taken';
         EXCEPTION WHEN exclusion_violation THEN NULL; END $$; SELECT 1",
    );
    assert!(forced.ends_with('1'), "{forced}");
}

#[test]
fn the_same_question_gets_the_same_answer_and_a_new_life_gets_ranges_of_its_own() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let date = today(&rig);
    let probe = device.leases(&ask(1, Vec::new())).unwrap();
    assert_eq!(probe.dates, []);
    assert_eq!(rig.count("SELECT count(*) FROM number_series"), 0);
    let question = ask(1, vec![day(date, 100, 0)]);
    let answer = device.leases(&question).unwrap();
    assert_eq!(answer, device.leases(&question).unwrap());
    assert_eq!(answer.dates[0].ranges, [Numbers { from: 1, to: 100 }]);
    assert_eq!(answer.dates[0].rest, 9_899);
    let reborn = device.leases(&ask(9, vec![day(date, 100, 0)])).unwrap();
    assert_eq!(reborn.dates[0].ranges, [Numbers { from: 101, to: 200 }]);
}

#[test]
fn whoever_asks_for_what_is_not_its_own_is_told_which_field() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let date = today(&rig);
    let refused = |ask: &LeaseAsk| {
        let (status, error) = device.leases(ask).unwrap_err();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (status, text("code"), text("field"))
    };
    let mut other = ask(1, vec![day(date, 100, 0)]);
    other.agency = "H99.02".to_owned();
    let told = (403, "AGENCY_OTHER".to_owned(), "agency".to_owned());
    assert_eq!(refused(&other), told);
    let wrong = |field: &str| (400, "ARGUMENT_INVALID".to_owned(), field.to_owned());
    let far = date + chrono::Days::new(40);
    let asked = ask(1, vec![day(date, 1, 0), day(far, 1, 0)]);
    assert_eq!(refused(&asked), wrong("dates[1].date"));
    let asked = ask(1, vec![day(date, 1, 0), day(date, 1, 0)]);
    assert_eq!(refused(&asked), wrong("dates[1].date"));
    let mut unsound = day(date, 1, 0);
    unsound.held = vec![Numbers {
        from: 9,
        to: 10_000,
    }];
    let asked = ask(1, vec![unsound]);
    assert_eq!(refused(&asked), wrong("dates[0].held[0]"));
    assert_eq!(rig.count("SELECT count(*) FROM number_lease"), 0);
}

#[test]
fn a_central_that_went_back_does_not_grant_what_it_forgot() {
    let rig = Rig::new();
    let (first, other) = (rig.device(OFFICE), second(&rig));
    let date = today(&rig);
    let asked = ask(1, vec![day(date, 100, 0)]);
    let before = first.leases(&asked).unwrap();
    // Restored from a backup that is older than that, and said to be.
    rig.postgres.query("DELETE FROM number_lease");
    rig.runtime.block_on(database::restored(&rig.pool)).unwrap();
    let after = other.leases(&asked).unwrap();
    assert_eq!(
        after.dates[0].ranges,
        [Numbers {
            from: 9_900,
            to: 9_999
        }]
    );
    // Whoever was granted something says so, and it is known again.
    let mut again = day(date, 100, 0);
    again.held.clone_from(&before.dates[0].ranges);
    let answer = first.leases(&ask(1, vec![again])).unwrap();
    assert_eq!(answer.dates[0].ranges, before.dates[0].ranges);
    assert!(!answer.dates[0].clash);
    assert_eq!(rig.count(MEET), 0);
}

#[test]
fn what_two_branches_gave_out_before_is_told_as_a_clash_and_seen_by_whoever_runs_central() {
    let rig = Rig::new();
    let (first, other) = (rig.device(OFFICE), second(&rig));
    let date = today(&rig);
    first.leases(&ask(1, vec![day(date, 100, 90)])).unwrap();
    let mut before = day(date, 100, 0);
    before.given = vec![Numbers { from: 1, to: 7 }];
    let answer = other.leases(&ask(1, vec![before])).unwrap();
    assert!(answer.dates[0].clash);
    let overview = rig
        .runtime
        .block_on(crate::operations::overview(&rig.pool))
        .unwrap();
    let overview = json!(overview);
    assert_eq!(overview["offices"][0]["codes_left"], 10);
    assert_eq!(overview["offices"][1]["codes_clash"], true);
    assert_eq!(overview["agencies"][0]["branches"], 2);
    assert_eq!(overview["agencies"][0]["low"], false);
}
