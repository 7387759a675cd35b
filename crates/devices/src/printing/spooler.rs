//! Queues of the Windows spooler, through the `printers` crate: the only edge to the system, and no
//! `unsafe` of ours. Bytes go as they are (`RAW`): ESC/POS to a ticket printer, PDF to a printer
//! that reads PDF itself, which most network printers of offices do.
//!
//! Written and type-checked for Windows; not yet run on one.

use printers::common::base::{
    job::{PrinterJob, PrinterJobOptions, PrinterJobState},
    printer::{Printer, PrinterState as QueueState},
};

use super::{FaultKind, Job, JobState, PrintFault, PrinterInfo, PrinterState, reasons};

/// What the spooler is told about the bytes.
const RAW: &[(&str, &str)] = &[("document-format", "RAW")];

fn queue_of(printer: &str, queue: &str) -> Result<Printer, PrintFault> {
    printers::get_printer_by_name(queue)
        .ok_or_else(|| PrintFault::new(FaultKind::Unknown, printer, "no such queue"))
}

/// The queues of this machine.
pub(super) fn discover() -> Vec<PrinterInfo> {
    let found = printers::get_printers().into_iter();
    found
        .map(|queue| PrinterInfo {
            state: match queue.state {
                QueueState::READY => PrinterState::Idle,
                QueueState::PRINTING => PrinterState::Processing,
                _ => PrinterState::Stopped,
            },
            reasons: match queue.state {
                QueueState::OFFLINE | QueueState::PAUSED => vec![reasons::stopped()],
                _ => Vec::new(),
            },
            accepting: true,
            is_default: queue.is_default,
            media: Vec::new(),
            id: queue.system_name,
            name: queue.name,
        })
        .collect()
}

pub(super) fn submit(printer: &str, queue: &str, job: &Job) -> Result<i32, PrintFault> {
    let queue = queue_of(printer, queue)?;
    let options = PrinterJobOptions {
        name: Some(&job.title),
        raw_properties: RAW,
        ..PrinterJobOptions::none()
    };
    let bytes = job.bytes.repeat(usize::from(job.copies.max(1)));
    let number = queue
        .print(&bytes, options)
        .map_err(|error| PrintFault::new(FaultKind::Rejected, printer, error.message))?;
    i32::try_from(number)
        .map_err(|_| PrintFault::new(FaultKind::Interrupted, printer, "the number of the job"))
}

fn job_of(queue: &Printer, number: i32) -> Option<PrinterJob> {
    let jobs = queue.get_active_jobs().into_iter();
    let mut jobs = jobs.chain(queue.get_job_history());
    jobs.find(|job| i64::try_from(job.id) == Ok(i64::from(number)))
}

pub(super) fn poll(printer: &str, queue: &str, number: i32) -> Result<JobState, PrintFault> {
    let queue = queue_of(printer, queue)?;
    Ok(match job_of(&queue, number).map(|job| job.state) {
        Some(PrinterJobState::PENDING) => JobState::Waiting,
        Some(PrinterJobState::PROCESSING) => JobState::Printing,
        Some(PrinterJobState::PAUSED) => JobState::Stopped {
            reason: reasons::stopped(),
        },
        Some(PrinterJobState::CANCELLED) => JobState::Cancelled,
        Some(PrinterJobState::COMPLETED) => JobState::Done,
        Some(_) => JobState::Unknown,
        // The spooler forgets what it has printed.
        None => JobState::Done,
    })
}

pub(super) fn cancel(printer: &str, queue: &str, number: i32) -> Result<(), PrintFault> {
    let queue = queue_of(printer, queue)?;
    match job_of(&queue, number) {
        Some(job) => queue
            .cancel_job(job.id)
            .map_err(|error| PrintFault::new(FaultKind::Denied, printer, error.message)),
        None => Ok(()),
    }
}
