use proptest::prelude::*;
use rstest::rstest;

use super::*;

const LIST: &str = include_str!("../../../../assets/units/vn-34.json");

fn units() -> Units {
    Units::from_json(LIST).unwrap()
}

/// 34 provinces, 9 of them cities, 3,321 communes: Resolution 202/2025/QH15 and the changes of 2026.
#[test]
fn the_list_is_whole() {
    let units = units();
    assert_eq!((units.provinces.len(), units.communes.len()), (34, 3_321));
    assert_eq!(
        units
            .provinces
            .iter()
            .filter(|p| p.kind == ProvinceKind::City)
            .count(),
        9
    );
    assert_eq!(
        units
            .communes
            .iter()
            .filter(|c| c.kind == CommuneKind::SpecialZone)
            .count(),
        13
    );
    assert_eq!(
        units
            .provinces
            .iter()
            .map(|p| p.former.len())
            .sum::<usize>(),
        63 - 34 + 1,
        "29 merged, Huế renamed"
    );
    for (province, communes) in [
        ("01", 126),
        ("24", 99),
        ("38", 166),
        ("79", 168),
        ("96", 64),
    ] {
        assert_eq!(units.communes_of(province).count(), communes, "{province}");
    }
    let mut codes: Vec<&str> = units.communes.iter().map(|c| c.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 3_321, "every code once");
    assert!(
        units
            .communes
            .iter()
            .all(|c| c.code.len() == 5 && units.province(&c.province).is_some())
    );
    assert_eq!(
        units.province("24").map(Province::full_name).as_deref(),
        Some("Thành phố Bắc Ninh")
    );
    assert_eq!(
        units.commune("07294").map(Commune::full_name).as_deref(),
        Some("Phường Bố Hạ"),
        "a ward since 2026"
    );
}

#[rstest]
#[case("ba dinh ha noi", "Phường Ba Đình, Thành phố Hà Nội")]
#[case("phuong ba dinh", "Phường Ba Đình, Thành phố Hà Nội")]
#[case("ha noi", "Thành phố Hà Nội")]
#[case("Lào Cai", "Tỉnh Lào Cai")]
#[case("tphcm", "Thành phố Hồ Chí Minh")]
#[case("00004", "Phường Ba Đình, Thành phố Hà Nội")]
#[case("con dao", "Đặc khu Côn Đảo, Thành phố Hồ Chí Minh")]
#[case("ha giang", "Tỉnh Tuyên Quang")]
fn typing(#[case] text: &str, #[case] want: &str) {
    let hits = units().search(text, 5);
    let labels: Vec<&str> = hits.iter().map(|h| h.label.as_str()).collect();
    assert!(labels.contains(&want), "{text}: {labels:?}");
}

#[rstest]
#[case::card(
    "Số 1, Phố Mẫu, Phường Ba Đình, Hà Nội",
    "01",
    Some("00004"),
    true,
    "Số 1, Phố Mẫu"
)]
#[case::short(
    "12 Lê Lợi, P. Ba Đình, TP. Hà Nội, Việt Nam",
    "01",
    Some("00004"),
    true,
    "12 Lê Lợi"
)]
#[case::no_commas(
    "thon Mau phuong Ba Dinh thanh pho Ha Noi",
    "01",
    Some("00004"),
    true,
    "thon Mau"
)]
#[case::bare("Tổ 5, Ba Đình, Hà Nội", "01", Some("00004"), false, "Tổ 5")]
#[case::old_district("Tổ 5, Quận Ba Đình, Hà Nội", "01", None, false, "Tổ 5, Quận Ba Đình")]
#[case::old_three_levels(
    "Số 2, Phường Ngọc Hà, Quận Ba Đình, Hà Nội",
    "01",
    Some("00008"),
    false,
    "Số 2"
)]
#[case::unknown_commune("Thôn Mẫu, Xã Mẫu, Bắc Ninh", "24", None, false, "Thôn Mẫu, Xã Mẫu")]
#[case::province_only("Cà Mau", "96", None, false, "")]
#[case::special_zone(
    "Khu 1, Đặc khu Côn Đảo, Hồ Chí Minh",
    "79",
    Some("26732"),
    true,
    "Khu 1"
)]
fn free_text(
    #[case] address: &str,
    #[case] province: &str,
    #[case] commune: Option<&str>,
    #[case] certain: bool,
    #[case] street: &str,
) {
    let guess = units().parse_free(address).expect("names a province");
    assert_eq!(guess.province.code, province);
    assert_eq!(
        guess.commune.as_ref().map(|c| c.code.as_str()),
        commune,
        "{guess:?}"
    );
    assert_eq!((guess.certain, guess.street.as_str()), (certain, street));
}

#[rstest]
#[case("Xã Yên Thế, Bắc Giang", "24", "Bắc Giang")]
#[case(
    "Thị trấn X, Huyện Y, tỉnh Bà Rịa - Vũng Tàu",
    "79",
    "Bà Rịa - Vũng Tàu"
)]
#[case("thua thien hue", "46", "Thừa Thiên Huế")]
fn old_provinces_lead_to_the_new_but_are_never_certain(
    #[case] address: &str,
    #[case] code: &str,
    #[case] former: &str,
) {
    let guess = units().parse_free(address).expect("names a province");
    assert_eq!(
        (
            guess.province.code.as_str(),
            guess.former_province.as_deref()
        ),
        (code, Some(former))
    );
    assert!(!guess.certain);
}

#[rstest]
#[case("")]
#[case("Số 1, Phố Mẫu")]
#[case("Berlin, Đức")]
#[case("Hà Nội, Phường Ba Đình, không rõ")]
fn no_guess(#[case] address: &str) {
    assert_eq!(units().parse_free(address), None);
}

#[test]
fn a_damaged_list_is_an_asset_fault() {
    assert_eq!(Units::from_json("{}").unwrap_err().code, Code::AssetFault);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_address_is_answered(address in "(\\PC{0,40}|[a-zA-Zđ ,.-]{0,20})(, ?(Hà Nội|TP HCM|tỉnh Cà Mau|Việt Nam))?") {
        static UNITS: std::sync::OnceLock<Units> = std::sync::OnceLock::new();
        let units = UNITS.get_or_init(units);
        if let Some(guess) = units.parse_free(&address) {
            prop_assert!(text::nfc(&address).contains(&guess.street));
        }
        let _ = units.search(&address, 5);
    }
}
