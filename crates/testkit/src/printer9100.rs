//! A ticket printer on a TCP port, as far as the wire goes: it keeps every job it is sent.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A listening printer; stops listening when dropped.
#[derive(Debug)]
pub struct Printer9100 {
    address: SocketAddr,
    jobs: mpsc::Receiver<Vec<u8>>,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Printer9100 {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// If no port is to be had.
    pub fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let closing = Arc::new(AtomicBool::new(false));
        let (sender, jobs) = mpsc::channel();
        let stop = Arc::clone(&closing);
        let thread = thread::spawn(move || {
            for connection in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                let mut job = Vec::new();
                let whole = connection.and_then(|mut stream| stream.read_to_end(&mut job));
                if whole.is_ok() && sender.send(job).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            address,
            jobs,
            closing,
            thread: Some(thread),
        })
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The next job, once it has ended; none if none comes within the limit.
    pub fn next_job(&self, limit: Duration) -> Option<Vec<u8>> {
        self.jobs.recv_timeout(limit).ok()
    }
}

impl Drop for Printer9100 {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        // Wakes the listener, which then sees that it is to close. If this fails it is gone.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            // A panic in there has already failed the test that read from it.
            let _ = thread.join();
        }
    }
}
