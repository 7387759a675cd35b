//! The budgets, measured: `make bench`, or `cargo run --release -p motcua-benches`.
//!
//! Every figure stands beside what it is compared with, taken in the same run on the same disk
//! wherever that can be done. What misses its budget is shown as missed. The table goes to
//! standard output, the same figures to `target/bench/report.json`.

mod branch;
mod catalogue;
mod central;
mod durable;
mod flood;
mod history;
mod hub;
mod keys;
mod live;
mod papers;
mod people;
mod process;
mod proof;
mod report;
mod search;
mod stats;
mod window;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;

use crate::report::Report;

/// Một Cửa's budgets, measured.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Args {
    /// Cases in the history; it has five times as many events.
    #[arg(long)]
    rows: Option<u32>,
    /// Only benchmarks whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Small sizes: shows that everything runs, not how fast it is.
    #[arg(long)]
    quick: bool,
}

/// What every benchmark is told.
pub(crate) struct Setting {
    rows: u32,
    quick: bool,
    /// The repository.
    root: PathBuf,
    /// `target/bench`: histories and the report.
    folder: PathBuf,
    /// Where the programs built beside this one lie.
    programs: PathBuf,
}

impl Setting {
    /// The usual size, or the small one.
    fn size(&self, usual: usize, quick: usize) -> usize {
        if self.quick { quick } else { usual }
    }

    /// The history that searches and figures run on.
    fn history(&self) -> anyhow::Result<PathBuf> {
        history::ensure(&self.folder, self.rows)
    }
}

type Benchmark = fn(&Setting, &mut Report) -> anyhow::Result<()>;

/// In the order of the table. Those on the large history come last, for it may have to be built.
const ALL: &[(&str, Benchmark)] = &[
    ("papers", papers::run),
    ("catalogue", catalogue::run),
    ("hub", hub::run),
    ("central", central::run),
    ("central-flood", flood::run),
    ("central-queue", flood::queue),
    ("keys", keys::run),
    ("durable", durable::run),
    ("search", search::run),
    ("live", live::run),
    ("start", process::start),
    ("window", window::run),
    ("memory", process::memory),
    ("proof", proof::run),
];

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let program = std::env::current_exe()?;
    let programs = program.parent().map(PathBuf::from).unwrap_or_default();
    let target = programs.parent().map(PathBuf::from).unwrap_or_default();
    let setting = Setting {
        rows: args
            .rows
            .unwrap_or(if args.quick { 2_000 } else { 1_000_000 }),
        quick: args.quick,
        root: Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        folder: target.join("bench"),
        programs,
    };
    std::fs::create_dir_all(&setting.folder)?;
    let mut report = Report::default();
    for (name, run) in ALL {
        if args
            .only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        report::progress(&format!("{name} …"));
        if let Err(error) = run(&setting, &mut report) {
            report.not_measured(name, &format!("{error:#}"));
        }
    }
    report.print(&setting);
    let file = setting.folder.join("report.json");
    report.write(&file)?;
    report::progress(&format!("written to {}", file.display()));
    Ok(if report.complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
