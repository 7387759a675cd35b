//! What a trial did and found: the counts to publish, and the seeds that show a harm again.

use std::fmt;

/// A promise that was not kept.
#[derive(Debug, Clone)]
pub enum Harm {
    /// Something acknowledged is not there, or not as it was.
    Lost(String),
    /// The database does not open, or is malformed.
    Corrupt(String),
    /// Part of a transaction is there and part is not.
    Half(String),
    /// The program refused or failed where nothing was wrong with the disk.
    Stuck(String),
}

impl From<rusqlite::Error> for Harm {
    fn from(error: rusqlite::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// What a check found in an unharmed database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    /// Records acknowledged and present.
    pub acked: u64,
    /// Records present though nobody was told so: allowed, and worth knowing.
    pub unacked: u64,
}

/// One harmed run.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// The operation that was hit.
    pub struck: String,
    /// What came of it.
    pub harm: Harm,
}

/// What a trial did and found.
#[derive(Debug, Default)]
pub struct Report {
    /// Scenario and kind of fault.
    pub name: String,
    /// Runs done.
    pub runs: u64,
    /// Power cuts, or errors that struck.
    pub faults: u64,
    /// Operations that can be hit, in all programs together.
    pub operations: u64,
    /// Sums over all checks.
    pub found: Found,
    /// The harmed runs.
    pub failures: Vec<Failure>,
}

impl Report {
    pub(super) fn new(name: String, operations: u64) -> Self {
        Self {
            name,
            operations,
            ..Self::default()
        }
    }

    /// Runs in which something acknowledged was lost.
    pub fn lost(&self) -> usize {
        self.count(|h| matches!(h, Harm::Lost(_)))
    }

    /// Runs that left a malformed database or half a transaction.
    pub fn damaged(&self) -> usize {
        self.count(|h| matches!(h, Harm::Corrupt(_) | Harm::Half(_)))
    }

    fn count(&self, which: impl Fn(&Harm) -> bool) -> usize {
        self.failures.iter().filter(|f| which(&f.harm)).count()
    }

    /// # Panics
    /// When any run was harmed, with the seed that shows it again.
    #[track_caller]
    pub fn assert_unharmed(&self) {
        let shown: Vec<String> = self
            .failures
            .iter()
            .take(5)
            .map(|f| format!("{f:?}\nagain: MOTCUA_CUTS=1 MOTCUA_FROM={}", f.seed))
            .collect();
        assert!(shown.is_empty(), "{self}\n{}", shown.join("\n"));
    }

    /// Notes one judgement; true when nothing was harmed.
    pub(super) fn judge(&mut self, seed: u64, struck: &str, outcome: Result<Found, Harm>) -> bool {
        match outcome {
            Ok(found) => {
                self.found.acked += found.acked;
                self.found.unacked += found.unacked;
                true
            }
            Err(harm) => {
                self.failures.push(Failure {
                    seed,
                    struck: struck.to_owned(),
                    harm,
                });
                false
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} runs, {} faults ({} operations to hit), {} acknowledged records found again, \
             {} present without having been acknowledged; harmed runs: {} (lost {}, damaged {})",
            self.name,
            self.runs,
            self.faults,
            self.operations,
            self.found.acked,
            self.found.unacked,
            self.failures.len(),
            self.lost(),
            self.damaged(),
        )
    }
}
