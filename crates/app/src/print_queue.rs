//! Going on with print jobs in the background. The jobs lie in the store with their payload, so
//! a dead printer, a crash or a restart loses no paper; the desk never waits for any of it.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use motcua_devices::printing::{
    self, Connection, CupsServer, Flow, Format, Job, JobHandle, JobState, Media, Printer,
};
use motcua_domain::{Code, Refusal};
use motcua_protocol::verbs::paper::{self, PaperKind, PrinterPaper};
use motcua_store::table::print_job::PrintJob;

use crate::{App, Result, change::Topic, verbs};

/// What serial ticket printers are set to in the box, more often than to anything else.
const SERIAL_BAUD: u32 = 9_600;

/// Told when no printer is chosen for a paper.
pub(crate) const NO_PRINTER: &str =
    "Chưa chọn máy in cho loại giấy này. Nội dung đã ghi và giữ lại. Mời chọn máy in rồi in lại.";

/// How long between looks at a job that the spooler is working on. CUPS tells nobody by itself.
const LOOK: Duration = Duration::from_millis(500);
/// How long between looks when there is nothing to do: a safety net under the wake-up.
const IDLE: Duration = Duration::from_secs(30);

/// How long a printing system that does not answer is told what is not to come out: who comes back
/// later has been set up anew, or was replaced.
const GIVE_UP_MS: i64 = 7 * 24 * 3_600_000;

/// Starts the thread; it ends with the application.
pub(crate) fn start(app: &Arc<App>) {
    let changes = app.subscribe();
    let woken = Arc::downgrade(app);
    thread::spawn(move || {
        while let Ok(change) = changes.recv() {
            if change.topics.contains(&Topic::Print) {
                let Some(app) = woken.upgrade() else { return };
                app.prints.wake();
            }
        }
    });
    let weak = Arc::downgrade(app);
    thread::spawn(move || run(&weak));
}

fn run(weak: &Weak<App>) {
    let mut tried = HashMap::new();
    loop {
        let Some(app) = weak.upgrade() else { return };
        let busy = round(&app, &mut tried).unwrap_or_else(|error| {
            tracing::warn!(%error, "print queue");
            false
        });
        let prints = Arc::clone(&app.prints);
        // Whoever closes the folder does not wait for the next look at the printers.
        drop(app);
        prints.wait(if busy { LOOK } else { IDLE });
    }
}

/// Tells printing systems what is not to come out any more. One that does not answer is told later:
/// waiting for it keeps the other printers waiting.
fn withdraw(app: &App, tried: &mut HashMap<String, Instant>) -> Result<()> {
    tried.retain(|_, at| at.elapsed() < IDLE);
    for (handle, made_ms) in app.store.read(|read| read.withdrawn_prints())? {
        if tried.contains_key(&handle) {
            continue;
        }
        let told = match serde_json::from_str::<JobHandle>(&handle) {
            Ok(known) => printing::cancel(&known),
            // Nobody can be told of what nobody understands.
            Err(_) => Ok(()),
        };
        match told {
            Ok(()) => {
                (app.store).write(&app.system(), |tx| tx.print_is_withdrawn(&handle))?;
                app.tell(vec![Topic::Print]);
            }
            Err(fault) => {
                tracing::warn!(%fault, "a print that was taken back");
                let news = app.store.write(&app.system(), |tx| {
                    if made_ms.is_some_and(|made_ms| tx.now_ms() - made_ms > GIVE_UP_MS) {
                        tx.print_is_withdrawn(&handle)?;
                        return Ok(true);
                    }
                    tx.withdrawal_is_unheard(&handle)
                })?;
                tried.insert(handle, Instant::now());
                if news {
                    app.tell(vec![Topic::Print]);
                }
            }
        }
    }
    Ok(())
}

