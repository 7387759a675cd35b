//! Papers: rendering them, print jobs and printers (`printing` records what is printed).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_documents::{
    self as documents, Agency, IdKind, PaperRow, RegisterEntry, Standing, TimeLimit,
};
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{BookEntry, Case, ReturnMethod},
    identity::phone,
    visit::{Class, Party, PartyKind, booking_code},
};
use motcua_protocol::{
    Time,
    verbs::paper::{Format, PaperKind, Render, Rendered},
};
use motcua_store::{Read, table::case::CaseRow};
use uuid::Uuid;

use super::{booking, case, catalogue, dossier, leg, slips};
use crate::{App, Result, registry::Ctx, view};

/// A finished paper.
pub(crate) struct Paper {
    pub(crate) title: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
}

/// `document.render`
pub(crate) fn render(app: &App, ctx: &Ctx, args: Render) -> Result<Rendered> {
    let format = args.format.unwrap_or(Format::Pdf);
    let paper = app.store.read(|read| {
        let which = Which {
            kind: args.kind,
            id: args.id,
            part: args.part,
        };
        make(app, &ctx.branch, read, which, format, None)
    })?;
    let media_type = match format {
        Format::Pdf => "application/pdf",
        Format::Png => "image/png",
        Format::Escpos => "application/octet-stream",
    };
    let ending = format.name();
    Ok(Rendered {
        file_name: format!("{}.{ending}", paper.title.replace(['/', '\\', ' '], "-")),
        media_type: media_type.to_owned(),
        content_base64: STANDARD.encode(paper.bytes),
    })
}

/// Which paper: its kind, the case or visit, and which of several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Which {
    pub(crate) kind: PaperKind,
    pub(crate) id: Uuid,
    pub(crate) part: Option<u32>,
}

