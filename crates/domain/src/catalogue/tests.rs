use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::intake::from_json;
use super::*;
use crate::refusal::Code;

const DEMO: &str = include_str!("../../../../assets/catalogue/demo.json");

/// The smallest procedure, with some members replaced.
fn row(changes: Value) -> Value {
    let mut row = json!({"MATTHC": "1.001193", "TENTTHC": "Đăng ký khai sinh"});
    for (key, value) in changes.as_object().expect("changes are an object") {
        row[key] = value.clone();
    }
    row
}

fn read(changes: Value) -> Procedure {
    from_lay_thu_tuc(&row(changes)).unwrap_or_else(|r| panic!("{}", r.reason))
}

fn problem(changes: Value) -> Code {
    from_lay_thu_tuc(&row(changes))
        .expect_err("must be refused")
        .problem
}

fn time(value: Value, unit: Value) -> Value {
    json!({"CACHTHUCTHUCHIEN": [{"KENH": "1", "THOIGIAN": [{"THOIGIANGIAIQUYET": value, "DONVITINH": unit}]}]})
}

fn fee(amount: Value, unit: Value) -> Value {
    let fees = json!([{"SOTIEN": amount, "DONVI": unit}]);
    json!({"CACHTHUCTHUCHIEN": [{"KENH": 1, "THOIGIAN": [{"THOIGIANGIAIQUYET": null, "PHILEPHI": fees}]}]})
}

fn paper(name: &str, originals: Value, copies: Value) -> Value {
    json!({"THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": [{"TENGIAYTO": name, "SOBANCHINH": originals, "SOBANSAO": copies}]}]})
}

#[test]
fn the_smallest_procedure_has_a_code_and_a_name() {
    let procedure = read(json!({}));
    assert_eq!(
        (procedure.code.as_str(), procedure.name.as_str()),
        ("1.001193", "Đăng ký khai sinh")
    );
    assert!(procedure.papers.is_empty() && procedure.channels.is_empty());
    assert_eq!(primary_limit(&procedure, ChannelKind::Counter), None);
}

#[rstest]
#[case(json!(5), json!("Ngày làm việc"), 5, LimitUnit::WorkingDay)]
#[case(json!("05"), json!("ngày  LÀM việc"), 5, LimitUnit::WorkingDay)]
#[case(json!(5.0), json!("Ngày"), 5, LimitUnit::Day)]
#[case(json!("1,5"), json!("Ngày làm việc"), 12, LimitUnit::WorkingHour)]
#[case(json!(0.5), json!("Ngày"), 12, LimitUnit::Hour)]
#[case(json!(8), json!("Giờ"), 8, LimitUnit::Hour)]
#[case(json!(8), json!("Giờ làm việc"), 8, LimitUnit::WorkingHour)]
#[case(json!(3), json!("Tháng"), 3, LimitUnit::Month)]
#[case(json!(1), json!("Năm"), 12, LimitUnit::Month)]
#[case(json!(2), json!("Tuần"), 14, LimitUnit::Day)]
#[case(json!("10 ngày làm việc"), json!(null), 10, LimitUnit::WorkingDay)]
#[case(json!(0), json!("Ngày"), 0, LimitUnit::Day)]
#[case(json!("Trả ngay"), json!(null), 0, LimitUnit::WorkingDay)]
fn limits(
    #[case] value: Value,
    #[case] unit: Value,
    #[case] want: u32,
    #[case] want_unit: LimitUnit,
) {
    let procedure = read(time(value, unit));
    assert_eq!(
        primary_limit(&procedure, ChannelKind::Counter),
        Some(Limit {
            value: want,
            unit: want_unit
        })
    );
    assert_eq!(procedure.is_immediate(ChannelKind::Counter), want == 0);
}

#[rstest]
#[case(json!(null), json!(null))]
#[case(json!(""), json!("Ngày"))]
#[case(json!("Không quy định"), json!(null))]
fn no_limit(#[case] value: Value, #[case] unit: Value) {
    assert_eq!(
        primary_limit(&read(time(value, unit)), ChannelKind::Counter),
        None
    );
}

