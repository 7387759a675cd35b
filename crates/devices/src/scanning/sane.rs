//! SANE through its own program. `scanimage` is asked for what a scanner offers before it is told
//! what to do: every driver has its own names for glass and feeder.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Ask, DocumentScanner, Found, ScanFault, Source};

/// A page of A3 at 600 dpi over a slow network takes a minute.
const PATIENCE: Duration = Duration::from_secs(150);
/// How soon a wish to stop is heard.
const HEARD: Duration = Duration::from_millis(200);
/// Of what a driver complains about, so much is kept.
const COMPLAINT: usize = 64 * 1024;
/// Words after which nothing comes any more.
const OVER: [&str; 2] = ["Batch terminated", "scanimage: aborting"];
/// How long the program may take to end after them. A driver whose reader is still at work when a
/// scan breaks off can have it wait for itself for ever.
const LINGER: Duration = Duration::from_secs(15);

/// Scanners that SANE knows.
#[derive(Debug, Clone)]
pub struct Sane {
    program: PathBuf,
    config: Option<PathBuf>,
    patience: Duration,
}

impl Default for Sane {
    fn default() -> Self {
        Self {
            program: PathBuf::from("scanimage"),
            config: None,
            patience: PATIENCE,
        }
    }
}

/// What a scanner offers: option, and what it may be.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offers(Vec<(String, Vec<String>)>);

impl Offers {
    /// Reads the lines of `scanimage -A`: `    --mode Gray|Color [Gray]`.
    fn read(text: &str) -> Self {
        let mut offers = Vec::new();
        for line in text.lines() {
            let Some(rest) = line.trim_start().strip_prefix("--") else {
                continue;
            };
            // Inactive options are refused when they are set.
            if rest.contains("[inactive]") {
                continue;
            }
            let (name, values) = rest.split_once(' ').unwrap_or((rest, ""));
            let values = values.rsplit_once(" [").map_or(values, |(v, _)| v);
            let values = values.split('|').map(|v| v.trim().to_owned()).collect();
            offers.push((name.to_owned(), values));
        }
        Self(offers)
    }

    fn of(&self, name: &str) -> Option<&[String]> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, values)| values.as_slice())
    }

    /// The first value that has one of the words in it.
    fn like(&self, name: &str, words: &[&str]) -> Option<&str> {
        let values = self.of(name)?;
        words.iter().find_map(|word| {
            values
                .iter()
                .find(|value| value.to_lowercase().contains(word))
                .map(String::as_str)
        })
    }

    /// The resolution that was asked for, or the next one the scanner has.
    fn resolution(&self, wanted: u16) -> Option<u16> {
        let values = self.of("resolution")?;
        let numbers: Vec<u16> = values
            .iter()
            .filter_map(|v| v.trim_end_matches("dpi").trim().parse().ok())
            .collect();
        if numbers.len() < 2 {
            return Some(wanted);
        }
        let above = numbers.iter().copied().filter(|n| *n >= wanted).min();
        above.or_else(|| numbers.into_iter().max())
    }
}

/// What went wrong: by the status of SANE that `scanimage` ends with, and by its words.
///
/// The words are read as well because the status is not always there: opening fails with 1 whatever
/// the reason, and a driver whose reader is still writing when the scan breaks off has `scanimage`
/// end with 0 after "aborting". `None` is a scan without a complaint.
fn fault(status: Option<i32>, said: &str) -> Option<ScanFault> {
    let by_status = match status {
        Some(3) => Some(ScanFault::Busy),
        Some(6) => Some(ScanFault::Jam),
        Some(7) => Some(ScanFault::Empty),
        Some(8) => Some(ScanFault::Open),
        _ => None,
    };
    let by_words = || {
        let lower = said.to_lowercase();
        let words = [
            ("device busy", ScanFault::Busy),
            ("document feeder jammed", ScanFault::Jam),
            ("document feeder out of documents", ScanFault::Empty),
            ("scanner cover is open", ScanFault::Open),
            ("open of device", ScanFault::Missing),
            ("no sane devices", ScanFault::Missing),
        ];
        words
            .into_iter()
            .find_map(|(said, fault)| lower.contains(said).then_some(fault))
    };
    let by_complaint = || {
        let complaint = said
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| line.contains("sane_start:") || line.contains("sane_read:"));
        let last = || said.lines().rev().map(str::trim).find(|l| !l.is_empty());
        let told = match status {
            Some(0) => complaint?,
            _ => complaint.or_else(last).unwrap_or("scanimage"),
        };
        Some(ScanFault::Other(told.chars().take(200).collect()))
    };
    by_status.or_else(by_words).or_else(by_complaint)
}

