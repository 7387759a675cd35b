//! Amounts in words: the rules one by one, and read back by a reader that shares nothing with
//! the writer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use motcua_domain::{Code, money};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case(0, "không")]
#[case(1, "một")]
#[case(5, "năm")]
#[case(10, "mười")]
#[case(11, "mười một")]
#[case(15, "mười lăm")]
#[case(20, "hai mươi")]
#[case(21, "hai mươi mốt")]
#[case(24, "hai mươi bốn")]
#[case(25, "hai mươi lăm")]
#[case(91, "chín mươi mốt")]
#[case(100, "một trăm")]
#[case(101, "một trăm linh một")]
#[case(105, "một trăm linh năm")]
#[case(110, "một trăm mười")]
#[case(111, "một trăm mười một")]
#[case(115, "một trăm mười lăm")]
#[case(121, "một trăm hai mươi mốt")]
#[case(555, "năm trăm năm mươi lăm")]
#[case(1_000, "một nghìn")]
#[case(1_001, "một nghìn không trăm linh một")]
#[case(1_010, "một nghìn không trăm mười")]
#[case(1_021, "một nghìn không trăm hai mươi mốt")]
#[case(1_500, "một nghìn năm trăm")]
#[case(8_000, "tám nghìn")]
#[case(15_000, "mười lăm nghìn")]
#[case(21_000, "hai mươi mốt nghìn")]
#[case(105_000, "một trăm linh năm nghìn")]
#[case(1_000_000, "một triệu")]
#[case(1_000_005, "một triệu không trăm linh năm")]
#[case(1_005_000, "một triệu không trăm linh năm nghìn")]
#[case(1_050_000, "một triệu không trăm năm mươi nghìn")]
#[case(3_215_105, "ba triệu hai trăm mười lăm nghìn một trăm linh năm")]
#[case(1_000_000_000, "một tỷ")]
#[case(1_000_000_001, "một tỷ không trăm linh một")]
#[case(5_000_001_000, "năm tỷ không trăm linh một nghìn")]
#[case(21_000_000_000, "hai mươi mốt tỷ")]
#[case(1_000_000_000_000, "một nghìn tỷ")]
#[case(1_000_000_000_000_000, "một triệu tỷ")]
#[case(2_000_000_000_000_000_000, "hai tỷ tỷ")]
#[case(1_000_000_005_000_000_000, "một tỷ không trăm linh năm tỷ")]
#[case(
    u64::MAX,
    "mười tám tỷ bốn trăm bốn mươi sáu triệu bảy trăm bốn mươi bốn nghìn không trăm bảy mươi ba tỷ bảy trăm linh chín triệu năm trăm năm mươi mốt nghìn sáu trăm mười lăm"
)]
fn a_number_is_said_as_people_say_it(#[case] number: u64, #[case] said: &str) {
    assert_eq!(money::words(number), said);
}

#[test]
fn a_paper_begins_with_a_capital_and_ends_with_the_currency() {
    assert_eq!(money::dong(0), "Không đồng");
    assert_eq!(money::dong(5_000), "Năm nghìn đồng");
    assert_eq!(money::dong(3_000_000), "Ba triệu đồng");
}

#[rstest]
#[case(-1)]
#[case(i64::MIN)]
#[case(1_000_000_001)]
#[case(i64::MAX)]
fn an_amount_that_cannot_be_is_refused(#[case] typed: i64) {
    assert_eq!(
        money::amount(typed).unwrap_err().code,
        Code::NumberOutOfRange
    );
}

#[test]
fn the_limits_themselves_are_amounts() {
    assert_eq!(money::amount(0).unwrap(), 0);
    assert_eq!(money::amount(1_000_000_000).unwrap(), money::MOST);
}

/// Reads words as a person adds them up, from the left: `None` for what nobody would say.
fn read(said: &str) -> Option<u128> {
    let digit = |word: &str| -> Option<u128> {
        Some(match word {
            "không" => 0,
            "một" | "mốt" => 1,
            "hai" => 2,
            "ba" => 3,
            "bốn" => 4,
            "năm" | "lăm" => 5,
            "sáu" => 6,
            "bảy" => 7,
            "tám" => 8,
            "chín" => 9,
            _ => return None,
        })
    };
    // Finished billions, finished groups of what is being said, the group in hand, its last digit.
    let (mut total, mut part, mut group, mut last) = (0_u128, 0_u128, 0_u128, None);
    for word in said.split(' ') {
        match word {
            "trăm" => group += last.take()? * 100,
            "mươi" => group += last.take()? * 10,
            "mười" => group += 10,
            "linh" => {
                if last.is_some() {
                    return None;
                }
            }
            "nghìn" | "triệu" => {
                group += last.take().unwrap_or(0);
                part += group * if word == "nghìn" { 1_000 } else { 1_000_000 };
                group = 0;
            }
            "tỷ" => {
                total = (total + part + group + last.take().unwrap_or(0)) * 1_000_000_000;
                (part, group) = (0, 0);
            }
            other => {
                if last.replace(digit(other)?).is_some() {
                    return None;
                }
            }
        }
    }
    Some(total + part + group + last.unwrap_or(0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn words_read_back_are_the_number(number: u64) {
        prop_assert_eq!(read(&money::words(number)), Some(u128::from(number)));
    }

    /// Amounts of a desk, and those near the joints between groups.
    #[test]
    fn so_are_amounts_of_a_desk(
        thousands in 0_u64..1_000_000,
        power in 0_u32..19,
        near in 0_u64..=120,
        below: bool,
    ) {
        let amount = thousands * 1_000;
        prop_assert_eq!(read(&money::words(amount)), Some(u128::from(amount)));
        let joint = 10_u64.pow(power);
        let number = if below { joint.saturating_sub(near) } else { joint + near };
        prop_assert_eq!(read(&money::words(number)), Some(u128::from(number)));
    }

    /// What ears stumble over is never said.
    #[test]
    fn it_is_never_said_wrongly(number in 0_u64..=1_000_000_000_000) {
        let said = money::words(number);
        let spoken = format!("{said} ");
        for wrong in ["mươi một ", "mươi năm ", "mười năm ", "mười mốt ", "linh lăm ", "linh mốt ", "linh không ", "  "] {
            prop_assert!(!spoken.contains(wrong), "{number}: {said}");
        }
        prop_assert!(number == 0 || !said.starts_with("không") && !said.ends_with("không"));
    }
}
