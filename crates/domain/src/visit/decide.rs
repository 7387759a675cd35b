//! Whether an act is possible now, and which event it becomes: the whole table of transitions.
//!
//! Anything that is not in the table is refused with a sentence for the officer.

use crate::{
    branch::{Branch, QueueRules, Role},
    refusal::{Code, Refusal, Result},
    text::{self, limit},
};

use super::{
    act::{Act, Cause, HoldTo, Outcome, ReturnTo},
    event::{Registered, VisitEvent},
    order,
    state::{Class, Held, Origin, Party, Planned, Skipped, Stamp, State, Ticket, Visit},
};

/// What the rules need to know about the moment and the people besides the visit itself.
#[derive(Debug, Clone)]
pub struct Desk<'a> {
    /// Now, and who acts.
    pub stamp: &'a Stamp,
    /// The branch's configuration.
    pub branch: &'a Branch,
    /// What the actor may do.
    pub roles: &'a [Role],
    /// Number of the visit that the acting counter has called, serves, if any (not this one).
    pub counter_has: Option<String>,
    /// A number for a booked person who checks in.
    pub given: Option<Given>,
}

/// A number, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The number.
    pub ticket: Ticket,
    /// Numbers of a paper roll passed over for it.
    pub skipped: Option<Skipped>,
    /// The counter that gave it, where it had no hub.
    pub alone: Option<u16>,
}

impl Desk<'_> {
    fn now(&self) -> i64 {
        self.stamp.wall_ms
    }
    fn rules(&self) -> &QueueRules {
        &self.branch.queue
    }
    fn is(&self, role: Role) -> bool {
        self.roles.contains(&role) || self.roles.contains(&Role::Admin)
    }
    /// Whether the actor may do what a supervisor may.
    pub fn supervises(&self) -> bool {
        self.is(Role::Supervisor)
    }
    fn free_counter(&self) -> Result<()> {
        match &self.counter_has {
            None => Ok(()),
            Some(label) => Err(Refusal::new(
                Code::CounterBusy,
                format!("Quầy đang có số {label}. Mời kết thúc hoặc tạm giữ số này rồi gọi tiếp."),
            )
            .at("counter")),
        }
    }
}

/// What is asked at registration, already checked field by field.
#[derive(Debug, Clone)]
pub struct Request {
    /// First service.
    pub service: String,
    /// More services in the same visit.
    pub more: Vec<String>,
    /// Priority class.
    pub class: Class,
    /// Where from.
    pub origin: Origin,
    /// People in the party.
    pub party_size: u16,
    /// Cases they bring.
    pub quantity: u16,
    /// Who, if known.
    pub applicant: Option<Party>,
    /// Booked slot.
    pub slot_ms: Option<i64>,
    /// When the form was opened.
    pub arrive_ms: Option<i64>,
    /// Why a number is given although the service gives none.
    pub despite: Option<String>,
}

/// The event that registers a visit. The number, the promise and the count of people ahead are
/// given by the caller, which holds the transaction.
///
/// # Errors
/// Unknown service, a party that is no party.
pub fn register(
    request: Request,
    date: chrono::NaiveDate,
    given: Option<Given>,
    desk: &Desk<'_>,
) -> Result<Registered> {
    desk.branch.service(&request.service)?;
    for (i, service) in request.more.iter().enumerate() {
        desk.branch
            .service(service)
            .map_err(|r| r.at(format!("more[{i}]")))?;
    }
    if !(1..=50).contains(&request.party_size) {
        return Err(
            Refusal::new(Code::NumberOutOfRange, "Số người cùng đi từ 1 đến 50.").at("party_size"),
        );
    }
    if !(1..=50).contains(&request.quantity) {
        return Err(
            Refusal::new(Code::NumberOutOfRange, "Số hồ sơ mang theo từ 1 đến 50.").at("quantity"),
        );
    }
    let despite =
        text::optional(request.despite.as_deref(), limit::NOTE).map_err(|r| r.at("despite"))?;
    let (ticket, skipped, alone) = match given {
        Some(given) => (Some(given.ticket), given.skipped, given.alone),
        None => (None, None, None),
    };
    let now = desk.now();
    let rank_ms = match request.slot_ms {
        Some(slot) => order::rank_by_slot(now, slot, desk.rules()),
        None => order::rank(now, request.class, desk.rules()),
    };
    Ok(Registered {
        date,
        ticket,
        service: request.service,
        planned: request
            .more
            .into_iter()
            .map(|service| Planned { service })
            .collect(),
        class: request.class,
        origin: request.origin,
        party_size: request.party_size,
        quantity: request.quantity,
        skipped,
        alone,
        despite,
        applicant: request.applicant,
        slot_ms: request.slot_ms,
        arrive_ms: request.arrive_ms.unwrap_or(now).min(now),
        rank_ms,
        quote: None,
        people_ahead: None,
        via: None,
    })
}

