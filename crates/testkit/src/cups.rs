//! A real cupsd of our own: in a temporary folder, on a free loopback port, with a PDF queue
//! whose pages can be read back.
//!
//! As root the queue ends in Debian's `cups-pdf` backend. That backend runs only as root and
//! reads its settings only from `/etc/cups`, so one settings file with our process number is put
//! there and taken away again. As an ordinary user the same queue ends in the `socket` backend
//! and a listener that writes the pages into the output folder: scheduler, filters and job states
//! are the real ones in both cases.
//!
//! `cups-pdf` distils PostScript, and PostScript forgets which letter a glyph is: Vietnamese text
//! comes out as scribble. The queue's last filter therefore wraps the finished page file into a
//! PostScript comment, and the "distiller" in our settings unwraps it.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

const CUPSD: &str = "/usr/sbin/cupsd";
const CUPS_PDF: &str = "/usr/lib/cups/backend/cups-pdf";
const PPD: &str = "/usr/share/ppd/cups-pdf/CUPS-PDF_noopt.ppd";
const CUPS_PDF_SETTINGS: &str = "/etc/cups";
const SETTINGS_PREFIX: &str = "cups-pdf-motcua-";
const QUEUE: &str = "pdf";
const START_LIMIT: Duration = Duration::from_secs(20);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A running cupsd; killed and cleared away when dropped.
#[derive(Debug)]
pub struct CupsHarness {
    server: Option<Child>,
    port: u16,
    end: End,
    folder: TempDir,
}

/// Where the pages of the PDF queue end.
#[derive(Debug)]
enum End {
    /// Root: the `cups-pdf` backend, with this settings file.
    CupsPdf { settings: PathBuf },
    /// Ordinary user: a listener behind the `socket` backend.
    Listener {
        _thread: thread::JoinHandle<()>,
        device: String,
    },
}

