//! Appointments: the slots of a day, who is booked, moving and cancelling.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::queue::Row;
use crate::Time;

/// `visit.slots`: when somebody may be asked to come for a service on a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitSlots")]
#[schemars(rename = "VisitSlots")]
pub struct Slots {
    /// Service code.
    pub service: String,
    /// The day.
    pub date: NaiveDate,
}

/// The slots of a service on a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitSlotsAnswer", optional_fields)]
#[schemars(rename = "VisitSlotsAnswer")]
pub struct SlotsAnswer {
    /// Service code.
    pub service: String,
    /// The day.
    pub date: NaiveDate,
    /// How long a slot is; absent where the service has none and any time of its hours will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u16>,
    /// People in one slot, where there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u16>,
    /// Why nobody can be asked to come that day at all, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
    /// In order.
    pub slots: Vec<SlotView>,
    /// The next slot with a place, on that day or after it; only where there are slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_free: Option<Time>,
    /// Whether whoever asks may book into a slot without a place, with a reason.
    pub may_overbook: bool,
}

/// One slot.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct SlotView {
    /// The time that is told.
    pub at: Time,
    /// Not in it any more.
    pub until: Time,
    /// People booked into it.
    pub booked: u32,
    /// Places left, where there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<u32>,
    /// It has begun.
    pub past: bool,
}

/// `visit.bookings`: who is booked for a day and has not come.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitBookings")]
#[schemars(rename = "VisitBookings")]
pub struct Bookings {
    /// The day.
    pub date: NaiveDate,
}

/// Who is booked for a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitBookingsAnswer")]
#[schemars(rename = "VisitBookingsAnswer")]
pub struct BookingsAnswer {
    /// The day.
    pub date: NaiveDate,
    /// By booked time.
    pub booked: Vec<Row>,
}

/// `visit.of_slip`: whose slip of an appointment that is, on whichever day, whatever became of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitOfSlip")]
#[schemars(rename = "VisitOfSlip")]
pub struct OfSlip {
    /// `HEN-7K2-M9Q`, as scanned or typed.
    pub code: String,
}

/// `visit.move`: a booked person is to come at another time, today or later.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitMove", optional_fields)]
#[schemars(rename = "VisitMove")]
pub struct Move {
    /// The booked visit.
    pub visit_id: Uuid,
    /// The time from now on; where the service has slots, the beginning of one.
    pub slot_at: Time,
    /// Why, if told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why into a slot that is full: a supervisor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
}

/// `visit.cancel`: a booked person will not come; the place is free again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitCancel")]
#[schemars(rename = "VisitCancel")]
pub struct Cancel {
    /// The booked visit.
    pub visit_id: Uuid,
    /// Why.
    pub reason: String,
}

/// An appointment was cancelled.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitCancelled", optional_fields)]
#[schemars(rename = "VisitCancelled")]
pub struct Cancelled {
    /// The visit that was to come.
    pub visit_id: Uuid,
    /// The time that is free again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_at: Option<Time>,
}
