//! One kept-alive HTTPS connection to the hub, usable from any thread that may wait.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, mpsc},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use motcua_sync::wire::{SIGNATURE_HEADER, UNSENT_HEADER, Unsent};
use rustls::{CertificateError, ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, runtime::Runtime, sync::watch, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{identity::Fingerprint, wire};

/// Answers larger than this are not ours.
const MOST: usize = 64 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nobody listens there, or the line broke.
    Offline,
    /// Nobody answered in time.
    Timeout,
    /// Somebody else's certificate.
    Foreign,
    /// The hub does not know this device, or no longer.
    Unknown,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) epoch: Option<String>,
    pub(crate) body: Bytes,
}

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Send {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Bytes,
    /// Of a batch that goes to central.
    pub(crate) signature: Option<String>,
}

impl Send {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: Bytes::new(),
            signature: None,
        }
    }

    pub(crate) fn post(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            body: body.into(),
            signature: None,
        }
    }
}

type Sender = SendRequest<Full<Bytes>>;

/// Where the hub is, and how to reach it.
#[derive(Debug)]
pub(crate) struct Http {
    /// `None` only while it is taken down.
    runtime: Option<Runtime>,
    core: Arc<Core>,
    /// Turns true when nothing is to be said any more: whoever waits for an answer has none.
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Core {
    host: RwLock<String>,
    /// The name that the other side's certificate has to bear.
    name: ServerName<'static>,
    branch: Option<String>,
    tls: Arc<ClientConfig>,
    /// Shown with every request, where the other side wants a token.
    bearer: Mutex<Option<String>>,
    /// What this machine says of itself with every request.
    unsent: Mutex<Option<Unsent>>,
    idle: Mutex<Option<(Sender, Fingerprint)>>,
}

/// `HOST:PORT` of a hub's URL.
pub(crate) fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let host = rest.trim_end_matches('/');
    let port = host.rsplit_once(':')?.1;
    (port.parse::<u16>().is_ok() && !host.contains('/')).then(|| host.to_owned())
}

impl Http {
    /// To a machine of the branch, which is known by its certificate and not by a name.
    pub(crate) fn new(
        host: String,
        branch: Option<String>,
        tls: ClientConfig,
    ) -> std::io::Result<Self> {
        let name = ServerName::try_from("motcua").map_err(std::io::Error::other)?;
        Self::to(host, name, branch, tls)
    }

    /// To a server that is known by a name.
    pub(crate) fn named(
        host: String,
        name: ServerName<'static>,
        tls: ClientConfig,
    ) -> std::io::Result<Self> {
        Self::to(host, name, None, tls)
    }

