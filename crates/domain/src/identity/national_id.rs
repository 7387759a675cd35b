//! Identity numbers: the 12 digits of the citizen card and the 9 of the card before it.
//!
//! The layout (province, century and sex, year, random) stood in TT 59/2021/TT-BCA, which ended
//! on 1/7/2024; Luật Căn cước 26/2023/QH15 guarantees only twelve digits. A number that does not
//! fit is therefore worth a second look, never a refusal.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Sex, Warning, WarningCode, digits_only};
use crate::refusal::{Code, Refusal, Result};

/// The 63 provinces that registered births before the merger of 1/7/2025; nobody was renumbered.
const PROVINCES: [u16; 63] = [
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37,
    38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77,
    79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
];

/// Which card a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// Số định danh cá nhân, 12 digits.
    Citizen,
    /// Chứng minh nhân dân, 9 digits.
    OldCard,
}

/// An identity number: 12 digits, or 9 of the old card. Nothing else can be one.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
#[ts(type = "string")]
pub struct IdNumber(String);

impl IdNumber {
    /// Reads a number as typed: blanks, dots and dashes between digits are allowed.
    ///
    /// # Errors
    /// `CARD_NUMBER_INVALID` for anything but 12 or 9 digits.
    ///
    /// ```
    /// use motcua_domain::identity::national_id::IdNumber;
    /// let number = IdNumber::parse("001 187 000 021").unwrap();
    /// assert_eq!(number.as_str(), "001187000021");
    /// assert_eq!(number.masked(), "001187••••21");
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |message: String| Err(Refusal::new(Code::CardNumberInvalid, message));
        // Nothing longer can be a number with separators; do not read megabytes to find out.
        if text.len() > 100 {
            return refuse("Số giấy tờ dài quá. Số định danh có 12 chữ số.".to_owned());
        }
        match digits_only(text.trim()) {
            Some(digits) if matches!(digits.len(), 9 | 12) => Ok(Self(digits)),
            Some(digits) => refuse(format!(
                "Số giấy tờ có {} chữ số. Số định danh cần đủ 12, CMND cũ cần đủ 9. Mời xem lại.",
                digits.len()
            )),
            None => refuse("Số giấy tờ chỉ gồm chữ số. Mời xem lại.".to_owned()),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which card it is.
    pub fn kind(&self) -> IdKind {
        if self.0.len() == 12 {
            IdKind::Citizen
        } else {
            IdKind::OldCard
        }
    }

    /// For screens others can see: enough to recognise, too little to copy.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }

    /// What looks odd about the number, alone or beside what else is known of the person.
    pub fn warnings(
        &self,
        sex: Option<Sex>,
        birth_date: Option<NaiveDate>,
        today: NaiveDate,
    ) -> Vec<Warning> {
        match self.kind() {
            IdKind::OldCard => old_card_warning(today).into_iter().collect(),
            IdKind::Citizen => self.citizen_warnings(sex, birth_date),
        }
    }

    fn citizen_warnings(&self, sex: Option<Sex>, birth: Option<NaiveDate>) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let number = |from: usize, to: usize| -> u16 {
            self.0[from..to]
                .bytes()
                .fold(0, |n, digit| n * 10 + u16::from(digit - b'0'))
        };
        let province = number(0, 3);
        // From 100 on stand countries, for people born abroad; their list has no stable public text.
        if province < 100 && !PROVINCES.contains(&province) {
            warnings.push(Warning::new(
                WarningCode::NumberProvinceUnknown,
                "number",
                format!(
                    "Ba số đầu {province:03} không ứng với tỉnh nào. Mời đối chiếu số với thẻ."
                ),
            ));
        }
        let century = number(3, 4);
        let says = if century % 2 == 0 {
            Sex::Male
        } else {
            Sex::Female
        };
        if let Some(sex) = sex
            && sex != says
        {
            warnings.push(Warning::new(
                WarningCode::NumberSexDiffers,
                "sex",
                format!(
                    "Số định danh thường ứng với giới tính {}, thẻ ghi {}. Mời đối chiếu với thẻ.",
                    says.vietnamese(),
                    sex.vietnamese()
                ),
            ));
        }
        let year = 1900 + i32::from(century / 2) * 100 + i32::from(number(4, 6));
        if let Some(birth) = birth
            && birth.year() != year
        {
            warnings.push(Warning::new(
                WarningCode::NumberBirthYearDiffers,
                "birth_date",
                format!(
                    "Số định danh thường ứng với năm sinh {year}, thẻ ghi {}. Mời đối chiếu với thẻ.",
                    birth.year()
                ),
            ));
        }
        warnings
    }
}

