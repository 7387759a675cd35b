//! What the serial scanner reads, handed to every screen. A scanner that is not plugged in yet
//! is waited for.

use std::{sync::Arc, thread, time::Duration};

use motcua_devices::scanner::{ScanEvent, SerialScanner};
use serde::Serialize;

use crate::App;

/// How long until an absent scanner is looked for again.
const RETRY: Duration = Duration::from_secs(2);
/// Speed of a scanner that says nothing else; USB scanners ignore it.
const BAUD: u32 = 9600;

/// Something was scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Scan {
    /// A text.
    Scan {
        /// As read, NFC.
        text: String,
    },
    /// Something that is no text: to be scanned again.
    Damaged,
}

/// Reads `PORT` or `PORT@BAUD` until the application ends.
pub(crate) fn start(app: &Arc<App>, port: String) {
    let weak = Arc::downgrade(app);
    let (path, baud) = match port.rsplit_once('@') {
        Some((path, baud)) => (path.to_owned(), baud.parse().unwrap_or(BAUD)),
        None => (port, BAUD),
    };
    thread::spawn(move || {
        while weak.strong_count() > 0 {
            match SerialScanner::open(&path, baud) {
                Ok((_scanner, events)) => {
                    for event in events {
                        let Some(app) = weak.upgrade() else { return };
                        match event {
                            ScanEvent::Scan(text) => app.scans.tell(&Scan::Scan { text }),
                            ScanEvent::Damaged { .. } => app.scans.tell(&Scan::Damaged),
                            ScanEvent::Lost { reason } => tracing::warn!(reason, "scanner lost"),
                            ScanEvent::Back => tracing::info!("scanner back"),
                        }
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "scanner not there yet");
                    thread::sleep(RETRY);
                }
            }
        }
    });
}