#[rstest]
#[case(json!(-1), json!("Ngày"), Code::NumberOutOfRange)]
#[case(json!(99_999), json!("Ngày"), Code::LimitInvalid)]
#[case(json!(1e300), json!("Ngày"), Code::NumberOutOfRange)]
#[case(json!(0.3), json!("Ngày làm việc"), Code::LimitInvalid)]
#[case(json!(5), json!(null), Code::LimitInvalid)]
#[case(json!(5), json!("quý"), Code::LimitInvalid)]
#[case(json!("năm"), json!("Ngày"), Code::ProcedureInvalid)]
#[case(json!([5]), json!("Ngày"), Code::ProcedureInvalid)]
fn limits_refused(#[case] value: Value, #[case] unit: Value, #[case] want: Code) {
    assert_eq!(problem(time(value, unit)), want);
}

#[rstest]
#[case(json!(8000), json!("VND"), Some(8000), "")]
#[case(json!("8.000"), json!("Đồng"), Some(8000), "")]
#[case(json!("1,200,000 đồng"), json!(null), Some(1_200_000), "")]
#[case(json!(50000.0), json!("VNĐ"), Some(50_000), "")]
#[case(json!("Miễn phí"), json!(""), Some(0), "")]
#[case(json!("theo bảng giá"), json!("VND"), None, "theo bảng giá VND")]
#[case(json!(100), json!("USD"), None, "100 USD")]
fn fees(#[case] amount: Value, #[case] unit: Value, #[case] want: Option<u64>, #[case] text: &str) {
    let procedure = read(fee(amount, unit));
    let got = &procedure.channels[0].limits[0].fees[0];
    assert_eq!((got.amount, got.text.as_str()), (want, text));
}

#[rstest]
#[case(json!(-500))]
#[case(json!(1e20))]
#[case(json!(0.5))]
fn fees_refused(#[case] amount: Value) {
    assert_eq!(problem(fee(amount, json!("VND"))), Code::NumberOutOfRange);
}

