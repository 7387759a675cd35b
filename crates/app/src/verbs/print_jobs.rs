//! Print jobs of this machine as people see them: what stands where, again, aside.

use motcua_domain::{
    Code, Refusal,
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    verbs::paper::{Cancel, Job, JobState, Jobs, PaperKind, Retry, RetryAll, RetryAllAnswer},
};
use motcua_store::{Read, Write, table::print_job::PrintJob};
use uuid::Uuid;

use super::{printer, printing};
use crate::{App, Result, print_queue, registry::Ctx, view};

fn kind_of(job: &PrintJob) -> PaperKind {
    PaperKind::from_name(&job.kind).unwrap_or(PaperKind::Receipt)
}

/// A page that takes longer than this from the desk to its printer waits for a person.
const STUCK_MS: i64 = 120_000;

/// Held up by its printer, which says why, or under way for too long.
fn stuck_from(job: &PrintJob) -> Option<Time> {
    let under_way = matches!(job.state.as_str(), "queued" | "sent" | "printing");
    let patience = if job.message.is_some() { 0 } else { STUCK_MS };
    under_way.then(|| Time::from_ms(job.changed_ms + patience))
}

pub(crate) fn job_view(job: &PrintJob) -> Job {
    Job {
        job_id: job.id,
        kind: kind_of(job),
        id: job.entity,
        part: job.part,
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
        stuck_from: stuck_from(job),
        may_come_out: job.unheard,
        reprint: job.reprint,
        tries: job.tries,
        created_at: Time::from_ms(job.created_ms),
        changed_at: Time::from_ms(job.changed_ms),
    }
}

/// Jobs that are over, kept in sight to be looked up.
const LATEST: u32 = 50;

/// `print.jobs`
pub(crate) fn jobs(app: &App, _ctx: &Ctx, _args: Jobs) -> Result<Vec<Job>> {
    app.store
        .read(|read| Ok(read.print_jobs(LATEST)?.iter().map(job_view).collect()))
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
pub(crate) fn retry(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Retry) -> Result<Job> {
    let mut job = job(&tx.read(), args.job_id)?;
    if matches!(job.state.as_str(), "done" | "cancelled") {
        return Err(Refusal::new(
            Code::CaseStatus,
            "Lệnh in này đã xong. Mời chọn In lại để in bản có ghi BẢN IN LẠI.",
        )
        .at("job_id")
        .into());
    }
    let before = job.printer.take();
    job.printer = match args.printer {
        Some(printer) => Some(print_queue::check_printer(&printer)?),
        None if before.is_none() => printer::of_kind(&tx.read(), kind_of(&job))?,
        None => before.clone(),
    };
    let Some(printer) = job.printer.clone() else {
        return Err(Refusal::new(Code::PrinterUnknown, print_queue::NO_PRINTER)
            .at("printer")
            .into());
    };
    if job.printer != before {
        let kind = kind_of(&job);
        printing::fit(app, &ctx.branch, tx, &mut job, kind, &printer)?;
    }
    queue_again(tx, &mut job)?;
    Ok(job_view(&job))
}

fn queue_again(tx: &mut Write<'_>, job: &mut PrintJob) -> Result<()> {
    // What the printing system still has of it would come out besides.
    tx.withdraw_print(job)?;
    job.handle = None;
    job.state = "queued".to_owned();
    job.message = None;
    job.changed_ms = tx.now_ms();
    tx.update_print_job(job)
}

/// `print.retry_all`
pub(crate) fn retry_all(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    _args: RetryAll,
) -> Result<RetryAllAnswer> {
    let mut answer = RetryAllAnswer {
        queued: 0,
        without_printer: 0,
    };
    for mut job in tx.read().failed_print_jobs()? {
        // Whoever put another printer in place of a broken one means these papers too, unless they
        // cannot be printed there.
        let kind = kind_of(&job);
        let now =
            printer::of_kind(&tx.read(), kind)?.filter(|now| job.printer.as_ref() != Some(now));
        if let Some(now) = now
            && printing::fit(app, &ctx.branch, tx, &mut job, kind, &now).is_ok()
        {
            job.printer = Some(now);
        }
        if job.printer.is_some() {
            queue_again(tx, &mut job)?;
            answer.queued += 1;
        } else {
            answer.without_printer += 1;
        }
    }
    Ok(answer)
}

/// `print.cancel`
pub(crate) fn cancel(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Cancel) -> Result<Job> {
    let mut job = job(&tx.read(), args.job_id)?;
    let reason = text::required(&args.reason, limit::NAME).map_err(|r| r.at("reason"))?;
    if job.state == "done" {
        return Err(
            Refusal::new(Code::CaseStatus, "Giấy đã in xong nên không hủy được.")
                .at("job_id")
                .into(),
        );
    }
    tx.withdraw_print(&job)?;
    job.handle = None;
    job.state = "cancelled".to_owned();
    job.message = Some(format!(
        "{} bỏ in: {reason}",
        view::officer_name(&ctx.branch, &ctx.officer)
    ));
    job.changed_ms = tx.now_ms();
    tx.update_print_job(&job)?;
    Ok(job_view(&job))
}
