//! What was typed into the search for cases, read as an officer means it: a day, where a case
//! stands, how it came; whatever is left are words of the case itself.
//!
//! A status counts only at the end of what was typed. Procedures have such words in their names
//! (“Chứng thực văn bản từ chối nhận di sản”), and there others follow them.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::CaseStatus;
use crate::{
    identity::phone,
    text::{fold, nfc},
};

/// What a search asks for beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Cases that stand there.
    Status(CaseStatus),
    /// Cases that are not closed.
    Open,
    /// Past their due time while somebody still works on them.
    Overdue,
    /// Handed in online.
    Online,
    /// Received within these days.
    Received {
        /// The first.
        from: NaiveDate,
        /// The last.
        to: NaiveDate,
    },
    /// Due on that day: nothing was received on a day to come.
    Due(NaiveDate),
}

impl Wish {
    /// In words, as the screen says what it looked for.
    pub fn words(self) -> String {
        match self {
            Self::Status(status) => format!("hồ sơ {}", status.words()),
            Self::Open => "hồ sơ chưa trả".to_owned(),
            Self::Overdue => "hồ sơ quá hạn".to_owned(),
            Self::Online => "nộp trực tuyến".to_owned(),
            Self::Received { from, to } if from == to => {
                format!("nhận ngày {}", from.format("%d/%m/%Y"))
            }
            Self::Received { from, to } => format!(
                "nhận từ {} đến {}",
                from.format("%d/%m/%Y"),
                to.format("%d/%m/%Y")
            ),
            Self::Due(day) => format!("hẹn trả ngày {}", day.format("%d/%m/%Y")),
        }
    }

    /// Whether both narrow by the same thing, so that only one of them can be meant.
    fn rivals(self, other: Self) -> bool {
        let standing = |wish| matches!(wish, Self::Status(_) | Self::Open | Self::Overdue);
        let day = |wish| matches!(wish, Self::Received { .. } | Self::Due(_));
        standing(self) && standing(other) || day(self) && day(other) || self == other
    }
}

/// What was typed, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// Words of the case itself.
    pub words: String,
    /// What it is narrowed to.
    pub wishes: Vec<Wish>,
}

/// How officers say where a case stands; the names of the portal's statuses and those on the screen
/// among them.
const SAID: &[(&str, Wish)] = &[
    ("được tiếp nhận", Wish::Status(CaseStatus::Received)),
    ("đã tiếp nhận", Wish::Status(CaseStatus::Received)),
    ("mới tiếp nhận", Wish::Status(CaseStatus::Received)),
    ("không được tiếp nhận", Wish::Status(CaseStatus::Refused)),
    ("đã từ chối", Wish::Status(CaseStatus::Refused)),
    ("bị từ chối", Wish::Status(CaseStatus::Refused)),
    ("từ chối", Wish::Status(CaseStatus::Refused)),
    ("đang xử lý", Wish::Status(CaseStatus::Processing)),
    ("đang giải quyết", Wish::Status(CaseStatus::Processing)),
    (
        "yêu cầu bổ sung",
        Wish::Status(CaseStatus::SupplementRequested),
    ),
    (
        "chờ bổ sung giấy tờ",
        Wish::Status(CaseStatus::SupplementRequested),
    ),
    ("chờ bổ sung", Wish::Status(CaseStatus::SupplementRequested)),
    ("đã rút", Wish::Status(CaseStatus::Withdrawn)),
    ("rút hồ sơ", Wish::Status(CaseStatus::Withdrawn)),
    ("dừng xử lý", Wish::Status(CaseStatus::Stopped)),
    ("dừng giải quyết", Wish::Status(CaseStatus::Stopped)),
    ("đã dừng", Wish::Status(CaseStatus::Stopped)),
    ("đã xử lý xong", Wish::Status(CaseStatus::Done)),
    ("chờ trả kết quả", Wish::Status(CaseStatus::Done)),
    ("có kết quả", Wish::Status(CaseStatus::Done)),
    ("chờ trả", Wish::Status(CaseStatus::Done)),
    ("đã trả kết quả", Wish::Status(CaseStatus::Returned)),
    ("đã trả", Wish::Status(CaseStatus::Returned)),
    ("chưa trả", Wish::Open),
    ("quá hạn", Wish::Overdue),
    ("trễ hạn", Wish::Overdue),
    ("trễ hẹn", Wish::Overdue),
    ("nộp trực tuyến", Wish::Online),
    ("trực tuyến", Wish::Online),
    ("online", Wish::Online),
];