#[test]
fn a_free_procedure_is_only_called_free_where_nothing_else_is_said() {
    let said = |note: &str| {
        let mut changes = fee(json!(0), json!("VND"));
        changes["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]["MOTA"] = json!(note);
        fee_summary(&read(changes), ChannelKind::Counter)
    };
    assert!(said("").free);
    assert!(said("(Không)").free);
    let elsewhere = said("(Theo quy định của Luật phí và lệ phí)");
    assert!(
        !elsewhere.free,
        "0 beside a reference to the law is not 'free'"
    );
    assert_eq!(elsewhere.note, "(Theo quy định của Luật phí và lệ phí)");
}

#[test]
fn the_counters_limit_comes_before_the_first_channels() {
    let of = |kind: &str, value: u32| json!({"KENH": kind, "THOIGIAN": [{"THOIGIANGIAIQUYET": value, "DONVITINH": "Ngày"}]});
    let procedure =
        read(json!({"CACHTHUCTHUCHIEN": [of("2", 2), of("3", 3), of("1", 1), of("2", 9)]}));
    let kinds: Vec<ChannelKind> = procedure.channels.iter().map(|c| c.kind).collect();
    assert_eq!(
        kinds,
        [ChannelKind::Online, ChannelKind::Post, ChannelKind::Counter],
        "each channel once"
    );
    assert_eq!(procedure.channels[0].limits.len(), 2, "variants are kept");
    assert_eq!(
        primary_limit(&procedure, ChannelKind::Counter).map(|l| l.value),
        Some(1)
    );
    let online_only = read(json!({"CACHTHUCTHUCHIEN": [of("2", 2)]}));
    assert_eq!(
        primary_limit(&online_only, ChannelKind::Counter).map(|l| l.value),
        Some(2)
    );
}

#[rstest]
#[case("Tờ khai theo mẫu", json!(1), json!("2"), 1, 2, true)]
#[case("Tờ khai theo mẫu", json!(null), json!(null), 1, 0, true)]
#[case("Giấy ủy quyền (nếu có)", json!(1), json!(0), 1, 0, false)]
#[case("- Trường hợp ly hôn: bản án", json!(1), json!(0), 1, 0, false)]
#[case("Người tiếp nhận kiểm tra hồ sơ", json!(0), json!(0), 0, 0, false)]
fn papers(
    #[case] name: &str,
    #[case] originals: Value,
    #[case] copies: Value,
    #[case] want_originals: u8,
    #[case] want_copies: u8,
    #[case] required: bool,
) {
    let procedure = read(paper(name, originals, copies));
    let got = &procedure.papers[0];
    assert_eq!(
        (got.originals, got.copies, got.required),
        (want_originals, want_copies, required)
    );
    assert_eq!(got.originals_printed, None);
}

/// Portal pages run the end of a name and the number of originals together.
#[rstest]
#[case("Đơn theo Phụ lục ban hành kèm theo Thông tư ngày 31/12/", 20251, 1)]
#[case("Đơn đăng ký theo Mẫu số", 181, 1)]
#[case("Văn bản cam kết của chủ sở hữu ngày 02/7/", 20250, 0)]
#[case("Giấy tờ theo điểm b Khoản 1 Điều 12 Nghị định", 1161, 1)]
#[case("Đơn đề nghị theo mẫu BM.NCC.20", 31, 1)]
fn a_number_that_swallowed_the_names_end(
    #[case] name: &str,
    #[case] printed: u32,
    #[case] want: u8,
) {
    let procedure = read(paper(name, json!(printed), json!(1)));
    let got = &procedure.papers[0];
    assert_eq!(
        (got.originals, got.originals_printed),
        (want, Some(printed))
    );
}

#[rstest]
#[case(json!(10_000), json!(0))]
#[case(json!(1), json!(100))]
#[case(json!(-1), json!(0))]
#[case(json!(1.5), json!(0))]
fn impossible_numbers_of_papers_are_refused(#[case] originals: Value, #[case] copies: Value) {
    assert_eq!(
        problem(paper("Tờ khai theo quy định", originals, copies)),
        Code::NumberOutOfRange
    );
}

#[rstest]
#[case(json!({"MATTHC": null}), Code::ProcedureCodeMissing)]
#[case(json!({"MATTHC": "  "}), Code::ProcedureCodeMissing)]
#[case(json!({"MATTHC": "1 001"}), Code::ProcedureInvalid)]
#[case(json!({"MATTHC": "x".repeat(65)}), Code::FieldTooLong)]
#[case(json!({"TENTTHC": ""}), Code::ProcedureNameMissing)]
#[case(json!({"TENTTHC": "..."}), Code::ProcedureNameMissing)]
#[case(json!({"TENTTHC": "Cấp\u{0007} thẻ"}), Code::FieldCharacters)]
#[case(json!({"TENTTHC": "Cấp \u{202E}thẻ"}), Code::FieldCharacters)]
#[case(json!({"TENTTHC": "Cấp \u{200F}thẻ"}), Code::FieldCharacters)]
#[case(json!({"TENTTHC": "Cấp th\u{FFFD}"}), Code::FieldCharacters)]
#[case(json!({"TENTTHC": "x".repeat(10_000_000)}), Code::FieldTooLong)]
#[case(json!({"THANHPHANHOSO": "giấy tờ"}), Code::ProcedureInvalid)]
#[case(json!({"CACHTHUCTHUCHIEN": [{"KENH": "7"}]}), Code::ProcedureInvalid)]
#[case(json!({"NGAYAPDUNG": "31/02/2026"}), Code::DateInvalid)]
fn rows_refused(#[case] changes: Value, #[case] want: Code) {
    assert_eq!(problem(changes), want);
}

#[test]
fn names_keep_everything_but_loose_blanks() {
    let decomposed = "Ca\u{0302}\u{0301}p  thẻ\n \u{00A0}\u{200E}căn cước\u{F0FC} (✓) ";
    assert_eq!(
        read(json!({"TENTTHC": decomposed})).name,
        "Cấp thẻ \u{200E}căn cước\u{F0FC} (✓)"
    );
}

#[test]
fn long_names_and_many_papers_come_back_whole() {
    let name = "Ệ".repeat(1_094);
    let list: Vec<Value> = (0..111).map(|i| json!({"TENGIAYTO": format!("{} {i}", "Giấy ".repeat(190)), "SOBANCHINH": 1, "SOBANSAO": 0})).collect();
    let procedure = read(
        json!({"TENTTHC": name, "THANHPHANHOSO": [{"TRUONGHOP": "Trường hợp 1", "GIAYTO": list}]}),
    );
    let back: Procedure =
        serde_json::from_str(&serde_json::to_string(&procedure).unwrap()).unwrap();
    assert_eq!(back, procedure);
    assert_eq!((back.name.chars().count(), back.papers.len()), (1_094, 111));
    assert_eq!(back.papers[110].group.as_deref(), Some("Trường hợp 1"));
}

#[test]
fn other_members() {
    let procedure = read(json!({
        "matthc": null, "LINHVUCTHUCHIEN": [{"MALINHVUC": "G15-HT", "TENLINHVUC": "Hộ tịch"}],
        "COQUANTHUCHIEN": "Không có thông tin", "CAPTHUCHIEN": "Cấp xã", "NGAYAPDUNG": "01/07/2026",
        "DOITUONGTHUCHIEN": "Công dân Việt Nam, Tổ chức (không bao gồm doanh nghiệp, HTX), Doanh nghiệp",
        "KETQUATHUCHIEN": [{"MAKETQUA": "KQ.G15.000031", "TENKETQUA": "Giấy khai sinh"}, {"MAKETQUA": "KQ.G15.1"}],
        "YEUCAU": " a) Một \n\n b) Hai ", "KHAC": {"la": 1},
    }));
    assert_eq!(procedure.field_code.as_deref(), Some("G15-HT"));
    assert_eq!(procedure.agency, None, "no information is no agency");
    assert_eq!(
        procedure.subjects,
        [
            "Công dân Việt Nam",
            "Tổ chức (không bao gồm doanh nghiệp, HTX)",
            "Doanh nghiệp"
        ]
    );
    assert_eq!(procedure.results[1].name, "KQ.G15.1");
    assert_eq!(procedure.requirements.as_deref(), Some("a) Một\nb) Hai"));
    assert_eq!(
        procedure.effective_from,
        NaiveDate::from_ymd_opt(2026, 7, 1)
    );
}

#[test]
fn a_bad_row_does_not_hold_up_the_others() {
    let file = from_json(
        &json!([row(json!({})), {"TENTTHC": "Không mã"}, 7, row(json!({"MATTHC": "1.000002"}))]),
    )
    .unwrap();
    let rows: Vec<u32> = file.procedures.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [1, 4]);
    let rejected: Vec<(u32, Code)> = file.rejected.iter().map(|r| (r.row, r.problem)).collect();
    assert_eq!(
        rejected,
        [(2, Code::ProcedureCodeMissing), (3, Code::ProcedureInvalid)]
    );
}

