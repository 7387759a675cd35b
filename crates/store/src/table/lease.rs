//! Blocks of numbers that belong to one device each.
//!
//! A branch of one machine needs none: its numbers follow each other. Once a second machine has
//! joined, every machine, the hub too, gives out only numbers of its own blocks, so that two that
//! cannot hear each other never give the same one.

use chrono::NaiveDate;
use motcua_domain::Code;
use motcua_protocol::event::{Body, BranchEvent, NumbersLeased};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{branch::lease_entity, number};
use crate::{
    error::{Error, Result},
    log,
    read::Read,
    table::{Row, Table, id, values},
    write::Write,
};

/// Numbers of one block: a busy counter takes in fewer cases an hour than this.
pub const BLOCK: u32 = 20;
/// Days for which numbers are leased beside today: the mornings on which the hub may be late.
pub const DAYS_AHEAD: u64 = 2;
/// The register book has one series a year.
pub const BOOK: &str = "book";

/// Machines that can have lanes of their own.
const MACHINES: u32 = 24;
/// Lanes of one machine, for epochs of it that follow each other.
pub(crate) const LIVES: u32 = 3;

/// Running numbers of papers, one series a year each (Số: …/HDHS, Số: …/PXL, slips of payments).
pub mod slip {
    /// Mẫu 02.
    pub const SUPPLEMENT: &str = "slip:hdhs";
    /// Mẫu 04.
    pub const APOLOGY: &str = "slip:pxl";
    /// Slips of payments.
    pub const FEE: &str = "slip:thu";
    /// All of them.
    pub const ALL: [&str; 3] = [SUPPLEMENT, APOLOGY, FEE];
}

/// Whether a series has all of a year, not the four digits that the law gives a case code.
fn is_yearly(series: &str) -> bool {
    series == BOOK || series.starts_with("slip:")
}

/// How every series of case codes begins.
pub(crate) const CASES: &str = "case:";

/// Series of case codes of an agency.
pub fn case_series(agency: &str) -> String {
    format!("{CASES}{agency}")
}

/// The highest case number that a branch of so many machines can have given before central parted
/// its codes, whatever any of its disks has forgotten.
pub fn reach(machines: u16) -> u32 {
    let lanes = Lanes::of(CASES);
    let machines = u32::from(machines).min(MACHINES);
    lanes.ordinary + machines * LIVES * lanes.each
}

/// A range of numbers of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lane {
    first: u32,
    last: u32,
}

/// How the numbers of a series are parted. Whoever may not know of all blocks that were given out
/// (it has forgotten some, or another hub may be at work) leases from a lane of its own, so that no two machines, and no two lives of one machine, can
/// ever lease the same number. The ordinary lane takes the rest.
#[derive(Debug, Clone, Copy)]
struct Lanes {
    ordinary: u32,
    each: u32,
}

impl Lanes {
    fn of(series: &str) -> Self {
        if is_yearly(series) {
            Self {
                ordinary: 100_000,
                each: 10_000,
            }
        } else {
            // Of the four digits that the law gives a case code.
            Self {
                ordinary: 9_999 - MACHINES * LIVES * 80,
                each: 80,
            }
        }
    }

    fn ordinary(self) -> Lane {
        Lane {
            first: 1,
            last: self.ordinary,
        }
    }

    fn own(self, number: u16, epoch: u32) -> Option<Lane> {
        let machine = u32::from(number).checked_sub(1).filter(|m| *m < MACHINES)?;
        let before = self.ordinary + (machine * LIVES + epoch % LIVES) * self.each;
        Some(Lane {
            first: before + 1,
            last: before + self.each,
        })
    }

    /// First number of the lane in which a number lies.
    fn begin(self, n: u32) -> u32 {
        match n.checked_sub(self.ordinary + 1) {
            None => 1,
            Some(beyond) => self.ordinary + 1 + beyond / self.each * self.each,
        }
    }
}

/// First number of the lane in which a number lies: what lies before it belongs to others.
pub(crate) fn lane_begins(series: &str, n: u32) -> u32 {
    if is_yearly(series) || series.starts_with(CASES) {
        Lanes::of(series).begin(n)
    } else {
        1
    }
}

pub(crate) static LEASE: Table = Table {
    name: "number_lease",
    columns: &[
        "entity", "ord", "series", "date", "device", "epoch", "first_n", "last_n",
    ],
    key: 2,
    search: None,
};

pub(crate) fn row(entity: Uuid, ord: usize, event: &NumbersLeased) -> Row {
    Row {
        table: &LEASE,
        values: values![
            id(entity),
            ord as i64,
            event.series.clone(),
            event.date.to_string(),
            id(event.device),
            i64::from(event.epoch),
            i64::from(event.from),
            i64::from(event.to)
        ],
        search: None,
    }
}

