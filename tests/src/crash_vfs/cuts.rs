//! Drives a scenario through power cuts and through errors at every operation, and judges what is
//! left. Knows nothing of what the scenario stores.

use std::path::{Path, PathBuf};

use super::report::{Found, Harm, Report};
use super::{Counts, CrashVfs, Fault, Image, Lasting, Rng};

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

/// Runs the scenario once for each seed and cuts the power at an operation that the seed chooses:
/// as many seeds in a row as there are operations hit each of them. After a cut the disk is judged; in
/// half of the runs the program then works on and is cut again, often in the midst of recovery.
/// At last it must be able to work on undisturbed.
pub fn run_cuts<S: Scenario>(scenario: &S, trial: Trial) -> Report {
    let targets = Targets::rehearse(scenario, |c| c.changes());
    let name = format!("{}, power cuts", scenario.name());
    let mut report = Report::new(name, targets.total());
    for seed in trial.seeds() {
        let _shown = ShownOnPanic(seed);
        report.runs += 1;
        cut_run(scenario, trial, seed, &targets, &mut report);
    }
    eprintln!("{report}");
    report
}

fn cut_run<S: Scenario>(s: &S, trial: Trial, seed: u64, targets: &Targets, report: &mut Report) {
    let mut rng = Rng::new(seed);
    let home = Home::new();
    let mut acked = S::Acked::default();
    let mut image = Image::default();
    let (mut program, mut cut_at) = targets.of(seed);
    loop {
        let vfs = CrashVfs::from_image(image, seed);
        if trial.lying_sync {
            vfs.lie_about_sync();
        }
        vfs.cut_at(cut_at);
        let worked = s.work(home.place(&vfs), program, &mut acked);
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
        // The check is a look aside: the next life goes on from the disk as the cut has left it,
        // and so with the other files of the folder as they were.
        let sound = CrashVfs::from_image(image.clone(), seed);
        let beside = home.read_beside();
        let outcome = s.check(home.place(&sound), &acked);
        home.write_beside(&beside);
        if !report.judge(seed, &struck, outcome) {
            return;
        }
        if rng.chance(50) {
            break;
        }
        program = rng.bits();
        let recovery = rng.chance(60);
        cut_at = 1 + rng.below(if recovery { 20 } else { targets.mean() });
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
    let targets = Targets::rehearse(s, |c| match fault {
        Fault::ReadError => c.reads,
        Fault::ChangeError | Fault::DiskFull => c.changes(),
    });
    let name = format!("{}, {fault:?} {lasting:?}", s.name());
    let mut report = Report::new(name, targets.total());
    for seed in trial.seeds() {
        let _shown = ShownOnPanic(seed);
        report.runs += 1;
        let mut rng = Rng::new(seed);
        let home = Home::new();
        let mut acked = S::Acked::default();
        let vfs = CrashVfs::register(seed);
        let (program, at) = targets.of(seed);
        vfs.fail_at(at, lasting, fault);
        let worked = s.work(home.place(&vfs), program, &mut acked);
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

/// How many different programs a scenario is asked for in the first life of a run. Few, so that
/// each is hit at many places; the lives after a cut differ from run to run.
const PROGRAMS: u64 = 8;

/// What a seed does in the first life of its run: which program, hit at which operation.
struct Targets {
    /// Operations of each program.
    spans: Vec<u64>,
}

impl Targets {
    /// Runs each program undisturbed, to learn how many operations there are to hit.
    fn rehearse<S: Scenario>(s: &S, count: impl Fn(Counts) -> u64) -> Self {
        let spans = (0..PROGRAMS).map(|program| {
            let home = Home::new();
            let vfs = CrashVfs::register(0);
            let done = s.work(home.place(&vfs), program, &mut S::Acked::default());
            assert!(done.is_ok(), "{} fails on a sound disk: {done:?}", s.name());
            count(vfs.counts()).max(1)
        });
        Self {
            spans: spans.collect(),
        }
    }

    fn of(&self, seed: u64) -> (u64, u64) {
        let program = seed % PROGRAMS;
        (
            program,
            spread(seed / PROGRAMS, self.spans[program as usize]),
        )
    }

    fn mean(&self) -> u64 {
        self.total() / PROGRAMS
    }

    fn total(&self) -> u64 {
        self.spans.iter().sum()
    }
}

/// Number → operation, so that `span` numbers in a row give each of `1..=span` once, in leaps.
fn spread(number: u64, span: u64) -> u64 {
    let mut stride = (span * 618 / 1000).max(1);
    while gcd(stride, span) != 1 {
        stride += 1;
    }
    (number % span) * stride % span + 1
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

    /// The real files of the folder.
    fn read_beside(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder.path()).into_iter().flatten();
        entries
            .flatten()
            .filter_map(|entry| Some((entry.path(), std::fs::read(entry.path()).ok()?)))
            .collect()
    }

    #[expect(
        clippy::expect_used,
        reason = "without a folder for temporary files no test can run"
    )]
    fn write_beside(&self, files: &[(PathBuf, Vec<u8>)]) {
        for (path, _) in self.read_beside() {
            std::fs::remove_file(path).expect("a file of our own folder");
        }
        for (path, bytes) in files {
            std::fs::write(path, bytes).expect("a file of our own folder");
        }
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

    use super::spread;

    #[test]
    fn numbers_in_a_row_hit_each_operation_once() {
        for span in [1, 2, 7, 100, 618, 1000] {
            let hit: BTreeSet<u64> = (40..40 + span).map(|n| spread(n, span)).collect();
            assert_eq!(hit, (1..=span).collect(), "{span}");
        }
    }
}
