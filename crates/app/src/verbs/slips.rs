//! The papers that follow the receipt through the life of a case, each as its act was recorded.

use motcua_documents::{self as documents, CaseHead, Hop, HopStanding, PaperRow, Taker};
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{Act, Case, CaseAct, CaseEvent, DepartmentStep, Recipient, WantedPaper},
    visit::PartyKind,
};
use motcua_protocol::{
    Time,
    verbs::paper::{Format, PaperKind},
};
use motcua_store::{Read, table::case::CaseRow};

use super::{
    case, case_lists,
    paper::{self, Paper, Which},
};
use crate::{App, Result, say_case, view};

/// The case has no such paper, or not yet.
pub(super) fn not_yet(kind: PaperKind) -> Refusal {
    Refusal::new(
        Code::DocumentUnknown,
        format!(
            "Hồ sơ này chưa có {}. Chưa in gì. Mời làm việc đó trước rồi in.",
            say_case::paper_name(kind)
        ),
    )
    .at("kind")
}

/// A paper of a case other than its receipt.
pub(super) fn make(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    which: Which,
    reprinted_ms: Option<i64>,
) -> Result<Paper> {
    let Which { kind, id, part } = which;
    let row = case::find(read, id)?;
    let forms = app
        .assets
        .form_set(app.store.dir(), &row.case.received.form_set)?;
    let fonts = app.assets.fonts(app.store.dir())?;
    let made = |act: &Act| head(branch, &row, act, reprinted_ms);
    let last = |act: CaseAct| row.case.last(act);
    let bytes = match kind {
        PaperKind::Supplement => {
            // Each request has a paper of its own.
            let (_, request) = row
                .case
                .supplement_asked(part)
                .ok_or_else(|| not_yet(kind))?;
            let (act, asked) = (request.asked, request.wanted);
            let data = documents::Supplement {
                head: CaseHead {
                    number: asked.number.map(paper::running),
                    ..made(act)
                },
                papers: asked.papers.iter().map(wanted_row).collect(),
                content: asked.content.clone(),
                reason: asked.reason.clone(),
            };
            documents::supplement(&data, forms, fonts)?
        }
        PaperKind::Refusal => {
            let Some((act, CaseEvent::Refused(why))) =
                last(CaseAct::Refuse).map(|act| (act, &act.event))
            else {
                return Err(not_yet(kind).into());
            };
            let data = documents::Refused {
                head: made(act),
                signer: row.case.signer().to_owned(),
                reason: why.reason.clone(),
            };
            documents::refused(&data, forms, fonts)?
        }
        PaperKind::Apology => {
            let Some((act, CaseEvent::Postponed(postponed))) =
                last(CaseAct::Postpone).map(|act| (act, &act.event))
            else {
                return Err(not_yet(kind).into());
            };
            let data = documents::Apology {
                head: CaseHead {
                    number: postponed.number.map(paper::running),
                    ..made(act)
                },
                received_at: Time::from_ms(row.case.received.received_ms).0,
                due_at: Time::from_ms(postponed.from_ms).0,
                new_due_at: Time::from_ms(postponed.due_ms).0,
                reason: postponed.reason.clone(),
            };
            documents::apology(&data, forms, fonts)?
        }
        PaperKind::Control => {
            let went = last(CaseAct::HandOver).or(last(CaseAct::Accept));
            let Some(act) = went.or(last(CaseAct::ReceiveResult)) else {
                return Err(not_yet(kind).into());
            };
            let data = documents::Control {
                head: made(act),
                received_at: Time::from_ms(row.case.promised().from_ms).0,
                due: paper::due(&row.case, row.case.due_ms()),
                register: paper::register(&row),
                place_of_work: match &act.event {
                    CaseEvent::HandedOver(hop) => Some(hop.to.clone()),
                    CaseEvent::Accepted(_) => {
                        (row.case.received.on_behalf.as_ref()).map(|other| other.competent.clone())
                    }
                    _ => None,
                },
                // Whoever took it over last may not know with whom it began.
                helping: row.case.acts.iter().rev().find_map(|act| match &act.event {
                    CaseEvent::HandedOver(hop) => hop.helping.clone(),
                    _ => None,
                }),
                hops: hops(branch, &row.case),
            };
            documents::control(&data, forms, fonts)?
        }
        PaperKind::ReturnSlip => {
            let Some((act, CaseEvent::ResultReturned(returned))) =
                last(CaseAct::ReturnResult).map(|act| (act, &act.event))
            else {
                return Err(not_yet(kind).into());
            };
            let result = row.case.result_note().cloned().unwrap_or_default();
            let data = documents::ReturnSlip {
                head: made(act),
                taker: taker(&row.case, &returned.recipient),
                result_kind: result.kind,
                result_number: result.number,
                result_summary: result.summary,
                note: returned.note.clone(),
            };
            documents::return_slip(&data, forms, fonts)?
        }
        other => case_lists::make(app, branch, read, (&row, other, part), reprinted_ms)?,
    };
    Ok(Paper {
        title: row.case.code().to_owned(),
        bytes,
        format: Format::Pdf,
    })
}

