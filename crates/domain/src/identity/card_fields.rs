//! Finding the fields of a citizen card in scanned text, by shape rather than by position.
//!
//! The seven fields come with the old number dropped, with an expiry or unknown fields behind,
//! with commas or labels put in by the scanner's settings. What is found here is still text;
//! `card` decides what it means.

use crate::text::fold;

/// The fields as found. `None`: the text holds no such field; `Some("")`: it is there and empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) number: Option<String>,
    pub(super) old_number: Option<String>,
    pub(super) name: Option<String>,
    pub(super) birth: Option<String>,
    pub(super) sex: Option<String>,
    pub(super) address: Option<String>,
    pub(super) issued: Option<String>,
    pub(super) expires: Option<String>,
    /// The text ended inside or right after the address: it may be cut.
    pub(super) cut: bool,
    /// Something stands between name and birth date that has no place there.
    pub(super) crowded: bool,
}

#[derive(Clone, Copy)]
enum Label {
    Number,
    OldNumber,
    Name,
    Birth,
    Sex,
    Address,
    Issued,
    Expires,
}

/// Labels as scanners and phone programs put them, folded.
const LABELS: &[(&str, Label)] = &[
    ("so cccd", Label::Number),
    ("so can cuoc", Label::Number),
    ("so can cuoc cong dan", Label::Number),
    ("so dinh danh", Label::Number),
    ("so dinh danh ca nhan", Label::Number),
    ("so the", Label::Number),
    ("cccd", Label::Number),
    ("can cuoc", Label::Number),
    ("so cmnd", Label::OldNumber),
    ("so cmnd cu", Label::OldNumber),
    ("so cmt", Label::OldNumber),
    ("cmnd", Label::OldNumber),
    ("cmnd cu", Label::OldNumber),
    ("ho va ten", Label::Name),
    ("ho ten", Label::Name),
    ("ho, chu dem va ten", Label::Name),
    ("ten", Label::Name),
    ("ngay sinh", Label::Birth),
    ("ngay thang nam sinh", Label::Birth),
    ("ngay, thang, nam sinh", Label::Birth),
    ("sinh ngay", Label::Birth),
    ("gioi tinh", Label::Sex),
    ("phai", Label::Sex),
    ("dia chi", Label::Address),
    ("dia chi thuong tru", Label::Address),
    ("noi thuong tru", Label::Address),
    ("thuong tru", Label::Address),
    ("noi cu tru", Label::Address),
    ("ngay cap", Label::Issued),
    ("cap ngay", Label::Issued),
    ("ngay het han", Label::Expires),
    ("ngay den han", Label::Expires),
    ("co gia tri den", Label::Expires),
];

/// Splits the text and finds the fields; `None` where it has too little of a card's shape.
pub(super) fn find(text: &str) -> Option<Fields> {
    let (tokens, separator) = split(text);
    if tokens.len() < 3 {
        return None;
    }
    let labelled = tokens.iter().filter(|token| label(token).is_some()).count();
    if labelled >= 3 {
        return Some(by_label(&tokens, separator));
    }
    // Number, birth date, sex, date of issue: without two of them nothing says "card".
    let signs = usize::from(tokens.iter().any(|t| looks_like_number(t)))
        + tokens.iter().filter(|t| looks_like_date(t)).count().min(2)
        + usize::from(tokens.iter().any(|t| is_sex(t)));
    (signs >= 2).then(|| by_shape(&tokens, separator))
}

