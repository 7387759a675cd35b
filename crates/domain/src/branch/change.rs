//! What of a branch may not go while somebody depends on it.

use std::collections::BTreeSet;

use super::Branch;
use crate::refusal::{Code, Refusal, Result};

/// So many are named; the rest is counted.
const NAMED: usize = 3;

/// Who depends on the branch as it is, from today on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InUse {
    /// People who are not done, and people who are booked.
    pub people: Vec<Person>,
    /// Counters at which somebody sits.
    pub seats: Vec<Seat>,
}

/// Somebody who is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number; empty while they are only booked.
    pub label: String,
    /// Services they still need.
    pub services: Vec<String>,
    /// The counter that has them before it, or that alone may call them.
    pub counter: Option<u16>,
}

/// A counter at which somebody sits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Which counter.
    pub counter: u16,
    /// Who: an officer's id.
    pub officer: String,
}

impl Branch {
    /// Whether this branch may become `next` while those depend on it.
    ///
    /// # Errors
    /// `SERVICE_IN_USE`, `COUNTER_IN_USE`, `OFFICER_IN_USE`, with the list that lacks them named.
    pub fn may_become(&self, next: &Self, now: &InUse) -> Result<()> {
        for service in &self.services {
            if next.services.iter().any(|s| s.code == service.code) {
                continue;
            }
            let theirs = |p: &&Person| p.services.contains(&service.code);
            if let Some(who) = named(now.people.iter().filter(theirs)) {
                return Err(Refusal::new(
                    Code::ServiceInUse,
                    format!(
                        "Chưa bỏ được lĩnh vực “{}”: còn {who}. Chưa lưu gì. Mời phục vụ xong hoặc chuyển họ sang việc khác, rồi lưu lại.",
                        service.name
                    ),
                )
                .at("services"));
            }
        }
        for counter in &self.counters {
            if next.counters.iter().any(|c| c.number == counter.number) {
                continue;
            }
            let refuse = |why: String, what: &str| {
                Err(Refusal::new(
                    Code::CounterInUse,
                    format!(
                        "Chưa bỏ được quầy {}: {why}. Chưa lưu gì. Mời {what}, rồi lưu lại.",
                        counter.number
                    ),
                )
                .at("counters"))
            };
            if let Some(seat) = now.seats.iter().find(|s| s.counter == counter.number) {
                return refuse(
                    format!("quầy đang mở, {} đang ngồi", self.name_of(&seat.officer)),
                    "đóng quầy",
                );
            }
            let there = |p: &&Person| p.counter == Some(counter.number);
            if let Some(who) = named(now.people.iter().filter(there)) {
                return refuse(
                    format!("còn {who} chờ quầy này"),
                    "chuyển họ sang quầy khác",
                );
            }
        }
        for officer in &self.officers {
            if next.officer(&officer.id).is_some() {
                continue;
            }
            if let Some(seat) = now.seats.iter().find(|s| s.officer == officer.id) {
                return Err(Refusal::new(
                    Code::OfficerInUse,
                    format!(
                        "Chưa bỏ được {}: đang ngồi quầy {}. Chưa lưu gì. Mời đóng quầy hoặc đổi người, rồi lưu lại.",
                        officer.name, seat.counter
                    ),
                )
                .at("officers"));
            }
        }
        Ok(())
    }

    fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.officer(id).map_or(id, |o| &o.name)
    }
}

/// “3 người chưa xong và 1 lịch hẹn”; `None` where there is nobody.
fn named<'a>(people: impl Iterator<Item = &'a Person>) -> Option<String> {
    let (booked, here): (Vec<_>, Vec<_>) = people.partition(|p| p.label.is_empty());
    let labels: BTreeSet<&str> = here.iter().map(|p| p.label.as_str()).collect();
    let mut parts = Vec::new();
    if !labels.is_empty() {
        let shown: Vec<&str> = labels.iter().take(NAMED).copied().collect();
        let more = if labels.len() > NAMED { ", …" } else { "" };
        parts.push(format!(
            "{} người chưa xong ({}{more})",
            labels.len(),
            shown.join(", ")
        ));
    }
    if !booked.is_empty() {
        parts.push(format!("{} lịch hẹn", booked.len()));
    }
    (!parts.is_empty()).then(|| parts.join(" và "))
}
