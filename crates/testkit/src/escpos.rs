//! What a ticket printer makes of the bytes it gets: an interpreter of the few ESC/POS commands that
//! are used, and nothing else. What it does not know is a fault, as it would be rubbish on paper.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]

use std::{fs, process::Command};

/// A strip of paper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// Dots across.
    pub width: usize,
    /// Rows of dots, whole bytes, most significant bit left, 1 = ink.
    pub rows: Vec<Vec<u8>>,
    /// Whether the knife cut behind it.
    pub cut: bool,
}

/// Prints a job: a strip for each cut.
///
/// # Errors
/// Where the printer would have printed rubbish: the position and what stood there.
pub fn print(job: &[u8]) -> Result<Vec<Strip>, String> {
    let mut strips = Vec::new();
    let mut strip = Strip::default();
    let mut at = 0;
    while at < job.len() {
        match &job[at..] {
            // ESC @: initialise.
            [0x1b, b'@', ..] => at += 2,
            // ESC d n: print and feed n lines.
            [0x1b, b'd', _, ..] => at += 3,
            // GS v 0 m xL xH yL yH: a raster picture.
            [0x1d, b'v', b'0', 0, x_low, x_high, y_low, y_high, rest @ ..] => {
                let across = usize::from(u16::from_le_bytes([*x_low, *x_high]));
                let down = usize::from(u16::from_le_bytes([*y_low, *y_high]));
                let picture = rest
                    .get(..across * down)
                    .ok_or_else(|| format!("the picture at {at} is cut short"))?;
                if across == 0 || (strip.width != 0 && strip.width != across * 8) {
                    return Err(format!("a picture of another width at {at}"));
                }
                strip.width = across * 8;
                strip
                    .rows
                    .extend(picture.chunks(across).map(<[u8]>::to_vec));
                at += 8 + across * down;
            }
            // GS V B n: feed and cut.
            [0x1d, b'V', b'B', _, ..] => {
                strip.cut = true;
                strips.push(std::mem::take(&mut strip));
                at += 4;
            }
            other => {
                let shown = &other[..other.len().min(8)];
                return Err(format!("unknown at {at}: {shown:02x?}"));
            }
        }
    }
    if strip != Strip::default() {
        strips.push(strip);
    }
    Ok(strips)
}

impl Strip {
    /// As a portable bitmap (PBM, binary).
    pub fn to_pbm(&self) -> Vec<u8> {
        let mut out = format!("P4\n{} {}\n", self.width, self.rows.len()).into_bytes();
        out.extend(self.rows.iter().flatten());
        out
    }

    /// Whether the dot is inked.
    pub fn is_ink(&self, x: usize, y: usize) -> bool {
        self.rows
            .get(y)
            .and_then(|row| row.get(x / 8))
            .is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0)
    }

    /// The codes on it, as zbar reads them.
    pub fn codes(&self) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("strip.pbm");
        fs::write(&file, self.to_pbm()).expect("a file");
        let read = Command::new("zbarimg")
            .args(["--quiet", "--raw"])
            .arg(&file)
            .output();
        let read = read.expect("zbarimg is missing: install the package zbar-tools");
        let text = String::from_utf8_lossy(&read.stdout).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}
