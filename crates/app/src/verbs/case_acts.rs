//! What is done with a case after it was taken in: each act is one event, with its guards and, where
//! the law asks for one, its paper.

use motcua_domain::{
    Code, Refusal,
    case::{
        Act, Case, CaseAct, CaseEvent, HandedBack, HandedOver, ResultPaperNote, ResultReceived,
        decide,
        undo::{self, Asker},
    },
    text::{self, limit},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        case_acts::{
            Accept, ActAnswer, CommonPapers, CompleteSupplement, HandOver, Postpone, ReceiveResult,
            Refuse, RequestSupplement, ReturnResult, Stop, TakeBack, Undo, UndoAnswer, Withdraw,
        },
        paper::PaperKind,
    },
};
use motcua_store::{Read, Write, table::lease::slip};
use uuid::Uuid;

use super::{
    case, case_lists,
    case_view::{contact_changes, undo_of, view_of},
    fee, notice, print_state,
};
use crate::{App, Result, registry::Ctx, say_case, view};

/// The case that was looked at, as long as nobody has done anything with it since.
pub(super) fn looked_at(
    ctx: &Ctx,
    read: &Read<'_>,
    id: Uuid,
    expected: Option<u32>,
) -> Result<Case> {
    let case = case::find(read, id)?.case;
    if expected.is_none_or(|expected| expected == case.revision()) {
        return Ok(case);
    }
    // Whichever came last; each is in its order.
    let last = |acts: &[Act]| acts.last().cloned();
    let contact = contact_changes(read, id)?.pop();
    let undone = case.undone.last().map(|undone| Act {
        at_ms: undone.at_ms,
        officer: undone.officer.clone(),
        event: undo_of(undone),
    });
    let newest = [last(&case.acts), last(&case.set_aside), undone, contact]
        .into_iter()
        .flatten()
        .max_by_key(|act| act.at_ms);
    let what = newest.map_or_else(String::new, |act| {
        format!(
            " {} lúc {}: {}",
            view::officer_name(&ctx.branch, &act.officer),
            Time::from_ms(act.at_ms).0.format("%H:%M ngày %d/%m/%Y"),
            say_case::event(&act.event)
        )
    });
    Err(Refusal::new(
        Code::CaseChanged,
        format!(
            "Hồ sơ vừa có thay đổi.{what} Việc vừa rồi chưa ghi, phần đã nhập vẫn còn. Mời xem lại hồ sơ rồi làm lại."
        ),
    )
    .at("expected")
    .into())
}

/// The paper that belongs to an act.
fn paper_of(act: CaseAct) -> Option<PaperKind> {
    match act {
        CaseAct::RequestSupplement => Some(PaperKind::Supplement),
        // The receipt tells the day from which the limit runs, so it is made anew.
        CaseAct::CompleteSupplement => Some(PaperKind::Receipt),
        CaseAct::Refuse => Some(PaperKind::Refusal),
        CaseAct::Postpone => Some(PaperKind::Apology),
        CaseAct::HandOver => Some(PaperKind::Control),
        CaseAct::ReturnResult => Some(PaperKind::ReturnSlip),
        CaseAct::Withdraw => Some(PaperKind::WithdrawalNote),
        // Of our own: the wording of the notice of TT 03/2025/TT-VPCP is not at hand.
        CaseAct::Stop => Some(PaperKind::StopNotice),
        // The receipt tells the day from which the limit runs.
        CaseAct::Accept => Some(PaperKind::Receipt),
        CaseAct::TakeBack | CaseAct::ReceiveResult => None,
    }
}

pub(super) fn done(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    id: Uuid,
    event: CaseEvent,
) -> Result<ActAnswer> {
    let paper = match &event {
        CaseEvent::FeePaid(_) => Some(PaperKind::FeeSlip),
        event => event.act().and_then(paper_of),
    };
    tx.append(id, &Body::Case(event))?;
    let now = Time::from_ms(tx.now_ms());
    let read = tx.read();
    let row = case::find(&read, id)?;
    Ok(ActAnswer {
        view: view_of(app, ctx, &read, row, now)?,
        paper,
    })
}

