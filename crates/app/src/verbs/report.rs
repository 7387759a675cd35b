//! Lists of a day or a year: the cash report and the register book, on screen, on paper, as files.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{Datelike, NaiveDate};
use motcua_documents as documents;
use motcua_domain::{
    Code, Refusal,
    case::{Case, CaseAct, CaseEvent, Recipient, ReturnMethod},
};
use motcua_protocol::{
    Time, entity,
    event::{Body, BranchEvent, ReportPrinted},
    verbs::{
        fee::CashSums,
        paper::{Format, Job, PaperKind, Rendered},
        report::{Book, BookAnswer, BookRow, Print, Render, Report, ReportFormat},
    },
};
use motcua_store::{Read, Write, table::case::CaseRow};

use super::{
    case_lists::{list_head, listed, place_of_work},
    fee, paper,
    printing::{self, Kept},
};
use crate::{App, Result, registry::Ctx};

/// Most entries on one print or in one file: a batch that a person still binds.
const MOST: u32 = 2_000;

/// `book.get`
pub(crate) fn book(app: &App, _ctx: &Ctx, args: Book) -> Result<BookAnswer> {
    let year = match args.year {
        Some(year) => year,
        None => app.today()?.year(),
    };
    let most = args.limit.unwrap_or(100).clamp(1, 500);
    let (from, to) = span(args.from, args.to)?;
    app.store.read(|read| {
        let mut rows = read.book(year, from, to, most + 1)?;
        let more = rows.len() > most as usize;
        rows.truncate(most as usize);
        Ok(BookAnswer {
            year,
            years: read.book_years()?,
            last: read.book_last(year)?,
            rows: rows.iter().map(book_row).collect(),
            more,
        })
    })
}

fn span(from: Option<u32>, to: Option<u32>) -> Result<(u32, u32)> {
    let (from, to) = (from.unwrap_or(1), to.unwrap_or(u32::MAX));
    if from > to {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            "Số đầu phải trước hoặc bằng số cuối. Mời xem lại.",
        )
        .at("from")
        .into());
    }
    Ok((from, to))
}

fn book_row(row: &CaseRow) -> BookRow {
    let case = &row.case;
    let received = &case.received;
    let returned = case.last(CaseAct::ReturnResult);
    let taker = returned.and_then(|act| match &act.event {
        CaseEvent::ResultReturned(e) => Some(match &e.recipient {
            Recipient::Owner { name } | Recipient::Proxy { name, .. } => name.clone(),
            Recipient::Post { waybill, .. } => format!("Bưu chính, vận đơn {waybill}"),
        }),
        _ => None,
    });
    BookRow {
        number: book_number(case),
        case_id: row.id,
        case_code: case.code().to_owned(),
        procedure_name: received.procedure.name.clone(),
        sets: received.sets,
        applicant: received.applicant.name.clone(),
        address: received.applicant.address.clone(),
        phone: received.applicant.phone.as_deref().map(paper::spoken_phone),
        place_of_work: place_of_work(case),
        received_at: Time::from_ms(received.received_ms),
        due_at: case.due_ms().map(Time::from_ms),
        returned_at: case.returned_ms().map(Time::from_ms),
        return_method: match received.return_method {
            ReturnMethod::Counter => "Tại quầy",
            ReturnMethod::Post => "Bưu chính",
            ReturnMethod::Online => "Điện tử",
        }
        .to_owned(),
        taker,
        note: remarks(case).join("; "),
    }
}

/// What the column for notes says: how it came, and what moved its date or ended it, each with its
/// day.
fn remarks(case: &Case) -> Vec<String> {
    let day = |ms: i64| Time::from_ms(ms).0.format("%d/%m/%Y").to_string();
    let received = &case.received;
    let mut notes = Vec::new();
    if received.online.is_some() {
        notes.push("Nộp trực tuyến".to_owned());
    }
    if received.instant {
        notes.push("Trả ngay".to_owned());
    }
    notes.extend(case.acts.iter().filter_map(|act| {
        let at = day(act.at_ms);
        match &act.event {
            CaseEvent::SupplementRequested(_) => Some(format!("Yêu cầu bổ sung {at}")),
            CaseEvent::SupplementReceived(_) => Some(format!("Bổ sung đủ {at}")),
            CaseEvent::Postponed(postponed) => {
                Some(format!("Xin lỗi, hẹn lại {}", day(postponed.due_ms)))
            }
            CaseEvent::Refused(_) => Some(format!("Từ chối {at}")),
            CaseEvent::Withdrawn(_) => Some(format!("Rút hồ sơ {at}")),
            CaseEvent::Stopped(_) => Some(format!("Dừng giải quyết {at}")),
            _ => None,
        }
    }));
    notes
}

