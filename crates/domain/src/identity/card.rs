//! The text in a citizen card's QR code.
//!
//! `number|old number|name|ddMMyyyy|sex|address|ddMMyyyy of issue`, since 2021. The list of the
//! 2024 card is not published: whatever stands behind is let pass, and the raw text is kept.
//! A damaged scan is refused with the part that is doubtful, because what is read here is
//! printed on official papers.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::card_fields::{self, Fields, looks_like_date};
use super::card_letters::refuse_spoilt;
use super::national_id::IdNumber;
use super::scan::{self, Scanned};
use super::{Sex, Warning, WarningCode};
use crate::refusal::{Code, Refusal, Result};
use crate::text::{self, fold, limit};

/// What a citizen card says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Card {
    /// Số định danh, 12 digits.
    pub number: IdNumber,
    /// The number of the card before, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub old_number: Option<IdNumber>,
    /// Họ, chữ đệm và tên, as on the card.
    pub name: String,
    /// Date of birth; 1 January where the card knows only the year (see warnings).
    pub birth_date: NaiveDate,
    /// Sex, where the card gives it.
    pub sex: Option<Sex>,
    /// Nơi thường trú, as on the card; the province may be one of before 1/7/2025.
    pub address: Option<String>,
    /// Date of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub issued_on: Option<NaiveDate>,
    /// Last day of validity, where the card gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expires_on: Option<NaiveDate>,
    /// What the officer should look at.
    pub warnings: Vec<Warning>,
    /// The scanned text as it came, for the record of this visit only: never sent or shown.
    #[serde(skip)]
    #[ts(skip)]
    pub raw: String,
}

/// Reads a scanned citizen card.
///
/// # Errors
/// At field `raw`: `CARD_EMPTY`, `CARD_NOT_A_CARD`, `CARD_DAMAGED` with the doubtful part named,
/// `CARD_DATE_INVALID`.
///
/// ```
/// use chrono::NaiveDate;
/// use motcua_domain::identity::card;
/// let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
/// let card = card::parse(
///     "001305000001||TRẦN THỊ B|02032005|Nữ|Thôn Mẫu, Xã Mẫu, Bắc Ninh|20092022", today).unwrap();
/// assert_eq!(card.name, "TRẦN THỊ B");
/// assert!(card.old_number.is_none() && card.warnings.is_empty());
/// ```
pub fn parse(raw: &str, today: NaiveDate) -> Result<Card> {
    read(raw, today).map_err(|refusal| refusal.at("raw"))
}

fn read(raw: &str, today: NaiveDate) -> Result<Card> {
    if raw.len() > limit::SCAN * 4 || raw.chars().count() > limit::SCAN {
        return Err(Refusal::new(
            Code::CardNotACard,
            "Nội dung quét dài quá, không phải thẻ căn cước. Mời quét lại đúng ô mã QR.",
        ));
    }
    let composed = text::nfc(raw);
    let text = one_scan(strip(&composed))?;
    if text.is_empty() {
        return Err(Refusal::new(
            Code::CardEmpty,
            "Máy quét chưa gửi gì. Mời quét lại hoặc gõ tay.",
        ));
    }
    match scan::recognise(text) {
        Scanned::Other => {}
        number @ Scanned::CitizenNumber => return Err(damaged(number.instead_of_a_card())),
        other => return Err(Refusal::new(Code::CardNotACard, other.instead_of_a_card())),
    }
    let fields = card_fields::find(text).ok_or_else(|| beginning_of_a_card(text))?;
    build(raw, &fields, today)
}

/// Byte-order mark, line ends, and the symbology prefix (`]Q1`) some scanners put in front.
fn strip(text: &str) -> &str {
    let text = text.trim_matches(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{FEFF}' | '\u{200B}')
    });
    match text.strip_prefix(']') {
        Some(rest) => rest.get(2..).unwrap_or(text),
        None => text,
    }
}

/// A trigger held too long sends the same card twice; two cards in one burst cannot be told apart.
fn one_scan(text: &str) -> Result<&str> {
    let mut scans = text
        .lines()
        .map(str::trim)
        .filter(|line| line.matches('|').count() >= 5);
    match scans.next() {
        None => Ok(text),
        Some(first) if scans.clone().next().is_none() => {
            // One line has it all; what the other lines hold still belongs to it.
            if first.len() == text.len() {
                Ok(first)
            } else {
                Ok(text)
            }
        }
        Some(first) if scans.all(|other| other == first) => Ok(first),
        Some(_) => Err(damaged(
            "Hai thẻ quét dính vào nhau. Mời quét lại từng thẻ.",
        )),
    }
}

/// Too few fields: a card that broke off early, or no card at all.
fn beginning_of_a_card(text: &str) -> Refusal {
    let head: String = text.chars().take_while(char::is_ascii_digit).collect();
    let next = text.chars().nth(head.len());
    if (10..=13).contains(&head.len()) && matches!(next, Some('|' | ',' | ';' | '\t')) {
        return damaged(
            "Thẻ chỉ đọc được phần đầu, thiếu ngày sinh và các phần sau. Mời quét lại hoặc gõ tay.",
        );
    }
    Refusal::new(Code::CardNotACard, Scanned::Other.instead_of_a_card())
}