/// The event that an act becomes.
///
/// # Errors
/// `VISIT_STATE` and its kin when the act is not possible now, always with the reason.
pub fn decide(visit: &Visit, act: Act, desk: &Desk<'_>) -> Result<VisitEvent> {
    use State::{Booked, Called, Closed, Held as Aside, Missed, Serving, Waiting};

    let leg = visit.leg();
    let now = desk.now();
    // Times of the visit are effective times, so what has passed since is counted in them: a
    // clock that was set right meanwhile neither shortens nor stretches a waiting period.
    let effective = visit.effective_at(desk.stamp);
    let since = |ms: i64| (effective - ms).max(0) / 1000;
    let rules = desk.rules();

    match (leg.state, act) {
        // ---- calling ----
        (Waiting, Act::Call { counter }) => {
            may_call(visit, counter, desk)?;
            Ok(VisitEvent::Called { counter })
        }
        (Missed, Act::Call { counter }) => {
            may_call(visit, counter, desk)?;
            let since_miss = leg.spans.last().map_or(0, |s| since(s.from_ms));
            let cooldown = i64::from(rules.missed_cooldown_s);
            if since_miss < cooldown {
                let left = cooldown - since_miss;
                return Err(Refusal::new(
                    Code::MissedCooldown,
                    format!(
                        "Số {} vừa vắng mặt, gọi lại được sau {}:{:02}. Nếu người này đã quay lại, mời chọn Đã quay lại.",
                        visit.label(),
                        left / 60,
                        left % 60
                    ),
                ));
            }
            Ok(VisitEvent::Returned {
                to: ReturnTo::Called { counter },
                rank_ms: None,
                quote: None,
            })
        }
        (Called | Serving, Act::Call { .. }) => Err(Refusal::new(
            Code::VisitAlreadyCalled,
            format!(
                "Số {} vừa được quầy {} gọi. Mời gọi số tiếp theo.",
                visit.label(),
                leg.counter.unwrap_or_default()
            ),
        )),
        (Called, Act::Recall) => {
            let gap = since(leg.last_call_ms.unwrap_or(leg.queued_ms));
            if gap < i64::from(rules.recall_gap_s) {
                return Err(Refusal::new(
                    Code::RecallTooSoon,
                    format!(
                        "Gọi lại được sau {} giây nữa.",
                        i64::from(rules.recall_gap_s) - gap
                    ),
                ));
            }
            if leg.calls >= rules.recall_max {
                return Err(Refusal::new(
                    Code::RecallLimit,
                    format!(
                        "Đã gọi {} {} lần. Mời chuyển sang Vắng mặt; người này vẫn gọi lại được trong ngày.",
                        visit.label(),
                        leg.calls
                    ),
                ));
            }
            Ok(VisitEvent::Recalled {})
        }
        (Called, Act::UndoCall) => {
            if since(leg.last_call_ms.unwrap_or(now)) > i64::from(rules.undo_call_s) {
                return Err(Refusal::new(
                    Code::UndoTooLate,
                    format!(
                        "Đã gọi quá {} giây nên không hoàn tác được. Mời chọn Vắng mặt hoặc Bắt đầu.",
                        rules.undo_call_s
                    ),
                ));
            }
            Ok(VisitEvent::CallUndone {})
        }
        (Called, Act::CallUnheard) => Ok(VisitEvent::CallUndone {}),
        (Called, Act::Start) => Ok(VisitEvent::Started {}),
        (Called, Act::Miss) => Ok(VisitEvent::Missed {}),

        // ---- back after a miss ----
        (
            Missed,
            Act::Return {
                to: ReturnTo::Waiting,
            },
        ) => Ok(VisitEvent::Returned {
            to: ReturnTo::Waiting,
            rank_ms: Some(order::rank_on_return(now, rules)),
            quote: None,
        }),
        (
            Missed,
            Act::Return {
                to: ReturnTo::Called { counter },
            },
        ) => {
            may_call(visit, counter, desk)?;
            Ok(VisitEvent::Returned {
                to: ReturnTo::Called { counter },
                rank_ms: None,
                quote: None,
            })
        }
        (Missed, Act::NoShow) => {
            let since_miss = leg.spans.last().map_or(0, |s| since(s.from_ms));
            if leg.misses < rules.missed_max || since_miss < i64::from(rules.missed_wait_s) {
                return Err(Refusal::new(
                    Code::VisitState,
                    format!(
                        "Số {} chỉ đóng được khi đã vắng {} lần và lần cuối cách đây {} phút. Người này vẫn có thể quay lại.",
                        visit.label(),
                        rules.missed_max,
                        rules.missed_wait_s / 60
                    ),
                ));
            }
            Ok(VisitEvent::Ended {
                outcome: Outcome::NoShow,
                note: None,
                quote: None,
            })
        }

        // ---- service ----
        (
            Serving,
            Act::Hold {
                reason,
                cause,
                due_ms,
            },
        ) => {
            let reason = text::required(&reason, limit::NOTE).map_err(|r| r.at("reason"))?;
            if due_ms.is_some_and(|due| due <= now) {
                return Err(
                    Refusal::new(Code::DateInvalid, "Giờ hẹn xem lại phải sau lúc này.")
                        .at("due_at"),
                );
            }
            Ok(VisitEvent::HeldAside(Held {
                reason,
                cause,
                due_ms,
            }))
        }
        (
            Aside,
            Act::Resume {
                to: HoldTo::Serving,
                counter,
                ..
            },
        ) => {
            if let Some(counter) = counter {
                desk.branch.counter(counter)?;
            }
            desk.free_counter()?;
            Ok(VisitEvent::Resumed {
                to: HoldTo::Serving,
                counter: counter.filter(|c| Some(*c) != leg.counter),
                rank_ms: None,
                quote: None,
            })
        }
        (
            Aside,
            Act::Resume {
                to: HoldTo::Waiting,
                front_rank_ms,
                ..
            },
        ) => {
            let front = front_rank_ms.map_or(leg.rank_ms, |front| leg.rank_ms.min(front - 1));
            Ok(VisitEvent::Resumed {
                to: HoldTo::Waiting,
                counter: None,
                rank_ms: Some(front),
                quote: None,
            })
        }
        (Serving | Called, Act::Transfer(hop)) => {
            desk.branch.service(&hop.service)?;
            if let Some(counter) = hop.counter {
                let counter = desk.branch.counter(counter)?;
                if !counter.serves(&hop.service) {
                    return Err(Refusal::new(
                        Code::CounterUnknown,
                        format!(
                            "Quầy {} không làm việc này. Mời chọn quầy khác hoặc để trống.",
                            counter.number
                        ),
                    )
                    .at("counter"));
                }
            }
            let note =
                text::optional(hop.note.as_deref(), limit::NOTE).map_err(|r| r.at("note"))?;
            let rank_ms = order::rank(leg.credit_ms, visit.class, rules).min(leg.rank_ms);
            Ok(VisitEvent::Transferred {
                service: hop.service,
                counter: hop.counter,
                note,
                rank_ms,
                quote: None,
            })
        }
        (Serving | Called | Waiting | Aside, Act::AddService { service }) => {
            desk.branch.service(&service)?;
            if visit.planned.len() >= 10 {
                return Err(Refusal::new(
                    Code::NumberOutOfRange,
                    "Một lượt có nhiều nhất 10 việc nối tiếp.",
                )
                .at("service"));
            }
            Ok(VisitEvent::ServiceAdded { service })
        }
        (Serving, Act::Finish { note }) => {
            let note = text::optional(note.as_deref(), limit::NOTE).map_err(|r| r.at("note"))?;
            Ok(VisitEvent::Ended {
                outcome: Outcome::Done,
                note,
                quote: None,
            })
        }

        // ---- ways out ----
        (Waiting | Called | Serving | Aside | Missed, Act::Leave { reason }) => {
            let note =
                text::optional(reason.as_deref(), limit::NOTE).map_err(|r| r.at("reason"))?;
            Ok(VisitEvent::Ended {
                outcome: Outcome::Left,
                note,
                quote: None,
            })
        }
        (Booked, Act::Leave { reason }) => {
            let note =
                text::optional(reason.as_deref(), limit::NOTE).map_err(|r| r.at("reason"))?;
            Ok(VisitEvent::Ended {
                outcome: Outcome::Cancelled,
                note,
                quote: None,
            })
        }
        (Waiting, Act::Void { reason }) => {
            let reason = text::required(&reason, limit::NOTE).map_err(|r| r.at("reason"))?;
            if since(visit.legs[0].queued_ms) > i64::from(rules.void_s) && !desk.supervises() {
                return Err(Refusal::new(
                    Code::UndoTooLate,
                    format!(
                        "Số {} đã cấp quá {} phút. Mời giám sát hủy số này.",
                        visit.label(),
                        rules.void_s / 60
                    ),
                ));
            }
            Ok(VisitEvent::Ended {
                outcome: Outcome::Void,
                note: Some(reason),
                quote: None,
            })
        }

        // ---- corrections ----
        (Waiting, Act::Classify { class }) => {
            let rank_as = |class| match visit.slot_ms {
                Some(slot) if class == Class::Appointment => {
                    order::rank_by_slot(leg.credit_ms, slot, rules)
                }
                _ => order::rank(leg.credit_ms, class, rules),
            };
            // The place is moved by what the classes differ: whoever came back after a miss, or
            // was let through, does not change that by being classified again.
            let rank_ms = leg.rank_ms + rank_as(class) - rank_as(visit.class);
            Ok(VisitEvent::Classified { class, rank_ms })
        }
        (Waiting, Act::Jump { reason }) => {
            if !desk.supervises() {
                return Err(not_allowed(
                    "Chỉ giám sát được cho vào trước. Mời báo giám sát.",
                ));
            }
            let reason = text::required(&reason, limit::NOTE).map_err(|r| r.at("reason"))?;
            Ok(VisitEvent::Jumped { reason, rank_ms: 0 })
        }
        (_, Act::Identify { party }) => Ok(VisitEvent::Identified { party }),
        (Booked, Act::CheckIn) => {
            let given = desk.given.clone().ok_or_else(|| {
                Refusal::new(
                    Code::NumbersExhausted,
                    "Chưa lấy được số thứ tự. Mời thử lại.",
                )
            })?;
            let rank_ms = order::rank_by_slot(now, visit.slot_ms.unwrap_or(now), rules);
            Ok(VisitEvent::CheckedIn {
                ticket: given.ticket,
                rank_ms,
                quote: None,
                skipped: given.skipped,
                alone: given.alone,
            })
        }

        (
            Booked,
            Act::Move {
                date,
                slot_ms,
                reason,
                despite,
            },
        ) => {
            if visit.slot_ms == Some(slot_ms) {
                return Err(Refusal::new(
                    Code::VisitState,
                    "Lịch hẹn này đã ở đúng giờ đó. Chưa đổi gì. Mời chọn giờ khác.",
                )
                .at("slot_at"));
            }
            Ok(VisitEvent::Moved {
                date,
                slot_ms,
                rank_ms: order::rank_by_slot(now, slot_ms, rules),
                reason: text::optional(reason.as_deref(), limit::NOTE)
                    .map_err(|r| r.at("reason"))?,
                despite: text::optional(despite.as_deref(), limit::NOTE)
                    .map_err(|r| r.at("despite"))?,
            })
        }
        (Booked, Act::Cancel { reason }) => Ok(VisitEvent::Ended {
            outcome: Outcome::Cancelled,
            note: Some(text::required(&reason, limit::NOTE).map_err(|r| r.at("reason"))?),
            quote: None,
        }),
        (_, Act::Move { .. } | Act::Cancel { .. }) => Err(booking_refusal(visit)),

        // ---- day end and reopening ----
        (state, Act::CloseDay { outcome }) if state != Closed => {
            let outcome = outcome.unwrap_or(closing(visit).0);
            // Nobody was sent on by closing a day, and only a booking can be taken back.
            let no_ending = match outcome {
                Outcome::Transferred => true,
                Outcome::Cancelled => state != Booked,
                _ => false,
            };
            if no_ending {
                return Err(Refusal::new(
                    Code::VisitState,
                    format!(
                        "Cách kết thúc này không hợp với số {}. Mời chọn lại.",
                        visit.label()
                    ),
                )
                .at("outcomes"));
            }
            // A machine never turns a person into somebody served; a supervisor may say so of
            // somebody whose service had begun.
            if outcome == Outcome::Done && !(desk.supervises() && leg.serve_ms.is_some()) {
                return Err(Refusal::new(
                    Code::VisitState,
                    format!(
                        "Số {} chưa được phục vụ nên không thể ghi là đã xong.",
                        visit.label()
                    ),
                )
                .at("outcomes"));
            }
            Ok(VisitEvent::ClosedByDay { outcome })
        }
        (Closed, Act::Reopen { serving, reason }) => {
            let outcome = leg.outcome.unwrap_or(Outcome::Done);
            if matches!(outcome, Outcome::Void | Outcome::Cancelled) {
                return Err(state_refusal(visit));
            }
            let same_officer = visit.last_actor == desk.stamp.actor
                && since(leg.end_ms.unwrap_or(now)) <= i64::from(rules.reopen_s);
            if !desk.supervises() && !same_officer {
                return Err(not_allowed(format!(
                    "Chỉ giám sát, hoặc chính anh/chị trong {} phút, được mở lại số này.",
                    rules.reopen_s / 60
                )));
            }
            let reason =
                text::optional(reason.as_deref(), limit::NOTE).map_err(|r| r.at("reason"))?;
            let counter = if serving { leg.counter } else { None };
            if serving {
                if counter.is_none() {
                    return Err(Refusal::new(
                        Code::VisitState,
                        format!(
                            "Số {} chưa từng đến quầy nào nên chỉ mở lại vào hàng chờ.",
                            visit.label()
                        ),
                    ));
                }
                desk.free_counter()?;
            }
            let rank_ms = order::rank(leg.credit_ms, visit.class, rules);
            Ok(VisitEvent::Reopened {
                serving,
                counter,
                rank_ms,
                reason,
                quote: None,
            })
        }
        _ => Err(state_refusal(visit)),
    }
}

