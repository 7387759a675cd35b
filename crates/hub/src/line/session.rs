//! The replication engine, driven: its questions go to the hub or central, and to the store, one by
//! one.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use motcua_app::App;
use motcua_sync::{Ask, Engine, Input, LocalLog, Now, Output, Status, Survey, Taken, Told, Unfit};
use serde::Serialize;

use super::talk::{self, Say};

/// One answer of a session may take this long: there may be a week of a branch in it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whom a session is with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Under which name the store keeps what it knows of it.
    pub(crate) name: &'static str,
    /// Whether other devices' logs are sent as well.
    pub(crate) all: bool,
}

/// What a session did.
#[derive(Debug, Clone, Serialize)]
pub struct Synced {
    /// Events that the other side did not have before.
    pub sent: u64,
    /// Events that were not here before.
    pub received: u64,
    /// Events that the other side still lacks.
    pub unsent: u64,
    /// Why it did not come to its end: a stable code, and the sentence for the officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<(&'static str, &'static str)>,
}

fn unfit(found: &[motcua_store::Unfit]) -> Taken {
    let one = |u: &motcua_store::Unfit| Unfit {
        place: u.place,
        why: u.why,
    };
    Taken {
        unfit: found.iter().map(one).collect(),
    }
}

fn survey(app: &App, peer: Peer) -> motcua_store::Result<Survey> {
    let store = app.store();
    let peer = store.peer(peer.name)?;
    let logs = store.heads(None)?;
    let logs = logs.into_iter().map(|log| {
        let acked = peer
            .heads
            .iter()
            .find(|h| h.device == log.device && h.head.epoch == log.head.epoch);
        Ok(LocalLog {
            log,
            closed: store.closed_at(log.device, log.head.epoch)?,
            acked: acked.map_or(0, |h| h.head.seq),
            parted: store.parted_at(log.device, log.head.epoch)?,
        })
    });
    Ok(Survey {
        logs: logs.collect::<motcua_store::Result<_>>()?,
        server_epoch: peer.server_epoch,
        cursor: peer.cursor,
    })
}

fn tell(app: &App, peer: Peer, ask: Ask, received: &mut u64) -> motcua_store::Result<Told> {
    let store = app.store();
    let now_ms = app.moment().wall_ms;
    Ok(match ask {
        Ask::Survey => Told::Survey(survey(app, peer)?),
        Ask::Events {
            device,
            epoch,
            after,
            limits,
        } => Told::Events(store.events_after(device, epoch, after, &limits)?),
        Ask::TakePage { server_epoch, page } => {
            let done = match peer.all {
                // What goes another way above us is kept for whose log it is.
                true => store.ingest_page_from_above(peer.name, &server_epoch, &page, now_ms)?,
                false => store.ingest_page(peer.name, &server_epoch, &page, now_ms)?,
            };
            *received += done.stored as u64;
            if done.stored > 0 {
                app.took(&page.events);
            }
            Told::Taken(unfit(&done.unfit))
        }
        Ask::TakePast(events) => {
            let done = store.ingest(&events, now_ms)?;
            *received += done.stored as u64;
            app.took(&events);
            Told::Taken(unfit(&done.unfit))
        }
        Ask::Repair {
            epoch,
            common,
            theirs,
        } => {
            store.repair_fork(epoch, common, &theirs, app.moment())?;
            Told::Repaired
        }
    })
}

fn now(app: &App) -> Now {
    let moment = app.moment();
    Now {
        mono_ms: u64::try_from(moment.mono_ms).unwrap_or(0),
        wall_ms: moment.wall_ms,
    }
}

/// Runs one session to its end, good or bad, within `budget`; none where the engine does not see a
/// reason in `why`.
pub(crate) fn run(
    app: &App,
    peer: Peer,
    say: Say<'_>,
    engine: &mut Engine,
    budget: Duration,
    why: Input,
) -> Synced {
    let began = Instant::now();
    let before = app.unsent(peer.name, peer.all).map_or(0, |(n, _)| n);
    let done_before = engine.status().last_done_wall_ms;
    let mut received = 0;
    let mut todo: VecDeque<Output> = engine.step(now(app), why).into();
    while let Some(output) = todo.pop_front() {
        let input = match output {
            Output::Send(ticket, request) => {
                let left = budget.saturating_sub(began.elapsed()).min(PATIENCE);
                Input::Answered(ticket, talk::answer(say, &request, left))
            }
            Output::Ask(ticket, ask) => {
                let told = tell(app, peer, ask, &mut received).unwrap_or_else(|error| {
                    tracing::warn!(%error, "replication");
                    Told::Failed
                });
                Input::Told(ticket, told)
            }
            Output::Note {
                heads,
                verdicts,
                held,
            } => {
                let (store, at) = (app.store(), app.moment().wall_ms);
                let noted = store.note_peer(peer.name, &heads, &verdicts, at);
                let noted = noted.and_then(|()| match held {
                    Some(held) => store.note_held(peer.name, &held, at),
                    None => Ok(()),
                });
                if let Err(error) = noted {
                    tracing::warn!(%error, "what the other side has was not noted");
                }
                continue;
            }
        };
        todo.extend(engine.step(now(app), input));
    }
    let after = app.unsent(peer.name, peer.all).map_or(0, |(n, _)| n);
    let Status {
        last_error,
        last_done_wall_ms,
        ..
    } = engine.status();
    if let Some(at) = last_done_wall_ms.filter(|_| last_done_wall_ms != done_before)
        && let Err(error) = app.store().note_done(peer.name, at)
    {
        tracing::warn!(%error, "that a session came to its end was not noted");
    }
    Synced {
        sent: before.saturating_sub(after),
        received,
        unsent: after,
        last_error: last_error.map(|f| (f.code(), motcua_sync::fault_text(f))),
    }
}