fn damaged(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::CardDamaged, message)
}

fn missing(part: &str) -> Refusal {
    damaged(format!("Thẻ đọc thiếu {part}. Mời quét lại hoặc gõ tay."))
}

fn build(raw: &str, fields: &Fields, today: NaiveDate) -> Result<Card> {
    let mut warnings = Vec::new();
    let number = read_number(fields)?;
    let name = present(fields.name.as_deref()).ok_or_else(|| missing("họ tên"))?;
    let sex_text = present(fields.sex.as_deref());
    let sex = sex_text.and_then(read_sex);
    refuse_spoilt(fields, name, sex_text.is_some() && sex.is_none())?;

    let birth = present(fields.birth.as_deref()).ok_or_else(|| missing("ngày sinh"))?;
    let (birth_date, year_only) = read_birth(birth)?;
    let issued_on = read_later_date(fields.issued.as_deref(), "ngày cấp")?;
    let expires_on = read_later_date(fields.expires.as_deref(), "ngày hết hạn")?;
    if fields.cut {
        return Err(match present(fields.address.as_deref()) {
            Some(_) => damaged(
                "Thẻ đọc thiếu phần cuối: chưa có ngày cấp, địa chỉ có thể bị cụt. \
                 Mời quét lại hoặc gõ tay.",
            ),
            None => missing("địa chỉ và ngày cấp"),
        });
    }

    let name = text::line(name, limit::NAME)
        .map_err(|_| damaged("Họ tên trên thẻ đọc không rõ. Mời quét lại hoặc gõ tay."))?;
    let address = text::optional(fields.address.as_deref(), limit::ADDRESS)
        .map_err(|_| damaged("Địa chỉ trên thẻ đọc không rõ. Mời quét lại hoặc gõ tay."))?;
    let old_number = read_old_number(fields, &mut warnings);

    warnings.extend(number.warnings(sex, (!year_only).then_some(birth_date), today));
    let card = Card {
        number,
        old_number,
        name,
        birth_date,
        sex,
        address,
        issued_on,
        expires_on,
        warnings,
        raw: raw.to_owned(),
    };
    Ok(card.with_doubts(year_only, today))
}

fn present(field: Option<&str>) -> Option<&str> {
    field.map(str::trim).filter(|text| !text.is_empty())
}

fn read_number(fields: &Fields) -> Result<IdNumber> {
    let text = present(fields.number.as_deref()).ok_or_else(|| missing("số định danh"))?;
    if text
        .chars()
        .any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '.'))
    {
        return Err(damaged(
            "Số định danh trên thẻ đọc lẫn ký tự lạ. Mời tắt bộ gõ tiếng Việt rồi quét lại, hoặc gõ tay.",
        ));
    }
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    if count != 12 {
        return Err(damaged(format!(
            "Số định danh trên thẻ đọc được {count} chữ số, cần đủ 12. Mời quét lại hoặc gõ tay."
        )));
    }
    IdNumber::parse(text)
}

fn read_old_number(fields: &Fields, warnings: &mut Vec<Warning>) -> Option<IdNumber> {
    let text = present(fields.old_number.as_deref())?;
    let number = IdNumber::parse(text).ok();
    if number.is_none() {
        warnings.push(Warning::new(
            WarningCode::OldNumberOdd,
            "old_number",
            "Số CMND cũ trên thẻ đọc không đủ 9 chữ số nên chưa ghi. Nếu cần, mời gõ tay.",
        ));
    }
    number
}

fn read_sex(text: &str) -> Option<Sex> {
    match fold(text).as_str() {
        "nam" => Some(Sex::Male),
        "nu" => Some(Sex::Female),
        _ => None,
    }
}

fn read_birth(text: &str) -> Result<(NaiveDate, bool)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    // People whose day and month nobody recorded: the card shows only the year.
    let year_only = match digits.len() {
        4 if text.len() == 4 => Some(digits.as_str()),
        8 => digits.strip_prefix("0000"),
        _ => None,
    };
    if let Some(date) = year_only.and_then(|year| NaiveDate::from_ymd_opt(year.parse().ok()?, 1, 1))
        && date.year() >= 1850
    {
        return Ok((date, true));
    }
    read_date(text, "ngày sinh").map(|date| (date, false))
}

/// Issue and expiry: may be absent, empty, or "không thời hạn" for the old.
fn read_later_date(text: Option<&str>, part: &str) -> Result<Option<NaiveDate>> {
    match present(text) {
        None => Ok(None),
        Some(text) if fold(text).starts_with("khong thoi han") => Ok(None),
        Some(text) => read_date(text, part).map(Some),
    }
}

