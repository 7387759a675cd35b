//! A case as a screen shows it: what can be done and why something cannot, its papers, why it is due
//! when it is, its history in words.

use motcua_domain::{
    branch::Branch,
    case::{Act, ActUndone, Case, CaseAct, CaseEvent, CaseStatus, Undone, decide, undo},
    text::grouped,
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        case::CaseView,
        case_acts::{CaseLine, CasePaper, PossibleAct, Undoable},
    },
};
use motcua_store::{Read, table::case::CaseRow};
use uuid::Uuid;

use super::{case_acts::asker, paper, print_state};
use crate::{App, Result, registry::Ctx, say_case, view};

/// Everything a screen shows of a case.
pub(super) fn view_of(
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

/// The record of taking an act back, as the log has it.
pub(super) fn undo_of(undone: &Undone) -> CaseEvent {
    CaseEvent::ActUndone(ActUndone {
        // Only acts are taken back.
        act: undone.act.event.act().unwrap_or(CaseAct::Accept),
        done_ms: undone.act.at_ms,
        reason: undone.reason.clone(),
    })
}

/// The changes of how the citizen is reached, in order. The case keeps what holds, the log who said
/// it.
pub(super) fn contact_changes(read: &Read<'_>, id: Uuid) -> Result<Vec<Act>> {
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
