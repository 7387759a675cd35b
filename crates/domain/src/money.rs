//! Amounts of money: in words, as papers have them, and as an officer may type them.

use crate::refusal::{Code, Refusal, Result};

/// No procedure of a one-stop desk costs a billion đồng: above it something was mistyped.
pub const MOST: u64 = 1_000_000_000;

const DIGITS: [&str; 10] = [
    "không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín",
];
const BILLION: u64 = 1_000_000_000;

/// A whole number in Vietnamese words: `một trăm linh năm nghìn`.
///
/// Groups of three are read from the left; a group that follows another is read in full
/// (`không trăm linh năm`), so that words and figures mean each other. Above a billion the number
/// of billions is itself read as a number.
///
/// ```
/// use motcua_domain::money::words;
/// assert_eq!(words(21), "hai mươi mốt");
/// assert_eq!(words(1_005), "một nghìn không trăm linh năm");
/// assert_eq!(words(2_500_000_000), "hai tỷ năm trăm triệu");
/// ```
pub fn words(number: u64) -> String {
    if number == 0 {
        return DIGITS[0].to_owned();
    }
    let mut said = Vec::new();
    say(number, false, &mut said);
    said.join(" ")
}

/// An amount as a paper has it in words: a capital at the front, the currency at the end.
///
/// ```
/// assert_eq!(motcua_domain::money::dong(8_000), "Tám nghìn đồng");
/// ```
pub fn dong(amount: u64) -> String {
    let said = format!("{} đồng", words(amount));
    let mut letters = said.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => said,
    }
}

/// The same of an amount that may be below zero: more went back on a day than came.
pub fn signed_dong(amount: i64) -> String {
    let said = dong(amount.unsigned_abs());
    if amount < 0 {
        format!("Âm {}", said.to_lowercase())
    } else {
        said
    }
}

/// `follows`: something larger was said before, so that the first group is read in full.
fn say(number: u64, follows: bool, said: &mut Vec<&'static str>) {
    let (billions, rest) = (number / BILLION, number % BILLION);
    if billions > 0 {
        say(billions, follows, said);
        said.push("tỷ");
    }
    let mut follows = follows || billions > 0;
    for (group, name) in [
        (rest / 1_000_000, Some("triệu")),
        (rest / 1_000 % 1_000, Some("nghìn")),
        (rest % 1_000, None),
    ] {
        if group == 0 {
            continue;
        }
        say_group(group, follows, said);
        said.extend(name);
        follows = true;
    }
}

/// One to 999.
fn say_group(group: u64, in_full: bool, said: &mut Vec<&'static str>) {
    // Each is below ten, so the table has it.
    let digit = |n: u64| DIGITS[(n % 10) as usize];
    let (hundreds, tens, ones) = (group / 100, group / 10 % 10, group % 10);
    let with_hundreds = in_full || hundreds > 0;
    if with_hundreds {
        said.extend([digit(hundreds), "trăm"]);
    }
    match tens {
        0 if ones > 0 && with_hundreds => said.push("linh"),
        0 => {}
        1 => said.push("mười"),
        _ => said.extend([digit(tens), "mươi"]),
    }
    match (tens, ones) {
        (_, 0) => {}
        (2.., 1) => said.push("mốt"),
        (1.., 5) => said.push("lăm"),
        (_, ones) => said.push(digit(ones)),
    }
}

/// An amount as it was typed: whole đồng, not below zero, not absurd.
///
/// # Errors
/// `NUMBER_OUT_OF_RANGE`, without a field: the caller knows which it is.
pub fn amount(typed: i64) -> Result<u64> {
    let wrong = |message: &str| Refusal::new(Code::NumberOutOfRange, message);
    let amount = u64::try_from(typed).map_err(|_| {
        wrong("Số tiền không được nhỏ hơn 0. Chưa ghi gì. Muốn trả lại tiền, mời ghi hủy khoản đã thu.")
    })?;
    if amount > MOST {
        return Err(wrong("Số tiền lớn khác thường. Mời xem lại mức phí."));
    }
    Ok(amount)
}
