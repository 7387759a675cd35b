//! What a screen is told in the middle of a session.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use chrono::NaiveDate;
use motcua_protocol::{
    event::Header,
    sync::{
        EpochHead, Hash, Heads, Hello, Limits, LogHead, PROTO, PROTO_MIN, Page, RefusedWhy, Sealed,
    },
};
use uuid::Uuid;

use super::{
    Answer, Ask, Config, Engine, Input, LocalLog, Now, Output, Request, Survey, Taken, Told,
};

const DEVICE: Uuid = Uuid::from_u128(1);
/// An epoch of which the peer has nothing, and whose beginning it does not accept.
const STRANDED: u32 = 7;

fn event(epoch: u32, seq: u64) -> Sealed {
    let header = Header {
        device: DEVICE,
        epoch,
        seq,
        event_id: Uuid::from_u128(100 + u128::from(seq)),
        entity: Uuid::from_u128(2),
        kind: "leg.called".to_owned(),
        kind_v: 1,
        actor: "ha".to_owned(),
        command_id: Uuid::from_u128(3),
        business_date: NaiveDate::default(),
        wall_ms: 0,
        boot: Uuid::from_u128(4),
        mono_ms: 0,
        skew_ms: 0,
        deps: Vec::new(),
    };
    Sealed::new(header, vec![0; 16], b"{}".to_vec(), [9; 32])
}

/// A device with one epoch that the peer cannot take. Plays a session to its end; answers how many
/// events were told as unsent at each step.
fn session(engine: &mut Engine, at: u64, closed: Option<u64>) -> Vec<u64> {
    let now = Now {
        mono_ms: at,
        wall_ms: 0,
    };
    let mut told = Vec::new();
    let mut todo = engine.step(now, Input::Tick);
    while let Some(output) = todo.pop() {
        told.push(engine.status().unsent);
        let input = match output {
            Output::Send(ticket, request) => Input::Answered(ticket, Ok(peer(&request))),
            Output::Ask(ticket, ask) => Input::Told(ticket, store(&ask, closed)),
            Output::Note { .. } => continue,
        };
        let more = engine.step(now, input);
        todo.extend(more);
    }
    assert_eq!(engine.status().last_error, None);
    told
}

fn peer(request: &Request) -> Answer {
    let server_epoch = "peer-1".to_owned();
    match request {
        Request::Hello => Answer::Hello(Hello {
            server_epoch,
            proto_min: PROTO_MIN,
            proto: PROTO,
            limits: Limits::default(),
            server_time_ms: 0,
            seal_key: None,
            bundles: None,
        }),
        Request::Heads { .. } => Answer::Heads(Heads {
            server_epoch,
            logs: Vec::new(),
            quarantined: 0,
            held: None,
            aside: Vec::new(),
        }),
        Request::Push(_) => Answer::Refused(RefusedWhy::Gap.into()),
        Request::Past { .. } => Answer::Past(Vec::new()),
        Request::Feed { .. } => Answer::Feed {
            server_epoch,
            page: Page {
                events: Vec::new(),
                next: 0,
                more: false,
            },
        },
    }
}

fn store(ask: &Ask, closed: Option<u64>) -> Told {
    match ask {
        Ask::Survey => Told::Survey(Survey {
            logs: vec![LocalLog {
                log: LogHead {
                    device: DEVICE,
                    head: EpochHead {
                        epoch: STRANDED,
                        seq: 2,
                        hash: Hash(event(STRANDED, 2).hash),
                    },
                },
                closed,
                acked: 0,
                parted: None,
            }],
            server_epoch: None,
            cursor: 0,
        }),
        Ask::Events { .. } => Told::Events(vec![event(STRANDED, 1), event(STRANDED, 2)]),
        Ask::TakePage { .. } | Ask::TakePast(_) => Told::Taken(Taken::default()),
        Ask::Repair { .. } => Told::Repaired,
    }
}

#[test]
fn what_was_sent_again_in_a_later_epoch_is_not_told_as_unsent_each_time() {
    let mut engine = Engine::new(Config::hub(DEVICE), 1);
    // Until it has been looked at in this run, it may be missing there.
    assert!(session(&mut engine, 0, Some(0)).contains(&2));
    for round in 1..4 {
        let told = session(&mut engine, round * 60_000, Some(0));
        assert!(told.iter().all(|unsent| *unsent == 0), "{told:?}");
    }
}
