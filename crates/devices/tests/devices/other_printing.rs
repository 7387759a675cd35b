//! Printing to a TCP port, into a folder, and to a server that never answers.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use motcua_devices::printing::{
    Connection, FaultKind, Format, Job, JobState, Media, Printer, cancel, discover, poll, submit,
};
use motcua_domain::{Code, Refusal};

use crate::printer9100::Printer9100;

fn printer(connection: Connection) -> Printer {
    Printer {
        id: "ve".to_owned(),
        name: "Máy in vé".to_owned(),
        connection,
    }
}

fn raw(address: &str) -> Printer {
    printer(Connection::RawTcp {
        address: address.to_owned(),
    })
}

fn ticket(bytes: Vec<u8>, copies: u8) -> Job {
    Job {
        title: "Vé A-033".to_owned(),
        format: Format::EscPosRaw,
        media: Media::Roll80,
        tray: None,
        copies,
        bytes,
    }
}

#[test]
fn a_tcp_printer_gets_every_byte_as_often_as_asked() {
    let listener = Printer9100::start().unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let handle = submit(&raw(&listener.address()), &ticket(bytes.clone(), 2)).unwrap();
    assert!(listener.next_job(Duration::from_secs(10)).unwrap() == bytes.repeat(2));
    assert_eq!(poll(&handle).unwrap(), JobState::Done);
    cancel(&handle).unwrap();
}

#[test]
fn a_printer_that_is_off_is_a_quick_fault() {
    let address = Printer9100::start().unwrap().address();
    let started = Instant::now();
    let fault = submit(&raw(&address), &ticket(vec![1], 1)).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(
        (fault.kind, fault.may_have_printed()),
        (FaultKind::PrinterUnreachable, false)
    );
    let refusal = Refusal::from(fault);
    assert_eq!(refusal.code, Code::PrinterFault);
    assert_eq!(
        refusal.message,
        "Máy in “Máy in vé” không trả lời. Nội dung đã lưu, chưa in. \
         Kiểm tra nguồn điện và dây mạng của máy in rồi nhấn In lại, hoặc chọn máy in khác."
    );
}

#[test]
fn a_printer_that_takes_nothing_more_is_given_up_in_time() {
    // Accepted by the system's backlog, never read: as with the cover open.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let started = Instant::now();
    let fault = submit(&raw(&address), &ticket(vec![0; 32 << 20], 1)).unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(9),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(
        (fault.kind, fault.may_have_printed()),
        (FaultKind::Interrupted, true)
    );
}

#[test]
fn a_ticket_printer_is_not_sent_a_pdf() {
    let listener = Printer9100::start().unwrap();
    let job = Job {
        format: Format::Pdf,
        ..ticket(b"%PDF-1.4".to_vec(), 1)
    };
    let fault = submit(&raw(&listener.address()), &job).unwrap_err();
    assert_eq!(fault.kind, FaultKind::FormatUnsupported);
}

#[test]
fn a_printing_service_that_accepts_and_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = listener.local_addr().unwrap().to_string().parse().unwrap();
    let started = Instant::now();
    let fault = discover(&server).unwrap_err();
    assert_eq!(fault.kind, FaultKind::ServiceUnreachable);
    assert!(
        started.elapsed() < Duration::from_secs(13),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_printing_service_that_dies_in_the_middle_may_have_printed() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = listener.local_addr().unwrap().to_string().parse().unwrap();
    let dying = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 1000]).unwrap();
    });
    let connection = Connection::Cups {
        queue: "a5".to_owned(),
        server: Some(server),
    };
    let fault = submit(&printer(connection), &ticket(vec![0; 1000], 1)).unwrap_err();
    dying.join().unwrap();
    assert_eq!(
        (fault.kind, fault.may_have_printed()),
        (FaultKind::Interrupted, true)
    );
    assert!(
        fault.to_string().contains("Xem máy in đã ra giấy chưa"),
        "{fault}"
    );
}

#[test]
fn a_folder_keeps_every_print() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in ra");
    let printer = printer(Connection::Folder { path: path.clone() });
    let job = Job {
        title: "Giấy tiếp nhận ../H15.50-1".to_owned(),
        format: Format::Pdf,
        ..ticket(b"one".to_vec(), 1)
    };
    let handle = submit(&printer, &job).unwrap();
    submit(
        &printer,
        &Job {
            bytes: b"two".to_vec(),
            ..job
        },
    )
    .unwrap();
    assert_eq!(poll(&handle).unwrap(), JobState::Done);
    let read = |name: &str| fs::read(path.join(name)).unwrap();
    assert_eq!(read("giay-tiep-nhan-h15-50-1.pdf"), b"one");
    assert_eq!(read("giay-tiep-nhan-h15-50-1-2.pdf"), b"two");
    assert_eq!(
        fs::read_dir(&path).unwrap().count(),
        2,
        "nothing outside the folder, nothing half-written"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_a_fault() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let fault = submit(
        &printer(Connection::Folder {
            path: file.path().to_owned(),
        }),
        &ticket(vec![1], 1),
    )
    .unwrap_err();
    assert_eq!(fault.kind, FaultKind::FolderUnwritable);
}

#[test]
fn settings_keep_printers_in_a_form_that_stays() {
    let text = r#"{"id":"ve","name":"Máy in vé","connection":{"kind":"raw_tcp","address":"10.0.0.9:9100"}}"#;
    let printer: Printer = serde_json::from_str(text).unwrap();
    assert_eq!(printer, raw("10.0.0.9:9100"));
    assert_eq!(serde_json::to_string(&printer).unwrap(), text);
    let text = r#"{"id":"a5","name":"A5","connection":{"kind":"cups","queue":"a5","server":"localhost:631"}}"#;
    let printer: Printer = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&printer).unwrap(), text);
}
