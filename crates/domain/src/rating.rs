//! What citizens say of the service they had, and complaints (phản ánh, kiến nghị) noted at the
//! branch.
//!
//! A rating belongs to one stay at one counter. Nobody reads a single one: figures are made of
//! whole groups of at least [`LEAST_GROUP`], so that a number that moves never tells of one person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::{
    refusal::{Code, Refusal, Result},
    visit::Outcome,
};

/// Ratings are only ever counted in groups of so many.
pub const LEAST_GROUP: usize = 5;
/// The best grade; 1 is the worst.
pub const BEST: u8 = 5;
/// From this grade on somebody is counted as satisfied.
pub const SATISFIED_FROM: u8 = 4;
/// Indicators of TT 01/2018/TT-VPCP Điều 12–15.
pub const INDICATORS: u8 = 9;
/// Points of an indicator: 0, 1, 2.
pub const MOST_POINTS: u8 = 2;
/// The question stands so long after a service ended; then the person is gone.
pub const ASK_FOR_MS: i64 = 90_000;

/// Indicators are taken so long after it ended.
pub const MORE_FOR_MS: i64 = 5 * 60_000;

/// What somebody says of one indicator.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
pub struct IndicatorPoints {
    /// Which, from 1.
    pub indicator: u8,
    /// 0, 1 or 2.
    pub points: u8,
}

/// A rating: the grade is one touch; indicators may follow, or never come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingGiven {
    /// The visit.
    pub visit: Uuid,
    /// Which stay of it.
    pub leg: u32,
    /// Business day of the service.
    pub date: NaiveDate,
    /// Counter.
    pub counter: u16,
    /// Service.
    pub service: String,
    /// 1 to 5; none where only indicators follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// Indicators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<IndicatorPoints>,
    /// The case whose paper slip (Phiếu đánh giá) this is, entered by hand on that day; none where a
    /// screen was touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<Uuid>,
    /// The slip was mistyped: this is the whole of it, in place of what was entered before on the same
    /// day. Without indicators it was of another case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrects: bool,
}

/// What came of the rating of one stay: of each part the first counts, whoever records another. Only
/// a slip of paper is corrected, by whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// Where and when.
    pub given: RatingGiven,
}

impl Rating {
    /// Folds what was recorded, in order; none before there is a grade, which a paper slip has not.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a RatingGiven>) -> Option<Self> {
        let mut rating: Option<Self> = None;
        for event in events {
            match &mut rating {
                _ if event.corrects => {
                    let day = |r: &Self| r.given.slip.is_some() && r.given.date == event.date;
                    if rating.as_ref().is_some_and(day) {
                        rating = (!event.indicators.is_empty()).then(|| Self {
                            given: event.clone(),
                        });
                    }
                }
                None if event.slip.is_some()
                    || event.grade.is_some_and(|g| (1..=BEST).contains(&g)) =>
                {
                    rating = Some(Self {
                        given: event.clone(),
                    });
                }
                Some(rating) if rating.given.indicators.is_empty() => {
                    rating.given.indicators.clone_from(&event.indicators);
                }
                _ => {}
            }
        }
        rating
    }
}

/// Checks what was touched.
///
/// # Errors
/// `NUMBER_OUT_OF_RANGE`, at the field.
pub fn check_grade(grade: u8) -> Result<u8> {
    if (1..=BEST).contains(&grade) {
        return Ok(grade);
    }
    Err(Refusal::new(
        Code::NumberOutOfRange,
        "Mức đánh giá từ 1 đến 5. Mời chọn lại.",
    )
    .at("grade"))
}

/// Checks indicators: each at most once, each within its points.
///
/// # Errors
/// `NUMBER_OUT_OF_RANGE`, at the field.
pub fn check_indicators(given: Vec<IndicatorPoints>) -> Result<Vec<IndicatorPoints>> {
    let mut seen = BTreeSet::new();
    for (i, each) in given.iter().enumerate() {
        let sound = (1..=INDICATORS).contains(&each.indicator)
            && each.points <= MOST_POINTS
            && seen.insert(each.indicator);
        if !sound {
            return Err(Refusal::new(
                Code::NumberOutOfRange,
                "Tiêu chí từ 1 đến 9, mỗi tiêu chí một lần, từ 0 đến 2 điểm.",
            )
            .at(format!("indicators[{i}]")));
        }
    }
    Ok(given)
}

/// A stay at a counter, as far as asking is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// How.
    pub outcome: Outcome,
    /// It has a grade.
    pub rated: bool,
    /// Somebody else was called to the counter since.
    pub next_called: bool,
}

/// Until when the person who was served is asked; none where they are not, or no longer.
pub fn asked_until(ended: Ended, now_ms: i64) -> Option<i64> {
    let until = ended.at_ms.saturating_add(ASK_FOR_MS);
    let there = ended.outcome == Outcome::Done && !ended.rated && !ended.next_called;
    (there && (ended.at_ms..until).contains(&now_ms)).then_some(until)
}

/// Whether more can be said to a grade that was just given.
pub fn takes_more(ended: Ended, now_ms: i64) -> bool {
    let until = ended.at_ms.saturating_add(MORE_FOR_MS);
    ended.rated && (ended.at_ms..until).contains(&now_ms)
}

