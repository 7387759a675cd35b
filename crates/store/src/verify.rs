//! Proving a store: the chain, the projections against a rebuild, the numbers.

use std::collections::HashMap;

use motcua_domain::Code;
use motcua_protocol::event::body_hash;
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    blobs::Soundness,
    database::connect,
    error::{Error, Result},
    folder::DATABASE,
    log::{self, Stored},
    open::Store,
    project,
    table::{self, number},
};

/// Events looked at when a store is opened: the end of the log is where a power cut or a bad
/// disk would show.
const TAIL: u32 = 256;
/// Findings kept; a broken file need not be told a million times.
const MOST: usize = 50;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `chain`, `projection`, `number`, `file`, `blob`.
    pub kind: &'static str,
    /// Where and what, in words.
    pub what: String,
}

/// What was looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Events in the chain.
    pub events: u64,
    /// Entities compared with a rebuild.
    pub entities: u64,
    /// Files of papers that lie here, each read whole.
    pub blobs: u64,
    /// Files that cases name and that another machine of the branch has.
    pub blobs_elsewhere: u64,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

impl Verified {
    fn note(&mut self, kind: &'static str, what: String) {
        if self.findings.len() < MOST {
            self.findings.push(Finding { kind, what });
        }
    }
}

/// Checks one event against the one before it in its device's logs.
fn check(
    connection: &Connection,
    event: &Stored,
    before: Option<&(u32, u64, [u8; 32])>,
) -> Result<(), String> {
    let header = &event.header;
    let name = format!(
        "{}/{}/{} {}",
        header.device, header.epoch, header.seq, header.kind
    );
    if body_hash(&event.salt, &event.body) != event.body_hash {
        return Err(format!("{name}: nội dung không khớp dấu băm"));
    }
    if header.hash(&event.prev_hash, &event.body_hash) != event.hash {
        return Err(format!("{name}: đầu bản ghi không khớp dấu băm"));
    }
    if let Some((epoch, seq, hash)) = before {
        let follows = if *epoch == header.epoch {
            header.seq == seq + 1
        } else {
            header.seq == 1
        };
        if !follows {
            return Err(format!("{name}: đứt dãy sau số {seq}"));
        }
        // An epoch goes on from where its device stood: not always the end of the one before, for
        // what a restored machine had forgotten is fetched back later.
        let chained = *hash == event.prev_hash
            || *epoch != header.epoch
                && (event.prev_hash == [0; 32]
                    || log::has_before(connection, header.device, header.epoch, &event.prev_hash)
                        .unwrap_or(false));
        if !chained {
            return Err(format!("{name}: chuỗi băm đứt"));
        }
    }
    Ok(())
}

/// The end of this device's chain, at every opening.
pub(crate) fn tail(connection: &Connection, device: Uuid) -> Result<()> {
    let mut before: Option<(u32, u64, [u8; 32])> = None;
    for event in log::tail(connection, device, TAIL)? {
        check(connection, &event, before.as_ref()).map_err(|what| {
            tracing::error!(what, "log damaged");
            Error::new(
                Code::StoreDamaged,
                "Nhật ký bị sửa hoặc hỏng ở những bản ghi cuối. Xin không xóa gì. Mời báo người quản trị khôi phục từ bản sao lưu.",
            )
        })?;
        before = Some((event.header.epoch, event.header.seq, event.hash));
    }
    Ok(())
}

impl Store {
    /// Checks everything: file, chain, projections against a rebuild, numbers.
    ///
    /// # Errors
    /// Faults of the disk; what is wrong with the content stands in the answer.
    pub fn verify(&self) -> Result<Verified> {
        // A connection of its own: one that has searched before keeps the shape of the search index
        // as it then was, and SQLite's check of the file would take a rebuilt index for a broken one.
        let mut connection = connect(&self.dir.join(DATABASE), &self.options, false)?;
        let snapshot = connection.transaction()?;
        let mut verified = verify(&snapshot)?;
        self.verify_blobs(&snapshot, &mut verified)?;
        Ok(verified)
    }