/// Reads what was typed on a day.
///
/// ```
/// use chrono::NaiveDate;
/// use motcua_domain::case::{CaseStatus, find::{Wish, read}};
/// let today = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
/// let sought = read("khai sinh từ chối", today);
/// assert_eq!(sought.words, "khai sinh");
/// assert_eq!(sought.wishes, [Wish::Status(CaseStatus::Refused)]);
/// ```
pub fn read(typed: &str, today: NaiveDate) -> Sought {
    let mut sought = Sought::default();
    let mut wish = |wish: Wish| {
        let free = !sought.wishes.iter().any(|known| known.rivals(wish));
        if free {
            sought.wishes.push(wish);
        }
        free
    };
    let typed = nfc(typed);
    let mut words: Vec<&str> = typed.split_whitespace().collect();
    words.retain(|word| !day(word, today).is_some_and(&mut wish));
    while let Some((count, said)) = at_the_end(&words) {
        if !wish(said) {
            break;
        }
        words.truncate(words.len() - count);
    }
    sought.words = whole_numbers(&words).join(" ");
    sought
}

/// Numbers of telephones and cards as they are recorded, however they were typed: `0912 345 678`,
/// `0912.345.678` and `+84 912 345 678` are one number, `001 190 000 001` one of a card. Whatever
/// else is made of digits (codes of procedures, parts of a code) stays as it is.
fn whole_numbers(words: &[&str]) -> Vec<String> {
    let numeric = |word: &&str| {
        word.contains(|c: char| c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || "+.-()".contains(c))
    };
    words
        .chunk_by(|a, b| numeric(a) && numeric(b))
        .flat_map(|run| match whole_number(&run.concat()) {
            Some(number) if run.iter().all(numeric) => vec![number],
            _ => run.iter().map(|word| (*word).to_owned()).collect(),
        })
        .collect()
}

/// The number of a card, or of a telephone in its normal form. Fewer digits are a part of one, or an
/// old card's; they are sought as they stand.
fn whole_number(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        12 if digits.starts_with('0') => Some(digits),
        0..10 => None,
        _ => Some(phone::parse(typed).ok()?.value.to_string()),
    }
}

/// The longest saying that ends the words, and how many of them it takes. Whoever types marks
/// means them: “Tú Chơi” is a name, “tu choi” may be either.
fn at_the_end(words: &[&str]) -> Option<(usize, Wish)> {
    let said = |(saying, wish): &(&str, Wish)| {
        let count = saying.split(' ').count();
        let end = words.get(words.len().checked_sub(count)?..)?;
        let end = end.join(" ").to_lowercase();
        (end == *saying || end == fold(saying)).then_some((count, *wish))
    };
    SAID.iter().filter_map(said).max_by_key(|(count, _)| *count)
}

/// A day or a month as it is written here: `29/11/2026`, `29-11-2026`, `29.11.2026`, `2026-11-29`,
/// `29/11`, `11/2026`.
fn day(word: &str, today: NaiveDate) -> Option<Wish> {
    let mark = word.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = word.split(mark).collect();
    let number = |i: usize, most: usize| -> Option<u32> {
        let part = parts.get(i).filter(|p| (1..=most).contains(&p.len()))?;
        part.parse().ok()
    };
    let year = |i: usize| -> Option<i32> {
        let part = parts.get(i).filter(|p| p.len() == 4)?;
        part.parse().ok().filter(|year| (2000..2100).contains(year))
    };
    match (parts.len(), mark) {
        (3, '/' | '-' | '.') => {
            let day = match (year(0), year(2)) {
                (Some(year), _) if mark == '-' => {
                    NaiveDate::from_ymd_opt(year, number(1, 2)?, number(2, 2)?)
                }
                (_, Some(year)) => NaiveDate::from_ymd_opt(year, number(1, 2)?, number(0, 2)?),
                _ => None,
            };
            Some(on(day?, today))
        }
        (2, '/') => {
            if let Some(year) = year(1) {
                let from = NaiveDate::from_ymd_opt(year, number(0, 2)?, 1)?;
                let to = from.checked_add_months(Months::new(1))? - Days::new(1);
                return (from <= today).then_some(Wish::Received { from, to });
            }
            // The nearest such day: receipts and dates of return lie around today.
            let (day, month) = (number(0, 2)?, number(1, 2)?);
            let years = (today.year() - 1)..=(today.year() + 1);
            let nearest = years
                .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
                .min_by_key(|day| (*day - today).num_days().abs())?;
            Some(on(nearest, today))
        }
        _ => None,
    }
}

fn on(day: NaiveDate, today: NaiveDate) -> Wish {
    if day > today {
        Wish::Due(day)
    } else {
        Wish::Received { from: day, to: day }
    }
}
