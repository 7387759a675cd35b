//! Text at the edge: NFC, limits, forbidden characters, and the one folding used for search.
//!
//! Vietnamese arrives precomposed (NFC) or with combining marks (NFD, from UniKey or macOS);
//! NFD prints with drifting marks, so everything is normalised where it enters.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::refusal::{Code, Refusal, Result};

/// Upper limits of typed fields, in characters. One place, used by every command.
pub mod limit {
    /// A person's or organisation's name (registered company names reach about 200).
    pub const NAME: usize = 300;
    /// A postal address.
    pub const ADDRESS: usize = 500;
    /// A note, reason or explanation.
    pub const NOTE: usize = 1_000;
    /// A scanned code, whatever it holds.
    pub const SCAN: usize = 2_000;
    /// What is typed into a search box.
    pub const SEARCH: usize = 200;
    /// Short codes: services, counters, procedures, officers.
    pub const CODE: usize = 64;
    /// A procedure's or paper's name (longest known: 1,094).
    pub const PROCEDURE_NAME: usize = 4_000;
}

/// Canonical composition.
pub fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Lower case, without diacritics, đ as d, blanks collapsed: the form that search compares.
///
/// SQLite's own `remove_diacritics` leaves đ alone, so `dang` would never find `Đặng`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut blank = true;
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        if c.is_whitespace() {
            if !blank {
                folded.push(' ');
            }
            blank = true;
            continue;
        }
        blank = false;
        match c {
            'đ' | 'Đ' => folded.push('d'),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

/// Without diacritics, đ as d, else as it stands: for what cannot carry Vietnamese letters.
///
/// ```
/// assert_eq!(motcua_domain::text::plain("Đã có kết quả"), "Da co ket qua");
/// ```
pub fn plain(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| match c {
            'đ' => 'd',
            'Đ' => 'D',
            other => other,
        })
        .collect()
}

/// A whole number with points between thousands, as money is written in Vietnam.
///
/// ```
/// assert_eq!(motcua_domain::text::grouped(3_000_000), "3.000.000");
/// ```
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(c);
    }
    out
}

/// The words of `fold(text)`, split at everything that is no letter or digit.
pub fn folded_words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a character has no business in a name, address or note.
fn forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // direction marks, joiners and other invisible characters
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}' | '\u{00AD}' | '\u{061C}' | '\u{180E}'
            // private use
            | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}'
            // emoji, dingbats and pictographs, variation selectors
            | '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{2B00}'..='\u{2BFF}' | '\u{E0000}'..='\u{E007F}')
}

/// One line of text as a person typed it: NFC, trimmed, inner blanks collapsed.
///
/// # Errors
/// `FIELD_TOO_LONG` over `limit` characters, `FIELD_CHARACTERS` for characters no field holds.
///
/// ```
/// use motcua_domain::text::{line, limit};
/// assert_eq!(line("  Lò  Thị Mai ", limit::NAME).unwrap(), "Lò Thị Mai");
/// assert!(line("a\u{202E}b", limit::NAME).is_err());
/// ```
pub fn line(text: &str, limit: usize) -> Result<String> {
    // Bound the work before normalising: 10 MB strings are refused unread.
    if text.len() > limit.saturating_mul(16) {
        return Err(too_long(limit));
    }
    let composed: String = text.nfc().collect();
    let mut out = String::with_capacity(composed.len());
    for word in composed
        .split(|c: char| c.is_whitespace())
        .filter(|w| !w.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    check(&out, limit)?;
    Ok(out)
}

/// As [`line`], and not empty.
///
/// # Errors
/// Those of [`line`], and `FIELD_REQUIRED`.
pub fn required(text: &str, limit: usize) -> Result<String> {
    let out = line(text, limit)?;
    if out.is_empty() {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Ô này chưa có nội dung. Mời nhập rồi làm tiếp.",
        ));
    }
    Ok(out)
}

/// As [`line`] for a field that may be absent: blank counts as absent.
///
/// # Errors
/// Those of [`line`].
pub fn optional(text: Option<&str>, limit: usize) -> Result<Option<String>> {
    match text {
        None => Ok(None),
        Some(text) => Ok(Some(line(text, limit)?).filter(|t| !t.is_empty())),
    }
}

/// Several lines (notes): line breaks stay, each line as in [`line`].
///
/// # Errors
/// Those of [`line`].
pub fn paragraph(text: &str, limit: usize) -> Result<String> {
    if text.len() > limit.saturating_mul(16) {
        return Err(too_long(limit));
    }
    let lines = text
        .lines()
        .map(|l| line(l, limit))
        .collect::<Result<Vec<_>>>()?;
    let out = lines.join("\n").trim().to_owned();
    if out.chars().count() > limit {
        return Err(too_long(limit));
    }
    Ok(out)
}

fn check(text: &str, limit: usize) -> Result<()> {
    if text.chars().count() > limit {
        return Err(too_long(limit));
    }
    if let Some(c) = text.chars().find(|c| forbidden(*c)) {
        return Err(Refusal::new(
            Code::FieldCharacters,
            format!(
                "Ô này có ký tự không dùng được (U+{:04X}). Mời gõ lại bằng chữ thường, không dán biểu tượng.",
                c as u32
            ),
        ));
    }
    Ok(())
}

fn too_long(limit: usize) -> Refusal {
    Refusal::new(
        Code::FieldTooLong,
        format!("Nội dung dài quá {limit} ký tự. Mời rút gọn."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("Đặng", "dang")]
    #[case("ĐÀO Đức", "dao duc")]
    #[case("  trích   lục ", "trich luc")]
    #[case("Y Mŏ Êban", "y mo eban")]
    #[case("", "")]
    fn folding(#[case] text: &str, #[case] want: &str) {
        assert_eq!(fold(text), want);
        let decomposed: String = text.nfd().collect();
        assert_eq!(fold(&decomposed), want, "combining marks fold to the same");
    }

    #[rstest]
    #[case("a\u{0007}b", Code::FieldCharacters)]
    #[case("xin chào 😀", Code::FieldCharacters)]
    #[case("a\u{200F}b", Code::FieldCharacters)]
    #[case("", Code::FieldRequired)]
    #[case("   ", Code::FieldRequired)]
    fn refused(#[case] text: &str, #[case] code: Code) {
        assert_eq!(required(text, limit::NAME).unwrap_err().code, code);
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!(line(&"Ệ".repeat(300), limit::NAME).is_ok());
        assert_eq!(
            line(&"Ệ".repeat(301), limit::NAME).unwrap_err().code,
            Code::FieldTooLong
        );
        assert_eq!(
            line(&"x".repeat(10_000_000), limit::NAME).unwrap_err().code,
            Code::FieldTooLong
        );
    }

    proptest! {
        #[test]
        fn fold_is_idempotent(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }

        #[test]
        fn a_line_is_nfc_and_stays_itself(text in "\\PC{0,60}") {
            if let Ok(out) = line(&text, limit::NAME) {
                prop_assert_eq!(nfc(&out), out.clone());
                prop_assert_eq!(line(&out, limit::NAME).unwrap(), out);
            }
        }
    }
}