/// One look at every unfinished job; tells whether a spooler is at work on any.
fn round(app: &App, tried: &mut HashMap<String, Instant>) -> Result<bool> {
    withdraw(app, tried)?;
    let mut busy = false;
    for mut job in app.store.read(|read| read.unfinished_print_jobs())? {
        let before = job.clone();
        match job.handle.as_deref().map(serde_json::from_str::<JobHandle>) {
            Some(Ok(handle)) => look(&mut job, &handle),
            _ => send(app, &mut job)?,
        }
        busy |= matches!(job.state.as_str(), "sent" | "printing");
        if job != before {
            app.store.write(&app.system(), |tx| {
                // The officer may have cancelled or moved it meanwhile: their word counts.
                let now = tx.read().print_job(job.id)?;
                let as_it_was =
                    |now: PrintJob| now.state == before.state && now.printer == before.printer;
                if now.is_some_and(as_it_was) {
                    job.changed_ms = tx.now_ms();
                    tx.update_print_job(&job)
                } else if job.handle != before.handle {
                    // Handed over while they did so.
                    tx.withdraw_print(&job)
                } else {
                    Ok(())
                }
            })?;
            app.tell(vec![Topic::Print]);
        }
    }
    Ok(busy)
}

fn send(app: &App, job: &mut PrintJob) -> Result<()> {
    let Some(bytes) = app.store.read(|read| read.print_payload(job.id))? else {
        fail(job, "Không còn nội dung để in. Mời in lại từ hồ sơ.");
        return Ok(());
    };
    let Some(chosen) = job.printer.clone() else {
        fail(job, NO_PRINTER);
        return Ok(());
    };
    let printer = match printer(app, &chosen) {
        Ok(printer) => printer,
        Err(refusal) => {
            fail(job, &Refusal::from(refusal).message);
            return Ok(());
        }
    };
    job.tries += 1;
    let profile = app
        .store
        .read(|read| verbs::printer::profile_of(read, Some(&chosen)))?;
    let media = match (profile.paper, job.kind.as_str()) {
        // Forms are drawn for A5; whoever has A4 in it has it printed at its size on that sheet.
        (Some(PrinterPaper::A4), "ticket" | "appointment" | "test") => Media::A4,
        (Some(PrinterPaper::A5), _) => Media::A5,
        (Some(PrinterPaper::Roll58), "ticket" | "appointment" | "test") => Media::Roll58,
        (Some(PrinterPaper::Roll80), "ticket" | "appointment" | "test")
        | (_, "ticket" | "appointment") => Media::Roll80,
        (Some(PrinterPaper::A4), _) => Media::A4,
        (_, kind) if PaperKind::from_name(kind).is_some_and(PaperKind::is_a4) => Media::A4,
        _ => Media::A5,
    };
    let format = if job.format == paper::Format::Escpos.name() {
        Format::EscPosRaw
    } else {
        Format::Pdf
    };
    match printing::submit(
        &printer,
        &Job {
            title: job.title.clone(),
            format,
            media,
            tray: profile.tray,
            copies: 1,
            bytes,
        },
    ) {
        Ok(handle) => {
            job.handle = Some(serde_json::to_string(&handle)?);
            job.state = "sent".to_owned();
            job.message = None;
            look(job, &handle);
        }
        Err(fault) => {
            let unsure = fault.may_have_printed();
            let mut message = Refusal::from(fault).message;
            if unsure {
                message.push_str(" Có thể đã in một phần, mời xem khay giấy trước khi in lại.");
            }
            fail(job, &message);
        }
    }
    Ok(())
}

fn look(job: &mut PrintJob, handle: &JobHandle) {
    match printing::poll(handle) {
        Ok(JobState::Waiting) => job.state = "sent".to_owned(),
        Ok(JobState::Printing) => {
            job.state = "printing".to_owned();
            job.message = None;
        }
        Ok(JobState::Done | JobState::Unknown) => {
            job.state = "done".to_owned();
            job.message = None;
        }
        Ok(JobState::Stopped { reason }) => {
            // Still in the spooler's queue: it goes on by itself when the cause is gone.
            job.state = "sent".to_owned();
            job.message = Some(reason);
        }
        Ok(JobState::Cancelled) => job.state = "cancelled".to_owned(),
        Ok(JobState::Aborted { reason }) => fail(job, &reason),
        Err(fault) => job.message = Some(Refusal::from(fault).message),
    }
}

