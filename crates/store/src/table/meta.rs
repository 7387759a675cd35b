//! What this device is: not a projection.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;

/// This device's id.
pub(crate) const DEVICE: &str = "device";
/// The epoch in which this device writes. Others of its own may be in the log: a copy's, or what
/// was fetched back.
pub(crate) const EPOCH: &str = "epoch";
/// The business day; never moves back.
pub(crate) const BUSINESS_DATE: &str = "business_date";

/// Set by a migration after which the rows of visits and of the branch are to be made anew.
pub(crate) const REFOLD: &str = "refold";

pub(crate) fn get(connection: &Connection, key: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |r| r.get(0))
        .optional()?)
}

pub(crate) fn set(connection: &Connection, key: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value")?
        .execute([key, value])?;
    Ok(())
}

impl crate::Read<'_> {
    /// A setting of this device.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        get(self.connection(), &format!("setting.{key}"))
    }

    /// The business day, if one was ever worked.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn business_date(&self) -> Result<Option<chrono::NaiveDate>> {
        Ok(get(self.connection(), BUSINESS_DATE)?.and_then(|d| d.parse().ok()))
    }
}

impl crate::Write<'_> {
    /// Changes a setting of this device: which printer, for example. Never branch data.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn set_setting(&self, key: &str, value: Option<&str>) -> Result<()> {
        let key = format!("setting.{key}");
        match value {
            Some(value) => set(self.tx(), &key, value),
            None => {
                self.tx()
                    .execute("DELETE FROM meta WHERE key = ?1", [key])?;
                Ok(())
            }
        }
    }
}
