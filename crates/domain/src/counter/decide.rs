//! Whether an act at a counter is possible now, and which event it becomes.

use super::{
    event::CounterEvent,
    state::{CounterDay, CounterState, EndCause, Shift},
};
use crate::{
    branch::Counter,
    refusal::{Code, Refusal, Result},
    text::{self, limit},
    visit::Desk,
};

/// Longer than this nobody steps away: it is a typing error, or a closed counter.
const LONGEST_BREAK_MS: i64 = 4 * 3_600_000;

/// What is asked of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterAct {
    /// Sit down there.
    Open {
        /// Also in another officer's place.
        take_over: bool,
    },
    /// Somebody is brought to the counter: whoever does so sits there.
    Attend,
    /// Step away, or say anew until when.
    Break {
        /// Why.
        reason: Option<String>,
        /// Expected back, UTC milliseconds.
        back_ms: Option<i64>,
    },
    /// Be back.
    Resume,
    /// End the shift.
    Close {
        /// To sit at another counter.
        moved: bool,
    },
    /// The day ends and nobody closed the counter.
    EndDay {
        /// The last act that the log knows of this shift, if any.
        last_ms: Option<i64>,
    },
}

/// The event that an act becomes; `None` when the counter already is as asked.
///
/// `desk.counter_has` is the number of whoever is called or served at the counter.
///
/// # Errors
/// `COUNTER_TAKEN` when another officer sits there, `COUNTER_NOT_OPEN`, `COUNTER_BUSY` when somebody
/// is called or served there, and a break that makes no sense, with its field.
pub fn decide(
    counter: &Counter,
    date: chrono::NaiveDate,
    day: Option<&CounterDay>,
    act: CounterAct,
    desk: &Desk<'_>,
) -> Result<Option<CounterEvent>> {
    let number = counter.number;
    let me = &desk.stamp.actor;
    let shift = day.and_then(CounterDay::shift);
    let on_break = day.is_some_and(|d| d.state() == CounterState::OnBreak);
    let mine = shift.is_some_and(|s| s.officer == *me);
    let opened = |by_call| CounterEvent::Opened {
        date,
        counter: number,
        officer: me.clone(),
        by_call,
    };
    let back = || CounterEvent::BreakEnded {
        date,
        counter: number,
        officer: me.clone(),
    };
    match (act, shift) {
        (CounterAct::Open { .. }, None) => Ok(Some(opened(false))),
        (CounterAct::Attend, None) => Ok(Some(opened(true))),
        // Whoever opens the counter or calls somebody to it is back.
        (CounterAct::Open { .. } | CounterAct::Attend | CounterAct::Resume, Some(_)) if mine => {
            Ok(on_break.then(back))
        }
        (CounterAct::Open { take_over: true }, Some(held)) => Ok(Some(CounterEvent::TakenOver {
            date,
            counter: number,
            officer: me.clone(),
            from: held.officer.clone(),
        })),
        (CounterAct::Open { .. } | CounterAct::Attend | CounterAct::Resume, Some(held)) => {
            Err(taken(number, held, desk))
        }
        (CounterAct::Break { reason, back_ms }, Some(held)) => {
            if !mine && !desk.supervises() {
                return Err(taken(number, held, desk));
            }
            busy(
                desk,
                "Mời kết thúc, tạm giữ hoặc chuyển số này rồi tạm nghỉ.",
            )?;
            let reason =
                text::optional(reason.as_deref(), limit::NOTE).map_err(|r| r.at("reason"))?;
            let now = desk.stamp.wall_ms;
            if back_ms.is_some_and(|b| b <= now || b > now + LONGEST_BREAK_MS) {
                return Err(Refusal::new(
                    Code::DateInvalid,
                    "Giờ dự kiến quay lại phải sau lúc này và trong vòng 4 giờ. Nghỉ lâu hơn, mời đóng quầy.",
                )
                .at("back_at"));
            }
            Ok(Some(CounterEvent::BreakBegan {
                date,
                counter: number,
                officer: held.officer.clone(),
                reason,
                back_ms,
            }))
        }
        (CounterAct::Break { .. } | CounterAct::Resume, None) => Err(Refusal::new(
            Code::CounterNotOpen,
            format!("Quầy {number} chưa mở nên chưa có gì thay đổi. Mời mở quầy trước."),
        )
        .at("counter")),
        (CounterAct::Close { moved }, Some(held)) => {
            if !mine && !desk.supervises() {
                return Err(taken(number, held, desk));
            }
            busy(
                desk,
                "Quầy chưa đóng. Mời chọn: kết thúc, tạm giữ, chuyển quầy khác, hoặc đưa về hàng chờ; xong rồi đóng quầy.",
            )?;
            Ok(Some(CounterEvent::Closed {
                date,
                counter: number,
                officer: held.officer.clone(),
                cause: match (mine, moved) {
                    (true, true) => EndCause::Moved,
                    (true, false) => EndCause::Officer,
                    (false, _) => EndCause::Supervisor,
                },
                at_ms: None,
            }))
        }
        (CounterAct::EndDay { last_ms }, Some(held)) => Ok(Some(CounterEvent::Closed {
            date,
            counter: number,
            officer: held.officer.clone(),
            cause: EndCause::DayEnd,
            at_ms: Some(last_ms.unwrap_or(held.from_ms).max(held.since_ms())),
        })),
        (CounterAct::Close { .. } | CounterAct::EndDay { .. }, None) => Ok(None),
    }
}

fn busy(desk: &Desk<'_>, choices: &str) -> Result<()> {
    match &desk.counter_has {
        None => Ok(()),
        Some(label) => Err(Refusal::new(
            Code::CounterBusy,
            format!("Quầy đang có số {label}. {choices}"),
        )
        .at("counter")),
    }
}

fn taken(number: u16, held: &Shift, desk: &Desk<'_>) -> Refusal {
    let name = desk
        .branch
        .officer(&held.officer)
        .map_or(held.officer.as_str(), |o| o.name.as_str());
    Refusal::new(
        Code::CounterTaken,
        format!(
            "Quầy {number} đang do {name} phụ trách. Chưa có gì thay đổi. Nếu anh/chị ngồi thay, mời mở quầy này và chọn Tiếp quản; nếu không, mời chọn quầy khác."
        ),
    )
    .at("counter")
}
