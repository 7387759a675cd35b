//! What is said to the hub: requests of the replication engine and commands, as HTTP.

use std::{sync::mpsc::Receiver, time::Duration};

use motcua_protocol::look_up::{self, Ask, Told};
use motcua_protocol::sync::{
    Limits, MEDIA_ANSWER, MEDIA_EVENTS, Refused, RefusedWhy, decode_events, decode_page,
    encode_events,
};
use motcua_sync::{Answer, Failure, Request};
use serde::de::DeserializeOwned;

use super::http::{Got, Http, Lost, Send};
use crate::wire::{self, CommandAsk, Decided};

/// For a question that central asks a register: longer than central itself waits.
const LOOK_UP: Duration = Duration::from_secs(9);

/// What is said to the hub, whatever carries it: the line decides what to say and what an answer
/// or silence means, and never sees a socket.
pub(crate) trait Wire: std::fmt::Debug + std::marker::Send + Sync {
    /// Asks what the replication engine wants to know.
    fn ask(&self, request: &Request, patience: Duration) -> Result<Answer, No>;
    /// Has a command done.
    fn command(&self, ask: &CommandAsk, patience: Duration) -> Result<Decided, No>;
    /// Has the hub have central ask a register.
    fn look_up(&self, _ask: &Ask, _patience: Duration) -> Result<Told, No> {
        Err(No::Lost(Lost::Offline))
    }
    /// Opens the line on which the hub says that there is news: each word tells whether it was
    /// news or only a sign of life.
    fn live(&self, patience: Duration) -> Result<Receiver<bool>, Lost>;
    /// Whether the same hub answers at another address; then it is spoken to there from now on.
    fn moves_to(&self, _host: &str, _patience: Duration) -> bool {
        false
    }
    /// Says nothing more, and lets whoever waits for an answer go.
    fn close(&self);
}

impl Wire for Http {
    fn ask(&self, request: &Request, patience: Duration) -> Result<Answer, No> {
        ask(self, request, patience)
    }

    fn command(&self, ask: &CommandAsk, patience: Duration) -> Result<Decided, No> {
        command(self, ask, patience)
    }

    fn look_up(&self, ask: &Ask, patience: Duration) -> Result<Told, No> {
        let body = serde_json::to_vec(ask).map_err(malformed)?;
        let got = self.send(Send::post(look_up::PATH, body), patience)?;
        json(&ours(got, MEDIA_ANSWER)?)
    }

    fn live(&self, patience: Duration) -> Result<Receiver<bool>, Lost> {
        self.open(wire::LIVE, patience)
    }

    fn moves_to(&self, host: &str, patience: Duration) -> bool {
        Self::moves_to(self, host, patience)
    }

    fn close(&self) {
        Self::close(self);
    }
}

/// Puts a question of the replication engine to whoever a session is with.
pub(crate) type Say<'a> = &'a dyn Fn(&Request, Duration) -> Result<Answer, No>;

/// Why nothing came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum No {
    Lost(Lost),
    Refused(Refused),
    /// An answer, but none of ours.
    Strange(Failure),
}

