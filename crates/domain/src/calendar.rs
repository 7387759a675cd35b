//! Working days and due times.
//!
//! Holidays, swapped Saturdays and office hours are dated data ([`CalendarFile`],
//! [`OfficeHours`]), because each year's notice and each office differ. Every due time comes
//! with the sentences that explain it; a year without data is refused, never guessed.
//!
//! Rules: Bộ luật Dân sự 91/2015/QH13 Điều 147–148 (the day of receipt does not count; an end on
//! a rest day moves to the next working day), Nghị định 61/2018/NĐ-CP Điều 18 (after 15:00).

mod data;
mod days;
mod door;
mod due;
mod slots;
mod words;

pub use data::{
    CalendarFile, DataStatus, DayOff, OfficeHours, Span, Undecided, Week, Worked, Year,
};
pub use days::{Calendar, DayNature};
pub use door::{Door, IssuingHours, ShutBy};
pub use due::{DayKind, DayMark, Due, Limit, LimitUnit, Reason, ReasonKind};
pub use slots::{Slot, SlotRules};

#[cfg(test)]
mod tests;