fn fail(job: &mut PrintJob, message: &str) {
    job.state = "failed".to_owned();
    job.message = Some(message.to_owned());
    job.handle = None;
}

/// Whether only raster goes there.
pub(crate) fn is_thermal(printer: &str) -> bool {
    printer.starts_with("tcp:") || printer.starts_with("serial:")
}

/// `PORT[@BAUD][+rtscts|+xonxoff]`
fn serial(address: &str) -> Option<Connection> {
    let (address, flow) = match address.rsplit_once('+') {
        None => (address, Flow::None),
        Some((address, "rtscts")) => (address, Flow::RtsCts),
        Some((address, "xonxoff")) => (address, Flow::XonXoff),
        Some(_) => return None,
    };
    let (port, baud) = match address.rsplit_once('@') {
        None => (address, SERIAL_BAUD),
        Some((port, baud)) => (port, baud.parse().ok()?),
    };
    let sound = is_serial_port(port) && (1_200..=921_600).contains(&baud);
    sound.then(|| Connection::Serial {
        port: port.to_owned(),
        baud,
        flow,
    })
}

/// What people call a printer.
pub(crate) fn name_of(printer: &str) -> String {
    printer
        .split_once(':')
        .map_or(printer, |(_, rest)| rest)
        .to_owned()
}

/// `HOST[:PORT]`, an IPv6 address with a port in brackets. Whether anybody is there is not asked: a
/// printer may be off while it is set up.
fn is_tcp_address(address: &str) -> bool {
    if address.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let bracketed = address.strip_prefix('[').and_then(|a| a.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, port)) => (host, (!port.is_empty()).then_some(port)),
        None => match address.find(':') {
            Some(at) => (&address[..at], Some(&address[at..])),
            None => (address, None),
        },
    };
    let port_fits = port.is_none_or(|port| {
        let digits = port.strip_prefix(':').unwrap_or_default();
        digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|n| n > 0)
    });
    let host_fits = match bracketed {
        Some(_) => host.parse::<Ipv6Addr>().is_ok(),
        None => is_host(host),
    };
    port_fits && host_fits
}

/// An IPv4 address, or a name as RFC 1123 takes them; four numbers that are no address are a slip.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if numeric {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(label)
}

/// A path to a device, or `COM` with a number.
fn is_serial_port(port: &str) -> bool {
    let com = port.get(..3).filter(|com| com.eq_ignore_ascii_case("com"));
    let number = com.and_then(|_| port[3..].parse::<u16>().ok());
    number.is_some_and(|n| n > 0) || (port.len() > 1 && port.starts_with('/'))
}

/// The name of a queue as CUPS takes them: printable, without blank, slash or hash.
fn is_queue(name: &str) -> bool {
    (1..=127).contains(&name.len())
        && !name.chars().any(|c| {
            c.is_whitespace() || c.is_control() || matches!(c, '/' | '#' | '?' | '\\' | '\'' | '"')
        })
}

