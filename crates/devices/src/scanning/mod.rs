//! Document scanners: pages of paper become files. (Card and barcode readers are
//! [`crate::scanner`].)
//!
//! - [`DocumentScanner`]: what a scanner can do, whoever drives it;
//! - [`Sane`]: scanners that SANE knows, through its own program `scanimage`;
//! - [`WatchedFolder`]: scanners that put files into a folder by themselves.

mod folder;
mod sane;

use std::{
    fmt::Debug,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use serde::{Deserialize, Serialize};

pub use folder::{FolderFault, Standing, WatchedFolder};
pub use sane::Sane;

/// A scanner that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Id it is called by.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// Where the paper lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// On the glass, one page.
    #[default]
    Flatbed,
    /// In the feeder, until it is empty.
    Feeder,
}

/// What is to be scanned, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The scanner.
    pub device: String,
    /// Where the paper lies.
    pub source: Source,
    /// Dots to the inch.
    pub resolution: u16,
    /// In colour.
    pub colour: bool,
}

/// What went wrong. Pages that came before it are there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanFault {
    /// The scanner is not there, or the program that drives it.
    #[error("scanner missing")]
    Missing,
    /// Paper is jammed.
    #[error("paper jam")]
    Jam,
    /// The feeder is empty.
    #[error("no paper")]
    Empty,
    /// The cover is open.
    #[error("cover open")]
    Open,
    /// Somebody else uses it.
    #[error("busy")]
    Busy,
    /// The scanner has no feeder, or no glass.
    #[error("no such source")]
    NoSource,
    /// It stopped answering.
    #[error("no answer")]
    Silent,
    /// Somebody stopped it.
    #[error("stopped")]
    Stopped,
    /// The disk did not take the page.
    #[error("disk: {0}")]
    Disk(String),
    /// Anything else, in the scanner's own words.
    #[error("{0}")]
    Other(String),
}

/// A scanner, whoever drives it. Everything here blocks.
pub trait DocumentScanner: Debug + Send + Sync {
    /// Scanners that are there now.
    ///
    /// # Errors
    /// The program that drives them is missing.
    fn list(&self) -> Result<Vec<Found>, ScanFault>;

    /// Scans into files of a folder of its own, `into`, and says each as soon as it is whole.
    /// Answers how many pages came.
    ///
    /// # Errors
    /// What went wrong; pages that were told before are there all the same.
    fn scan(
        &self,
        ask: &Ask,
        into: &Path,
        stop: &AtomicBool,
        each: &mut dyn FnMut(PathBuf),
    ) -> Result<u32, ScanFault>;
}
