//! Papers: rendering them, and handing them to a printer after they were recorded.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_devices::printing::{self, CupsServer};
use motcua_documents::{
    self as documents, Agency, IdKind, PaperRow, RegisterEntry, Standing, TimeLimit,
};
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{Case, CaseEvent, CaseFee, FeeMethod, ReturnMethod, WantedPaper},
    identity::phone,
    text::{self, limit},
    visit::{Class, Party, PartyKind, VisitEvent},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::paper::{
        Assign, Cancel, Format, Job, JobState, Jobs, PaperKind, Printer, Printers, PrintersAnswer,
        Render, Rendered, Retry, Submit,
    },
};
use motcua_store::{
    Read, Write,
    table::{case::CaseRow, print_job::PrintJob},
};
use uuid::Uuid;

use super::{case, case_acts, catalogue, leg, slips};
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
        return ticket(app, branch, read, id, format, reprinted_ms);
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

/// The entry in the register; dots to write on while the code is provisional.
pub(super) fn register(row: &CaseRow) -> Option<RegisterEntry> {
    row.case.book().map(|book| RegisterEntry {
        book: format!("{}", book.year),
        entry: format!("{:04}", book.number),
    })
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
        number: receipt_number(branch, &row),
        case_code: row.case.code().to_owned(),
        code_note: code_note(&row.case),
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
        register: register(&row),
        officer: view::officer_name(branch, promised.officer.unwrap_or(&row.case.officer))
            .to_owned(),
        note: received.notes.clone(),
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
    };
    let forms = app.assets.form_set(app.store.dir(), &received.form_set)?;
    let bytes = documents::receipt(&data, forms, app.assets.fonts(app.store.dir())?)?;
    Ok(Paper {
        title: row.case.code().to_owned(),
        bytes,
        format: Format::Pdf,
    })
}

/// None while the code is provisional: the number is that of the register.
fn receipt_number(branch: &Branch, row: &CaseRow) -> Option<String> {
    let number = row.case.book()?.number;
    Some(if branch.office.number_suffix.is_empty() {
        format!("{number:04}")
    } else {
        format!("{number:04}/{}", branch.office.number_suffix)
    })
}

/// What the receipt says of its code on its face, where that is or was provisional.
fn code_note(case: &Case) -> Option<String> {
    if case.is_provisional() {
        return Some("MÃ TẠM: mã hồ sơ chính thức sẽ được cấp sau. Giấy này có giá trị như giấy mang mã chính thức; tra cứu được bằng cả hai mã.".to_owned());
    }
    (case.received.provisional).then(|| {
        format!(
            "Mã này thay mã tạm {} trên giấy đã cấp.",
            case.received.code
        )
    })
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
    format: Format,
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
    let raster = documents::ticket(&data, app.assets.fonts(app.store.dir())?)?;
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

/// Setting that names the printer of a kind of paper.
fn setting(kind: PaperKind) -> String {
    format!("printer.{}", kind.printed_as().name())
}

/// `print.submit`: the paper is recorded and kept before any printer is asked.
pub(crate) fn submit(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Submit) -> Result<Job> {
    let printer = match args.printer {
        Some(printer) => Some(print_queue::check_printer(&printer)?),
        None => tx.read().setting(&setting(args.kind))?,
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
    let paper = make(
        app,
        &ctx.branch,
        &tx.read(),
        args.kind,
        args.id,
        format,
        printed_before.then_some(now_ms),
    )?;
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
        job.printer = tx.read().setting(&setting(kind_of(&job)))?;
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

/// `printer.list`
pub(crate) fn printers(app: &App, _ctx: &Ctx, _args: Printers) -> Result<PrintersAnswer> {
    let (receipt, ticket) = app.store.read(|read| {
        Ok((
            read.setting(&setting(PaperKind::Receipt))?,
            read.setting(&setting(PaperKind::Ticket))?,
        ))
    })?;
    let found = CupsServer::find(app.settings.cups.as_deref())
        .map_err(|e| e.to_string())
        .and_then(|server| {
            printing::discover(&server).map_err(|fault| Refusal::from(fault).message)
        });
    let (mut printers, problem) = match found {
        Ok(found) => (
            found
                .into_iter()
                .map(|p| Printer {
                    id: format!("cups:{}", p.id),
                    ready: p.accepting && p.state != printing::PrinterState::Stopped,
                    message: (!p.reasons.is_empty()).then(|| p.reasons.join(" ")),
                    name: p.name,
                })
                .collect(),
            None,
        ),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    // Printers that were named by hand are not found on any server.
    for chosen in [&receipt, &ticket].into_iter().flatten() {
        if !printers.iter().any(|p: &Printer| p.id == *chosen) {
            printers.push(Printer {
                id: chosen.clone(),
                name: print_queue::name_of(chosen),
                ready: !chosen.starts_with("cups:"),
                message: chosen
                    .starts_with("cups:")
                    .then(|| "Không thấy máy in này lúc này.".to_owned()),
            });
        }
    }
    Ok(PrintersAnswer {
        printers,
        receipt,
        ticket,
        problem,
    })
}

/// `printer.assign`
pub(crate) fn assign(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Assign,
) -> Result<PrintersAnswer> {
    let printer = match args.printer {
        Some(printer) => Some(print_queue::check_printer(
            &text::required(&printer, limit::NAME).map_err(|r| r.at("printer"))?,
        )?),
        None => None,
    };
    tx.set_setting(&setting(args.kind), printer.as_deref())?;
    let read = tx.read();
    let (receipt, ticket) = (
        read.setting(&setting(PaperKind::Receipt))?,
        read.setting(&setting(PaperKind::Ticket))?,
    );
    // The network is not asked inside a transaction; the screen lists the printers anew.
    Ok(PrintersAnswer {
        printers: Vec::new(),
        receipt,
        ticket,
        problem: None,
    })
}
