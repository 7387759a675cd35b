//! Several cases on one paper: the receipt of a visit, the list of a hand-over; and the papers of
//! money, of an end without a result, of the rating.

use motcua_documents::{self as documents, ListHead, ListedCase};
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{Act, Case, CaseAct, CaseEvent, decide},
    text::grouped,
    transfer,
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        case_acts::{HandOverMany, HandedOverMany},
        paper::PaperKind,
    },
};
use motcua_store::{Read, Write, table::case::CaseRow};
use uuid::Uuid;

use super::{
    case, case_acts, catalogue, fee, paper, print_state,
    slips::{self, not_yet},
};
use crate::{App, Result, registry::Ctx, view};

/// Most cases on one list.
pub(super) const MOST: usize = 200;

/// `case.hand_over_many`
pub(crate) fn hand_over_many(
    _app: &App,
    _ctx: &Ctx,
    tx: &mut Write<'_>,
    args: HandOverMany,
) -> Result<HandedOverMany> {
    if args.ids.is_empty() || args.ids.len() > MOST {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Một danh sách có từ 1 đến {MOST} hồ sơ. Mời chọn lại."),
        )
        .at("ids")
        .into());
    }
    let rest = [args.receiver, args.helping, args.note];
    let mut hop = case_acts::going(&args.to, &rest)?;
    let now = Time::from_ms(tx.now_ms()).0;
    let mut cases: Vec<(Uuid, Case)> = Vec::with_capacity(args.ids.len());
    for (i, id) in args.ids.iter().enumerate() {
        if cases.iter().any(|(known, _)| known == id) {
            continue;
        }
        let case = case::find(&tx.read(), *id)
            .map_err(|error| Refusal::from(error).at(format!("ids[{i}]")))?
            .case;
        decide::possible(&case, CaseAct::HandOver, now).map_err(|refusal| Refusal {
            message: format!("{}: {}", case.code(), refusal.message),
            ..refusal.at(format!("ids[{i}]"))
        })?;
        cases.push((*id, case));
    }
    // What was handed in online is dealt with first (QĐ 4094/QĐ-BKHCN, IV.4a).
    cases.sort_by_key(|(_, case)| case.received.online.is_none());
    let ids: Vec<Uuid> = cases.iter().map(|(id, _)| *id).collect();
    hop.list.clone_from(&ids);
    for id in &ids {
        tx.append(*id, &Body::Case(CaseEvent::HandedOver(hop.clone())))?;
    }
    Ok(HandedOverMany { ids })
}

/// A paper about money, an end or a rating, or about several cases.
pub(super) fn make(
    app: &App,
    branch: &Branch,
    read: &Read<'_>,
    (row, kind, part): (&CaseRow, PaperKind, Option<u32>),
    reprinted_ms: Option<i64>,
) -> Result<Vec<u8>> {
    let case = &row.case;
    let received = &case.received;
    let forms = app.assets.form_set(app.store.dir(), &received.form_set)?;
    let fonts = app.assets.fonts(app.store.dir())?;
    let of_act = |act: &Act| slips::head(branch, row, act, reprinted_ms);
    let received_at = Time::from_ms(received.received_ms).0;
    let signer = received.submitter.as_ref().unwrap_or(&received.applicant);
    let state = print_state::of(read, row, kind, part)?.ok_or_else(|| not_yet(kind))?;
    let bytes = match kind {
        PaperKind::FeeSlip => documents::fee_slip(
            &fee_slip(branch, row, state.part, reprinted_ms).ok_or_else(|| not_yet(kind))?,
            forms,
            fonts,
        )?,
        PaperKind::FeeNotice => {
            let due = case.money().due;
            let purpose = fee::purpose_of_case(case);
            let account = branch.office.account.as_ref();
            let data = documents::FeeNotice {
                // As of what was told last about money, whenever it is printed.
                head: slips::head_at(
                    branch,
                    row,
                    (&case.officer, state.since_ms.max(received.received_ms)),
                    reprinted_ms,
                ),
                amount: due,
                // What a transfer of this kind does not carry is paid in another way.
                code: account.and_then(|a| transfer::vietqr(a, due, &purpose).ok()),
                account: account.map(|a| format!("{}, số {}, {}", a.holder, a.number, a.bank)),
                purpose: account.map(|_| purpose),
            };
            documents::fee_notice(&data, forms, fonts)?
        }
        PaperKind::WithdrawalNote => {
            let Some((act, CaseEvent::Withdrawn(why))) =
                case.last(CaseAct::Withdraw).map(|act| (act, &act.event))
            else {
                return Err(not_yet(kind).into());
            };
            let data = documents::WithdrawalNote {
                head: of_act(act),
                received_at,
                signer: case.signer().to_owned(),
                reason: why.reason.clone(),
                money: money_words(case),
            };
            documents::withdrawal_note(&data, forms, fonts)?
        }
        PaperKind::StopNotice => {
            let act = case.last(CaseAct::Stop).ok_or_else(|| not_yet(kind))?;
            let (head, stage, reason) = match &act.event {
                CaseEvent::Stopped(why) => (
                    of_act(act),
                    place_of_work(case).or_else(|| Some(slips::unit(branch))),
                    why.reason.clone(),
                ),
                // The department said so to the centre; whoever asks is answered at the desk.
                CaseEvent::Reported(report) => (
                    slips::head_at(branch, row, (&case.officer, act.at_ms), reprinted_ms),
                    Some(report.department.clone()),
                    report.note.clone().unwrap_or_default(),
                ),
                _ => return Err(not_yet(kind).into()),
            };
            let data = documents::StopNotice {
                head,
                received_at,
                stage,
                reason,
                money: money_words(case),
            };
            documents::stop_notice(&data, forms, fonts)?
        }
        PaperKind::RatingSlip => {
            let head = slips::head_at(
                branch,
                row,
                (&case.officer, received.received_ms),
                reprinted_ms,
            );
            documents::rating_slip(&documents::Rating { head }, forms, fonts)?
        }
        PaperKind::JointReceipt => {
            let rows = rows_of(read, &state.cases)?;
            let fees: u64 = rows.iter().map(|r| r.case.money().charged).sum();
            let data = documents::JointReceipt {
                head: list_head(branch, (&case.officer, received.received_ms), reprinted_ms),
                submitter: paper::party(signer),
                signer: case.signer().to_owned(),
                cases: rows.iter().map(listed).collect(),
                fees: (fees > 0).then_some(fees),
            };
            documents::joint_receipt(&data, forms, fonts)?
        }
        PaperKind::HandOverList => {
            let Some((act, CaseEvent::HandedOver(hop))) =
                case.last(CaseAct::HandOver).map(|act| (act, &act.event))
            else {
                return Err(not_yet(kind).into());
            };
            let data = documents::HandOverList {
                head: list_head(branch, (&act.officer, act.at_ms), reprinted_ms),
                to: hop.to.clone(),
                receiver: hop.receiver.clone(),
                note: hop.note.clone(),
                cases: rows_of(read, &state.cases)?.iter().map(listed).collect(),
            };
            documents::hand_over_list(&data, forms, fonts)?
        }
        _ => return Err(not_yet(kind).into()),
    };
    Ok(bytes)
}