impl Read<'_> {
    /// Every block of a series and day, in order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn leases(&self, series: &str, date: NaiveDate) -> Result<Vec<NumbersLeased>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT device, epoch, first_n, last_n FROM number_lease WHERE series = ?1 AND date = ?2 ORDER BY first_n",
        )?;
        let found = statement
            .query_map(params![series, date.to_string()], |r| {
                Ok(NumbersLeased {
                    series: series.to_owned(),
                    date,
                    device: log::uuid(r, 0)?,
                    epoch: r.get(1)?,
                    from: r.get(2)?,
                    to: r.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Whether this branch has more than one machine, so that numbers come from blocks.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbers_are_leased(&self) -> Result<bool> {
        self.has_devices()
    }

    /// How many numbers of its own a device still has.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbers_left(
        &self,
        series: &str,
        date: NaiveDate,
        device: Uuid,
        epoch: u32,
    ) -> Result<u32> {
        let mut left = 0;
        for lease in self.leases(series, date)? {
            if (lease.device, lease.epoch) == (device, epoch) {
                left += self.left_in(&lease)?;
            }
        }
        Ok(left)
    }

    /// How many numbers of a block are not in use, as far as it is known here.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn left_in(&self, lease: &NumbersLeased) -> Result<u32> {
        Ok(lease.to.saturating_sub(self.used_in(lease)?))
    }

    /// The last number of a block that is in use; the one before its first where none is.
    fn used_in(&self, lease: &NumbersLeased) -> Result<u32> {
        let used: Option<u32> = self
            .connection()
            .prepare_cached(
                "SELECT max(n) FROM number_use WHERE series = ?1 AND date = ?2 AND n BETWEEN ?3 AND ?4",
            )?
            .query_row(
                params![lease.series, lease.date.to_string(), lease.from, lease.to],
                |r| r.get(0),
            )
            .optional()?
            .flatten();
        Ok(used.unwrap_or(lease.from.saturating_sub(1)))
    }
}

impl Write<'_> {
    /// The next number of this device's own blocks; `None` when they are used up.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn next_leased(&self, series: &str, date: NaiveDate) -> Result<Option<u32>> {
        let read = self.read();
        let (device, epoch) = self.place();
        for lease in read.leases(series, date)? {
            if (lease.device, lease.epoch) == (device, epoch) {
                let next = read.used_in(&lease)? + 1;
                if next <= lease.to {
                    return Ok(Some(next));
                }
            }
        }
        Ok(None)
    }

    /// Gives a device a block behind everything that was given out so far in this machine's lane.
    /// Only the hub does, and a machine of its own that may have forgotten numbers.
    ///
    /// # Errors
    /// `NUMBERS_EXHAUSTED`; faults of the disk.
    pub fn lease(
        &mut self,
        series: &str,
        date: NaiveDate,
        device: Uuid,
        epoch: u32,
    ) -> Result<NumbersLeased> {
        if self.read().is_parted(series)? {
            return self.lease_granted(series, date, device, epoch);
        }
        let lane = self.lane(series, date)?;
        let leased = self.read().leases(series, date)?;
        let end = leased
            .iter()
            .map(|l| l.to)
            .filter(|to| (lane.first..=lane.last).contains(to))
            .max()
            .unwrap_or(0);
        let used = number::last_in(self.tx(), series, date, lane.first, lane.last)?;
        let from = end.max(used).max(lane.first - 1) + 1;
        if from > lane.last {
            return Err(exhausted());
        }
        self.block(NumbersLeased {
            series: series.to_owned(),
            date,
            device,
            epoch,
            from,
            to: lane.last.min(from + BLOCK - 1),
        })
    }

    /// The same of what central granted to this life of this machine, and of nothing else: every
    /// block of such a range stands in this very log, so none can have been forgotten.
    fn lease_granted(
        &mut self,
        series: &str,
        date: NaiveDate,
        device: Uuid,
        epoch: u32,
    ) -> Result<NumbersLeased> {
        let (own, life) = self.place();
        let left = self.read().unleased(series, date, own, life)?;
        let Some(range) = left.first() else {
            return Err(exhausted());
        };
        self.block(NumbersLeased {
            series: series.to_owned(),
            date,
            device,
            epoch,
            from: range.from,
            to: range.to.min(range.from + BLOCK - 1),
        })
    }

    fn block(&mut self, event: NumbersLeased) -> Result<NumbersLeased> {
        self.append(
            lease_entity(&event.series, event.date),
            &Body::Branch(BranchEvent::Leased(event.clone())),
        )?;
        Ok(event)
    }

    fn lane(&self, series: &str, date: NaiveDate) -> Result<Lane> {
        let lanes = Lanes::of(series);
        let (device, epoch) = self.place();
        let read = self.read();
        if read.gives_ordinary(device, date, DAYS_AHEAD)?
            && !read.may_have_forgotten(device, epoch, date, DAYS_AHEAD)?
        {
            return Ok(lanes.ordinary());
        }
        let number = self.read().device_number(device)?.unwrap_or(1);
        lanes.own(number, epoch).ok_or_else(exhausted)
    }
}

fn exhausted() -> Error {
    Error::new(
        Code::NumbersExhausted,
        "Đã hết số hồ sơ dành cho máy này hôm nay. Hồ sơ chưa ghi, giấy tờ của người dân vẫn nguyên. Mời tiếp nhận ở quầy khác, hoặc hẹn ngày làm việc tiếp theo, và báo người quản trị.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_never_meet_and_stay_within_four_digits() {
        for series in [BOOK, slip::APOLOGY, "case:H99.12"] {
            let lanes = Lanes::of(series);
            let mut all = vec![lanes.ordinary()];
            for number in 1..=MACHINES as u16 {
                all.extend((0..LIVES).map(|life| lanes.own(number, life).unwrap()));
            }
            all.sort_by_key(|l| l.first);
            for pair in all.windows(2) {
                assert_eq!(pair[0].last + 1, pair[1].first, "{series}");
            }
            for lane in &all {
                assert_eq!(lanes.begin(lane.first), lane.first);
                assert_eq!(lanes.begin(lane.last), lane.first);
            }
            assert!(is_yearly(series) || all.last().unwrap().last == 9_999);
            assert_eq!(lanes.own(MACHINES as u16 + 1, 0), None);
        }
    }
}
