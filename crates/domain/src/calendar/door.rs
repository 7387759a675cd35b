//! When a service gives numbers: whether it does now, until when, and when it does again.
//!
//! Nobody is kept out because a file is missing: where the holidays of a year are not known,
//! the week alone decides.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    data::{self, Span, Week},
    days::{Calendar, DayNature, hanoi, local, unreachable_date},
};
use crate::refusal::{Code, Refusal, Result};

/// How far ahead an opening is looked for: longer than any holiday with the days around it.
const LOOK_AHEAD_DAYS: usize = 31;

/// The longest time before closing in which no number is given.
const LONGEST_BEFORE: u16 = 240;

/// When numbers are given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct IssuingHours {
    /// Hours of its own; the office's unless said. Holidays and swapped days hold for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub week: Option<Week>,
    /// Minutes before the close of the day from which no number is given, so that whoever has
    /// one is served the same day. A midday break cuts nothing: people wait through it.
    #[serde(default)]
    pub last_number_before: u16,
}

impl IssuingHours {
    /// Checks the hours against themselves.
    ///
    /// # Errors
    /// `CALENDAR_INVALID`, `NUMBER_OUT_OF_RANGE`, with the field named.
    pub fn check(&self) -> Result<()> {
        if let Some(week) = &self.week {
            data::check_week(week).map_err(|r| r.within("week"))?;
        }
        if self.last_number_before > LONGEST_BEFORE {
            return Err(Refusal::new(
                Code::NumberOutOfRange,
                format!("Ngừng phát số trước giờ đóng cửa từ 0 đến {LONGEST_BEFORE} phút."),
            )
            .at("last_number_before"));
        }
        Ok(())
    }
}

/// Whether numbers are given at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// They are.
    Open {
        /// Until then.
        until: DateTime<FixedOffset>,
    },
    /// They are not.
    Shut {
        /// Why.
        why: ShutBy,
        /// Since then, where it was open earlier that day.
        since: Option<DateTime<FixedOffset>>,
        /// When again, where that is known.
        reopens: Option<DateTime<FixedOffset>>,
    },
}

/// What in the calendar shuts a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShutBy {
    /// Before opening, in the midday break, after closing.
    Hours,
    /// The office is open, but whoever came now would not be served today.
    LastNumber,
    /// No hours on this weekday.
    Weekend,
    /// A holiday.
    Holiday(String),
}

impl Calendar {
    /// Whether numbers are given under those hours at that moment.
    ///
    /// # Errors
    /// `DATE_INVALID` at the ends of the calendar.
    pub fn door(&self, hours: &IssuingHours, at: DateTime<FixedOffset>) -> Result<Door> {
        let now = local(at)?;
        let (date, time) = (now.date(), now.time());
        let spans = self.issuing(hours, date);
        if let Some(span) = spans.iter().find(|s| s.from <= time && time < s.to) {
            return Ok(Door::Open {
                until: moment(date.and_time(span.to))?,
            });
        }
        let since = spans.iter().rev().find(|s| s.to <= time);
        let closes = self.week_spans(hours, date).last().map(|s| s.to);
        let why = match self.nature(date) {
            Ok(DayNature::Holiday { name }) => ShutBy::Holiday(name.to_owned()),
            _ if spans.is_empty() => ShutBy::Weekend,
            _ if closes.is_some_and(|closes| time < closes)
                && spans.last().is_some_and(|last| last.to <= time) =>
            {
                ShutBy::LastNumber
            }
            _ => ShutBy::Hours,
        };
        Ok(Door::Shut {
            why,
            since: since.map(|s| moment(date.and_time(s.to))).transpose()?,
            reopens: self.next_number(hours, now)?,
        })
    }

    /// The first moment after that day at which numbers are given, where one is known.
    ///
    /// # Errors
    /// `DATE_INVALID` at the ends of the calendar.
    pub fn first_number_after(
        &self,
        hours: &IssuingHours,
        date: NaiveDate,
    ) -> Result<Option<DateTime<FixedOffset>>> {
        let Some(evening) = date.and_hms_opt(23, 59, 59) else {
            return Err(unreachable_date());
        };
        self.next_number(hours, evening)
    }

    fn next_number(
        &self,
        hours: &IssuingHours,
        after: NaiveDateTime,
    ) -> Result<Option<DateTime<FixedOffset>>> {
        after
            .date()
            .iter_days()
            .take(LOOK_AHEAD_DAYS)
            .flat_map(|date| {
                let spans = self.issuing(hours, date);
                spans.into_iter().map(move |span| date.and_time(span.from))
            })
            .find(|opening| *opening > after)
            .map(moment)
            .transpose()
    }

    /// The spans of a day, as they stand in the week.
    fn week_spans<'a>(&'a self, hours: &'a IssuingHours, date: NaiveDate) -> &'a [Span] {
        match self.nature(date) {
            Ok(DayNature::Holiday { .. }) => &[],
            Ok(DayNature::WorkedSwap { instead_of }) => {
                self.week_of(hours).on(instead_of.weekday())
            }
            // The office's day of rest need not be the service's.
            Ok(DayNature::Working | DayNature::Weekend) | Err(_) => {
                self.week_of(hours).on(date.weekday())
            }
        }
    }

    fn week_of<'a>(&'a self, hours: &'a IssuingHours) -> &'a Week {
        hours.week.as_ref().unwrap_or(&self.hours().week)
    }

