//! Papers and lists on the screen before they are printed: the pages of the very file that would go
//! to the printer. Nothing is recorded.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_documents as documents;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    Time,
    verbs::{
        paper::{Format, PREVIEW_PAGES, Preview, PreviewAnswer, PreviewSheet},
        report,
    },
};
use motcua_store::Read;
use uuid::Uuid;

use super::{paper::Which, printing, report::pages};
use crate::{App, Result, registry::Ctx};

/// A file that is ready for the printer.
struct Ready {
    title: String,
    reprint: bool,
    pdf: Vec<u8>,
}

/// `document.preview`
pub(crate) fn paper(app: &App, ctx: &Ctx, args: Preview) -> Result<PreviewAnswer> {
    let which = Which {
        kind: args.kind,
        id: args.id,
        part: args.part,
    };
    let made_ms = made_ms(app, args.made_at);
    let ready = app.store.read(|read| {
        if let Some(job) = args.job_id
            && let Some(kept) = kept(read, job, &which)?
        {
            return Ok(kept);
        }
        let how = (args.printer.as_deref(), made_ms);
        let made = printing::to_look_at(app, &ctx.branch, read, which, how)?;
        Ok::<_, crate::Error>(Ready {
            title: made.paper.title,
            reprint: made.reprint,
            pdf: made.paper.bytes,
        })
    })?;
    shown(ready, args.from, made_ms)
}

/// `report.preview`
pub(crate) fn list(app: &App, ctx: &Ctx, args: report::Preview) -> Result<PreviewAnswer> {
    let made_ms = made_ms(app, args.made_at);
    let moment = (app.today()?, made_ms);
    let made = app
        .store
        .read(|read| pages(app, ctx, read, &args.report, moment))?;
    let ready = Ready {
        title: made.title,
        reprint: false,
        pdf: made.bytes,
    };
    shown(ready, args.from, made_ms)
}

/// What is kept for a printer. None once it is out, or where it is a strip for a thermal head: such
/// a paper is made anew.
fn kept(read: &Read<'_>, job: Uuid, which: &Which) -> Result<Option<Ready>> {
    let found = read
        .print_job(job)?
        .filter(|job| job.entity == which.id && job.kind == which.kind.name());
    let job = found.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không thấy lần in này của giấy. Mời mở lại danh sách giấy tờ.",
        )
        .at("job_id")
    })?;
    if job.format != Format::Pdf.name() {
        return Ok(None);
    }
    Ok(read.print_payload(job.id)?.map(|pdf| Ready {
        title: job.title,
        reprint: job.reprint,
        pdf,
    }))
}

/// Only what stands on the picture: nothing is recorded under it.
fn made_ms(app: &App, before: Option<Time>) -> i64 {
    before.map_or_else(|| app.now_ms(), Time::ms)
}

fn shown(ready: Ready, from: Option<u32>, made_ms: i64) -> Result<PreviewAnswer> {
    let file = documents::Preview::open(&ready.pdf)?;
    let pages = file.pages();
    let from = from.unwrap_or(1) as usize;
    if from == 0 || from > pages {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Giấy này có {pages} trang. Mời chọn trang từ 1 đến {pages}."),
        )
        .at("from")
        .into());
    }
    let sheets = (from..=pages)
        .take(PREVIEW_PAGES)
        .map(|page| {
            let drawn = file.draw(page - 1)?;
            Ok(PreviewSheet {
                page: page as u32,
                png_base64: STANDARD.encode(drawn.png),
                width: drawn.width,
                height: drawn.height,
                width_mm: drawn.width_mm,
                height_mm: drawn.height_mm,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(PreviewAnswer {
        title: ready.title,
        reprint: ready.reprint,
        pages: pages as u32,
        made_at: Time::from_ms(made_ms),
        hash: blake3::hash(&ready.pdf).to_hex().to_string(),
        sheets,
    })
}
