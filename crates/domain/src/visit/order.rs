//! Who is called next: a virtual time of arrival, so that nobody can wait for ever.
//!
//! `rank = T_queue − boost(class)`, then the ticket's own id. It is computed once, when the
//! person joins, and can be explained in one sentence (“xếp như đã đến lúc 08:52”). A person
//! can be overtaken only by people who came within the boost after them, so the extra wait is
//! bounded by the work of those people. Strict priority levels have no such bound.

use crate::branch::QueueRules;

use super::state::{Class, State, Visit};

/// Rank of somebody who joins at `queued_ms` with that class.
pub fn rank(queued_ms: i64, class: Class, rules: &QueueRules) -> i64 {
    queued_ms - i64::from(rules.boost_s(class)) * 1000
}

/// Rank of somebody with an appointment: by the slot when on time, by arrival when too late.
pub fn rank_by_slot(arrived_ms: i64, slot_ms: i64, rules: &QueueRules) -> i64 {
    if arrived_ms > slot_ms + i64::from(rules.appointment_grace_s) * 1000 {
        arrived_ms
    } else {
        slot_ms - i64::from(rules.appointment_boost_s) * 1000
    }
}

/// Rank of a missed person who is back.
pub fn rank_on_return(now_ms: i64, rules: &QueueRules) -> i64 {
    now_ms - i64::from(rules.return_credit_s) * 1000
}

/// The order in which waiting visits are called: rank, then id. What an officer sees listed
/// is sorted by this same key.
pub fn key<I: Copy + Ord>(id: I, visit: &Visit) -> (i64, I) {
    (visit.leg().rank_ms, id)
}

/// Whether that counter may call this visit next.
pub fn callable(visit: &Visit, counter: &crate::branch::Counter) -> bool {
    let leg = visit.leg();
    leg.state == State::Waiting
        && if leg.counter_only {
            leg.counter == Some(counter.number)
        } else {
            counter.serves(&leg.service)
        }
}