impl CupsHarness {
    /// Starts cupsd with one PDF queue and waits until it answers.
    ///
    /// # Errors
    /// If cupsd is not installed or does not come up.
    pub fn start() -> Result<Self> {
        ensure!(
            Path::new(CUPSD).exists(),
            "{CUPSD} is missing: install the package cups"
        );
        ensure!(
            Path::new(PPD).exists(),
            "{PPD} is missing: install the package printer-driver-cups-pdf"
        );
        let folder = tempfile::Builder::new().prefix("motcua-cups-").tempdir()?;
        let root = folder.path();
        // cupsd gives up root for its filters, which must still reach these folders.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
        for (name, mode) in [
            ("run", 0o755),
            ("cache", 0o770),
            ("spool", 0o710),
            ("log", 0o755),
            ("tmp", 0o1777),
            ("out", 0o1777),
        ] {
            fs::create_dir(root.join(name))?;
            fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode))?;
        }
        script(&root.join("wrap"), WRAP)?;
        script(&root.join("unwrap"), UNWRAP)?;
        let end = if is_root()? {
            End::CupsPdf {
                settings: cups_pdf_settings(root)?,
            }
        } else {
            listener(&root.join("out"))?
        };
        let mut harness = Self {
            server: None,
            port: free_port()?,
            end,
            folder,
        };
        harness.write_settings()?;
        harness.restart()?;
        harness.add_pdf_queue()?;
        Ok(harness)
    }

    /// `127.0.0.1:port`, as `CUPS_SERVER` takes it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The local socket, which `CUPS_SERVER` takes as well.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run/cups.sock")
    }

    /// Name of the PDF queue.
    pub fn queue_pdf(&self) -> &str {
        QUEUE
    }

    /// Where its pages arrive.
    pub fn output_dir(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// The printed files, oldest first.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn outputs(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.output_dir())? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "pdf") {
                files.push((fs::metadata(&path)?.modified()?, path));
            }
        }
        files.sort();
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    /// Adds a queue that hands its bytes untouched to a TCP port.
    ///
    /// # Errors
    /// If cupsd refuses.
    pub fn add_raw_queue(&self, queue: &str, address: &str) -> Result<()> {
        self.tool(
            "lpadmin",
            &[
                "-p",
                queue,
                "-E",
                "-v",
                &format!("socket://{address}"),
                "-m",
                "raw",
            ],
        )
    }

    /// Stops a queue; its jobs wait.
    ///
    /// # Errors
    /// If cupsd refuses.
    pub fn pause(&self, queue: &str) -> Result<()> {
        self.tool("cupsdisable", &[queue])
    }

    /// Lets a queue go on.
    ///
    /// # Errors
    /// If cupsd refuses.
    pub fn resume(&self, queue: &str) -> Result<()> {
        self.tool("cupsenable", &[queue])
    }

    /// Makes a queue refuse new jobs.
    ///
    /// # Errors
    /// If cupsd refuses.
    pub fn reject(&self, queue: &str) -> Result<()> {
        self.tool("cupsreject", &[queue])
    }

    /// kill -9: the printing service is gone from one moment to the next.
    ///
    /// # Errors
    /// If there is nothing to kill.
    pub fn kill(&mut self) -> Result<()> {
        let mut server = self.server.take().context("cupsd is not running")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Starts cupsd again on the same port, with the queues it had.
    ///
    /// # Errors
    /// If it does not come up; then with the end of its log.
    pub fn restart(&mut self) -> Result<()> {
        if self.server.is_some() {
            self.kill()?;
        }
        let root = self.folder.path();
        let mut server = Command::new(CUPSD)
            .arg("-f")
            .arg("-c")
            .arg(root.join("cupsd.conf"))
            .arg("-s")
            .arg(root.join("cups-files.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let deadline = Instant::now() + START_LIMIT;
        while UnixStream::connect(self.socket()).is_err() {
            let ended = server.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                server.kill()?;
                server.wait()?;
                bail!("cupsd did not come up: {}", self.log());
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.server = Some(server);
        Ok(())
    }

    /// Everything cupsd has logged, for the message of a failed test.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log/error_log")).unwrap_or_default()
    }

    fn write_settings(&self) -> Result<()> {
        let root = self.folder.path().display();
        let port = self.port;
        fs::write(
            self.folder.path().join("cupsd.conf"),
            format!(
                "Listen {root}/run/cups.sock\nListen 127.0.0.1:{port}\nLogLevel info\nBrowsing No\nWebInterface No\n\
                 DefaultAuthType None\nDefaultPolicy open\nIdleExitTimeout 0\nDirtyCleanInterval 0\nMaxLogSize 0\n\
                 <Location />\n  Order allow,deny\n  Allow 127.0.0.1\n</Location>\n\
                 <Policy open>\n  JobPrivateAccess all\n  JobPrivateValues none\n  SubscriptionPrivateAccess all\n  \
                 SubscriptionPrivateValues none\n  <Limit All>\n    Order deny,allow\n  </Limit>\n</Policy>\n"
            ),
        )?;
        // Filters must not run as root; an ordinary user's cupsd keeps that user throughout.
        let user = match self.end {
            End::CupsPdf { .. } => "User lp\nGroup lp\n",
            End::Listener { .. } => "",
        };
        fs::write(
            self.folder.path().join("cups-files.conf"),
            format!(
                "ServerRoot {root}\nStateDir {root}/run\nCacheDir {root}/cache\nRequestRoot {root}/spool\nTempDir {root}/tmp\n\
                 ServerBin /usr/lib/cups\nDataDir /usr/share/cups\nDocumentRoot {root}\nSystemGroup root\n\
                 AccessLog {root}/log/access_log\nErrorLog {root}/log/error_log\nPageLog {root}/log/page_log\n\
                 Printcap {root}/run/printcap\n{user}"
            ),
        )?;
        Ok(())
    }

    fn add_pdf_queue(&self) -> Result<()> {
        let root = self.folder.path();
        let (device, filter) = match &self.end {
            End::CupsPdf { settings } => {
                let stem = settings
                    .file_stem()
                    .and_then(|name| name.to_str())
                    .context("settings have a name")?;
                let instance = stem.trim_start_matches("cups-pdf-");
                let wrap = root.join("wrap");
                (
                    format!("cups-pdf:/{instance}"),
                    format!("application/vnd.cups-postscript 0 {}", wrap.display()),
                )
            }
            End::Listener { device, .. } => (device.clone(), "application/pdf 0 -".to_owned()),
        };
        let ppd = root.join("queue.ppd");
        let original = fs::read_to_string(PPD)?;
        fs::write(
            &ppd,
            format!("{original}*cupsFilter2: \"application/vnd.cups-pdf {filter}\"\n"),
        )?;
        self.tool(
            "lpadmin",
            &[
                "-p",
                QUEUE,
                "-E",
                "-v",
                &device,
                "-P",
                &ppd.display().to_string(),
            ],
        )?;
        self.tool("lpadmin", &["-d", QUEUE])
    }

    fn tool(&self, tool: &str, arguments: &[&str]) -> Result<()> {
        let output = Command::new(tool)
            .args(arguments)
            .env("CUPS_SERVER", self.socket())
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .with_context(|| format!("{tool} is missing: install the package cups-client"))?;
        ensure!(
            output.status.success(),
            "{tool}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

impl Drop for CupsHarness {
    fn drop(&mut self) {
        // Nothing can be done in a drop about a process or file that is already gone.
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        if let End::CupsPdf { settings } = &self.end {
            let _ = fs::remove_file(settings);
        }
    }
}

const WRAP: &str = "#!/bin/sh\n\
    # CUPS filter: a page file inside a PostScript comment.\n\
    echo '%!PS-Adobe-3.0'\n\
    if [ -n \"$6\" ]; then base64 \"$6\"; else base64; fi | sed 's/^/%B64 /'\n\
    echo '%%EOF'\n";

const UNWRAP: &str = "#!/bin/sh\n\
    # In place of the distiller: $1 what to write, $2 what to read.\n\
    sed -n 's/^%B64 //p' \"$2\" | base64 -d > \"$1.part\" && mv \"$1.part\" \"$1\"\n";

fn script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn cups_pdf_settings(root: &Path) -> Result<PathBuf> {
    ensure!(
        Path::new(CUPS_PDF).exists(),
        "{CUPS_PDF} is missing: install the package printer-driver-cups-pdf"
    );
    sweep()?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(CUPS_PDF_SETTINGS).join(format!(
        "{SETTINGS_PREFIX}{}-{number}.conf",
        std::process::id()
    ));
    let root = root.display();
    // The four %s are, in this order: Ghostscript, PDF version, output file, input file.
    fs::write(
        &path,
        format!(
            "Out {root}/out\nAnonDirName {root}/out\nSpool {root}/pages\nLog {root}/log\nGrp lp\nLabel 1\n\
             AnonUMask 0022\nUserUMask 0022\nGSTmp {root}/tmp\n\
             GSCall : %s %s; {root}/unwrap \"%s\" %s\n"
        ),
    )?;
    Ok(path)
}

/// Removes the settings of test runs that were killed before they could.
fn sweep() -> Result<()> {
    for entry in fs::read_dir(CUPS_PDF_SETTINGS)? {
        let entry = entry?;
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(SETTINGS_PREFIX))
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Another test may be sweeping at the same moment.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn listener(output: &Path) -> Result<End> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let device = format!("socket://{}", listener.local_addr()?);
    let output = output.to_owned();
    // Lives as long as the test process, unless the folder goes first. The backend waits for the
    // connection to end, so a page is in its folder before its job is done.
    let _thread = thread::spawn(move || {
        for (number, connection) in listener.incoming().enumerate() {
            let part = output.join(format!("job_{number}.part"));
            let mut page = Vec::new();
            let kept = connection.and_then(|mut stream| {
                stream.read_to_end(&mut page)?;
                fs::write(&part, &page)?;
                fs::rename(&part, part.with_extension("pdf"))
            });
            if kept.is_err() {
                break;
            }
        }
    });
    Ok(End::Listener { _thread, device })
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
