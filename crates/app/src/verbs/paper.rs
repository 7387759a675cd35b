//! Papers: rendering them, and handing them to a printer after they were recorded.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_documents::{
    self as documents, Agency, IdKind, PaperRow, RegisterEntry, Standing, TimeLimit,
};
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{CaseEvent, CaseFee, FeeMethod, ReturnMethod, WantedPaper},
    identity::phone,
    visit::{Class, Party, PartyKind, VisitEvent},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::paper::{
        Cancel, Format, Job, JobState, Jobs, PaperKind, Render, Rendered, Retry, Submit,
    },
};
use motcua_store::{
    Read, Write,
    table::{case::CaseRow, print_job::PrintJob},
};
use uuid::Uuid;

use super::{case, case_acts, catalogue, leg, printer, slips};
use crate::{App, Result, print_queue, registry::Ctx, view};

/// A finished paper.
pub(crate) struct Paper {
    pub(crate) title: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
}

/// `document.render`
pub(crate) fn render(app: &App, ctx: &Ctx, args: Render) -> Result<Rendered> {
    let format = args.format.unwrap_or(Format::Pdf);
    let paper = app
        .store
        .read(|read| make(app, &ctx.branch, read, args.kind, args.id, format, None))?;
    let (media_type, ending) = match format {
        Format::Pdf => ("application/pdf", "pdf"),
        Format::Png => ("image/png", "png"),
        Format::Escpos => ("application/octet-stream", "escpos"),
    };
    Ok(Rendered {
        file_name: format!("{}.{ending}", paper.title.replace(['/', '\\', ' '], "-")),
        media_type: media_type.to_owned(),
        content_base64: STANDARD.encode(paper.bytes),
    })
}

/// Makes a paper; `reprinted_ms` marks it as a reprint.
pub(crate) fn make(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    kind: PaperKind,
    id: Uuid,
    format: Format,
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    if kind == PaperKind::Ticket {
        let usual = (format, documents::TICKET_WIDTH);
        return ticket(app, branch, read, id, usual, reprinted_ms);
    }
    if format != Format::Pdf {
        return Err(
            Refusal::new(Code::DocumentUnknown, "Giấy của hồ sơ chỉ có dạng PDF.")
                .at("format")
                .into(),
        );
    }
    if kind == PaperKind::Receipt {
        receipt(app, branch, read, id, reprinted_ms)
    } else {
        slips::make(app, branch, read, kind, id, reprinted_ms)
    }
}

fn id_kind(party: &Party, number: &str) -> IdKind {
    match party.kind {
        PartyKind::Enterprise | PartyKind::HouseholdBusiness => IdKind::Tax,
        PartyKind::Agency => IdKind::Other,
        PartyKind::Individual
            if number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            IdKind::Citizen
        }
        PartyKind::Individual
            if number.len() == 9 && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            IdKind::OldCitizen
        }
        PartyKind::Individual => IdKind::Passport,
    }
}

/// `0912 345 678`: as people read a number aloud.
pub(super) fn spoken_phone(number: &str) -> String {
    match phone::parse(number) {
        Ok(found) if found.value.as_str().len() == 10 => {
            let n = found.value.as_str();
            format!("{} {} {}", &n[..4], &n[4..7], &n[7..])
        }
        _ => number.to_owned(),
    }
}

pub(super) fn party(party: &Party) -> documents::Party {
    documents::Party {
        name: party.name.clone(),
        id: party
            .id_number
            .as_ref()
            .map(|n| (id_kind(party, n), n.clone())),
        address: party.address.clone(),
        phone: party.phone.as_deref().map(spoken_phone),
        email: party.email.clone(),
    }
}

fn fee(fee: &CaseFee) -> documents::Fee {
    match fee.method {
        FeeMethod::Exempt => documents::Fee::Free,
        _ if fee.amount == 0 => documents::Fee::Free,
        FeeMethod::Cash | FeeMethod::Transfer => documents::Fee::Paid(fee.amount),
        FeeMethod::Unpaid => documents::Fee::Due(fee.amount),
    }
}

