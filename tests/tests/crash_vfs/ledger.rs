//! A small ledger whose every commit can be recognised: whole, half or gone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use motcua_tests::crash_vfs::{Found, Harm, Place, Rng, Scenario, Stop};
use rusqlite::{Connection, OpenFlags, params};

/// Writes commits 1, 2, 3, … of one to five rows each, in one journal mode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ledger {
    pub(crate) journal: &'static str,
    pub(crate) synchronous: &'static str,
    /// Threads that read beside the writer; what they saw counts as acknowledged.
    pub(crate) readers: usize,
    pub(crate) mistake: Mistake,
}

/// What a careless program would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    No,
    AcknowledgeBeforeCommit,
    NoTransaction,
}

const COMMITS: u64 = 12;
/// Only reader threads that open or close the database can keep the writer waiting at all.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ledger {
    pub(crate) fn new(journal: &'static str, synchronous: &'static str) -> Self {
        Self {
            journal,
            synchronous,
            readers: 0,
            mistake: Mistake::No,
        }
    }

    fn open(&self, at: Place<'_>) -> rusqlite::Result<Connection> {
        let db = open(at)?;
        db.busy_timeout(PATIENCE)?;
        db.execute_batch(&format!(
            "PRAGMA journal_mode={}; PRAGMA synchronous={}; PRAGMA wal_autocheckpoint=12; \
             PRAGMA cache_size=8;",
            self.journal, self.synchronous
        ))?;
        Ok(db)
    }
}

pub(crate) fn open(at: Place<'_>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    Connection::open_with_flags_and_vfs(at.path, flags, at.vfs)
}

const SCHEMA: &str = "
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entry(
  i INTEGER, part INTEGER, parts INTEGER NOT NULL, nonce INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(i, part)) STRICT;
CREATE INDEX IF NOT EXISTS entry_nonce ON entry(nonce);
CREATE TABLE IF NOT EXISTS scratch(id INTEGER PRIMARY KEY, fill BLOB) STRICT;
CREATE TABLE IF NOT EXISTS total(
  one INTEGER PRIMARY KEY CHECK (one = 1), commits INTEGER NOT NULL, parts INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO total VALUES (1, 0, 0);
COMMIT;";

impl Scenario for Ledger {
    /// Number of the commit → what only this commit has written.
    type Acked = BTreeMap<i64, i64>;

    fn name(&self) -> String {
        let beside = if self.readers > 0 {
            " with readers"
        } else {
            ""
        };
        format!("ledger {} {}{beside}", self.journal, self.synchronous)
    }

    fn work(&self, at: Place<'_>, seed: u64, acked: &mut Self::Acked) -> Result<(), Stop> {
        let mut rng = Rng::new(seed);
        let db = self.open(at)?;
        db.execute_batch(SCHEMA)?;
        if self.readers == 0 {
            return self.write(&db, at, &mut rng, acked);
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..self.readers)
                .map(|_| scope.spawn(|| read_until(at, &done)))
                .collect();
            let written = self.write(&db, at, &mut rng, acked);
            done.store(true, Ordering::SeqCst);
            for reader in readers {
                let seen = reader.join();
                acked.extend(seen.map_err(|_| Stop::Broken("a reader panicked".to_owned()))?);
            }
            written
        })
    }

    fn check(&self, at: Place<'_>, acked: &Self::Acked) -> Result<Found, Harm> {
        judge(&open(at)?, acked)
    }
}

fn busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