impl From<Lost> for No {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

fn json<T: DeserializeOwned>(got: &Got) -> Result<T, No> {
    serde_json::from_slice(&got.body).map_err(|_| No::Strange(Failure::Malformed))
}

/// Sorts out what is not a plain answer of that type.
fn ours(got: Got, media: &str) -> Result<Got, No> {
    if got.status == 200 {
        return if got.media == media {
            Ok(got)
        } else {
            Err(No::Strange(Failure::CaptivePortal))
        };
    }
    if got.media == MEDIA_ANSWER {
        return Err(No::Refused(json(&got)?));
    }
    Err(No::Strange(match got.status {
        // Central and hubs send nobody elsewhere; the page of a network that wants a login does.
        300..=399 | 511 => Failure::CaptivePortal,
        413 => Failure::TooLarge,
        401 => Failure::Unauthorized,
        429 | 503 | 408 => Failure::Busy(None),
        500.. => Failure::Server,
        _ => Failure::Malformed,
    }))
}

fn unpack(got: &Got) -> Result<Vec<u8>, No> {
    let most = Limits::default().most_bytes as usize + (1 << 20);
    wire::unpack(&got.body, most).ok_or(No::Strange(Failure::Malformed))
}

fn malformed<E>(_: E) -> No {
    No::Strange(Failure::Malformed)
}

pub(crate) fn ask(http: &Http, request: &Request, patience: Duration) -> Result<Answer, No> {
    ask_signed(http, request, None, patience)
}

/// The same with a signature of what is brought.
pub(crate) fn ask_signed(
    http: &Http,
    request: &Request,
    signature: Option<String>,
    patience: Duration,
) -> Result<Answer, No> {
    let limits = Limits::default();
    let mut send = match request {
        Request::Hello => Send::get(wire::HELLO),
        Request::Heads { all } => Send::get(format!("{}?all={all}", wire::HEADS)),
        Request::Push(events) => Send::post(wire::EVENTS, wire::pack(&encode_events(events))),
        Request::Feed { cursor } => Send::get(format!("{}?cursor={cursor}", wire::FEED)),
        Request::Past {
            epoch,
            after,
            aside,
        } => Send::get(format!(
            "{}?epoch={epoch}&after={after}&aside={aside}",
            wire::PAST
        )),
    };
    send.signature = signature;
    let got = http.send(send, patience)?;
    Ok(match request {
        Request::Hello => Answer::Hello(json(&ours(got, MEDIA_ANSWER)?)?),
        Request::Heads { .. } => Answer::Heads(json(&ours(got, MEDIA_ANSWER)?)?),
        Request::Push(_) => Answer::Push(json(&ours(got, MEDIA_ANSWER)?)?),
        Request::Feed { .. } => {
            let got = ours(got, MEDIA_EVENTS)?;
            let page = decode_page(&unpack(&got)?, &limits).map_err(malformed)?;
            let server_epoch = got.epoch.ok_or(No::Strange(Failure::Malformed))?;
            Answer::Feed { server_epoch, page }
        }
        Request::Past { .. } => {
            let got = ours(got, MEDIA_EVENTS)?;
            // Of one log, but a copy's may begin anywhere: each is looked at by the store.
            Answer::Past(decode_events(&unpack(&got)?, &limits).map_err(malformed)?)
        }
    })
}

/// The same in the engine's own terms.
pub(crate) fn answer(
    say: Say<'_>,
    request: &Request,
    patience: Duration,
) -> Result<Answer, Failure> {
    match say(request, patience) {
        Ok(answer) => Ok(answer),
        Err(No::Refused(refused)) => Ok(Answer::Refused(refused)),
        Err(No::Strange(failure)) => Err(failure),
        // A hub that is another one knows nothing of us.
        Err(No::Lost(Lost::Foreign)) => Ok(Answer::Refused(RefusedWhy::WrongBranch.into())),
        Err(No::Lost(Lost::Unknown)) => Ok(Answer::Refused(RefusedWhy::UnknownDevice.into())),
        Err(No::Lost(Lost::Offline | Lost::Timeout)) => Err(Failure::Offline),
    }
}

/// What came of asking the hub to have a register asked: silence and refusals are answers too.
pub(crate) fn looked_up(wire: &dyn Wire, ask: &Ask) -> Told {
    match wire.look_up(ask, LOOK_UP) {
        Ok(told) => told,
        Err(No::Lost(Lost::Timeout)) => Told::unavailable(look_up::TIMEOUT),
        // A hub of an older version has no such door.
        Err(_) => Told::unavailable(look_up::NO_LINE),
    }
}

fn command(http: &Http, ask: &CommandAsk, patience: Duration) -> Result<Decided, No> {
    let body = serde_json::to_vec(ask).map_err(malformed)?;
    let got = ours(
        http.send(Send::post(wire::COMMAND, body), patience)?,
        MEDIA_EVENTS,
    )?;
    let raw = unpack(&got)?;
    let (told, page) = wire::unframe(&raw).ok_or(No::Strange(Failure::Malformed))?;
    Ok(Decided {
        told,
        page: decode_page(page, &Limits::default()).map_err(malformed)?,
        server_epoch: got.epoch.ok_or(No::Strange(Failure::Malformed))?,
    })
}
