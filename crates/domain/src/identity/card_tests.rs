use proptest::prelude::*;
use rstest::rstest;
use unicode_normalization::UnicodeNormalization;

use super::*;

const WHOLE: &str = "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Phường Ba Đình, Hà Nội|15082021";

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

fn today() -> NaiveDate {
    day(2026, 11, 22)
}

#[test]
fn a_whole_card() {
    let card = parse(WHOLE, today()).unwrap();
    assert_eq!(card.number.as_str(), "001090000001");
    assert_eq!(card.old_number.as_ref().unwrap().as_str(), "012345678");
    assert_eq!(card.name, "NGUYỄN VĂN A");
    assert_eq!(card.birth_date, day(1990, 1, 1));
    assert_eq!(card.sex, Some(Sex::Male));
    assert_eq!(
        card.address.as_deref(),
        Some("Số 1, Phố Mẫu, Phường Ba Đình, Hà Nội")
    );
    assert_eq!(card.issued_on, Some(day(2021, 8, 15)));
    assert_eq!(card.expires_on, None);
    assert_eq!(card.warnings, []);
    assert_eq!(card.raw, WHOLE);
    assert_eq!(card.qr_text(), WHOLE);
}

#[test]
fn the_answer_has_the_promised_shape_and_keeps_the_raw_text_back() {
    let card = parse(
        "001305000001||TRẦN THỊ B|02032005|Nữ|Thôn Mẫu, Xã Mẫu, Bắc Ninh|20092022",
        today(),
    );
    insta::assert_json_snapshot!(card.unwrap(), @r#"
    {
      "number": "001305000001",
      "name": "TRẦN THỊ B",
      "birth_date": "2005-03-02",
      "sex": "female",
      "address": "Thôn Mẫu, Xã Mẫu, Bắc Ninh",
      "issued_on": "2022-09-20",
      "warnings": []
    }
    "#);
}

/// Scanner settings and card generations; all of one and the same card.
#[rstest]
#[case::line_end(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021\r\n"
)]
#[case::byte_order_mark(
    "\u{FEFF}001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021"
)]
#[case::symbology_prefix(
    "]Q1001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021"
)]
#[case::expiry(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021|01012030"
)]
#[case::parents(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021|NGUYỄN VĂN B|TRẦN THỊ C"
)]
#[case::empty_behind(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021|||"
)]
#[case::no_expiry(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021|Không thời hạn"
)]
#[case::commas("001090000001,012345678,NGUYỄN VĂN A,01011990,Nam,Số 1, Phố Mẫu, Hà Nội,15082021")]
#[case::semicolons(
    "001090000001;012345678;NGUYỄN VĂN A;01011990;Nam;Số 1, Phố Mẫu, Hà Nội;15082021"
)]
#[case::tabs(
    "001090000001\t012345678\tNGUYỄN VĂN A\t01011990\tNam\tSố 1, Phố Mẫu, Hà Nội\t15082021\r"
)]
#[case::blanks(
    " 001090000001 | 012345678 | NGUYỄN  VĂN A | 01011990 | Nam | Số 1, Phố Mẫu,  Hà Nội | 15082021 "
)]
#[case::full_width_bar(
    "001090000001｜012345678｜NGUYỄN VĂN A｜01011990｜Nam｜Số 1, Phố Mẫu, Hà Nội｜15082021"
)]
#[case::lines(
    "001090000001\r\n012345678\r\nNGUYỄN VĂN A\r\n01011990\r\nNam\r\nSố 1, Phố Mẫu, Hà Nội\r\n15082021"
)]
#[case::labels_by_line(
    "Số CCCD: 001090000001\nSố CMND: 012345678\nHọ và tên: NGUYỄN VĂN A\nNgày sinh: 01/01/1990\nGiới tính: Nam\nĐịa chỉ: Số 1, Phố Mẫu, Hà Nội\nNgày cấp: 15/08/2021"
)]
#[case::labels_by_comma(
    "Số CCCD: 001090000001, CMND cũ: 012345678, Họ tên: NGUYỄN VĂN A, Ngày sinh: 01-01-1990, Giới tính: Nam, Nơi thường trú: Số 1, Phố Mẫu, Hà Nội, Ngày cấp: 2021-08-15"
)]
#[case::labels_by_bar(
    "Số CCCD: 001090000001|Số CMND: 012345678|Họ và tên: NGUYỄN VĂN A|Ngày sinh: 01011990|Giới tính: Nam|Địa chỉ: Số 1, Phố Mẫu, Hà Nội|Ngày cấp: 15082021"
)]
#[case::scanned_twice(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021\r\n001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021\r\n"
)]
fn variants_read_alike(#[case] raw: &str) {
    for form in [raw.to_owned(), raw.nfd().collect::<String>()] {
        let card = parse(&form, today()).unwrap();
        assert_eq!(
            Card {
                expires_on: None,
                ..card
            }
            .qr_text(),
            "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố Mẫu, Hà Nội|15082021"
        );
    }
}

