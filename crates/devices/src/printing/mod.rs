//! Sends finished documents to printers and says what became of them.
//!
//! Four calls: [`discover`], [`submit`], [`poll`], [`cancel`]. Each has a time limit (connecting
//! at most 2 s, an answer at most 10 s), so that a dead printer becomes a [`PrintFault`] and
//! never a frozen desk. A printer is described by data ([`Printer`]) that settings can keep; a
//! submitted job by a [`JobHandle`] that survives a restart of the app.
//!
//! A further kind of connection is one more variant of [`Connection`] and one more module; the
//! calls stay as they are. The Windows spooler (`spooler`) is there on Windows only.
//!
//! ```no_run
//! use motcua_devices::printing::{CupsServer, Format, Job, Media, discover, poll, submit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pdf = Vec::new();
//! let server = CupsServer::find(None)?;
//! let printer = discover(&server)?.remove(0).printer(&server);
//! let job = Job { title: "H15.50-261123-0001".into(), format: Format::Pdf, media: Media::A5, tray: None, copies: 1, bytes: pdf };
//! let handle = submit(&printer, &job)?;
//! let state = poll(&handle)?;
//! # Ok(()) }
//! ```

mod call;
mod cups;
mod fault;
mod folder;
mod http;
mod net;
mod raw_tcp;
mod reasons;
mod serial;
mod server;
#[cfg(windows)]
mod spooler;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use fault::{FaultKind, PrintFault};
pub use server::CupsServer;

/// A printer as the settings keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printer {
    /// Stable name within this device's settings.
    pub id: String,
    /// What the officer calls it.
    pub name: String,
    /// How to reach it.
    pub connection: Connection,
}

/// How a printer is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Connection {
    /// A queue of a CUPS server.
    Cups {
        /// Name of the queue, as `lpstat -p` shows it.
        queue: String,
        /// Which server; none means the one this machine uses ([`CupsServer::find`]).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server: Option<CupsServer>,
    },
    /// A ticket printer that takes ESC/POS on a TCP port (9100 unless said).
    RawTcp {
        /// `host` or `host:port`.
        address: String,
    },
    /// A ticket printer that takes ESC/POS on a serial port.
    Serial {
        /// `/dev/ttyUSB0`, `COM3`.
        port: String,
        /// Speed.
        baud: u32,
        /// How the printer says that it cannot take more.
        #[serde(default)]
        flow: Flow,
    },
    /// A queue of the Windows spooler; a fault on any other system.
    Spooler {
        /// Name of the queue.
        queue: String,
    },
    /// No printer: documents are written as files into a folder, for training and for desks
    /// whose printer is elsewhere.
    Folder {
        /// The folder; made if absent.
        path: PathBuf,
    },
}

/// How a serial printer says that it cannot take more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Not at all: its buffer is large enough.
    #[default]
    None,
    /// By a wire (RTS/CTS).
    RtsCts,
    /// By characters (XON/XOFF).
    XonXoff,
}

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A PDF document.
    Pdf,
    /// ESC/POS commands, to reach the printer untouched.
    EscPosRaw,
    /// A PNG picture.
    Png,
}

/// What it is to be printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// 148 × 210 mm.
    A5,
    /// 210 × 297 mm.
    A4,
    /// A roll of 80 mm.
    Roll80,
    /// A roll of 58 mm.
    Roll58,
}

/// One document to print.
#[derive(Debug, Clone)]
pub struct Job {
    /// Shown in the printer's queue; becomes the file name in a folder.
    pub title: String,
    /// What the bytes are.
    pub format: Format,
    /// What it is to be printed on.
    pub media: Media,
    /// From which tray, as CUPS names it (`tray-2`); the queue's own choice unless said.
    pub tray: Option<String>,
    /// How many times; 0 counts as 1.
    pub copies: u8,
    /// The document.
    pub bytes: Vec<u8>,
}

/// A submitted job. Keep it to ask again with [`poll`], even after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobHandle {
    /// Where it went.
    pub printer: Printer,
    /// Its number in the queue; none where handing over the bytes is all one can know.
    pub number: Option<i32>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// In the queue, nothing in its way.
    Waiting,
    /// On its way to paper.
    Printing,
    /// CUPS: the printer has taken all of it. TCP and folder: the bytes have been handed over.
    Done,
    /// Kept, but not moving until somebody does what the sentence says.
    Stopped {
        /// Vietnamese, for the officer.
        reason: String,
    },
    /// Cancelled by somebody.
    Cancelled,
    /// Given up by the printing system; nothing more will come.
    Aborted {
        /// Vietnamese, for the officer.
        reason: String,
    },
    /// The printing system no longer remembers this job.
    Unknown,
}

impl JobState {
    /// True if polling again cannot tell anything new.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Done | Self::Cancelled | Self::Aborted { .. } | Self::Unknown => true,
            Self::Waiting | Self::Printing | Self::Stopped { .. } => false,
        }
    }
}

/// What a queue is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterState {
    /// Ready.
    Idle,
    /// Printing something.
    Processing,
    /// Will print nothing until somebody acts.
    Stopped,
}

