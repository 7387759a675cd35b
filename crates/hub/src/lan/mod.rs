//! The hub: what other machines of the branch reach over the network.
//!
//! It owns the listener, who is on each connection, pairing, the answering side of replication,
//! commands for counters, and the open lines on which counters hear that there is news.

mod answers;
mod codes;
mod contacts;
pub(crate) mod crowd;
mod files;
#[cfg(test)]
mod flood;
mod listener;
mod log;
mod routes;
#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, sync::Arc, time::Instant};

use motcua_app::{App, Topic};
use motcua_domain::Code;
use motcua_protocol::{ApiError, Time};
use rustls::ServerConfig;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use uuid::Uuid;

pub(crate) use answers::Answers;
pub(crate) use codes::Codes;
use contacts::Contacts;

use crate::identity::{Fingerprint, Identity};

/// How the hub names itself among the devices.
const HUB_NAME: &str = "Máy chủ quầy";

/// A code for one more counter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PairCode {
    /// Eight characters.
    pub code: String,
    /// Until when it may be used.
    pub expires_at: Time,
}

/// The running hub.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) app: Arc<App>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) branch: Uuid,
    pub(crate) codes: Codes,
    /// Ticks with every committed event; whoever watches asks for the feed.
    pub(crate) news: watch::Sender<u64>,
    pub(crate) answers: Answers,
    pub(crate) contacts: Contacts,
    /// Held while a piece of a file is written.
    pub(crate) files: std::sync::Mutex<()>,
    /// Devices whose access was taken away: their open lines end.
    revoked: watch::Sender<Vec<Uuid>>,
}

/// Where it listens.
#[derive(Debug, Clone)]
pub struct Lan {
    /// Address and port on which it listens.
    pub address: SocketAddr,
    /// `https://HOST:PORT`
    pub url: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// Names the branch for ever.
    pub branch: Uuid,
}

impl Hub {
    fn new(app: Arc<App>, identity: &Identity) -> Result<Arc<Self>, ApiError> {
        let api = |e: motcua_store::Error| ApiError::from(motcua_domain::Refusal::from(e));
        let branch = app.store().read(|read| read.branch_id()).map_err(api)?;
        let branch = branch.ok_or_else(|| ApiError {
            code: Code::NoBranch,
            message: "Thư mục này chưa có chi nhánh nên chưa làm máy chủ quầy được. Mời tạo chi nhánh trước.".to_owned(),
            field: None,
        })?;
        let hub = Arc::new(Self {
            codes: Codes::default(),
            news: watch::Sender::new(app.store().revision()),
            answers: Answers::new(Arc::clone(&app)),
            contacts: Contacts::default(),
            files: std::sync::Mutex::default(),
            revoked: watch::Sender::new(Vec::new()),
            fingerprint: identity.fingerprint(),
            branch,
            app,
        });
        let changes = hub.app.subscribe();
        let told = Arc::downgrade(&hub);
        std::thread::spawn(move || {
            while let Ok(change) = changes.recv() {
                let Some(hub) = told.upgrade() else { return };
                hub.news.send_replace(change.revision);
                if change.topics.contains(&Topic::Sync) {
                    hub.shut_out();
                }
            }
        });
        Ok(hub)
    }

    /// Ends the lines of devices whose access was taken away.
    fn shut_out(&self) {
        match self.app.store().read(|read| read.revoked_devices()) {
            Ok(revoked) => {
                self.revoked.send_replace(revoked);
            }
            Err(error) => tracing::warn!(%error, "revoked devices"),
        }
    }

    /// A device said something.
    fn heard(&self, device: Uuid) {
        let at = self.app.moment().wall_ms;
        if self.contacts.heard(device, at, Instant::now()) {
            self.app.link_changed();
        }
    }

    /// Makes a code. The hub is a device of the branch from the first one on.
    pub(crate) fn pair_code(&self) -> Result<PairCode, ApiError> {
        self.introduce_itself()?;
        let (code, left) = self.codes.open(Instant::now())?;
        let now = self.app.moment().wall_ms;
        let left = i64::try_from(left.as_millis()).unwrap_or(0);
        Ok(PairCode {
            code,
            expires_at: Time::from_ms(now + left),
        })
    }

    fn introduce_itself(&self) -> Result<(), ApiError> {
        let device = self.app.store().device();
        self.app
            .introduce(device, HUB_NAME, &self.fingerprint.to_string())
            .map(|_| ())
            .map_err(|e| ApiError::from(motcua_domain::Refusal::from(e)))
    }
}

/// A hub that has its address and does not answer yet.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    config: ServerConfig,
    hub: Arc<Hub>,
    lan: Lan,
}

/// An open hub; closed when dropped.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) hub: Arc<Hub>,
    pub(crate) lan: Lan,
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
    watching: JoinHandle<()>,
}

impl Bound {
    /// Takes an address.
    pub(crate) async fn take(
        app: Arc<App>,
        identity: &Identity,
        address: SocketAddr,
    ) -> Result<Self, OpenError> {
        let listener = TcpListener::bind(address).await.map_err(OpenError::Io)?;
        let address = listener.local_addr().map_err(OpenError::Io)?;
        let config =
            crate::tls::server(identity).map_err(|e| OpenError::Io(io::Error::other(e)))?;
        let hub = Hub::new(app, identity).map_err(OpenError::Api)?;
        let lan = Lan {
            address,
            url: format!("https://{address}"),
            fingerprint: hub.fingerprint.to_string(),
            branch: hub.branch,
        };
        Ok(Self {
            listener,
            config,
            hub,
            lan,
        })
    }

    pub(crate) fn lan(&self) -> &Lan {
        &self.lan
    }

    /// Begins to answer, on the caller's runtime.
    pub(crate) fn open(self) -> Open {
        let (stop, stops) = watch::channel(false);
        let ended = tokio::spawn(listener::run(
            self.listener,
            Arc::new(self.config),
            routes::router(Arc::clone(&self.hub)),
            Arc::clone(&self.hub),
            stops,
        ));
        let watching = tokio::spawn(contacts::watch(Arc::downgrade(&self.hub)));
        Open {
            watching,
            hub: self.hub,
            lan: self.lan,
            stop,
            ended,
        }
    }
}

impl Open {
    /// Ends every connection and lets the address go.
    pub(crate) async fn close(self) {
        self.stop.send_replace(true);
        self.watching.abort();
        if let Err(error) = self.ended.await {
            tracing::error!(%error, "listener");
        }
    }
}

/// Why the hub did not open.
#[derive(Debug)]
pub(crate) enum OpenError {
    Io(io::Error),
    Api(ApiError),
}