#[rstest]
#[case::old_number_dropped("001090000001|NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|15082021", &[])]
#[case::expiry_read("001090000001||NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|15082021|01012025", &[WarningCode::CardExpired])]
#[case::no_address("001090000001||NGUYỄN VĂN A|01011990|Nam|15082021", &[WarningCode::AddressMissing])]
#[case::empty_address("001090000001||NGUYỄN VĂN A|01011990|Nam||15082021", &[WarningCode::AddressMissing])]
#[case::empty_sex("001090000001||NGUYỄN VĂN A|01011990||Số 1, Hà Nội|15082021", &[WarningCode::SexMissing])]
#[case::closed_without_issue_date("001090000001||NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|", &[WarningCode::IssueDateMissing])]
#[case::odd_old_number("001090000001|1|NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|15082021", &[WarningCode::OldNumberOdd])]
#[case::other_sex("001090000001||NGUYỄN THỊ A|01011990|Nữ|Số 1, Hà Nội|15082021", &[WarningCode::NumberSexDiffers])]
#[case::other_year("001090000001||NGUYỄN VĂN A|01011991|Nam|Số 1, Hà Nội|15082021", &[WarningCode::NumberBirthYearDiffers])]
#[case::future_birth("001226000001||NGUYỄN VĂN A|31122026|Nam|Số 1, Hà Nội|15082021", &[WarningCode::BirthInFuture, WarningCode::IssuedBeforeBirth])]
#[case::very_old("001003000001||NGUYỄN VĂN A|01011903|Nam|Số 1, Hà Nội|15082021", &[WarningCode::VeryOld])]
#[case::issued_in_future("001090000001||NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|15082027", &[WarningCode::IssuedInFuture])]
#[case::expires_first("001090000001||NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|15082021|15082020", &[WarningCode::ExpiresBeforeIssued, WarningCode::CardExpired])]
#[case::year_only("001040000001||NGUYỄN VĂN A|00001940|Nam|Số 1, Hà Nội|15082021", &[WarningCode::BirthYearOnly])]
#[case::bare_year("001040000001||NGUYỄN VĂN A|1940|Nam|Số 1, Hà Nội|15082021", &[WarningCode::BirthYearOnly])]
#[case::marks_lost("001090000001||NGUYEN VAN A|01011990|Nam|So 1, Pho Mau, Ha Noi|15082021", &[WarningCode::MarksMissing])]
#[case::highland_name("066090000001||Y MŎ ÊBAN|01011990|Nam|Buôn Mẫu, Đắk Lắk|15082021", &[])]
#[case::apostrophe("066190000001||H'WING KSOR|01011990|Nữ|Buôn Mẫu, Đắk Lắk|15082021", &[])]
#[case::named_nam("001090000001||NAM|01011990|Nam|Số 1, Hà Nội|15082021", &[])]
fn odd_cards_are_read_with_warnings(#[case] raw: &str, #[case] want: &[WarningCode]) {
    let card = parse(raw, today()).unwrap();
    assert_eq!(
        card.warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
        want
    );
}

