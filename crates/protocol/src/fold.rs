//! From an entity's events, in their order, to what they make of it. Stores of every kind fold
//! through here, so that a desk and central cannot come to different things.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use motcua_domain::{
    case::{Case, CaseEvent},
    counter::{CounterDay, CounterEvent},
    visit::{
        Recorded, Stamp, Visit, VisitEvent,
        apart::{self, Told},
    },
};
use uuid::Uuid;

use crate::{
    amend::Amendments,
    entity,
    event::{Body, BranchEvent, Header},
};

/// What an entity is, by its events.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// A visit.
    pub visit: Option<Visit>,
    /// A case. An id is a visit's or a case's, never both; who says otherwise is not followed.
    pub case: Option<Case>,
    /// A counter's day.
    pub counter: Option<CounterDay>,
    /// Events of the branch, each with its business day.
    pub branch: Vec<(Recorded<BranchEvent>, NaiveDate)>,
    /// Kinds of a newer version or unreadable: kept in the log, not applied.
    pub unknown: Vec<String>,
}

/// The last millisecond of the year 9999. Nobody's clock shows a later one or one before 1970; who
/// claims it is taken at the edge, so that what is added to a time is still a time.
const LAST_MS: i64 = 253_402_300_799_999;

/// Who recorded an event, and when.
pub fn stamp(header: &Header) -> Stamp {
    Stamp {
        wall_ms: header.wall_ms.clamp(0, LAST_MS),
        boot: header.boot,
        mono_ms: header.mono_ms,
        actor: header.actor.clone(),
    }
}

/// The events of a visit with what each writer had seen of them: what is of no visit, or of a
/// kind that is not known here, falls out.
fn told(visit: Vec<(usize, Uuid, Recorded<VisitEvent>)>, seen: &[BTreeSet<usize>]) -> Vec<Told> {
    let places: HashMap<usize, usize> = visit.iter().enumerate().map(|(i, v)| (v.0, i)).collect();
    visit
        .into_iter()
        .map(|(place, id, recorded)| Told {
            id,
            recorded,
            seen: seen[place]
                .iter()
                .filter_map(|s| places.get(s).copied())
                .collect(),
        })
        .collect()
}

/// Folds events that stand in their order, each with its body; `seen` as
/// [`crate::order::Ordered`] has it.
pub fn fold<'a>(
    placed: impl IntoIterator<Item = (&'a Header, &'a [u8])>,
    seen: Option<&[BTreeSet<usize>]>,
) -> Folded {
    let mut visit: Vec<(usize, Uuid, Recorded<VisitEvent>)> = Vec::new();
    let mut case: Vec<Recorded<CaseEvent>> = Vec::new();
    let mut counter: Vec<Recorded<CounterEvent>> = Vec::new();
    let mut folded = Folded::default();
    // A command that the hub did, and that its counter did again because no answer came, has its
    // effect once.
    let mut done_by: HashMap<Uuid, Uuid> = HashMap::new();
    let placed: Vec<(&Header, &[u8])> = placed.into_iter().collect();
    let amendments = Amendments::of(placed.iter().copied());
    for (place, (header, body)) in placed.into_iter().enumerate() {
        if *done_by.entry(header.command_id).or_insert(header.device) != header.device {
            continue;
        }
        let stamp = stamp(header);
        match amendments.read(header, body).ok() {
            Some(Body::Visit(event)) => {
                visit.push((place, header.event_id, Recorded { stamp, event }));
            }
            Some(Body::Case(event)) => case.push(Recorded { stamp, event }),
            Some(Body::Counter(event)) => {
                // The entity follows from day and number; another would take their one row twice.
                let (date, number) = event.place();
                if entity::counter(date, number) == header.entity {
                    counter.push(Recorded { stamp, event });
                }
            }
            Some(Body::Branch(event)) => {
                let recorded = Recorded { stamp, event };
                folded.branch.push((recorded, header.business_date));
            }
            None => folded.unknown.push(header.kind.clone()),
        }
    }
    folded.visit = match seen {
        None => Visit::fold(visit.iter().map(|(_, _, recorded)| recorded)),
        Some(seen) => apart::fold(&told(visit, seen)),
    };
    if folded.visit.is_none() {
        folded.case = Case::fold(&case);
    }
    folded.counter = CounterDay::fold(&counter);
    folded
}
