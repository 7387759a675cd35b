//! A person at a branch asks that a record which is held back be looked at again: this program may
//! be newer by now, or its data put right.

use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use motcua_protocol::{
    event::{Body, BranchEvent, RecordResolved, Resolution},
    sync::Sealed,
};
use uuid::Uuid;

use crate::error::Result;

/// Entities to fold anew because somebody asks for it; what can be read by now is held no longer.
/// Where folding fails again, that is said again.
pub(crate) async fn asked(
    tx: &Transaction<'_>,
    office: i32,
    events: impl Iterator<Item = &Sealed>,
) -> Result<BTreeSet<Uuid>> {
    let records: Vec<Uuid> = events
        .filter(|e| e.header.kind == "sync.resolved")
        .filter_map(|e| match Body::decode(&e.header.kind, &e.body) {
            Some(Body::Branch(BranchEvent::Resolved(RecordResolved {
                event_id,
                how: Resolution::AskedAgain,
                ..
            }))) => Some(event_id),
            _ => None,
        })
        .collect();
    if records.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = tx
        .query(
            "SELECT DISTINCT ON (v.event_id) v.event_id, v.entity, v.code, e.kind, e.body
             FROM verdict v JOIN event_log e ON e.office_id = v.office_id AND e.event_id = v.event_id
             WHERE v.office_id = $1 AND v.event_id = ANY($2)",
            &[&office, &records],
        )
        .await?;
    let mut readable: Vec<Uuid> = Vec::new();
    let mut touched = BTreeSet::new();
    for row in rows {
        let (code, kind, body): (&str, &str, &[u8]) = (row.get(2), row.get(3), row.get(4));
        let unread = matches!(code, "UPGRADE" | "BODY_UNREADABLE");
        if unread && Body::read(kind, body).is_err() {
            continue;
        }
        if unread {
            readable.push(row.get(0));
        }
        touched.insert(row.get(1));
    }
    tx.execute(
        "DELETE FROM verdict WHERE office_id = $1 AND event_id = ANY($2)",
        &[&office, &readable],
    )
    .await?;
    Ok(touched)
}
