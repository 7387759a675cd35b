//! The printers of this machine: which there are, what is loaded in them, which paper goes where,
//! and a page to see whether it works. All of it is this machine's, and no event of the branch.

use motcua_devices::printing::{self, CupsServer, PrinterInfo};
use motcua_documents::{self as documents, TestPage, TestPaper};
use motcua_domain::{
    Code, Refusal,
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    verbs::paper::{
        Assign, FormPrinter, Format, Job, PaperKind, Printer, PrinterPaper, PrinterProfile,
        Printers, PrintersAnswer, SetProfile, Test,
    },
};
use motcua_store::{Read, Write, table::print_job::PrintJob};
use uuid::Uuid;

use super::print_jobs;
use crate::{App, Result, print_queue, registry::Ctx};

/// Names of printers with a profile, one a line: they are known although no service lists them.
const NAMED: &str = "printers.named";

/// Setting that names the printer of a kind of paper.
fn setting(kind: PaperKind) -> String {
    format!("printer.{}", kind.name())
}

fn profile_setting(printer: &str) -> String {
    format!("printer.profile.{printer}")
}

/// The printer of a kind of paper: its own, or that of receipts.
pub(super) fn of_kind(read: &Read<'_>, kind: PaperKind) -> Result<Option<String>> {
    match read.setting(&setting(kind))? {
        Some(own) => Ok(Some(own)),
        None => Ok(read.setting(&setting(kind.printed_as()))?),
    }
}

/// How a printer is set up.
pub(crate) fn profile_of(read: &Read<'_>, printer: Option<&str>) -> Result<PrinterProfile> {
    let Some(printer) = printer else {
        return Ok(PrinterProfile::default());
    };
    let kept = read.setting(&profile_setting(printer))?;
    // What a newer version wrote is as good as nothing.
    Ok(kept
        .and_then(|kept| serde_json::from_str(&kept).ok())
        .unwrap_or_default())
}

/// Dots across on that printer.
pub(super) fn dots(profile: &PrinterProfile) -> usize {
    match (profile.dots, profile.paper) {
        (Some(dots), _) => usize::from(dots),
        (None, Some(PrinterPaper::Roll58)) => 384,
        (None, _) => documents::TICKET_WIDTH,
    }
}

/// Which paper goes where, and what is known of printers here.
fn answer(
    read: &Read<'_>,
    printers: Vec<Printer>,
    problem: Option<String>,
) -> Result<PrintersAnswer> {
    let own = |kind: PaperKind| read.setting(&setting(kind));
    let forms = PaperKind::ALL.into_iter().filter(|kind| {
        !matches!(
            kind,
            PaperKind::Receipt | PaperKind::Ticket | PaperKind::Test
        )
    });
    let forms = forms.filter_map(|kind| match own(kind) {
        Ok(printer) => Some(Ok(FormPrinter {
            kind,
            printer: printer?,
        })),
        Err(error) => Some(Err(error)),
    });
    Ok(PrintersAnswer {
        printers,
        receipt: own(PaperKind::Receipt)?,
        ticket: own(PaperKind::Ticket)?,
        forms: forms.collect::<Result<_, _>>()?,
        problem,
    })
}

