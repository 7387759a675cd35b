//! Connections: TLS, who is on the other side, and bounds that keep strangers from taking the
//! places of counters.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    Hub,
    crowd::{AtOwnLimit, Crowd, Place, machine},
};
use crate::identity::Fingerprint;

/// Connections at the door, whose handshake is not done or only just, and of one address.
const MOST_NEW: usize = 256;
const MOST_NEW_OF_ONE: usize = 64;
/// Whoever is not of the branch keeps his place at the door for this long behind the handshake: an
/// address has so many of them in that time and no more, for each costs the hub a millisecond or
/// two. A device of the branch gives it up at once: its own bounds come after, and several programs
/// of one machine that come and go must not shut each other out.
const AT_THE_DOOR: Duration = Duration::from_secs(1);
/// Connections of devices of the branch: twenty counters with a few each, and room.
const MOST_KNOWN: usize = 256;
const MOST_KNOWN_OF_ONE: usize = 12;
/// What one device may have done for it at a time: what an officer waits for, and what runs beside.
const AT_ONCE: usize = 2;
/// Connections of everybody else: those who pair.
const MOST_STRANGERS: usize = 32;
const MOST_STRANGERS_OF_ONE: usize = 8;
/// The handshake takes milliseconds in a room.
const HANDSHAKE: Duration = Duration::from_secs(4);
/// A counter may keep its line open without a word for this long; a stranger may not.
const IDLE_KNOWN: Duration = Duration::from_secs(60);
const IDLE_STRANGER: Duration = Duration::from_secs(5);
/// A stranger is done in this time or not at all.
const LIFE_STRANGER: Duration = Duration::from_secs(60);

/// The certificate on the other side of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) Option<Fingerprint>);

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin(pub(crate) IpAddr);

/// A permit for each thing that is done for a device at a time, over all its connections.
#[derive(Debug, Clone)]
pub(crate) struct Share(pub(crate) Arc<Semaphore>);

/// Where a connection stays.
enum Room {
    Known(Place<Fingerprint>),
    Stranger(Place<IpAddr>),
}

impl Room {
    async fn taken_away(&self) {
        match self {
            Self::Known(place) => place.taken_away().await,
            Self::Stranger(place) => place.taken_away().await,
        }
    }
}

struct Door {
    acceptor: TlsAcceptor,
    router: Router,
    hub: Arc<Hub>,
    known: Arc<Crowd<Fingerprint>>,
    strangers: Arc<Crowd<IpAddr>>,
    stop: watch::Receiver<bool>,
}

pub(super) async fn run(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    router: Router,
    hub: Arc<Hub>,
    mut stop: watch::Receiver<bool>,
) {
    let crowd = Crowd::new(MOST_NEW, MOST_NEW_OF_ONE, AtOwnLimit::Refuse, 1);
    let door = Arc::new(Door {
        acceptor: TlsAcceptor::from(config),
        router,
        hub,
        known: Crowd::new(
            MOST_KNOWN,
            MOST_KNOWN_OF_ONE,
            AtOwnLimit::GiveUpOldest,
            AT_ONCE,
        ),
        strangers: Crowd::new(MOST_STRANGERS, MOST_STRANGERS_OF_ONE, AtOwnLimit::Refuse, 1),
        stop: stop.clone(),
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                // Too many at the door: whoever is one too many tries again.
                if let Some(place) = crowd.enter(machine(from.ip())) {
                    tokio::spawn(Arc::clone(&door).serve(stream, from, place));
                }
            }
            Err(error) => {
                // Out of file handles, for example: those who are in go on.
                tracing::warn!(%error, "connection not taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

impl Door {
    async fn serve(self: Arc<Self>, stream: TcpStream, from: SocketAddr, place: Place<IpAddr>) {
        stream.set_nodelay(true).ok();
        let peer = tokio::select! {
            done = timeout(HANDSHAKE, self.acceptor.accept(stream)) => done,
            () = place.taken_away() => return,
        };
        let Ok(Ok(stream)) = peer else {
            tracing::debug!(%from, "no handshake");
            tokio::time::sleep(AT_THE_DOOR).await;
            return;
        };
        let peer = (stream.get_ref().1.peer_certificates())
            .and_then(<[_]>::first)
            .map(Fingerprint::of);
        let known = match peer {
            Some(peer) => self.is_known(peer).await.then_some(peer),
            None => None,
        };
        if known.is_none() {
            tokio::spawn(async move {
                tokio::time::sleep(AT_THE_DOOR).await;
                drop(place);
            });
        }
        let room = match known {
            Some(device) => self.known.enter(device).map(Room::Known),
            None => (self.strangers.enter(machine(from.ip()))).map(Room::Stranger),
        };
        match room {
            Some(room) => self.answer(stream, from, peer, &room).await,
            None => tracing::debug!(%from, "no room"),
        }
    }

    /// Serves a connection until it ends, its time is over, or its place has gone to another.
    async fn answer(
        &self,
        stream: TlsStream<TcpStream>,
        from: SocketAddr,
        peer: Option<Fingerprint>,
        room: &Room,
    ) {
        let (share, idle, life) = match room {
            Room::Known(place) => (place.share(), IDLE_KNOWN, None),
            Room::Stranger(place) => (place.share(), IDLE_STRANGER, Some(LIFE_STRANGER)),
        };
        let service = TowerToHyperService::new(
            self.router
                .clone()
                .layer(Extension(Peer(peer)))
                .layer(Extension(Origin(from.ip())))
                .layer(Extension(Share(share))),
        );
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .max_buf_size(64 << 10);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut stop = self.stop.clone();
        let life = async {
            match life {
                Some(life) => tokio::time::sleep(life).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, %from, "connection ended");
                }
            }
            () = life => {}
            () = room.taken_away() => {}
            _ = stop.changed() => {}
        }
    }

    async fn is_known(&self, peer: Fingerprint) -> bool {
        let hub = Arc::clone(&self.hub);
        let looked = tokio::task::spawn_blocking(move || {
            hub.app
                .store()
                .read(|read| read.device_by_fingerprint(&peer.to_string()))
        });
        matches!(looked.await, Ok(Ok(Some(_))))
    }
}