pub(super) fn agency(branch: &Branch) -> Agency {
    let office = &branch.office;
    Agency {
        parent: Some(office.parent.clone()).filter(|p| !p.is_empty()),
        desk: office.unit.clone(),
        name: office.name.clone(),
        place: office.place.clone(),
        sample: branch.demo,
    }
}

/// `BỘ PHẬN MỘT CỬA` as it stands within a line: Bộ phận một cửa.
pub(super) fn sentence_case(capitals: &str) -> String {
    let mut letters = capitals.to_lowercase();
    if let Some(first) = letters.chars().next() {
        letters.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    letters
}

pub(super) fn due(due_ms: Option<i64>, instant: bool) -> documents::Due {
    match due_ms {
        Some(due) => documents::Due::At(Time::from_ms(due).0),
        None if instant => documents::Due::Immediately,
        None => documents::Due::NoAppointment,
    }
}

pub(super) fn register(row: &CaseRow) -> RegisterEntry {
    let book = row.case.received.book;
    RegisterEntry {
        book: format!("{}", book.year),
        entry: format!("{:04}", book.number),
    }
}

/// Mẫu 01 of a case, as it was received: name, procedure version and form set of that day.
fn receipt(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    id: Uuid,
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    let row = case::find(read, id)?;
    let received = &row.case.received;
    let procedure = read
        .procedure_version(&received.procedure.code, &received.procedure.version)?
        .ok_or_else(|| Refusal::new(Code::ProcedureUnknown, "Không thấy bản danh mục đã dùng khi tiếp nhận hồ sơ này. Mời chạy kiểm tra dữ liệu."))?
        .procedure;
    let promised = row.case.promised();
    let data = documents::Receipt {
        agency: agency(branch),
        number: Some(receipt_number(branch, &row)),
        case_code: received.code.clone(),
        procedure_code: received.procedure.code.clone(),
        procedure_name: received.procedure.name.clone(),
        owner: party(&received.applicant),
        submitter: received.submitter.as_ref().map(party),
        papers: paper_rows(&row, &procedure.papers),
        missing_ground: received.missing_ground.clone(),
        sets: u32::from(received.sets),
        limit: promised.limit.filter(|l| l.value > 0).map(|l| TimeLimit {
            value: l.value,
            unit: catalogue::unit_text(l.unit).to_owned(),
        }),
        // Complete: what the receipt tells is the beginning of the limit (NĐ 309/2026 Điều 8.3).
        received_at: Time::from_ms(promised.from_ms).0,
        due: due(promised.due_ms, received.instant),
        return_at: match received.return_method {
            ReturnMethod::Counter => sentence_case(&branch.office.unit),
            ReturnMethod::Post => {
                let to = received
                    .return_address
                    .as_ref()
                    .or(received.applicant.address.as_ref());
                format!(
                    "Qua dịch vụ bưu chính công ích, địa chỉ {}",
                    to.map_or("đã đăng ký", String::as_str)
                )
            }
            ReturnMethod::Online => "Bản điện tử".to_owned(),
        },
        fee: received.fee.as_ref().map(fee),
        register: Some(register(&row)),
        officer: view::officer_name(branch, promised.officer.unwrap_or(&row.case.officer))
            .to_owned(),
        note: received.notes.clone(),
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
    };
    let forms = app.assets.form_set(app.store.dir(), &received.form_set)?;
    let bytes = documents::receipt(&data, forms, app.assets.fonts(app.store.dir())?)?;
    Ok(Paper {
        title: received.code.clone(),
        bytes,
        format: Format::Pdf,
    })
}

fn receipt_number(branch: &Branch, row: &CaseRow) -> String {
    let number = row.case.received.book.number;
    if branch.office.number_suffix.is_empty() {
        format!("{number:04}")
    } else {
        format!("{number:04}/{}", branch.office.number_suffix)
    }
}

/// Papers received, in the order of the catalogue, with what a supplement brought; required ones
/// that are missing are marked, as long as the dossier was not completed.
fn paper_rows(row: &CaseRow, papers: &[motcua_domain::catalogue::Paper]) -> Vec<PaperRow> {
    let received = &row.case.received;
    let later: Vec<&WantedPaper> = row.case.supplemented().collect();
    let mut rows: Vec<PaperRow> = papers
        .iter()
        .enumerate()
        .filter_map(|(index, paper)| {
            let first = received.papers.iter().find(|p| p.index == index);
            let mut counts = first.map_or([0; 3], |c| [c.originals, c.certified, c.copies]);
            for more in later.iter().filter(|p| p.index == Some(index)) {
                for (sum, count) in counts.iter_mut().zip(more.counts()) {
                    *sum += count;
                }
            }
            let missing = received.missing.contains(&index) && !row.case.is_completed();
            let present = counts.iter().any(|count| *count > 0);
            (present || missing).then(|| paper_row(&paper.name, counts, missing))
        })
        .collect();
    rows.extend(
        later
            .iter()
            .filter(|p| p.index.is_none())
            .map(|p| paper_row(&p.name, p.counts(), false)),
    );
    rows
}

pub(super) fn paper_row(name: &str, counts: [u32; 3], missing: bool) -> PaperRow {
    let [originals, certified, copies] = counts;
    PaperRow {
        name: name.to_owned(),
        originals,
        certified,
        copies,
        missing,
    }
}

/// The queue ticket of a visit. No name and no identity number stand on it.
fn ticket(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    id: Uuid,
    (format, dots): (Format, usize),
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    let visit = leg::find(read, id)?;
    let first = &visit.legs[0];
    let standing = match visit.class {
        Class::Ordinary => Standing::Ordinary,
        Class::Appointment => visit.slot_ms.map_or(Standing::Ordinary, |slot| {
            Standing::Appointment(Time::from_ms(slot).0)
        }),
        Class::Elderly | Class::Disabled | Class::Pregnant | Class::Merit => {
            Standing::Priority(Time::from_ms(first.rank_ms).0)
        }
    };
    let data = documents::Ticket {
        desk: branch.office.unit.clone(),
        office: branch.office.name.to_uppercase(),
        number: visit.label(),
        service: view::service_name(branch, &first.service).to_owned(),
        standing,
        issued_at: Time::from_ms(first.queued_ms).0,
        people_ahead: visit.people_ahead.unwrap_or(0),
        expected: visit.promise(0).map(|p| (p.quote.lo, p.quote.hi)),
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
        note: None,
    };
    let raster = documents::ticket_at(&data, dots, app.assets.fonts(app.store.dir())?)?;
    let bytes = match format {
        Format::Pdf => raster.to_pdf()?,
        Format::Png => raster.to_png(),
        Format::Escpos => raster.to_escpos(),
    };
    Ok(Paper {
        title: visit.label(),
        bytes,
        format,
    })
}

/// `print.submit`: the paper is recorded and kept before any printer is asked.
pub(crate) fn submit(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Submit) -> Result<Job> {
    let printer = match args.printer {
        Some(printer) => Some(print_queue::check_printer(&printer)?),
        None => printer::of_kind(&tx.read(), args.kind)?,
    };
    let now_ms = tx.now_ms();
    let printed_before = match args.kind {
        PaperKind::Ticket => {
            let visit = leg::find(&tx.read(), args.id)?;
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
            visit.ticket_prints > 0
        }
        PaperKind::Test => return Err(slips::not_yet(args.kind).into()),
        kind => {
            let case = case::find(&tx.read(), args.id)?.case;
            let since = case_acts::paper_since(&case, kind).ok_or_else(|| slips::not_yet(kind))?;
            case.prints_since(kind.name(), since) > 0
        }
    };
    // A ticket goes to a thermal printer as raster, and to any other queue as a page.
    let format = match args.kind {
        PaperKind::Ticket if printer.as_deref().is_some_and(print_queue::is_thermal) => {
            Format::Escpos
        }
        _ => Format::Pdf,
    };
    let printed_ms = printed_before.then_some(now_ms);
    let paper = match args.kind {
        PaperKind::Ticket => {
            let profile = printer::profile_of(&tx.read(), printer.as_deref())?;
            let dots = printer::dots(&profile);
            ticket(
                app,
                &ctx.branch,
                &tx.read(),
                args.id,
                (format, dots),
                printed_ms,
            )?
        }
        kind => make(
            app,
            &ctx.branch,
            &tx.read(),
            kind,
            args.id,
            format,
            printed_ms,
        )?,
    };
    let hash = blake3::hash(&paper.bytes).to_hex().to_string();
    let event = match args.kind {
        PaperKind::Ticket => Body::Visit(VisitEvent::TicketPrinted { hash }),
        kind => Body::Case(CaseEvent::DocumentPrinted {
            document: kind.name().to_owned(),
            hash,
        }),
    };
    tx.append(args.id, &event)?;
    let job = PrintJob {
        id: Uuid::now_v7(),
        kind: args.kind.name().to_owned(),
        entity: args.id,
        title: paper.title,
        format: if paper.format == Format::Escpos {
            "escpos"
        } else {
            "pdf"
        }
        .to_owned(),
        reprint: printed_before,
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
    };
    tx.add_print_job(&job, &paper.bytes)?;
    job_view(&job)
}

fn kind_of(job: &PrintJob) -> PaperKind {
    PaperKind::from_name(&job.kind).unwrap_or(PaperKind::Receipt)
}

pub(crate) fn job_view(job: &PrintJob) -> Result<Job> {
    Ok(Job {
        job_id: job.id,
        kind: kind_of(job),
        id: job.entity,
        title: job.title.clone(),
        printer: job.printer.clone(),
        state: match job.state.as_str() {
            "queued" => JobState::Queued,
            "sent" => JobState::Sent,
            "printing" => JobState::Printing,
            "done" => JobState::Done,
            "cancelled" => JobState::Cancelled,
            _ => JobState::Failed,
        },
        message: job.message.clone(),
        reprint: job.reprint,
        tries: job.tries,
        created_at: Time::from_ms(job.created_ms),
        changed_at: Time::from_ms(job.changed_ms),
    })
}

/// `print.jobs`
pub(crate) fn jobs(app: &App, _ctx: &Ctx, _args: Jobs) -> Result<Vec<Job>> {
    app.store
        .read(|read| read.print_jobs(50)?.iter().map(job_view).collect())
}

fn job(read: &Read<'_>, id: Uuid) -> Result<PrintJob> {
    read.print_job(id)?.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không thấy lệnh in này. Mời in lại từ hồ sơ.",
        )
        .at("job_id")
        .into()
    })
}

