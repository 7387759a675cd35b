//! What each day is, and the walk from one working day to the next.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

use super::data::{self, CalendarFile, DataStatus, OfficeHours, Span};
use crate::refusal::{Code, Refusal, Result};

/// Vietnam has had one offset, without summer time, since 1975.
const HANOI_SECONDS: i32 = 7 * 3600;

/// A working calendar: holidays and swaps by year, with the hours of one office.
#[derive(Debug, Clone)]
pub struct Calendar {
    years: BTreeMap<i32, DataStatus>,
    off: BTreeMap<NaiveDate, (String, DataStatus)>,
    worked: BTreeMap<NaiveDate, (NaiveDate, DataStatus)>,
    undecided: BTreeMap<NaiveDate, String>,
    hours: OfficeHours,
}

/// What a day is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayNature<'a> {
    /// An ordinary working day.
    Working,
    /// A rest day worked in exchange for another day.
    WorkedSwap {
        /// The day off it makes up for.
        instead_of: NaiveDate,
    },
    /// A weekly rest day.
    Weekend,
    /// A holiday, its make-up, or a day swapped away.
    Holiday {
        /// What for.
        name: &'a str,
    },
}

impl Calendar {
    /// A calendar from its two files.
    ///
    /// # Errors
    /// `CALENDAR_INVALID` where a file cannot be read or contradicts itself.
    pub fn from_json(calendar: &str, hours: &str) -> Result<Self> {
        Self::new(&data::from_json(calendar)?, data::from_json(hours)?)
    }

