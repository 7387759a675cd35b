use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

#[rstest]
#[case("{agency}-{yymmdd}-{4}", "H15.50.05.13-261008-0975")]
#[case("{agency}-{yyyymmdd}-{7}", "H15.50.05.13-20261008-0000975")]
#[case("{agency}-{yymmdd}-06{4}", "H15.50.05.13-261008-060975")]
#[case("HS/{dd}{mm}{yy}/{agency}/{5}", "HS/081026/H15.50.05.13/00975")]
fn patterns_write_and_read(#[case] pattern: &str, #[case] want: &str) {
    let parsed = CasePattern::parse(pattern).unwrap();
    let code = parsed
        .format("H15.50.05.13", day(2026, 10, 8), 975)
        .unwrap();
    assert_eq!(code, want);
    let parts = parsed.read(&code).unwrap();
    assert_eq!(
        (parts.agency.as_str(), parts.date, parts.number),
        ("H15.50.05.13", day(2026, 10, 8), 975)
    );
    assert_eq!(
        parsed.to_string(),
        pattern,
        "a pattern prints as it was written"
    );
}

#[rstest]
#[case("")]
#[case("{agency}-{yymmdd}")]
#[case("{agency}-{4}")]
#[case("{yymmdd}-{4}")]
#[case("{agency}-{yymmdd}-{4}-{4}")]
#[case("{agency}-{yymmdd}-{dd}-{4}")]
#[case("{agency}-{mm}{dd}-{4}")]
#[case("{agency}{yymmdd}-{4}")]
#[case("{agency}-{yymmdd}-{0}")]
#[case("{agency}-{yymmdd}-{10}")]
#[case("{agency}-{yymmdd}-{4")]
#[case("{agency}-{yymmdd}-{bốn}")]
#[case("{agency}-{yymmdd}-số{4}")]
fn patterns_that_could_repeat_a_code_are_refused(#[case] pattern: &str) {
    assert_eq!(
        CasePattern::parse(pattern).unwrap_err().code,
        Code::CasePatternInvalid
    );
}

#[rstest]
#[case("H15", 9_999, None)]
#[case("H15", 10_000, Some(Code::NumbersExhausted))]
#[case("H15", u32::MAX, Some(Code::NumbersExhausted))]
#[case("H15", 0, Some(Code::CaseCodeInvalid))]
#[case("h15", 1, Some(Code::CaseCodeInvalid))]
#[case("", 1, Some(Code::CaseCodeInvalid))]
#[case("H15-1", 1, Some(Code::CaseCodeInvalid))]
fn limits_of_a_code(#[case] agency: &str, #[case] number: u32, #[case] refused: Option<Code>) {
    let pattern = CasePattern::parse("{agency}-{yymmdd}-{4}").unwrap();
    let code = pattern.format(agency, day(2026, 1, 1), number);
    assert_eq!(code.err().map(|refusal| refusal.code), refused);
}

#[rstest]
#[case("H15.50.05.13-261008-0975", "H15.50.05.13", day(2026, 10, 8), 975, 4)]
#[case("000.00.15.H10-210726-0001", "000.00.15.H10", day(2021, 7, 26), 1, 4)]
#[case(
    "H15.50.05.13-261008-060975",
    "H15.50.05.13",
    day(2026, 10, 8),
    60_975,
    6
)]
#[case(
    "H15.50.05.13-261008-0900975",
    "H15.50.05.13",
    day(2026, 10, 8),
    900_975,
    7
)]
#[case("G09.20-20260609-0092637", "G09.20", day(2026, 6, 9), 92_637, 7)]
#[case(" g09.20–20260609–0092637\r\n", "G09.20", day(2026, 6, 9), 92_637, 7)]
fn formats_in_use(
    #[case] text: &str,
    #[case] agency: &str,
    #[case] date: NaiveDate,
    #[case] number: u32,
    #[case] digits: u32,
) {
    let want = CaseCodeParts {
        agency: agency.to_owned(),
        date,
        number,
        digits,
    };
    assert_eq!(recognise(text), Some(want));
}

#[rstest]
#[case("")]
#[case("hello")]
#[case("H15.50.05.13-261308-0975")]
#[case("H15.50.05.13-261008-975")]
#[case("001090000001-261008-0975")]
#[case("A-031")]
#[case("H15..05-261008-0975")]
#[case("H15-261008-0000")]
fn other_texts(#[case] text: &str) {
    assert_eq!(recognise(text), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        agency in "[GH][0-9]{2}(\\.[0-9]{2}){0,3}",
        days in 0u64..36_000,
        number in 1u32..10_000,
        pattern in prop_oneof![
            Just("{agency}-{yymmdd}-{4}"), Just("{agency}-{yymmdd}-{7}"),
            Just("{agency}-{yyyymmdd}-{7}"), Just("{agency}-{yy}{mm}{dd}-{5}"),
        ],
    ) {
        let date = day(2000, 1, 1) + chrono::Days::new(days);
        let pattern = CasePattern::parse(pattern).unwrap();
        let code = pattern.format(&agency, date, number).unwrap();
        let parts = pattern.read(&code).unwrap();
        prop_assert_eq!((&parts.agency, parts.date, parts.number), (&agency, date, number));
        prop_assert_eq!(recognise(&code), Some(parts), "our own codes are recognised");
    }

    #[test]
    fn what_is_read_is_written_again(code in "[GH][0-9]{2}-20[0-9]{2}[01][0-9][0-3][0-9]-[0-9]{5}") {
        let pattern = CasePattern::parse("{agency}-{yyyymmdd}-{5}").unwrap();
        if let Ok(parts) = pattern.read(&code) {
            prop_assert_eq!(pattern.format(&parts.agency, parts.date, parts.number).unwrap(), code);
        }
    }

    #[test]
    fn no_text_disturbs_the_readers(text in "\\PC{0,80}", pattern in "[{}a-z0-9./ạ-]{0,40}") {
        recognise(&text);
        if let Ok(pattern) = CasePattern::parse(&pattern) {
            prop_assert_eq!(CasePattern::parse(&pattern.to_string()).unwrap(), pattern.clone());
// Free text never has an agency, a whole date and a number in their places by chance.
            prop_assert!(pattern.read(&text).is_err());
        }
    }
}
