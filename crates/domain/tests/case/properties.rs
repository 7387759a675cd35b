//! Whatever the events and their order: folding never falls over, no way outside the table is
//! gone, and nothing that was recorded is lost.

use motcua_domain::case::{
    ActUndone, Case, CaseAct, CaseEvent, CaseStatus, Postponed, undo::Asker,
};
use proptest::prelude::*;

use crate::play::{DAY, MORNING, Play, received, recorded};

/// None takes back what was done last.
fn acts() -> impl Strategy<Value = Vec<(Option<CaseAct>, i64)>> {
    let act = prop::option::weighted(0.8, prop::sample::select(CaseAct::ALL.to_vec()));
    let one = (act, 0..3 * DAY);
    prop::collection::vec(one, 0..14)
}

/// An event of each kind, without asking whether it fits: what a log may hold that two machines
/// wrote apart, or that somebody made up.
fn any_event(pick: usize, ms: i64) -> CaseEvent {
    let mut play = Play::new();
    match pick {
        0 => CaseEvent::Received(Box::new(received())),
        1 => CaseEvent::DocumentPrinted {
            document: "receipt".to_owned(),
            hash: String::new(),
        },
        2 => CaseEvent::Postponed(Postponed {
            reason: "x".to_owned(),
            from_ms: i64::MIN,
            due_ms: ms,
            number: None,
        }),
        3 | 4 => CaseEvent::ActUndone(ActUndone {
            act: CaseAct::ALL[ms.rem_euclid(11) as usize],
            // As often as not of an act that there is: all are done in the morning.
            done_ms: if ms % 2 == 0 { MORNING } else { ms },
            reason: "x".to_owned(),
        }),
        n => {
            // Each act from where it is possible.
            let act = CaseAct::ALL[(n - 5) % CaseAct::ALL.len()];
            for before in [
                CaseAct::RequestSupplement,
                CaseAct::CompleteSupplement,
                CaseAct::HandOver,
                CaseAct::ReceiveResult,
            ] {
                if let Ok(event) = play.decide(act) {
                    return event;
                }
                play.act(before).unwrap();
            }
            play.decide(act).unwrap()
        }
    }
}

proptest! {
    #[test]
    fn what_is_decided_takes_effect_and_follows_the_table(steps in acts()) {
        let mut play = Play::new();
        for (act, wait) in steps {
            play.pass(wait);
            let before = play.case.clone();
            let Some(act) = act else {
                let undone = play.undo(Asker { officer: "lan", supervisor: true });
                match undone {
                    Ok(()) => {
                        prop_assert_eq!(play.case.revision(), before.revision() + 1);
                        prop_assert_eq!(play.case.undone.len(), before.undone.len() + 1);
                        let last = play.case.undone.last().unwrap();
                        prop_assert_eq!(Some(&last.act), before.last_act());
                        // The way that led here leads here again.
                        let again = last.act.event.act().unwrap().way(play.case.status);
                        prop_assert_eq!(again, Some(before.status));
                    }
                    Err(_) => prop_assert!(before.last_act().is_none()),
                }
                prop_assert_eq!(&Case::fold(&play.events).unwrap(), &play.case);
                continue;
            };
            match play.act(act) {
                Ok(()) => {
                    prop_assert_eq!(Some(play.case.status), act.way(before.status));
                    prop_assert_eq!(play.case.revision(), before.revision() + 1);
                    prop_assert!(play.case.set_aside.is_empty());
                }
                Err(_) => prop_assert_eq!(&play.case, &before, "a refusal changes nothing"),
            }
            prop_assert!(play.case.times(CaseAct::Postpone) <= 1);
            prop_assert_eq!(
                play.case.due_ms().is_none(),
                play.case.status == CaseStatus::SupplementRequested
            );
            let whole = Case::fold(&play.events).unwrap();
            prop_assert_eq!(&whole, &play.case, "folded whole");
        }
    }

    #[test]
    fn any_events_fold_and_none_is_lost(
        picks in prop::collection::vec((0usize..15, prop_oneof![Just(MORNING), any::<i64>()]), 0..24),
        begin in 0usize..4,
    ) {
        let mut events = vec![];
        for (i, (pick, ms)) in picks.iter().enumerate() {
            if i == begin {
                events.push(recorded(CaseEvent::Received(Box::new(received())), MORNING));
            }
            events.push(recorded(any_event(*pick, *ms), *ms));
        }
        let Some(case) = Case::fold(&events) else {
            return Ok(());
        };
        let begun = events.iter().position(|e| matches!(e.event, CaseEvent::Received(_))).unwrap();
        let told = events[begun..]
            .iter()
            .filter(|e| e.event.act().is_some() || matches!(e.event, CaseEvent::ActUndone(_)))
            .count();
        // What was taken back is two records: the act, and taking it back.
        prop_assert_eq!(case.acts.len() + case.set_aside.len() + 2 * case.undone.len(), told);
        prop_assert!(case.times(CaseAct::Postpone) <= 1);
        // Played again from its own acts, each goes a way of the table.
        let mut status = CaseStatus::Received;
        for act in &case.acts {
            status = act.event.act().and_then(|a| a.way(status)).unwrap();
        }
        prop_assert_eq!(status, case.status);
        let _ = (case.due_ms(), case.promised(), case.revision());
        let text = serde_json::to_string(&case).unwrap();
        prop_assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case, "kept as it was");
    }
}
