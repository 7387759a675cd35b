//! A scanner on a real pseudo-terminal, made by socat.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use motcua_devices::scanner::{ScanEvent, SerialScanner};
use motcua_domain::{Code, Refusal};

const LIMIT: Duration = Duration::from_secs(10);
const CARD: &str =
    "001099012345|012345678|Nguyễn Thị Hường|01021999|Nữ|Số 5, Đường Láng, Hà Nội|10052021";

/// The far end of the cable. Dropping it pulls the plug.
struct Plug {
    socat: Child,
}

impl Plug {
    fn insert(link: &Path) -> Self {
        let socat = Command::new("socat")
            .arg(format!("PTY,link={},raw,echo=0", link.display()))
            .arg("STDIO")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("socat is missing: install the package socat");
        let deadline = Instant::now() + LIMIT;
        while !link.exists() {
            assert!(Instant::now() < deadline, "socat made no terminal");
            thread::sleep(Duration::from_millis(5));
        }
        Self { socat }
    }

    fn scan(&mut self, bytes: &[u8]) {
        let cable = self.socat.stdin.as_mut().unwrap();
        cable.write_all(bytes).unwrap();
        cable.flush().unwrap();
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        self.socat.kill().unwrap();
        self.socat.wait().unwrap();
    }
}

fn desk() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("scanner");
    (folder, link)
}

fn open(link: &Path) -> (SerialScanner, Receiver<ScanEvent>) {
    SerialScanner::open(link.to_str().unwrap(), 9600).unwrap()
}

fn scanned(text: &str) -> ScanEvent {
    ScanEvent::Scan(text.to_owned())
}

#[test]
fn cards_arrive_whole_and_in_order() {
    let (_folder, link) = desk();
    let mut plug = Plug::insert(&link);
    let (_scanner, events) = open(&link);
    plug.scan(format!("{CARD}\r\nH15.50-261123-0001\r").as_bytes());
    assert_eq!(events.recv_timeout(LIMIT).unwrap(), scanned(CARD));
    assert_eq!(
        events.recv_timeout(LIMIT).unwrap(),
        scanned("H15.50-261123-0001")
    );
    plug.scan(b"Nguy\xc3\r");
    assert_eq!(
        events.recv_timeout(LIMIT).unwrap(),
        ScanEvent::Damaged {
            bytes: b"Nguy\xc3".to_vec()
        }
    );
}

#[test]
fn a_scanner_without_line_ending_is_understood() {
    let (_folder, link) = desk();
    let mut plug = Plug::insert(&link);
    let (_scanner, events) = open(&link);
    plug.scan(CARD.as_bytes());
    assert_eq!(events.recv_timeout(LIMIT).unwrap(), scanned(CARD));
}

#[test]
fn an_unplugged_scanner_is_noticed_and_taken_up_again() {
    let (_folder, link) = desk();
    let mut plug = Plug::insert(&link);
    let (_scanner, events) = open(&link);
    plug.scan(b"before\r");
    assert_eq!(events.recv_timeout(LIMIT).unwrap(), scanned("before"));
    drop(plug);
    assert!(matches!(
        events.recv_timeout(LIMIT).unwrap(),
        ScanEvent::Lost { .. }
    ));
    // socat, killed, leaves its link behind; a real device takes its name along.
    if link.is_symlink() {
        std::fs::remove_file(&link).unwrap();
    }
    let mut plug = Plug::insert(&link);
    assert_eq!(events.recv_timeout(LIMIT).unwrap(), ScanEvent::Back);
    plug.scan(b"after\r");
    assert_eq!(events.recv_timeout(LIMIT).unwrap(), scanned("after"));
}

#[test]
fn closing_ends_the_thread_soon_even_while_the_scanner_is_away() {
    let (_folder, link) = desk();
    let plug = Plug::insert(&link);
    let (scanner, events) = open(&link);
    drop(plug);
    assert!(matches!(
        events.recv_timeout(LIMIT).unwrap(),
        ScanEvent::Lost { .. }
    ));
    let started = Instant::now();
    drop(scanner);
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(events.recv().is_err(), "the channel has ended");
}

#[test]
fn a_port_that_is_not_there_is_said_so() {
    let fault = SerialScanner::open("/dev/ttyACM99", 9600).unwrap_err();
    let refusal = Refusal::from(fault);
    assert_eq!(refusal.code, Code::ScannerFault);
    assert_eq!(
        refusal.message,
        "Chưa mở được máy quét ở cổng /dev/ttyACM99. Vẫn nhập tay được. \
         Kiểm tra dây cắm và xem phần mềm khác có đang dùng máy quét không."
    );
}
