//! What is done with a case after it was taken in: each act is one event, with its guards and, where
//! the law asks for one, its paper.

use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{
        Act, ActUndone, Case, CaseAct, CaseEvent, CaseStatus, HandedBack, HandedOver,
        ResultPaperNote, ResultReceived, Undone, decide,
        undo::{self, Asker},
    },
    text::{self, grouped, limit},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        case::CaseView,
        case_acts::{
            ActAnswer, CaseLine, CasePaper, CommonPapers, CompleteSupplement, HandOver,
            PossibleAct, Postpone, ReceiveResult, Refuse, RequestSupplement, ReturnResult, Stop,
            TakeBack, Undo, UndoAnswer, Undoable, Withdraw,
        },
        paper::PaperKind,
    },
};
use motcua_store::{
    Read, Write,
    table::{case::CaseRow, lease::slip},
};
use uuid::Uuid;

use super::{case, case_lists, fee, notice, paper, print_state};
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

/// The changes of how the citizen is reached, in order. The case keeps what holds, the log who said
/// it.
fn contact_changes(read: &Read<'_>, id: Uuid) -> Result<Vec<Act>> {
    let events = read.events_of(id)?.into_iter();
    Ok(events
        .filter(|event| event.header.kind == "case.contact_changed")
        .filter_map(
            |event| match Body::decode(&event.header.kind, &event.body) {
                Some(Body::Case(changed)) => Some(Act {
                    at_ms: event.header.wall_ms,
                    officer: event.header.actor,
                    event: changed,
                }),
                _ => None,
            },
        )
        .collect())
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

/// `case.hand_over`
pub(crate) fn hand_over(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: HandOver,
) -> Result<ActAnswer> {
    let case = looked_at(ctx, &tx.read(), args.id, args.expected)?;
    decide::possible(&case, CaseAct::HandOver, Time::from_ms(tx.now_ms()).0)?;
    let event = CaseEvent::HandedOver(HandedOver {
        to: text::required(&args.to, limit::NAME).map_err(|r| r.at("to"))?,
        receiver: name(args.receiver.as_deref(), "receiver")?,
        helping: name(args.helping.as_deref(), "helping")?,
        note: note(args.note.as_deref(), "note")?,
        list: Vec::new(),
    });
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

fn asker(ctx: &Ctx) -> Asker<'_> {
    Asker {
        officer: &ctx.officer,
        supervisor: ctx.supervises(),
    }
}

/// The record of taking an act back, as the log has it.
fn undo_of(undone: &Undone) -> CaseEvent {
    CaseEvent::ActUndone(ActUndone {
        // Only acts are taken back.
        act: undone.act.event.act().unwrap_or(CaseAct::Accept),
        done_ms: undone.act.at_ms,
        reason: undone.reason.clone(),
    })
}

/// Everything a screen shows of a case.
pub(crate) fn view_of(
    app: &App,
    ctx: &Ctx,
    read: &Read<'_>,
    row: CaseRow,
    now: Time,
) -> Result<CaseView> {
    let branch = &ctx.branch;
    let case = &row.case;
    let received = &case.received;
    let procedure = read
        .procedure_version(&received.procedure.code, &received.procedure.version)?
        .map(|p| p.procedure);
    let calendar = app.calendar(read, now.date())?;
    let can = CaseAct::ALL
        .into_iter()
        .filter(|act| act.way(case.status).is_some())
        .filter(|act| *act != CaseAct::Accept || case.waits_for_competent())
        .map(|act| PossibleAct {
            act,
            why_not: decide::possible(case, act, now.0)
                .err()
                .map(|refusal| refusal.message),
            warnings: decide::warnings(case, act, now.0, &calendar),
            // Only a foretaste: the act itself says what is wrong.
            due_at: (act == CaseAct::CompleteSupplement)
                .then(|| calendar.due(now.0, case.limit_once_complete()).ok()?.due_at)
                .flatten()
                .map(Time),
        })
        .collect();
    let mut papers = Vec::new();
    for (kind, paper) in print_state::all(read, &row)? {
        papers.push(CasePaper {
            kind,
            part: paper.part,
            prints: paper.prints as u32,
            earlier: paper.earlier as u32,
        });
    }
    let (because, former) = why_due(case);
    // Read from the log only where there are any.
    let contacts = match &case.contact {
        Some(_) => contact_changes(read, row.id)?,
        None => Vec::new(),
    };
    Ok(CaseView {
        case_id: row.id,
        case_code: case.code().to_owned(),
        provisional: case.is_provisional(),
        provisional_code: received.provisional.then(|| received.code.clone()),
        received_at: Time::from_ms(received.received_ms),
        due_at: case.due_ms().map(Time::from_ms),
        because,
        former,
        revision: case.revision(),
        contact: case.contact(),
        money: case.money(),
        can,
        undo: case.last_act().map(|act| Undoable {
            what: say_case::event(&act.event),
            why_not: undo::possible(case, asker(ctx), now.0)
                .err()
                .map(|refusal| refusal.message),
        }),
        papers,
        history: history(branch, case, &contacts),
        held: case.held(procedure.as_ref().map_or(&[], |known| &known.papers)),
        has_result: case.has_result(),
        procedure,
        case: row.case,
    })
}

/// Why it is due when it is, and the date that held before with its reasons, where another was given.
fn why_due(case: &Case) -> (Vec<String>, Vec<String>) {
    if case.status == CaseStatus::SupplementRequested {
        let waits = "Đang chờ bổ sung: thời hạn tính lại từ đầu khi nhận đủ hồ sơ.";
        return (vec![waits.to_owned()], Vec::new());
    }
    let there = case.received.on_behalf.as_ref();
    if let Some(other) = there.filter(|_| case.waits_for_competent()) {
        return (
            vec![super::case::begins_there(&other.competent)],
            Vec::new(),
        );
    }
    let promised = case.promised();
    match case.postponed() {
        // A limit that began anew after the apology made another date of it.
        Some(postponed) if case.due_ms() == Some(postponed.due_ms) => {
            let event = CaseEvent::Postponed(postponed.clone());
            (vec![say_case::event(&event)], promised.because.to_vec())
        }
        _ => (promised.because.to_vec(), Vec::new()),
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

/// An act in words, with what only the whole case knows of it.
fn with_more(case: &Case, act: &Act) -> String {
    let text = say_case::event(&act.event);
    match &act.event {
        CaseEvent::FeeReversed(reversed) => {
            let payments = case.money().payments;
            let paid = payments.iter().find(|paid| paid.id == reversed.payment);
            paid.map_or_else(String::new, |paid| {
                let slip = paid.slip.map_or_else(String::new, |slip| {
                    format!(", phiếu số {}", paper::running(slip))
                });
                format!("Khoản {} đồng{slip}. ", grouped(paid.amount))
            }) + &text
        }
        // More than one counts as late (domain rule of QĐ 766/QĐ-TTg).
        CaseEvent::SupplementRequested(_) => {
            let before = case.acts.iter().filter(|other| {
                other.event.act() == Some(CaseAct::RequestSupplement) && other.at_ms < act.at_ms
            });
            match before.count() {
                0 => text,
                n => format!("Lần thứ {}, theo bộ chỉ số là trễ hạn. {text}", n + 1),
            }
        }
        _ => text,
    }
}

/// What happened, in words. Prints stand where they belong in time.
fn history(branch: &Branch, case: &Case, contacts: &[Act]) -> Vec<CaseLine> {
    let officer = |id: &str| view::officer_name(branch, id).to_owned();
    let mut lines = vec![CaseLine {
        at: Time::from_ms(case.received.received_ms),
        kind: "case.received".to_owned(),
        officer: officer(&case.officer),
        text: say_case::received(&case.received),
        set_aside: false,
        undone: false,
    }];
    if let Some(event) = say_case::fee_at_reception(&case.received) {
        lines.push(CaseLine {
            at: Time::from_ms(case.received.received_ms),
            kind: say_case::kind(&event),
            officer: officer(&case.officer),
            text: say_case::event(&event),
            set_aside: false,
            undone: false,
        });
    }
    if let Some(code) = &case.code_given {
        let event = CaseEvent::CodeGiven(code.given.clone());
        lines.push(CaseLine {
            at: Time::from_ms(code.at_ms),
            kind: say_case::kind(&event),
            officer: officer(&code.officer),
            text: say_case::event(&event),
            set_aside: false,
            undone: false,
        });
    }
    for (acts, set_aside) in [
        (&case.acts[..], false),
        (&case.set_aside, true),
        (contacts, false),
    ] {
        lines.extend(acts.iter().map(|act| CaseLine {
            at: Time::from_ms(act.at_ms),
            kind: say_case::kind(&act.event),
            officer: officer(&act.officer),
            text: with_more(case, act),
            set_aside,
            undone: false,
        }));
    }
    for undone in &case.undone {
        lines.push(CaseLine {
            at: Time::from_ms(undone.act.at_ms),
            kind: say_case::kind(&undone.act.event),
            officer: officer(&undone.act.officer),
            text: say_case::event(&undone.act.event),
            set_aside: false,
            undone: true,
        });
        let event = undo_of(undone);
        lines.push(CaseLine {
            at: Time::from_ms(undone.at_ms),
            kind: say_case::kind(&event),
            officer: officer(&undone.officer),
            text: say_case::event(&event),
            set_aside: false,
            undone: false,
        });
    }
    lines.extend(case.printed.iter().map(|print| CaseLine {
        at: Time::from_ms(print.at_ms),
        kind: "case.document_printed".to_owned(),
        officer: officer(&print.officer),
        text: say_case::printed(&print.document),
        set_aside: false,
        undone: false,
    }));
    let gone = case.detached.iter();
    let files = case.attachments.iter().chain(gone.map(|d| &d.attachment));
    lines.extend(files.map(|file| CaseLine {
        at: Time::from_ms(file.at_ms),
        kind: "case.paper_attached".to_owned(),
        officer: officer(&file.officer),
        text: say_case::attached(&file.file),
        set_aside: false,
        undone: false,
    }));
    lines.extend(case.detached.iter().map(|gone| CaseLine {
        at: Time::from_ms(gone.at_ms),
        kind: "case.paper_detached".to_owned(),
        officer: officer(&gone.officer),
        text: format!(
            "Gỡ tệp của “{}”, mã {}. Lý do: {}.",
            gone.attachment.file.name, gone.attachment.file.code, gone.reason
        ),
        set_aside: false,
        undone: false,
    }));
    // Stable: what happened within one millisecond keeps its order.
    lines.sort_by_key(|line| line.at);
    lines
}
