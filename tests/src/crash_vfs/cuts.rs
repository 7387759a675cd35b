//! Drives a scenario through power cuts and through errors at every operation, and judges what is
//! left. Knows nothing of what the scenario stores.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{CrashVfs, Fault, Image, Lasting, Rng};

/// Where a scenario keeps its database.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Name of the VFS to open it with.
    pub vfs: &'a str,
    /// Path of the database on that VFS; there is no real file of that name.
    pub path: &'a Path,
    /// The folder of `path`, which really exists, for what is kept outside the database. It
    /// lives through the power cuts of one run unharmed.
    pub folder: &'a Path,
}

/// Why a scenario stopped working.
#[derive(Debug)]
pub enum Stop {
    /// The storage failed, and the program said so as it should.
    Refused(String),
    /// The program answered a failing storage wrongly, or failed by itself.
    Broken(String),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

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

/// A program under test: how it works, what it acknowledges, how to judge what it left.
pub trait Scenario {
    /// Everything acknowledged so far, over all lives of one run.
    type Acked: Default;

    /// For the report.
    fn name(&self) -> String;

    /// Opens the database (making or recovering it), does a good number of operations, noting in
    /// `acked` each one that was answered with success, and closes it. The operations depend on
    /// `seed` only.
    fn work(&self, at: Place<'_>, seed: u64, acked: &mut Self::Acked) -> Result<(), Stop>;

    /// Opens what a cut has left, on a sound disk, and judges it.
    fn check(&self, at: Place<'_>, acked: &Self::Acked) -> Result<Found, Harm>;
}

/// How many runs, which ones, and on what disk.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Runs, each with a seed of its own.
    pub runs: u64,
    /// The first seed.
    pub from: u64,
    /// The disk says "synced" and does nothing.
    pub lying_sync: bool,
}

impl Trial {
    /// `percent` of the runs that `MOTCUA_CUTS` asks for (500 when unset), from seed
    /// `MOTCUA_FROM` (0 when unset); never fewer than one.
    pub fn from_env(percent: u64) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
        Self {
            runs: (number("MOTCUA_CUTS").unwrap_or(500) * percent / 100).max(1),
            from: number("MOTCUA_FROM").unwrap_or(0),
            lying_sync: false,
        }
    }

    fn seeds(self) -> impl Iterator<Item = u64> {
        (0..self.runs).map(move |i| self.from.wrapping_add(i))
    }
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
    /// Changing operations (or reads) of one undisturbed run.
    pub operations: u64,
    /// Sums over all checks.
    pub found: Found,
    /// The harmed runs.
    pub failures: Vec<Failure>,
}

impl Report {
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
        if let Some(first) = self.failures.first() {
            panic!(
                "{self}\nfirst: {first:?}\nagain: MOTCUA_CUTS=1 MOTCUA_FROM={}",
                first.seed
            );
        }
    }

