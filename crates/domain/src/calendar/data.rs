//! The files a calendar is made of, and what they must fulfil to be one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::refusal::{Code, Refusal, Result};

/// How far dated data may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "kebab-case")]
pub enum DataStatus {
    /// From a text in force.
    InForce,
    /// For trying out; to be replaced by the office's own.
    Sample,
    /// Announced or proposed, not decided.
    Unconfirmed,
    /// Worked out from the law, before the yearly notice.
    Computed,
}

/// Holidays by year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct CalendarFile {
    /// Name of this version.
    pub id: String,
    /// From when this version is used.
    pub effective_from: NaiveDate,
    /// How far it may be relied on.
    pub status: DataStatus,
    /// The texts it rests on.
    pub source: String,
    /// One entry for each year.
    pub years: Vec<Year>,
}

impl CalendarFile {
    /// Reads a calendar, and checks it against the week that most offices have. Which hours an
    /// office really has is found out there.
    ///
    /// # Errors
    /// `CALENDAR_INVALID` where it cannot be read or contradicts itself.
    pub fn read(json: &str) -> Result<Self> {
        let file: Self = from_json(json)?;
        let day = || {
            let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
            let (morning, afternoon) = ((time(7, 30), time(11, 30)), (time(13, 30), time(17, 0)));
            [morning, afternoon]
                .map(|(from, to)| Span { from, to })
                .to_vec()
        };
        let week = Week {
            monday: day(),
            tuesday: day(),
            wednesday: day(),
            thursday: day(),
            friday: day(),
            saturday: Vec::new(),
            sunday: Vec::new(),
        };
        check_years(&file, &week)?;
        Ok(file)
    }

    /// This calendar with each year that `other` names as `other` has it.
    #[must_use]
    pub fn with_years_of(mut self, other: &Self) -> Self {
        for year in &other.years {
            self.years.retain(|known| known.year != year.year);
            self.years.push(year.clone());
        }
        self.years.sort_by_key(|year| year.year);
        self
    }
}

/// One year's rest days beyond the weekly ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Year {
    /// The year.
    pub year: i32,
    /// Whether the yearly notice is out.
    pub status: DataStatus,
    /// The notice.
    pub basis: String,
    /// Days off.
    pub days_off: Vec<DayOff>,
    /// Rest days worked instead of a swapped one.
    pub worked: Vec<Worked>,
    /// Days that may yet become days off; until then they are worked, and said to be doubtful.
    #[serde(default)]
    pub undecided: Vec<Undecided>,
}

/// A day off, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct DayOff {
    /// First day.
    pub from: NaiveDate,
    /// Last day, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<NaiveDate>,
    /// What is celebrated.
    pub name: String,
    /// Where it differs from the year's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<DataStatus>,
    /// Where it differs from the year's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub basis: Option<String>,
}

/// A Saturday worked in exchange for a day off (hoán đổi); it has that day's hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Worked {
    /// The day worked.
    pub date: NaiveDate,
    /// The day off it makes up for.
    #[serde(rename = "for")]
    pub instead_of: NaiveDate,
    /// Where it differs from the year's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<DataStatus>,
}

/// A day of which nobody knows yet whether it will be off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Undecided {
    /// The day.
    pub date: NaiveDate,
    /// What it would be off for.
    pub name: String,
    /// What is known.
    pub basis: String,
}

/// The hours of one office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    /// Name of this version.
    pub id: String,
    /// From when it is used.
    pub effective_from: NaiveDate,
    /// Sample hours are to be replaced by the office's own.
    pub status: DataStatus,
    /// Where the hours come from.
    pub source: String,
    /// Opening spans of each weekday.
    pub week: Week,
    /// Cases received later in the day are forwarded on the next working day.
    #[serde(with = "clock_time")]
    #[schemars(with = "String")]
    #[ts(type = "string")]
    pub same_day_until: NaiveTime,
    /// When results are handed out; the close of the day where absent.
    #[serde(
        default,
        with = "clock_time_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<String>")]
    #[ts(type = "string", optional)]
    pub return_at: Option<NaiveTime>,
}

/// Opening spans by weekday; none means closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "weekdays name themselves")]
pub struct Week {
    pub monday: Vec<Span>,
    pub tuesday: Vec<Span>,
    pub wednesday: Vec<Span>,
    pub thursday: Vec<Span>,
    pub friday: Vec<Span>,
    pub saturday: Vec<Span>,
    pub sunday: Vec<Span>,
}

/// From opening to closing.
// Under a name of its own: a visit has spans too, and all types share one folder there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "OpeningSpan")]
#[schemars(rename = "OpeningSpan")]
pub struct Span {
    /// Opening, `07:30`.
    #[serde(with = "clock_time")]
    #[schemars(with = "String")]
    #[ts(type = "string")]
    pub from: NaiveTime,
    /// Closing, `11:30`.
    #[serde(with = "clock_time")]
    #[schemars(with = "String")]
    #[ts(type = "string")]
    pub to: NaiveTime,
}

