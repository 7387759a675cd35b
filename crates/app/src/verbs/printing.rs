//! Printing: a paper is made and recorded, then kept for its printer; one, or one of many cases.

use motcua_domain::{Code, Refusal, branch::Branch, case::CaseEvent, visit::VisitEvent};
use motcua_protocol::{
    event::Body,
    verbs::paper::{Batch, BatchAnswer, Format, Job, PaperKind, PassedOver, Submit},
};
use motcua_store::{Read, Write, table::print_job::PrintJob};
use uuid::Uuid;

use super::{
    booking, case, case_lists, dossier, leg,
    paper::{Paper, Which, make, strip},
    print_jobs::job_view,
    print_state, printer, slips,
};
use crate::{App, Result, print_queue, registry::Ctx};

/// A paper that is made and recorded, on its way to a printer.
pub(crate) struct Kept {
    pub(crate) kind: PaperKind,
    pub(crate) entity: Uuid,
    /// Which of several of that kind.
    pub(crate) part: Option<u32>,
    pub(crate) title: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
    pub(crate) reprint: bool,
}

/// The printer that was asked for, or the usual one of that kind, if there is one.
pub(crate) fn printer_for(
    read: &Read<'_>,
    kind: PaperKind,
    asked: Option<&str>,
) -> Result<Option<String>> {
    match asked {
        Some(printer) => print_queue::check_printer(printer).map(Some),
        None => printer::of_kind(read, kind),
    }
}

/// Keeps a recorded paper for its printer; without one it waits until somebody names one.
pub(crate) fn keep(tx: &mut Write<'_>, kept: Kept, printer: Option<String>) -> Result<Job> {
    let now_ms = tx.now_ms();
    let job = PrintJob {
        id: Uuid::now_v7(),
        kind: kept.kind.name().to_owned(),
        entity: kept.entity,
        part: kept.part,
        title: kept.title,
        format: kept.format.name().to_owned(),
        reprint: kept.reprint,
        message: printer
            .is_none()
            .then(|| print_queue::NO_PRINTER.to_owned()),
        state: if printer.is_some() {
            "queued"
        } else {
            "failed"
        }
        .to_owned(),
        printer,
        handle: None,
        tries: 0,
        created_ms: now_ms,
        changed_ms: now_ms,
        unheard: false,
    };
    tx.add_print_job(&job, &kept.bytes)?;
    Ok(job_view(&job))
}

/// What records another print of a paper.
struct Record {
    /// It was printed before, as it is now.
    reprint: bool,
    /// Which it is, where the case has several of that kind.
    part: Option<u32>,
    events: Box<dyn Fn(String) -> Vec<(Uuid, Body)>>,
}

fn record(read: &Read<'_>, which: Which) -> Result<Record> {
    let Which { kind, id, part } = which;
    match kind {
        PaperKind::Ticket => {
            let visit = leg::find(read, id)?;
            if visit.ticket.as_ref().is_some_and(|t| t.paper) {
                return Err(Refusal::new(
                    Code::DocumentUnknown,
                    format!(
                        "Số {} nằm trên phiếu xé từ cuộn giấy nên không in phiếu. Số vẫn ở trong hàng.",
                        visit.label()
                    ),
                )
                .at("id")
                .into());
            }
            Ok(Record {
                reprint: visit.ticket_prints > 0,
                part: None,
                events: Box::new(move |hash| {
                    vec![(id, Body::Visit(VisitEvent::TicketPrinted { hash }))]
                }),
            })
        }
        PaperKind::Appointment => {
            let visit = booking::printable(read, id)?;
            Ok(Record {
                reprint: visit.slip_prints > 0,
                part: None,
                events: Box::new(move |hash| {
                    vec![(id, Body::Visit(VisitEvent::AppointmentPrinted { hash }))]
                }),
            })
        }
        // It is asked for by `printer.test` and belongs to nobody.
        PaperKind::Test => Err(slips::not_yet(kind).into()),
        PaperKind::DossierRefusal | PaperKind::DossierSupplement => {
            let (part, refused) = dossier::turned_away(read, which)?;
            Ok(Record {
                reprint: refused.prints > 0,
                part: Some(part),
                events: Box::new(move |hash| {
                    let printed = VisitEvent::RefusalPrinted { part, hash };
                    vec![(id, Body::Visit(printed))]
                }),
            })
        }
        kind => {
            let row = case::find(read, id)?;
            let paper =
                print_state::of(read, &row, kind, part)?.ok_or_else(|| slips::not_yet(kind))?;
            let (reprint, part) = (paper.prints > 0, paper.part);
            let events = move |hash: String| {
                let printed = |id: &Uuid| {
                    let printed = CaseEvent::DocumentPrinted {
                        document: paper.document.clone(),
                        hash: hash.clone(),
                    };
                    (*id, Body::Case(printed))
                };
                paper.cases.iter().map(printed).collect()
            };
            Ok(Record {
                reprint,
                part,
                events: Box::new(events),
            })
        }
    }
}

