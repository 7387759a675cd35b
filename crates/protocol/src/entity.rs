//! Ids that are made from names: what has a name in a branch has the same id on every machine.

use chrono::NaiveDate;
use motcua_domain::{identity::look_up::Register, notice::NoticeKind};
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x6d6f_7463_7561_4d43_8000_0000_0000_0001);

fn named(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// The branch document.
pub fn branch() -> Uuid {
    named("branch")
}

/// A procedure.
pub fn procedure(code: &str) -> Uuid {
    named(&format!("procedure:{code}"))
}

/// The bundles of one kind that central sends down.
pub fn bundles(kind: crate::bundle::Kind) -> Uuid {
    named(&format!("bundles:{}", kind.name()))
}

/// The calendar, as far as central gave it.
pub fn calendar() -> Uuid {
    named("calendar")
}

/// A business day.
pub fn day(date: NaiveDate) -> Uuid {
    named(&format!("day:{date}"))
}

/// A counter on a business day.
pub fn counter(date: NaiveDate, counter: u16) -> Uuid {
    named(&format!("counter:{date}:{counter}"))
}

/// A device's place in the branch.
pub fn device(device: Uuid) -> Uuid {
    named(&format!("device:{device}"))
}

/// The branch's hubs.
pub fn hub() -> Uuid {
    named("hub")
}

/// The blocks of one series and day.
pub fn lease(series: &str, date: NaiveDate) -> Uuid {
    named(&format!("numbers:{date}:{series}"))
}

/// What central granted of one series and day.
pub fn grant(series: &str, date: NaiveDate) -> Uuid {
    named(&format!("granted:{date}:{series}"))
}

/// Who parts the branch's case codes.
pub fn numbering() -> Uuid {
    named("numbering")
}

/// What was asked of a register about a number. The id stands for the number, and does not tell it.
pub fn look_up(register: Register, number: &str) -> Uuid {
    named(&format!("look-up:{}:{number}", register.name()))
}

/// What was done about a record that the other side holds back.
pub fn held(event_id: Uuid) -> Uuid {
    named(&format!("held:{event_id}"))
}

/// One thing to tell about a case.
pub fn notice(case: Uuid, kind: NoticeKind, at_ms: i64) -> Uuid {
    named(&format!("notice:{case}:{}:{at_ms}", kind.name()))
}

/// The ways of telling citizens.
pub fn notice_means() -> Uuid {
    named("notice-means")
}

/// The rating of one stay of a visit.
pub fn rating(visit: Uuid, leg: u32) -> Uuid {
    named(&format!("rating:{visit}:{leg}"))
}

/// The rating slip (Phiếu đánh giá) of a case.
pub fn rating_slip(case: Uuid) -> Uuid {
    named(&format!("rating-slip:{case}"))
}
