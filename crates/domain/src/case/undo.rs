//! Taking back the last act of a case that was a slip of the hand: a result booked into the wrong
//! case, a refusal of the case beside it. Nothing is overwritten: the act stays on record with who
//! took it back, when and why, and the case stands where it stood before.

use chrono::{DateTime, FixedOffset, TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    Act, ActUndone, AttachedTo, Case, CaseAct, CaseEvent, CaseReceived, CaseStatus, Recipient,
    decide,
};
use crate::refusal::{Code, Refusal, Result};

/// An act that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseUndone")]
#[schemars(rename = "CaseUndone")]
pub struct Undone {
    /// What was done.
    pub act: Act,
    /// When it was taken back, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// Why.
    pub reason: String,
}

/// Who wants to take something back.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Officer.
    pub officer: &'a str,
    /// Answers for the shift, so also for what others did, and on another day.
    pub supervisor: bool,
}

impl CaseReceived {
    /// Where a case stands when it has just been taken in.
    pub fn begins(&self) -> CaseStatus {
        if self.instant {
            CaseStatus::Returned
        } else {
            CaseStatus::Received
        }
    }
}

impl Case {
    /// The act that brought the case where it is. Money is no such act: what came has come.
    pub fn last_act(&self) -> Option<&Act> {
        self.acts.iter().rev().find(|a| a.event.act().is_some())
    }

    /// Of two who took it back apart the first counts; what was built on meanwhile stays.
    pub(super) fn apply_undone(&mut self, undone: &ActUndone, at_ms: i64, officer: String) {
        let last = self
            .acts
            .iter()
            .rposition(|a| a.event.act().is_some())
            .filter(|at| {
                let act = &self.acts[*at];
                act.event.act() == Some(undone.act)
                    && act.at_ms == undone.done_ms
                    && never(&act.event).is_none()
            });
        let Some(last) = last else {
            self.set_aside.push(Act {
                at_ms,
                officer,
                event: CaseEvent::ActUndone(undone.clone()),
            });
            return;
        };
        let act = self.acts.remove(last);
        // The same ways once more, without it.
        let ways = self.acts.iter().filter_map(|a| a.event.act());
        self.status = ways.fold(self.received.begins(), |status, act| {
            act.way(status).unwrap_or(status)
        });
        self.undone.push(Undone {
            act,
            at_ms,
            officer,
            reason: undone.reason.clone(),
        });
    }
}

/// What cannot be undone by writing it down, in words.
fn never(event: &CaseEvent) -> Option<&'static str> {
    match event {
        CaseEvent::ResultReturned(returned)
            if matches!(returned.recipient, Recipient::Post { .. }) =>
        {
            Some("Kết quả đã giao cho bưu chính nên không rút lại được.")
        }
        CaseEvent::Reported(_) => {
            Some("Việc này do phòng chuyên môn báo qua trung tâm nên không rút lại ở quầy được.")
        }
        _ => None,
    }
}

/// The act that can be taken back now: by whoever did it on the same day, else by a supervisor,
/// while nothing was built on it.
///
/// # Errors
/// `CASE_STATUS` where there is none, where it has left the house, or where a file of the result
/// would be left over; `NOT_ALLOWED` for another officer or another day.
pub fn possible<'a>(
    case: &'a Case,
    asker: Asker<'_>,
    now: DateTime<FixedOffset>,
) -> Result<&'a Act> {
    let refuse = |code: Code, why: &str| Refusal::new(code, format!("{why} Chưa ghi gì.")).at("id");
    let Some(last) = case.last_act() else {
        return Err(refuse(
            Code::CaseStatus,
            "Hồ sơ này chưa có việc nào để rút lại.",
        ));
    };
    if let Some(why) = never(&last.event) {
        return Err(refuse(Code::CaseStatus, why));
    }
    let result = |file: &super::Attachment| file.file.paper == AttachedTo::Result;
    if last.event.act() == Some(CaseAct::ReceiveResult) && case.attachments.iter().any(result) {
        return Err(refuse(
            Code::CaseStatus,
            "Hồ sơ đã gắn tệp kết quả. Mời gỡ tệp kết quả trước rồi rút lại việc nhận kết quả.",
        ));
    }
    let day = now
        .timezone()
        .timestamp_millis_opt(last.at_ms)
        .single()
        .map(|at| at.date_naive());
    let own = last.officer == asker.officer && day == Some(now.date_naive());
    if own || asker.supervisor {
        Ok(last)
    } else {
        Err(refuse(
            Code::NotAllowed,
            "Chỉ người đã ghi việc này rút lại được, trong cùng ngày. Mời nhờ người phụ trách.",
        ))
    }
}

/// The last act is taken back.
///
/// # Errors
/// Those of [`possible`]; no reason.
pub fn undo(
    case: &Case,
    why: &str,
    asker: Asker<'_>,
    now: DateTime<FixedOffset>,
) -> Result<CaseEvent> {
    let last = possible(case, asker, now)?;
    let act = last
        .event
        .act()
        .ok_or_else(|| Refusal::new(Code::CaseStatus, "Không có việc nào để rút lại.").at("id"))?;
    Ok(CaseEvent::ActUndone(ActUndone {
        act,
        done_ms: last.at_ms,
        reason: decide::reason(why)?,
    }))
}