    /// Every file that is named is there and whole, as far as this machine should have it: what
    /// other machines scanned comes by itself, or stays with them.
    fn verify_blobs(&self, connection: &Connection, verified: &mut Verified) -> Result<()> {
        let alone: bool = connection.query_row(
            "SELECT NOT EXISTS(SELECT 1 FROM event WHERE device <> ?1)",
            [self.device.as_bytes()],
            |r| r.get(0),
        )?;
        let mut statement = connection.prepare(
            "SELECT hash, max(here), max(named) FROM (
               SELECT hash, 1 AS here, 0 AS named FROM blob
               UNION ALL SELECT hash, 0, 1 FROM attachment)
             GROUP BY hash ORDER BY hash",
        )?;
        let mut rows = statement.query([])?;
        let blobs = self.blobs();
        while let Some(row) = rows.next()? {
            let (hash, here): (String, bool) = (row.get(0)?, row.get(1)?);
            if !here && !alone {
                verified.blobs_elsewhere += 1;
                continue;
            }
            verified.blobs += 1;
            match blobs.check(&hash)? {
                Soundness::Whole => {}
                Soundness::Missing => verified.note("blob", format!("{hash}: thiếu tệp giấy tờ")),
                Soundness::Damaged => {
                    verified.note("blob", format!("{hash}: tệp giấy tờ khác với dấu băm"));
                }
            }
        }
        Ok(())
    }

    /// Writes every projection anew from the log; tells how many entities there are.
    ///
    /// # Errors
    /// Faults of the disk; then everything is as before.
    pub fn rebuild(&self) -> Result<usize> {
        let mut writer = self.writer();
        let tx = writer.connection.transaction()?;
        let count = project::rebuild(&tx)?;
        tx.commit()?;
        Ok(count)
    }
}

pub(crate) fn verify(connection: &Connection) -> Result<Verified> {
    let mut verified = Verified::default();
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
    if sound != "ok" {
        verified.note("file", sound);
    }
    let mut heads: HashMap<Uuid, (u32, u64, [u8; 32])> = HashMap::new();
    log::scan(connection, |event| {
        verified.events += 1;
        let device = event.header.device;
        if let Err(what) = check(connection, &event, heads.get(&device)) {
            verified.note("chain", what);
        }
        heads.insert(device, (event.header.epoch, event.header.seq, event.hash));
        Ok(())
    })?;
    let mut expected_rows: HashMap<&'static str, i64> = HashMap::new();
    for entity in log::entities(connection)? {
        verified.entities += 1;
        let mut want = project::rows(connection, entity, log::of_entity(connection, entity)?)?.0;
        let got = table::of_entity(connection, entity)?;
        for row in &want {
            *expected_rows.entry(row.table.name).or_default() += 1;
        }
        for row in &mut want {
            // A contentless index does not give its text back; it is compared by being found.
            row.search = None;
        }
        let same = want.len() == got.len() && want.iter().all(|row| got.contains(row));
        if !same {
            verified.note(
                "projection",
                format!("{entity}: bảng khác với dựng lại từ nhật ký"),
            );
        }
    }
    for table in table::ALL {
        let count: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |r| {
                r.get(0)
            })?;
        let want = expected_rows.get(table.name).copied().unwrap_or(0);
        if count != want {
            verified.note(
                "projection",
                format!("{}: {count} dòng, dựng lại có {want}", table.name),
            );
        }
        if let Some((index, _)) = table.search {
            let found: i64 =
                connection.query_row(&format!("SELECT count(*) FROM {index}"), [], |r| r.get(0))?;
            if found != want {
                verified.note(
                    "projection",
                    format!("{index}: {found} dòng, dựng lại có {want}"),
                );
            }
        }
    }
    for twice in number::given_twice(connection)? {
        verified.note(
            "number",
            format!(
                "{} ngày {}: số {} dùng hai lần",
                twice.series, twice.date, twice.n
            ),
        );
    }
    for gap in number::gaps(connection)? {
        verified.note(
            "number",
            format!(
                "{} ngày {}: thiếu số ngay trước {}",
                gap.series, gap.date, gap.n
            ),
        );
    }
    Ok(verified)
}
