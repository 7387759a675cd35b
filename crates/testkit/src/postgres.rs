//! A PostgreSQL server of the test's own: a real cluster in a folder, on a free port of this
//! machine, gone with the test.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

/// Where `initdb` and `pg_ctl` lie: Debian keeps them off the path, a folder for each version.
fn programs() -> PathBuf {
    let found = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max();
    found.expect("PostgreSQL is installed (package postgresql)")
}

/// PostgreSQL refuses to run as root; there it runs as the user that its package made.
fn command(program: &Path) -> Command {
    let as_root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt as _;
        own.uid() == 0
    });
    let mut command = if as_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

fn done(output: Output) {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Postgres {
    /// A fresh cluster, started.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The server's own user has to get in.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let postgres = Self {
            folder,
            programs: programs(),
            port,
        };
        let made = command(&postgres.programs.join("initdb"))
            .args(["-A", "trust", "-U", "central", "-E", "UTF8", "--locale=C"])
            .args(["--no-sync", "-D"])
            .arg(postgres.data())
            .output();
        done(made.expect("initdb runs"));
        postgres.up();
        postgres
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, what: &[&str]) -> Output {
        command(&self.programs.join("pg_ctl"))
            .arg("-D")
            .arg(self.data())
            .args(what)
            .output()
            .expect("pg_ctl runs")
    }

    /// Starts it again.
    pub fn up(&self) {
        let sockets = self.folder.path().display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={sockets}",
            self.port
        );
        let log = self.folder.path().join("log");
        let log = log.to_string_lossy();
        done(self.control(&["-w", "-l", &log, "-o", &options, "start"]));
    }

    /// Takes it down as a power cut would: nothing is finished.
    pub fn cut(&self) {
        done(self.control(&["-w", "-m", "immediate", "stop"]));
    }

    /// Where programs find it.
    pub fn url(&self) -> String {
        format!("postgres://central@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs one statement; what `psql` prints of its rows.
    pub fn query(&self, sql: &str) -> String {
        let output = Command::new("psql")
            .arg(self.url())
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .expect("psql runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // What is left of it goes with the folder.
        self.control(&["-m", "immediate", "stop"]);
    }
}
