//! Devices of the branch.

use motcua_protocol::event::DeviceIntroduced;
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, values},
};

pub(crate) static DEVICE: Table = Table {
    name: "device",
    columns: &[
        "entity",
        "device",
        "number",
        "name",
        "fingerprint",
        "revoked",
    ],
    key: 1,
    search: None,
};

pub(crate) fn row(entity: Uuid, event: &DeviceIntroduced, revoked: bool) -> Row {
    Row {
        table: &DEVICE,
        values: values![
            id(entity),
            id(event.device),
            i64::from(event.number),
            event.name.clone(),
            event.fingerprint.clone(),
            i64::from(revoked)
        ],
        search: None,
    }
}

fn device(row: &rusqlite::Row<'_>) -> rusqlite::Result<DeviceIntroduced> {
    Ok(DeviceIntroduced {
        device: log::uuid(row, 0)?,
        number: row.get(1)?,
        name: row.get(2)?,
        fingerprint: row.get(3)?,
    })
}

impl Read<'_> {
    /// Every device of the branch, by number. Empty for a machine on its own.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn devices(&self) -> Result<Vec<DeviceIntroduced>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT device, number, name, fingerprint FROM device ORDER BY number, device",
        )?;
        let found = statement
            .query_map([], device)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Devices whose access was taken away.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn revoked_devices(&self) -> Result<Vec<Uuid>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT device FROM device WHERE revoked = 1")?;
        let found = statement
            .query_map([], |r| log::uuid(r, 0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// The device with that certificate, unless its access was taken away.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn device_by_fingerprint(&self, fingerprint: &str) -> Result<Option<DeviceIntroduced>> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT device, number, name, fingerprint FROM device WHERE fingerprint = ?1 AND revoked = 0 LIMIT 1",
            )?
            .query_row([fingerprint], device)
            .optional()?)
    }

    /// The number of a device in the branch.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn device_number(&self, device: Uuid) -> Result<Option<u16>> {
        Ok(self
            .connection()
            .prepare_cached("SELECT number FROM device WHERE device = ?1 LIMIT 1")?
            .query_row([device.as_bytes()], |r| r.get(0))
            .optional()?)
    }

    /// Whether this branch has more than one machine.
    pub(crate) fn has_devices(&self) -> Result<bool> {
        Ok(self
            .connection()
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM device)")?
            .query_row([], |r| r.get(0))?)
    }

    /// Names the branch: the device that first described it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn branch_id(&self) -> Result<Option<Uuid>> {
        Ok(self
            .connection()
            .prepare_cached("SELECT device FROM event WHERE entity = ?1 ORDER BY pos LIMIT 1")?
            .query_row([super::branch::branch_entity().as_bytes()], |r| {
                log::uuid(r, 0)
            })
            .optional()?)
    }
}
