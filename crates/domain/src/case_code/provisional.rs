//! Provisional codes: what stands on a receipt when no number of the agency is left here and
//! nobody who has one can be reached.
//!
//! `TẠM-261129-3-007`: the day, the machine that gave it, its running number of that day. A
//! machine whose history went back writes two letters behind its number, as on tickets, so no two
//! papers of a branch bear one provisional code.

use std::fmt;

use chrono::NaiveDate;

use super::take;

/// What every provisional code begins with.
pub const MARK: &str = "TẠM";

/// What a provisional code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisional {
    /// Day of receipt.
    pub date: NaiveDate,
    /// Machine, and which life of it where that matters: `3`, `3QK`.
    pub machine: String,
    /// Number within that day and machine.
    pub number: u32,
}

impl Provisional {
    /// Reads a provisional code as a scanner or a person gives it: capitals, marks on letters,
    /// blanks around and long dashes do not matter.
    ///
    /// ```
    /// use motcua_domain::case_code::Provisional;
    /// let read = Provisional::read("tam-261129-3qk-7").unwrap();
    /// assert_eq!(read.to_string(), "TẠM-261129-3QK-007");
    /// ```
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > 60 {
            return None;
        }
        let text = crate::text::fold(&text.trim().replace(['–', '—'], "-")).to_ascii_uppercase();
        let mut parts = text.split('-').map(str::trim);
        let (mark, date, machine, number) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
        if mark != "TAM"
            || parts.next().is_some()
            || date.len() != 6
            || !(1..=8).contains(&machine.len())
            || !plain(machine)
            || !(1..=6).contains(&number.len())
        {
            return None;
        }
        let mut rest = date;
        let (year, month, day) = (
            take(&mut rest, 2)?,
            take(&mut rest, 2)?,
            take(&mut rest, 2)?,
        );
        let mut digits = number;
        Some(Self {
            date: NaiveDate::from_ymd_opt(i32::try_from(2000 + year).ok()?, month, day)?,
            machine: machine.to_owned(),
            number: take(&mut digits, number.len()).filter(|n| *n > 0)?,
        })
    }
}

impl fmt::Display for Provisional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date.format("%y%m%d");
        write!(f, "{MARK}-{date}-{}-{:03}", self.machine, self.number)
    }
}
