//! The slots of a day: the hours of a service, cut into pieces to which people are asked to come.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    data::Span,
    days::{Calendar, DayNature},
    door::{IssuingHours, moment},
};
use crate::refusal::{Code, Refusal, Result};

/// How appointments for a service are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct SlotRules {
    /// How long a slot is. The first begins when the service opens, and after each break.
    pub minutes: u16,
    /// People in one slot; as many as ask unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u16>,
}

impl SlotRules {
    /// Checks the rules by themselves.
    ///
    /// # Errors
    /// `NUMBER_OUT_OF_RANGE`, with the field named.
    pub fn check(self) -> Result<()> {
        let (field, message) = if !(5..=240).contains(&self.minutes) {
            ("minutes", "Mỗi khung giờ hẹn dài từ 5 đến 240 phút.")
        } else if self.places.is_some_and(|most| !(1..=99).contains(&most)) {
            (
                "places",
                "Số người mỗi khung giờ từ 1 đến 99; để trống là không giới hạn.",
            )
        } else {
            return Ok(());
        };
        Err(Refusal::new(Code::NumberOutOfRange, message).at(field))
    }
}

/// A stretch of a day to which people are asked to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The time that is told.
    pub from: DateTime<FixedOffset>,
    /// Not in it any more.
    pub to: DateTime<FixedOffset>,
}

impl Slot {
    /// Whether a booked time lies in it.
    pub fn holds(self, at_ms: i64) -> bool {
        (self.from.timestamp_millis()..self.to.timestamp_millis()).contains(&at_ms)
    }
}

impl Calendar {
    /// The spans in which somebody may be asked to come: a service's own hours where it has some,
    /// else the office's. None on a day of rest.
    ///
    /// # Errors
    /// `CALENDAR_UNKNOWN_YEAR` where the office's own days decide and are not known.
    pub fn booking_spans(
        &self,
        hours: Option<&IssuingHours>,
        date: NaiveDate,
    ) -> Result<Vec<Span>> {
        if let Some(hours) = hours.filter(|h| h.week.is_some()) {
            return Ok(self.issuing(hours, date));
        }
        Ok(match self.nature(date)? {
            DayNature::Working => self.hours().week.on(date.weekday()).to_vec(),
            DayNature::WorkedSwap { instead_of } => {
                self.hours().week.on(instead_of.weekday()).to_vec()
            }
            DayNature::Weekend | DayNature::Holiday { .. } => Vec::new(),
        })
    }

    /// The slots of a day. What is left of a span and too short for a slot is none: whoever came
    /// then would be served into the break.
    ///
    /// # Errors
    /// As [`Self::booking_spans`]; `DATE_INVALID` at the ends of the calendar.
    pub fn slots(
        &self,
        hours: Option<&IssuingHours>,
        date: NaiveDate,
        rules: SlotRules,
    ) -> Result<Vec<Slot>> {
        let mut slots = Vec::new();
        for span in self.booking_spans(hours, date)? {
            for (from, to) in cut(&span, rules.minutes) {
                slots.push(Slot {
                    from: moment(date.and_time(from))?,
                    to: moment(date.and_time(to))?,
                });
            }
        }
        Ok(slots)
    }
}

fn cut(span: &Span, minutes: u16) -> Vec<(NaiveTime, NaiveTime)> {
    let step = TimeDelta::minutes(i64::from(minutes.max(1)));
    let mut pieces = Vec::new();
    let mut from = span.from;
    loop {
        let (to, wrapped) = from.overflowing_add_signed(step);
        if wrapped != 0 || to > span.to {
            return pieces;
        }
        pieces.push((from, to));
        from = to;
    }
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

    fn times(date: &str, minutes: u16, hours: Option<&IssuingHours>) -> Vec<String> {
        let rules = SlotRules {
            minutes,
            places: None,
        };
        calendar()
            .slots(hours, date.parse().unwrap(), rules)
            .unwrap()
            .iter()
            .map(|slot| format!("{}–{}", slot.from.format("%H:%M"), slot.to.format("%H:%M")))
            .collect()
    }

    // Office hours are 07:30–11:30 and 13:30–17:00.
    #[test]
    fn no_slot_reaches_into_the_midday_break() {
        assert_eq!(
            times("2026-11-23", 90, None),
            ["07:30–09:00", "09:00–10:30", "13:30–15:00", "15:00–16:30"]
        );
        let halves = times("2026-11-23", 30, None);
        assert_eq!(halves.len(), 8 + 7);
        assert_eq!(
            (halves[7].as_str(), halves[8].as_str()),
            ("11:00–11:30", "13:30–14:00")
        );
    }

    #[rstest]
    #[case::holiday("2026-11-24", 0)]
    #[case::sunday("2026-11-29", 0)]
    #[case::worked_saturday("2026-08-22", 15)]
    fn days_of_rest_have_none_and_worked_saturdays_do(#[case] date: &str, #[case] many: usize) {
        assert_eq!(times(date, 30, None).len(), many);
    }

    #[test]
    fn a_service_s_own_hours_are_cut_without_their_end() {
        let hours: IssuingHours = serde_json::from_str(
            r#"{"week": {"monday": [], "tuesday": [], "wednesday": [], "thursday": [], "friday": [],
                "saturday": [{"from": "08:00", "to": "11:00"}], "sunday": []}, "last_number_before": 40}"#,
        )
        .unwrap();
        assert_eq!(
            times("2026-11-28", 60, Some(&hours)),
            ["08:00–09:00", "09:00–10:00"]
        );
        assert!(times("2026-11-23", 60, Some(&hours)).is_empty());
    }

    #[test]
    fn a_span_up_to_midnight_ends() {
        let all_day = Span {
            from: NaiveTime::from_hms_opt(23, 0, 0).unwrap(),
            to: NaiveTime::from_hms_opt(23, 59, 0).unwrap(),
        };
        assert_eq!(cut(&all_day, 20).len(), 2);
    }

    #[rstest]
    #[case::too_short(4, None, Some("minutes"))]
    #[case::too_long(241, None, Some("minutes"))]
    #[case::nobody(30, Some(0), Some("places"))]
    #[case::a_crowd(30, Some(100), Some("places"))]
    #[case::unlimited(30, None, None)]
    fn rules_have_bounds(
        #[case] minutes: u16,
        #[case] places: Option<u16>,
        #[case] field: Option<&str>,
    ) {
        let refused = SlotRules { minutes, places }.check().err();
        assert_eq!(refused.and_then(|r| r.field).as_deref(), field);
    }

    #[test]
    fn an_unknown_year_is_refused() {
        let rules = SlotRules {
            minutes: 30,
            places: None,
        };
        let date = "2031-01-06".parse().unwrap();
        let refusal = calendar().slots(None, date, rules).unwrap_err();
        assert_eq!(refusal.code, Code::CalendarUnknownYear);
    }
}
