//! Who asked a register, when and why, and what kind of answer came: written down before anybody is
//! asked. Neither what was asked for nor what was answered can be read from it; whoever knows a
//! number can find out whether it was asked for.

use deadpool_postgres::Pool;
use motcua_domain::identity::look_up::Register;
use motcua_protocol::look_up::Ask;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Answer;
use crate::{auth::Device, error::Result, ingest::text};

/// Lines that are listed, newest first.
const MOST: i64 = 5_000;

/// With the office's number: who asks for it counts.
const LOCK: i32 = 0x6c75;

/// One question.
pub(super) struct Entry {
    pub(super) id: Uuid,
    device: Device,
    officer: String,
    register: Register,
    purpose: &'static str,
    visit_id: Option<Uuid>,
    asked_for: [u8; 32],
}

impl Entry {
    pub(super) fn of(device: Device, ask: &Ask, asked_for: [u8; 32]) -> Self {
        Self {
            id: Uuid::now_v7(),
            device,
            officer: text(&ask.officer),
            register: ask.register,
            purpose: ask.purpose.name(),
            visit_id: ask.visit_id,
            asked_for,
        }
    }
}

/// Stands for a number: twelve digits are guessed in no time, so a key of the installation goes in.
pub(crate) fn trace(secret: &[u8; 32], number: &str) -> [u8; 32] {
    let key = blake3::derive_key("motcua central look-up trace 1", secret);
    *blake3::keyed_hash(&key, number.as_bytes()).as_bytes()
}

/// There is that register from now on.
pub(super) async fn opened(pool: &Pool, register: Register, per_day: i64) -> Result<()> {
    let client = pool.get().await?;
    client
        .execute(
            "INSERT INTO look_up_line(register, per_day) VALUES($1, $2)
             ON CONFLICT(register) DO UPDATE SET per_day = excluded.per_day",
            &[&register.name(), &per_day],
        )
        .await?;
    Ok(())
}

pub(super) async fn office_code(pool: &Pool, office: i32) -> Result<String> {
    let client = pool.get().await?;
    let sql = "SELECT code FROM office WHERE office_id = $1";
    let row = client.query_one(sql, &[&office]).await?;
    Ok(row.get(0))
}

/// Writes the question down; false, and written down as that, where the office has asked as often
/// today as it may.
pub(super) async fn begin(pool: &Pool, entry: &Entry, per_day: i64) -> Result<bool> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    // Questions of one office are counted one after the other, by all copies of the program.
    // Not by the office's row: whoever stores its records holds that.
    tx.execute(
        "SELECT pg_advisory_xact_lock($1, $2)",
        &[&LOCK, &entry.device.office],
    )
    .await?;
    let row = tx
        .query_one(
            "SELECT count(*) FROM look_up WHERE office_id = $1 AND register = $2
               AND code IS DISTINCT FROM $3
               AND at >= date_trunc('day', now() AT TIME ZONE 'Asia/Ho_Chi_Minh') AT TIME ZONE 'Asia/Ho_Chi_Minh'",
            &[
                &entry.device.office,
                &entry.register.name(),
                &motcua_protocol::look_up::QUOTA,
            ],
        )
        .await?;
    let may = row.get::<_, i64>(0) < per_day;
    let (outcome, code) = if may {
        ("asked", None)
    } else {
        ("unavailable", Some(motcua_protocol::look_up::QUOTA))
    };
    tx.execute(
        "INSERT INTO look_up(id, office_id, device, officer, register, purpose, visit_id, asked_for, outcome, code)
         VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &entry.id,
            &entry.device.office,
            &entry.device.device,
            &entry.officer,
            &entry.register.name(),
            &entry.purpose,
            &entry.visit_id,
            &&entry.asked_for[..],
            &outcome,
            &code,
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(may)
}

/// Writes down what kind of answer came, and how the register was reached.
pub(super) async fn end(pool: &Pool, id: Uuid, register: Register, answer: &Answer) -> Result<()> {
    let (outcome, code) = match answer {
        Answer::Found(_) => ("found", None),
        Answer::NotFound => ("not_found", None),
        Answer::Unavailable(code) => ("unavailable", Some(*code)),
    };
    let client = pool.get().await?;
    client
        .execute(
            "UPDATE look_up SET outcome = $2, code = $3, answered_at = now() WHERE id = $1",
            &[&id, &outcome, &code],
        )
        .await?;
    client
        .execute(
            "UPDATE look_up_line SET code = $2,
               since = CASE WHEN $2::text IS NULL THEN NULL ELSE coalesce(since, now()) END,
               heard_at = CASE WHEN $2::text IS NULL THEN now() ELSE heard_at END
             WHERE register = $1",
            &[&register.name(), &code],
        )
        .await?;
    Ok(())
}

/// Who asked, newest first: of an office, or for a number, or all.
pub(crate) async fn list(
    pool: &Pool,
    office: Option<&str>,
    asked_for: Option<[u8; 32]>,
) -> Result<Vec<Value>> {
    let client = pool.get().await?;
    let asked_for = asked_for.map(|hash| hash.to_vec());
    let rows = client
        .query(
            "SELECT l.id, l.at, o.code, l.device, l.officer, l.register, l.purpose, l.visit_id, l.outcome, l.code
             FROM look_up l JOIN office o USING(office_id)
             WHERE ($1::text IS NULL OR o.code = $1) AND ($2::bytea IS NULL OR l.asked_for = $2)
             ORDER BY l.at DESC, l.id DESC LIMIT $3",
            &[&office, &asked_for, &MOST],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let at: chrono::DateTime<chrono::Utc> = row.get(1);
            json!({
                "id": row.get::<_, Uuid>(0),
                "at": at.to_rfc3339(),
                "office": row.get::<_, String>(2),
                "device": row.get::<_, Uuid>(3),
                "officer": row.get::<_, String>(4),
                "register": row.get::<_, String>(5),
                "purpose": row.get::<_, String>(6),
                "visit": row.get::<_, Option<Uuid>>(7),
                "outcome": row.get::<_, String>(8),
                "code": row.get::<_, Option<String>>(9),
            })
        })
        .collect())
}
