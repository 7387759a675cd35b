//! From the moment of receipt and a legal limit to the moment the result is due.

use chrono::{DateTime, Days, FixedOffset, Months, NaiveDate, NaiveDateTime, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::days::{Calendar, DayNature, hanoi, local, tomorrow, unreachable_date};
use super::words;
use crate::refusal::{Code, Refusal, Result};

/// Strips longer than this lose their middle: a screen shows at most a month of days.
const STRIP_HEAD: usize = 21;
const STRIP_TAIL: usize = 10;

/// Hours that still mean "today": as many as a working day has.
const HOURS_OF_A_DAY: u32 = 8;

/// What a limit is counted in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Ngày làm việc.
    WorkingDay,
    /// Ngày, rest days included.
    Day,
    /// Giờ làm việc.
    WorkingHour,
    /// Giờ by the clock.
    Hour,
    /// Tháng.
    Month,
}

/// A legal time limit. Zero, of whatever unit, means "within the day".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
pub struct Limit {
    /// How many.
    pub value: u32,
    /// Of what.
    pub unit: LimitUnit,
}

impl Limit {
    /// The limit itself, where any law could set it.
    ///
    /// # Errors
    /// `LIMIT_INVALID` beyond about ten years.
    pub fn check(self) -> Result<Self> {
        let most = match self.unit {
            LimitUnit::WorkingDay => 2_600,
            LimitUnit::Day => 3_650,
            LimitUnit::WorkingHour => 20_800,
            LimitUnit::Hour => 87_600,
            LimitUnit::Month => 120,
        };
        if self.value <= most {
            return Ok(self);
        }
        Err(Refusal::new(
            Code::LimitInvalid,
            format!(
                "Thời hạn {} dài quá mức luật đặt ra (nhiều nhất {most}). Mời xem lại thời hạn của thủ tục.",
                words::limit(self)
            ),
        )
        .at("limit.value"))
    }
}

/// When a result is due, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Due {
    /// The moment, in Vietnam's offset; none where the procedure has no limit.
    pub due_at: Option<DateTime<FixedOffset>>,
    /// Sentences for the officer, the most important first.
    pub because: Vec<Reason>,
    /// The days from receipt to due date, as the desk draws them.
    pub days: Vec<DayMark>,
    /// How many days in the middle were left out of `days`.
    pub days_left_out: u32,
}

/// One sentence of explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Reason {
    /// What kind of reason, for programs.
    pub kind: ReasonKind,
    /// The sentence.
    pub text: String,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasonKind {
    /// The whole answer in one line.
    Summary,
    /// Received after 15:00.
    AfterFifteen,
    /// Received while the office was closed.
    ReceivedClosed,
    /// The end fell on a rest day or outside hours.
    Shifted,
    /// A worked Saturday lies in the span.
    WorkedSwap,
    /// The end month has no such day.
    MonthEnd,
    /// A day in the span may yet change.
    Unconfirmed,
    /// The law.
    Law,
    /// The procedure sets no limit.
    NoLimit,
}

/// One day of the strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DayMark {
    /// The day.
    pub date: NaiveDate,
    /// How it is drawn.
    pub kind: DayKind,
    /// The count it bears, where it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub n: Option<u32>,
    /// The holiday, or what a Saturday makes up for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Whether the day may yet become working or free.
    pub unconfirmed: bool,
}

/// How a day of the strip is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// The day of receipt.
    Received,
    /// A working day in between.
    Counted,
    /// A weekly rest day.
    Weekend,
    /// A holiday.
    Holiday,
    /// A Saturday worked in exchange.
    WorkedSwap,
    /// The due date (also where it is the day of receipt).
    Due,
}

/// Where a limit ended, before it is told.
pub(super) struct End {
    pub(super) at: NaiveDateTime,
    /// The day the count itself ended on, where that was a rest day.
    pub(super) counted_to: Option<NaiveDate>,
    pub(super) after_fifteen: bool,
    pub(super) received_closed: bool,
    pub(super) month_clamped: bool,
}

