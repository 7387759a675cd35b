//! The words of a rating screen: `assets/ratings`.

use motcua_domain::{
    Code, Refusal,
    rating::{BEST, INDICATORS, MOST_POINTS},
};
use motcua_protocol::verbs::rating::{RatingIndicator, RatingWord};
use serde::Deserialize;

use crate::Result;

/// The file of texts.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RatingTexts {
    /// From the worst to the best.
    pub(crate) grades: Vec<String>,
    indicators: Vec<String>,
    /// From 0 points to 2.
    choices: Vec<String>,
}

impl RatingTexts {
    pub(crate) fn from_json(json: &str) -> Result<Self> {
        let read: Option<Self> = serde_json::from_str(json)
            .map_err(|error| tracing::error!(%error, "texts of ratings"))
            .ok();
        read.filter(|texts| {
            texts.grades.len() == usize::from(BEST)
                && texts.indicators.len() == usize::from(INDICATORS)
                && texts.choices.len() == usize::from(MOST_POINTS) + 1
        })
        .ok_or_else(|| {
            Refusal::new(
                Code::AssetFault,
                "Tệp lời văn đánh giá không đọc được. Đánh giá đã ghi vẫn an toàn. Mời báo người quản trị sửa hoặc bỏ tệp này.",
            )
            .into()
        })
    }

    /// The best first, as a screen shows them.
    pub(crate) fn grades(&self) -> Vec<RatingWord> {
        let mut words = worded(&self.grades, 1);
        words.reverse();
        words
    }

    pub(crate) fn indicators(&self) -> Vec<RatingIndicator> {
        (1..)
            .zip(&self.indicators)
            .map(|(indicator, text)| RatingIndicator {
                indicator,
                text: text.clone(),
            })
            .collect()
    }

    pub(crate) fn choices(&self) -> Vec<RatingWord> {
        let mut words = worded(&self.choices, 0);
        words.reverse();
        words
    }
}

fn worded(texts: &[String], from: u8) -> Vec<RatingWord> {
    (from..)
        .zip(texts)
        .map(|(value, text)| RatingWord {
            value,
            text: text.clone(),
        })
        .collect()
}
