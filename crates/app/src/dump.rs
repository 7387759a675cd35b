//! Every visit, leg and case as canonical JSON lines, sorted, byte-stable: two machines that
//! hold the same events print the same bytes.

use motcua_protocol::canonical;
use serde_json::json;

use crate::{App, Result};

impl App {
    /// The lines of the dump, each given to `line`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn dump(&self, mut line: impl FnMut(&[u8])) -> Result<()> {
        self.store.read(|read| {
            read.all_visits(|id, visit| {
                for (i, leg) in visit.legs.iter().enumerate() {
                    line(&canonical::bytes(&json!({
                        "type": "leg",
                        "visit_id": id,
                        "leg": i,
                        "data": serde_json::to_value(leg)?,
                        "clocks": serde_json::to_value(leg.clocks(leg.end_ms.unwrap_or(visit.last_ms)))?,
                    })));
                }
                let mut data = serde_json::to_value(&visit)?;
                if let Some(object) = data.as_object_mut() {
                    object.remove("legs");
                }
                line(&canonical::bytes(&json!({
                    "type": "visit",
                    "visit_id": id,
                    "ticket": visit.label(),
                    "data": data,
                    "clocks": serde_json::to_value(visit.clocks(visit.last_ms))?,
                })));
                Ok(())
            })?;
            read.all_cases(|id, case| {
                line(&canonical::bytes(&json!({"type": "case", "case_id": id, "data": serde_json::to_value(&case)?})));
                Ok(())
            })
        })
    }
}