/// Its place in the book. What stands in the book has one: a case with a provisional code comes in
/// with its final one.
fn book_number(case: &Case) -> u32 {
    case.book().map_or(0, |book| book.number)
}

/// `report.render`
pub(crate) fn render(app: &App, ctx: &Ctx, args: Render) -> Result<Rendered> {
    let now_ms = app.now_ms();
    let today = app.today()?;
    let made = app
        .store
        .read(|read| match args.format.unwrap_or(ReportFormat::Pdf) {
            ReportFormat::Pdf => pages(app, ctx, read, &args.report, (today, now_ms))
                .map(|made| (made, "application/pdf", "pdf")),
            ReportFormat::Csv => {
                table(ctx, read, &args.report, today).map(|made| (made, "text/csv", "csv"))
            }
        });
    let (made, media_type, ending) = made?;
    Ok(Rendered {
        file_name: format!("{}.{ending}", made.title.replace(['/', '\\', ' '], "-")),
        media_type: media_type.to_owned(),
        content_base64: STANDARD.encode(made.bytes),
    })
}

/// `report.print`
pub(crate) fn print(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Print) -> Result<Job> {
    let now_ms = tx.now_ms();
    let today = tx.date();
    let made = pages(app, ctx, &tx.read(), &args.report, (today, now_ms))?;
    let printer = printing::printer_for(&tx.read(), made.kind, args.printer.as_deref())?;
    let hash = blake3::hash(&made.bytes).to_hex().to_string();
    let day = entity::day(today);
    let event = ReportPrinted {
        report: made.title.clone(),
        hash,
    };
    tx.append(day, &Body::Branch(BranchEvent::ReportPrinted(event)))?;
    let kept = Kept {
        kind: made.kind,
        entity: day,
        part: None,
        title: made.title,
        bytes: made.bytes,
        format: Format::Pdf,
        reprint: false,
    };
    printing::keep(tx, kept, printer)
}

pub(super) struct Made {
    kind: PaperKind,
    pub(super) title: String,
    pub(super) bytes: Vec<u8>,
}

fn entries(read: &Read<'_>, year: i32, from: Option<u32>, to: Option<u32>) -> Result<Vec<CaseRow>> {
    let (from, to) = span(from, to)?;
    let rows = read.book(year, from, to, MOST + 1)?;
    if rows.len() > MOST as usize {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Một lần in hoặc xuất nhiều nhất {MOST} hồ sơ. Mời chia thành nhiều đợt."),
        )
        .at("report.to")
        .into());
    }
    Ok(rows)
}

pub(super) fn pages(
    app: &App,
    ctx: &Ctx,
    read: &Read<'_>,
    report: &Report,
    (today, now_ms): (NaiveDate, i64),
) -> Result<Made> {
    let branch = &ctx.branch;
    let forms = app.assets.form_set(app.store.dir(), &branch.form_set)?;
    let fonts = app.assets.fonts(app.store.dir())?;
    let head = list_head(branch, (&ctx.officer, now_ms), None);
    match report {
        Report::Cash { date, officer } => {
            let date = date.unwrap_or(today);
            let whose = fee::whose(ctx, officer.clone())?;
            let day = fee::cash_day(branch, read, date, whose.as_deref())?;
            let line = |line: &motcua_protocol::verbs::fee::CashLine| documents::CashLine {
                at: line.at.0,
                slip: line.slip.map(paper::running),
                code: line.case_code.clone(),
                payer: line.payer.clone(),
                method: line.method.words().to_owned(),
                amount: line.amount,
                note: match &line.reason {
                    Some(why) => Some(format!("Hủy: {why}")),
                    None => line.note.clone(),
                },
            };
            let sums = |sums: &CashSums| documents::CashSums {
                cash: sums.cash,
                transfer: sums.transfer,
                online: sums.online,
            };
            let data = documents::CashReport {
                head,
                date,
                officers: day
                    .officers
                    .iter()
                    .map(|o| {
                        (
                            o.name.clone(),
                            o.lines.iter().map(line).collect(),
                            sums(&o.sums),
                        )
                    })
                    .collect(),
            };
            Ok(Made {
                kind: PaperKind::CashReport,
                title: format!("bao-cao-thu-tien-{date}"),
                bytes: documents::cash_report(&data, forms, fonts)?,
            })
        }
        Report::Book { year, from, to } => {
            let rows = entries(read, *year, *from, *to)?;
            let entry = |row: &CaseRow| {
                let book = book_row(row);
                let contact = [book.address, book.phone].into_iter().flatten();
                documents::BookEntry {
                    number: book.number,
                    case: documents::ListedCase {
                        place_of_work: book.place_of_work,
                        ..listed(row)
                    },
                    contact: contact.collect::<Vec<_>>().join(", "),
                    returned_at: book.returned_at.map(|at| at.0),
                    return_method: book.return_method,
                    taker: book.taker,
                    note: book.note,
                }
            };
            let data = documents::RegisterBook {
                head,
                year: *year,
                entries: rows.iter().map(entry).collect(),
            };
            Ok(Made {
                kind: PaperKind::RegisterBook,
                title: book_title(*year, &rows),
                bytes: documents::register_book(&data, forms, fonts)?,
            })
        }
    }
}

