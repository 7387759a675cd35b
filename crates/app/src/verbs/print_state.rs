//! Which papers a case has, since when each is what it is now, and under which name its prints
//! stand in the log.

use motcua_domain::case::{Act, Case, CaseAct, CaseEvent, HandedOver, Undone};
use motcua_protocol::verbs::paper::PaperKind;
use motcua_store::{Read, table::case::CaseRow};
use uuid::Uuid;

use crate::Result;

/// A paper that the case has.
pub(crate) struct Paper {
    /// Under which its prints are recorded.
    pub(crate) document: String,
    /// A print before this moment was of another paper.
    pub(crate) since_ms: i64,
    /// The cases it is a paper of, this one too: a print is recorded with each.
    pub(crate) cases: Vec<Uuid>,
    /// Which of several.
    pub(crate) part: Option<u32>,
    /// How often it was printed as it is now: from the first on a print is a reprint.
    pub(crate) prints: usize,
    /// How often before it became what it is now.
    pub(crate) earlier: usize,
}

/// The act that a paper is of, where it is of one.
fn act_of(kind: PaperKind) -> Option<CaseAct> {
    match kind {
        PaperKind::Refusal => Some(CaseAct::Refuse),
        PaperKind::Apology => Some(CaseAct::Postpone),
        PaperKind::ReturnSlip => Some(CaseAct::ReturnResult),
        PaperKind::WithdrawalNote => Some(CaseAct::Withdraw),
        PaperKind::StopNotice => Some(CaseAct::Stop),
        _ => None,
    }
}

/// The paper, if the case has it now.
pub(crate) fn of(
    read: &Read<'_>,
    row: &CaseRow,
    kind: PaperKind,
    part: Option<u32>,
) -> Result<Option<Paper>> {
    let case = &row.case;
    let at = |act: CaseAct| case.last(act).map(|a| a.at_ms);
    let latest = |acts: &[CaseAct]| acts.iter().filter_map(|act| at(*act)).max();
    // An act that was taken back stood on what was printed before.
    let taken_back = |acts: &[CaseAct]| {
        let of = |done: &&Undone| done.act.event.act().is_some_and(|a| acts.contains(&a));
        case.undone.iter().filter(of).map(|done| done.at_ms).max()
    };
    let named = |document: String, since_ms: i64| {
        let prints = case.prints_since(&document, since_ms);
        Paper {
            since_ms,
            cases: vec![row.id],
            part: None,
            prints,
            earlier: case.prints(&document) - prints,
            document,
        }
    };
    let own = |since_ms: i64| named(kind.name().to_owned(), since_ms);
    Ok(match kind {
        // It tells from when the limit runs, and by which code the case goes. Its line about the fee
        // is of now, on the same paper: nobody is to hold one that asks for what was paid.
        PaperKind::Receipt => {
            let coded = case.code_given.as_ref().map(|code| code.at_ms);
            let acts = [CaseAct::CompleteSupplement, CaseAct::Accept];
            let since = latest(&acts).max(taken_back(&acts)).max(coded);
            Some(own(since.unwrap_or(i64::MIN)))
        }
        // A line comes with every hop.
        PaperKind::Control => {
            let hops = [
                CaseAct::HandOver,
                CaseAct::Accept,
                CaseAct::TakeBack,
                CaseAct::ReceiveResult,
            ];
            latest(&hops)
                .max(taken_back(&hops))
                .filter(|_| latest(&hops).is_some())
                .map(own)
        }
        PaperKind::RatingSlip => Some(own(i64::MIN)),
        PaperKind::FeeSlip => fee_slip(case, part).map(|(part, since_ms)| Paper {
            part: Some(part),
            ..named(format!("{}.{part}", kind.name()), since_ms)
        }),
        PaperKind::FeeNotice => fee_notice(case).map(own),
        PaperKind::JointReceipt => joint(read, row)?.map(|(since_ms, cases)| Paper {
            cases,
            ..own(since_ms)
        }),
        PaperKind::HandOverList => listed(read, case)?.map(|(since_ms, cases)| Paper {
            cases,
            ..own(since_ms)
        }),
        PaperKind::Supplement => request(case, part).map(|request| Paper {
            document: request.document,
            prints: request.prints,
            part: Some(request.part),
            // What was printed before was another request.
            earlier: 0,
            ..own(request.since_ms)
        }),
        other => act_of(other).and_then(at).map(own),
    })
}

