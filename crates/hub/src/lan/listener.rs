//! Connections: TLS, who is on the other side, and bounds that keep strangers from taking the
//! places of counters.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
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
use tokio_rustls::TlsAcceptor;

use super::Hub;
use crate::identity::Fingerprint;

/// Connections whose handshake is not done yet, and of one address.
const MOST_NEW: usize = 128;
const MOST_NEW_OF_ONE: usize = 48;
/// Connections of devices of the branch: twenty counters with a few each, and room.
const MOST_KNOWN: usize = 256;
/// Connections of everybody else: those who pair.
const MOST_STRANGERS: usize = 32;
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

/// Who is at a door, by address; bounded in all and for each.
#[derive(Debug)]
pub(crate) struct Crowd {
    here: Mutex<HashMap<IpAddr, usize>>,
    most: usize,
    most_of_one: usize,
}

impl Crowd {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            here: Mutex::default(),
            most,
            most_of_one,
        })
    }

    /// A place, until it is dropped; `None` where there is none.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let mut crowd = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let total: usize = crowd.values().sum();
        if total >= self.most {
            return None;
        }
        let here = crowd.entry(ip).or_default();
        if *here >= self.most_of_one {
            return None;
        }
        *here += 1;
        Some(Place {
            crowd: Arc::clone(self),
            ip,
        })
    }
}

/// A place at the door.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    ip: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut crowd = self
            .crowd
            .here
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = crowd.get_mut(&self.ip) {
            *here -= 1;
            if *here == 0 {
                crowd.remove(&self.ip);
            }
        }
    }
}

struct Door {
    acceptor: TlsAcceptor,
    router: Router,
    hub: Arc<Hub>,
    known: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

pub(super) async fn run(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    router: Router,
    hub: Arc<Hub>,
    mut stop: watch::Receiver<bool>,
) {
    let crowd = Crowd::new(MOST_NEW, MOST_NEW_OF_ONE);
    let door = Arc::new(Door {
        acceptor: TlsAcceptor::from(config),
        router,
        hub,
        known: Arc::new(Semaphore::new(MOST_KNOWN)),
        strangers: Arc::new(Semaphore::new(MOST_STRANGERS)),
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
                if let Some(place) = crowd.enter(from.ip()) {
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
    async fn serve(self: Arc<Self>, stream: TcpStream, from: SocketAddr, place: Place) {
        stream.set_nodelay(true).ok();
        let Ok(Ok(stream)) = timeout(HANDSHAKE, self.acceptor.accept(stream)).await else {
            tracing::debug!(%from, "no handshake");
            return;
        };
        let peer = (stream.get_ref().1.peer_certificates())
            .and_then(<[_]>::first)
            .map(Fingerprint::of);
        let known = match peer {
            Some(peer) => self.is_known(peer).await,
            None => false,
        };
        drop(place);
        let (room, idle) = if known {
            (&self.known, IDLE_KNOWN)
        } else {
            (&self.strangers, IDLE_STRANGER)
        };
        let Ok(_room) = room.try_acquire() else {
            tracing::debug!(%from, known, "no room");
            return;
        };
        let service = TowerToHyperService::new(
            (self.router.clone())
                .layer(Extension(Peer(peer)))
                .layer(Extension(Origin(from.ip()))),
        );
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .max_buf_size(64 << 10);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut stop = self.stop.clone();
        let life = async {
            if known {
                std::future::pending::<()>().await;
            } else {
                tokio::time::sleep(LIFE_STRANGER).await;
            }
        };
        tokio::select! {
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, %from, "connection ended");
                }
            }
            () = life => {}
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
