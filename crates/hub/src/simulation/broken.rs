//! Builds that are wrong on purpose, after defects that queue systems really have; a net that
//! does not catch them has a hole.

use motcua_domain::visit::{Outcome, VisitEvent};
use motcua_protocol::{event::Body, sync::Refused};
use motcua_store::Author;
use serde_json::json;
use uuid::Uuid;

use crate::{
    lan::Answers,
    wire::{CommandAsk, CommandTold, Decided},
};

/// What is wrong with the build under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    Nothing,
    /// Two desks count at once and both take the next number.
    CountedOutside,
    /// Whoever calls takes whom the list showed, also if somebody else has called meanwhile.
    CalledWithoutClaim,
    /// An undone call puts the person at the end.
    UndoLosesWait,
    /// At day end everybody still waiting becomes served.
    ServiceInvented,
    /// Two counters give numbers of one series while they are alone.
    SeriesShared,
    /// The hub does not know a command again.
    LostAnswerDoneTwice,
    /// A hub and its counters go on although they know of a higher term.
    LowerTermObeyed,
    /// A promoted hub gives the numbers of the one before it.
    PlainAfterPromotion,
    /// A disk goes back and nothing outside it tells.
    RewindUnnoticed,
    /// Central takes a restored machine for the one that it was.
    LivesNotApart,
    /// Central goes on after a restore as if nothing had been granted since.
    CentralForgets,
    /// Two copies of central decide at the same time.
    CopiesUnlocked,
    /// The branch goes on with the whole range although central parts it.
    WholeRangeWithCentral,
}

fn author(answers: &Answers, command_id: Uuid) -> Author {
    Author {
        actor: "lan".to_owned(),
        command_id,
        moment: answers.app.moment(),
    }
}

/// What the hub does with a command.
pub(super) fn carry_out(
    broken: Broken,
    answers: &Answers,
    device: Uuid,
    mut ask: CommandAsk,
) -> Result<Decided, Refused> {
    match (broken, ask.name.as_str()) {
        (Broken::LostAnswerDoneTwice, _) => ask.command_id = Uuid::now_v7(),
        (Broken::CountedOutside, "visit.register")
            if ask.command_id.as_u128().is_multiple_of(4) =>
        {
            if let Some(decided) = count_again(answers, device, &ask) {
                return Ok(decided);
            }
        }
        (Broken::CalledWithoutClaim, "queue.call_next") => {
            if let Some(decided) = call_again(answers, device, &ask) {
                return Ok(decided);
            }
        }
        (Broken::ServiceInvented, "day.close") => invent(answers, ask.command_id),
        _ => {}
    }
    if broken == Broken::LowerTermObeyed {
        return obey(answers, device, &ask);
    }
    answers.carry_out(device, ask)
}

/// Whatever the log says of other hubs.
fn obey(answers: &Answers, device: Uuid, ask: &CommandAsk) -> Result<Decided, Refused> {
    let caller = motcua_app::Caller {
        officer: ask.officer.clone(),
        command_id: Some(ask.command_id),
    };
    match answers.app.call(&caller, &ask.name, ask.args.clone()) {
        Ok(told) => Ok(decided(answers, device, ask, told)),
        Err(_) => Err(motcua_protocol::sync::RefusedWhy::Busy.into()),
    }
}

/// The answer of a command that is already in the log.
fn decided(answers: &Answers, device: Uuid, ask: &CommandAsk, told: serde_json::Value) -> Decided {
    let store = answers.app.store();
    let cursor = ask.server_epoch.as_ref().map_or(0, |_| ask.cursor);
    Decided {
        told: CommandTold::Done(told),
        server_epoch: store.server_epoch(),
        page: store
            .feed_after(cursor, device, &motcua_protocol::sync::Limits::default())
            .unwrap(),
    }
}

fn count_again(answers: &Answers, device: Uuid, ask: &CommandAsk) -> Option<Decided> {
    let store = answers.app.store();
    let last = store
        .read(|read| {
            let latest = read.latest_visits(today(answers), 1)?;
            latest.first().map_or(Ok(None), |row| {
                let events = read.events_of(row.id)?;
                let first = events
                    .first()
                    .and_then(|e| Body::decode(&e.header.kind, &e.body));
                Ok(first.map(|body| (body, row.visit.label())))
            })
        })
        .unwrap();
    let (body, label) = last?;
    let id = Uuid::now_v7();
    let done = store.write(&author(answers, ask.command_id), |tx| tx.append(id, &body));
    done.unwrap();
    Some(decided(
        answers,
        device,
        ask,
        json!({"visit_id": id, "ticket": label}),
    ))
}

fn today(answers: &Answers) -> chrono::NaiveDate {
    motcua_store::today(answers.app.moment().wall_ms)
}

fn call_again(answers: &Answers, device: Uuid, ask: &CommandAsk) -> Option<Decided> {
    use motcua_domain::visit::State;
    let counter = u16::try_from(ask.args["counter"].as_u64()?).ok()?;
    let store = answers.app.store();
    let taken = store
        .read(|read| {
            let open = read.visits_at_counters(today(answers))?;
            let other = open.into_iter().find(|row| {
                row.visit.state() == State::Called && row.visit.leg().counter != Some(counter)
            });
            Ok(other.map(|row| (row.id, row.visit.label())))
        })
        .unwrap();
    let (id, label) = taken?;
    let body = Body::Visit(VisitEvent::Called { counter });
    let done = store.write(&author(answers, ask.command_id), |tx| tx.append(id, &body));
    done.unwrap();
    Some(decided(
        answers,
        device,
        ask,
        json!({"visit_id": id, "ticket": label, "counter": counter}),
    ))
}

fn invent(answers: &Answers, command_id: Uuid) {
    let store = answers.app.store();
    let waiting = store.read(|read| read.open_visits(today(answers))).unwrap();
    for row in waiting {
        let events = [
            VisitEvent::Called { counter: 1 },
            VisitEvent::Started {},
            VisitEvent::Ended {
                outcome: Outcome::Done,
                note: None,
                quote: None,
            },
        ];
        let done = store.write(&author(answers, command_id), |tx| {
            for event in events {
                tx.append(row.id, &Body::Visit(event))?;
            }
            Ok(())
        });
        done.unwrap();
    }
}