impl Calendar {
    /// When the result of a case received at `received_at` is due.
    ///
    /// The day of receipt does not count. Working days end at the office's return time of the
    /// last; days and months ending on a rest day go to the next working day; hours end inside
    /// office hours. After 15:00 the hours, and limits within the day, begin with the next
    /// working day, when the case is forwarded.
    ///
    /// # Errors
    /// `LIMIT_INVALID`, and `CALENDAR_UNKNOWN_YEAR` where the span leaves the known years.
    pub fn due(&self, received_at: DateTime<FixedOffset>, limit: Option<Limit>) -> Result<Due> {
        let received = local(received_at)?;
        let Some(limit) = limit else {
            let text =
                "Thủ tục này không quy định thời hạn, nên máy không tính ngày hẹn.".to_owned();
            let because = vec![Reason {
                kind: ReasonKind::NoLimit,
                text,
            }];
            return Ok(Due {
                due_at: None,
                because,
                days: Vec::new(),
                days_left_out: 0,
            });
        };
        let end = self.end(received, limit.check()?)?;
        let marks = self.marks(received.date(), end.at.date(), limit)?;
        let because = words::because(self, received, limit, &end, &marks)?;
        let (days, days_left_out) = cap(marks);
        let due_at = end
            .at
            .and_local_timezone(hanoi()?)
            .single()
            .ok_or_else(unreachable_date)?;
        Ok(Due {
            due_at: Some(due_at),
            because,
            days,
            days_left_out,
        })
    }

    /// The moment of a working day at which results are handed out.
    ///
    /// # Errors
    /// `DATE_INVALID` for a day on which the office is closed, `CALENDAR_UNKNOWN_YEAR`.
    pub fn return_on(&self, date: NaiveDate) -> Result<DateTime<FixedOffset>> {
        if !self.is_working(date)? {
            let why = match self.nature(date)? {
                DayNature::Holiday { name } => format!(" ({name})"),
                _ => String::new(),
            };
            return Err(Refusal::new(
                Code::DateInvalid,
                format!(
                    "Ngày {} là ngày nghỉ{why}. Mời chọn ngày làm việc.",
                    date.format("%d/%m/%Y")
                ),
            ));
        }
        self.close(date)?
            .and_local_timezone(hanoi()?)
            .single()
            .ok_or_else(unreachable_date)
    }

    fn end(&self, received: NaiveDateTime, limit: Limit) -> Result<End> {
        let date = received.date();
        let late = received.time() > self.hours().same_day_until && self.is_working(date)?;
        let mut end = End {
            at: received,
            counted_to: None,
            after_fifteen: false,
            received_closed: false,
            month_clamped: false,
        };
        match limit.unit {
            _ if limit.value == 0 => {
                let today =
                    !late && self.is_working(date)? && received.time() <= self.return_time(date)?;
                end.after_fifteen = late;
                end.received_closed = !late && !today;
                end.at = self.close(if today {
                    date
                } else {
                    self.next_working(date)?
                })?;
            }
            LimitUnit::WorkingDay => {
                let mut day = date;
                for _ in 0..limit.value {
                    day = self.next_working(day)?;
                }
                end.at = self.close(day)?;
            }
            LimitUnit::Day => {
                let last = date.checked_add_days(Days::new(limit.value.into()));
                self.end_on(last.ok_or_else(unreachable_date)?, &mut end)?;
            }
            LimitUnit::Month => {
                let last = date.checked_add_months(Months::new(limit.value));
                let last = last.ok_or_else(unreachable_date)?;
                end.month_clamped = chrono::Datelike::day(&last) != chrono::Datelike::day(&date);
                self.end_on(last, &mut end)?;
            }
            LimitUnit::WorkingHour => {
                let start = self.begin(received, late)?;
                end.after_fifteen = late;
                end.received_closed = !late && start != received;
                end.at = self.add_working_hours(start, limit.value)?;
            }
            LimitUnit::Hour => self.end_by_the_clock(received, limit.value, late, &mut end)?,
        }
        Ok(end)
    }

    /// Limits in days and months: a last day that is a rest day gives way to the next working day.
    fn end_on(&self, last: NaiveDate, end: &mut End) -> Result<()> {
        end.at = if self.is_working(last)? {
            self.close(last)?
        } else {
            end.counted_to = Some(last);
            self.close(self.next_working(last)?)?
        };
        Ok(())
    }