impl fmt::Display for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for IdNumber {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<IdNumber> for String {
    fn from(number: IdNumber) -> Self {
        number.0
    }
}

/// Masks any identity number for display: `001187••••21`, `012••••78`.
/// Shorter texts are hidden whole.
pub fn mask(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    let shown = match chars.len() {
        12.. => 6,
        8..12 => 3,
        _ => return "•".repeat(chars.len()),
    };
    let tail = chars.len() - 2;
    chars[..shown]
        .iter()
        .chain("••••".chars().collect::<Vec<_>>().iter())
        .chain(&chars[tail..])
        .collect()
}

/// The end of the old card is known to us from practice, not from a text we have read; the
/// sentence says what to do and claims no article.
fn old_card_warning(today: NaiveDate) -> Option<Warning> {
    let last_day = NaiveDate::from_ymd_opt(2024, 12, 31)?;
    (today > last_day).then(|| {
        Warning::new(
            WarningCode::OldCardNumber,
            "number",
            "Đây là số CMND 9 số, theo chúng tôi biết chỉ dùng đến hết 31/12/2024. \
             Mời hỏi thẻ căn cước hoặc số định danh 12 số.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[rstest]
    #[case("001090000001", "001090000001", IdKind::Citizen)]
    #[case(" 001.090.000.001 ", "001090000001", IdKind::Citizen)]
    #[case("012 345 678", "012345678", IdKind::OldCard)]
    fn read(#[case] text: &str, #[case] want: &str, #[case] kind: IdKind) {
        let number = IdNumber::parse(text).unwrap();
        assert_eq!((number.as_str(), number.kind()), (want, kind));
    }

    #[rstest]
    #[case("")]
    #[case("00109000000")]
    #[case("0010900000011")]
    #[case("00109000000l")]
    #[case("٠٠١٠٩٠٠٠٠٠٠١")]
    fn refused(#[case] text: &str) {
        assert_eq!(
            IdNumber::parse(text).unwrap_err().code,
            Code::CardNumberInvalid
        );
    }

    #[test]
    fn ten_megabytes_are_refused_unread() {
        assert!(IdNumber::parse(&"1".repeat(10_000_000)).is_err());
    }

    #[rstest]
    #[case("001090000001", Some(Sex::Male), Some(day(1990, 1, 1)), &[])]
    #[case("001305000001", Some(Sex::Female), Some(day(2005, 3, 2)), &[])]
    #[case("001305000001", None, None, &[])]
    #[case("001090000001", Some(Sex::Female), Some(day(1990, 1, 1)), &[WarningCode::NumberSexDiffers])]
    #[case("001090000001", Some(Sex::Male), Some(day(2090, 1, 1)), &[WarningCode::NumberBirthYearDiffers])]
    #[case("003090000001", None, None, &[WarningCode::NumberProvinceUnknown])]
    #[case("000090000001", None, None, &[WarningCode::NumberProvinceUnknown])]
    #[case("123090000001", None, None, &[])]
    #[case("012345678", None, None, &[WarningCode::OldCardNumber])]
    fn oddities_warn(
        #[case] text: &str,
        #[case] sex: Option<Sex>,
        #[case] birth: Option<NaiveDate>,
        #[case] want: &[WarningCode],
    ) {
        let warnings = IdNumber::parse(text)
            .unwrap()
            .warnings(sex, birth, day(2026, 11, 22));
        assert_eq!(warnings.iter().map(|w| w.code).collect::<Vec<_>>(), want);
    }

    #[test]
    fn the_old_card_was_good_until_the_end_of_2024() {
        let number = IdNumber::parse("012345678").unwrap();
        assert!(number.warnings(None, None, day(2024, 12, 31)).is_empty());
    }

    #[rstest]
    #[case("001187000021", "001187••••21")]
    #[case("012345678", "012••••78")]
    #[case("1234", "••••")]
    #[case("", "")]
    fn masks(#[case] number: &str, #[case] want: &str) {
        assert_eq!(mask(number), want);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            if let Ok(number) = IdNumber::parse(&text) {
                prop_assert_eq!(IdNumber::parse(number.as_str()).unwrap(), number);
            }
        }
    }
}
