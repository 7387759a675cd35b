//! One IPP request as one HTTP/1.1 POST, on a connection of its own.
//!
//! Written out rather than taken from an HTTP library for three reasons: CUPS lives on a local
//! socket as often as on TCP, the whole exchange is held against one deadline, and a fault must
//! say whether any of the document had left us (only then can paper have been printed).

use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

use super::CupsServer;
use super::net::{self, Wire, time_left};

/// Longest wait for the whole answer once connected.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Answers are lists of printers and jobs: a hundred queues are some hundred kilobytes.
const ANSWER_BYTES: u64 = 8 << 20;
const HEAD_BYTES: usize = 16 << 10;

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct HttpFault {
    /// True if the server may have begun to act on the request.
    pub sent: bool,
    pub error: io::Error,
}

/// An HTTP answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Posts `head` followed by `document` to `path`.
pub(super) fn post(
    server: &CupsServer,
    path: &str,
    head: &[u8],
    document: &[u8],
) -> Result<Answer, HttpFault> {
    let mut wire = net::connect(server).map_err(|error| HttpFault { sent: false, error })?;
    let deadline = Instant::now() + ANSWER_LIMIT;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        server.host_header(),
        head.len() + document.len(),
    );
    let written = [request.as_bytes(), head, document]
        .iter()
        .try_for_each(|part| write_all(&mut *wire, part, deadline));
    // A server that refuses early (size, password) answers and hangs up while we still write:
    // its answer says more than our broken pipe, so it is read in any case.
    match (read_answer(&mut *wire, deadline), written) {
        (Ok(answer), _) => Ok(answer),
        (Err(_), Err(error)) | (Err(error), Ok(())) => Err(HttpFault { sent: true, error }),
    }
}

fn write_all(wire: &mut dyn Wire, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        wire.limit(time_left(deadline).ok_or(io::ErrorKind::TimedOut)?)?;
        match wire.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = &bytes[taken..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads with the deadline renewed before every read, so that a server that drips one byte a
/// second cannot hold us either.
struct Timed<'a> {
    wire: &'a mut dyn Wire,
    deadline: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wire
            .limit(time_left(self.deadline).ok_or(io::ErrorKind::TimedOut)?)?;
        self.wire.read(buffer)
    }
}

fn read_answer(wire: &mut dyn Wire, deadline: Instant) -> io::Result<Answer> {
    parse_answer(io::BufReader::new(
        Timed { wire, deadline }.take(ANSWER_BYTES),
    ))
}

fn parse_answer(mut input: impl BufRead) -> io::Result<Answer> {
    loop {
        let status = status_of(&read_line(&mut input)?)?;
        let (mut length, mut chunked) = (None, false);
        loop {
            let line = read_line(&mut input)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(
                    value
                        .trim()
                        .parse::<u64>()
                        .map_err(|_| malformed("length"))?,
                );
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.to_ascii_lowercase().contains("chunked");
            }
        }
        if (100..200).contains(&status) {
            continue; // "100 Continue": the real answer follows.
        }
        let mut body = Vec::new();
        if chunked {
            read_chunks(&mut input, &mut body)?;
        } else if let Some(length) = length {
            (&mut input).take(length).read_to_end(&mut body)?;
            if (body.len() as u64) < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        } else {
            input.read_to_end(&mut body)?;
        }
        return Ok(Answer { status, body });
    }
}

fn read_chunks(input: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(input)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| malformed("chunk"))?;
        if size == 0 {
            return Ok(()); // Trailers are of no use to us and the connection ends here.
        }
        let before = body.len() as u64;
        input.by_ref().take(size).read_to_end(body)?;
        if body.len() as u64 - before < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read_line(input)?;
    }
}

fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    input
        .by_ref()
        .take(HEAD_BYTES as u64)
        .read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| malformed("header"))
}

fn status_of(line: &str) -> io::Result<u16> {
    let code = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1));
    code.and_then(|code| code.parse().ok())
        .ok_or_else(|| malformed("status line"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("HTTP answer: malformed {what}"),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::length("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", 200, "abc")]
    #[case::until_close("HTTP/1.0 200 OK\r\n\r\nabcd", 200, "abcd")]
    #[case::chunked(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
        200,
        "abc"
    )]
    #[case::continued(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        200,
        "a"
    )]
    #[case::refused("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", 401, "")]
    fn answers_are_read(#[case] text: &str, #[case] status: u16, #[case] body: &str) {
        let answer = parse_answer(text.as_bytes()).unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (status, body.as_bytes())
        );
    }

    #[rstest]
    #[case::empty("")]
    #[case::not_http("SSH-2.0-OpenSSH\r\n\r\n")]
    #[case::cut_head("HTTP/1.1 200 OK\r\nContent-Len")]
    #[case::cut_body("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")]
    #[case::cut_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc")]
    #[case::bad_length("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    fn a_broken_answer_is_an_error(#[case] text: &str) {
        assert!(parse_answer(text.as_bytes()).is_err());
    }
}