#[rstest]
#[case::nothing("", Code::CardEmpty, "chưa gửi gì")]
#[case::blanks(" \r\n\u{FEFF}", Code::CardEmpty, "chưa gửi gì")]
#[case::words("hello", Code::CardNotACard, "không phải thẻ")]
#[case::sentence(
    "xin chào, anh cho tôi hỏi, hôm nay có làm việc không",
    Code::CardNotACard,
    "không phải thẻ"
)]
#[case::too_long("|||||", Code::CardNotACard, "không phải thẻ")]
#[case::case_code("H15.50.05.13-261008-0975", Code::CardNotACard, "mã hồ sơ")]
#[case::ticket("A-031", Code::CardNotACard, "số thứ tự")]
#[case::address_of_a_page("https://example.vn/?a=1|2|3", Code::CardNotACard, "trang mạng")]
#[case::health_card(
    "GD4010100000001|4e677579e1bb856e2056c4836e2041|01/01/1990|1|48c3a0204ee1bb9969",
    Code::CardNotACard,
    "bảo hiểm y tế"
)]
#[case::bare_number("001090000001", Code::CardDamaged, "Chỉ đọc được số định danh")]
#[case::bare_old_number("012345678", Code::CardNotACard, "CMND")]
#[case::eleven_digits(
    "00109000000|1|A|01011990|Nam|X|15082021",
    Code::CardDamaged,
    "11 chữ số"
)]
#[case::thirteen_digits(
    "0010900000011|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1|15082021",
    Code::CardDamaged,
    "13 chữ số"
)]
#[case::letter_in_number(
    "00109000000l|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1|15082021",
    Code::CardDamaged,
    "Số định danh"
)]
#[case::no_number(
    "NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "thiếu số định danh"
)]
#[case::ends_after_number("001090000001|0123", Code::CardDamaged, "phần đầu")]
#[case::ends_after_name(
    "001090000001|012345678|NGUYỄN VĂN A",
    Code::CardDamaged,
    "thiếu ngày sinh"
)]
#[case::ends_in_birth_date(
    "001090000001|012345678|NGUYỄN VĂN A|0101",
    Code::CardDamaged,
    "ngày sinh"
)]
#[case::ends_after_birth_date(
    "001090000001|012345678|NGUYỄN VĂN A|01011990",
    Code::CardDamaged,
    "địa chỉ"
)]
#[case::ends_after_sex(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam",
    Code::CardDamaged,
    "địa chỉ"
)]
#[case::ends_in_address(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Phố",
    Code::CardDamaged,
    "bị cụt"
)]
#[case::ends_in_issue_date(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1, Hà Nội|1508",
    Code::CardDamaged,
    "ngày cấp"
)]
#[case::empty_name(
    "001090000001|012345678||01011990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "thiếu họ tên"
)]
#[case::name_dropped(
    "001090000001|012345678|01011990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "thiếu họ tên"
)]
#[case::empty_birth_date(
    "001090000001|012345678|NGUYỄN VĂN A||Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "thiếu ngày sinh"
)]
#[case::birth_date_dropped(
    "001090000001|012345678|NGUYỄN VĂN A|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "thiếu ngày sinh"
)]
#[case::seven_digit_date(
    "001090000001|012345678|NGUYỄN VĂN A|0101990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "ngày sinh"
)]
#[case::question_marks(
    "001090000001|012345678|NGUY?N V?N A|01011990|Nam|S? 1, Hà N?i|15082021",
    Code::CardDamaged,
    "họ tên, địa chỉ"
)]
#[case::replacement(
    "001090000001|012345678|NGUY\u{FFFD}N VĂN A|01011990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "họ tên"
)]
#[case::sex_replaced(
    "001305000001||TRẦN THỊ B|02032005|N?|Thôn Mẫu, Bắc Ninh|20092022",
    Code::CardDamaged,
    "giới tính"
)]
#[case::vni_keys(
    "001090000001|012345678|NGUYE64N VA8N A|01011990|Nam|So61 1, Ha2 No65i|15082021",
    Code::CardDamaged,
    "bộ gõ"
)]
#[case::telex_keys(
    "001090000001|012345678|NGUYEENX VAWN A|01011990|Nam|Soos 1, Haf Nooji|15082021",
    Code::CardDamaged,
    "bộ gõ"
)]
#[case::wrong_encoding(
    "001090000001|012345678|NGUYá»„N VÄ‚N A|01011990|Nam|Sá»‘ 1, HÃ Ná»™i|15082021",
    Code::CardDamaged,
    "bảng mã"
)]
#[case::wrong_encoding_with_bar(
    "001305000001||TRáº¦N THá»\u{8a} B|02032005|Nam|Xã Mẫu, Bắc Ninh|20092022",
    Code::CardDamaged,
    "bảng mã"
)]
#[case::emoji(
    "001090000001|012345678|NGUYỄN 😀 A|01011990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "họ tên"
)]
#[case::direction_mark(
    "001090000001|012345678|NGUYỄN\u{202E}VĂN A|01011990|Nam|Số 1, Hà Nội|15082021",
    Code::CardDamaged,
    "họ tên"
)]
#[case::two_cards(
    "001090000001|012345678|NGUYỄN VĂN A|01011990|Nam|Số 1|15082021\r\n001305000001||TRẦN THỊ B|02032005|Nữ|Thôn Mẫu|20092022",
    Code::CardDamaged,
    "Hai thẻ"
)]
#[case::february(
    "001090000001|012345678|A|31021990|Nam|X|15082021",
    Code::CardDateInvalid,
    "Tháng 2 không có ngày 31. Mời quét lại hoặc gõ tay."
)]
#[case::leap_day(
    "001090000001|012345678|A|29021991|Nam|X|15082021",
    Code::CardDateInvalid,
    "Tháng 2 không có ngày 29"
)]
#[case::month_thirteen(
    "001090000001|012345678|A|01131990|Nam|X|15082021",
    Code::CardDateInvalid,
    "Không có tháng 13"
)]
#[case::year_zero(
    "001090000001|012345678|A|01010199|Nam|X|15082021",
    Code::CardDateInvalid,
    "Năm 0199"
)]
#[case::issue_date(
    "001090000001|012345678|A|01011990|Nam|X|31042021",
    Code::CardDateInvalid,
    "ngày cấp"
)]
fn refused_with_the_part_named(#[case] raw: &str, #[case] code: Code, #[case] says: &str) {
    let refusal = parse(raw, today()).unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.message);
    assert!(refusal.message.contains(says), "{}", refusal.message);
    assert_eq!(refusal.field.as_deref(), Some("raw"));
}

