//! Files of papers: which case names them, and which lie in this folder.

use motcua_domain::case::Case;
use rusqlite::params;
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    open::Store,
    read::Read,
    table::{Row, Table, id, values},
    write::Write,
};

pub(crate) static ATTACHMENT: Table = Table {
    name: "attachment",
    columns: &[
        "entity", "id", "hash", "bytes", "origin", "owner", "date", "at_ms",
    ],
    key: 2,
    search: None,
};

pub(crate) fn rows(entity: Uuid, case: &Case, rows: &mut Vec<Row>) {
    for attachment in &case.attachments {
        let file = &attachment.file;
        rows.push(Row {
            table: &ATTACHMENT,
            values: values![
                id(entity),
                id(file.id),
                file.blob.hash.clone(),
                i64::try_from(file.blob.bytes).unwrap_or(i64::MAX),
                file.origin.name().to_owned(),
                case.received.applicant.id_number.clone(),
                case.received.date.to_string(),
                attachment.at_ms,
            ],
            search: None,
        });
    }
}

/// A file that lies here and that the other side may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingBlob {
    /// Its address.
    pub hash: String,
    /// Bytes.
    pub bytes: u64,
    /// Why it could not be sent last time.
    pub failed: Option<String>,
}

/// How much waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitingBlobs {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those of them that could not be sent when it was tried.
    pub failed: u64,
}

/// Papers of a day's cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReuseCount {
    /// Papers that were needed and came: on paper or from an earlier case.
    pub papers: u32,
    /// Those that were not asked for again.
    pub reused: u32,
    /// Cases with at least one paper.
    pub cases: u32,
    /// Cases in which at least one was not asked for again.
    pub cases_reused: u32,
    /// What the cases say of their owners, field by field.
    pub data: u32,
    /// Those fields that were taken over from an earlier record.
    pub data_reused: u32,
}

impl Read<'_> {
    /// The newest files of somebody's earlier cases: case and file.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn attachments_of_owner(&self, owner: &str, limit: u32) -> Result<Vec<(Uuid, Uuid)>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT entity, id FROM attachment WHERE owner = ?1 ORDER BY at_ms DESC, id DESC LIMIT ?2",
        )?;
        let mut rows = statement.query(params![owner, limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((log::uuid(row, 0)?, log::uuid(row, 1)?));
        }
        Ok(found)
    }

    /// Whether a file lies here.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn has_blob(&self, hash: &str) -> Result<bool> {
        Ok(self
            .connection()
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM blob WHERE hash = ?1)")?
            .query_row([hash], |r| r.get(0))?)
    }

    /// Whether any case names the file.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn names_blob(&self, hash: &str) -> Result<bool> {
        Ok(self
            .connection()
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM attachment WHERE hash = ?1)")?
            .query_row([hash], |r| r.get(0))?)
    }

    /// Files that `history` is not known to have, the oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn blobs_to_send(&self, history: &str, limit: u32) -> Result<Vec<WaitingBlob>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT hash, bytes, failed FROM blob WHERE sent_to IS NOT ?1
             ORDER BY failed IS NOT NULL, kept_ms, hash LIMIT ?2",
        )?;
        let rows = statement.query_map(params![history, limit], |row| {
            Ok(WaitingBlob {
                hash: row.get(0)?,
                bytes: row.get(1)?,
                failed: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How much `history` is not known to have.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn blobs_waiting(&self, history: &str) -> Result<WaitingBlobs> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT count(*), coalesce(sum(bytes), 0), count(failed) FROM blob WHERE sent_to IS NOT ?1",
            )?
            .query_row([history], |row| {
                Ok(WaitingBlobs {
                    files: row.get(0)?,
                    bytes: row.get(1)?,
                    failed: row.get(2)?,
                })
            })?)
    }

    /// Papers and data of the cases received on a day, and those of them that were not asked for
    /// again.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn reuse_on(&self, date: chrono::NaiveDate) -> Result<ReuseCount> {
        let date = date.to_string();
        // What the party is and what was taken over of it are no data of its own.
        let (data, data_reused) = self
            .connection()
            .prepare_cached(
                "SELECT coalesce(sum((SELECT count(*) FROM json_each(c.doc, '$.applicant') f
                                      WHERE f.key NOT IN ('kind', 'taken_over')
                                        AND f.value IS NOT NULL AND f.value <> '')), 0),
                        coalesce(sum(json_array_length(c.doc, '$.applicant.taken_over')), 0)
                 FROM case_file c WHERE c.date = ?1",
            )?
            .query_row([&date], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT coalesce(sum(needed), 0), coalesce(sum(reused), 0), count(*),
                        coalesce(sum(reused > 0), 0)
                 FROM (SELECT count(*) AS needed,
                              sum(coalesce(json_extract(p.value, '$.reused'), 0)) AS reused
                       FROM case_file c, json_each(c.doc, '$.papers') p
                       WHERE c.date = ?1
                         AND (coalesce(json_extract(p.value, '$.reused'), 0)
                              OR json_extract(p.value, '$.originals') + json_extract(p.value, '$.certified')
                                 + json_extract(p.value, '$.copies') > 0)
                       GROUP BY c.entity)",
            )?
            .query_row([&date], |row| {
                Ok(ReuseCount {
                    data,
                    data_reused,
                    papers: row.get(0)?,
                    reused: row.get(1)?,
                    cases: row.get(2)?,
                    cases_reused: row.get(3)?,
                })
            })?)
    }
}

impl Write<'_> {
    /// Notes that a file lies here, in the transaction that names it. The file itself was made
    /// durable before.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn keep_blob(&self, hash: &str, bytes: u64) -> Result<()> {
        keep(self.tx(), hash, bytes, self.now_ms())
    }
}

fn keep(connection: &rusqlite::Connection, hash: &str, bytes: u64, now_ms: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO blob(hash, bytes, kept_ms) VALUES(?1, ?2, ?3)")?
        .execute(params![hash, bytes, now_ms])?;
    Ok(())
}

impl Store {
    /// A file came from elsewhere and lies here now.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn blob_arrived(&self, hash: &str, bytes: u64, now_ms: i64) -> Result<()> {
        keep(&self.writer().connection, hash, bytes, now_ms)
    }

    /// The other side, with that history, has the file.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn blob_sent(&self, hash: &str, history: &str) -> Result<()> {
        self.writer()
            .connection
            .prepare_cached("UPDATE blob SET sent_to = ?2, failed = NULL WHERE hash = ?1")?
            .execute(params![hash, history])?;
        Ok(())
    }

    /// The file could not be sent, for a reason that is its own.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn blob_failed(&self, hash: &str, code: &str) -> Result<()> {
        self.writer()
            .connection
            .prepare_cached("UPDATE blob SET failed = ?2 WHERE hash = ?1")?
            .execute(params![hash, code])?;
        Ok(())
    }
}
