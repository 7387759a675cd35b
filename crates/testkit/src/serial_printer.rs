//! A ticket printer on a serial cable: a real pseudo-terminal made by socat, which keeps what comes.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(10);

/// A printer; the cable is pulled when dropped.
#[derive(Debug)]
pub struct SerialPrinter {
    socat: Child,
    port: PathBuf,
    got: Arc<Mutex<Vec<u8>>>,
}

impl SerialPrinter {
    /// Plugs it in; the port appears in that folder.
    pub fn plug(folder: &Path) -> Self {
        let port = folder.join("ttyTicket");
        let mut socat = Command::new("socat")
            .arg(format!("PTY,link={},raw,echo=0,wait-slave", port.display()))
            .arg("STDOUT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("socat is missing: install the package socat");
        let deadline = Instant::now() + LIMIT;
        while !port.exists() {
            assert!(Instant::now() < deadline, "socat made no terminal");
            thread::sleep(Duration::from_millis(5));
        }
        let mut out = socat.stdout.take().expect("its output");
        let got = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&got);
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..read]);
            }
        });
        Self { socat, port, got }
    }

    /// Where it is plugged in.
    pub fn port(&self) -> &Path {
        &self.port
    }

    /// Everything it got, once that ends as a ticket ends; what there is when nothing more comes.
    pub fn job(&self) -> Vec<u8> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let got = self
                .got
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if got.ends_with(b"\x1dVB\0") || Instant::now() > deadline {
                return got;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for SerialPrinter {
    fn drop(&mut self) {
        // It ends by itself when the port is closed at the other end.
        self.socat.kill().ok();
        self.socat.wait().ok();
    }
}