/// `print.retry`
pub(crate) fn retry(_app: &App, _ctx: &Ctx, tx: &mut Write<'_>, args: Retry) -> Result<Job> {
    let mut job = job(&tx.read(), args.job_id)?;
    if matches!(job.state.as_str(), "done" | "cancelled") {
        return Err(Refusal::new(
            Code::CaseStatus,
            "Lệnh in này đã xong. Mời chọn In lại để in bản có ghi BẢN IN LẠI.",
        )
        .at("job_id")
        .into());
    }
    if let Some(printer) = args.printer {
        job.printer = Some(print_queue::check_printer(&printer)?);
    } else if job.printer.is_none() {
        job.printer = printer::of_kind(&tx.read(), kind_of(&job))?;
    }
    if job.printer.is_none() {
        return Err(Refusal::new(Code::PrinterUnknown, print_queue::NO_PRINTER)
            .at("printer")
            .into());
    }
    job.state = "queued".to_owned();
    job.message = None;
    job.handle = None;
    job.changed_ms = tx.now_ms();
    tx.update_print_job(&job)?;
    job_view(&job)
}

/// `print.cancel`
pub(crate) fn cancel(_app: &App, _ctx: &Ctx, tx: &mut Write<'_>, args: Cancel) -> Result<Job> {
    let mut job = job(&tx.read(), args.job_id)?;
    if job.state == "done" {
        return Err(
            Refusal::new(Code::CaseStatus, "Giấy đã in xong nên không hủy được.")
                .at("job_id")
                .into(),
        );
    }
    job.state = "cancelled".to_owned();
    job.changed_ms = tx.now_ms();
    tx.update_print_job(&job)?;
    job_view(&job)
}
