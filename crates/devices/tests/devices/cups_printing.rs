//! Printing through a real cupsd.

use std::thread;
use std::time::{Duration, Instant};

use motcua_devices::printing::{
    Connection, CupsServer, FaultKind, Format, Job, JobHandle, JobState, Media, PrintFault,
    Printer, PrinterState, cancel, discover, poll, submit,
};
use motcua_domain::{Code, Refusal};

use crate::cups::CupsHarness;
use crate::pdf;
use crate::printer9100::Printer9100;

const LIMIT: Duration = Duration::from_secs(30);
const TEXT: &str = "Giấy tiếp nhận hồ sơ H15.50-261123-0001, ông Nguyễn Văn Đường";

fn server(cups: &CupsHarness) -> CupsServer {
    cups.address().parse().unwrap()
}

fn printer(cups: &CupsHarness, queue: &str) -> Printer {
    Printer {
        id: queue.to_owned(),
        name: format!("Máy in {queue}"),
        connection: Connection::Cups {
            queue: queue.to_owned(),
            server: Some(server(cups)),
        },
    }
}

fn receipt() -> Job {
    Job {
        title: "H15.50-261123-0001".to_owned(),
        format: Format::Pdf,
        media: Media::A5,
        tray: None,
        copies: 1,
        bytes: pdf::a5(TEXT),
    }
}