#[test]
fn a_code_stands_once() {
    let file = from_json(&json!([
        row(json!({})),
        row(json!({})),
        row(json!({"TENTTHC": "Khác"}))
    ]))
    .unwrap();
    assert_eq!(file.procedures.len(), 1);
    let said: Vec<&str> = file.rejected.iter().map(|r| r.reason.as_str()).collect();
    assert!(
        said[0].contains("y hệt") && said[1].contains("nội dung khác"),
        "{said:?}"
    );
    assert!(file.rejected.iter().all(|r| r.problem == Code::ProcedureDuplicate && r.code.as_deref() == Some("1.001193")));
}

#[rstest]
#[case(row(json!({})))]
#[case(json!([row(json!({}))]))]
#[case(json!({"data": [row(json!({}))], "error_code": "0"}))]
#[case(json!({"data": row(json!({}))}))]
#[case(json!({"status": "in-force", "procedures": [row(json!({}))]}))]
fn envelopes(#[case] json: Value) {
    let file = from_json(&json).unwrap();
    assert_eq!((file.procedures.len(), file.rejected.len()), (1, 0));
    assert!(!file.procedures[0].1.sample);
}

#[rstest]
#[case(json!(null))]
#[case(json!("text"))]
#[case(json!([]))]
#[case(json!({"data": []}))]
#[case(json!({"name": "not a catalogue"}))]
fn no_catalogue(#[case] json: Value) {
    assert_eq!(
        from_json(&json).unwrap_err().code,
        Code::CatalogueUnreadable
    );
}