/// A queue found on a CUPS server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrinterInfo {
    /// Name of the queue.
    pub id: String,
    /// Its description, or its name where it has none.
    pub name: String,
    /// What it is doing.
    pub state: PrinterState,
    /// Vietnamese sentences on what needs attention; empty if nothing does.
    pub reasons: Vec<String>,
    /// False if the queue refuses new jobs.
    pub accepting: bool,
    /// True for the server's default queue.
    pub is_default: bool,
    /// Paper sizes by their IPP names (`iso_a5_148x210mm`).
    pub media: Vec<String>,
}

impl PrinterInfo {
    /// This queue as a printer for the settings.
    pub fn printer(&self, server: &CupsServer) -> Printer {
        Printer {
            id: self.id.clone(),
            name: self.name.clone(),
            connection: Connection::Cups {
                queue: self.id.clone(),
                server: Some(server.clone()),
            },
        }
    }
}

/// The queues of a CUPS server; an empty list if it has none.
///
/// # Errors
/// A fault if the server does not answer in time or refuses.
pub fn discover(server: &CupsServer) -> Result<Vec<PrinterInfo>, PrintFault> {
    cups::discover(server)
}

/// Hands a document to a printer.
///
/// # Errors
/// `PRINTER_UNKNOWN` if the queue does not exist, otherwise `PRINTER_FAULT`. The fault knows
/// whether some of it may be on paper already ([`PrintFault::may_have_printed`]).
pub fn submit(printer: &Printer, job: &Job) -> Result<JobHandle, PrintFault> {
    let number = match &printer.connection {
        Connection::Cups { queue, server } => Some(cups::submit(
            &cups_server(server.as_ref(), &printer.name)?,
            &printer.name,
            queue,
            job,
        )?),
        Connection::RawTcp { address } => {
            raw_tcp::send(&printer.name, address, job)?;
            None
        }
        Connection::Serial { port, baud, flow } => {
            serial::send(&printer.name, port, *baud, *flow, job)?;
            None
        }
        #[cfg(windows)]
        Connection::Spooler { queue } => Some(spooler::submit(&printer.name, queue, job)?),
        #[cfg(not(windows))]
        Connection::Spooler { .. } => return Err(no_spooler(&printer.name)),
        Connection::Folder { path } => {
            folder::save(&printer.name, path, job)?;
            None
        }
    };
    Ok(JobHandle {
        printer: printer.clone(),
        number,
    })
}

/// What became of a job.
///
/// # Errors
/// A fault if the printing system does not answer in time. The job itself may be fine.
pub fn poll(handle: &JobHandle) -> Result<JobState, PrintFault> {
    match (&handle.printer.connection, handle.number) {
        (Connection::Cups { queue, server }, Some(number)) => {
            let name = &handle.printer.name;
            cups::poll(&cups_server(server.as_ref(), name)?, name, queue, number)
        }
        (Connection::Cups { .. } | Connection::Spooler { .. }, None) => Ok(JobState::Unknown),
        #[cfg(windows)]
        (Connection::Spooler { queue }, Some(number)) => {
            spooler::poll(&handle.printer.name, queue, number)
        }
        #[cfg(not(windows))]
        (Connection::Spooler { .. }, Some(_)) => Err(no_spooler(&handle.printer.name)),
        (Connection::RawTcp { .. } | Connection::Serial { .. } | Connection::Folder { .. }, _) => {
            Ok(JobState::Done)
        }
    }
}

/// Takes a job out of the queue. A job that has already ended stays as it is, without error.
///
/// # Errors
/// A fault if the printing system does not answer in time or forbids it.
pub fn cancel(handle: &JobHandle) -> Result<(), PrintFault> {
    match (&handle.printer.connection, handle.number) {
        (Connection::Cups { queue, server }, Some(number)) => {
            let name = &handle.printer.name;
            cups::cancel(&cups_server(server.as_ref(), name)?, name, queue, number)
        }
        (Connection::Cups { .. } | Connection::Spooler { .. }, None) => Ok(()),
        #[cfg(windows)]
        (Connection::Spooler { queue }, Some(number)) => {
            spooler::cancel(&handle.printer.name, queue, number)
        }
        #[cfg(not(windows))]
        (Connection::Spooler { .. }, Some(_)) => Ok(()),
        // The bytes are gone: there is nothing left to take back.
        (Connection::RawTcp { .. } | Connection::Serial { .. } | Connection::Folder { .. }, _) => {
            Ok(())
        }
    }
}

/// The queues of the Windows spooler; none on any other system.
pub fn discover_spooler() -> Vec<PrinterInfo> {
    #[cfg(windows)]
    return spooler::discover();
    #[cfg(not(windows))]
    Vec::new()
}

/// Settings of a Windows machine on another system.
#[cfg(not(windows))]
fn no_spooler(printer: &str) -> PrintFault {
    PrintFault::new(
        FaultKind::Unknown,
        printer,
        "the spooler of Windows is not here",
    )
}

fn cups_server(configured: Option<&CupsServer>, printer: &str) -> Result<CupsServer, PrintFault> {
    match configured {
        Some(server) => Ok(server.clone()),
        None => CupsServer::find(None).map_err(|error| {
            PrintFault::new(FaultKind::ServiceUnreachable, printer, error.to_string())
        }),
    }
}
