//! A PostgreSQL server of the test's own: a real cluster in a folder, reached through a socket in
//! that folder and by no port, so that tests side by side cannot take each other's; gone with the
//! test.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
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
        let postgres = Self {
            folder,
            programs: programs(),
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
        let options = format!("-c listen_addresses= -c unix_socket_directories={sockets}");
        let log = self.folder.path().join("log");
        let log = log.to_string_lossy();
        done(self.control(&["-w", "-l", &log, "-o", &options, "start"]));
    }

    /// Takes it down as a power cut would: nothing is finished.
    pub fn cut(&self) {
        done(self.control(&["-w", "-m", "immediate", "stop"]));
    }

    /// A copy of everything that it holds, beside it: the backup of another day. It is down
    /// meanwhile.
    pub fn keep(&self) {
        self.cut();
        self.copy("data", "kept");
        self.up();
    }

    /// What was kept in place of what there is now: a restored backup.
    pub fn put_back(&self) {
        self.cut();
        self.copy("kept", "data");
        self.up();
    }

    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.folder.path().join(from), self.folder.path().join(to));
        done(
            command(Path::new("rm"))
                .arg("-rf")
                .arg(&to)
                .output()
                .expect("rm runs"),
        );
        let copied = command(Path::new("cp")).arg("-a").args([from, to]).output();
        done(copied.expect("cp runs"));
    }

    /// Where programs find it.
    pub fn url(&self) -> String {
        let folder = self.folder.path().to_string_lossy().replace('/', "%2F");
        format!("postgres://central@{folder}/postgres")
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
