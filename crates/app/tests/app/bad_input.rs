//! Bad input, one case a line: refused with its code, the field named, and nothing written.

use motcua_domain::Code::{self, *};
use motcua_testkit::branch::{OFFICER, SERVICE, SUPERVISOR, TestBranch, case};
use rstest::rstest;
use serde_json::{Value, json};

/// `case.receive` with that value at that place of an argument that is well.
fn received(pointer: &str, value: Value) -> Value {
    let mut args = case();
    put(&mut args, pointer, value);
    args
}

fn put(args: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match args.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
}

fn applicant(field: &str, value: Value) -> Value {
    received(&format!("/applicant/{field}"), value)
}

fn register(field: &str, value: Value) -> Value {
    let mut args = json!({"service": SERVICE});
    put(&mut args, &format!("/{field}"), value);
    args
}

fn text(letters: usize) -> Value {
    json!("ă".repeat(letters))
}

fn ten_megabytes() -> Value {
    json!("Ằ".repeat(10 * 1024 * 1024 / 3))
}

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

#[rstest]
// ---- shapes ----
#[case::no_such_verb("visit.invent", json!({}), UnknownCommand, None)]
#[case::a_list("visit.register", json!([]), ArgumentInvalid, None)]
#[case::a_list_for_a_person("visit.register", register("applicant", json!(["individual", "Nguyễn Văn An"])), ArgumentInvalid, Some("applicant"))]
#[case::a_list_for_a_paper("case.receive", received("/papers/0", json!([0, 1, 0, 0])), ArgumentInvalid, Some("papers[0]"))]
#[case::a_text("visit.register", json!("ho-tich"), ArgumentInvalid, None)]
#[case::a_number("visit.register", json!(7), ArgumentInvalid, None)]
#[case::nothing("visit.register", json!({}), FieldRequired, Some("service"))]
#[case::null_service("visit.register", json!({"service": null}), ArgumentInvalid, Some("service"))]
#[case::wrong_type("visit.register", json!({"service": 7}), ArgumentInvalid, Some("service"))]
#[case::command_id("visit.register", register("command_id", json!("x")), ArgumentInvalid, Some("command_id"))]
#[case::command_id_number("visit.register", register("command_id", json!(1)), ArgumentInvalid, Some("command_id"))]
#[case::no_applicant_name("visit.register", register("applicant", json!({"kind": "individual"})), FieldRequired, Some("applicant.name"))]
#[case::class("visit.register", register("class", json!("vip")), ArgumentInvalid, Some("class"))]
#[case::origin("visit.register", register("origin", json!("sky")), ArgumentInvalid, Some("origin"))]
#[case::no_papers_index("case.receive", received("/papers/0", json!({})), FieldRequired, Some("papers[0].index"))]
#[case::papers_no_list("case.receive", received("/papers", json!("all")), ArgumentInvalid, Some("papers"))]
#[case::deep("visit.register", register("applicant", json!({"name": [[[[[[[[1]]]]]]]]})), ArgumentInvalid, Some("applicant.name"))]
#[case::visit_id("leg.start", json!({"visit_id": "A-001"}), ArgumentInvalid, Some("visit_id"))]
#[case::unknown_visit("leg.start", json!({"visit_id": NOBODY}), NotFound, Some("visit_id"))]
#[case::unknown_counter("queue.call_next", json!({"counter": 99}), CounterUnknown, Some("counter"))]
#[case::counter_too_large("queue.call_next", json!({"counter": 70_000}), ArgumentInvalid, Some("counter"))]
#[case::counter_negative("queue.call_next", json!({"counter": -1}), ArgumentInvalid, Some("counter"))]
#[case::unknown_service("visit.register", json!({"service": "x"}), ServiceUnknown, Some("service"))]
#[case::unknown_more("visit.register", register("more", json!(["noi-vu", "x"])), ServiceUnknown, Some("more[1]"))]
#[case::nobody_comes("visit.register", register("party_size", json!(0)), NumberOutOfRange, Some("party_size"))]
#[case::a_crowd("visit.register", register("party_size", json!(51)), NumberOutOfRange, Some("party_size"))]
#[case::half_a_person("visit.register", register("party_size", json!(1.5)), ArgumentInvalid, Some("party_size"))]
// ---- dates ----
#[case::no_such_day("case.receive", applicant("birth_date", json!("1990-02-30")), ArgumentInvalid, Some("applicant.birth_date"))]
#[case::our_own_form("case.receive", applicant("birth_date", json!("30/4/1990")), ArgumentInvalid, Some("applicant.birth_date"))]
#[case::before_anybody("case.receive", applicant("birth_date", json!("0001-01-01")), DateInvalid, Some("applicant.birth_date"))]
#[case::year_beyond("case.receive", applicant("birth_date", json!("+262142-01-01")), DateInvalid, Some("applicant.birth_date"))]
#[case::arrived_no_time("visit.register", register("arrived_at", json!("08:00")), ArgumentInvalid, Some("arrived_at"))]
#[case::figures_no_day("day.figures", json!({"date": "2026-13-01"}), ArgumentInvalid, Some("date"))]
#[case::booked_for_yesterday("visit.book", json!({"service": SERVICE, "slot_at": "2026-11-22T09:00:00+07:00"}), DateInvalid, Some("slot_at"))]
#[case::booked_in_two_years("visit.book", json!({"service": SERVICE, "slot_at": "2028-11-23T09:00:00+07:00"}), DateInvalid, Some("slot_at"))]
#[case::booked_no_offset("visit.book", json!({"service": SERVICE, "slot_at": "2026-11-24T09:00:00"}), ArgumentInvalid, Some("slot_at"))]
#[case::booked_for_nobody("visit.book", json!({"service": SERVICE, "slot_at": "2026-11-25T09:00:00+07:00"}), FieldRequired, Some("applicant.name"))]
#[case::booked_by_phone_alone("visit.book", json!({"service": SERVICE, "slot_at": "2026-11-25T09:00:00+07:00", "applicant": {"name": "", "phone": "0912345678"}}), FieldRequired, Some("applicant.name"))]
#[case::close_tomorrow("day.close", json!({"date": "2026-11-24"}), DateInvalid, Some("date"))]
#[case::due_limit("calendar.due", json!({"limit": {"value": 99_999, "unit": "day"}}), LimitInvalid, Some("limit.value"))]
#[case::due_unit("calendar.due", json!({"limit": {"value": 1, "unit": "fortnight"}}), ArgumentInvalid, Some("limit.unit"))]
#[case::fee_below_zero("fee.qr", json!({"visit_id": NOBODY, "amount": -1}), ArgumentInvalid, Some("amount"))]
#[case::fee_of_nobody("fee.qr", json!({"visit_id": NOBODY, "amount": 1}), NotFound, Some("visit_id"))]
// ---- names ----
#[case::empty("case.receive", applicant("name", json!("")), FieldRequired, Some("applicant.name"))]
#[case::blank("case.receive", applicant("name", json!(" \t\u{a0} ")), FieldRequired, Some("applicant.name"))]
#[case::letters_301(
    "case.receive",
    applicant("name", text(301)),
    FieldTooLong,
    Some("applicant.name")
)]
#[case::megabytes(
    "case.receive",
    applicant("name", ten_megabytes()),
    FieldTooLong,
    Some("applicant.name")
)]
#[case::digits_only("case.receive", applicant("name", json!("12345")), FieldCharacters, Some("applicant.name"))]
#[case::emoji("case.receive", applicant("name", json!("Mai 😀")), FieldCharacters, Some("applicant.name"))]
#[case::dingbat("case.receive", applicant("name", json!("Mai ✔")), FieldCharacters, Some("applicant.name"))]
#[case::bell("case.receive", applicant("name", json!("Mai\u{7}")), FieldCharacters, Some("applicant.name"))]
#[case::zero_byte("case.receive", applicant("name", json!("Mai\0")), FieldCharacters, Some("applicant.name"))]
#[case::escape("case.receive", applicant("name", json!("\u{1b}[2JMai")), FieldCharacters, Some("applicant.name"))]
#[case::right_to_left("case.receive", applicant("name", json!("Mai\u{202e}iaM")), FieldCharacters, Some("applicant.name"))]
#[case::isolate("case.receive", applicant("name", json!("\u{2067}Mai\u{2069}")), FieldCharacters, Some("applicant.name"))]
#[case::zero_width("case.receive", applicant("name", json!("Ma\u{200b}i")), FieldCharacters, Some("applicant.name"))]
#[case::mark("case.receive", applicant("name", json!("\u{feff}Mai")), FieldCharacters, Some("applicant.name"))]
#[case::replacement("case.receive", applicant("name", json!("M\u{fffd}i")), FieldCharacters, Some("applicant.name"))]
#[case::submitter("case.receive", received("/submitter", json!({"name": ""})), FieldRequired, Some("submitter.name"))]
#[case::at_reception("visit.register", register("applicant", json!({"name": text(301)})), FieldTooLong, Some("applicant.name"))]
#[case::representative(
    "case.receive",
    applicant("representative", text(301)),
    FieldTooLong,
    Some("applicant.representative")
)]
// ---- numbers, telephones, addresses of people ----
#[case::id_letters("case.receive", applicant("id_number", json!("00119000000₫")), CardNumberInvalid, Some("applicant.id_number"))]
#[case::id_short("case.receive", applicant("id_number", json!("1234")), CardNumberInvalid, Some("applicant.id_number"))]
#[case::id_long("case.receive", applicant("id_number", json!("1".repeat(65))), FieldTooLong, Some("applicant.id_number"))]
#[case::tax_code("case.receive", received("/applicant", json!({"kind": "enterprise", "name": "Công ty", "id_number": "0100109107"})), TaxCodeInvalid, Some("applicant.id_number"))]
#[case::tax_letters("case.receive", received("/applicant", json!({"kind": "household_business", "name": "Hộ Mai", "id_number": "abc"})), TaxCodeInvalid, Some("applicant.id_number"))]
#[case::phone_short("case.receive", applicant("phone", json!("0912")), PhoneInvalid, Some("applicant.phone"))]
#[case::phone_words("case.receive", applicant("phone", json!("không có")), PhoneInvalid, Some("applicant.phone"))]
#[case::email_no_at("case.receive", applicant("email", json!("mai.vn")), ArgumentInvalid, Some("applicant.email"))]
#[case::email_no_host("case.receive", applicant("email", json!("mai@vn")), ArgumentInvalid, Some("applicant.email"))]
#[case::email_blank_inside("case.receive", applicant("email", json!("m ai@nha.vn")), ArgumentInvalid, Some("applicant.email"))]
#[case::address_long(
    "case.receive",
    applicant("address", text(501)),
    FieldTooLong,
    Some("applicant.address")
)]
#[case::kind("case.receive", applicant("kind", json!("ghost")), ArgumentInvalid, Some("applicant.kind"))]
#[case::check_of_a_party("citizen.check", json!({"party": {"name": "Mai", "phone": "1"}}), PhoneInvalid, Some("party.phone"))]
// ---- cases ----
#[case::no_procedure("case.receive", received("/procedure_code", json!("")), FieldRequired, Some("procedure_code"))]
#[case::unknown_procedure("case.receive", received("/procedure_code", json!("9.999999")), ProcedureUnknown, Some("procedure_code"))]
#[case::paper_beyond("case.receive", received("/papers/0/index", json!(3)), PaperIndexInvalid, Some("papers[0].index"))]
#[case::paper_far_beyond("case.receive", received("/papers/0/index", json!(u64::MAX)), PaperIndexInvalid, Some("papers[0].index"))]
#[case::paper_negative("case.receive", received("/papers/0/index", json!(-1)), ArgumentInvalid, Some("papers[0].index"))]
#[case::paper_twice("case.receive", received("/papers/1/index", json!(0)), PaperIndexInvalid, Some("papers[1].index"))]
#[case::ten_thousand_copies("case.receive", received("/papers/2/copies", json!(10_000)), PaperCountInvalid, Some("papers[2].copies"))]
#[case::hundred_originals("case.receive", received("/papers/0/originals", json!(100)), PaperCountInvalid, Some("papers[0].originals"))]
#[case::certified("case.receive", received("/papers/0/certified", json!(u32::MAX)), PaperCountInvalid, Some("papers[0].certified"))]
#[case::copies_negative("case.receive", received("/papers/0/copies", json!(-1)), ArgumentInvalid, Some("papers[0].copies"))]
#[case::not_applicable_emoji("case.receive", received("/papers/0/not_applicable", json!("🙅")), FieldCharacters, Some("papers[0].not_applicable"))]
#[case::no_sets("case.receive", received("/sets", json!(0)), NumberOutOfRange, Some("sets"))]
#[case::hundred_sets("case.receive", received("/sets", json!(100)), NumberOutOfRange, Some("sets"))]
#[case::huge_fee("case.receive", received("/fee", json!({"amount": 1_000_000_001u64, "method": "cash"})), NumberOutOfRange, Some("fee.amount"))]
#[case::negative_fee("case.receive", received("/fee", json!({"amount": -1, "method": "cash"})), ArgumentInvalid, Some("fee.amount"))]
#[case::half_a_dong("case.receive", received("/fee", json!({"amount": 0.5, "method": "cash"})), ArgumentInvalid, Some("fee.amount"))]
#[case::exempt_for_nothing("case.receive", received("/fee", json!({"amount": 0, "method": "exempt"})), FieldRequired, Some("fee.ground"))]
#[case::exempt_blank("case.receive", received("/fee", json!({"amount": 0, "method": "exempt", "ground": "  "})), FieldRequired, Some("fee.ground"))]
#[case::post_to_nowhere("case.receive", received("/return_method", json!("post")), FieldRequired, Some("return_address"))]
#[case::pigeon("case.receive", received("/return_method", json!("pigeon")), ArgumentInvalid, Some("return_method"))]
#[case::notes_long(
    "case.receive",
    received("/notes", text(1_001)),
    FieldTooLong,
    Some("notes")
)]
#[case::notes_megabytes(
    "case.receive",
    received("/notes", ten_megabytes()),
    FieldTooLong,
    Some("notes")
)]
#[case::ground_long(
    "case.receive",
    received("/missing_ground", text(1_001)),
    FieldTooLong,
    Some("missing_ground")
)]
#[case::limit("case.receive", received("/limit", json!({"value": 4_000, "unit": "day"})), LimitInvalid, Some("limit.value"))]
#[case::counter_of_a_case("case.receive", received("/counter", json!(9)), CounterUnknown, Some("counter"))]
#[case::visit_of_a_case("case.receive", received("/visit_id", json!(NOBODY)), NotFound, Some("visit_id"))]
#[case::case_by_nothing("case.get", json!({}), FieldRequired, Some("code"))]
#[case::case_unknown("case.get", json!({"code": "H99.12-261123-0001"}), NotFound, Some("code"))]
#[case::search_megabytes("case.search", json!({"text": ten_megabytes()}), FieldTooLong, Some("text"))]
#[case::search_control("citizen.find", json!({"text": "Mai\u{1}"}), FieldCharacters, Some("text"))]
#[case::catalogue_unknown("catalogue.get", json!({"code": "9.999999"}), ProcedureUnknown, Some("code"))]
#[case::no_card("identity.parse", json!({"raw": ""}), CardEmpty, Some("raw"))]
#[case::paper_kind("document.render", json!({"kind": "poem", "id": NOBODY}), ArgumentInvalid, Some("kind"))]
#[case::receipt_as_picture("document.render", json!({"kind": "receipt", "id": NOBODY, "format": "png"}), DocumentUnknown, Some("format"))]
#[case::printer("print.submit", json!({"kind": "ticket", "id": NOBODY, "printer": "fax"}), PrinterUnknown, Some("printer"))]
#[case::printer_port("printer.assign", json!({"kind": "ticket", "printer": "tcp:khong-co:abc"}), PrinterUnknown, Some("printer"))]
#[case::printer_cable("printer.assign", json!({"kind": "ticket", "printer": "serial:ttyUSB0"}), PrinterUnknown, Some("printer"))]
#[case::printer_queue("printer.test", json!({"printer": "cups:May in"}), PrinterUnknown, Some("printer"))]
#[case::set_aside_for_nothing("print.cancel", json!({"job_id": NOBODY}), FieldRequired, Some("reason"))]
#[case::unknown_job("print.retry", json!({"job_id": NOBODY}), NotFound, Some("job_id"))]
fn bad_input_is_refused_names_its_field_and_writes_nothing(
    #[case] name: &str,
    #[case] args: Value,
    #[case] code: Code,
    #[case] field: Option<&str>,
) {
    let branch = TestBranch::demo();
    let before = (branch.events(), branch.dump());
    let error = branch.refused(SUPERVISOR, name, args);
    assert_eq!(
        (error.code, error.field.as_deref()),
        (code, field),
        "{error}"
    );
    assert!(!error.message.trim().is_empty() && !error.message.contains('!'));
    assert_eq!((branch.events(), branch.dump()), before);
}

