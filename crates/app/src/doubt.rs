//! Two clocks that are more than a day apart: this machine's, and that of its hub or of central.
//!
//! One of them is wrong, and no program knows which. A wrong time of day does little harm; a wrong
//! date stands on papers that people take home. So a person says once which day it is, before
//! anything is done that gives a date away. Nothing else waits for it, and a machine that hears
//! nobody goes on as ever: it has nothing to compare.

use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent},
    verbs::admin::ClockDoubt,
};
use motcua_store::{Read, today};

use crate::{App, Result};

/// Beyond this the date is in doubt.
const DAY_MS: i64 = 86_400_000;
/// Clocks drift by seconds a day: a change of more than this is another fault than the one that a
/// person has looked at.
const SAME_MS: i64 = 3_600_000;

/// Whether a command puts the date of this machine on something that goes out of the house: a
/// ticket, a receipt, a slip, money. Calling and serving whoever is here does not.
fn dates(name: &str) -> bool {
    matches!(
        name,
        "visit.register"
            | "kiosk.register"
            | "visit.book"
            | "visit.move"
            | "visit.check_in"
            | "visit.refuse_dossier"
            | "case.receive"
            | "case.request_supplement"
            | "case.complete_supplement"
            | "case.refuse"
            | "case.postpone"
            | "case.withdraw"
            | "case.stop"
            | "case.hand_over"
            | "case.hand_over_many"
            | "case.accept"
            | "case.take_back"
            | "case.receive_result"
            | "case.return_result"
            | "fee.charge"
            | "fee.pay"
            | "fee.reverse"
            | "day.close"
            | "complaint.note"
    )
}

/// How far the two are apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Apart {
    /// What is written here, and what the other side says now.
    here_ms: i64,
    there_ms: i64,
    /// The system clock, which somebody may have set meanwhile.
    system_ms: i64,
    hub: bool,
}

impl Apart {
    fn is_far(self) -> bool {
        (self.there_ms - self.here_ms).abs() > DAY_MS
    }

    /// What is kept when a person says that the time which is written here is right all the same.
    pub(crate) fn kept(self) -> Option<i64> {
        self.is_far().then_some(self.there_ms - self.here_ms)
    }

    /// Somebody set the machine's clock, and it agrees with the other side's.
    pub(crate) fn was_set(self) -> bool {
        (self.there_ms - self.system_ms).abs() <= DAY_MS
            && (self.system_ms - self.here_ms).abs() > DAY_MS
    }

    /// As it will be once the system clock is believed.
    pub(crate) fn after_set(self) -> Self {
        Self {
            here_ms: self.system_ms,
            ..self
        }
    }
}

impl App {
    /// How far this machine and the other side are apart, where somebody is heard now.
    fn apart(&self) -> Option<Apart> {
        let (here_ms, _) = self.store.now(self.clock.moment());
        self.apart_from(here_ms)
    }

    /// The same for a transaction, which has its time.
    pub(crate) fn apart_from(&self, here_ms: i64) -> Option<Apart> {
        let (state, hub) = match (self.link(), self.central()) {
            (Some(link), _) => (link.state(self), true),
            (None, Some(central)) => (central.state(self), false),
            (None, None) => return None,
        };
        let skew_ms = state.skew_ms.filter(|_| state.here)?;
        let moment = self.clock.moment();
        Some(Apart {
            here_ms,
            there_ms: moment.wall_ms + skew_ms,
            system_ms: moment.wall_ms,
            hub,
        })
    }

    /// The same where it is far, and nobody has said yet which is right.
    pub(crate) fn doubt(&self, read: &Read<'_>, apart: Option<Apart>) -> Result<Option<Apart>> {
        let Some(apart) = apart.filter(|apart| apart.is_far()) else {
            return Ok(None);
        };
        let events = read.events_of(self.store.device())?;
        let confirmed = (events.iter().rev()).find_map(|event| {
            match Body::decode(&event.header.kind, &event.body) {
                Some(Body::Branch(BranchEvent::Clock(said))) => Some(said.skew_ms),
                _ => None,
            }
        });
        let known = confirmed
            .flatten()
            .is_some_and(|skew_ms| (skew_ms - (apart.there_ms - apart.here_ms)).abs() <= SAME_MS);
        Ok((!known).then_some(apart))
    }

    /// For the screen.
    pub(crate) fn clock_doubt(&self) -> Result<Option<ClockDoubt>> {
        let apart = self.apart();
        let doubt = self.store.read(|read| self.doubt(read, apart))?;
        Ok(doubt.map(|apart| ClockDoubt {
            here: Time::from_ms(apart.here_ms),
            there: Time::from_ms(apart.there_ms),
            hub: apart.hub,
            set: apart.was_set(),
        }))
    }

    /// How far apart the two are, for a command that gives a date away.
    pub(crate) fn apart_for(&self, name: &str) -> Option<Apart> {
        dates(name).then(|| self.apart()).flatten()
    }
}

/// In words, for whoever wanted to do something.
pub(crate) fn refusal(apart: Apart, for_a_counter: bool) -> Refusal {
    let day = |ms| today(ms).format("%d/%m/%Y").to_string();
    let whose = match for_a_counter {
        true => "máy chủ quầy",
        false => "máy này",
    };
    let other = match apart.hub {
        true => "máy chủ quầy",
        false => "trung tâm",
    };
    let there = match for_a_counter {
        true => " trên máy chủ quầy",
        false => "",
    };
    Refusal::new(
        Code::ClockJumped,
        format!(
            "Ngày trên {whose} ({}) và trên {other} ({}) lệch nhau hơn một ngày. Chưa ghi gì để giấy tờ không mang ngày sai; bản ghi đã có vẫn an toàn. Mời xem lịch rồi xác nhận hôm nay là ngày nào{there}.",
            day(apart.here_ms),
            day(apart.there_ms)
        ),
    )
}
