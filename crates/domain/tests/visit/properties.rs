//! Any sequence of acts at any times, with clocks that jump and programs that start anew.

use motcua_domain::visit::{Clocks, Recorded, State, Visit, VisitEvent};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    play::{MINUTE, MORNING, Play, acts},
    table::leads,
};

const HOUR: i64 = 60 * MINUTE;
const YEAR: i64 = 365 * 24 * HOUR;

/// What happens to time before an act.
#[derive(Debug, Clone, Copy)]
enum Step {
    Pass(i64),
    SetClock(i64),
    StartAnew { wall: i64, mono: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let jump = prop::sample::select(vec![-YEAR, -HOUR, -1_000, 0, 1_000, HOUR, YEAR]);
    prop_oneof![
        6 => (0i64..90_000).prop_map(Step::Pass),
        4 => (0i64..40 * MINUTE).prop_map(Step::Pass),
        1 => jump.clone().prop_map(Step::SetClock),
        1 => (jump, 0i64..HOUR).prop_map(|(wall, mono)| Step::StartAnew { wall, mono }),
    ]
}

fn take(play: &mut Play, step: Step, boots: &mut u128) {
    match step {
        Step::Pass(ms) => {
            play.pass(ms);
        }
        Step::SetClock(by) => play.stamp.wall_ms += by,
        Step::StartAnew { wall, mono } => {
            *boots += 1;
            play.stamp.boot = Uuid::from_u128(*boots);
            play.stamp.wall_ms += wall;
            play.stamp.mono_ms = mono;
        }
    }
}

fn sound(clocks: &Clocks) -> bool {
    let parts = [
        clocks.queue_ms,
        clocks.walk_ms,
        clocks.service_ms,
        clocks.held_ms,
        clocks.missed_ms,
    ];
    parts.iter().all(|ms| *ms >= 0)
        && parts.iter().sum::<i64>() == clocks.total_ms
        && (clocks.queue_ms + clocks.walk_ms..=clocks.total_ms).contains(&clocks.wait_ms)
        && clocks.prep_ms >= 0
}

fn check(visit: &Visit) -> Result<(), TestCaseError> {
    for (i, leg) in visit.legs.iter().enumerate() {
        let present = i + 1 == visit.legs.len();
        prop_assert!(
            present || leg.state == State::Closed,
            "only the last leg is open"
        );
        for pair in leg.spans.windows(2) {
            prop_assert_eq!(pair[0].to_ms, Some(pair[1].from_ms), "no gap, no overlap");
        }
        for span in &leg.spans {
            prop_assert!(span.to_ms.is_none_or(|to| to >= span.from_ms), "{:?}", span);
        }
        let last = leg.spans.last().unwrap();
        prop_assert_eq!(last.to_ms.is_none(), leg.state != State::Closed);
        prop_assert_eq!(last.to_ms, leg.end_ms);
        prop_assert_eq!(leg.outcome.is_some(), leg.state == State::Closed);
        prop_assert!(visit.last_ms >= last.from_ms);
        if leg.spans[0].state != State::Booked {
            let end = leg.end_ms.unwrap_or(visit.last_ms);
            let clocks = leg.clocks(visit.last_ms);
            prop_assert!(sound(&clocks), "{:?}", clocks);
            prop_assert_eq!(clocks.total_ms, end - leg.queued_ms, "the clocks add up");
        }
    }
    let whole = visit.clocks(visit.last_ms);
    prop_assert!(sound(&whole), "{:?}", whole);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_history_stays_in_the_table_and_its_clocks_add_up(
        booked in any::<bool>(),
        planned in any::<bool>(),
        supervisor in any::<bool>(),
        plan in prop::collection::vec((step(), 0usize..acts().len()), 1..40),
    ) {
        let mut play = if booked {
            Play::booked(MORNING + 30 * MINUTE)
        } else {
            Play::walk_in()
        };
        if !supervisor {
            play.roles = crate::play::OFFICER;
        }
        let catalogue = acts();
        let mut boots = 1;
        if planned && !booked {
            play.act(catalogue.iter().find(|(n, _)| *n == "add_service").unwrap().1.clone());
        }
        for (step, index) in plan {
            take(&mut play, step, &mut boots);
            let (name, act) = &catalogue[index];
            let before = play.visit.clone();
            let frozen: Vec<_> = before.legs[..before.legs.len() - 1].to_vec();
            if play.try_act(act.clone()).is_err() {
                prop_assert_eq!(&play.visit, &before);
                continue;
            }
            let to = leads(before.state(), name);
            let next_service = *name == "finish" && !before.planned.is_empty();
            let want = if next_service { Some(State::Waiting) } else { to };
            prop_assert_eq!(Some(play.visit.state()), want, "{} from {:?}", name, before.state());
            prop_assert_eq!(&play.visit.legs[..frozen.len()], &frozen[..], "what is over stays as it was");
            prop_assert!(play.visit.last_ms >= before.last_ms);
            check(&play.visit)?;
            // Looked at later, a clock has only gone on.
            let (now, later) = (play.visit.clocks(play.visit.last_ms), play.visit.clocks(play.visit.last_ms + HOUR));
            prop_assert!(later.wait_ms >= now.wait_ms && sound(&later));
        }
        let folded = Visit::fold(&play.events);
        prop_assert_eq!(folded.as_ref(), Some(&play.visit), "fold = applying one by one");
        let wire: Vec<Recorded<VisitEvent>> = play.events.iter().map(|recorded| Recorded {
            stamp: recorded.stamp.clone(),
            event: serde_json::from_value(serde_json::to_value(&recorded.event).unwrap()).unwrap(),
        }).collect();
        prop_assert_eq!(wire, play.events, "events survive the wire");
    }
}
