//! A case played act by act on a clock that the test moves.

use chrono::{DateTime, FixedOffset, NaiveDate};
use motcua_domain::{
    Refusal,
    calendar::{Calendar, Limit, LimitUnit},
    case::{
        BookEntry, Case, CaseAct, CaseEvent, CaseFee, CaseReceived, FeeMethod, HandedBack,
        HandedOver, ProcedureRef, Recipient, ResultPaperNote, ResultReceived, ReturnMethod,
        WantedPaper, decide,
        undo::{self, Asker},
    },
    visit::{Party, PartyKind, Recorded, Stamp},
};
use uuid::Uuid;

pub(crate) const DAY: i64 = 86_400_000;
/// 2026-11-23 08:00 in Vietnam, a Monday; Tuesday the 24th is a holiday.
pub(crate) const MORNING: i64 = 1_795_395_600_000;

pub(crate) fn calendar() -> Calendar {
    Calendar::from_json(
        include_str!("../../../../assets/calendar/vn-2025-2027.json"),
        include_str!("../../../../assets/calendar/office-hours.json"),
    )
    .unwrap()
}

pub(crate) fn at(ms: i64) -> DateTime<FixedOffset> {
    DateTime::from_timestamp_millis(ms)
        .unwrap()
        .with_timezone(&FixedOffset::east_opt(7 * 3600).unwrap())
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Taken in on Monday morning, five working days.
pub(crate) fn received() -> CaseReceived {
    let limit = Limit {
        value: 5,
        unit: LimitUnit::WorkingDay,
    };
    let due = calendar().due(at(MORNING), Some(limit)).unwrap();
    CaseReceived {
        code: "H99.12-261123-0001".to_owned(),
        number: 1,
        date: day("2026-11-23"),
        visit_id: None,
        counter: Some(1),
        procedure: ProcedureRef {
            code: "1.004884".to_owned(),
            version: "v".to_owned(),
            name: "Đăng ký lại khai sinh".to_owned(),
        },
        applicant: Party {
            name: "Lò Thị Mai".to_owned(),
            ..Party::default()
        },
        submitter: None,
        papers: Vec::new(),
        missing: Vec::new(),
        missing_ground: None,
        sets: 1,
        return_method: ReturnMethod::Counter,
        return_address: None,
        notes: None,
        fee: Some(CaseFee {
            amount: 8_000,
            method: FeeMethod::Unpaid,
            ground: None,
            slip: None,
        }),
        notify: None,
        limit: Some(limit),
        received_ms: MORNING,
        due_ms: due.due_at.map(|d| d.timestamp_millis()),
        because: Vec::new(),
        provisional: false,
        book: Some(BookEntry {
            year: 2026,
            number: 1,
        }),
        form_set: "tt-01-2018".to_owned(),
        look_up: None,
        instant: false,
        on_behalf: None,
        online: None,
    }
}

pub(crate) fn recorded(event: CaseEvent, wall_ms: i64) -> Recorded<CaseEvent> {
    Recorded {
        stamp: Stamp {
            wall_ms,
            boot: Uuid::nil(),
            mono_ms: wall_ms,
            actor: "ha".to_owned(),
        },
        event,
    }
}

pub(crate) fn paper(name: &str, originals: u32) -> WantedPaper {
    WantedPaper {
        index: None,
        name: name.to_owned(),
        originals,
        certified: 0,
        copies: 0,
    }
}

/// A case at a desk.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    pub(crate) events: Vec<Recorded<CaseEvent>>,
    pub(crate) case: Case,
    pub(crate) now: i64,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::of(received())
    }

    pub(crate) fn of(received: CaseReceived) -> Self {
        let events = vec![recorded(CaseEvent::Received(Box::new(received)), MORNING)];
        Self {
            case: Case::fold(&events).unwrap(),
            events,
            now: MORNING,
        }
    }

    pub(crate) fn organisation() -> Self {
        let mut received = received();
        received.applicant.kind = PartyKind::Enterprise;
        received.applicant.name = "Công ty Bình Minh".to_owned();
        received.applicant.representative = Some("Hoàng Văn Ký".to_owned());
        Self::of(received)
    }

    pub(crate) fn pass(&mut self, ms: i64) -> &mut Self {
        self.now += ms;
        self
    }

    /// The event of an act with nothing wrong in it, or why not.
    pub(crate) fn decide(&self, act: CaseAct) -> Result<CaseEvent, Refusal> {
        let (case, now) = (&self.case, at(self.now));
        match act {
            CaseAct::RequestSupplement => {
                decide::request_supplement(case, vec![paper("Tờ khai", 1)], None, "thiếu", now)
            }
            CaseAct::CompleteSupplement => {
                let due = calendar().due(now, case.received.limit)?;
                decide::complete_supplement(case, vec![paper("Tờ khai", 1)], None, due, now)
            }
            CaseAct::Refuse => decide::with_reason(case, act, CaseEvent::Refused, "sai", now),
            CaseAct::Withdraw => decide::with_reason(case, act, CaseEvent::Withdrawn, "rút", now),
            CaseAct::Stop => decide::with_reason(case, act, CaseEvent::Stopped, "dừng", now),
            CaseAct::Postpone => {
                decide::postpone(case, day("2026-12-15"), "nhiều việc", now, &calendar())
            }
            CaseAct::HandOver => decide::possible(case, act, now).map(|()| {
                CaseEvent::HandedOver(HandedOver {
                    to: "Phòng Tư pháp".to_owned(),
                    receiver: None,
                    helping: None,
                    note: None,
                    list: Vec::new(),
                })
            }),
            CaseAct::TakeBack => decide::possible(case, act, now).map(|()| {
                CaseEvent::HandedBack(HandedBack {
                    reason: "nhầm nơi".to_owned(),
                    giver: None,
                })
            }),
            CaseAct::ReceiveResult => decide::possible(case, act, now).map(|()| {
                CaseEvent::ResultReceived(ResultReceived {
                    result: ResultPaperNote::default(),
                    giver: None,
                    note: None,
                })
            }),
            CaseAct::ReturnResult => {
                let recipient = Recipient::Owner {
                    name: String::new(),
                };
                decide::return_result(case, recipient, None, now)
            }
            CaseAct::Accept => {
                let due = calendar().due(now, case.received.limit)?;
                decide::accept(case, now, None, due, now)
            }
        }
    }

    pub(crate) fn append(&mut self, event: CaseEvent) {
        let event = recorded(event, self.now);
        self.case.apply(&event);
        self.events.push(event);
    }

    /// Does an act if it can be done.
    pub(crate) fn act(&mut self, act: CaseAct) -> Result<(), Refusal> {
        let event = self.decide(act)?;
        self.append(event);
        Ok(())
    }

    /// Takes the last act back, if that can be done.
    pub(crate) fn undo(&mut self, asker: Asker<'_>) -> Result<(), Refusal> {
        let event = undo::undo(&self.case, "nhầm hồ sơ", asker, at(self.now))?;
        self.append(event);
        Ok(())
    }

    /// Acts that must be possible.
    pub(crate) fn acts(acts: &[CaseAct]) -> Self {
        let mut play = Self::new();
        for act in acts {
            play.act(*act).unwrap();
        }
        play
    }
}