/// Checks the id of a printer: `cups:QUEUE`, `tcp:HOST[:PORT]`, `serial:PORT[@BAUD]`,
/// `spooler:QUEUE`, `folder:PATH`. An address that leads nowhere would be told of only when a
/// citizen waits for the paper.
pub(crate) fn check_printer(id: &str) -> Result<String> {
    let (fits, message) = match id.split_once(':') {
        Some(("tcp", rest)) => (
            is_tcp_address(rest),
            "Địa chỉ máy in không đúng: cần tcp:ĐỊA-CHỈ:CỔNG, ví dụ tcp:192.168.1.50:9100; cổng là số từ 1 đến 65535. Mời xem lại.",
        ),
        Some(("serial", rest)) => (
            serial(rest).is_some(),
            "Cổng nối tiếp không đúng: cần serial:CỔNG@TỐC-ĐỘ, ví dụ serial:COM3@9600 hoặc serial:/dev/ttyUSB0@19200. Mời xem lại.",
        ),
        Some(("cups", rest)) => (
            is_queue(rest),
            "Tên máy in không đúng: cần cups:TÊN, tên viết liền, không có dấu cách, “/” hay “#”. Mời chọn máy in trong danh sách.",
        ),
        Some(("spooler" | "folder", rest)) if !rest.trim().is_empty() => (true, ""),
        _ => (
            false,
            "Máy in phải là cups:TÊN, tcp:ĐỊA-CHỈ:9100, serial:CỔNG@TỐC-ĐỘ, spooler:TÊN hoặc folder:THƯ-MỤC.",
        ),
    };
    if fits {
        Ok(id.to_owned())
    } else {
        Err(Refusal::new(Code::PrinterUnknown, message)
            .at("printer")
            .into())
    }
}

fn printer(app: &App, id: &str) -> Result<Printer> {
    let connection = match id.split_once(':') {
        Some(("cups", queue)) => {
            let server = CupsServer::find(app.settings.cups.as_deref()).map_err(|_| {
                Refusal::new(
                    Code::PrinterFault,
                    "Địa chỉ máy chủ in không đúng. Giấy được giữ lại. Mời báo người quản trị.",
                )
            })?;
            Connection::Cups {
                queue: queue.to_owned(),
                server: Some(server),
            }
        }
        Some(("tcp", address)) => Connection::RawTcp {
            address: address.to_owned(),
        },
        Some(("serial", address)) => {
            serial(address).ok_or_else(|| Refusal::new(Code::PrinterUnknown, NO_PRINTER))?
        }
        Some(("spooler", queue)) => Connection::Spooler {
            queue: queue.to_owned(),
        },
        Some(("folder", path)) => Connection::Folder {
            path: PathBuf::from(path),
        },
        _ => return Err(Refusal::new(Code::PrinterUnknown, NO_PRINTER).into()),
    };
    Ok(Printer {
        id: id.to_owned(),
        name: name_of(id),
        connection,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::address("tcp:192.168.1.50")]
    #[case::port("tcp:192.168.1.50:9101")]
    #[case::name("tcp:may-in-so.chi-nhanh:9100")]
    #[case::v6("tcp:fe80::2")]
    #[case::v6_port("tcp:[fe80::2]:9102")]
    #[case::device("serial:/dev/ttyUSB0")]
    #[case::com("serial:COM3@19200+rtscts")]
    #[case::queue("cups:HP_LaserJet-1020")]
    #[case::shared("spooler:\\\\may-chu\\In A5")]
    fn a_printer_that_may_be_there(#[case] id: &str) {
        assert_eq!(check_printer(id).unwrap(), id);
    }

    #[rstest]
    #[case::no_port("tcp:khong-co:abc")]
    #[case::port_zero("tcp:10.0.0.9:0")]
    #[case::port_too_high("tcp:10.0.0.9:65536")]
    #[case::port_blank("tcp:10.0.0.9:")]
    #[case::port_signed("tcp:10.0.0.9:+91")]
    #[case::two_ports("tcp:10.0.0.9:91:00")]
    #[case::no_address("tcp:10.0.0.999")]
    #[case::blank("tcp:may in")]
    #[case::nothing("tcp:")]
    #[case::brackets("tcp:[10.0.0.9]:9100")]
    #[case::no_com("serial:COM")]
    #[case::no_device("serial:ttyUSB0")]
    #[case::no_baud("serial:COM3@nhanh")]
    #[case::queue_blank("cups:May in")]
    #[case::queue_path("cups:a/b")]
    #[case::queue_nothing("cups:")]
    #[case::unknown("usb:1")]
    fn one_that_cannot_be_is_refused_at_its_field(#[case] id: &str) {
        let refusal = Refusal::from(check_printer(id).unwrap_err());
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::PrinterUnknown, Some("printer"))
        );
    }
}
