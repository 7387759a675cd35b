//! The lines of an office's dump: byte for byte those of a desk that holds the same events.

use std::io::{self, Write};

use anyhow::Context as _;
use chrono::NaiveDate;
use deadpool_postgres::{Client, Pool};
use motcua_protocol::dump;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Rows fetched at a time: a year of a large office does not fit into memory.
const ROWS: i64 = 1_000;

/// Writes the dump of an office. An office that is not known here has no lines.
pub(crate) async fn run(pool: &Pool, code: &str, mut out: impl Write) -> anyhow::Result<()> {
    let client = pool.get().await?;
    // What is stored meanwhile is in none of the three, or a line could speak of what another
    // does not have.
    client
        .batch_execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let done = lines(&client, code, &mut out).await;
    // The connection goes back to the pool as it was, also after a fault.
    client.batch_execute("ROLLBACK").await?;
    done?;
    out.flush()?;
    Ok(())
}

async fn lines(client: &Client, code: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let office = client
        .query_opt("SELECT office_id FROM office WHERE code = $1", &[&code])
        .await?;
    let Some(office) = office.map(|row| row.get::<_, i32>(0)) else {
        return Ok(());
    };
    by_id(client, office, "visit", |id, visit| {
        for line in dump::visit(id, &visit)? {
            put(out, &line)?;
        }
        Ok(())
    })
    .await?;
    by_id(client, office, "case_file", |id, case| {
        Ok(put(out, &dump::case(id, &case)?)?)
    })
    .await?;
    let statement = client
        .prepare(
            "SELECT date, counter, doc FROM counter_day
             WHERE office_id = $1 AND ($2::date IS NULL OR (date, counter) > ($2, $3)) ORDER BY date, counter LIMIT $4",
        )
        .await?;
    let mut after: (Option<NaiveDate>, i32) = (None, 0);
    loop {
        let rows = client
            .query(&statement, &[&office, &after.0, &after.1, &ROWS])
            .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = (Some(last.get(0)), last.get(1));
        for row in &rows {
            let day = serde_json::from_str(row.get(2)).context("a counter's day")?;
            put(out, &dump::counter(&day)?)?;
        }
    }
}

fn put(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    out.write_all(line)?;
    out.write_all(b"\n")
}

/// Every document of a table, sorted by id.
async fn by_id<T: DeserializeOwned>(
    client: &Client,
    office: i32,
    table: &str,
    mut each: impl FnMut(Uuid, T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let sql = format!(
        "SELECT id, doc FROM {table} WHERE office_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3"
    );
    let statement = client.prepare(&sql).await?;
    let mut after: Option<Uuid> = None;
    loop {
        let rows = client.query(&statement, &[&office, &after, &ROWS]).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.get(0));
        for row in &rows {
            let id: Uuid = row.get(0);
            let document =
                serde_json::from_str(row.get(1)).with_context(|| format!("{table} {id}"))?;
            each(id, document)?;
        }
    }
}
