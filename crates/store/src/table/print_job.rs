//! Print jobs of this device. They outlive the process: a paper that was promised is printed
//! after the next start, or stays in the list until a person decides.

use rusqlite::{OptionalExtension, Row};
use uuid::Uuid;

use crate::{error::Result, log, read::Read, write::Write};

/// A print job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintJob {
    /// The job.
    pub id: Uuid,
    /// Kind of paper.
    pub kind: String,
    /// Case or visit.
    pub entity: Uuid,
    /// Which of several of that kind, from 1.
    pub part: Option<u32>,
    /// For people.
    pub title: String,
    /// `pdf` or `escpos`.
    pub format: String,
    /// Marked as a reprint.
    pub reprint: bool,
    /// Printer.
    pub printer: Option<String>,
    /// The spooler's own handle, once sent.
    pub handle: Option<String>,
    /// `queued`, `sent`, `printing`, `done`, `failed`, `cancelled`.
    pub state: String,
    /// What is wrong, in words.
    pub message: Option<String>,
    /// Tries so far.
    pub tries: u32,
    /// Made.
    pub created_ms: i64,
    /// Last change.
    pub changed_ms: i64,
    /// Taken back from a printing system that could not be told so yet: it may come out. Read only.
    pub unheard: bool,
}

const COLUMNS: &str = "job_id, kind, entity, title, format, reprint, printer, handle, state, message, tries, created_ms, changed_ms, part,
    EXISTS(SELECT 1 FROM print_withdrawn w WHERE w.job_id = print_job.job_id AND w.unheard) AS unheard";

fn job(row: &Row<'_>) -> rusqlite::Result<PrintJob> {
    Ok(PrintJob {
        id: log::uuid(row, 0)?,
        kind: row.get(1)?,
        entity: log::uuid(row, 2)?,
        title: row.get(3)?,
        format: row.get(4)?,
        reprint: row.get(5)?,
        printer: row.get(6)?,
        handle: row.get(7)?,
        state: row.get(8)?,
        message: row.get(9)?,
        tries: row.get(10)?,
        created_ms: row.get(11)?,
        changed_ms: row.get(12)?,
        part: row.get(13)?,
        unheard: row.get(14)?,
    })
}

impl Read<'_> {
    /// A job.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn print_job(&self, id: Uuid) -> Result<Option<PrintJob>> {
        let sql = format!("SELECT {COLUMNS} FROM print_job WHERE job_id = ?1");
        Ok(self
            .connection()
            .prepare_cached(&sql)?
            .query_row([id.as_bytes()], job)
            .optional()?)
    }

    /// The jobs whose paper did not come out: all that failed, then all that are under way, each
    /// newest first; and behind them the `latest` that are over, first those that may come out all the
    /// same. A paper that was promised is never pushed out of sight by those printed after it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn print_jobs(&self, latest: u32) -> Result<Vec<PrintJob>> {
        const UNDER_WAY: &str = "'queued', 'sent', 'printing'";
        let mut jobs = Vec::new();
        for states in ["'failed'", UNDER_WAY] {
            let sql = format!(
                "SELECT {COLUMNS} FROM print_job WHERE state IN ({states}) ORDER BY created_ms DESC, job_id DESC"
            );
            let mut statement = self.connection().prepare_cached(&sql)?;
            for found in statement.query_map([], job)? {
                jobs.push(found?);
            }
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM print_job WHERE state NOT IN ('failed', {UNDER_WAY}) ORDER BY unheard DESC, created_ms DESC, job_id DESC LIMIT ?1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        for found in statement.query_map([latest], job)? {
            jobs.push(found?);
        }
        Ok(jobs)
    }

    /// Jobs that stopped with a reason, oldest first: the order in which people wait for them.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn failed_print_jobs(&self) -> Result<Vec<PrintJob>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM print_job WHERE state = 'failed' ORDER BY created_ms, job_id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let jobs = statement
            .query_map([], job)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(jobs)
    }

    /// Jobs that somebody has to go on with: not yet sent, or sent and not yet done.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn unfinished_print_jobs(&self) -> Result<Vec<PrintJob>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM print_job WHERE state IN ('queued', 'sent', 'printing') ORDER BY created_ms, job_id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let jobs = statement
            .query_map([], job)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(jobs)
    }

    /// What is to be printed; gone once the paper is out.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn print_payload(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        Ok(self
            .connection()
            .prepare_cached("SELECT payload FROM print_job WHERE job_id = ?1")?
            .query_row([id.as_bytes()], |r| r.get(0))
            .optional()?
            .flatten())
    }
}

