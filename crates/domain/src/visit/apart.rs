//! A visit told by machines that could not hear each other.
//!
//! Events come in the one order of the store, each with those that its writer had seen. Who had
//! seen everything before it decided under the rules, and it happened. Where somebody had not,
//! the act is asked once more whether it fits what stands there; one that does not is set aside,
//! and so is what its writer built upon it. Nothing is lost by that: it stays in the log, and the
//! visit names it, so that a supervisor can look.
//!
//! Of two accounts the first in the order counts, but for one thing: a person who sat at a desk
//! was there. A call into the void, “absent”, “left” or the end of the day do not outweigh a
//! service that went on at the same time.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{
    act::{HoldTo, Outcome, ReturnTo},
    event::VisitEvent,
    state::{Recorded, State, Visit},
};

/// An event, and which of those before it in the one order its writer had seen.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its id.
    pub id: Uuid,
    /// What was recorded.
    pub recorded: Recorded<VisitEvent>,
    /// Places of the seen ones in the same list, with all that those had seen.
    pub seen: BTreeSet<usize>,
}

/// Something done to a visit by somebody who could not know what was done to it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Apart {
    /// The event.
    pub event: Uuid,
    /// When, by the clock of its device.
    pub at_ms: i64,
    /// Who.
    pub officer: String,
    /// At which counter, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Whether it counts all the same: a second call after which nothing contradicts.
    pub counted: bool,
}

/// The visit that these events tell. `None` when the first one does not begin a visit.
pub fn fold(events: &[Told]) -> Option<Visit> {
    let mut eyes: Vec<Run> = Vec::with_capacity(events.len());
    for told in events {
        let seen: Vec<usize> = told.seen.iter().copied().collect();
        let run = settle(events, &eyes, &seen);
        eyes.push(run);
    }
    let all: Vec<usize> = (0..events.len()).collect();
    let run = settle(events, &eyes, &all);
    let mut visit = run.visit?;
    let second_calls = run.counted.iter().filter(|k| {
        let others = run.counted.iter().filter(|o| o < k);
        claims(&events[**k].recorded.event)
            && others
                .into_iter()
                .any(|o| claims(&events[*o].recorded.event) && strangers(events, *o, **k))
    });
    let mut named: Vec<(usize, bool)> = second_calls.map(|k| (*k, true)).collect();
    named.extend(run.aside.difference(&run.same).map(|k| (*k, false)));
    named.sort_unstable();
    visit.apart = named
        .into_iter()
        .map(|(k, counted)| {
            let stamp = &events[k].recorded.stamp;
            Apart {
                event: events[k].id,
                at_ms: stamp.wall_ms,
                officer: stamp.actor.clone(),
                counter: desk_of(&events[k].recorded.event)
                    .or_else(|| eyes[k].visit.as_ref()?.leg().counter),
                counted,
            }
        })
        .collect();
    Some(visit)
}

/// What came of some of the events.
#[derive(Debug, Default)]
struct Run {
    visit: Option<Visit>,
    counted: BTreeSet<usize>,
    aside: BTreeSet<usize>,
    /// Of those set aside, the ones that say what stands there anyway.
    same: BTreeSet<usize>,
}

/// Neither had seen the other.
fn strangers(events: &[Told], a: usize, b: usize) -> bool {
    a != b && !events[a].seen.contains(&b) && !events[b].seen.contains(&a)
}

/// Plays the events until nothing stands that a service outweighs.
fn settle(events: &[Told], eyes: &[Run], members: &[usize]) -> Run {
    let mut barred = BTreeSet::new();
    loop {
        let run = play(events, eyes, members, &barred);
        match outweighed(events, eyes, members, &run) {
            Some(k) => barred.insert(k),
            None => return run,
        };
    }
}

fn play(events: &[Told], eyes: &[Run], members: &[usize], barred: &BTreeSet<usize>) -> Run {
    let mut run = Run::default();
    for &k in members {
        let told = &events[k];
        let Some(visit) = &mut run.visit else {
            run.visit = Visit::begin(&told.recorded);
            if run.visit.is_none() {
                return run;
            }
            run.counted.insert(k);
            continue;
        };
        let event = &told.recorded.event;
        let knew_all = run.counted.is_subset(&told.seen);
        // Somebody who acted on what has not come to count.
        let misled = run
            .aside
            .iter()
            .any(|s| told.seen.contains(s) && !eyes[k].aside.contains(s));
        let own = eyes[k].visit.as_ref();
        let stands = !barred.contains(&k)
            && !misled
            && (knew_all || own.is_some_and(|own| fits(visit, own, event)));
        if !stands {
            if own.is_some_and(|own| says_the_same(visit, own, event)) {
                run.same.insert(k);
            }
            run.aside.insert(k);
            continue;
        }
        if knew_all {
            visit.apply(&told.recorded);
        } else {
            visit.apply_beside(&told.recorded);
        }
        run.counted.insert(k);
    }
    run
}

