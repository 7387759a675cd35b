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
    /// More settings of the server.
    options: String,
}

/// How a server is reached that also listens on a port, encrypted.
#[derive(Debug)]
pub struct Tls {
    /// On 127.0.0.1.
    pub port: u16,
    /// The authority of its certificate, in PEM.
    pub ca: PathBuf,
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
        let postgres = Self::made();
        postgres.up();
        postgres
    }

    /// A fresh cluster that also listens on a port of this machine, encrypted and not otherwise,
    /// with a certificate for 127.0.0.1 from an authority of its own.
    pub fn start_with_tls() -> (Self, Tls) {
        let mut postgres = Self::made();
        let folder = postgres.folder.path().to_owned();
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).expect("an authority");
        let issuer = rcgen::Issuer::new(params, key);
        let own = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]);
        let certificate = params.expect("parameters").signed_by(&own, &issuer);
        let certificate = certificate.expect("a certificate");
        let tls = Tls {
            port: std::net::TcpListener::bind("127.0.0.1:0")
                .and_then(|l| l.local_addr())
                .expect("a port")
                .port(),
            ca: folder.join("ca.pem"),
        };
        fs::write(&tls.ca, ca.pem()).expect("a file");
        for (name, content) in [
            ("server.crt", certificate.pem()),
            ("server.key", own.serialize_pem()),
            (
                "pg_hba.conf",
                "local all all trust\nhostssl all all 127.0.0.1/32 trust\n".to_owned(),
            ),
        ] {
            fs::write(folder.join(name), content).expect("a file");
            // As the server's own user, who alone may read the key.
            let placed = command(Path::new("install"))
                .args(["-m", "600"])
                .arg(folder.join(name))
                .arg(postgres.data().join(name))
                .output();
            done(placed.expect("install runs"));
        }
        postgres.options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c ssl=on",
            tls.port
        );
        postgres.up();
        (postgres, tls)
    }

    fn made() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The server's own user has to get in.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let postgres = Self {
            folder,
            programs: programs(),
            options: "-c listen_addresses=".to_owned(),
        };
        let made = command(&postgres.programs.join("initdb"))
            .args(["-A", "trust", "-U", "central", "-E", "UTF8", "--locale=C"])
            .args(["--no-sync", "-D"])
            .arg(postgres.data())
            .output();
        done(made.expect("initdb runs"));
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
        let options = format!("{} -c unix_socket_directories={sockets}", self.options);
        let log = self.folder.path().join("log");
        let log = log.to_string_lossy();
        done(self.control(&["-w", "-l", &log, "-o", &options, "start"]));
    }

    /// Takes it down as a power cut would: nothing is finished.
    pub fn cut(&self) {
        done(self.control(&["-w", "-m", "immediate", "stop"]));
    }

    /// Whether its server is there.
    pub fn runs(&self) -> bool {
        self.control(&["status"]).status.success()
    }

    /// kill -9 of the server and of every process of it, in the middle of whatever they do.
    pub fn kill(&self) {
        let file = self.data().join("postmaster.pid");
        let read = command(Path::new("cat"))
            .arg(file)
            .output()
            .expect("cat runs");
        let text = String::from_utf8_lossy(&read.stdout).into_owned();
        let server = text.lines().next().expect("it runs").trim().to_owned();
        let children = Command::new("pgrep").args(["-P", &server]).output();
        let children = children.expect("pgrep runs").stdout;
        let children = String::from_utf8_lossy(&children).into_owned();
        let killed = Command::new("kill")
            .arg("-9")
            .arg(&server)
            .args(children.split_whitespace())
            .output();
        // A child may have ended meanwhile.
        drop(killed);
        for _ in 0..600 {
            let gone = |pid: &str| !Path::new("/proc").join(pid).exists();
            if gone(&server) && children.split_whitespace().all(gone) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the database does not die");
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
        let port = self.options.split("port=").nth(1);
        let port = port.and_then(|rest| rest.split(' ').next());
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("postgres://central@{folder}{port}/postgres")
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