fn book_title(year: i32, rows: &[CaseRow]) -> String {
    let number = |row: Option<&CaseRow>| row.map_or(0, |r| book_number(&r.case));
    format!(
        "so-theo-doi-{year}-{}-{}",
        number(rows.first()),
        number(rows.last())
    )
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

fn moment(at: Option<Time>) -> String {
    at.map_or_else(String::new, |at| at.0.format("%d/%m/%Y %H:%M").to_string())
}

/// The list as comma-separated values, with the mark by which spreadsheets know Unicode.
fn table(ctx: &Ctx, read: &Read<'_>, report: &Report, today: NaiveDate) -> Result<Made> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let (kind, title) = match report {
        Report::Cash { date, officer } => {
            let date = date.unwrap_or(today);
            let whose = fee::whose(ctx, officer.clone())?;
            let day = fee::cash_day(&ctx.branch, read, date, whose.as_deref())?;
            let head = [
                "Cán bộ",
                "Thời gian",
                "Số phiếu",
                "Mã hồ sơ",
                "Thủ tục",
                "Người nộp",
                "Hình thức",
                "Số tiền",
                "Ghi chú",
                "Lý do hủy",
            ];
            lines.push(head.map(str::to_owned).to_vec());
            for officer in day.officers {
                for line in officer.lines {
                    lines.push(vec![
                        cell(officer.name.clone()),
                        moment(Some(line.at)),
                        line.slip.map(paper::running).unwrap_or_default(),
                        cell(line.case_code),
                        cell(line.procedure_name),
                        cell(line.payer),
                        line.method.words().to_owned(),
                        line.amount.to_string(),
                        cell(line.note.unwrap_or_default()),
                        cell(line.reason.unwrap_or_default()),
                    ]);
                }
            }
            (PaperKind::CashReport, format!("bao-cao-thu-tien-{date}"))
        }
        Report::Book { year, from, to } => {
            let rows = entries(read, *year, *from, *to)?;
            let head = [
                "STT",
                "Mã hồ sơ",
                "Tên thủ tục hành chính",
                "Số bộ",
                "Tên cá nhân, tổ chức",
                "Địa chỉ",
                "Số điện thoại",
                "Cơ quan chủ trì giải quyết",
                "Nhận hồ sơ",
                "Hẹn trả kết quả",
                "Trả kết quả",
                "Phương thức nhận kết quả",
                "Người nhận",
                "Ghi chú",
            ];
            lines.push(head.map(str::to_owned).to_vec());
            for row in rows.iter().map(book_row) {
                lines.push(vec![
                    row.number.to_string(),
                    cell(row.case_code),
                    cell(row.procedure_name),
                    row.sets.to_string(),
                    cell(row.applicant),
                    cell(row.address.unwrap_or_default()),
                    cell(row.phone.unwrap_or_default()),
                    cell(row.place_of_work.unwrap_or_default()),
                    moment(Some(row.received_at)),
                    moment(row.due_at),
                    moment(row.returned_at),
                    row.return_method,
                    cell(row.taker.unwrap_or_default()),
                    cell(row.note),
                ]);
            }
            (PaperKind::RegisterBook, book_title(*year, &rows))
        }
    };
    let mut writer = csv::Writer::from_writer(b"\xEF\xBB\xBF".to_vec());
    let unwritable = |_| {
        Refusal::new(
            Code::ArgumentInvalid,
            "Không ghi được tệp. Dữ liệu vẫn nguyên. Mời làm lại.",
        )
    };
    for line in lines {
        writer.write_record(line).map_err(unwritable)?;
    }
    let bytes = writer.into_inner().map_err(|_| {
        Refusal::new(
            Code::ArgumentInvalid,
            "Không ghi được tệp. Dữ liệu vẫn nguyên. Mời làm lại.",
        )
    })?;
    Ok(Made { kind, title, bytes })
}