/// `case.request_supplement`
pub(crate) fn request_supplement(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: RequestSupplement,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    let papers = decide::wanted(args.papers, known_papers(&tx.read(), &case)?)?;
    let mut event =
        decide::request_supplement(&case, papers, args.content.as_deref(), &args.reason, now)?;
    if let CaseEvent::SupplementRequested(asked) = &mut event {
        asked.number = fee::next_slip(app, tx, slip::SUPPLEMENT)?;
    }
    done(app, ctx, tx, args.id, event)
}

/// How many papers the procedure has in the version under which the case was received.
fn known_papers(read: &Read<'_>, case: &Case) -> Result<usize> {
    let procedure = &case.received.procedure;
    let found = read.procedure_version(&procedure.code, &procedure.version)?;
    Ok(found.map_or(0, |row| row.procedure.papers.len()))
}

/// `case.complete_supplement`
pub(crate) fn complete_supplement(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: CompleteSupplement,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    // First what the status says: a due time that nobody needs could be refused by itself.
    decide::possible(&case, CaseAct::CompleteSupplement, now)?;
    let papers = match args.papers {
        Some(papers) => decide::wanted(papers, known_papers(&tx.read(), &case)?)?,
        None => match case.last(CaseAct::RequestSupplement).map(|a| &a.event) {
            Some(CaseEvent::SupplementRequested(asked)) => asked.papers.clone(),
            _ => Vec::new(),
        },
    };
    let limit = case.limit_once_complete();
    let due = app.calendar(&tx.read(), tx.date())?.due(now, limit)?;
    let event = decide::complete_supplement(&case, papers, args.note.as_deref(), due, now)?;
    done(app, ctx, tx, args.id, event)
}

/// `case.refuse`
pub(crate) fn refuse(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Refuse) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    let event = decide::with_reason(
        &case,
        CaseAct::Refuse,
        CaseEvent::Refused,
        &args.reason,
        now,
    )?;
    done(app, ctx, tx, args.id, event)
}

/// `case.postpone`
pub(crate) fn postpone(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Postpone,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    let calendar = app.calendar(&tx.read(), tx.date())?;
    let mut event = decide::postpone(&case, args.date, &args.reason, now, &calendar)?;
    if let CaseEvent::Postponed(postponed) = &mut event {
        postponed.number = fee::next_slip(app, tx, slip::APOLOGY)?;
    }
    done(app, ctx, tx, args.id, event)
}

/// `case.withdraw`
pub(crate) fn withdraw(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Withdraw,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    let event = decide::with_reason(
        &case,
        CaseAct::Withdraw,
        CaseEvent::Withdrawn,
        &args.reason,
        now,
    )?;
    done(app, ctx, tx, args.id, event)
}

/// `case.stop`
pub(crate) fn stop(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Stop) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    let event = decide::with_reason(&case, CaseAct::Stop, CaseEvent::Stopped, &args.reason, now)?;
    done(app, ctx, tx, args.id, event)
}

fn name(typed: Option<&str>, field: &str) -> Result<Option<String>> {
    Ok(text::optional(typed, limit::NAME).map_err(|r| r.at(field))?)
}

fn note(typed: Option<&str>, field: &str) -> Result<Option<String>> {
    Ok(text::optional(typed, limit::NOTE).map_err(|r| r.at(field))?)
}

/// Where a dossier goes, who takes it, who helps and what is noted.
pub(super) fn going(
    to: &str,
    [receiver, helping, noted]: &[Option<String>; 3],
) -> Result<HandedOver> {
    Ok(HandedOver {
        to: text::required(to, limit::NAME).map_err(|r| r.at("to"))?,
        receiver: name(receiver.as_deref(), "receiver")?,
        helping: name(helping.as_deref(), "helping")?,
        note: note(noted.as_deref(), "note")?,
        list: Vec::new(),
    })
}

