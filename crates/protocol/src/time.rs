//! Times on the wire: RFC 3339 with Vietnam's offset, which has been +07:00 since 1975.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use ts_rs::TS;

/// Vietnam's offset in seconds.
const OFFSET_S: i32 = 7 * 3600;

/// Vietnam's time zone: one fixed offset, no time zone database needed.
pub fn vietnam() -> FixedOffset {
    #[expect(clippy::expect_used, reason = "seven hours is a valid offset")]
    FixedOffset::east_opt(OFFSET_S).expect("+07:00")
}

/// A moment, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct Time(pub DateTime<FixedOffset>);

impl Time {
    /// From UTC milliseconds; a value outside the calendar becomes the beginning of 1970.
    pub fn from_ms(ms: i64) -> Self {
        Self(
            vietnam()
                .timestamp_millis_opt(ms)
                .single()
                .unwrap_or_else(|| vietnam().timestamp_nanos(0)),
        )
    }

    /// UTC milliseconds.
    pub fn ms(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The local date.
    pub fn date(self) -> NaiveDate {
        self.0.with_timezone(&vietnam()).date_naive()
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(
            &self
                .0
                .with_timezone(&vietnam())
                .to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        )
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|t| Self(t.with_timezone(&vietnam())))
            .map_err(|_| D::Error::custom("thời điểm phải theo dạng 2026-11-23T09:15:00+07:00"))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}
