//! A person at a branch asks that a record which is held back be looked at again: this program may
//! be newer by now, or its data put right.

use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use motcua_protocol::{
    amend::{Amendments, KIND},
    event::{Body, BranchEvent, Header, RecordResolved, Resolution},
    sync::{Sealed, Status, held},
};
use motcua_sync::intake::Fresh;
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
                how: Resolution::AskedAgain | Resolution::Corrected,
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
        let unread = matches!(code, held::UPGRADE | held::BODY_UNREADABLE);
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

/// Records that can be read since one of their fields was said anew, whichever came first: held
/// no longer. What is among `fresh` is said of it at once.
pub(crate) async fn amended(
    tx: &Transaction<'_>,
    office: i32,
    fresh: &mut [Fresh<'_>],
) -> Result<()> {
    let concerned =
        |f: &&Fresh<'_>| f.event.header.kind == KIND || f.code == Some(held::BODY_UNREADABLE);
    let entities: Vec<Uuid> = (fresh.iter().filter(concerned))
        .map(|f| f.event.header.entity)
        .collect();
    if entities.is_empty() {
        return Ok(());
    }
    let rows = tx
        .query(
            "SELECT header, body FROM event_log WHERE office_id = $1 AND entity = ANY($2) ORDER BY feed_seq",
            &[&office, &entities],
        )
        .await?;
    let mut events: Vec<(Header, Vec<u8>)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut header: &[u8] = row.get(0);
        if let Some(header) = Header::read(&mut header) {
            events.push((header, row.get(1)));
        }
    }
    let amendments = Amendments::of(events.iter().map(|(h, b)| (h, &b[..])));
    let readable: Vec<Uuid> = amendments
        .records()
        .filter(|id| {
            let record = events.iter().find(|(header, _)| header.event_id == *id);
            record.is_some_and(|(header, body)| amendments.read(header, body).is_ok())
        })
        .collect();
    for one in fresh
        .iter_mut()
        .filter(|f| f.code == Some(held::BODY_UNREADABLE))
    {
        if readable.contains(&one.event.header.event_id) {
            (one.status, one.code) = (Status::Applied, None);
        }
    }
    tx.execute(
        "DELETE FROM verdict WHERE office_id = $1 AND event_id = ANY($2) AND code = $3",
        &[&office, &readable, &held::BODY_UNREADABLE],
    )
    .await?;
    Ok(())
}