/// All papers that the case has now, each of several of a kind by itself.
pub(crate) fn all(read: &Read<'_>, row: &CaseRow) -> Result<Vec<(PaperKind, Paper)>> {
    let mut papers = Vec::new();
    for kind in PaperKind::ALL {
        let Some(last) = of(read, row, kind, None)? else {
            continue;
        };
        for part in 1..last.part.unwrap_or(1) {
            papers.extend(of(read, row, kind, Some(part))?.map(|paper| (kind, paper)));
        }
        papers.push((kind, last));
    }
    Ok(papers)
}

/// The payment that was asked for, or the last one; a payment that went back has another slip.
fn fee_slip(case: &Case, part: Option<u32>) -> Option<(u32, i64)> {
    let payments = case.money().payments;
    let payment = match part {
        Some(part) => payments.iter().find(|p| p.n == part),
        None => payments.last(),
    }?;
    let since = payment.reversed.as_ref().map_or(i64::MIN, |r| r.at_ms);
    Some((payment.n, since))
}

/// A request for a supplement, as far as its prints go.
struct Request {
    document: String,
    part: u32,
    since_ms: i64,
    prints: usize,
}

/// The request that was asked for. The last one has the name of its kind, and had it while no other
/// had followed.
fn request(case: &Case, part: Option<u32>) -> Option<Request> {
    let (part, asked) = case.supplement_asked(part)?;
    let since_ms = asked.asked.at_ms;
    let name = PaperKind::Supplement.name();
    let while_last = case.prints_since(name, since_ms);
    let (document, prints) = match case.supplement_asked(Some(part + 1)) {
        None => (name.to_owned(), while_last),
        Some((_, next)) => {
            let own = format!("{name}.{part}");
            let since_next = case.prints_since(name, next.asked.at_ms);
            // By the clocks of two machines the later request may be the earlier one.
            let prints = while_last.saturating_sub(since_next) + case.prints(&own);
            (own, prints)
        }
    };
    Some(Request {
        document,
        part,
        since_ms,
        prints,
    })
}

fn fee_notice(case: &Case) -> Option<i64> {
    if case.status.ended_without_result() || case.money().due == 0 {
        return None;
    }
    let told = case.acts.iter().rev().find(|act| act.event.is_fee());
    Some(told.map_or(i64::MIN, |act| act.at_ms))
}

/// The cases of the visit, once there are several; with another of them it is another paper.
fn joint(read: &Read<'_>, row: &CaseRow) -> Result<Option<(i64, Vec<Uuid>)>> {
    let Some(visit) = row.case.received.visit_id else {
        return Ok(None);
    };
    let cases = read.cases_of_visit(visit)?;
    if cases.len() < 2 {
        return Ok(None);
    }
    let since = cases.iter().map(|c| c.case.received.received_ms).max();
    let ids = cases.into_iter().map(|c| c.id).collect();
    Ok(Some((since.unwrap_or(i64::MIN), ids)))
}

/// The cases that went with this one, if it went with others the last time. Whose hand-over was
/// taken back did not go; without it the list is another paper.
fn listed(read: &Read<'_>, case: &Case) -> Result<Option<(i64, Vec<Uuid>)>> {
    let Some(act) = case.last(CaseAct::HandOver) else {
        return Ok(None);
    };
    let CaseEvent::HandedOver(hop) = &act.event else {
        return Ok(None);
    };
    if hop.list.is_empty() {
        return Ok(None);
    }
    // All of one hand-over have its moment; the same cases may go a second time.
    let same = |other: &Act| {
        let with = |hop_of: &HandedOver| hop_of.list == hop.list;
        other.at_ms == act.at_ms
            && matches!(&other.event, CaseEvent::HandedOver(other) if with(other))
    };
    let (mut since, mut cases) = (act.at_ms, Vec::with_capacity(hop.list.len()));
    for id in &hop.list {
        let undone = read.case(*id)?.and_then(|row| {
            let undone = row.case.undone.iter().rev().find(|done| same(&done.act));
            undone.map(|done| done.at_ms)
        });
        match undone {
            Some(at_ms) => since = since.max(at_ms),
            None => cases.push(*id),
        }
    }
    Ok(Some((since, cases)))
}