#[test]
fn ten_megabytes_are_refused_unread() {
    let refusal = parse(&"001090000001|".repeat(800_000), today()).unwrap_err();
    assert_eq!(refusal.code, Code::CardNotACard);
}

/// What a scan lost at its end must never come out as a shorter address or name.
#[test]
fn a_card_cut_anywhere_is_never_read_as_less() {
    let whole = parse(WHOLE, today()).unwrap();
    for (at, _) in WHOLE.char_indices() {
        if let Ok(card) = parse(&WHOLE[..at], today()) {
            assert_eq!(
                (&card.name, &card.address),
                (&whole.name, &whole.address),
                "cut at {at}"
            );
            assert_eq!(card.issued_on, None, "cut at {at}");
        }
    }
}

fn names() -> impl Strategy<Value = String> {
    let family = prop_oneof![
        Just("NGUYỄN"),
        Just("ĐỖ"),
        Just("Lò"),
        Just("H'WING"),
        Just("Y")
    ];
    let given = prop_oneof![
        Just("ẶỆỖ"),
        Just("THỊ BÌNH"),
        Just("A"),
        Just("Quỵ"),
        Just("MŎ ÊBAN")
    ];
    (family, given).prop_map(|(family, given)| format!("{family} {given}"))
}

fn dates() -> impl Strategy<Value = NaiveDate> {
    (0i64..50_000).prop_map(|days| day(1900, 1, 1) + chrono::TimeDelta::days(days))
}

