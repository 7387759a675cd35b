//! Commands carried out: the same command again gives the same answer and does nothing.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::{error::Result, read::Read, write::Write};

/// A command that was carried out.
#[derive(Debug, Clone)]
pub struct Done {
    /// Its name.
    pub name: String,
    /// Hash of its argument.
    pub args_hash: [u8; 32],
    /// What it answered, as JSON.
    pub answer: String,
}

impl Read<'_> {
    /// What a command answered when it was carried out.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn command(&self, command_id: Uuid) -> Result<Option<Done>> {
        Ok(self
            .connection()
            .prepare_cached("SELECT name, args_hash, answer FROM command WHERE command_id = ?1")?
            .query_row([command_id.as_bytes()], |r| {
                Ok(Done {
                    name: r.get(0)?,
                    args_hash: r.get(1)?,
                    answer: r.get(2)?,
                })
            })
            .optional()?)
    }
}

/// Keeps that a command is done; the first word on it stands.
pub(crate) fn note(
    connection: &Connection,
    command_id: Uuid,
    done: &Done,
    now_ms: i64,
) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO command(command_id, name, args_hash, answer, at_ms) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(command_id) DO NOTHING")?
        .execute(rusqlite::params![command_id.as_bytes(), done.name, done.args_hash, done.answer, now_ms])?;
    Ok(())
}

impl Write<'_> {
    /// Records that a command was carried out, in the transaction that does it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn record_command(
        &self,
        command_id: Uuid,
        name: &str,
        args_hash: &[u8; 32],
        answer: &str,
    ) -> Result<()> {
        self.tx()
            .prepare_cached("INSERT INTO command(command_id, name, args_hash, answer, at_ms) VALUES(?1, ?2, ?3, ?4, ?5)")?
            .execute(rusqlite::params![command_id.as_bytes(), name, args_hash, answer, self.now_ms()])?;
        Ok(())
    }
}
