//! The real `motcua-central` on a PostgreSQL of the test's own.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    postgres::Postgres,
    program::{Program, Ran, TELLING, built, ran},
};

/// A serving central; both it and its database go when dropped.
#[derive(Debug)]
pub struct Central {
    /// Its database.
    pub postgres: Arc<Postgres>,
    program: PathBuf,
    tls: Arc<TempDir>,
    more: Vec<String>,
    child: Option<Child>,
    listen: String,
}

impl Central {
    /// A fresh one, serving.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments of `serve`.
    pub fn start_with(more: &[&str]) -> Self {
        let mut central = Self {
            postgres: Arc::new(Postgres::start()),
            program: built("motcua-central", "motcua-central"),
            tls: Arc::new(tempfile::tempdir().expect("a folder")),
            more: more.iter().map(|&arg| arg.to_owned()).collect(),
            child: None,
            listen: "127.0.0.1:0".to_owned(),
        };
        central.up();
        central
    }

    /// One more copy of the program on the same database.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = Self {
            postgres: Arc::clone(&self.postgres),
            program: self.program.clone(),
            tls: Arc::clone(&self.tls),
            more: self.more.clone(),
            child: None,
            listen: "127.0.0.1:0".to_owned(),
        };
        copy.up();
        copy
    }

    /// Where branches find it.
    pub fn url(&self) -> String {
        format!("https://{}", self.listen)
    }

    /// Serves again, at the same address.
    pub fn up(&mut self) {
        for _ in 0..50 {
            let mut child = Command::new(&self.program)
                .args(["serve", "--database-url", &self.postgres.url()])
                .args(["--listen", &self.listen, "--dev-tls"])
                .arg(self.tls.path())
                .args(&self.more)
                .env("MOTCUA_LOG", TELLING)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(self.log())
                .spawn()
                .expect("the program runs");
            let mut line = String::new();
            let stdout = child.stdout.take().expect("standard output");
            BufReader::new(stdout)
                .read_line(&mut line)
                .expect("a line when ready");
            if let Ok(ready) = serde_json::from_str::<Value>(&line) {
                let url = ready["url"].as_str().expect("its address");
                self.listen = url.trim_start_matches("https://").to_owned();
                self.child = Some(child);
                return;
            }
            // Something else has its port for a moment.
            child.wait().expect("it ended");
            thread::sleep(Duration::from_millis(100));
        }
        panic!("central does not come up at {}", self.listen);
    }

    fn log_file(&self) -> PathBuf {
        self.tls.path().join("log")
    }

    fn log(&self) -> fs::File {
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true);
        options.open(self.log_file()).expect("a file for its log")
    }

    /// What it and its copies have written to their log.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log_file()).expect("its log")
    }

    /// kill -9, and its end awaited.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Asks it to end, and waits until it has; whether it ended well.
    pub fn stop(&mut self) -> bool {
        let mut child = self.child.take().expect("it serves");
        let asked = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(asked.expect("kill runs").success());
        child.wait().expect("it ends").success()
    }

    /// One of its other commands on the same database.
    pub fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(&self.program)
            .args(args)
            .args(["--database-url", &self.postgres.url()])
            .output();
        ran(output.expect("the program runs"))
    }

    /// A code for a device of that office, and the file of the authority to trust.
    pub fn code(&self, office: &str) -> (String, String) {
        let answer = self.run(&["code", "--office", office]).json();
        let text = |name: &str| answer[name].as_str().expect(name).to_owned();
        (text("code"), text("ca_file"))
    }

    /// Lets the branch of a folder in.
    pub fn enrol(&self, program: &Program, office: &str) {
        let (code, ca) = self.code(office);
        let args = [
            "enrol",
            "--central",
            &self.url(),
            "--code",
            &code,
            "--ca",
            &ca,
        ];
        program.run(&args).json();
    }

    /// The figures of an office from one day to another.
    pub fn figures(&self, office: &str, from: &str, to: &str) -> Value {
        let days = ["--from", from, "--to", to];
        let args = [&["figures", "--office", office][..], &days].concat();
        self.run(&args).json()
    }

    /// The dump of an office.
    pub fn dump(&self, office: &str) -> String {
        let ran = self.run(&["dump", "--office", office]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        String::from_utf8(ran.out).expect("text")
    }
}

impl Drop for Central {
    fn drop(&mut self) {
        self.kill();
    }
}