impl Week {
    /// The spans of a weekday.
    pub fn on(&self, weekday: Weekday) -> &[Span] {
        match weekday {
            Weekday::Mon => &self.monday,
            Weekday::Tue => &self.tuesday,
            Weekday::Wed => &self.wednesday,
            Weekday::Thu => &self.thursday,
            Weekday::Fri => &self.friday,
            Weekday::Sat => &self.saturday,
            Weekday::Sun => &self.sunday,
        }
    }
}

fn wrong(why: impl AsRef<str>) -> Refusal {
    Refusal::new(
        Code::CalendarInvalid,
        format!(
            "Lịch làm việc chưa dùng được: {}. Lịch đang dùng vẫn giữ nguyên.",
            why.as_ref()
        ),
    )
}

/// Reads one of the files.
pub(super) fn from_json<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| {
        wrong(format!(
            "không đọc được ở dòng {}, cột {}",
            error.line(),
            error.column()
        ))
    })
}

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// A week has hours, each from earlier to later, in order.
/// The field of [`Week`] that holds a weekday.
fn name_of(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

pub(super) fn check_week(week: &Week) -> Result<()> {
    if WEEKDAYS.iter().all(|weekday| week.on(*weekday).is_empty()) {
        return Err(wrong("tuần không có giờ làm việc nào"));
    }
    for weekday in WEEKDAYS {
        let spans = week.on(weekday);
        let ordered = spans.iter().all(|span| span.from < span.to)
            && spans.windows(2).all(|pair| pair[0].to <= pair[1].from);
        if !ordered {
            return Err(wrong("các khoảng giờ làm việc ngược hoặc chồng nhau").at(name_of(weekday)));
        }
    }
    Ok(())
}

pub(super) fn check_hours(hours: &OfficeHours) -> Result<()> {
    check_week(&hours.week)?;
    for weekday in WEEKDAYS {
        let spans = hours.week.on(weekday);
        if let Some(at) = hours.return_at
            && !spans.is_empty()
            && !spans.iter().any(|span| span.from <= at && at <= span.to)
        {
            return Err(wrong("giờ trả kết quả nằm ngoài giờ làm việc"));
        }
    }
    Ok(())
}

pub(super) fn check_years(file: &CalendarFile, week: &Week) -> Result<()> {
    if file.years.is_empty() {
        return Err(wrong("chưa có năm nào"));
    }
    let mut years = BTreeSet::new();
    let mut off: BTreeMap<NaiveDate, &str> = BTreeMap::new();
    for year in &file.years {
        if !years.insert(year.year) || !(2000..=2200).contains(&year.year) {
            return Err(wrong(format!(
                "năm {} lặp lại hoặc không hợp lý",
                year.year
            )));
        }
        let of_this_year = |date: NaiveDate| {
            (date.year() == year.year).then_some(date).ok_or_else(|| {
                wrong(format!(
                    "ngày {} không thuộc năm {}",
                    date.format("%d/%m/%Y"),
                    year.year
                ))
            })
        };
        for day in &year.days_off {
            let last = of_this_year(day.to.unwrap_or(day.from))?;
            let first = of_this_year(day.from)?;
            if last < first || day.name.trim().is_empty() {
                return Err(wrong(format!(
                    "đợt nghỉ từ {} ngược ngày hoặc thiếu tên",
                    first.format("%d/%m/%Y")
                )));
            }
            for date in first.iter_days().take_while(|date| *date <= last) {
                if off.insert(date, &day.name).is_some() {
                    return Err(wrong(format!(
                        "ngày nghỉ {} ghi hai lần",
                        date.format("%d/%m/%Y")
                    )));
                }
            }
        }
        for date in year.undecided.iter().map(|day| day.date) {
            if off.contains_key(&of_this_year(date)?) {
                return Err(wrong(format!(
                    "ngày {} vừa nghỉ vừa chưa quyết định",
                    date.format("%d/%m/%Y")
                )));
            }
        }
    }
    // Swaps may reach into a neighbouring year, so they are checked once all are known.
    let mut worked = BTreeSet::new();
    for swap in file.years.iter().flat_map(|year| &year.worked) {
        let date = swap.date.format("%d/%m/%Y");
        if off.contains_key(&swap.date) || !worked.insert(swap.date) {
            return Err(wrong(format!(
                "ngày làm bù {date} cũng là ngày nghỉ, hoặc ghi hai lần"
            )));
        }
        if !week.on(swap.date.weekday()).is_empty() {
            return Err(wrong(format!("ngày làm bù {date} vốn đã là ngày làm việc")));
        }
        if !off.contains_key(&swap.instead_of) || week.on(swap.instead_of.weekday()).is_empty() {
            return Err(wrong(format!(
                "ngày làm bù {date} không ứng với ngày nghỉ hoán đổi nào"
            )));
        }
    }
    Ok(())
}

/// `07:30`; seconds are of no use in office hours.
mod clock_time {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&time.format("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map_err(D::Error::custom)
    }
}

mod clock_time_option {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "the shape serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        time: &Option<NaiveTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::clock_time::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<NaiveTime>, D::Error> {
        Option::<String>::deserialize(from)?
            .map(|text| NaiveTime::parse_from_str(&text, "%H:%M").map_err(D::Error::custom))
            .transpose()
    }
}