/// A period of figures. Only whole ones: two that differ by a day would tell of a day's few.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A month.
    #[default]
    Month,
    /// Three months, as the law's reports have them.
    Quarter,
    /// A year.
    Year,
}

impl Period {
    /// First day, and the first day after it.
    pub fn around(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let (month, months) = match self {
            Self::Month => (day.month(), 1),
            Self::Quarter => (day.month0() / 3 * 3 + 1, 3),
            Self::Year => (1, 12),
        };
        let first = NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
        let after = first
            .checked_add_months(Months::new(months))
            .unwrap_or(first);
        (first, after)
    }
}

/// Figures of a group that is large enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Figures {
    /// Ratings counted: always whole groups.
    pub counted: u32,
    /// Mean grade, hundredths.
    pub mean_hundredths: u32,
    /// Share of grades 4 and 5, in tenths of a percent.
    pub satisfied_permille: u32,
    /// How often each grade was given, from 1 to 5.
    pub grades: [u32; 5],
    /// Mean points of each indicator in hundredths, from 1 to 9; none where too few said something.
    pub indicators: [Option<u32>; 9],
}

impl Figures {
    /// Of ratings in the order in which they came. The last few that make no whole group wait for
    /// others; none at all below the least group.
    pub fn of(ratings: &[&RatingGiven]) -> Option<Self> {
        let graded: Vec<_> = ratings
            .iter()
            .filter_map(|r| Some((r, usize::from(r.grade?.checked_sub(1)?))))
            .filter(|(_, at)| *at < 5)
            .collect();
        let whole = graded.len() / LEAST_GROUP * LEAST_GROUP;
        if whole == 0 {
            return None;
        }
        let mut figures = Self {
            counted: u32::try_from(whole).unwrap_or(u32::MAX),
            ..Self::default()
        };
        for (_, at) in &graded[..whole] {
            figures.grades[*at] += 1;
        }
        let sum: u32 = (1..).zip(figures.grades).map(|(grade, n)| grade * n).sum();
        let satisfied: u32 = figures.grades[usize::from(SATISFIED_FROM) - 1..]
            .iter()
            .sum();
        figures.mean_hundredths = (sum * 100 + figures.counted / 2) / figures.counted;
        figures.satisfied_permille = (satisfied * 1000 + figures.counted / 2) / figures.counted;
        figures.indicators = points(graded[..whole].iter().map(|(rating, _)| **rating));
        Some(figures)
    }
}

/// Figures of the paper slips of a group that is large enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SlipFigures {
    /// Slips counted: always whole groups.
    pub counted: u32,
    /// Mean points of each indicator in hundredths, from 1 to 9; none where too few said something.
    pub indicators: [Option<u32>; 9],
}

impl SlipFigures {
    /// Of slips in the order in which they came, as [`Figures::of`].
    pub fn of(slips: &[&RatingGiven]) -> Option<Self> {
        let whole = &slips[..slips.len() / LEAST_GROUP * LEAST_GROUP];
        (!whole.is_empty()).then(|| Self {
            counted: u32::try_from(whole.len()).unwrap_or(u32::MAX),
            indicators: points(whole.iter().copied()),
        })
    }
}

/// Mean points of each indicator in hundredths, of whole groups of those who said something of it.
fn points<'a>(ratings: impl IntoIterator<Item = &'a RatingGiven>) -> [Option<u32>; 9] {
    let mut said: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
    for each in ratings.into_iter().flat_map(|rating| &rating.indicators) {
        let of = said.entry(each.indicator).or_default();
        of.push(u32::from(each.points));
    }
    let mut means = [None; 9];
    for (indicator, said) in said {
        let whole = said.len() / LEAST_GROUP * LEAST_GROUP;
        let place = usize::from(indicator).checked_sub(1);
        if let (Some(place), Ok(n @ 1..)) = (place.filter(|p| *p < 9), u32::try_from(whole)) {
            let sum: u32 = said[..whole].iter().sum();
            means[place] = Some((sum * 100 + n / 2) / n);
        }
    }
    means
}

/// What somebody complains of, or proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ComplaintKind {
    /// Phản ánh.
    Complaint,
    /// Kiến nghị.
    Proposal,
}

/// A complaint was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ComplaintNoted {
    /// Business day.
    pub date: NaiveDate,
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
    /// Last day for an answer.
    pub due: NaiveDate,
}

/// Something was done about a complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ComplaintHandled {
    /// What, in words.
    pub text: String,
    /// It is answered.
    pub answered: bool,
}

/// Working days until a complaint is to be answered, and between two words on how it stands.
pub const COMPLAINT_DAYS: u32 = 15;
/// The citizen hears how it stands after so many working days.
pub const COMPLAINT_WORD_DAYS: u32 = 5;
/// Whoever is not competent says so within so many working days (indicator 5.2 of the portal).
pub const COMPLAINT_REFUSE_DAYS: u32 = 2;
/// The answer is made public within so many working days (indicator 5.2 of the portal).
pub const COMPLAINT_PUBLISH_DAYS: u32 = 2;
