//! Ticket printers that take bytes on TCP port 9100 ("JetDirect", AppSocket).
//!
//! The protocol has no answers. "Done" means that the printer's network card has taken every
//! byte; a printer that stops taking them (paper out, cover open) shows as a stall.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::net;
use super::{FaultKind, Format, Job, PrintFault};

const PORT: u16 = 9100;
/// A working printer takes something at least this often, even while it cuts paper.
const STALL_LIMIT: Duration = Duration::from_secs(5);
/// How long we listen for a hang-up after the last byte. Most printers say nothing at all.
const GOODBYE: Duration = Duration::from_millis(200);
/// Small pieces, so that slow progress is seen as progress.
const PIECE: usize = 4 << 10;

pub(super) fn send(printer: &str, address: &str, job: &Job) -> Result<(), PrintFault> {
    if job.format != Format::EscPosRaw {
        return Err(PrintFault::new(
            FaultKind::FormatUnsupported,
            printer,
            "a raw TCP printer takes ESC/POS only",
        ));
    }
    let unreachable = |error: io::Error| {
        PrintFault::new(FaultKind::PrinterUnreachable, printer, error.to_string())
    };
    let (host, port) = split(address);
    let stream = net::connect_tcp(host, port).map_err(unreachable)?;
    stream
        .set_write_timeout(Some(STALL_LIMIT))
        .map_err(unreachable)?;
    let mut sent = 0;
    for _ in 0..job.copies.max(1) {
        write(&stream, &job.bytes, &mut sent).map_err(|error| {
            let detail = format!("{error} after {sent} bytes");
            PrintFault::new(FaultKind::Interrupted, printer, detail)
        })?;
    }
    say_goodbye(stream)
        .map_err(|error| PrintFault::new(FaultKind::Interrupted, printer, error.to_string()))
}

fn write(mut stream: &TcpStream, bytes: &[u8], sent: &mut usize) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        match stream.write(&left[..left.len().min(PIECE)]) {
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

/// Ends the stream in order. Closing a socket with unread input would reset the connection and
/// could throw away what the printer has not read yet, so status bytes are read and dropped.
fn say_goodbye(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(GOODBYE))?;
    match stream.read(&mut [0; 64]) {
        Ok(_) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn split(address: &str) -> (&str, u16) {
    if let Some((host, port)) = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (
            host,
            port.strip_prefix(':')
                .and_then(|port| port.parse().ok())
                .unwrap_or(PORT),
        );
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port.parse().unwrap_or(PORT)),
        _ => (address, PORT),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10.0.0.9", "10.0.0.9", 9100)]
    #[case("10.0.0.9:9101", "10.0.0.9", 9101)]
    #[case("may-in-so:9100", "may-in-so", 9100)]
    #[case("[fe80::2]:9102", "fe80::2", 9102)]
    #[case("fe80::2", "fe80::2", 9100)]
    fn the_port_may_be_left_out(#[case] address: &str, #[case] host: &str, #[case] port: u16) {
        assert_eq!(split(address), (host, port));
    }
}
