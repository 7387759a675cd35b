//! What a hub's QR code says to a counter's scanner: where the hub is, its certificate, the code.
//!
//! Digits only. A scanner types like a keyboard, and whatever layout or Vietnamese input method
//! stands behind it, digits after no vowel come through as they are; they also make the smallest
//! QR code. Version 1, 120 digits:
//!
//! | digits | what |
//! |---|---|
//! | 4 | `0847`, a machine's invitation |
//! | 1 | `1`, this version |
//! | 12 | IPv4 address, three for each part |
//! | 5 | port |
//! | 16 | the code, two for each character: its place among the thirty |
//! | 80 | SHA-256 of the certificate, five for each two bytes |
//! | 2 | check digits: the whole number leaves 1 when divided by 97 (ISO 7064) |

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use crate::{identity::Fingerprint, pairing};

const KIND: &str = "0847";
const VERSION: &str = "1";
const LENGTH: usize = 120;

/// An invitation to a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// Where the hub is.
    pub(crate) hub: SocketAddrV4,
    /// Its certificate.
    pub(crate) fingerprint: Fingerprint,
    /// The code.
    pub(crate) code: String,
}

fn remainder(digits: &str) -> u32 {
    digits
        .bytes()
        .fold(0, |left, digit| (left * 10 + u32::from(digit - b'0')) % 97)
}

impl Invitation {
    /// To the first of those addresses that the text can hold.
    pub(crate) fn to(addresses: &[String], fingerprint: Fingerprint, code: &str) -> Option<Self> {
        let hub = addresses.iter().find_map(|at| match at.parse() {
            Ok(SocketAddr::V4(at)) => Some(at),
            _ => None,
        })?;
        Some(Self {
            hub,
            fingerprint,
            code: code.to_owned(),
        })
    }

    /// As digits.
    pub(crate) fn text(&self) -> Option<String> {
        use std::fmt::Write as _;
        let mut text = format!("{KIND}{VERSION}");
        for part in self.hub.ip().octets() {
            write!(text, "{part:03}").ok()?;
        }
        write!(text, "{:05}", self.hub.port()).ok()?;
        for place in pairing::places(&self.code)? {
            write!(text, "{place:02}").ok()?;
        }
        for pair in self.fingerprint.0.chunks(2) {
            let pair = u16::from_be_bytes([pair[0], pair[1]]);
            write!(text, "{pair:05}").ok()?;
        }
        let check = 98 - remainder(&format!("{text}00"));
        write!(text, "{check:02}").ok()?;
        Some(text)
    }

    /// Reads what a scanner typed; `None` for anything that is not whole and of this version.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != LENGTH
            || !text.bytes().all(|b| b.is_ascii_digit())
            || !text.starts_with(KIND)
            || &text[4..5] != VERSION
            || remainder(text) != 1
        {
            return None;
        }
        let number = |from: usize, digits: usize| text[from..from + digits].parse::<u32>().ok();
        let mut ip = [0_u8; 4];
        for (i, part) in ip.iter_mut().enumerate() {
            *part = u8::try_from(number(5 + 3 * i, 3)?).ok()?;
        }
        let port = u16::try_from(number(17, 5)?).ok()?;
        let places: Option<Vec<u8>> = (0..8)
            .map(|i| number(22 + 2 * i, 2).and_then(|n| u8::try_from(n).ok()))
            .collect();
        let code = pairing::of_places(&places?)?;
        let mut fingerprint = [0_u8; 32];
        for (i, pair) in fingerprint.chunks_mut(2).enumerate() {
            let two = u16::try_from(number(38 + 5 * i, 5)?).ok()?;
            pair.copy_from_slice(&two.to_be_bytes());
        }
        Some(Self {
            hub: SocketAddrV4::new(Ipv4Addr::from(ip), port),
            fingerprint: Fingerprint(fingerprint),
            code,
        })
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invitation(ip: [u8; 4], port: u16, fingerprint: [u8; 32], code: &str) -> Invitation {
        Invitation {
            hub: SocketAddrV4::new(Ipv4Addr::from(ip), port),
            fingerprint: Fingerprint(fingerprint),
            code: code.to_owned(),
        }
    }

    #[test]
    fn the_text_of_version_1_stays_as_it_is() {
        let text = invitation([192, 168, 1, 10], 7420, [0; 32], "23456789")
            .text()
            .unwrap();
        let zeros = "0".repeat(80);
        assert_eq!(
            text,
            format!("08471192168001010074200001020304050607{zeros}34")
        );
    }

    #[test]
    fn what_cannot_be_read_whole_is_not_read() {
        let text = invitation([10, 0, 0, 1], 7420, [7; 32], "ABCDEFGH")
            .text()
            .unwrap();
        assert!(Invitation::read(&format!(" {text}\n")).is_some());
        assert!(Invitation::read(&text[1..]).is_none());
        assert!(Invitation::read(&format!("{text}0")).is_none());
        assert!(Invitation::read("").is_none());
        assert!(Invitation::read(&"9".repeat(LENGTH)).is_none());
        assert!(Invitation::read(&"ạ".repeat(40)).is_none());
    }

    proptest! {
        #[test]
        fn it_says_what_it_was_told(ip: [u8; 4], port: u16, fingerprint: [u8; 32], places in prop::collection::vec(0_u8..30, 8)) {
            let code = pairing::of_places(&places).unwrap();
            let told = invitation(ip, port, fingerprint, &code);
            prop_assert_eq!(Invitation::read(&told.text().unwrap()), Some(told));
        }

        #[test]
        fn a_digit_that_was_misread_is_noticed(fingerprint: [u8; 32], at in 0_usize..LENGTH, by in 1_u8..10) {
            let text = invitation([10, 1, 2, 3], 7420, fingerprint, "ABCDEFGH").text().unwrap();
            let mut bytes = text.into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            prop_assert_eq!(Invitation::read(&String::from_utf8(bytes).unwrap()), None);
        }
    }
}