/// Makes a paper; `reprinted_ms` marks it as a reprint.
pub(crate) fn make(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    which: Which,
    format: Format,
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    let Which { kind, id, .. } = which;
    if kind.is_strip() {
        let usual = (format, documents::TICKET_WIDTH);
        return strip(app, branch, read, (kind, id), usual, reprinted_ms);
    }
    if format != Format::Pdf {
        return Err(
            Refusal::new(Code::DocumentUnknown, "Giấy của hồ sơ chỉ có dạng PDF.")
                .at("format")
                .into(),
        );
    }
    match kind {
        PaperKind::Receipt => receipt(app, branch, read, id, reprinted_ms),
        PaperKind::DossierRefusal | PaperKind::DossierSupplement => {
            dossier::dossier_paper(app, branch, read, which, reprinted_ms)
        }
        _ => slips::make(app, branch, read, which, reprinted_ms),
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

/// `0912 345 678`, `024 3825 1234`: as people read a number aloud.
pub(super) fn spoken_phone(number: &str) -> String {
    let Ok(found) = phone::parse(number) else {
        return number.to_owned();
    };
    let n = found.value.as_str();
    match (n.len(), n.starts_with("02")) {
        (10, false) => format!("{} {} {}", &n[..4], &n[4..7], &n[7..]),
        // Two cities have codes of three digits, everybody else of four.
        (11, true) if n.starts_with("024") || n.starts_with("028") => {
            format!("{} {} {}", &n[..3], &n[3..7], &n[7..])
        }
        (11, true) => format!("{} {} {}", &n[..4], &n[4..8], &n[8..]),
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
        representative: (party.representative.clone())
            .filter(|_| party.kind != PartyKind::Individual),
    }
}

/// What the receipt says of fees, as it stands now: a payment that was taken back does not stand
/// there as paid.
fn fee(case: &Case) -> Option<documents::Fee> {
    let money = case.money();
    let told = case.received.fee.is_some() || case.acts.iter().any(|act| act.event.is_fee());
    told.then_some(if money.charged == 0 {
        documents::Fee::Free(money.ground)
    } else if money.due == 0 {
        documents::Fee::Paid(money.charged)
    } else if money.due < money.charged {
        documents::Fee::Partly {
            charged: money.charged,
            due: money.due,
        }
    } else {
        documents::Fee::Due(money.due)
    })
}

/// A running number as papers have it.
pub(super) fn running(entry: BookEntry) -> String {
    format!("{:04}", entry.number)
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

pub(super) fn due(case: &Case, due_ms: Option<i64>) -> documents::Due {
    match due_ms {
        Some(due) => documents::Due::At(Time::from_ms(due).0),
        None if case.received.instant => documents::Due::Immediately,
        None if case.waits_for_competent() => documents::Due::WhenAccepted,
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
    let papers = paper_rows(&row.case, &procedure.papers);
    // Complete by now, it needs no ground.
    let lacking = papers.iter().any(|paper| paper.missing);
    let data = documents::Receipt {
        agency: agency(branch),
        number: receipt_number(branch, &row),
        case_code: row.case.code().to_owned(),
        code_note: code_note(&row.case),
        procedure_code: received.procedure.code.clone(),
        procedure_name: received.procedure.name.clone(),
        owner: party(&received.applicant),
        submitter: received.submitter.as_ref().map(party),
        signer: row.case.signer().to_owned(),
        papers,
        missing_ground: received.missing_ground.clone().filter(|_| lacking),
        sets: u32::from(received.sets),
        limit: promised.limit.map(|l| TimeLimit {
            value: l.value,
            unit: catalogue::unit_text(l.unit).to_owned(),
        }),
        // Complete: what the receipt tells is the beginning of the limit (NĐ 309/2026 Điều 8.3).
        received_at: Time::from_ms(promised.from_ms).0,
        due: due(&row.case, promised.due_ms),
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
        fee: fee(&row.case),
        register: register(&row),
        officer: view::officer_name(branch, promised.officer.unwrap_or(&row.case.officer))
            .to_owned(),
        note: received.notes.clone(),
        for_another: received
            .on_behalf
            .as_ref()
            .map(|other| documents::ForAnother {
                help: other.help.clone(),
                receipt: other.receipt.clone().unwrap_or_else(|| slips::unit(branch)),
                competent: other.competent.clone(),
            }),
        online_code: received.online.as_ref().map(|o| o.code.clone()),
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

/// Papers that were received, and those still missing, as Mẫu 01 lists them.
fn paper_rows(case: &Case, list: &[motcua_domain::catalogue::Paper]) -> Vec<PaperRow> {
    (case.held(list).into_iter())
        .filter(|held| !held.not_needed)
        .map(|held| PaperRow {
            name: match held.reused_from {
                Some(from) => format!("{} (tái sử dụng từ hồ sơ {from})", held.name),
                None => held.name,
            },
            originals: held.originals,
            certified: held.certified,
            copies: held.copies,
            missing: held.missing,
        })
        .collect()
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

/// A paper that is a strip: a ticket or the slip of an appointment.
pub(super) fn strip(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    (kind, id): (PaperKind, Uuid),
    drawn: (Format, usize),
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    if kind == PaperKind::Appointment {
        return appointment(app, branch, read, id, drawn, reprinted_ms);
    }
    ticket(app, branch, read, id, drawn, reprinted_ms)
}

/// The slip of an appointment, of somebody who is booked and has not come.
fn appointment(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    id: Uuid,
    (format, dots): (Format, usize),
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    let visit = booking::printable(read, id)?;
    let code = booking_code(id);
    let service = &visit.leg().service;
    let slot_ms = visit.slot_ms.unwrap_or(visit.leg().queued_ms);
    let data = documents::Appointment {
        desk: branch.office.unit.clone(),
        office: branch.office.name.to_uppercase(),
        code: code.clone(),
        name: visit.applicant.as_ref().map(|p| p.name.clone()),
        service: view::service_name(branch, service).to_owned(),
        at: Time::from_ms(slot_ms).0,
        address: branch.office.address.clone(),
        phone: branch.office.phone.clone(),
        grace_minutes: branch.queue.appointment_grace_s / 60,
        booked_at: Time::from_ms(visit.leg().queued_ms).0,
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
    };
    let raster = documents::appointment_at(&data, dots, app.assets.fonts(app.store.dir())?)?;
    drawn_as(&raster, code, format)
}

fn drawn_as(raster: &documents::Raster, title: String, format: Format) -> Result<Paper> {
    let bytes = match format {
        Format::Pdf => raster.to_pdf()?,
        Format::Png => raster.to_png(),
        Format::Escpos => raster.to_escpos(),
    };
    Ok(Paper {
        title,
        bytes,
        format,
    })
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
    drawn_as(&raster, visit.label(), format)
}