fn cards() -> impl Strategy<Value = Card> {
    let number = "0[0-9]{11}".prop_map(|digits| IdNumber::parse(&digits).unwrap());
    let old = proptest::option::of("[0-9]{9}".prop_map(|digits| IdNumber::parse(&digits).unwrap()));
    let sex = prop_oneof![Just(Sex::Male), Just(Sex::Female)];
    let address = "(Số [1-9]|Tổ [1-9]|Thôn Mẫu)(, (Phố Đặng|Xã Ea Hồ|Phường Ba Đình)){1,3}";
    (
        number,
        old,
        names(),
        dates(),
        sex,
        address,
        dates(),
        proptest::option::of(dates()),
    )
        .prop_map(
            |(number, old_number, name, birth_date, sex, address, issued, expires_on)| Card {
                number,
                old_number,
                name,
                birth_date,
                sex: Some(sex),
                address: Some(address),
                issued_on: Some(issued),
                expires_on,
                warnings: Vec::new(),
                raw: String::new(),
            },
        )
}

/// The ways one card comes out of differently set scanners.
fn prints(card: &Card) -> Vec<String> {
    let text = card.qr_text();
    let mut prints = vec![
        format!("{text}\r\n"),
        text.nfd().collect(),
        format!("\u{FEFF}{text}"),
        text.replace('|', ";"),
        text.replace('|', "\t"),
        text.replace('|', ","),
    ];
    if card.expires_on.is_some() {
        prints.push(format!("{text}|CHA|MẸ"));
    }
    if card.old_number.is_none() {
        prints.push(text.replacen("||", "|", 1));
    }
    prints.push(text);
    prints
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(raw in "(?s).{0,2000}") {
        if let Err(refusal) = parse(&raw, today()) {
            prop_assert_eq!(refusal.field.as_deref(), Some("raw"));
        }
    }

    /// Nearer to a card than random text: its pieces, shuffled, cut and spoilt.
    #[test]
    fn any_heap_of_pieces_is_read_or_refused(
        pieces in proptest::collection::vec(prop_oneof![
            Just("001090000001"), Just("012345678"), Just("NGUYỄN VĂN A"), Just("01011990"),
            Just("31021990"), Just("Nam"), Just("Nữ"), Just("N?"), Just("Số 1, Hà Nội"), Just(""),
            Just("Ngày sinh: 1"), Just("Họ tên: A"), Just("Số CCCD:"), Just("\u{301}"), Just("]Qă"),
        ], 0..12),
        separator in prop_oneof![Just("|"), Just(","), Just("\n"), Just(";"), Just("\t")],
    ) {
        if let Ok(card) = parse(&pieces.join(separator), today()) {
            prop_assert_eq!(card.number.as_str(), "001090000001");
            prop_assert!(!card.name.is_empty());
        }
    }

    #[test]
    fn what_is_printed_is_read(card in cards()) {
        for raw in prints(&card) {
            let read = parse(&raw, today()).map(|read| Card { warnings: vec![], raw: String::new(), ..read });
            prop_assert_eq!(read.as_ref(), Ok(&card), "{}", raw);
        }
    }

    #[test]
    fn composed_and_decomposed_read_alike(raw in "[0-9|,ĂẮÂẦĐÊỆÔỒƠỚƯỮa-zNamữ ]{0,120}") {
        let plain = |text: String| parse(&text, today()).map(|card| Card { raw: String::new(), ..card });
        prop_assert_eq!(plain(raw.nfc().collect()), plain(raw.nfd().collect()));
    }
}
