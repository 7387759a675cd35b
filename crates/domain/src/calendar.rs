//! The working calendar and due times (being written; these wire types are agreed and used by others already).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A time limit set by law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Limit {
    /// How many.
    pub value: u32,
    /// Of what.
    pub unit: LimitUnit,
}

/// Unit of a time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Ngày làm việc.
    WorkingDay,
    /// Ngày.
    Day,
    /// Giờ làm việc.
    WorkingHour,
    /// Giờ.
    Hour,
    /// Tháng.
    Month,
}

/// One day of the strip between receipt and due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DayMark {
    /// The day.
    pub date: NaiveDate,
    /// What it is.
    pub kind: DayKind,
    /// Its number, for a counted day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Name of the holiday, or of the swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Not confirmed by a notice yet.
    pub unconfirmed: bool,
}

/// What a day of the strip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Received on this day; not counted.
    Received,
    /// Counted.
    Counted,
    /// Saturday or Sunday.
    Weekend,
    /// Public holiday.
    Holiday,
    /// A Saturday that is worked for a swapped day; counted.
    WorkedSwap,
    /// The due day.
    Due,
}
