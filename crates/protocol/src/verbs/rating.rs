//! What citizens say of a service, and complaints.

use chrono::NaiveDate;
use motcua_domain::rating::{ComplaintKind, Figures, IndicatorPoints, Period, SlipFigures};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// `rating.prompt`: whom a rating screen at a counter asks just now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct RatingPrompt {
    /// The counter it stands at.
    pub counter: u16,
}

/// Who was served last, as far as a screen in the hall may know: a number and a service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct RatingAsk {
    /// The visit.
    pub visit_id: Uuid,
    /// Which stay of it.
    pub leg: u32,
    /// Number on the slip.
    pub ticket: String,
    /// Name of the service.
    pub service: String,
    /// Until when the question stands.
    pub until: Time,
}

/// One grade or one choice of an indicator, in words.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct RatingWord {
    /// Grade or points.
    pub value: u8,
    /// In words.
    pub text: String,
}

/// One indicator, in words.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct RatingIndicator {
    /// Which, from 1.
    pub indicator: u8,
    /// In words.
    pub text: String,
}

/// What a rating screen shows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingScreen {
    /// Name of the office.
    pub office: String,
    /// Name of the counter.
    pub counter: String,
    /// Now.
    pub now: Time,
    /// Whom to ask; none: at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<RatingAsk>,
    /// The five grades, the best first.
    pub grades: Vec<RatingWord>,
    /// The nine indicators.
    pub indicators: Vec<RatingIndicator>,
    /// What can be said of each.
    pub choices: Vec<RatingWord>,
}

/// `rating.give`: one touch; or, after it, indicators.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingGive {
    /// The counter it was touched at.
    pub counter: u16,
    /// The visit.
    pub visit_id: Uuid,
    /// Which stay of it.
    pub leg: u32,
    /// 1 to 5; left out where only indicators follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// Indicators.
    #[serde(default)]
    pub indicators: Vec<IndicatorPoints>,
}

/// `rating.enter_slip`: what a paper slip (Phiếu đánh giá) of a case says. Never by whoever took the
/// case in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingEnterSlip {
    /// Code of the case, as it stands on the slip.
    pub case_code: String,
    /// Indicators that were marked.
    pub indicators: Vec<IndicatorPoints>,
    /// In place of what the same officer typed for this case today; with no indicators at all, that
    /// slip was of another case and is taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<bool>,
}

/// Answer of `rating.give` and `rating.enter_slip`: nothing that tells what anybody said.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct RatingThanks {
    /// It was recorded.
    pub recorded: bool,
}

/// `rating.figures`: of a whole month, quarter or year.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingFiguresAsk {
    /// Which kind of period.
    #[serde(default)]
    pub period: Period,
    /// A day within it, today unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
}

/// Figures of a counter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CounterFigures {
    /// Counter.
    pub counter: u16,
    /// Its name.
    pub name: String,
    /// None: fewer ratings than a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
}

/// Answer of `rating.figures`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingFigures {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Of the counters that are shown, together; none where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Figures>,
    /// Of paper slips; none where there are fewer than a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slips: Option<SlipFigures>,
    /// What can be said of each indicator.
    pub choices: Vec<RatingWord>,
    /// Each counter.
    pub counters: Vec<CounterFigures>,
    /// Least size of a group.
    pub least: u32,
    /// The nine indicators in words.
    pub indicators: Vec<RatingIndicator>,
    /// The five grades in words, from 1 to 5.
    pub grades: Vec<String>,
}

/// `complaint.list`: those to be answered first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct ComplaintList {}

/// `complaint.note`: somebody complains or proposes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ComplaintNote {
    /// Which.
    pub complaint: ComplaintKind,
    /// In the citizen's words.
    pub content: String,
    /// Who, if they say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where they can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// `complaint.handle`: something was done about it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct ComplaintHandle {
    /// The complaint.
    pub id: Uuid,
    /// What, in words.
    pub text: String,
    /// It is answered.
    #[serde(default)]
    pub answered: bool,
}

/// A complaint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ComplaintView {
    /// Its id.
    pub id: Uuid,
    /// When it was noted.
    pub at: Time,
    /// Who noted it.
    pub officer: String,
    /// Which.
    pub complaint: ComplaintKind,
    /// In the citizen's words.
    pub content: String,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where they can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Last day for an answer.
    pub due: NaiveDate,
    /// The citizen is to hear how it stands by this day; none once it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_due: Option<NaiveDate>,
    /// Whoever is not competent says so by this day; none once something was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse_due: Option<NaiveDate>,
    /// The answer is to be public by this day; only once it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_due: Option<NaiveDate>,
    /// One of these days has passed.
    pub late: bool,
    /// It is answered.
    pub answered: bool,
    /// What was done, in order.
    pub handled: Vec<ComplaintStep>,
}

/// Something done about a complaint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct ComplaintStep {
    /// When.
    pub at: Time,
    /// By whom.
    pub officer: String,
    /// In words.
    pub text: String,
}