/// A paper as it would go to its printer now.
pub(super) struct Ready {
    pub(super) paper: Paper,
    /// Marked as a reprint.
    pub(super) reprint: bool,
}

/// Makes a paper as it is printed: a reprint where it was printed as it is now, a strip as wide as
/// the head of its printer.
pub(super) fn ready(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    which: Which,
    (printer, format): (Option<&str>, Format),
    (reprint, now_ms): (bool, i64),
) -> Result<Ready> {
    let reprinted_ms = reprint.then_some(now_ms);
    let Which { kind, id, .. } = which;
    let paper = if kind.is_strip() {
        let profile = printer::profile_of(read, printer)?;
        let drawn = (format, printer::dots(&profile));
        strip(app, branch, read, (kind, id), drawn, reprinted_ms)?
    } else {
        make(app, branch, read, which, format, reprinted_ms)?
    };
    Ok(Ready { paper, reprint })
}

/// Makes a kept paper fit the printer that it goes to now. A strip is drawn anew, as wide as that
/// printer's head or as a page; the record of its print stands. A page is nothing for a roll.
pub(super) fn fit(
    app: &App,
    branch: &Branch,
    tx: &Write<'_>,
    job: &mut PrintJob,
    kind: PaperKind,
    printer: &str,
) -> Result<()> {
    if !kind.is_strip() {
        let drawn_for_rolls = job.format == Format::Escpos.name();
        if print_queue::is_thermal(printer) == drawn_for_rolls {
            return Ok(());
        }
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            if kind == PaperKind::Test {
                "Trang in thử này vẽ cho máy in khác loại. Lệnh in vẫn còn. Mời in thử ngay từ máy in cần thử."
            } else {
                "Giấy này là trang A4 hoặc A5 nên máy in cuộn không in được. Lệnh in vẫn còn. Mời chọn máy in trang."
            },
        )
        .at("printer")
        .into());
    }
    let format = format_for(kind, Some(printer));
    let which = Which {
        kind,
        id: job.entity,
        part: job.part,
    };
    let how = (Some(printer), format);
    let made = ready(
        app,
        branch,
        &tx.read(),
        which,
        how,
        (job.reprint, job.created_ms),
    )?;
    job.format = format.name().to_owned();
    tx.redraw_print_job(job, &made.paper.bytes)
}

/// A strip goes to a thermal printer as raster, and whatever else there is as a page.
fn format_for(kind: PaperKind, printer: Option<&str>) -> Format {
    if kind.is_strip() && printer.is_some_and(print_queue::is_thermal) {
        Format::Escpos
    } else {
        Format::Pdf
    }
}

/// The same to be looked at: always as pages, and nothing is recorded.
pub(super) fn to_look_at(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    which: Which,
    (asked, now_ms): (Option<&str>, i64),
) -> Result<Ready> {
    let printer = printer_for(read, which.kind, asked)?;
    let reprint = record(read, which)?.reprint;
    let how = (printer.as_deref(), Format::Pdf);
    ready(app, branch, read, which, how, (reprint, now_ms))
}

/// `print.submit`: the paper is recorded and kept before any printer is asked.
pub(crate) fn submit(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Submit) -> Result<Job> {
    let Submit {
        kind,
        id,
        part,
        printer,
    } = args;
    let which = Which { kind, id, part };
    let printer = printer_for(&tx.read(), kind, printer.as_deref())?;
    let Record {
        reprint,
        part,
        events,
    } = record(&tx.read(), which)?;
    let format = format_for(kind, printer.as_deref());
    let (now_ms, how) = (tx.now_ms(), (printer.as_deref(), format));
    let made = ready(app, &ctx.branch, &tx.read(), which, how, (reprint, now_ms))?;
    let paper = made.paper;
    let hash = blake3::hash(&paper.bytes).to_hex().to_string();
    for (entity, event) in events(hash) {
        tx.append(entity, &event)?;
    }
    let kept = Kept {
        kind,
        entity: id,
        part,
        title: paper.title,
        format: paper.format,
        bytes: paper.bytes,
        reprint,
    };
    keep(tx, kept, printer)
}

/// `print.batch`
pub(crate) fn batch(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Batch) -> Result<BatchAnswer> {
    if args.ids.is_empty() || args.ids.len() > case_lists::MOST {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!(
                "Một lần in từ 1 đến {} giấy. Mời chọn lại.",
                case_lists::MOST
            ),
        )
        .at("ids")
        .into());
    }
    let mut answer = BatchAnswer {
        jobs: Vec::with_capacity(args.ids.len()),
        skipped: Vec::new(),
    };
    for id in args.ids {
        let one = Submit {
            kind: args.kind,
            id,
            part: None,
            printer: args.printer.clone(),
        };
        match submit(app, ctx, tx, one) {
            Ok(job) => answer.jobs.push(job),
            // Nothing was written for it yet; the others go on.
            Err(error) if matches!(error.code(), Code::DocumentUnknown | Code::NotFound) => {
                answer.skipped.push(PassedOver {
                    id,
                    why: Refusal::from(error).message,
                });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}