impl Ledger {
    fn write(
        &self,
        db: &Connection,
        at: Place<'_>,
        rng: &mut Rng,
        acked: &mut BTreeMap<i64, i64>,
    ) -> Result<(), Stop> {
        // A reader that stays in an old snapshot keeps checkpoints from finishing.
        let lagging = open(at)?;
        let wal = db.query_row("PRAGMA journal_mode", [], |r| {
            Ok(r.get_ref(0)? == "wal".into())
        })?;
        for _ in 0..COMMITS {
            if wal && rng.chance(15) && lagging.is_autocommit() {
                lagging.execute_batch("BEGIN; SELECT count(*) FROM entry")?;
            }
            self.commit(db, rng, acked)?;
            if rng.chance(30) && !lagging.is_autocommit() {
                lagging.execute_batch("COMMIT")?;
            }
            if rng.chance(10) {
                let how = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][rng.below(4) as usize];
                // Its answer may be "busy": then the log simply grows on.
                db.busy_timeout(Duration::ZERO)?;
                db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))?;
                db.busy_timeout(PATIENCE)?;
            }
            if rng.chance(3) && lagging.is_autocommit() {
                db.execute_batch("VACUUM")
                    .or_else(|e| if busy(&e) { Ok(()) } else { Err(e) })?;
            }
        }
        lagging.close().map_err(|(_, e)| e)?;
        Ok(())
    }

    fn commit(
        &self,
        db: &Connection,
        rng: &mut Rng,
        acked: &mut BTreeMap<i64, i64>,
    ) -> rusqlite::Result<()> {
        if self.mistake != Mistake::NoTransaction {
            db.execute_batch("BEGIN IMMEDIATE")?;
        }
        let i: i64 = db.query_row("SELECT commits + 1 FROM total", [], |r| r.get(0))?;
        let nonce = (rng.bits() >> 2) as i64;
        let parts = 1 + rng.below(5) as i64;
        for part in 1..=parts {
            let long = rng.chance(15);
            let mut body = vec![0; rng.below(if long { 9000 } else { 400 }) as usize];
            rng.fill(&mut body);
            db.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
                params![i, part, parts, nonce, body],
            )?;
        }
        // Pages that are freed and used again.
        let (id, fill) = (rng.below(20) as i64, rng.below(3000) as i64);
        if rng.chance(40) {
            db.execute("DELETE FROM scratch WHERE id % 5 = ? % 5", [id])?;
        }
        db.execute(
            "INSERT OR REPLACE INTO scratch VALUES (?, zeroblob(?))",
            [id, fill],
        )?;
        db.execute(
            "UPDATE total SET commits = ?, parts = parts + ?",
            [i, parts],
        )?;
        if self.mistake == Mistake::AcknowledgeBeforeCommit {
            acked.insert(i, nonce);
        }
        if self.mistake != Mistake::NoTransaction {
            db.execute_batch("COMMIT")?;
        }
        acked.insert(i, nonce);
        Ok(())
    }
}

/// All commits seen by a reader until the writer is done or the disk fails.
fn read_until(at: Place<'_>, done: &AtomicBool) -> BTreeMap<i64, i64> {
    let mut seen = BTreeMap::new();
    let mut connection = None;
    while !done.load(Ordering::SeqCst) {
        // An error here is the power cut, or a table that is not there yet.
        let Ok(db) = connection.take().map_or_else(|| open(at), Ok) else {
            continue;
        };
        if let Ok(entries) = entries(&db) {
            seen.extend(entries.into_iter().map(|(i, e)| (i, e.nonce)));
            connection = Some(db);
        }
    }
    seen
}

struct Entry {
    nonce: i64,
    whole: bool,
}

fn entries(db: &Connection) -> rusqlite::Result<BTreeMap<i64, Entry>> {
    db.prepare(
        "SELECT i, min(nonce), count(*) = max(parts) AND min(nonce) = max(nonce)
         FROM entry GROUP BY i",
    )?
    .query_map([], |r| {
        Ok((
            r.get(0)?,
            Entry {
                nonce: r.get(1)?,
                whole: r.get(2)?,
            },
        ))
    })?
    .collect()
}

/// Whole, complete to the last acknowledged commit, and nothing of one commit without the rest.
pub(crate) fn judge(db: &Connection, acked: &BTreeMap<i64, i64>) -> Result<Found, Harm> {
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |r| r.get(0))?;
    if verdict != "ok" {
        return Err(Harm::Corrupt(verdict));
    }
    let made: bool = db.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'total'",
        [],
        |r| r.get(0),
    )?;
    let entries = if made { entries(db)? } else { BTreeMap::new() };
    if made {
        let (commits, parts, rows): (i64, i64, i64) = db.query_row(
            "SELECT commits, parts, (SELECT count(*) FROM entry) FROM total",
            [],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )?;
        let whole = entries.values().all(|e| e.whole);
        let gapless = entries.keys().copied().eq(1..=commits);
        if !whole || !gapless || parts != rows {
            return Err(Harm::Half(format!(
                "total says {commits} commits of {parts} rows; there are {} of {rows}, \
                 whole: {whole}, gapless: {gapless}",
                entries.len()
            )));
        }
    }
    let lost: Vec<i64> = acked
        .iter()
        .filter(|(i, nonce)| entries.get(i).is_none_or(|e| e.nonce != **nonce))
        .map(|(i, _)| *i)
        .collect();
    if !lost.is_empty() {
        return Err(Harm::Lost(format!(
            "commits {lost:?} of {} acknowledged",
            acked.len()
        )));
    }
    Ok(Found {
        acked: acked.len() as u64,
        unacked: (entries.len() - acked.len()) as u64,
    })
}