    fn to(
        host: String,
        name: ServerName<'static>,
        branch: Option<String>,
        tls: ClientConfig,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("line")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            core: Arc::new(Core {
                host: RwLock::new(host),
                name,
                branch,
                tls: Arc::new(tls),
                bearer: Mutex::new(None),
                unsent: Mutex::new(None),
                idle: Mutex::new(None),
            }),
            closed: watch::Sender::new(false),
        })
    }

    /// Whether the hub with the expected certificate answers at another address; then it is spoken
    /// to there from now on.
    pub(crate) fn moves_to(&self, host: &str, patience: Duration) -> bool {
        let core = Arc::clone(&self.core);
        let to = host.to_owned();
        let reached = self.wait(patience, async move {
            let line = core.connect_to(&to, patience).await?;
            Ok((line, to))
        });
        let Ok((line, to)) = reached else {
            return false;
        };
        *self
            .core
            .host
            .write()
            .unwrap_or_else(PoisonError::into_inner) = to;
        *self.core.kept() = Some(line);
        true
    }

    /// Speaks to that address from now on; the certificate decides there as anywhere.
    pub(crate) fn goes_to(&self, host: String) {
        let known = self.core.host.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if *known != host {
            *known = host;
            self.core.kept().take();
        }
    }

    /// Shows that token from now on, or none.
    pub(crate) fn bear(&self, token: Option<String>) {
        let bearer = self.core.bearer.lock();
        *bearer.unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Says with every request from now on what has not been sent yet.
    pub(crate) fn tell(&self, unsent: Unsent) {
        let told = self.core.unsent.lock();
        *told.unwrap_or_else(PoisonError::into_inner) = Some(unsent);
    }

    /// Lets everybody go who waits for an answer, and gives nobody another.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Sends, and waits for the answer until `patience` is over.
    pub(crate) fn send(&self, send: Send, patience: Duration) -> Result<Got, Lost> {
        self.send_known(send, patience).map(|(got, _)| got)
    }

    /// The same, as a program of another version.
    #[cfg(test)]
    pub(crate) fn send_as(&self, send: Send, proto: &str, patience: Duration) -> Result<Got, Lost> {
        let core = Arc::clone(&self.core);
        let proto = proto.to_owned();
        self.wait(patience, async move {
            let (mut line, _) = core.connect(patience).await?;
            let mut request = core.request(send)?;
            let value = hyper::header::HeaderValue::from_str(&proto).map_err(|_| Lost::Offline)?;
            request.headers_mut().insert(wire::PROTO_HEADER, value);
            let response = line
                .send_request(request)
                .await
                .map_err(|_| Lost::Offline)?;
            Core::read(response).await
        })
    }

    /// The same, telling whose certificate answered.
    pub(crate) fn send_known(
        &self,
        send: Send,
        patience: Duration,
    ) -> Result<(Got, Fingerprint), Lost> {
        let core = Arc::clone(&self.core);
        let until = Instant::now() + patience;
        self.wait(patience, async move {
            timeout(patience, core.exchange(send, until))
                .await
                .unwrap_or(Err(Lost::Timeout))
        })
    }

    /// Opens a connection of its own for an answer that does not end. Each word that comes is told,
    /// with whether it was news or only a sign of life.
    pub(crate) fn open(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<mpsc::Receiver<bool>, Lost> {
        let core = Arc::clone(&self.core);
        let path = path.to_owned();
        let (sender, receiver) = mpsc::channel();
        let response = self.wait(patience, async move {
            let (mut line, _) = core.connect(patience).await?;
            let request = core.request(Send::get(path))?;
            let response = timeout(patience, line.send_request(request))
                .await
                .map_err(|_| Lost::Timeout)?
                .map_err(|_| Lost::Offline)?;
            Ok((line, response))
        })?;
        let (line, response) = response;
        match response.status().as_u16() {
            200 => {}
            401 | 403 => return Err(Lost::Unknown),
            _ => return Err(Lost::Offline),
        }
        if let Some(runtime) = &self.runtime {
            let mut closed = self.closed.subscribe();
            runtime.spawn(async move {
                // Kept alive with the connection it belongs to.
                let _line = line;
                let mut body = response.into_body();
                loop {
                    let frame = tokio::select! {
                        frame = body.frame() => frame,
                        _ = closed.wait_for(|closed| *closed) => return,
                    };
                    let Some(Ok(frame)) = frame else { return };
                    let words = frame.data_ref().map_or(&[][..], |d| d);
                    let news = words.windows(5).any(|w| w == b"data:");
                    if sender.send(news).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(receiver)
    }

    fn wait<T: std::marker::Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, Lost>> + std::marker::Send + 'static,
    ) -> Result<T, Lost> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let runtime = self.runtime.as_ref().ok_or(Lost::Offline)?;
        let mut closed = self.closed.subscribe();
        runtime.spawn(async move {
            let done = tokio::select! {
                // A line that is closed says nothing, even where it could.
                biased;
                _ = closed.wait_for(|closed| *closed) => Err(Lost::Offline),
                done = work => done,
            };
            sender.send(done).ok();
        });
        let margin = Duration::from_millis(200);
        receiver
            .recv_timeout(patience + margin)
            .unwrap_or(Err(Lost::Timeout))
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Also where the owner is itself dropped on a runtime's thread.
            runtime.shutdown_background();
        }
    }
}

impl Core {
    fn kept(&self) -> std::sync::MutexGuard<'_, Option<(Sender, Fingerprint)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, send: Send, until: Instant) -> Result<(Got, Fingerprint), Lost> {
        let kept = self.kept().take();
        if let Some((mut line, hub)) = kept
            && line.ready().await.is_ok()
            && let Ok(got) = self.on(&mut line, send.clone()).await
        {
            *self.kept() = Some((line, hub));
            return Ok((got, hub));
        }
        // The kept line was closed meanwhile. Everything that is said can be said twice.
        let left = until.saturating_duration_since(Instant::now());
        let (mut line, hub) = self.connect(left).await?;
        let got = self.on(&mut line, send).await?;
        *self.kept() = Some((line, hub));
        Ok((got, hub))
    }

    fn host(&self) -> String {
        let host = self.host.read().unwrap_or_else(PoisonError::into_inner);
        host.clone()
    }

    async fn connect(&self, patience: Duration) -> Result<(Sender, Fingerprint), Lost> {
        self.connect_to(&self.host(), patience).await
    }

    async fn connect_to(
        &self,
        host: &str,
        patience: Duration,
    ) -> Result<(Sender, Fingerprint), Lost> {
        let reach = async {
            let stream = TcpStream::connect(host).await.map_err(|_| Lost::Offline)?;
            stream.set_nodelay(true).ok();
            let stream = TlsConnector::from(Arc::clone(&self.tls))
                .connect(self.name.clone(), stream)
                .await
                .map_err(|error| lost(&error))?;
            let hub = (stream.get_ref().1.peer_certificates())
                .and_then(<[_]>::first)
                .map(Fingerprint::of)
                .ok_or(Lost::Foreign)?;
            let (line, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|_| Lost::Offline)?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "line closed");
                }
            });
            Ok((line, hub))
        };
        timeout(patience, reach).await.unwrap_or(Err(Lost::Timeout))
    }

    fn request(&self, send: Send) -> Result<Request<Full<Bytes>>, Lost> {
        let mut request = Request::builder()
            .method(send.method)
            .uri(send.path)
            .header("host", self.host())
            .header(wire::PROTO_HEADER, motcua_protocol::sync::PROTO.to_string());
        if let Some(branch) = &self.branch {
            request = request.header(wire::BRANCH_HEADER, branch);
        }
        let bearer = self.bearer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        drop(bearer);
        if let Some(signature) = send.signature {
            request = request.header(SIGNATURE_HEADER, signature);
        }
        let unsent = *self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(unsent) = unsent {
            request = request.header(UNSENT_HEADER, unsent.text());
        }
        request
            .body(Full::new(send.body))
            .map_err(|_| Lost::Offline)
    }

    async fn on(&self, line: &mut Sender, send: Send) -> Result<Got, Lost> {
        let request = self.request(send)?;
        let response: Response<Incoming> = line
            .send_request(request)
            .await
            .map_err(|_| Lost::Offline)?;
        Self::read(response).await
    }

    async fn read(response: Response<Incoming>) -> Result<Got, Lost> {
        let (head, body) = response.into_parts();
        let text = |name: &str| {
            let value = head.headers.get(name).and_then(|v| v.to_str().ok());
            value.map(str::to_owned)
        };
        let (media, epoch) = (text("content-type"), text(wire::EPOCH_HEADER));
        let body = Limited::new(body, MOST)
            .collect()
            .await
            .map_err(|_| Lost::Offline)?
            .to_bytes();
        Ok(Got {
            status: head.status.as_u16(),
            media: media.unwrap_or_default(),
            epoch,
            body,
        })
    }
}

/// What a handshake that failed says of whoever answered. The page of a network that wants a login
/// first has a certificate of its own, of whatever kind, or speaks no TLS at all.
fn lost(error: &std::io::Error) -> Lost {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        // By whose clock is not known: nobody is called a stranger for that.
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => Lost::Offline,
        Some(
            rustls::Error::InvalidCertificate(_)
            | rustls::Error::InvalidMessage(_)
            | rustls::Error::PeerIncompatible(_),
        ) => Lost::Foreign,
        _ => Lost::Offline,
    }
}