/// Polls until the state is one that is asked for; the limit only ends a test that has failed.
fn wait_for(cups: &CupsHarness, handle: &JobHandle, wanted: fn(&JobState) -> bool) -> JobState {
    let deadline = Instant::now() + LIMIT;
    loop {
        let state = poll(handle).unwrap();
        if wanted(&state) {
            return state;
        }
        assert!(
            !state.is_final() && Instant::now() < deadline,
            "{state:?}\n{}",
            cups.log()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

fn code(fault: PrintFault) -> Code {
    Refusal::from(fault).code
}

#[test]
fn a_receipt_comes_out_as_it_went_in() {
    let cups = CupsHarness::start().unwrap();
    let handle = submit(&printer(&cups, cups.queue_pdf()), &receipt()).unwrap();
    wait_for(&cups, &handle, |state| *state == JobState::Done);

    let outputs = cups.outputs().unwrap();
    assert_eq!(outputs.len(), 1, "{}", cups.log());
    assert!(
        pdf::text_of(&outputs[0]).contains(TEXT),
        "{}",
        pdf::text_of(&outputs[0])
    );
    let (width, height) = pdf::size_of(&outputs[0]);
    assert!(
        (width - 419.53).abs() < 1.5 && (height - 595.28).abs() < 1.5,
        "A5 stays A5: {width} × {height}"
    );

    // A handle outlives the app: written down and read back, it still names the job.
    let kept: JobHandle = serde_json::from_str(&serde_json::to_string(&handle).unwrap()).unwrap();
    assert_eq!(poll(&kept).unwrap(), JobState::Done);
    cancel(&kept).unwrap();
    assert_eq!(
        poll(&kept).unwrap(),
        JobState::Done,
        "cancelling what has ended changes nothing"
    );
}

#[test]
fn a_tray_may_be_chosen_and_the_paper_stays_its_size() {
    let cups = CupsHarness::start().unwrap();
    let job = Job {
        tray: Some("auto".to_owned()),
        ..receipt()
    };
    let handle = submit(&printer(&cups, cups.queue_pdf()), &job).unwrap();
    wait_for(&cups, &handle, |state| *state == JobState::Done);
    let outputs = cups.outputs().unwrap();
    let (width, height) = pdf::size_of(&outputs[0]);
    assert!(
        (width - 419.53).abs() < 1.5 && (height - 595.28).abs() < 1.5,
        "A5 stays A5: {width} × {height}"
    );
}

#[test]
fn the_queues_are_found_over_tcp_and_over_the_socket() {
    let cups = CupsHarness::start().unwrap();
    for address in [cups.address(), cups.socket().display().to_string()] {
        let server: CupsServer = address.parse().unwrap();
        let found = discover(&server).unwrap();
        assert_eq!(found.len(), 1);
        let queue = &found[0];
        assert_eq!(
            (queue.id.as_str(), queue.state),
            ("pdf", PrinterState::Idle)
        );
        assert!(
            queue.accepting && queue.is_default && queue.reasons.is_empty(),
            "{queue:?}"
        );
        assert!(
            queue.media.iter().any(|media| media == "iso_a4_210x297mm"),
            "{:?}",
            queue.media
        );
        let handle = submit(&queue.printer(&server), &receipt()).unwrap();
        wait_for(&cups, &handle, |state| *state == JobState::Done);
    }
}

#[test]
fn a_paused_queue_says_so_and_goes_on_by_itself() {
    let cups = CupsHarness::start().unwrap();
    cups.pause("pdf").unwrap();
    let handle = submit(&printer(&cups, "pdf"), &receipt()).unwrap();
    let state = wait_for(&cups, &handle, |state| {
        matches!(state, JobState::Stopped { .. })
    });
    let JobState::Stopped { reason } = state else {
        unreachable!()
    };
    assert!(
        reason.starts_with("Máy in đang tạm dừng. Lệnh in được giữ lại."),
        "{reason}"
    );
    let queue = discover(&server(&cups)).unwrap().remove(0);
    assert_eq!(
        (queue.state, queue.reasons),
        (PrinterState::Stopped, vec![reason])
    );

    cups.resume("pdf").unwrap();
    wait_for(&cups, &handle, |state| *state == JobState::Done);
    assert_eq!(cups.outputs().unwrap().len(), 1, "once, not twice");
}

#[test]
fn a_waiting_job_can_be_cancelled() {
    let cups = CupsHarness::start().unwrap();
    cups.pause("pdf").unwrap();
    let handle = submit(&printer(&cups, "pdf"), &receipt()).unwrap();
    cancel(&handle).unwrap();
    assert_eq!(poll(&handle).unwrap(), JobState::Cancelled);
    cups.resume("pdf").unwrap();
    let next = submit(&printer(&cups, "pdf"), &receipt()).unwrap();
    wait_for(&cups, &next, |state| *state == JobState::Done);
    assert_eq!(
        cups.outputs().unwrap().len(),
        1,
        "only the second was printed"
    );
}

#[test]
fn a_dead_printing_service_is_a_quick_fault_and_comes_back() {
    let mut cups = CupsHarness::start().unwrap();
    cups.pause("pdf").unwrap();
    let printer = printer(&cups, "pdf");
    let waiting = submit(&printer, &receipt()).unwrap();
    cups.kill().unwrap();

    let started = Instant::now();
    let fault = submit(&printer, &receipt()).unwrap_err();
    assert!(poll(&waiting).is_err() && discover(&server(&cups)).is_err());
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert!(!fault.may_have_printed());
    assert!(
        fault
            .to_string()
            .contains("dịch vụ in của máy tính không trả lời. Nội dung đã lưu, chưa in."),
        "{fault}"
    );
    assert_eq!(code(fault), Code::PrinterFault);

    cups.restart().unwrap();
    cups.resume("pdf").unwrap();
    wait_for(&cups, &waiting, |state| *state == JobState::Done);
    let again = submit(&printer, &receipt()).unwrap();
    wait_for(&cups, &again, |state| *state == JobState::Done);
    assert_eq!(cups.outputs().unwrap().len(), 2);
}

#[test]
fn an_unknown_queue_and_a_closed_queue_are_told_apart() {
    let cups = CupsHarness::start().unwrap();
    let fault = submit(&printer(&cups, "tầng 2/của ai"), &receipt()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unknown);
    assert_eq!(code(fault), Code::PrinterUnknown);

    cups.reject("pdf").unwrap();
    let fault = submit(&printer(&cups, "pdf"), &receipt()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotAccepting);
    assert_eq!(code(fault), Code::PrinterFault);

    let forgotten = JobHandle {
        printer: printer(&cups, "pdf"),
        number: Some(4711),
    };
    assert_eq!(poll(&forgotten).unwrap(), JobState::Unknown);
}

#[test]
fn a_raw_queue_hands_escpos_on_untouched() {
    let cups = CupsHarness::start().unwrap();
    let ticket_printer = Printer9100::start().unwrap();
    cups.add_raw_queue("ve", &ticket_printer.address()).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(40_000).collect();
    let job = Job {
        title: "A-033".to_owned(),
        format: Format::EscPosRaw,
        media: Media::Roll80,
        tray: None,
        copies: 1,
        bytes: bytes.clone(),
    };
    let handle = submit(&printer(&cups, "ve"), &job).unwrap();
    assert!(
        ticket_printer.next_job(LIMIT).unwrap() == bytes,
        "all 40,000 bytes and no other"
    );
    wait_for(&cups, &handle, |state| *state == JobState::Done);
}

#[test]
fn a_queue_whose_printer_is_off_says_that_the_printer_does_not_answer() {
    let cups = CupsHarness::start().unwrap();
    let gone = Printer9100::start().unwrap();
    cups.add_raw_queue("ve", &gone.address()).unwrap();
    drop(gone);
    let job = Job {
        title: "A-034".to_owned(),
        format: Format::EscPosRaw,
        media: Media::Roll80,
        tray: None,
        copies: 1,
        bytes: vec![0x1b, b'@'],
    };
    let handle = submit(&printer(&cups, "ve"), &job).unwrap();
    // On the way there, "waiting for the printer to answer" may be seen for a moment.
    wait_for(
        &cups,
        &handle,
        |state| matches!(state, JobState::Stopped { reason } if reason.starts_with("Máy in không trả lời.")),
    );
    cancel(&handle).unwrap();
}