impl Sane {
    /// With SANE's settings from that folder.
    #[must_use]
    pub fn with_config(mut self, dir: impl Into<PathBuf>) -> Self {
        self.config = Some(dir.into());
        self
    }

    /// With another program.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// With another time to wait for a page.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(config) = &self.config {
            command.env("SANE_CONFIG_DIR", config);
        }
        command
    }

    fn start(&self, command: &mut Command) -> Result<Child, ScanFault> {
        command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ScanFault::Missing,
            _ => ScanFault::Other(error.to_string()),
        })
    }

    /// Runs to its end, at most as long as one waits for a page.
    fn run(&self, arguments: &[&str]) -> Result<(Option<i32>, String, String), ScanFault> {
        let never = AtomicBool::new(false);
        let mut out = String::new();
        let (status, said) = self.watch(self.command().args(arguments), &never, &mut |line| {
            out.push_str(&line);
            out.push('\n');
        })?;
        Ok((status, out, said))
    }

    /// Runs a program, line by line, and says what it ended with and complained about. It is ended
    /// where it falls silent, or somebody wants it.
    fn watch(
        &self,
        command: &mut Command,
        stop: &AtomicBool,
        each: &mut dyn FnMut(String),
    ) -> Result<(Option<i32>, String), ScanFault> {
        let mut child = self.start(command)?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(ScanFault::Other("scanimage".to_owned()));
        };
        let (lines, heard) = mpsc::channel();
        tell(out, lines.clone(), Heard::Page);
        tell(err, lines, Heard::Said);
        let mut said = String::new();
        let mut last = Instant::now();
        let mut over = false;
        let ended = loop {
            match heard.recv_timeout(HEARD) {
                Ok(Heard::Page(line)) => {
                    last = Instant::now();
                    each(line);
                }
                Ok(Heard::Said(line)) => {
                    last = Instant::now();
                    over |= OVER.iter().any(|words| line.contains(words));
                    if said.len() < COMPLAINT {
                        said.push_str(&line);
                        said.push('\n');
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break Ok(None),
                Err(RecvTimeoutError::Timeout)
                    if over && last.elapsed() > LINGER.min(self.patience) =>
                {
                    break Ok(Some(0));
                }
                Err(RecvTimeoutError::Timeout) if last.elapsed() > self.patience => {
                    break Err(ScanFault::Silent);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if stop.load(Ordering::Acquire) {
                break Err(ScanFault::Stopped);
            }
        };
        if !matches!(ended, Ok(None)) {
            child.kill().ok();
        }
        let status = child.wait().map_err(|e| ScanFault::Other(e.to_string()))?;
        Ok((ended?.or(status.code()), said))
    }
}

/// What is heard of a running program.
enum Heard {
    /// A line on its standard output.
    Page(String),
    /// A line of its complaints.
    Said(String),
}

/// Passes on each line until the end, or until nobody listens.
fn tell(pipe: impl Read + Send + 'static, to: mpsc::Sender<Heard>, as_what: fn(String) -> Heard) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if to.send(as_what(line)).is_err() {
                return;
            }
        }
    });
}

impl DocumentScanner for Sane {
    fn list(&self) -> Result<Vec<Found>, ScanFault> {
        // Two lines for each: its id, and who made it.
        let (status, out, said) = self.run(&["--formatted-device-list=%d%n%v %m%n"])?;
        if let Some(fault) = fault(status, &said) {
            return Err(fault);
        }
        let lines: Vec<&str> = out.lines().map(str::trim).collect();
        let found = lines.chunks_exact(2).map(|pair| Found {
            id: pair[0].to_owned(),
            name: pair[1].to_owned(),
        });
        Ok(found.filter(|found| !found.id.is_empty()).collect())
    }

