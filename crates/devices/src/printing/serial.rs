//! Ticket printers on a serial port: RS-232, or USB that shows itself as a COM port.
//!
//! Like port 9100 the line has no answers worth waiting for. "Done" means that the last byte has
//! left this machine; a printer that stops taking them (paper out, with flow control) is a stall.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use serialport::{ClearBuffer, FlowControl, SerialPort};

use super::{Flow, Format, Job, PrintFault, fault::FaultKind};

/// A working printer takes something at least this often, even while it cuts paper.
const STALL_LIMIT: Duration = Duration::from_secs(5);
/// Half a second's worth at 9600 baud: slow progress is seen as progress.
const PIECE: usize = 512;
/// Between looks at what has not left yet.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn send(
    printer: &str,
    port: &str,
    baud: u32,
    flow: Flow,
    job: &Job,
) -> Result<(), PrintFault> {
    if job.format != Format::EscPosRaw {
        return Err(PrintFault::new(
            FaultKind::FormatUnsupported,
            printer,
            "a serial printer takes ESC/POS only",
        ));
    }
    let mut line = serialport::new(port, baud)
        .timeout(STALL_LIMIT)
        .flow_control(match flow {
            Flow::None => FlowControl::None,
            Flow::RtsCts => FlowControl::Hardware,
            Flow::XonXoff => FlowControl::Software,
        })
        .open()
        .map_err(|error| {
            PrintFault::new(FaultKind::PrinterUnreachable, printer, error.to_string())
        })?;
    let mut sent = 0;
    for _ in 0..job.copies.max(1) {
        let written = write(&mut *line, &job.bytes, &mut sent);
        written.and_then(|()| leave(&*line)).map_err(|error| {
            // What is left in the buffer would come out before the next ticket.
            line.clear(ClearBuffer::Output).ok();
            let detail = format!("{error} after {sent} bytes");
            PrintFault::new(FaultKind::Interrupted, printer, detail)
        })?;
    }
    Ok(())
}

fn write(line: &mut dyn SerialPort, bytes: &[u8], sent: &mut usize) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        match line.write(&left[..left.len().min(PIECE)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => {
                left = &left[taken..];
                *sent += taken;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until everything has left. The system's own way to wait has no end when the printer holds
/// the line, so what is left is looked at instead.
fn leave(line: &dyn SerialPort) -> io::Result<()> {
    let mut last = line.bytes_to_write()?;
    let mut moved = Instant::now();
    while last > 0 {
        if moved.elapsed() > STALL_LIMIT {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(LOOK);
        let left = line.bytes_to_write()?;
        if left < last {
            moved = Instant::now();
        }
        last = left;
    }
    Ok(())
}
