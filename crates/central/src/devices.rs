//! The machines of an office, as whoever runs central sees them, and their access.

use anyhow::Context as _;
use deadpool_postgres::Pool;
use serde_json::{Value, json};
use uuid::Uuid;

/// The machines of an office in the order in which they joined. Times in UTC.
pub(crate) async fn of_office(pool: &Pool, office: &str) -> anyhow::Result<Vec<Value>> {
    let rows = pool
        .get()
        .await?
        .query(
            "SELECT d.device, d.name,
                    to_char(d.enrolled_at AT TIME ZONE 'UTC', $2),
                    to_char(d.seen_at AT TIME ZONE 'UTC', $2),
                    to_char(d.revoked_at AT TIME ZONE 'UTC', $2)
             FROM device d JOIN office o USING(office_id)
             WHERE o.code = $1 ORDER BY d.enrolled_at, d.device",
            &[&office, &TIME],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            json!({
                "device": row.get::<_, Uuid>(0),
                "name": row.get::<_, String>(1),
                "enrolled_at": row.get::<_, String>(2),
                "seen_at": row.get::<_, Option<String>>(3),
                "revoked_at": row.get::<_, Option<String>>(4),
            })
        })
        .collect())
}

const TIME: &str = "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"";

/// Takes a machine's access away: what it brought stays, its tokens open nothing from now on. Only
/// a new code lets it in again.
pub(crate) async fn revoke(pool: &Pool, device: Uuid) -> anyhow::Result<Value> {
    let row = pool
        .get()
        .await?
        .query_opt(
            "UPDATE device SET revoked_at = coalesce(revoked_at, now()) WHERE device = $1
             RETURNING name, to_char(revoked_at AT TIME ZONE 'UTC', $2), office_id",
            &[&device, &TIME],
        )
        .await?
        .with_context(|| format!("no machine {device} has joined here"))?;
    tracing::info!(%device, office = row.get::<_, i32>(2), "the access of a device was taken away");
    Ok(json!({
        "device": device,
        "name": row.get::<_, String>(0),
        "revoked_at": row.get::<_, String>(1),
    }))
}