    fn judge(&mut self, seed: u64, struck: &str, outcome: Result<Found, Harm>) -> bool {
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
            "{}: {} runs, {} faults ({} operations a run), {} acknowledged records found again, \
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

/// Runs the scenario once for each seed and cuts the power at an operation that the seed chooses:
/// any `operations` seeds in a row hit each operation once. After a cut the disk is judged; in
/// half of the runs the program then works on and is cut again, often in the midst of recovery.
/// At last it must be able to work on undisturbed.
pub fn run_cuts<S: Scenario>(scenario: &S, trial: Trial) -> Report {
    let name = format!("{}, power cuts", scenario.name());
    let (mut report, operations) = rehearse(scenario, name, |c| c.changes());
    for seed in trial.seeds() {
        let _shown = ShownOnPanic(seed);
        report.runs += 1;
        cut_run(scenario, trial, seed, operations, &mut report);
    }
    eprintln!("{report}");
    report
}

fn cut_run<S: Scenario>(s: &S, trial: Trial, seed: u64, operations: u64, report: &mut Report) {
    let mut rng = Rng::new(seed);
    let home = Home::new();
    let mut acked = S::Acked::default();
    let mut image = Image::default();
    let mut cut_at = spread(seed, operations);
    loop {
        let vfs = CrashVfs::from_image(image, seed);
        if trial.lying_sync {
            vfs.lie_about_sync();
        }
        vfs.cut_at(cut_at);
        let worked = s.work(home.place(&vfs), rng.bits(), &mut acked);
        let struck = vfs
            .struck()
            .unwrap_or_else(|| "power cut after the last change".to_owned());
        let stuck = match worked {
            Err(Stop::Broken(why)) => Some(why),
            Err(Stop::Refused(why)) if !vfs.is_off() => Some(why),
            Err(Stop::Refused(_)) | Ok(()) => None,
        };
        if let Some(why) = stuck {
            report.judge(seed, &struck, Err(Harm::Stuck(why)));
            return;
        }
        image = vfs.power_cut(rng.bits());
        report.faults += 1;
        let sound = CrashVfs::from_image(image.clone(), seed);
        let outcome = s.check(home.place(&sound), &acked);
        if !report.judge(seed, &struck, outcome) {
            return;
        }
        if rng.chance(50) {
            break;
        }
        let early = rng.chance(60);
        cut_at = 1 + rng.below(if early { 20 } else { operations });
    }
    let sound = CrashVfs::from_image(image, seed);
    works_on(s, &home, &sound, rng.bits(), &mut acked, report, seed);
}

/// Undisturbed, the program must work and leave a sound database.
fn works_on<S: Scenario>(
    s: &S,
    home: &Home,
    vfs: &CrashVfs,
    work_seed: u64,
    acked: &mut S::Acked,
    report: &mut Report,
    seed: u64,
) -> bool {
    let outcome = match s.work(home.place(vfs), work_seed, acked) {
        Ok(()) => s.check(home.place(vfs), acked),
        Err(stop) => Err(Harm::Stuck(format!("after the fault: {stop:?}"))),
    };
    let struck = vfs.struck().unwrap_or_else(|| "working on".to_owned());
    report.judge(seed, &struck, outcome)
}

/// Runs the scenario once for each seed with an error at an operation that the seed chooses, as
/// in [`run_cuts`]. The program must refuse and not break; with the fault gone it must find all
/// that it acknowledged, work on, and survive a power cut after that.
pub fn run_faults<S: Scenario>(s: &S, fault: Fault, lasting: Lasting, trial: Trial) -> Report {
    let name = format!("{}, {fault:?} {lasting:?}", s.name());
    let (mut report, operations) = rehearse(s, name, |c| match fault {
        Fault::ReadError => c.reads,
        Fault::ChangeError | Fault::DiskFull => c.changes(),
    });
    for seed in trial.seeds() {
        let _shown = ShownOnPanic(seed);
        report.runs += 1;
        let mut rng = Rng::new(seed);
        let home = Home::new();
        let mut acked = S::Acked::default();
        let vfs = CrashVfs::register(seed);
        vfs.fail_at(spread(seed, operations), lasting, fault);
        let worked = s.work(home.place(&vfs), rng.bits(), &mut acked);
        let struck = vfs.struck();
        report.faults += u64::from(struck.is_some());
        vfs.repair();
        let stuck = match worked {
            Err(Stop::Broken(why)) => Some(why),
            Err(Stop::Refused(why)) if struck.is_none() => Some(why),
            Err(Stop::Refused(_)) | Ok(()) => None,
        };
        let struck = struck.unwrap_or_else(|| "no fault".to_owned());
        let outcome = match stuck {
            Some(why) => Err(Harm::Stuck(why)),
            None => s.check(home.place(&vfs), &acked),
        };
        if !report.judge(seed, &struck, outcome)
            || !works_on(s, &home, &vfs, rng.bits(), &mut acked, &mut report, seed)
        {
            continue;
        }
        let after = CrashVfs::from_image(vfs.power_cut(rng.bits()), seed);
        let outcome = s.check(home.place(&after), &acked);
        report.judge(seed, &struck, outcome);
    }
    eprintln!("{report}");
    report
}

/// An undisturbed run, to learn how many operations there are to hit; it must go well.
fn rehearse<S: Scenario>(
    s: &S,
    name: String,
    count: impl Fn(super::Counts) -> u64,
) -> (Report, u64) {
    let mut report = Report {
        name,
        ..Report::default()
    };
    let home = Home::new();
    let vfs = CrashVfs::register(0);
    let mut acked = S::Acked::default();
    let done = s.work(home.place(&vfs), 0, &mut acked);
    assert!(
        done.is_ok(),
        "{} fails on a sound disk: {done:?}",
        report.name
    );
    // A little more than this one needed: other seeds make longer runs.
    report.operations = count(vfs.counts());
    let span = report.operations + report.operations / 20 + 1;
    (report, span)
}

/// Seed → operation, so that `span` seeds in a row give each of `1..=span` once, in leaps.
fn spread(seed: u64, span: u64) -> u64 {
    let mut stride = (span * 618 / 1000).max(1);
    while gcd(stride, span) != 1 {
        stride += 1;
    }
    (seed % span) * stride % span + 1
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A real folder for one run.
struct Home {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Home {
    #[expect(
        clippy::expect_used,
        reason = "without a folder for temporary files no test can run"
    )]
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("crash.db");
        Self { folder, path }
    }

    fn place<'a>(&'a self, vfs: &'a CrashVfs) -> Place<'a> {
        Place {
            vfs: vfs.name(),
            path: &self.path,
            folder: self.folder.path(),
        }
    }
}

/// Names the seed when a run panics.
struct ShownOnPanic(u64);

impl Drop for ShownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again: MOTCUA_CUTS=1 MOTCUA_FROM={}", self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn seeds_in_a_row_hit_each_operation_once() {
        for span in [1, 2, 7, 100, 618, 1000] {
            let hit: BTreeSet<u64> = (40..40 + span).map(|seed| spread(seed, span)).collect();
            assert_eq!(hit, (1..=span).collect(), "{span}");
        }
    }
}
