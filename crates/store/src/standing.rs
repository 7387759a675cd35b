//! What this device may have forgotten, and what follows for the numbers it gives.
//!
//! Paper outlives a disk. A machine whose history went back (restored, rewound, copied, forked)
//! may have given numbers that nobody can tell it of: it must not give them again. So an epoch
//! after the first gives no number of the ordinary series for a day on which an earlier one may
//! still have given any; it has numbers of its own instead, told apart by where and when the epoch
//! began. The next day nothing can have been forgotten, and the ordinary series goes on.

use chrono::{Days, NaiveDate};
use motcua_protocol::event::{Body, BranchEvent};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{error::Result, read::Read};

/// Two epochs of a device never begin within one slot, so a slot names an epoch within a day.
pub(crate) const SLOT_S: u32 = 180;
/// As many letters as are not taken for digits.
const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Two letters that no other epoch of a device has on the same day, for the series of its own.
pub fn epoch_tag(epoch: u32) -> String {
    let base = LETTERS.len() as u32;
    let slot = epoch / SLOT_S;
    [slot / base % base, slot % base]
        .map(|i| LETTERS[i as usize] as char)
        .iter()
        .collect()
}

impl Read<'_> {
    /// Whether numbers of that day may have been given that a device in that epoch does not know
    /// of. Numbers are given for days up to `ahead` days later.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn may_have_forgotten(
        &self,
        device: Uuid,
        epoch: u32,
        date: NaiveDate,
        ahead: u64,
    ) -> Result<bool> {
        let opened: Option<(String, Vec<u8>)> = self
            .connection()
            .prepare_cached(
                "SELECT business_date, body FROM event WHERE device = ?1 AND epoch = ?2 AND seq = 1 AND kind = 'epoch.opened'",
            )?
            .query_row(rusqlite::params![device.as_bytes(), epoch], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .optional()?;
        let Some((began, body)) = opened else {
            return Ok(false);
        };
        let Some(Body::Branch(BranchEvent::Epoch(opened))) = Body::decode("epoch.opened", &body)
        else {
            return Ok(false);
        };
        if opened.reason == "first" {
            return Ok(false);
        }
        // The other copy may well be at work, today and on every day to come.
        if opened.reason == "cloned" && self.has_devices()? {
            return Ok(true);
        }
        let Ok(began) = began.parse::<NaiveDate>() else {
            return Ok(true);
        };
        let last = began.checked_add_days(Days::new(ahead)).unwrap_or(began);
        Ok(date <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epochs_tag_is_its_own_for_a_whole_day() {
        let morning = 1_795_395_600;
        let tags: std::collections::BTreeSet<_> = (0..86_400 / SLOT_S)
            .map(|slot| epoch_tag(morning + slot * SLOT_S))
            .collect();
        assert_eq!(tags.len(), (86_400 / SLOT_S) as usize);
    }
}