impl Read<'_> {
    /// Handles of what is to be taken back from printing systems, and when its job was made.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn withdrawn_prints(&self) -> Result<Vec<(String, Option<i64>)>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT w.handle, j.created_ms FROM print_withdrawn w LEFT JOIN print_job j USING (job_id)",
        )?;
        let withdrawn = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(withdrawn)
    }
}

impl Write<'_> {
    /// Takes back what was handed to a printing system, if it was: that it is told so outlives the
    /// process.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn withdraw_print(&self, job: &PrintJob) -> Result<()> {
        self.tx()
            .prepare_cached(
                "INSERT OR IGNORE INTO print_withdrawn(handle, job_id) SELECT ?1, ?2 WHERE ?1 IS NOT NULL",
            )?
            .execute(rusqlite::params![job.handle, job.id.as_bytes()])?;
        Ok(())
    }

    /// The printing system does not answer; tells whether that is new.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn withdrawal_is_unheard(&self, handle: &str) -> Result<bool> {
        let changed = self
            .tx()
            .prepare_cached(
                "UPDATE print_withdrawn SET unheard = 1 WHERE handle = ?1 AND NOT unheard",
            )?
            .execute([handle])?;
        Ok(changed > 0)
    }

    /// The printing system was told.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn print_is_withdrawn(&self, handle: &str) -> Result<()> {
        self.tx()
            .prepare_cached("DELETE FROM print_withdrawn WHERE handle = ?1")?
            .execute([handle])?;
        Ok(())
    }

    /// Adds a job with its payload.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn add_print_job(&self, job: &PrintJob, payload: &[u8]) -> Result<()> {
        self.tx()
            .prepare_cached(
                "INSERT INTO print_job(job_id, kind, entity, title, format, payload, reprint, printer, handle, state, message, tries, created_ms, changed_ms, part)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(rusqlite::params![
                job.id.as_bytes(),
                job.kind,
                job.entity.as_bytes(),
                job.title,
                job.format,
                payload,
                job.reprint,
                job.printer,
                job.handle,
                job.state,
                job.message,
                job.tries,
                job.created_ms,
                job.changed_ms,
                job.part
            ])?;
        Ok(())
    }

    /// Changes a job; a job that is done or cancelled gives up its payload.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn update_print_job(&self, job: &PrintJob) -> Result<()> {
        self.tx()
            .prepare_cached(
                "UPDATE print_job SET printer = ?2, handle = ?3, state = ?4, message = ?5, tries = ?6, changed_ms = ?7,
                   payload = CASE WHEN ?4 IN ('done', 'cancelled') THEN NULL ELSE payload END
                 WHERE job_id = ?1",
            )?
            .execute(rusqlite::params![job.id.as_bytes(), job.printer, job.handle, job.state, job.message, job.tries, job.changed_ms])?;
        Ok(())
    }

    /// Puts a paper that was drawn anew, for another kind of printer, in place of what was kept.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn redraw_print_job(&self, job: &PrintJob, payload: &[u8]) -> Result<()> {
        self.tx()
            .prepare_cached("UPDATE print_job SET format = ?2, payload = ?3 WHERE job_id = ?1")?
            .execute(rusqlite::params![job.id.as_bytes(), job.format, payload])?;
        Ok(())
    }
}
