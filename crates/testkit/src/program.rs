//! The real program, run as others run it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// All that programs of ours have to tell, and of others what matters.
pub(crate) const TELLING: &str = "info,motcua=trace,refinery_core=warn,tokio_postgres=warn";

/// The program of that name that was built beside the running test.
pub(crate) fn built(name: &str, package: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let built = test
        .ancestors()
        .nth(2)
        .expect("target/profile/deps/test")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        built.exists(),
        "build it first: cargo build --package {package}"
    );
    built
}

/// `motcua` on one folder, with its state apart from the user's.
#[derive(Debug, Clone)]
pub struct Program {
    program: PathBuf,
    root: PathBuf,
    namespace: Option<String>,
    log: Option<PathBuf>,
}

/// What a run gave.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; none when killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

impl Program {
    /// That program, with data and state within `root`.
    pub fn new(program: impl Into<PathBuf>, root: &Path) -> Self {
        Self {
            program: program.into(),
            root: root.to_owned(),
            namespace: None,
            log: None,
        }
    }

    /// The same, which tells all it has to tell into that file while it serves.
    #[must_use]
    pub fn telling(mut self, log: &Path) -> Self {
        self.log = Some(log.to_owned());
        self
    }

    /// The same on another machine: in a network namespace that is there already.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The `motcua` that was built beside the running test.
    pub fn beside_tests() -> PathBuf {
        built("motcua", "motcua-cli")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The command, not yet run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = match &self.namespace {
            None => Command::new(&self.program),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command
                    .args(["netns", "exec", namespace])
                    .arg(&self.program);
                command
            }
        };
        command
            .arg("--data")
            .arg(self.data())
            .args(args)
            .env("MOTCUA_STATE_DIR", self.root.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.log.is_some() {
            command.env("MOTCUA_LOG", TELLING);
        }
        command
    }

    /// Runs to the end.
    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().expect("the program runs"))
    }

    /// Runs with that standard input.
    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stdin = child.stdin.take().expect("standard input");
        // A program that refuses at once may not read everything.
        stdin.write_all(input).ok();
        drop(stdin);
        ran(child.wait_with_output().expect("the program ends"))
    }

    /// Runs `do`; the answer.
    pub fn answer(&self, name: &str, argument: &Value) -> Value {
        let ran = self.run(&["do", name, &argument.to_string()]);
        ran.json()
    }

    /// Looks again and again until that is so; what is looked at is another process, which sends no
    /// event here. Answers the last that was seen.
    ///
    /// # Panics
    /// It is not so after that time.
    #[track_caller]
    pub fn until(
        &self,
        patience: Duration,
        look: impl Fn(&Self) -> Value,
        so: impl Fn(&Value) -> bool,
    ) -> Value {
        let until = Instant::now() + patience;
        loop {
            let seen = look(self);
            if so(&seen) {
                return seen;
            }
            assert!(Instant::now() < until, "{seen}");
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Until nothing waits to be sent any more; nobody does anything for it meanwhile.
    #[track_caller]
    pub fn until_sent(&self, patience: Duration) {
        let status = |program: &Self| program.answer("sync.status", &serde_json::json!({}));
        self.until(patience, status, |seen| seen["unsent"] == 0);
    }

    /// Runs `serve` until its one line, which it also gives.
    pub fn serve(&self) -> (Serving, Value) {
        self.serve_at("127.0.0.1:0")
    }

    /// The same on an address.
    pub fn serve_at(&self, listen: &str) -> (Serving, Value) {
        let mut child = self
            .command(&["serve", "--listen", listen])
            .stderr(self.log.as_ref().map_or_else(Stdio::null, |log| {
                let mut options = fs::OpenOptions::new();
                let file = options.create(true).append(true).open(log);
                file.expect("a file for its log").into()
            }))
            .spawn()
            .expect("the program runs");
        let stdout = child.stdout.take().expect("standard output");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("a line when ready");
        let ready = serde_json::from_str(&line).expect("JSON when ready");
        (Serving(child), ready)
    }
}

/// A serving program; killed when dropped.
#[derive(Debug)]
pub struct Serving(Child);

impl Serving {
    /// Its process.
    pub fn process(&self) -> u32 {
        self.0.id()
    }

    /// kill -9, and its end awaited.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Ran {
    /// Standard output as JSON; the run must have gone well.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_slice(&self.out).expect("JSON on standard output")
    }

    /// The error on standard error, as JSON; the run must have ended with 1 and said nothing else.
    pub fn error(&self) -> Value {
        assert_eq!(self.code, Some(1), "{}", String::from_utf8_lossy(&self.out));
        let line = self.err.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {}", self.err))
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
