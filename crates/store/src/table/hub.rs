//! Hubs of the branch: whom everybody obeys, and what the former ones may still have given out.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, branch::hub_entity, id, values},
};

pub(crate) static HUB: Table = Table {
    name: "hub",
    columns: &["entity", "ord", "what", "device", "term", "date", "urls"],
    key: 2,
    search: None,
};

/// The term of a branch's first hub.
pub const FIRST_TERM: u32 = 1;

/// What is said of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Promoted,
    SteppedDown,
    Retired,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::SteppedDown => "stepped_down",
            Self::Retired => "retired",
        }
    }
}

pub(crate) fn row(
    (entity, ord): (Uuid, usize),
    what: What,
    (device, term): (Uuid, u32),
    date: NaiveDate,
    urls: &[String],
) -> Row {
    Row {
        table: &HUB,
        values: values![
            id(entity),
            ord as i64,
            what.name().to_owned(),
            id(device),
            i64::from(term),
            date.to_string(),
            urls.join(" ")
        ],
        search: None,
    }
}

/// The hub that is to be obeyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubTerm {
    /// Which machine.
    pub device: Uuid,
    /// Its term.
    pub term: u32,
    /// Where it said that it can be reached; nothing for the first hub.
    pub urls: Vec<String>,
}

impl HubTerm {
    /// Of two hubs the one that ranks higher is obeyed: the one of the higher term, and of two of
    /// one term the one of the lower id, whichever was heard of first.
    pub fn rank(&self) -> (u32, Reverse<Uuid>) {
        (self.term, Reverse(self.device))
    }
}

#[derive(Debug)]
struct Said {
    what: String,
    device: Uuid,
    term: u32,
    date: String,
    urls: String,
}

impl Read<'_> {
    fn said_of_hubs(&self) -> Result<Vec<Said>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT what, device, term, date, urls FROM hub ORDER BY entity, ord",
        )?;
        let said = statement
            .query_map([], |r| {
                Ok(Said {
                    what: r.get(0)?,
                    device: log::uuid(r, 1)?,
                    term: r.get(2)?,
                    date: r.get(3)?,
                    urls: r.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(said)
    }

    fn first_hub(&self) -> Result<Option<Uuid>> {
        use rusqlite::OptionalExtension as _;
        Ok(self
            .connection()
            .prepare_cached("SELECT device FROM device ORDER BY number, device LIMIT 1")?
            .query_row([], |r| log::uuid(r, 0))
            .optional()?)
    }

    /// The hub of the highest term; `None` for a machine on its own.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn hub(&self) -> Result<Option<HubTerm>> {
        let promoted = self
            .said_of_hubs()?
            .into_iter()
            .filter(|s| s.what == "promoted");
        let highest = promoted
            .map(|said| HubTerm {
                device: said.device,
                term: said.term,
                urls: said.urls.split_whitespace().map(str::to_owned).collect(),
            })
            .max_by_key(HubTerm::rank);
        Ok(match highest {
            Some(hub) => Some(hub),
            None => self.first_hub()?.map(|device| HubTerm {
                device,
                term: FIRST_TERM,
                urls: Vec::new(),
            }),
        })
    }

    /// Every machine that is or was a hub, and its highest term.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn hubs(&self) -> Result<BTreeMap<Uuid, u32>> {
        let mut hubs: BTreeMap<Uuid, u32> = BTreeMap::new();
        hubs.extend(self.first_hub()?.map(|device| (device, FIRST_TERM)));
        for said in self.said_of_hubs()?.iter().filter(|s| s.what == "promoted") {
            let term = hubs.entry(said.device).or_default();
            *term = (*term).max(said.term);
        }
        Ok(hubs)
    }

    /// Other hubs that may still give numbers, or have given some that are not known here: they
    /// have not said that they gave way, and nobody has said that they are gone.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn unsettled_hubs(&self, device: Uuid) -> Result<Vec<Uuid>> {
        self.unsettled(device, None)
    }

    fn unsettled(&self, device: Uuid, gone_before: Option<NaiveDate>) -> Result<Vec<Uuid>> {
        let said = self.said_of_hubs()?;
        let settled = |hub: Uuid, term: u32| {
            said.iter().any(|s| {
                let long_gone = gone_before.is_none_or(|date| s.date < date.to_string());
                s.device == hub
                    && s.term >= term
                    && (s.what == "stepped_down" || s.what == "retired" && long_gone)
            })
        };
        let others = self.hubs()?.into_iter().filter(|(hub, _)| *hub != device);
        Ok(others
            .filter(|(hub, term)| !settled(*hub, *term))
            .map(|(hub, _)| hub)
            .collect())
    }

    /// Whether a device was made the hub in that epoch of it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn was_promoted_in(&self, device: Uuid, epoch: u32) -> Result<bool> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT EXISTS(SELECT 1 FROM event WHERE entity = ?1 AND device = ?2 AND epoch = ?3 AND kind = 'hub.promoted')",
            )?
            .query_row(
                rusqlite::params![hub_entity().as_bytes(), device.as_bytes(), epoch],
                |r| r.get(0),
            )?)
    }

    /// Whether a device may go on with the numbers that everybody shares: it is the hub, and of
    /// every former hub everything is known, or it has been gone since before such numbers could
    /// be given for that day. Numbers are given for days up to `ahead` days later.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn gives_ordinary(&self, device: Uuid, date: NaiveDate, ahead: u64) -> Result<bool> {
        let Some(hub) = self.hub()? else {
            return Ok(true);
        };
        let gone_before = date.checked_sub_days(Days::new(ahead)).unwrap_or(date);
        Ok(hub.device == device && self.unsettled(device, Some(gone_before))?.is_empty())
    }
}