fn rows_of(read: &Read<'_>, ids: &[Uuid]) -> Result<Vec<CaseRow>> {
    ids.iter().map(|id| case::find(read, *id)).collect()
}

fn fee_slip(
    branch: &Branch,
    row: &CaseRow,
    part: Option<u32>,
    reprinted_ms: Option<i64>,
) -> Option<documents::FeeSlip> {
    let money = row.case.money();
    let payment = money.payments.iter().find(|p| Some(p.n) == part)?;
    let mut head = slips::head_at(branch, row, (&payment.officer, payment.at_ms), reprinted_ms);
    head.number = payment.slip.map(paper::running);
    Some(documents::FeeSlip {
        head,
        payer: payment.payer.clone(),
        amount: payment.amount,
        method: payment.method.words().to_owned(),
        note: payment.note.clone(),
        still_due: row.case.money_after(payment).due,
        cancelled: payment.reversed.as_ref().map(|back| documents::Cancelled {
            at: Time::from_ms(back.at_ms).0,
            officer: view::officer_name(branch, &back.officer).to_owned(),
            reason: back.reason.clone(),
        }),
    })
}

/// How a case stands with its money, in words; none where it costs nothing.
pub(super) fn money_words(case: &Case) -> Option<String> {
    let money = case.money();
    if money.charged == 0 && money.paid == 0 {
        return None;
    }
    let mut said = format!("mức phí {} đồng", grouped(money.charged));
    if money.paid > 0 {
        said.push_str(&format!(", đã nộp {} đồng", grouped(money.paid)));
    }
    let back: u64 = money
        .payments
        .iter()
        .filter(|p| p.reversed.is_some())
        .fold(0, |sum, p| sum.saturating_add(p.amount));
    if back > 0 {
        said.push_str(&format!(", đã ghi hủy khoản thu {} đồng", grouped(back)));
    }
    Some(said)
}

/// Where the dossier is or was worked on, if it went anywhere.
pub(super) fn place_of_work(case: &Case) -> Option<String> {
    match case.last(CaseAct::HandOver).map(|act| &act.event) {
        Some(CaseEvent::HandedOver(hop)) => Some(hop.to.clone()),
        _ => case
            .received
            .on_behalf
            .as_ref()
            .map(|b| b.competent.clone()),
    }
}

pub(super) fn list_head(
    branch: &Branch,
    (officer, at_ms): (&str, i64),
    reprinted_ms: Option<i64>,
) -> ListHead {
    ListHead {
        agency: paper::agency(branch),
        unit: slips::unit(branch),
        officer: view::officer_name(branch, officer).to_owned(),
        made_at: Time::from_ms(at_ms).0,
        reprinted_at: reprinted_ms.map(|ms| Time::from_ms(ms).0),
    }
}

pub(super) fn listed(row: &CaseRow) -> ListedCase {
    let case = &row.case;
    let received = &case.received;
    let promised = case.promised();
    let money = case.money();
    ListedCase {
        code: case.code().to_owned(),
        procedure: received.procedure.name.clone(),
        owner: received.applicant.name.clone(),
        place_of_work: place_of_work(case),
        received_at: Time::from_ms(received.received_ms).0,
        due: paper::due(case, case.due_ms()),
        limit: promised.limit.map(|l| match l.value {
            0 => "Trong ngày".to_owned(),
            value => format!("{value} {}", catalogue::unit_text(l.unit)),
        }),
        sets: u32::from(received.sets),
        online: received.online.is_some(),
        fee: (money.charged > 0).then(|| {
            let standing = if money.due == 0 {
                "đã nộp"
            } else {
                "chưa nộp đủ"
            };
            format!("{} đ, {standing}", grouped(money.charged))
        }),
    }
}