pub(super) fn head(
    branch: &Branch,
    row: &CaseRow,
    act: &Act,
    reprinted_ms: Option<i64>,
) -> CaseHead {
    head_at(branch, row, (&act.officer, act.at_ms), reprinted_ms)
}

/// The same for a paper that is of no act.
pub(super) fn head_at(
    branch: &Branch,
    row: &CaseRow,
    (officer, at_ms): (&str, i64),
    reprinted_ms: Option<i64>,
) -> CaseHead {
    let received = &row.case.received;
    CaseHead {
        agency: paper::agency(branch),
        unit: unit(branch),
        desk_phone: told(&branch.office.phone),
        website: told(&branch.office.website),
        case_code: row.case.code().to_owned(),
        procedure_code: received.procedure.code.clone(),
        procedure_name: received.procedure.name.clone(),
        owner: owner(&row.case),
        officer: view::officer_name(branch, officer).to_owned(),
        number: None,
        made_at: Time::from_ms(at_ms).0,
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
    }
}

/// Chủ hồ sơ as they are reached now: what was changed since reception stands on the papers that
/// follow.
fn owner(case: &Case) -> documents::Party {
    let mut owner = paper::party(&case.received.applicant);
    if let Some(contact) = &case.contact {
        owner.phone = contact.phone.as_deref().map(paper::spoken_phone);
        owner.email.clone_from(&contact.email);
    }
    owner
}

/// The desk within a sentence, with the office it belongs to.
pub(super) fn unit(branch: &Branch) -> String {
    let office = &branch.office;
    format!("{} {}", paper::sentence_case(&office.unit), office.name)
}

/// What the office says of itself, if it says it.
pub(super) fn told(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn wanted_row(paper: &WantedPaper) -> PaperRow {
    paper::paper_row(&paper.name, paper.counts(), false)
}

/// Every hand-over, in order: to the department, and back.
fn hops(branch: &Branch, case: &Case) -> Vec<Hop> {
    let desk = paper::sentence_case(&branch.office.unit);
    let mut away = String::new();
    let mut hops = Vec::new();
    for act in &case.acts {
        let at = Time::from_ms(act.at_ms).0;
        let officer = Some(view::officer_name(branch, &act.officer).to_owned());
        hops.push(match &act.event {
            CaseEvent::HandedOver(hop) => {
                away.clone_from(&hop.to);
                Hop {
                    giver: officer,
                    taker: hop.receiver.clone(),
                    note: hop.note.clone(),
                    ..Hop::new(&desk, &hop.to, at)
                }
            }
            // What was received for another agency came to it, whoever brought it.
            CaseEvent::Accepted(accepted) => {
                let Some(other) = &case.received.on_behalf else {
                    continue;
                };
                away.clone_from(&other.competent);
                let at = Time::from_ms(accepted.at_ms).0;
                Hop {
                    note: accepted.note.clone(),
                    ..Hop::new(&desk, &other.competent, at)
                }
            }
            CaseEvent::HandedBack(back) => Hop {
                giver: back.giver.clone(),
                taker: officer,
                note: Some(back.reason.clone()),
                ..Hop::new(&away, &desk, at)
            },
            // What the desk settled by itself went nowhere.
            CaseEvent::ResultReceived(result) if !away.is_empty() => Hop {
                giver: result.giver.clone(),
                taker: officer,
                standing: standing(case, act.at_ms),
                note: result.note.clone(),
                ..Hop::new(&away, &desk, at)
            },
            // Settled there, and told over the line.
            CaseEvent::Reported(report) if report.step == DepartmentStep::Finished => Hop {
                giver: report.by.clone(),
                standing: standing(case, act.at_ms),
                note: report.note.clone(),
                ..Hop::new(&report.department, &desk, at)
            },
            _ => continue,
        });
    }
    hops
}

/// How a result stands to the time it was promised for; none without a due time.
fn standing(case: &Case, at_ms: i64) -> Option<HopStanding> {
    let due_ms = case.due_ms()?;
    let day = |ms: i64| Time::from_ms(ms).date();
    Some(if at_ms > due_ms {
        HopStanding::Late
    } else if day(at_ms) == day(due_ms) {
        HopStanding::OnTime
    } else {
        HopStanding::Early
    })
}

fn taker(case: &Case, recipient: &Recipient) -> Taker {
    match recipient {
        Recipient::Owner { name } => {
            let owner = &case.received.applicant;
            Taker::Person {
                name: name.clone(),
                phone: owner.phone.as_deref().map(paper::spoken_phone),
                // An organisation's number is not its representative's.
                id_number: owner
                    .id_number
                    .clone()
                    .filter(|_| owner.kind == PartyKind::Individual),
                authorisation: None,
            }
        }
        Recipient::Proxy {
            name,
            id_number,
            phone,
            authorisation,
        } => Taker::Person {
            name: name.clone(),
            phone: phone.as_deref().map(paper::spoken_phone),
            id_number: id_number.clone(),
            authorisation: Some(authorisation.clone()),
        },
        Recipient::Post { waybill, address } => Taker::Post {
            waybill: waybill.clone(),
            address: address.clone(),
        },
    }
}
