use std::io::Write;

use motcua_domain::Code;
use motcua_domain::catalogue::template::header;
use motcua_domain::catalogue::{ChannelKind, primary_limit};
use proptest::prelude::*;
use rstest::rstest;

use super::*;

const TEMPLATE: &[u8] = include_bytes!("../../../../assets/catalogue/mau-danh-muc.csv");
const DEMO: &[u8] = include_bytes!("../../../../assets/catalogue/demo.json");

fn code(bytes: &[u8]) -> Code {
    read_bytes(bytes, "tệp").expect_err("must be refused").code
}

/// A workbook of one sheet, from the XML of its cells.
fn workbook(cells: &str) -> Vec<u8> {
    packed(&[
        (
            "[Content_Types].xml",
            r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#,
        ),
        (
            "_rels/.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
        (
            "xl/worksheets/sheet1.xml",
            &format!(
                r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>"#
            ),
        ),
    ])
}

fn packed(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn text_cell(place: &str, text: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

#[test]
fn the_shipped_template_reads_and_has_our_header() {
    let file = read_bytes(TEMPLATE, "mau-danh-muc.csv").unwrap();
    assert_eq!(file.rejected, []);
    assert_eq!(file.procedures.len(), 2);
    assert!(
        file.procedures[0].1.papers.len() > 1,
        "several rows, one procedure"
    );
    assert!(
        TEMPLATE.starts_with(b"\xEF\xBB\xBF"),
        "Excel needs the mark to read Vietnamese"
    );
    let text = std::str::from_utf8(TEMPLATE).unwrap();
    assert_eq!(
        text.lines().next().unwrap().trim_start_matches('\u{FEFF}'),
        header().join(";")
    );
}

#[test]
fn the_shipped_demo_reads() {
    let file = read_bytes(DEMO, "demo.json").unwrap();
    assert!(file.procedures.len() > 50 && file.rejected.is_empty());
}

#[rstest]
#[case::comma("Mã TTHC,Tên TTHC,Thời hạn\n1.000001,\"Cấp, đổi thẻ\",5 ngày làm việc\n")]
#[case::semicolon("\u{FEFF}Mã TTHC;Tên TTHC;Thời hạn\r\n1.000001;Cấp, đổi thẻ;5 ngày làm việc\r\n")]
#[case::tab("Mã TTHC\tTên TTHC\tThời hạn\n1.000001\tCấp, đổi thẻ\t5 ngày làm việc")]
#[case::title_above(
    "DANH MỤC THỦ TỤC;;\n;;\nMã TTHC;Tên TTHC;Thời hạn\n1.000001;Cấp, đổi thẻ;5 ngày làm việc\n"
)]
#[case::json(r#"  [{"MATTHC":"1.000001","TENTTHC":"Cấp, đổi thẻ","CACHTHUCTHUCHIEN":[{"KENH":"1","THOIGIAN":[{"THOIGIANGIAIQUYET":5,"DONVITINH":"Ngày làm việc"}]}]}]"#)]
fn the_same_procedure_in_every_form(#[case] text: &str) {
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(
            text.trim_start_matches('\u{FEFF}')
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect();
    for bytes in [text.as_bytes(), &utf16] {
        let file = read_bytes(bytes, "tệp").unwrap();
        assert_eq!(
            (file.procedures.len(), file.rejected.len()),
            (1, 0),
            "{file:?}"
        );
        let procedure = &file.procedures[0].1;
        assert_eq!(
            (procedure.code.as_str(), procedure.name.as_str()),
            ("1.000001", "Cấp, đổi thẻ")
        );
        assert_eq!(
            primary_limit(procedure, ChannelKind::Counter).map(|l| l.value),
            Some(5)
        );
    }
}

/// Excel keeps `1.000010` as the number 1.00001, and may hold a stray cell in its last row.
#[test]
fn a_workbook() {
    let head = format!(
        r#"<row r="1">{}{}{}</row>"#,
        text_cell("A1", "Mã TTHC"),
        text_cell("B1", "Tên TTHC"),
        text_cell("C1", "Giấy tờ")
    );
    let rows = format!(
        r#"<row r="3"><c r="A3"><v>1.00001</v></c>{}{}</row><row r="4">{}</row><row r="1048576">{}</row>"#,
        text_cell("B3", "Cấp thẻ"),
        text_cell("C3", "Tờ khai"),
        text_cell("C4", "Ảnh"),
        text_cell("XFD1048576", "x")
    );
    let file = read_bytes(&workbook(&(head + &rows)), "bang.xlsx").unwrap();
    assert_eq!(file.rejected, []);
    let (row, procedure) = &file.procedures[0];
    assert_eq!(
        (*row, procedure.code.as_str(), procedure.papers.len()),
        (3, "1.000010", 2)
    );
}

#[rstest]
#[case::empty(b"")]
#[case::blank(b"\xEF\xBB\xBF \n ")]
#[case::broken_json(b"[{\"MATTHC\": ")]
#[case::json_without_procedures(b"{\"a\": 1}")]
#[case::page(b"<!DOCTYPE html><html></html>")]
#[case::pdf(b"%PDF-1.7 x")]
#[case::picture(b"\x89PNG\r\n\x1a\n\0\0\0\xFF")]
#[case::old_excel(b"\xD0\xCF\x11\xE0\xA1\xB1")]
#[case::old_code_page(b"M\xE3 TTHC;T\xEAn TTHC\n")]
#[case::other_table(b"a;b\n1;2\n")]
#[case::not_really_packed(b"PK\x03\x04zzzz")]
fn not_a_catalogue_file(#[case] bytes: &[u8]) {
    let refusal = read_bytes(bytes, "tệp.bin").unwrap_err();
    assert_eq!(refusal.code, Code::CatalogueUnreadable);
    assert!(
        refusal.message.contains("vẫn giữ nguyên"),
        "says what is safe: {}",
        refusal.message
    );
}

#[test]
fn other_packed_files_and_bombs_are_refused() {
    assert_eq!(
        code(&packed(&[("readme.txt", "not a workbook")])),
        Code::CatalogueUnreadable
    );
    let zeros = " ".repeat(600_000);
    let bomb = packed(&[("a", &zeros), ("b", &zeros)]);
    assert!(bomb.len() < 10_000, "small outside");
    assert_eq!(within_unpacked_limit(&bomb, "bom.xlsx", 1_200_000), Ok(()));
    let refusal = within_unpacked_limit(&bomb, "bom.xlsx", 1_199_999)
        .unwrap_err()
        .expect("too large, not broken");
    assert!(refusal.message.contains("quá lớn"));
}

#[test]
fn too_large_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lon.csv");
    File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
    assert!(read_file(&path).unwrap_err().message.contains("64 MB"));
    let refusal = read_file(&folder.path().join("khong-co.json")).unwrap_err();
    assert_eq!(refusal.code, Code::CatalogueUnreadable);
    assert!(read_file(folder.path()).is_err(), "a folder");
}

#[test]
fn too_many_rows_are_refused_not_cut_off() {
    let mut text = String::from("Mã TTHC;Tên TTHC\n");
    for i in 0..=MAX_ROWS {
        text.push_str(&format!("9.{i:06};Cấp thẻ {i}\n"));
    }
    assert!(
        read_bytes(text.as_bytes(), "dai.csv")
            .unwrap_err()
            .message
            .contains("quá nhiều dòng")
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_bytes(&bytes, "tệp");
    }

    #[test]
    fn any_csv_is_read_or_refused(body in "([a-zA-ZĐđ0-9.;,\"\t\r\n -]{0,200})", mark in any::<bool>()) {
        let text = format!("{}Mã TTHC;Tên TTHC;Giấy tờ;Bản sao\n{body}", if mark { "\u{FEFF}" } else { "" });
        if let Err(refusal) = read_bytes(text.as_bytes(), "tệp") {
            prop_assert_eq!(refusal.code, Code::CatalogueUnreadable);
        }
    }

    /// A workbook cut or changed anywhere never brings the program down.
    #[test]
    fn damaged_workbooks(at in 0_usize..1_500, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = workbook(&format!(r#"<row r="1">{}{}</row>"#, text_cell("A1", "Mã TTHC"), text_cell("B1", "Tên TTHC")));
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let _ = read_bytes(&bytes, "tệp.xlsx");
    }
}