/// The first event that counts although somebody was being served meanwhile, unseen.
fn outweighed(events: &[Told], eyes: &[Run], members: &[usize], run: &Run) -> Option<usize> {
    let legs = |k: usize| eyes[k].visit.as_ref().map(|v| v.legs.len());
    let services: Vec<usize> = members
        .iter()
        .copied()
        .filter(|k| serves(&events[*k].recorded.event))
        .collect();
    let against = |k: usize| {
        services
            .iter()
            .copied()
            .filter(move |p| strangers(events, k, *p) && legs(k) == legs(*p))
    };
    run.counted.iter().copied().find(|w| {
        says_nobody(&events[*w].recorded.event)
            && against(*w)
                .any(|p| run.counted.contains(&p) || !against(p).any(|q| run.counted.contains(&q)))
    })
}

/// A counter takes the person for itself.
fn claims(event: &VisitEvent) -> bool {
    desk_of(event).is_some()
}

fn desk_of(event: &VisitEvent) -> Option<u16> {
    match event {
        VisitEvent::Called { counter }
        | VisitEvent::Returned {
            to: ReturnTo::Called { counter },
            ..
        } => Some(*counter),
        _ => None,
    }
}

/// The person sat at the desk.
fn serves(event: &VisitEvent) -> bool {
    matches!(
        event,
        VisitEvent::Started {}
            | VisitEvent::Resumed {
                to: HoldTo::Serving,
                ..
            }
            | VisitEvent::Ended {
                outcome: Outcome::Done,
                ..
            }
    )
}

/// Says that nobody sits there (yet, or any more).
fn says_nobody(event: &VisitEvent) -> bool {
    match event {
        VisitEvent::Missed {} | VisitEvent::CallUndone {} | VisitEvent::ClosedByDay { .. } => true,
        VisitEvent::Ended { outcome, .. } => *outcome != Outcome::Done,
        other => claims(other),
    }
}

/// Whether an act of somebody who saw `own` is possible in `visit` too.
fn fits(visit: &Visit, own: &Visit, event: &VisitEvent) -> bool {
    use State::{Booked, Called, Closed, Held, Missed, Serving, Waiting};
    let leg = visit.leg();
    let same_leg = visit.legs.len() == own.legs.len();
    let same_desk = same_leg && leg.counter == own.leg().counter;
    match event {
        VisitEvent::Registered(_) => false,
        VisitEvent::Identified { .. }
        | VisitEvent::TicketPrinted { .. }
        | VisitEvent::AppointmentPrinted { .. }
        | VisitEvent::DossierRefused(_)
        | VisitEvent::RefusalPrinted { .. }
        | VisitEvent::Classified { .. } => true,
        VisitEvent::ServiceAdded { .. } => visit.is_open(),
        VisitEvent::CheckedIn { .. } | VisitEvent::Moved { .. } => leg.state == Booked,
        VisitEvent::Jumped { .. } => same_leg && leg.state == Waiting,
        VisitEvent::Called { .. }
        | VisitEvent::Returned {
            to: ReturnTo::Called { .. },
            ..
        } => same_leg && matches!(leg.state, Waiting | Missed),
        VisitEvent::Returned {
            to: ReturnTo::Waiting,
            ..
        } => same_leg && leg.state == Missed,
        VisitEvent::Recalled {}
        | VisitEvent::CallUndone {}
        | VisitEvent::Started {}
        | VisitEvent::Missed {} => same_desk && leg.state == Called,
        VisitEvent::HeldAside(_) | VisitEvent::Transferred { .. } => {
            same_desk && matches!(leg.state, Serving | Called)
        }
        VisitEvent::Resumed { .. } => same_leg && leg.state == Held,
        VisitEvent::Ended { outcome, .. } => match outcome {
            Outcome::Done => same_desk && leg.state == Serving,
            Outcome::NoShow => same_leg && leg.state == Missed,
            Outcome::Void => same_leg && leg.state == Waiting,
            // Whoever came meanwhile did not stay away.
            Outcome::Cancelled => leg.state == Booked,
            _ => same_leg && visit.is_open(),
        },
        VisitEvent::ClosedByDay { .. } => visit.is_open(),
        VisitEvent::Reopened { .. } => same_leg && leg.state == Closed,
    }
}

/// Whether an event that does not fit only says once more what is so already.
fn says_the_same(visit: &Visit, own: &Visit, event: &VisitEvent) -> bool {
    let leg = visit.leg();
    if visit.legs.len() != own.legs.len() {
        return false;
    }
    match event {
        VisitEvent::Ended { outcome, .. } | VisitEvent::ClosedByDay { outcome } => {
            // Served at two desks is not once, but twice.
            leg.outcome == Some(*outcome)
                && (*outcome != Outcome::Done || leg.counter == own.leg().counter)
        }
        VisitEvent::Missed {} => leg.state == State::Missed,
        VisitEvent::CallUndone {}
        | VisitEvent::Returned {
            to: ReturnTo::Waiting,
            ..
        } => leg.state == State::Waiting,
        VisitEvent::Started {} => leg.state == State::Serving && leg.counter == own.leg().counter,
        VisitEvent::Called { counter } => {
            leg.state == State::Called && leg.counter == Some(*counter)
        }
        _ => false,
    }
}