/// `case.hand_over`
pub(crate) fn hand_over(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: HandOver,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    decide::possible(&case, CaseAct::HandOver, Time::from_ms(tx.now_ms()).0)?;
    let rest = [args.receiver, args.helping, args.note];
    let event = CaseEvent::HandedOver(going(&args.to, &rest)?);
    done(app, ctx, tx, args.id, event)
}

/// `case.accept`
pub(crate) fn accept(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Accept) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms());
    decide::possible(&case, CaseAct::Accept, now.0)?;
    let at = args.at.unwrap_or(now);
    let due = app
        .calendar(&tx.read(), tx.date())?
        .due(at.0, case.received.limit)?;
    let event = decide::accept(&case, at.0, args.note.as_deref(), due, now.0)?;
    done(app, ctx, tx, args.id, event)
}

/// `case.take_back`
pub(crate) fn take_back(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: TakeBack,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    decide::possible(&case, CaseAct::TakeBack, Time::from_ms(tx.now_ms()).0)?;
    let event = CaseEvent::HandedBack(HandedBack {
        reason: decide::reason(&args.reason)?,
        giver: name(args.giver.as_deref(), "giver")?,
    });
    done(app, ctx, tx, args.id, event)
}

/// `case.receive_result`
pub(crate) fn receive_result(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: ReceiveResult,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    decide::possible(&case, CaseAct::ReceiveResult, Time::from_ms(tx.now_ms()).0)?;
    let event = CaseEvent::ResultReceived(ResultReceived {
        result: ResultPaperNote {
            kind: name(args.result.kind.as_deref(), "result.kind")?,
            number: name(args.result.number.as_deref(), "result.number")?,
            summary: note(args.result.summary.as_deref(), "result.summary")?,
        },
        giver: name(args.giver.as_deref(), "giver")?,
        note: note(args.note.as_deref(), "note")?,
    });
    done(app, ctx, tx, args.id, event)
}

/// `case.return_result`
pub(crate) fn return_result(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: ReturnResult,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms()).0;
    // The variants of one field: what is at fault lies within it.
    let event = decide::return_result(&case, args.recipient, args.note.as_deref(), now).map_err(
        |refusal| match refusal.field.as_deref() {
            Some("id" | "note") => refusal,
            _ => refusal.within("recipient"),
        },
    )?;
    done(app, ctx, tx, args.id, event)
}

/// `case.undo`
pub(crate) fn undo(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Undo) -> Result<UndoAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    let now = Time::from_ms(tx.now_ms());
    let act = undo::possible(&case, asker(ctx), now.0)?;
    let told = notice::told_of(&tx.read(), args.id, act.at_ms)?;
    let event = undo::undo(&case, &args.reason, asker(ctx), now.0)?;
    tx.append(args.id, &Body::Case(event))?;
    let read = tx.read();
    let row = case::find(&read, args.id)?;
    Ok(UndoAnswer {
        view: view_of(app, ctx, &read, row, now)?,
        told,
    })
}

pub(super) fn asker(ctx: &Ctx) -> Asker<'_> {
    Asker {
        officer: &ctx.officer,
        supervisor: ctx.supervises(),
    }
}

/// `case.common_papers`
pub(crate) fn common_papers(app: &App, _ctx: &Ctx, args: CommonPapers) -> Result<Vec<PaperKind>> {
    app.store.read(|read| {
        let mut common: Option<Vec<PaperKind>> = None;
        for id in args.ids.iter().take(case_lists::MOST) {
            let row = case::find(read, *id)?;
            let mut own = Vec::new();
            for kind in PaperKind::ALL {
                // One paper of several cases is printed from any one of them, not once for each.
                let paper = print_state::of(read, &row, kind, None)?;
                if paper.is_some_and(|paper| paper.cases.len() == 1) {
                    own.push(kind);
                }
            }
            common = Some(match common {
                None => own,
                Some(known) => known.into_iter().filter(|k| own.contains(k)).collect(),
            });
        }
        Ok(common.unwrap_or_default())
    })
}