/// The separator that cuts the text best, and the parts.
fn split(text: &str) -> (Vec<String>, char) {
    // Other layouts turn the bar into its relatives; beside true bars these are spoilt letters.
    let text = if text.contains('|') {
        text.to_owned()
    } else {
        text.replace(['｜', '¦', '\u{2502}'], "|")
    };
    let count = |separator: char| text.matches(separator).count();
    // Commas come last: every address has them.
    let separator = ['|', '\n', '\t', ';']
        .into_iter()
        .find(|separator| count(*separator) >= if *separator == '|' { 2 } else { 3 })
        .unwrap_or(',');
    let tokens = text.split(separator).map(|token| {
        // A line break inside the text is a blank of the address.
        token.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    (tokens.collect(), separator)
}

fn label(token: &str) -> Option<(Label, String)> {
    let (head, value) = token.split_once(':')?;
    if head.len() > 80 {
        return None;
    }
    let head = fold(head);
    let (_, label) = LABELS.iter().find(|(name, _)| *name == head)?;
    Some((*label, value.trim().to_owned()))
}

fn by_label(tokens: &[String], separator: char) -> Fields {
    let mut fields = Fields::default();
    let mut last: Option<Label> = None;
    for token in tokens {
        if let Some((label, value)) = label(token) {
            let slot = fields.slot(label);
            if slot.is_none() {
                *slot = Some(value);
            }
            last = Some(label);
        } else if let Some(Label::Address) = last
            && !token.is_empty()
            && let Some(address) = &mut fields.address
        {
            // The address was cut apart by the separator it contains itself.
            join(address, token, separator);
        } else if looks_like_number(token) && fields.number.is_none() {
            fields.number = Some(token.clone());
        }
    }
    fields
}

impl Fields {
    fn slot(&mut self, label: Label) -> &mut Option<String> {
        match label {
            Label::Number => &mut self.number,
            Label::OldNumber => &mut self.old_number,
            Label::Name => &mut self.name,
            Label::Birth => &mut self.birth,
            Label::Sex => &mut self.sex,
            Label::Address => &mut self.address,
            Label::Issued => &mut self.issued,
            Label::Expires => &mut self.expires,
        }
    }
}

fn by_shape(tokens: &[String], separator: char) -> Fields {
    let mut fields = Fields::default();
    let mut rest = tokens;

    // The number stands first; where the start of the text is lost, so is the number.
    if let Some(at) = rest
        .iter()
        .position(|t| looks_like_number(t))
        .filter(|at| *at <= 1)
    {
        fields.number = Some(rest[at].clone());
        rest = &rest[at + 1..];
    }
    if let [first, after, ..] = rest
        && (first.is_empty() || is_digits(first))
        && !(looks_like_date(first) && is_sex(after))
    {
        fields.old_number = Some(first.clone());
        rest = &rest[1..];
    }
    // The name, unless the next thing is already the birth date.
    if let Some(first) = rest.first()
        && !looks_like_date(first)
    {
        fields.name = Some(first.clone());
        rest = &rest[1..];
    }
    // The birth date, with the sex behind it as a second sign of where it must stand.
    let before_sex = rest.iter().take(3).position(|t| is_sex(t));
    match (rest, before_sex) {
        ([first, ..], Some(0)) if is_sex(first) => {}
        ([birth, ..], _)
            if birth.is_empty() || starts_with_digit(birth) || before_sex == Some(1) =>
        {
            fields.birth = Some(birth.clone());
            rest = &rest[1..];
        }
        ([_, birth, ..], Some(2)) => {
            fields.crowded = true;
            fields.birth = Some(birth.clone());
            rest = &rest[2..];
        }
        _ => {}
    }
    if let Some(first) = rest.first()
        && (first.is_empty() || is_sex(first) || like_a_mangled_sex(first))
    {
        fields.sex = Some(first.clone());
        rest = &rest[1..];
    }
    address_and_dates(&mut fields, rest, separator);
    fields
}

fn address_and_dates(fields: &mut Fields, rest: &[String], separator: char) {
    let dates_from = rest
        .iter()
        .position(|t| looks_like_date(t))
        .unwrap_or(rest.len());
    let (address, dates) = rest.split_at(dates_from);
    if separator == '|' {
        // A closed field is whole; the last one, without a bar behind it, may be cut.
        fields.address = address.first().cloned();
        fields.issued = dates.first().or(address.get(1)).cloned();
        fields.cut = fields.issued.is_none();
    } else {
        let mut whole = String::new();
        for part in address.iter().filter(|part| !part.is_empty()) {
            join(&mut whole, part, separator);
        }
        fields.address = Some(whole);
        fields.issued = dates.first().cloned();
        fields.cut = fields.issued.is_none();
    }
    fields.expires = dates.get(1).filter(|token| looks_like_date(token)).cloned();
}

fn join(text: &mut String, part: &str, separator: char) {
    if !text.is_empty() {
        text.push_str(match separator {
            ';' => "; ",
            '\n' | '\t' => " ",
            _ => ", ",
        });
    }
    text.push_str(part);
}

fn is_digits(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit())
}

fn starts_with_digit(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

/// Twelve digits, or so nearly that it must have been meant: one lost, one doubled, one misread.
fn looks_like_number(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let others = token
        .chars()
        .filter(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '.'))
        .count();
    (10..=16).contains(&(digits + others)) && digits >= 10 && others <= 2
}

/// Eight digits, or day, month and year with separators.
pub(super) fn looks_like_date(token: &str) -> bool {
    let parts: Vec<&str> = token.split(['/', '-', '.']).collect();
    match parts.as_slice() {
        [one] => one.len() == 8 && is_digits(one),
        [a, b, c] => [a, b, c]
            .iter()
            .all(|part| is_digits(part) && part.len() <= 4),
        _ => false,
    }
}

fn is_sex(token: &str) -> bool {
    token.len() <= 12 && matches!(fold(token).as_str(), "nam" | "nu")
}

/// `N?`, `Nu74`, `N\u{FFFD}`: too short for any address.
fn like_a_mangled_sex(token: &str) -> bool {
    token.starts_with(['N', 'n']) && token.chars().count() <= 6 && !token.contains(' ')
}
