//! CUPS, spoken to in IPP 2.0 (RFC 8010, RFC 8011, and the CUPS extensions).

use ipp::attribute::IppAttributeGroup;
use ipp::model::{DelimiterTag, Operation, StatusCode};
use ipp::parser::IppParseError;
use ipp::value::{IppName, IppValue};

use super::call::{Call, integer, keywords, name, strings};
use super::reasons::{self, Weight};
use super::{
    CupsServer, FaultKind, Format, Job, JobState, Media, PrintFault, PrinterInfo, PrinterState,
};

/// `printer-type` bit of the default destination (CUPS: `CUPS_PRINTER_DEFAULT`).
const DEFAULT_BIT: i32 = 0x2_0000;
const PRINTER_ATTRIBUTES: [&str; 7] = [
    "printer-name",
    "printer-info",
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-type",
    "media-supported",
];

pub(super) fn discover(server: &CupsServer) -> Result<Vec<PrinterInfo>, PrintFault> {
    let call = Call {
        server,
        printer: "",
        queue: None,
    };
    let request = call.request(Operation::CupsGetPrinters, |request| {
        request.operation("requested-attributes", keywords(&PRINTER_ATTRIBUTES)?);
        Ok(())
    })?;
    match call.send(&request, "/", &[]) {
        Ok(answer) => Ok(answer
            .groups_of(DelimiterTag::PrinterAttributes)
            .filter_map(printer_info)
            .collect()),
        // CUPS says "not found" when it has no queue at all.
        Err(fault) if fault.kind == FaultKind::Unknown => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

pub(super) fn submit(
    server: &CupsServer,
    printer: &str,
    queue: &str,
    job: &Job,
) -> Result<i32, PrintFault> {
    let call = Call {
        server,
        printer,
        queue: Some(queue),
    };
    let request = call.request(Operation::PrintJob, |request| {
        request.operation(
            "job-name",
            IppValue::new_name_without_language(name(&job.title))?,
        );
        request.operation(
            "document-format",
            IppValue::new_mime_media_type(mime(job.format))?,
        );
        if job.format != Format::EscPosRaw {
            request.job("copies", IppValue::Integer(i32::from(job.copies.max(1))));
            // Two copies of a receipt are two sheets: one goes home with the citizen.
            request.job("sides", IppValue::new_keyword("one-sided")?);
            match media(job.media) {
                // Drawn to size: scaled down, the fixed margins and the barcode would be wrong.
                Some(media) => {
                    match &job.tray {
                        // A collection takes the place of the plain size (RFC 8011, PWG 5100.7).
                        Some(tray) => request.job("media-col", from_tray(job.media, tray)?),
                        None => request.job("media", IppValue::new_keyword(media)?),
                    }
                    request.job("print-scaling", IppValue::new_keyword("none")?);
                }
                // Every driver names its rolls differently; the queue's own default is the roll.
                None => request.job("print-scaling", IppValue::new_keyword("fit")?),
            }
        }
        Ok(())
    })?;
    // Raw bytes are repeated here, as CUPS does not count copies of what it does not understand.
    let bytes = match job.format {
        Format::EscPosRaw => job.bytes.repeat(usize::from(job.copies.max(1))),
        Format::Pdf | Format::Png => job.bytes.clone(),
    };
    let answer = call.send(&request, &call.path(), &bytes)?;
    integer(answer.first_of(DelimiterTag::JobAttributes), "job-id")
        .ok_or_else(|| call.fault(FaultKind::Interrupted, "the answer names no job"))
}

pub(super) fn poll(
    server: &CupsServer,
    printer: &str,
    queue: &str,
    number: i32,
) -> Result<JobState, PrintFault> {
    let call = Call {
        server,
        printer,
        queue: Some(queue),
    };
    let request = call.request(Operation::GetJobAttributes, |request| {
        request.operation("job-id", IppValue::Integer(number));
        request.operation(
            "requested-attributes",
            keywords(&["job-state", "job-state-reasons"])?,
        );
        Ok(())
    })?;
    let answer = match call.send(&request, &call.path(), &[]) {
        Ok(answer) => answer,
        Err(fault) if fault.kind == FaultKind::Unknown => return Ok(JobState::Unknown),
        Err(fault) => return Err(fault),
    };
    let group = answer.first_of(DelimiterTag::JobAttributes);
    let job_reasons = strings(group, "job-state-reasons");
    // Numbers of `job-state`: RFC 8011 §5.3.7.
    Ok(match integer(group, "job-state") {
        Some(3) => {
            obstacle(&call)?.map_or(JobState::Waiting, |reason| JobState::Stopped { reason })
        }
        Some(4) => JobState::Stopped {
            reason: reasons::held(&job_reasons),
        },
        Some(5) => {
            obstacle(&call)?.map_or(JobState::Printing, |reason| JobState::Stopped { reason })
        }
        Some(6) => JobState::Stopped {
            reason: obstacle(&call)?.unwrap_or_else(reasons::stopped),
        },
        Some(7) => JobState::Cancelled,
        Some(8) => JobState::Aborted {
            reason: reasons::aborted(&job_reasons),
        },
        Some(9) => JobState::Done,
        _ => JobState::Unknown,
    })
}

pub(super) fn cancel(
    server: &CupsServer,
    printer: &str,
    queue: &str,
    number: i32,
) -> Result<(), PrintFault> {
    let call = Call {
        server,
        printer,
        queue: Some(queue),
    };
    let request = call.request(Operation::CancelJob, |request| {
        request.operation("job-id", IppValue::Integer(number));
        Ok(())
    })?;
    match call.exchange(&request, &call.path(), &[])? {
        // "Not possible": it has ended already. "Not found": it has ended long ago.
        (StatusCode::ClientErrorNotPossible | StatusCode::ClientErrorNotFound, _) => Ok(()),
        (status, _) => call.check(status),
    }
}

/// What keeps the queue from printing, if anything does.
fn obstacle(call: &Call<'_>) -> Result<Option<String>, PrintFault> {
    let request = call.request(Operation::GetPrinterAttributes, |request| {
        let wanted = [
            "printer-state",
            "printer-state-reasons",
            "printer-state-message",
        ];
        request.operation("requested-attributes", keywords(&wanted)?);
        Ok(())
    })?;
    let answer = call.send(&request, &call.path(), &[])?;
    let group = answer.first_of(DelimiterTag::PrinterAttributes);
    let stops =
        |(weight, sentence): (Weight, String)| (weight == Weight::Stops).then_some(sentence);
    let named = strings(group, "printer-state-reasons")
        .into_iter()
        .filter_map(reasons::of_printer)
        .find_map(stops);
    Ok(named.or_else(|| match printer_state(group) {
        PrinterState::Stopped => Some(reasons::stopped()),
        PrinterState::Processing => strings(group, "printer-state-message")
            .into_iter()
            .find_map(reasons::of_message),
        // The text of an idle queue is about a job that is over.
        PrinterState::Idle => None,
    }))
}

fn printer_info(group: &IppAttributeGroup) -> Option<PrinterInfo> {
    let id = *strings(Some(group), "printer-name").first()?;
    let info = strings(Some(group), "printer-info")
        .first()
        .copied()
        .filter(|info| !info.trim().is_empty());
    let boolean = |name: &str| {
        group
            .get(name)
            .and_then(|attribute| attribute.value().as_boolean().copied())
    };
    Some(PrinterInfo {
        id: id.to_owned(),
        name: info.unwrap_or(id).to_owned(),
        state: printer_state(Some(group)),
        reasons: strings(Some(group), "printer-state-reasons")
            .into_iter()
            .filter_map(reasons::of_printer)
            .map(|(_, sentence)| sentence)
            .collect(),
        accepting: boolean("printer-is-accepting-jobs").unwrap_or(true),
        is_default: integer(Some(group), "printer-type")
            .is_some_and(|bits| bits & DEFAULT_BIT != 0),
        media: strings(Some(group), "media-supported")
            .into_iter()
            .map(str::to_owned)
            .collect(),
    })
}

fn printer_state(group: Option<&IppAttributeGroup>) -> PrinterState {
    // RFC 8011 §5.4.11.
    match integer(group, "printer-state") {
        Some(5) => PrinterState::Stopped,
        Some(4) => PrinterState::Processing,
        _ => PrinterState::Idle,
    }
}

fn mime(format: Format) -> &'static str {
    match format {
        Format::Pdf => "application/pdf",
        Format::EscPosRaw => "application/vnd.cups-raw",
        Format::Png => "image/png",
    }
}

/// Self-describing names of PWG 5101.1.
fn media(media: Media) -> Option<&'static str> {
    match media {
        Media::A5 => Some("iso_a5_148x210mm"),
        Media::A4 => Some("iso_a4_210x297mm"),
        Media::Roll80 | Media::Roll58 => None,
    }
}

/// That size out of that tray (RFC 8011 §5.1.19, PWG 5100.7); sizes are hundredths of a millimetre.
fn from_tray(media: Media, tray: &str) -> Result<IppValue, IppParseError> {
    let (width, height) = match media {
        Media::A4 => (21_000, 29_700),
        Media::A5 | Media::Roll80 | Media::Roll58 => (14_800, 21_000),
    };
    let collection = |members: [(&str, IppValue); 2]| {
        let members = members.into_iter();
        members
            .map(|(name, value)| Ok((IppName::new(name)?, value)))
            .collect::<Result<_, IppParseError>>()
            .map(IppValue::Collection)
    };
    let size = collection([
        ("x-dimension", IppValue::Integer(width)),
        ("y-dimension", IppValue::Integer(height)),
    ])?;
    collection([
        ("media-size", size),
        ("media-source", IppValue::new_keyword(tray)?),
    ])
}
