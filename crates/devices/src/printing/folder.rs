//! A folder in place of a printer: each job becomes a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use motcua_domain::text;

use super::{FaultKind, Format, Job, PrintFault};

/// Longest file name without its number and ending, in characters (all ASCII after folding).
const STEM: usize = 80;
/// So many jobs of one title are enough for one folder.
const SAME_TITLE: u32 = 10_000;

pub(super) fn save(printer: &str, folder: &Path, job: &Job) -> Result<PathBuf, PrintFault> {
    write(folder, job)
        .map_err(|error| PrintFault::new(FaultKind::FolderUnwritable, printer, error.to_string()))
}

fn write(folder: &Path, job: &Job) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let (path, mut file) = claim(folder, &stem(&job.title), ending(job.format))?;
    let written = file.write_all(&job.bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a document must not look like a whole one. If removing fails too, the first
        // fault is the one to tell.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

/// Takes a name nobody has: an earlier print is never overwritten.
fn claim(folder: &Path, stem: &str, ending: &str) -> io::Result<(PathBuf, File)> {
    for number in 1..SAME_TITLE {
        let name = if number == 1 {
            format!("{stem}.{ending}")
        } else {
            format!("{stem}-{number}.{ending}")
        };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Letters and digits of the title, so that it is a good name on every file system.
fn stem(title: &str) -> String {
    let stem: String = text::folded_words(title)
        .join("-")
        .chars()
        .filter(char::is_ascii)
        .take(STEM)
        .collect();
    if stem.is_empty() {
        "ban-in".to_owned()
    } else {
        stem
    }
}

fn ending(format: Format) -> &'static str {
    match format {
        Format::Pdf => "pdf",
        Format::EscPosRaw => "escpos",
        Format::Png => "png",
    }
}
