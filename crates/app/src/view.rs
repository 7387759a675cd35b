//! From stored state to the rows that screens show.

use motcua_domain::{
    branch::Branch,
    visit::{Class, Origin, Stamp, State, Visit, booking_code},
};
use motcua_protocol::{
    Time,
    verbs::{
        case::CaseRow,
        queue::Row,
        visit::{Heeded, LegAnswer, VisitView},
    },
};
use motcua_store::{Read, table::case as stored};
use uuid::Uuid;

use crate::{App, Result, bundle::CENTRAL, kiosk::KIOSK, open::SYSTEM};

/// The moment at which a screen looks, by every clock that an event's stamp has too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// The corrected clock, UTC milliseconds.
    pub(crate) ms: i64,
    boot: Uuid,
    mono_ms: i64,
}

impl Now {
    /// This moment.
    pub(crate) fn of(app: &App) -> Self {
        let moment = app.clock.moment();
        Self {
            ms: app.store.now(moment).0,
            boot: moment.boot,
            mono_ms: moment.mono_ms,
        }
    }

    pub(crate) fn time(self) -> Time {
        Time::from_ms(self.ms)
    }
}

impl From<Stamp> for Now {
    fn from(stamp: Stamp) -> Self {
        Self {
            ms: stamp.wall_ms,
            boot: stamp.boot,
            mono_ms: stamp.mono_ms,
        }
    }
}

/// The effective time of a visit now.
pub(crate) fn effective(visit: &Visit, now: Now) -> i64 {
    visit.effective_ms((now.ms, now.boot, now.mono_ms))
}

/// Whether the official wait runs on.
pub(crate) fn wait_running(visit: &Visit) -> bool {
    match visit.state() {
        State::Waiting | State::Called => true,
        State::Held => visit
            .leg()
            .held
            .as_ref()
            .is_some_and(|h| h.cause == motcua_domain::visit::Cause::Office),
        State::Booked | State::Serving | State::Missed | State::Closed => false,
    }
}

/// Whole seconds.
pub(crate) fn seconds(ms: i64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(0)
}

pub(crate) fn service_name<'a>(branch: &'a Branch, code: &'a str) -> &'a str {
    branch
        .services
        .iter()
        .find(|s| s.code == code)
        .map_or(code, |s| s.name.as_str())
}

pub(crate) fn officer_name<'a>(branch: &'a Branch, id: &'a str) -> &'a str {
    match id {
        SYSTEM => return "Máy",
        CENTRAL => return "Trung tâm",
        KIOSK => return "Máy lấy số tự phục vụ",
        _ => {}
    }
    branch.officer(id).map_or(id, |o| o.name.as_str())
}

fn has_priority(class: Class) -> bool {
    !matches!(class, Class::Ordinary | Class::Appointment)
}

pub(crate) fn row(branch: &Branch, id: Uuid, visit: &Visit, now: Now) -> Row {
    let leg = visit.leg();
    let at = effective(visit, now);
    Row {
        visit_id: id,
        ticket: visit.label(),
        service: leg.service.clone(),
        service_name: service_name(branch, &leg.service).to_owned(),
        class: visit.class,
        name: visit.applicant.as_ref().map(|p| p.name.clone()),
        queued_at: Time::from_ms(visit.legs[0].queued_ms),
        state: leg.state,
        since: Time::from_ms(leg.spans.last().map_or(leg.queued_ms, |s| s.from_ms)),
        wait_ms: visit.clocks(at).wait_ms,
        wait_running: wait_running(visit),
        ranked_as_at: Time::from_ms(leg.rank_ms),
        counter: leg.counter,
        officer: leg
            .officer
            .as_deref()
            .map(|o| officer_name(branch, o).to_owned()),
        calls: leg.calls,
        misses: leg.misses,
        last_call_at: leg.last_call_ms.map(Time::from_ms),
        party_size: visit.party_size,
        quantity: visit.quantity,
        claimed: visit.origin == Origin::Kiosk && has_priority(visit.class),
        paper: visit.ticket.as_ref().is_some_and(|t| t.paper),
        planned: visit.planned.len() as u32,
        held: leg.held.clone(),
        note: leg.note.clone(),
        quote: visit.promise(visit.legs.len() - 1).map(|p| p.quote),
        slot_at: visit.slot_ms.map(Time::from_ms),
        booking: visit.slot_ms.map(|_| booking_code(id)),
        outcome: leg.outcome,
        accurate: visit.accurate(),
        ticket_prints: visit.ticket_prints,
        closing: None,
    }
}

/// What became of an event, if it was done apart from others.
pub(crate) fn heeded(visit: &Visit, event: Uuid) -> Option<Heeded> {
    let apart = visit.apart.iter().find(|a| a.event == event)?;
    Some(if apart.counted {
        Heeded::Counted
    } else {
        Heeded::SetAside
    })
}

pub(crate) fn leg_answer(id: Uuid, visit: &Visit) -> LegAnswer {
    let leg = visit.leg();
    LegAnswer {
        visit_id: id,
        ticket: visit.label(),
        leg: visit.legs.len() - 1,
        state: leg.state,
        service: leg.service.clone(),
        counter: leg.counter,
        queued_at: Time::from_ms(leg.queued_ms),
        served_at: leg.serve_ms.map(Time::from_ms),
        ended_at: leg.end_ms.map(Time::from_ms),
        outcome: leg.outcome,
        calls: leg.calls,
        accurate: leg.accurate,
        quote: visit
            .promise(visit.legs.len() - 1)
            .filter(|_| leg.state == State::Waiting)
            .map(|p| p.quote),
    }
}

pub(crate) fn visit_view(read: &Read<'_>, id: Uuid, visit: Visit, now: Now) -> Result<VisitView> {
    Ok(VisitView {
        visit_id: id,
        ticket: visit.label(),
        state: visit.state(),
        clocks: visit.clocks(effective(&visit, now)),
        now: now.time(),
        wait_running: wait_running(&visit),
        cases: read.cases_of_visit(id)?.iter().map(case_row).collect(),
        visit,
    })
}

pub(crate) fn case_row(row: &stored::CaseRow) -> CaseRow {
    let received = &row.case.received;
    CaseRow {
        case_id: row.id,
        case_code: row.case.code().to_owned(),
        provisional: row.case.is_provisional(),
        procedure_code: received.procedure.code.clone(),
        procedure_name: received.procedure.name.clone(),
        applicant: received.applicant.name.clone(),
        received_at: Time::from_ms(received.received_ms),
        due_at: row
            .case
            .due_ms()
            .filter(|_| !row.case.status.ended_without_result())
            .map(Time::from_ms),
        status: row.case.status,
        receipts: row.case.prints("receipt") as u32,
        online: received.online.is_some(),
        fee_due: row.case.money().due,
    }
}
