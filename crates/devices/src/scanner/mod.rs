//! QR scanners on a serial port (USB-COM or RS-232).
//!
//! This is the mode to prefer for citizen cards: the bytes come as they are, in UTF-8, past any
//! keyboard layout and any Vietnamese input method. Each scanner has a thread of its own; what it
//! reads comes out of a channel. A scanner that is unplugged is waited for.

mod ports;
mod split;

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use motcua_domain::{Code, Refusal};
use serialport::SerialPort;

pub use ports::{PortInfo, discover_ports};
use split::Splitter;

/// How long one read may take while nothing is expected; also how long closing may take.
const QUIET_READ: Duration = Duration::from_millis(250);
/// How long one read may take in the middle of a scan.
const BUSY_READ: Duration = Duration::from_millis(25);
/// How often an unplugged scanner is looked for.
const RETRY: Duration = Duration::from_millis(500);

/// What comes from a scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanEvent {
    /// One code, in NFC, without its line ending.
    Scan(String),
    /// Something was read, but it is not text or has no end: the officer must scan again.
    Damaged {
        /// What came, at most 4 KB of it.
        bytes: Vec<u8>,
    },
    /// The scanner is gone; it is being looked for.
    Lost {
        /// For the log.
        reason: String,
    },
    /// The scanner is there again.
    Back,
}

/// The port could not be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "Chưa mở được máy quét ở cổng {port}. Vẫn nhập tay được. Kiểm tra dây cắm và xem phần mềm khác có đang dùng máy quét không."
)]
pub struct ScannerFault {
    /// The port.
    pub port: String,
    /// For the log: what the system said.
    #[source]
    pub source: serialport::Error,
}

impl From<ScannerFault> for Refusal {
    fn from(fault: ScannerFault) -> Self {
        Refusal::new(Code::ScannerFault, fault.to_string())
    }
}

/// An open scanner; closed when dropped.
#[derive(Debug)]
pub struct SerialScanner {
    /// Dropping it tells the thread to end.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SerialScanner {
    /// Opens a port (8N1). The receiver ends when the scanner is dropped.
    ///
    /// # Errors
    /// If the port is not there, in use, or not allowed to this user.
    pub fn open(path: &str, baud: u32) -> Result<(Self, mpsc::Receiver<ScanEvent>), ScannerFault> {
        let fault = |source: serialport::Error| ScannerFault {
            port: path.to_owned(),
            source,
        };
        let port = open_port(path, baud).map_err(fault)?;
        let (events, receiver) = mpsc::channel();
        let (stop, stopped) = mpsc::channel();
        let reader = Reader {
            path: path.to_owned(),
            baud,
            events,
            stopped,
        };
        let thread = thread::Builder::new()
            .name("scanner".to_owned())
            .spawn(move || reader.run(port))
            .map_err(|error| fault(error.into()))?;
        Ok((
            Self {
                stop: Some(stop),
                thread: Some(thread),
            },
            receiver,
        ))
    }
}

impl Drop for SerialScanner {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It can only have ended by a panic, which has been reported already.
            let _ = thread.join();
        }
    }
}

fn open_port(path: &str, baud: u32) -> serialport::Result<Box<dyn SerialPort>> {
    serialport::new(path, baud).timeout(QUIET_READ).open()
}

/// The receiver was dropped or the scanner closed: there is nobody to read for.
struct Closed;

struct Reader {
    path: String,
    baud: u32,
    events: mpsc::Sender<ScanEvent>,
    stopped: mpsc::Receiver<()>,
}

impl Reader {
    fn run(&self, mut port: Box<dyn SerialPort>) {
        loop {
            let Ok(reason) = self.read_until_lost(&mut *port) else {
                return;
            };
            // The dead handle must go first: it can keep the device's old name taken.
            drop(port);
            tracing::warn!(port = %self.path, %reason, "scanner lost");
            if self.emit(ScanEvent::Lost { reason }).is_err() {
                return;
            }
            let Ok(again) = self.wait_for_port() else {
                return;
            };
            port = again;
            if self.emit(ScanEvent::Back).is_err() {
                return;
            }
        }
    }

    fn read_until_lost(&self, port: &mut dyn SerialPort) -> Result<String, Closed> {
        let mut splitter = Splitter::default();
        let mut buffer = [0; 512];
        let mut last_byte = Instant::now();
        let mut busy = false;
        let reason = loop {
            self.still_wanted()?;
            if busy == splitter.is_empty() {
                busy = !busy;
                if let Err(error) = port.set_timeout(if busy { BUSY_READ } else { QUIET_READ }) {
                    break error.to_string();
                }
            }
            match port.read(&mut buffer) {
                Ok(0) => break "the port is closed".to_owned(),
                Ok(read) => {
                    last_byte = Instant::now();
                    for event in splitter.feed(&buffer[..read]) {
                        self.emit(event)?;
                    }
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
                    ) =>
                {
                    if let Some(event) = splitter.idle(last_byte.elapsed()) {
                        self.emit(event)?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error.to_string(),
            }
        };
        if let Some(event) = splitter.cut_off() {
            self.emit(event)?;
        }
        Ok(reason)
    }

    fn wait_for_port(&self) -> Result<Box<dyn SerialPort>, Closed> {
        loop {
            match self.stopped.recv_timeout(RETRY) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Closed),
            }
            if let Ok(port) = open_port(&self.path, self.baud) {
                return Ok(port);
            }
        }
    }

    fn still_wanted(&self) -> Result<(), Closed> {
        match self.stopped.try_recv() {
            Err(mpsc::TryRecvError::Empty) => Ok(()),
            Ok(()) | Err(mpsc::TryRecvError::Disconnected) => Err(Closed),
        }
    }

    fn emit(&self, event: ScanEvent) -> Result<(), Closed> {
        self.events.send(event).map_err(|_| Closed)
    }
}