    /// Hours by the clock run from receipt, day and night. But the office has at least the hours
    /// of one day from when it can begin: a case taken in late is not due at the next opening.
    fn end_by_the_clock(
        &self,
        received: NaiveDateTime,
        hours: u32,
        late: bool,
        end: &mut End,
    ) -> Result<()> {
        let raw = plus_hours(received, hours)?;
        let by_the_clock = self.next_open(raw)?;
        let begin = self.begin(received, late)?;
        let from_begin = self.next_open(plus_hours(begin, hours.min(HOURS_OF_A_DAY))?)?;
        if from_begin > by_the_clock {
            end.at = from_begin;
            end.after_fifteen = late;
            end.received_closed = !late;
        } else {
            end.at = by_the_clock;
            end.counted_to = (by_the_clock != raw).then_some(raw.date());
        }
        Ok(())
    }

    /// When the office can begin: at receipt, at the next opening, or on the next working day.
    fn begin(&self, received: NaiveDateTime, late: bool) -> Result<NaiveDateTime> {
        if late {
            self.opening(self.next_working(received.date())?)
        } else {
            self.next_open(received)
        }
    }

    fn add_working_hours(&self, start: NaiveDateTime, hours: u32) -> Result<NaiveDateTime> {
        let mut left = TimeDelta::hours(i64::from(hours));
        let (mut date, mut from) = (start.date(), start.time());
        loop {
            for span in self.spans(date)? {
                let open = span.from.max(from);
                if open >= span.to {
                    continue;
                }
                let room = span.to - open;
                if left <= room {
                    return Ok(date.and_time(open) + left);
                }
                left -= room;
            }
            date = self.next_working(date)?;
            from = chrono::NaiveTime::MIN;
        }
    }

    fn close(&self, date: NaiveDate) -> Result<NaiveDateTime> {
        Ok(date.and_time(self.return_time(date)?))
    }

    fn marks(&self, received: NaiveDate, due: NaiveDate, limit: Limit) -> Result<Vec<DayMark>> {
        let mut marks = Vec::new();
        let mut counted = 0;
        let mut date = received;
        loop {
            let nature = self.nature(date)?;
            let working = matches!(nature, DayNature::Working | DayNature::WorkedSwap { .. });
            let counts = date > received
                && counted < limit.value
                && match limit.unit {
                    LimitUnit::WorkingDay => working,
                    LimitUnit::Day => true,
                    LimitUnit::WorkingHour | LimitUnit::Hour | LimitUnit::Month => false,
                };
            counted += u32::from(counts);
            let name = match nature {
                DayNature::Holiday { name } => Some(name.to_owned()),
                DayNature::WorkedSwap { instead_of } => Some(words::makes_up_for(instead_of)),
                DayNature::Working | DayNature::Weekend => self
                    .undecided(date)
                    .map(|name| format!("chưa quyết định: {name}")),
            };
            let kind = match nature {
                _ if date == due => DayKind::Due,
                _ if date == received => DayKind::Received,
                DayNature::Working => DayKind::Counted,
                DayNature::WorkedSwap { .. } => DayKind::WorkedSwap,
                DayNature::Weekend => DayKind::Weekend,
                DayNature::Holiday { .. } => DayKind::Holiday,
            };
            let n = counts.then_some(counted);
            marks.push(DayMark {
                date,
                kind,
                n,
                name,
                unconfirmed: self.is_unconfirmed(date),
            });
            if date >= due {
                return Ok(marks);
            }
            date = tomorrow(date)?;
        }
    }
}

fn plus_hours(moment: NaiveDateTime, hours: u32) -> Result<NaiveDateTime> {
    moment
        .checked_add_signed(TimeDelta::hours(hours.into()))
        .ok_or_else(unreachable_date)
}

fn cap(mut marks: Vec<DayMark>) -> (Vec<DayMark>, u32) {
    let left_out = marks.len().saturating_sub(STRIP_HEAD + STRIP_TAIL);
    if left_out > 0 {
        marks.drain(STRIP_HEAD..STRIP_HEAD + left_out);
    }
    (marks, u32::try_from(left_out).unwrap_or(u32::MAX))
}