    /// The same with later calendars, of which each has the say for the years that it names.
    ///
    /// # Errors
    /// `CALENDAR_INVALID` where a file cannot be read, or they contradict each other.
    pub fn from_json_and<'a>(
        calendar: &str,
        hours: &str,
        later: impl IntoIterator<Item = &'a CalendarFile>,
    ) -> Result<Self> {
        let file: CalendarFile = data::from_json(calendar)?;
        let file = later.into_iter().fold(file, CalendarFile::with_years_of);
        Self::new(&file, data::from_json(hours)?)
    }

    /// A calendar from data already read.
    ///
    /// # Errors
    /// `CALENDAR_INVALID` where the data contradicts itself.
    pub fn new(file: &CalendarFile, hours: OfficeHours) -> Result<Self> {
        data::check_hours(&hours)?;
        data::check_years(file, &hours.week)?;
        let mut calendar = Self {
            years: BTreeMap::new(),
            off: BTreeMap::new(),
            worked: BTreeMap::new(),
            undecided: BTreeMap::new(),
            hours,
        };
        for year in &file.years {
            calendar.years.insert(year.year, year.status);
            for day in &year.days_off {
                let (last, status) = (
                    day.to.unwrap_or(day.from),
                    day.status.unwrap_or(year.status),
                );
                for date in day.from.iter_days().take_while(|date| *date <= last) {
                    calendar.off.insert(date, (day.name.clone(), status));
                }
            }
            for day in &year.worked {
                let status = day.status.unwrap_or(year.status);
                calendar.worked.insert(day.date, (day.instead_of, status));
            }
            for day in &year.undecided {
                calendar.undecided.insert(day.date, day.name.clone());
            }
        }
        Ok(calendar)
    }

    /// The office hours in use.
    pub fn hours(&self) -> &OfficeHours {
        &self.hours
    }

    /// What a day is.
    ///
    /// # Errors
    /// `CALENDAR_UNKNOWN_YEAR` where no holidays of that year are known: a guess would be printed
    /// on a receipt.
    pub fn nature(&self, date: NaiveDate) -> Result<DayNature<'_>> {
        if !self.years.contains_key(&date.year()) {
            return Err(Refusal::new(
                Code::CalendarUnknownYear,
                format!(
                    "Chưa có lịch nghỉ năm {}, nên máy không tính ngày hẹn. Hồ sơ vẫn nhận được. \
                     Mời xem lịch và ghi ngày hẹn bằng tay, đồng thời báo quản trị cập nhật lịch.",
                    date.year()
                ),
            ));
        }
        Ok(if let Some((instead_of, _)) = self.worked.get(&date) {
            DayNature::WorkedSwap {
                instead_of: *instead_of,
            }
        } else if let Some((name, _)) = self.off.get(&date) {
            DayNature::Holiday { name }
        } else if self.hours.week.on(date.weekday()).is_empty() {
            DayNature::Weekend
        } else {
            DayNature::Working
        })
    }

    /// Whether the office works on that day.
    ///
    /// # Errors
    /// `CALENDAR_UNKNOWN_YEAR`.
    pub fn is_working(&self, date: NaiveDate) -> Result<bool> {
        Ok(!self.spans(date)?.is_empty())
    }

    /// The first working day after `date`.
    ///
    /// # Errors
    /// `CALENDAR_UNKNOWN_YEAR`.
    pub fn next_working(&self, date: NaiveDate) -> Result<NaiveDate> {
        let mut day = tomorrow(date)?;
        while !self.is_working(day)? {
            day = tomorrow(day)?;
        }
        Ok(day)
    }

    /// How many working days lie after `from`, up to and with `to`; none where `to` is not later.
    ///
    /// # Errors
    /// `CALENDAR_UNKNOWN_YEAR`.
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> Result<u32> {
        let mut count = 0;
        let mut day = from;
        while day < to {
            day = tomorrow(day)?;
            count += u32::from(self.is_working(day)?);
        }
        Ok(count)
    }

    /// Whether the office is open at that moment; the minute of closing counts as open.
    ///
    /// # Errors
    /// `CALENDAR_UNKNOWN_YEAR`.
    pub fn is_open(&self, moment: DateTime<FixedOffset>) -> Result<bool> {
        let local = local(moment)?;
        let time = local.time();
        Ok(self
            .spans(local.date())?
            .iter()
            .any(|span| span.from <= time && time <= span.to))
    }

    /// Opening spans of a day; a worked Saturday has those of the weekday it makes up for.
    pub(super) fn spans(&self, date: NaiveDate) -> Result<&[Span]> {
        Ok(match self.nature(date)? {
            DayNature::Working => self.hours.week.on(date.weekday()),
            DayNature::WorkedSwap { instead_of } => self.hours.week.on(instead_of.weekday()),
            DayNature::Weekend | DayNature::Holiday { .. } => &[],
        })
    }

    /// When results of a working day are handed out.
    pub(super) fn return_time(&self, date: NaiveDate) -> Result<NaiveTime> {
        let close = self.spans(date)?.last().map(|span| span.to);
        Ok(self.hours.return_at.or(close).unwrap_or(NaiveTime::MIN))
    }

    /// The moment itself where the office is open, otherwise the next opening.
    pub(super) fn next_open(&self, moment: NaiveDateTime) -> Result<NaiveDateTime> {
        let (date, time) = (moment.date(), moment.time());
        if let Some(span) = self.spans(date)?.iter().find(|span| time <= span.to) {
            return Ok(date.and_time(time.max(span.from)));
        }
        self.opening(self.next_working(date)?)
    }

    /// The first minute of a working day.
    pub(super) fn opening(&self, date: NaiveDate) -> Result<NaiveDateTime> {
        Ok(date.and_time(
            self.spans(date)?
                .first()
                .map_or(NaiveTime::MIN, |span| span.from),
        ))
    }

    /// What a day would be off for, if it were decided so.
    pub(super) fn undecided(&self, date: NaiveDate) -> Option<&str> {
        self.undecided.get(&date).map(String::as_str)
    }

    /// Whether what is known of the day may still change.
    pub(super) fn is_unconfirmed(&self, date: NaiveDate) -> bool {
        let firm = |status: &DataStatus| *status == DataStatus::InForce;
        self.undecided.contains_key(&date)
            || self.off.get(&date).is_some_and(|(_, status)| !firm(status))
            || self
                .worked
                .get(&date)
                .is_some_and(|(_, status)| !firm(status))
    }

    /// Whether the yearly notice is still missing.
    pub(super) fn is_year_unconfirmed(&self, year: i32) -> bool {
        self.years
            .get(&year)
            .is_some_and(|status| *status != DataStatus::InForce)
    }
}

pub(super) fn hanoi() -> Result<FixedOffset> {
    FixedOffset::east_opt(HANOI_SECONDS).ok_or_else(unreachable_date)
}

/// The moment on a wall clock in Vietnam.
pub(super) fn local(moment: DateTime<FixedOffset>) -> Result<NaiveDateTime> {
    Ok(moment.with_timezone(&hanoi()?).naive_local())
}

pub(super) fn tomorrow(date: NaiveDate) -> Result<NaiveDate> {
    date.succ_opt().ok_or_else(unreachable_date)
}

/// Beyond what dates can hold: far outside any calendar.
pub(super) fn unreachable_date() -> Refusal {
    Refusal::new(
        Code::DateInvalid,
        "Ngày này ngoài khoảng lịch. Mời xem lại ngày của máy.",
    )
}