#[test]
fn codes_that_became_numbers_are_made_whole() {
    assert_eq!(read(json!({"MATTHC": 1.00001})).code, "1.000010");
    assert_eq!(problem(json!({"MATTHC": 15})), Code::ProcedureInvalid);
}

#[test]
fn the_hash_tells_change_from_none() {
    let one = read(paper("Tờ khai", json!(1), json!(0)));
    assert_eq!(content_hash(&one), content_hash(&one.clone()));
    assert_ne!(
        content_hash(&one),
        content_hash(&read(paper("Tờ khai", json!(2), json!(0))))
    );
}

/// The demo must show the desk every kind of procedure.
#[test]
fn the_demo_catalogue_is_whole_and_varied() {
    let file = from_json(&serde_json::from_str(DEMO).unwrap()).unwrap();
    assert_eq!(file.rejected, []);
    let all: Vec<&Procedure> = file.procedures.iter().map(|(_, p)| p).collect();
    assert!((55..=70).contains(&all.len()), "{}", all.len());
    assert!(all.iter().all(|p| p.sample && p.field_name.is_some()));
    let limit = |p: &Procedure| primary_limit(p, ChannelKind::Counter);
    for unit in [
        LimitUnit::WorkingDay,
        LimitUnit::Day,
        LimitUnit::Hour,
        LimitUnit::Month,
    ] {
        assert!(
            all.iter().any(|p| limit(p).is_some_and(|l| l.unit == unit)),
            "{unit:?}"
        );
    }
    assert!(all.iter().any(|p| limit(p).is_none()));
    assert!(all.iter().any(|p| p.is_immediate(ChannelKind::Counter)));
    assert!(
        all.iter()
            .any(|p| fee_summary(p, ChannelKind::Counter).free)
    );
    assert!(
        all.iter()
            .any(|p| fee_summary(p, ChannelKind::Counter).amounts == [8_000])
    );
    assert!(all.iter().any(|p| p.papers.len() >= 10));
    assert!(
        all.iter()
            .flat_map(|p| &p.papers)
            .all(|p| p.originals_printed.is_none()),
        "cleaned by hand"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "1",
            "Ngày làm việc",
            "0,5",
            "-3",
            "20261",
            "Miễn phí",
            "01/13/2026"
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "MATTHC",
        "TENTTHC",
        "LINHVUCTHUCHIEN",
        "CACHTHUCTHUCHIEN",
        "KENH",
        "THOIGIAN",
        "THOIGIANGIAIQUYET",
        "DONVITINH",
        "PHILEPHI",
        "SOTIEN",
        "DONVI",
        "MOTA",
        "THANHPHANHOSO",
        "GIAYTO",
        "TENGIAYTO",
        "SOBANCHINH",
        "SOBANSAO",
        "KETQUATHUCHIEN",
        "TENKETQUA",
        "DOITUONGTHUCHIEN",
        "NGAYAPDUNG",
        "YEUCAU",
        "data",
        "status",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|m| Value::Object(
                m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

proptest! {
    /// Whatever the JSON, there is an answer, and what goes in comes back the same.
    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        if let Ok(file) = from_json(&json) {
            for (_, procedure) in &file.procedures {
                let back: Procedure = serde_json::from_value(serde_json::to_value(procedure).unwrap()).unwrap();
                prop_assert_eq!(&back, procedure);
                prop_assert!(!procedure.code.is_empty() && !procedure.name.is_empty());
            }
        }
        let _ = from_lay_thu_tuc(&row(json!({"CACHTHUCTHUCHIEN": json.clone(), "THANHPHANHOSO": json})));
    }
}