/// What the end of the day makes of an open visit by rule, and what a supervisor who knows better
/// may say instead.
pub fn closing(visit: &Visit) -> (Outcome, Vec<Outcome>) {
    let (by_rule, mut others) = match visit.state() {
        State::Waiting => (Outcome::UnservedAtClose, vec![Outcome::Left]),
        State::Called | State::Missed => (Outcome::NoShow, vec![Outcome::Left]),
        State::Booked => (Outcome::NoShow, vec![Outcome::Cancelled]),
        State::Serving | State::Held | State::Closed => {
            (Outcome::EndedBySystem, vec![Outcome::Left])
        }
    };
    if visit.leg().serve_ms.is_some() {
        others.insert(0, Outcome::Done);
    }
    (by_rule, others)
}

/// Whether that counter may call: it exists, is free, and the visit was not sent to another one.
fn may_call(visit: &Visit, counter: u16, desk: &Desk<'_>) -> Result<()> {
    desk.branch.counter(counter)?;
    desk.free_counter()?;
    let leg = visit.leg();
    if leg.counter_only && leg.counter != Some(counter) {
        return Err(Refusal::new(
            Code::VisitState,
            format!(
                "Số {} được chuyển riêng cho quầy {}. Mời gọi số khác.",
                visit.label(),
                leg.counter.unwrap_or_default()
            ),
        ));
    }
    Ok(())
}

