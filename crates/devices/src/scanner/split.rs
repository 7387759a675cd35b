//! Where one scan ends and the next begins.

use std::time::Duration;

use motcua_domain::text;

use super::ScanEvent;

/// Longest scan. A citizen card has some 150 bytes; a QR code holds at most 2,953.
const LONGEST: usize = 4 << 10;
/// Silence that ends a scan from a scanner that sends no line ending.
const GAP: Duration = Duration::from_millis(50);
/// The same for a scanner known to send one: only a lost ending is waited out, so that a hiccup
/// of the USB bus does not cut a scan in two.
const GAP_WITH_ENDING: Duration = Duration::from_millis(500);

/// Cuts the stream of bytes into scans.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    pending: Vec<u8>,
    /// The scan has grown too long and has been reported; the rest of it is dropped.
    overflowed: bool,
    sends_endings: bool,
}

impl Splitter {
    /// True between two scans.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && !self.overflowed
    }

    /// Takes what has come and gives the scans that are complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<ScanEvent> {
        let mut events = Vec::new();
        for &byte in bytes {
            if matches!(byte, b'\r' | b'\n') {
                self.sends_endings = true;
                events.extend(self.finish());
            } else if self.overflowed {
                // The rest of what has been reported as damaged.
            } else if self.pending.len() < LONGEST {
                self.pending.push(byte);
            } else {
                self.overflowed = true;
                events.push(ScanEvent::Damaged {
                    bytes: std::mem::take(&mut self.pending),
                });
            }
        }
        events
    }

    /// Nothing has come for so long: the scan may have ended without a line ending.
    pub(super) fn idle(&mut self, silence: Duration) -> Option<ScanEvent> {
        let gap = if self.sends_endings {
            GAP_WITH_ENDING
        } else {
            GAP
        };
        if silence >= gap { self.finish() } else { None }
    }

    /// The line went dead in the middle of a scan: what there is may be half a name.
    pub(super) fn cut_off(&mut self) -> Option<ScanEvent> {
        let bytes = std::mem::take(&mut self.pending);
        (!bytes.is_empty()).then_some(ScanEvent::Damaged { bytes })
    }

    fn finish(&mut self) -> Option<ScanEvent> {
        self.overflowed = false;
        let bytes = std::mem::take(&mut self.pending);
        match String::from_utf8(bytes) {
            Ok(raw) => {
                // Some scanners frame a scan with STX and ETX or open with a byte order mark.
                let scan = raw.trim_matches(|c: char| c.is_control() || c == '\u{FEFF}');
                (!scan.is_empty()).then(|| ScanEvent::Scan(text::nfc(scan)))
            }
            Err(error) => Some(ScanEvent::Damaged {
                bytes: error.into_bytes(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn scan(text: &str) -> ScanEvent {
        ScanEvent::Scan(text.to_owned())
    }

    #[rstest]
    #[case::cr(b"a\rb\r", &["a", "b"])]
    #[case::crlf(b"a\r\nb\r\n", &["a", "b"])]
    #[case::lf(b"a\nb\n", &["a", "b"])]
    #[case::empty_lines(b"\r\n\r\n", &[])]
    #[case::framed(b"\x02a\x03\r", &["a"])]
    #[case::unfinished(b"a\rb", &["a"])]
    #[case::nfd("Nguye\u{302}\u{303}n\r".as_bytes(), &["Nguyễn"])]
    fn line_endings_end_a_scan(#[case] bytes: &[u8], #[case] scans: &[&str]) {
        let expected: Vec<_> = scans.iter().map(|text| scan(text)).collect();
        assert_eq!(Splitter::default().feed(bytes), expected);
    }

    #[test]
    fn silence_ends_a_scan_sooner_where_no_ending_is_expected() {
        let mut splitter = Splitter::default();
        splitter.feed(b"a");
        assert_eq!(splitter.idle(Duration::from_millis(49)), None);
        assert_eq!(splitter.idle(Duration::from_millis(50)), Some(scan("a")));
        splitter.feed(b"b\rc");
        assert_eq!(splitter.idle(Duration::from_millis(499)), None);
        assert_eq!(splitter.idle(Duration::from_millis(500)), Some(scan("c")));
    }

    #[test]
    fn bytes_that_are_no_text_are_reported_whole() {
        let events = Splitter::default().feed(b"Nguy\xff\xfen\r");
        assert_eq!(
            events,
            [ScanEvent::Damaged {
                bytes: b"Nguy\xff\xfen".to_vec()
            }]
        );
    }

    #[test]
    fn a_scan_without_end_is_reported_once_and_does_not_grow() {
        let mut splitter = Splitter::default();
        let events = splitter.feed(&[b'x'; 3 * LONGEST]);
        assert_eq!(
            events,
            [ScanEvent::Damaged {
                bytes: vec![b'x'; LONGEST]
            }]
        );
        assert_eq!(
            splitter.feed(b"\rnext\r"),
            [scan("next")],
            "the scan after it is whole"
        );
    }

    #[test]
    fn a_scan_cut_by_unplugging_is_damaged_even_if_it_reads_as_text() {
        let mut splitter = Splitter::default();
        splitter.feed(b"001099000001|");
        assert_eq!(
            splitter.cut_off(),
            Some(ScanEvent::Damaged {
                bytes: b"001099000001|".to_vec()
            })
        );
    }

    proptest! {
        /// However the bus cuts the bytes into pieces, the scans are the same.
        #[test]
        fn pieces_make_no_difference(
            lines in proptest::collection::vec("[a-zA-Z0-9|ăâđêôơưạảấầ ]{1,80}", 1..6),
            piece in 1_usize..40,
        ) {
            let stream: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
            let mut splitter = Splitter::default();
            let events: Vec<_> = stream.chunks(piece).flat_map(|bytes| splitter.feed(bytes)).collect();
            let expected: Vec<_> = lines.iter().map(|line| ScanEvent::Scan(text::nfc(line))).collect();
            prop_assert_eq!(events, expected);
            prop_assert!(splitter.is_empty());
        }
    }
}
