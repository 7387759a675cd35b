//! Connections that always come to an end: every step is held against one deadline.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::CupsServer;

/// Longest wait for a connection, name look-up included.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// A connected stream whose reads and writes can be given a limit.
pub(super) trait Wire: Read + Write {
    /// Sets how long the next reads and writes may take.
    fn limit(&self, limit: Duration) -> io::Result<()>;
}

impl Wire for TcpStream {
    fn limit(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))
    }
}

#[cfg(unix)]
impl Wire for std::os::unix::net::UnixStream {
    fn limit(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))
    }
}

/// Connects to a CUPS server.
pub(super) fn connect(server: &CupsServer) -> io::Result<Box<dyn Wire>> {
    match server {
        CupsServer::Tcp { host, port } => Ok(Box::new(connect_tcp(host, *port)?)),
        #[cfg(unix)]
        CupsServer::Socket(path) => {
            let path = path.clone();
            // Connecting to a local socket has no time limit of its own and waits while the
            // queue of a hung server is full.
            let stream = within(CONNECT_LIMIT, move || {
                std::os::unix::net::UnixStream::connect(path)
            })?;
            Ok(Box::new(stream))
        }
        #[cfg(not(unix))]
        CupsServer::Socket(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "no local sockets on this system",
        )),
    }
}

/// Connects to a host, trying each of its addresses within one limit.
pub(super) fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let deadline = Instant::now() + CONNECT_LIMIT;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in resolve(host, port)? {
        let Some(left) = time_left(deadline) else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    // The system's look-up cannot be given a limit, and a dead name server takes many seconds.
    within(CONNECT_LIMIT, move || {
        Ok((host.as_str(), port).to_socket_addrs()?.collect())
    })
}

/// Runs a call that knows no time limit; when it overruns, its thread is left to finish alone.
fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("device-connect".to_owned())
        .spawn(move || {
            // Nobody is listening any more if the limit has passed: the answer is then of no use.
            let _ = sender.send(call());
        })?;
    receiver
        .recv_timeout(limit)
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What is left until the deadline; none when it has passed.
pub(super) fn time_left(deadline: Instant) -> Option<Duration> {
    deadline
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
}