    /// The spans in which numbers are given: those of the day, the last one cut short.
    pub(super) fn issuing(&self, hours: &IssuingHours, date: NaiveDate) -> Vec<Span> {
        let mut spans = self.week_spans(hours, date).to_vec();
        if let Some(last) = spans.last_mut() {
            let before = TimeDelta::minutes(i64::from(hours.last_number_before));
            // Wrapping past midnight means that nothing is left of the span.
            let (to, wrapped) = last.to.overflowing_sub_signed(before);
            last.to = if wrapped == 0 { to } else { NaiveTime::MIN };
        }
        spans.retain(|span| span.from < span.to);
        spans
    }
}

pub(super) fn moment(at: NaiveDateTime) -> Result<DateTime<FixedOffset>> {
    at.and_local_timezone(hanoi()?)
        .single()
        .ok_or_else(unreachable_date)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn calendar() -> Calendar {
        Calendar::from_json(
            include_str!("../../../../assets/calendar/vn-2025-2027.json"),
            include_str!("../../../../assets/calendar/office-hours.json"),
        )
        .unwrap()
    }

    fn at(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(&format!("{text}:00+07:00")).unwrap()
    }

    fn office(last_number_before: u16) -> IssuingHours {
        IssuingHours {
            week: None,
            last_number_before,
        }
    }

    fn open(until: &str) -> Door {
        Door::Open { until: at(until) }
    }

    fn shut(why: ShutBy, since: Option<&str>, reopens: &str) -> Door {
        Door::Shut {
            why,
            since: since.map(at),
            reopens: Some(at(reopens)),
        }
    }

    // 2026-11-23 is a Monday, the 24th a holiday; 2026-08-22 a Saturday worked for Monday the 31st.
    #[rstest]
    #[case::before_opening("2026-11-23T07:00", 40, shut(ShutBy::Hours, None, "2026-11-23T07:30"))]
    #[case::first_minute("2026-11-23T07:30", 40, open("2026-11-23T11:30"))]
    #[case::noon(
        "2026-11-23T11:30",
        40,
        shut(ShutBy::Hours, Some("2026-11-23T11:30"), "2026-11-23T13:30")
    )]
    #[case::afternoon("2026-11-23T16:19", 40, open("2026-11-23T16:20"))]
    #[case::too_late_to_be_served(
        "2026-11-23T16:20",
        40,
        shut(ShutBy::LastNumber, Some("2026-11-23T16:20"), "2026-11-25T07:30")
    )]
    #[case::after_closing(
        "2026-11-23T17:00",
        40,
        shut(ShutBy::Hours, Some("2026-11-23T16:20"), "2026-11-25T07:30")
    )]
    #[case::until_the_close("2026-11-23T16:59", 0, open("2026-11-23T17:00"))]
    #[case::holiday(
        "2026-11-24T09:00",
        0,
        shut(ShutBy::Holiday("Ngày Văn hóa Việt Nam".to_owned()), None, "2026-11-25T07:30")
    )]
    #[case::saturday("2026-11-28T09:00", 0, shut(ShutBy::Weekend, None, "2026-11-30T07:30"))]
    #[case::worked_saturday("2026-08-22T09:00", 0, open("2026-08-22T11:30"))]
    #[case::no_number_is_left_of_the_afternoon(
        "2026-11-23T13:40",
        240,
        shut(ShutBy::LastNumber, Some("2026-11-23T11:30"), "2026-11-25T07:30")
    )]
    #[case::holidays_unknown("2031-01-01T09:00", 0, open("2031-01-01T11:30"))]
    fn numbers_are_given_in_office_hours(
        #[case] now: &str,
        #[case] last_number_before: u16,
        #[case] want: Door,
    ) {
        let door = calendar().door(&office(last_number_before), at(now));
        assert_eq!(door.unwrap(), want);
    }

    fn saturdays() -> IssuingHours {
        serde_json::from_str(
            r#"{"week": {"monday": [], "tuesday": [], "wednesday": [], "thursday": [], "friday": [],
                "saturday": [{"from": "08:00", "to": "11:00"}], "sunday": []}}"#,
        )
        .unwrap()
    }

    #[rstest]
    #[case::on_its_day("2026-11-28T09:00", open("2026-11-28T11:00"))]
    #[case::not_on_the_office_s(
        "2026-11-25T09:00",
        shut(ShutBy::Weekend, None, "2026-11-28T08:00")
    )]
    fn a_service_may_have_hours_of_its_own(#[case] now: &str, #[case] want: Door) {
        assert_eq!(calendar().door(&saturdays(), at(now)).unwrap(), want);
    }

    #[test]
    fn tet_is_looked_beyond() {
        let after = calendar()
            .first_number_after(&office(0), NaiveDate::from_ymd_opt(2026, 2, 13).unwrap())
            .unwrap();
        assert_eq!(after, Some(at("2026-02-23T07:30")));
    }

    #[rstest]
    #[case::backwards(r#"[{"from": "11:00", "to": "08:00"}]"#, "week.saturday")]
    #[case::overlapping(
        r#"[{"from": "08:00", "to": "11:00"}, {"from": "10:00", "to": "12:00"}]"#,
        "week.saturday"
    )]
    #[case::never("[]", "week")]
    fn hours_that_are_none_are_refused(#[case] saturday: &str, #[case] field: &str) {
        let hours: IssuingHours = serde_json::from_str(&format!(
            r#"{{"week": {{"monday": [], "tuesday": [], "wednesday": [], "thursday": [], "friday": [],
                "saturday": {saturday}, "sunday": []}}}}"#
        ))
        .unwrap();
        assert_eq!(hours.check().unwrap_err().field.as_deref(), Some(field));
    }

    #[test]
    fn a_whole_day_without_numbers_is_refused() {
        let refusal = office(241).check().unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("last_number_before"));
    }
}
