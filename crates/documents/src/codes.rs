//! Machine-readable codes: QR and Code 128 as dark and light modules (TT 01/2018/TT-VPCP
//! Điều 19 allows both beside the case code).

use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

/// A QR code as rows of modules, dark = true. `None` for text no QR code holds, and where there is
/// no text: a code that says nothing looks as if it said something.
pub fn qr(text: &str) -> Option<Vec<Vec<bool>>> {
    if text.is_empty() {
        return None;
    }
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let modules = code.into_colors();
    Some(
        modules
            .chunks(width)
            .map(|row| row.iter().map(|c| *c == Color::Dark).collect())
            .collect(),
    )
}

/// A Code 128 as modules without quiet zones. `None` for text outside printable ASCII.
pub(crate) fn code128(text: &str) -> Option<Vec<bool>> {
    if text.len() < 2 || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return None;
    }
    let code = Code128::new(with_sets(text)).ok()?;
    Some(
        code.encode()
            .into_iter()
            .map(|module| module == 1)
            .collect(),
    )
}

/// Marks the switches between set B (letters) and set C (digit pairs), so that the long digit
/// groups of a case code take half the room.
fn with_sets(text: &str) -> String {
    const SET_B: char = '\u{0181}';
    const SET_C: char = '\u{0106}';
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut out = String::with_capacity(text.len() + 8);
    let mut set = None;
    let mut at = 0;
    while at < bytes.len() {
        let run = digits(at);
        // Four digits at an end pay for the switch, six in the middle.
        let ends = at == 0 || at + run == bytes.len();
        let even = run - run % 2;
        if even >= if ends { 4 } else { 6 } {
            // An odd digit goes before the pairs, in the set we are in.
            if run % 2 == 1 {
                switch(&mut out, &mut set, SET_B);
                out.push(char::from(bytes[at]));
                at += 1;
            }
            switch(&mut out, &mut set, SET_C);
            out.push_str(&text[at..at + even]);
            at += even;
        } else {
            switch(&mut out, &mut set, SET_B);
            let take = run.max(1);
            out.push_str(&text[at..at + take]);
            at += take;
        }
    }
    out
}

fn switch(out: &mut String, set: &mut Option<char>, to: char) {
    if *set != Some(to) {
        out.push(to);
        *set = Some(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("H99.12-261118-0047", "\u{181}H99.12-\u{106}261118\u{181}-\u{106}0047")]
    #[case("A1", "\u{181}A1")]
    #[case("12345", "\u{181}1\u{106}2345")]
    fn digit_groups_use_the_dense_set(#[case] text: &str, #[case] want: &str) {
        assert_eq!(with_sets(text), want);
        assert!(code128(text).is_some());
    }

    #[test]
    fn what_cannot_be_coded_is_left_out_rather_than_wrong() {
        assert_eq!(code128("H99-Đ"), None);
        assert_eq!(code128(""), None);
        assert_eq!(qr(""), None);
        assert_eq!(qr(&"x".repeat(5_000)), None);
        assert_eq!(qr("H99.12-261118-0047").map(|rows| rows.len()), Some(21));
    }
}
