//! How the registers stand, in figures: no name, no number, no answer.

use chrono::{DateTime, Utc};
use deadpool_postgres::Client;
use schemars::JsonSchema;
use serde::Serialize;

use super::{overview::count, words};
use crate::error::Result;

/// A register that is connected.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RegisterState")]
pub(crate) struct Register {
    /// `citizen` or `enterprise`.
    pub(crate) register: String,
    /// The same in words.
    pub(crate) title: &'static str,
    /// Questions that one office may ask a day.
    pub(crate) per_day: u64,
    /// The last answer.
    pub(crate) heard_at: Option<DateTime<Utc>>,
    /// Since when it does not answer; none while it does.
    pub(crate) away_since: Option<DateTime<Utc>>,
    /// Why: a stable code.
    pub(crate) code: Option<String>,
    /// The same in words.
    pub(crate) text: Option<&'static str>,
    /// Questions within the last day.
    pub(crate) last_day: u64,
    /// Of those: it has no such number.
    pub(crate) not_found: u64,
    /// Of those: nobody could be asked.
    pub(crate) unavailable: u64,
}

pub(super) async fn read(client: &Client) -> Result<Vec<Register>> {
    let rows = client
        .query(
            "SELECT l.register, l.per_day, l.heard_at, l.since, l.code,
                    count(u.id), count(u.id) FILTER (WHERE u.outcome = 'not_found'),
                    count(u.id) FILTER (WHERE u.outcome NOT IN ('found', 'not_found'))
             FROM look_up_line l
             LEFT JOIN look_up u ON u.register = l.register AND u.at > now() - interval '1 day'
             GROUP BY l.register ORDER BY l.register",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let code: Option<String> = row.get(4);
            Register {
                title: match row.get(0) {
                    "citizen" => "Dân cư",
                    _ => "Đăng ký doanh nghiệp",
                },
                register: row.get(0),
                per_day: count(row, 1),
                heard_at: row.get(2),
                away_since: row.get(3),
                text: code.as_deref().map(words::unavailable),
                code,
                last_day: count(row, 5),
                not_found: count(row, 6),
                unavailable: count(row, 7),
            }
        })
        .collect())
}
