//! Letters that were spoilt on the way from the card to us, and what spoilt them.
//!
//! A scanner in keyboard mode cannot type Vietnamese; input methods turn its keys into other
//! letters; a wrong code page turns one letter into three. All of it must be noticed, because
//! the name goes onto official papers as read.

use unicode_normalization::char::is_combining_mark;

use super::card_fields::Fields;
use crate::refusal::{Code, Refusal, Result};

/// How letters were spoilt on the way; the first that applies explains best.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spoilt {
    /// `?` or U+FFFD stand for letters the scanner could not send.
    Replaced,
    /// An input method, or keystrokes meant for one.
    InputMethod,
    /// UTF-8 read as something else.
    Encoding,
}

/// Refuses a card whose name, sex or address came through spoilt, naming each such part.
pub(super) fn refuse_spoilt(fields: &Fields, name: &str, sex_unread: bool) -> Result<()> {
    let address = fields.address.as_deref().unwrap_or_default();
    let mut found: Vec<(&str, Spoilt)> = Vec::new();
    if fields.crowded {
        found.push(("họ tên", Spoilt::InputMethod));
    } else if let Some(how) = spoilt_name(name) {
        found.push(("họ tên", how));
    }
    if sex_unread {
        let text = fields.sex.as_deref().unwrap_or_default();
        found.push((
            "giới tính",
            spoilt_text(text).unwrap_or(Spoilt::InputMethod),
        ));
    }
    if let Some(how) = spoilt_text(address) {
        found.push(("địa chỉ", how));
    }
    if found.is_empty() && typed_as_telex(name, address) {
        found.push(("họ tên và địa chỉ", Spoilt::InputMethod));
    }
    let Some((_, how)) = found.first() else {
        return Ok(());
    };
    let parts = found
        .iter()
        .map(|(part, _)| *part)
        .collect::<Vec<_>>()
        .join(", ");
    Err(Refusal::new(
        Code::CardDamaged,
        match how {
            Spoilt::Replaced => format!(
                "Thẻ đọc hỏng chữ ở {parts}: máy quét không gửi được chữ có dấu. \
             Mời quét lại hoặc gõ tay phần này."
            ),
            Spoilt::InputMethod => format!(
                "Thẻ đọc chưa rõ {parts}, có thể do bộ gõ tiếng Việt đang bật. \
             Mời tắt bộ gõ rồi quét lại, hoặc gõ tay."
            ),
            Spoilt::Encoding => format!(
                "Thẻ đọc hỏng chữ ở {parts}: máy quét gửi sai bảng mã. \
             Mời đặt máy quét ở chế độ cổng COM (UTF-8), hoặc gõ tay."
            ),
        },
    ))
}

fn spoilt_name(name: &str) -> Option<Spoilt> {
    if let Some(how) = spoilt_text(name) {
        return Some(how);
    }
    if name.chars().any(|c| c.is_ascii_digit()) {
        return Some(Spoilt::InputMethod);
    }
    let letter = |c: char| {
        c.is_alphabetic() || is_combining_mark(c) || matches!(c, ' ' | '\'' | '’' | '-' | '.' | ',')
    };
    if !name.chars().any(char::is_alphabetic) || name.chars().any(|c| !letter(c)) {
        return Some(Spoilt::Encoding);
    }
    None
}

fn spoilt_text(text: &str) -> Option<Spoilt> {
    if text.contains(['?', '\u{FFFD}']) {
        return Some(Spoilt::Replaced);
    }
    let odd = |c: char| {
        c.is_control()
            || (!c.is_ascii()
                && !c.is_alphanumeric()
                && !is_combining_mark(c)
                && !matches!(
                    c,
                    '’' | '‘' | '“' | '”' | '–' | '—' | '°' | '²' | '\u{00A0}'
                ))
    };
    text.chars().any(odd).then_some(Spoilt::Encoding)
}

/// Whether name and address are Telex keystrokes (`NGUYEENX VAWN`) rather than letters. No
/// Vietnamese syllable ends in s, f, r, x, j or doubles a, e, o, d; two such words, with not one
/// marked letter in a whole address, are no accident.
fn typed_as_telex(name: &str, address: &str) -> bool {
    if !name.is_ascii() || !address.is_ascii() {
        return false;
    }
    let words = name.split_whitespace().chain(address.split_whitespace());
    let telex = words.filter(|word| {
        let word = word
            .trim_matches(|c: char| !c.is_ascii_alphabetic())
            .to_ascii_lowercase();
        word.len() >= 3
            && word.bytes().all(|b| b.is_ascii_alphabetic())
            && (word.ends_with(['s', 'f', 'r', 'x', 'j'])
                || ["aa", "ee", "oo", "dd", "aw", "ow", "uw"]
                    .iter()
                    .any(|key| word.contains(key)))
    });
    telex.count() >= 2
}