/// `printer.list`
pub(crate) fn list(app: &App, _ctx: &Ctx, _args: Printers) -> Result<PrintersAnswer> {
    let found = CupsServer::find(app.settings.cups.as_deref())
        .map_err(|e| e.to_string())
        .and_then(|server| {
            printing::discover(&server).map_err(|fault| Refusal::from(fault).message)
        });
    let seen = |way: &'static str| {
        move |p: PrinterInfo| Printer {
            id: format!("{way}:{}", p.id),
            ready: p.accepting && p.state != printing::PrinterState::Stopped,
            message: (!p.reasons.is_empty()).then(|| p.reasons.join(" ")),
            name: p.name,
            profile: None,
        }
    };
    let spooled = printing::discover_spooler();
    let (cups, problem) = match found {
        Ok(found) => (found, None),
        // Windows has a spooler of its own, and usually no CUPS.
        Err(_) if !spooled.is_empty() => (Vec::new(), None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let mut printers: Vec<Printer> = cups.into_iter().map(seen("cups")).collect();
    printers.extend(spooled.into_iter().map(seen("spooler")));
    app.store.read(|read| {
        let mut answer = answer(read, printers, problem)?;
        // Printers that were named by hand are not found on any server.
        let named = read.setting(NAMED)?.unwrap_or_default();
        let assigned = [&answer.receipt, &answer.ticket].into_iter().flatten();
        let chosen: Vec<String> = assigned
            .cloned()
            .chain(answer.forms.iter().map(|form| form.printer.clone()))
            .chain(named.lines().map(str::to_owned))
            .collect();
        for chosen in chosen {
            if answer.printers.iter().any(|p| p.id == chosen) {
                continue;
            }
            let listed = chosen.starts_with("cups:") || chosen.starts_with("spooler:");
            answer.printers.push(Printer {
                name: print_queue::name_of(&chosen),
                ready: !listed,
                message: listed.then(|| "Không thấy máy in này lúc này.".to_owned()),
                profile: None,
                id: chosen,
            });
        }
        for printer in &mut answer.printers {
            let kept = read.setting(&profile_setting(&printer.id))?;
            printer.profile = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        }
        Ok(answer)
    })
}

fn check(printer: &str) -> Result<String> {
    let printer = text::required(printer, limit::NAME).map_err(|r| r.at("printer"))?;
    print_queue::check_printer(&printer)
}

/// `printer.assign`
pub(crate) fn assign(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Assign,
) -> Result<PrintersAnswer> {
    let printer = args.printer.as_deref().map(check).transpose()?;
    tx.set_setting(&setting(args.kind), printer.as_deref())?;
    // The network is not asked inside a transaction; the screen lists the printers anew.
    answer(&tx.read(), Vec::new(), None)
}

fn refused(field: &str, message: String) -> Refusal {
    Refusal::new(Code::ArgumentInvalid, message).at(format!("profile.{field}"))
}

/// `printer.profile`
pub(crate) fn set_profile(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: SetProfile,
) -> Result<PrintersAnswer> {
    let printer = check(&args.printer)?;
    let profile = args.profile.map(|profile| checked(&printer, profile));
    let profile = profile.transpose()?;
    let kept = profile.as_ref().map(serde_json::to_string).transpose()?;
    tx.set_setting(&profile_setting(&printer), kept.as_deref())?;
    let named = tx.read().setting(NAMED)?.unwrap_or_default();
    let mut named: Vec<&str> = named.lines().filter(|line| *line != printer).collect();
    if kept.is_some() {
        named.push(&printer);
    }
    tx.set_setting(NAMED, Some(&named.join("\n")))?;
    answer(&tx.read(), Vec::new(), None)
}

fn checked(printer: &str, profile: PrinterProfile) -> Result<PrinterProfile> {
    let tray =
        text::optional(profile.tray.as_deref(), limit::CODE).map_err(|r| r.at("profile.tray"))?;
    // As IPP takes keywords (RFC 8011 §5.1.4).
    let keyword = |t: &String| {
        let mut letters = t.bytes();
        letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
    };
    if !tray.as_ref().is_none_or(keyword) {
        let message = "Tên khay chỉ gồm chữ thường không dấu, số và dấu gạch, ví dụ tray-2.";
        return Err(refused("tray", message.to_owned()).into());
    }
    if tray.is_some() && !printer.starts_with("cups:") {
        let message = "Chỉ máy in của dịch vụ in (cups) mới chọn được khay. Mời để trống.";
        return Err(refused("tray", message.to_owned()).into());
    }
    let widths = documents::TICKET_WIDTHS;
    let whole = |dots: u16| widths.contains(&usize::from(dots)) && dots.is_multiple_of(8);
    if !profile.dots.is_none_or(whole) {
        return Err(refused(
            "dots",
            format!(
                "Số chấm ngang từ {} đến {} và chia hết cho 8: giấy 80 mm thường là 576, giấy 58 mm là 384.",
                widths.start(),
                widths.end()
            ),
        )
        .into());
    }
    let sheet = matches!(profile.paper, Some(PrinterPaper::A4 | PrinterPaper::A5));
    if sheet && print_queue::is_thermal(printer) {
        let message = "Máy in này chỉ in giấy cuộn. Mời chọn giấy cuộn 80 mm hoặc 58 mm.";
        return Err(refused("paper", message.to_owned()).into());
    }
    Ok(PrinterProfile { tray, ..profile })
}

/// `printer.test`
pub(crate) fn test(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Test) -> Result<Job> {
    let printer = check(&args.printer)?;
    let profile = profile_of(&tx.read(), Some(&printer))?;
    let now_ms = tx.now_ms();
    let raster = print_queue::is_thermal(&printer);
    let page = TestPage {
        desk: ctx.branch.office.unit.clone(),
        printer: print_queue::name_of(&printer),
        tray: profile.tray.clone(),
        at: Time::from_ms(now_ms).0,
        paper: match profile.paper {
            Some(PrinterPaper::A4) => TestPaper::A4,
            Some(PrinterPaper::Roll80 | PrinterPaper::Roll58) => TestPaper::Strip(dots(&profile)),
            None if raster => TestPaper::Strip(dots(&profile)),
            Some(PrinterPaper::A5) | None => TestPaper::A5,
        },
    };
    let fonts = app.assets.fonts(app.store.dir())?;
    let (format, bytes) = if raster {
        (
            Format::Escpos,
            documents::test_page(&page, fonts)?.to_escpos(),
        )
    } else {
        (Format::Pdf, documents::test_page_pdf(&page, fonts)?)
    };
    let job = PrintJob {
        id: Uuid::now_v7(),
        kind: PaperKind::Test.name().to_owned(),
        entity: Uuid::nil(),
        part: None,
        title: "In thử".to_owned(),
        format: format.name().to_owned(),
        reprint: false,
        printer: Some(printer),
        handle: None,
        state: "queued".to_owned(),
        message: None,
        tries: 0,
        created_ms: now_ms,
        changed_ms: now_ms,
        unheard: false,
    };
    tx.add_print_job(&job, &bytes)?;
    Ok(print_jobs::job_view(&job))
}
