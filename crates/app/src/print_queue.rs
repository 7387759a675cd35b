//! Going on with print jobs in the background. The jobs lie in the store with their payload, so
//! a dead printer, a crash or a restart loses no paper; the desk never waits for any of it.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

use motcua_devices::printing::{
    self, Connection, CupsServer, Flow, Format, Job, JobHandle, JobState, Media, Printer,
};
use motcua_domain::{Code, Refusal};
use motcua_protocol::verbs::paper::{PaperKind, PrinterPaper};
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

/// Wakes the printing thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    work: Mutex<bool>,
    wake: Condvar,
}

impl Queue {
    fn wake(&self) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    fn wait(&self, at_most: Duration) {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut work, _) = self
            .wake
            .wait_timeout_while(work, at_most, |work| !*work)
            .unwrap_or_else(PoisonError::into_inner);
        *work = false;
    }
}

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
    loop {
        let Some(app) = weak.upgrade() else { return };
        let busy = round(&app).unwrap_or_else(|error| {
            tracing::warn!(%error, "print queue");
            false
        });
        let prints = Arc::clone(&app.prints);
        // Whoever closes the folder does not wait for the next look at the printers.
        drop(app);
        prints.wait(if busy { LOOK } else { IDLE });
    }
}

/// One look at every unfinished job; tells whether a spooler is at work on any.
fn round(app: &App) -> Result<bool> {
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
                if now.is_some_and(|now| now.state == before.state && now.printer == before.printer)
                {
                    job.changed_ms = tx.now_ms();
                    tx.update_print_job(&job)?;
                }
                Ok(())
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
    let format = match job.format.as_str() {
        "escpos" => Format::EscPosRaw,
        _ => Format::Pdf,
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
    let sound = !port.trim().is_empty() && (1_200..=921_600).contains(&baud);
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

/// Checks the id of a printer: `cups:QUEUE`, `tcp:HOST[:PORT]`, `serial:PORT[@BAUD]`,
/// `spooler:QUEUE`, `folder:PATH`.
pub(crate) fn check_printer(id: &str) -> Result<String> {
    match id.split_once(':') {
        Some(("cups" | "tcp" | "spooler" | "folder", rest)) if !rest.trim().is_empty() => {
            Ok(id.to_owned())
        }
        Some(("serial", rest)) if serial(rest).is_some() => Ok(id.to_owned()),
        _ => Err(Refusal::new(
            Code::PrinterUnknown,
            "Máy in phải là cups:TÊN, tcp:ĐỊA-CHỈ:9100, serial:CỔNG@TỐC-ĐỘ, spooler:TÊN hoặc folder:THƯ-MỤC.",
        )
        .at("printer")
        .into()),
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
