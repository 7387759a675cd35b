//! A visit, its legs, a case and a counter's day as canonical JSON lines: machines that hold the same events
//! print the same bytes, whatever they keep them in.

use motcua_domain::{case::Case, counter::CounterDay, visit::Visit};
use serde_json::json;
use uuid::Uuid;

use crate::canonical;

/// One line for each leg, then one for the visit.
///
/// # Errors
/// Never for what was folded; serde's error otherwise.
pub fn visit(id: Uuid, visit: &Visit) -> serde_json::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::with_capacity(visit.legs.len() + 1);
    for (i, leg) in visit.legs.iter().enumerate() {
        lines.push(canonical::bytes(&json!({
            "type": "leg",
            "visit_id": id,
            "leg": i,
            "data": serde_json::to_value(leg)?,
            "clocks": serde_json::to_value(leg.clocks(leg.end_ms.unwrap_or(visit.last_ms)))?,
        })));
    }
    let mut data = serde_json::to_value(visit)?;
    if let Some(object) = data.as_object_mut() {
        object.remove("legs");
    }
    lines.push(canonical::bytes(&json!({
        "type": "visit",
        "visit_id": id,
        "ticket": visit.label(),
        "data": data,
        "clocks": serde_json::to_value(visit.clocks(visit.last_ms))?,
    })));
    Ok(lines)
}

/// The line of a case.
///
/// # Errors
/// Never for what was folded; serde's error otherwise.
pub fn case(id: Uuid, case: &Case) -> serde_json::Result<Vec<u8>> {
    let data = serde_json::to_value(case)?;
    Ok(canonical::bytes(
        &json!({"type": "case", "case_id": id, "data": data}),
    ))
}

/// The line of a counter's day.
///
/// # Errors
/// Never for what was folded; serde's error otherwise.
pub fn counter(day: &CounterDay) -> serde_json::Result<Vec<u8>> {
    let data = serde_json::to_value(day)?;
    Ok(canonical::bytes(
        &json!({"type": "counter", "date": day.date, "counter": day.counter, "data": data}),
    ))
}