    fn scan(
        &self,
        ask: &Ask,
        into: &Path,
        stop: &AtomicBool,
        each: &mut dyn FnMut(PathBuf),
    ) -> Result<u32, ScanFault> {
        let device = format!("--device-name={}", ask.device);
        let (status, offers, said) = self.run(&[&device, "-A"])?;
        if let Some(fault) = fault(status, &said) {
            return Err(fault);
        }
        let offers = Offers::read(&offers);
        std::fs::create_dir_all(into).map_err(|e| ScanFault::Disk(e.to_string()))?;
        let mut command = self.command();
        command.current_dir(into).args([
            &device,
            "--format=jpeg",
            "--batch=page-%d.jpg",
            "--batch-print",
        ]);
        let wanted: &[&str] = match ask.source {
            Source::Flatbed => &["flatbed", "glass", "platen"],
            Source::Feeder => &["automatic document feeder", "adf", "feeder"],
        };
        match (offers.like("source", wanted), offers.of("source")) {
            (Some(source), _) => {
                command.arg(format!("--source={source}"));
            }
            (None, Some(_)) => return Err(ScanFault::NoSource),
            // A scanner without a choice has only one of them; which one, the paper shows.
            (None, None) => {}
        }
        if ask.source == Source::Flatbed {
            command.arg("--batch-count=1");
        }
        let mode: &[&str] = match ask.colour {
            true => &["color", "colour"],
            false => &["gray", "grey"],
        };
        if let Some(mode) = offers.like("mode", mode) {
            command.arg(format!("--mode={mode}"));
        }
        if let Some(resolution) = offers.resolution(ask.resolution) {
            command.arg(format!("--resolution={resolution}"));
        }
        let mut pages = 0;
        let (status, said) = self.watch(&mut command, stop, &mut |line| {
            // Its own words go to the other pipe: here come names of files that are whole.
            let name = line.trim();
            let path = into.join(name);
            if !name.is_empty() && !name.contains('/') && path.is_file() {
                pages += 1;
                each(path);
            }
        })?;
        match fault(status, &said) {
            // A feeder that has run empty after some pages is the end of the pile.
            None | Some(ScanFault::Empty) if pages > 0 => Ok(pages),
            None => Err(ScanFault::Empty),
            Some(fault) => Err(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: &str = "
All options specific to device `x':
  Scan Mode:
    --mode Lineart|Gray|Color [Gray]
        Selects the scan mode.
    --three-pass[=(yes|no)] [inactive]
    --resolution 75|150|300|600dpi [75]
    --source FlatBed|ADF Duplex [FlatBed]
";

    /// Seen on a busy machine: the cover is open, and the program ends with 0.
    const ABORTED: &str = "Scanning page 3
scanimage: sane_read: Scanner cover is open
Scanned page 3. (scanner status = 8)
Batch terminated, 2 pages scanned
scanimage: received signal 13
scanimage: aborting
";

    #[test]
    fn a_scan_that_broke_off_is_not_taken_for_a_whole_pile() {
        assert_eq!(fault(Some(0), ABORTED), Some(ScanFault::Open));
        assert_eq!(fault(Some(8), ABORTED), Some(ScanFault::Open));
        let other = "scanimage: sane_read: Error during device I/O\n";
        assert!(matches!(fault(Some(0), other), Some(ScanFault::Other(_))));
        let whole = "Scanned page 1. (scanner status = 5)\nBatch terminated, 1 page scanned\n";
        assert_eq!(fault(Some(0), whole), None);
    }

    #[test]
    fn what_a_scanner_offers_decides_what_it_is_told() {
        let offers = Offers::read(OFFERS);
        assert_eq!(offers.like("mode", &["color"]), Some("Color"));
        assert_eq!(
            offers.like("source", &["feeder", "adf"]),
            Some("ADF Duplex")
        );
        assert_eq!(offers.like("source", &["flatbed"]), Some("FlatBed"));
        assert_eq!(offers.resolution(200), Some(300));
        assert_eq!(offers.resolution(1200), Some(600));
        assert_eq!(offers.of("three-pass"), None);
        let ranged = Offers::read("    --resolution 1..1200dpi (in steps of 1) [50]");
        assert_eq!(ranged.resolution(200), Some(200));
    }
}