fn not_allowed(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::NotAllowed, message)
}

/// Why an appointment can be neither moved nor cancelled any more.
fn booking_refusal(visit: &Visit) -> Refusal {
    let message = match (visit.slot_ms, visit.leg().outcome) {
        (None, _) => "Lượt này không phải lịch hẹn nên không đổi hay hủy hẹn được.".to_owned(),
        (Some(_), Some(Outcome::Cancelled)) => {
            "Lịch hẹn này đã hủy trước đó. Mời đặt hẹn mới nếu người dân vẫn cần.".to_owned()
        }
        (Some(_), _) if visit.ticket.is_some() => format!(
            "Người này đã đến và có số {} nên không đổi hay hủy hẹn được.",
            visit.label()
        ),
        (Some(_), _) => "Lịch hẹn này đã đóng cùng ngày làm việc. Mời đặt hẹn mới.".to_owned(),
    };
    Refusal::new(Code::VisitState, message)
}

/// The refusal for an act that the table does not have: says where the visit stands.
fn state_refusal(visit: &Visit) -> Refusal {
    let leg = visit.leg();
    let at = leg
        .counter
        .map(|c| format!(" ở quầy {c}"))
        .unwrap_or_default();
    let stands = match leg.state {
        State::Booked => "mới hẹn trước, chưa đến".to_owned(),
        State::Waiting => "đang chờ".to_owned(),
        State::Called => format!("đang được gọi{at}"),
        State::Serving => format!("đang được phục vụ{at}"),
        State::Held => format!("đang tạm giữ{at}"),
        State::Missed => "đã gọi nhưng vắng mặt".to_owned(),
        State::Closed => match leg.outcome {
            Some(Outcome::Done) => "đã phục vụ xong".to_owned(),
            Some(Outcome::Left) => "đã ra về".to_owned(),
            Some(Outcome::Void) => "đã hủy".to_owned(),
            _ => "đã đóng".to_owned(),
        },
    };
    Refusal::new(
        Code::VisitState,
        format!("Số {} {stands} nên không làm được việc này.", visit.label()),
    )
}

/// A pause is the office's unless the citizen asked for it.
impl Default for Cause {
    fn default() -> Self {
        Self::Office
    }
}