#[rstest]
#[case::one_letter("Ú", "Ú")]
#[case::spaces("  Lò   Thị  Mai ", "Lò Thị Mai")]
#[case::decomposed("Nguye\u{302}\u{303}n Thi\u{323} A\u{301}nh", "Nguyễn Thị Ánh")]
#[case::apostrophe("K'Brôi H'Đơk", "K'Brôi H'Đơk")]
#[case::hyphen("Y-Bhăm Niê", "Y-Bhăm Niê")]
fn a_name_is_stored_composed_and_as_people_write_it(#[case] typed: &str, #[case] stored: &str) {
    let branch = TestBranch::demo();
    let received = branch.ok(OFFICER, "case.receive", applicant("name", json!(typed)));
    let case = branch.ok(OFFICER, "case.get", json!({"id": received["case_id"]}));
    assert_eq!(case["case"]["applicant"]["name"], stored);
}

#[test]
fn three_hundred_letters_are_a_name() {
    let branch = TestBranch::demo();
    branch.ok(OFFICER, "case.receive", applicant("name", text(300)));
    branch.assert_sound();
}

#[rstest]
#[case::below_zero("case.receive", received("/fee", json!({"amount": -5000, "method": "cash"})), "Ô “Mức phí” không nhận số âm.")]
#[case::no_number("case.receive", received("/fee", json!({"amount": "x", "method": "cash"})), "Ô “Mức phí” có giá trị không đúng dạng.")]
#[case::no_reason("print.cancel", json!({"job_id": NOBODY}), "Thiếu ô “Lý do”.")]
#[case::blank("case.receive", applicant("name", json!(" ")), "Ô “Họ và tên” chưa có nội dung.")]
#[case::signs("case.receive", applicant("address", json!("Bản Mòng \u{7}")), "Ô “Địa chỉ” có ký tự")]
#[case::of_a_program("device.revoke", json!({}), "Thiếu ô “device”.")]
fn officers_read_their_own_words_for_fields(
    #[case] name: &str,
    #[case] args: Value,
    #[case] says: &str,
) {
    let message = TestBranch::demo().refused("quan-tri", name, args).message;
    assert!(message.starts_with(says), "{message}");
}

#[rstest]
#[case::unknown("nobody", "queue.snapshot", OfficerUnknown)]
#[case::not_signed_in("", "queue.snapshot", OfficerUnknown)]
#[case::reception_calls("khoi", "queue.call_next", NotAllowed)]
#[case::officer_closes("dung", "day.close", NotAllowed)]
#[case::officer_registers_not_configures("ha", "branch.configure", NotAllowed)]
fn who_may_is_decided_here(#[case] officer: &str, #[case] name: &str, #[case] code: Code) {
    let branch = TestBranch::demo();
    let before = branch.events();
    let args = json!({"counter": 1, "branch": {}});
    assert_eq!(branch.refused(officer, name, args).code, code);
    assert_eq!(branch.events(), before);
}
