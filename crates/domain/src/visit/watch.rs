//! What needs a person, and from when on. A screen that has the answer only lets time run: each
//! notice says at which moment it begins, so nobody has to ask again until something happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::branch::{Counter, WatchRules};

use super::{
    order,
    state::{State, Visit},
};

/// What is noticed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A wait that is soon too long.
    WaitNear,
    /// A wait that is too long.
    WaitOver,
    /// A wait that is far too long.
    WaitFar,
    /// Called, and neither there nor marked absent.
    Called,
    /// Put aside and due, or put aside for long.
    Held,
    /// Served for unusually long.
    Service,
    /// A counter is free while somebody waits whom it could serve.
    Idle,
}

/// Something about one visit that is so from a moment on, if nothing happens before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// From when, by the clock that `now` was read from.
    pub from_ms: i64,
    /// Since when it has been going on.
    pub since_ms: i64,
}

/// The notices that a visit gives, now and later. `now_ms` is by the device's clock, `at_ms` the
/// visit's effective time at that moment; `usual_ms` is how long its service usually takes.
pub fn of_visit(
    visit: &Visit,
    rules: &WatchRules,
    now_ms: i64,
    at_ms: i64,
    usual_ms: Option<i64>,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    let leg = visit.leg();
    let Some(span) = leg.spans.last() else {
        return notices;
    };
    // Effective times to the clock of the moment.
    let shift = now_ms - at_ms;
    let ms = |s: u32| i64::from(s) * 1000;
    let mut notice = |kind, since_ms: i64, after_ms: i64| {
        notices.push(Notice {
            kind,
            from_ms: since_ms + after_ms + shift,
            since_ms: since_ms + shift,
        });
    };
    if span.waits() && visit.legs.iter().all(|l| l.serve_ms.is_none()) {
        // As if the person had waited without a pause up to now.
        let since = at_ms - visit.clocks(at_ms).wait_ms;
        for (kind, after) in [
            NoticeKind::WaitNear,
            NoticeKind::WaitOver,
            NoticeKind::WaitFar,
        ]
        .into_iter()
        .zip(rules.wait_s)
        {
            notice(kind, since, ms(after));
        }
    }
    match leg.state {
        State::Called => {
            let since = leg.last_call_ms.unwrap_or(span.from_ms);
            notice(NoticeKind::Called, since, ms(rules.called_s));
        }
        State::Serving => {
            let usual = usual_ms.unwrap_or(0) * i64::from(rules.service_times);
            notice(
                NoticeKind::Service,
                span.from_ms,
                usual.max(ms(rules.service_s)),
            );
        }
        State::Held => {
            let due = leg.held.as_ref().and_then(|held| held.due_ms);
            match due {
                // An hour on the wall, not a time of the visit.
                Some(due) => notices.push(Notice {
                    kind: NoticeKind::Held,
                    from_ms: due,
                    since_ms: due,
                }),
                None => notice(NoticeKind::Held, span.from_ms, ms(rules.held_s)),
            }
        }
        State::Booked | State::Waiting | State::Missed | State::Closed => {}
    }
    notices
}

/// The notice of a counter that has nobody before it since `free_ms`, and how many wait whom it
/// could call. `waiting` are the visits in the queue with the moment since when each waits there.
pub fn of_counter<'a>(
    counter: &Counter,
    free_ms: i64,
    waiting: impl IntoIterator<Item = (&'a Visit, i64)>,
    rules: &WatchRules,
) -> Option<(Notice, u32)> {
    let since: Vec<i64> = waiting
        .into_iter()
        .filter(|(visit, _)| order::callable(visit, counter))
        .map(|(_, since)| since)
        .collect();
    let since_ms = free_ms.max(*since.iter().min()?);
    let notice = Notice {
        kind: NoticeKind::Idle,
        from_ms: since_ms + i64::from(rules.idle_s) * 1000,
        since_ms,
    };
    Some((notice, since.len() as u32))
}
