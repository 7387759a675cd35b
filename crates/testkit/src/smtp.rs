//! A real SMTP server (Debian's aiosmtpd) on a free loopback port, with a folder of what it took.
//! It refuses addresses that begin with `khong-co`, and puts off those that begin with `de-sau`.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

const SCRIPT: &str = include_str!("smtp_server.py");

/// How the line is kept private, and who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpMode {
    /// Nothing is encrypted, nobody logs in.
    Plain,
    /// STARTTLS, and a login.
    Starttls,
    /// TLS from the first byte, and a login.
    Tls,
}

/// Who may log in.
pub const USER: &str = "mot-cua";
/// With this.
pub const PASSWORD: &str = "mat-khau-thu";

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Smtp {
    child: Child,
    folder: TempDir,
    /// Where it listens.
    pub port: u16,
    /// PEM of the authority that vouches for it.
    pub ca: String,
}

impl Smtp {
    /// Starts one.
    ///
    /// # Errors
    /// If it is not installed or does not come up.
    pub fn start(mode: SmtpMode) -> Result<Self> {
        Self::at(mode, 0)
    }

    /// Starts one on a port.
    ///
    /// # Errors
    /// If it is not installed or does not come up.
    pub fn at(mode: SmtpMode, port: u16) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("motcua-smtp-").tempdir()?;
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let ca = pair.cert.pem();
        let (cert, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        fs::write(&cert, &ca)?;
        fs::write(&key, pair.signing_key.serialize_pem())?;
        let taken = folder.path().join("taken");
        fs::create_dir(&taken)?;
        let mut command = Command::new("/usr/bin/python3");
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg(&taken)
            .env("PORT", port.to_string());
        match mode {
            SmtpMode::Plain => command.arg("plain"),
            SmtpMode::Starttls => command.arg("starttls").arg(&cert).arg(&key),
            SmtpMode::Tls => command.arg("tls").arg(&cert).arg(&key),
        };
        if mode != SmtpMode::Plain {
            command.args([USER, PASSWORD]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("python3 with aiosmtpd: install the package python3-aiosmtpd")?;
        let out = child.stdout.take().context("its output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        ensure!(
            !line.is_empty(),
            "no SMTP server: install the package python3-aiosmtpd"
        );
        let said: serde_json::Value = serde_json::from_str(&line)?;
        let port = u16::try_from(said["port"].as_u64().context("its port")?)?;
        Ok(Self {
            child,
            folder,
            port,
            ca,
        })
    }

    /// Every letter it took, in order, as it came.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn letters(&self) -> Result<Vec<String>> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path().join("taken"))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "eml"))
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| Ok(fs::read_to_string(file)?))
            .collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        // Ends at the end of its input; it is not waited for longer than it takes to be killed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