fn read_date(text: &str, part: &str) -> Result<NaiveDate> {
    if !looks_like_date(text) {
        return Err(damaged(format!(
            "Thẻ đọc chưa rõ {part}. Mời quét lại hoặc gõ tay."
        )));
    }
    let fields: Vec<&str> = text.split(['/', '-', '.']).collect();
    let (day, month, year) = match fields.as_slice() {
        [year, month, day] if year.len() == 4 => (*day, *month, *year),
        [day, month, year] => (*day, *month, *year),
        _ => (&text[0..2], &text[2..4], &text[4..8]),
    };
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let (day, month, year) = (number(day), number(month), number(year));
    let refuse = |what: String| {
        // The birth date is the one people expect; any other is named.
        let what = if part == "ngày sinh" {
            what
        } else {
            format!("{what} ({part})")
        };
        Err(Refusal::new(
            Code::CardDateInvalid,
            format!("{what}. Mời quét lại hoặc gõ tay."),
        ))
    };
    if !(1..=12).contains(&month) {
        return refuse(format!("Không có tháng {month}"));
    }
    if !(1850..=2200).contains(&year) {
        return refuse(format!("Năm {year:04} không hợp lý"));
    }
    match i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
    {
        Some(date) => Ok(date),
        None => refuse(format!("Tháng {month} không có ngày {day}")),
    }
}

impl Card {
    fn with_doubts(mut self, year_only: bool, today: NaiveDate) -> Self {
        let mut warn = |condition: bool, code, field: &str, message: &str| {
            if condition {
                self.warnings.push(Warning::new(code, field, message));
            }
        };
        warn(
            year_only,
            WarningCode::BirthYearOnly,
            "birth_date",
            "Thẻ chỉ ghi năm sinh, đã tạm ghi ngày 01/01. Mời đối chiếu với thẻ.",
        );
        warn(
            self.birth_date > today,
            WarningCode::BirthInFuture,
            "birth_date",
            "Ngày sinh sau hôm nay. Mời đối chiếu thẻ và xem lại đồng hồ máy.",
        );
        warn(
            today
                .years_since(self.birth_date)
                .is_some_and(|age| age > 120),
            WarningCode::VeryOld,
            "birth_date",
            "Tuổi tính ra trên 120. Mời đối chiếu ngày sinh với thẻ.",
        );
        warn(
            self.sex.is_none(),
            WarningCode::SexMissing,
            "sex",
            "Thẻ không cho biết giới tính. Mời ghi thêm nếu cần.",
        );
        warn(
            self.address.is_none(),
            WarningCode::AddressMissing,
            "address",
            "Thẻ không cho biết địa chỉ. Mời hỏi và gõ tay.",
        );
        warn(
            self.issued_on.is_none(),
            WarningCode::IssueDateMissing,
            "issued_on",
            "Thẻ không cho biết ngày cấp. Mời ghi thêm nếu cần.",
        );
        warn(
            self.issued_on
                .is_some_and(|issued| issued < self.birth_date),
            WarningCode::IssuedBeforeBirth,
            "issued_on",
            "Ngày cấp trước ngày sinh. Mời đối chiếu với thẻ.",
        );
        warn(
            self.issued_on.is_some_and(|issued| issued > today),
            WarningCode::IssuedInFuture,
            "issued_on",
            "Ngày cấp sau hôm nay. Mời đối chiếu thẻ và xem lại đồng hồ máy.",
        );
        warn(
            self.expires_on
                .zip(self.issued_on)
                .is_some_and(|(expires, issued)| expires <= issued),
            WarningCode::ExpiresBeforeIssued,
            "expires_on",
            "Ngày hết hạn không sau ngày cấp. Mời đối chiếu với thẻ.",
        );
        warn(
            self.expires_on.is_some_and(|expires| expires < today),
            WarningCode::CardExpired,
            "expires_on",
            "Thẻ đã hết hạn. Thông tin vẫn đọc được, mời nhắc người nộp đổi thẻ.",
        );
        let address = self.address.as_deref().unwrap_or_default();
        warn(
            self.name.contains(' ')
                && address.contains(' ')
                && self.name.is_ascii()
                && address.is_ascii(),
            WarningCode::MarksMissing,
            "name",
            "Họ tên và địa chỉ đọc được không có dấu tiếng Việt. Mời đối chiếu với thẻ.",
        );
        self
    }

    /// The text of the card's QR code: seven fields, eight where an expiry is known.
    pub fn qr_text(&self) -> String {
        let date = |date: Option<NaiveDate>| {
            date.map_or_else(String::new, |date| date.format("%d%m%Y").to_string())
        };
        let mut fields = vec![
            self.number.to_string(),
            self.old_number
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            self.name.clone(),
            date(Some(self.birth_date)),
            self.sex.map_or("", Sex::vietnamese).to_owned(),
            self.address.clone().unwrap_or_default(),
            date(self.issued_on),
        ];
        if self.expires_on.is_some() {
            fields.push(date(self.expires_on));
        }
        fields.join("|")
    }
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
