//! A field of a record said anew.
//!
//! A record is never touched. Where whoever it was sent to cannot read one of its fields, a person
//! writes that field again as an event of its own, on the same entity; whoever folds the entity
//! reads the record with it, on every machine and at central alike. Of two for one field the later
//! in the one order holds.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use uuid::Uuid;

use crate::event::{Body, BranchEvent, Header, Unreadable};

/// Kind of the event.
pub const KIND: &str = "sync.amended";

/// A field of a record, said anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RecordAmended {
    /// The record.
    pub event_id: Uuid,
    /// Which field of its body, dotted, as [`Body::unreadable_at`] names it.
    pub field: String,
    /// What is to stand there.
    #[ts(type = "unknown")]
    pub value: Value,
}

/// The steps of a dotted path; a place in a list stands in brackets or by itself.
fn steps(field: &str) -> impl Iterator<Item = &str> {
    field
        .split(['.', '['])
        .map(|part| part.trim_end_matches(']'))
}

/// What stands at a field.
pub fn at<'a>(body: &'a Value, field: &str) -> Option<&'a Value> {
    steps(field).try_fold(body, |at, part| match part.parse::<usize>() {
        Ok(place) if at.is_array() => at.get(place),
        _ => at.get(part),
    })
}

/// Puts a value where a field is. `false` where there is no such place.
fn put(body: &mut Value, field: &str, value: &Value) -> bool {
    let mut at = body;
    for part in steps(field) {
        let next = match (at, part.parse::<usize>()) {
            (Value::Array(list), Ok(place)) => list.get_mut(place),
            (Value::Object(map), _) => Some(map.entry(part).or_insert(Value::Null)),
            _ => None,
        };
        let Some(next) = next else { return false };
        at = next;
    }
    *at = value.clone();
    true
}

/// A body with a field said anew. `None` where it is no JSON or has no such place.
pub fn amended(body: &[u8], field: &str, value: &Value) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    if !put(&mut body, field, value) {
        return None;
    }
    serde_json::to_vec(&body).ok()
}

/// What was said anew of the records of an entity.
#[derive(Debug, Clone, Default)]
pub struct Amendments(HashMap<Uuid, Vec<(String, Value)>>);

impl Amendments {
    /// Out of the events of an entity, in their order.
    pub fn of<'a>(events: impl IntoIterator<Item = (&'a Header, &'a [u8])>) -> Self {
        let mut amendments = Self::default();
        for (header, body) in events {
            if header.kind != KIND {
                continue;
            }
            if let Some(Body::Branch(BranchEvent::Amended(one))) = Body::decode(KIND, body) {
                let of = amendments.0.entry(one.event_id).or_default();
                of.push((one.field, one.value));
            }
        }
        amendments
    }

    /// The records of which something was said anew.
    pub fn records(&self) -> impl Iterator<Item = Uuid> {
        self.0.keys().copied()
    }

    /// Reads a record as it holds now.
    ///
    /// # Errors
    /// As [`Body::read`].
    pub fn read(&self, header: &Header, body: &[u8]) -> Result<Body, Unreadable> {
        let Some(fields) = self.0.get(&header.event_id) else {
            return Body::read(&header.kind, body);
        };
        let mut body = body.to_vec();
        for (field, value) in fields {
            if let Some(anew) = amended(&body, field, value) {
                body = anew;
            }
        }
        Body::read(&header.kind, &body)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{amended, at};

    fn anew(body: &Value, field: &str, value: &Value) -> Option<Value> {
        let body = amended(body.to_string().as_bytes(), field, value)?;
        serde_json::from_slice(&body).ok()
    }

    #[test]
    fn a_field_is_put_where_it_stands_and_nothing_else_changes() {
        let body = json!({"a": {"b": [1, {"c": 2}]}, "d": "x"});
        for field in ["a.b[1].c", "a.b.1.c"] {
            let got = anew(&body, field, &json!("7")).unwrap();
            assert_eq!(got, json!({"a": {"b": [1, {"c": "7"}]}, "d": "x"}));
            assert_eq!(at(&got, field), Some(&json!("7")));
        }
        // One that is missing is put there; a place that there cannot be is not.
        assert_eq!(anew(&body, "e", &json!(1)).unwrap()["e"], 1);
        assert_eq!(anew(&body, "d.x", &json!(1)), None);
        assert_eq!(anew(&body, "a.b[2]", &json!(1)), None);
        assert_eq!(amended(b"{", "a", &json!(1)), None);
    }
}
