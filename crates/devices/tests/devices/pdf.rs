//! Small PDF documents, and what a printed one says.

use std::path::Path;
use std::process::Command;

/// One page with one line of text. Letters beyond ASCII are given codes of their own and a
/// `ToUnicode` table, as real documents do, so that a printing chain that drops the table shows.
pub(crate) fn page(width: f64, height: f64, text: &str) -> Vec<u8> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let code = |c: char| letters.iter().position(|&letter| letter == c).unwrap() + 33;
    let line: String = text.chars().map(|c| format!("{:02x}", code(c))).collect();
    let table: String = letters
        .iter()
        .map(|&c| format!("<{:02x}> <{:04x}>\n", code(c), c as u32))
        .collect();
    let to_unicode = format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /T def /CMapType 2 def\n\
         1 begincodespacerange <00> <ff> endcodespacerange\n{} beginbfchar\n{table}endbfchar\nendcmap end end",
        letters.len()
    );
    let stream = |content: &str| {
        format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        )
    };
    let widths = "600 ".repeat(letters.len());
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        stream(&format!("BT /F1 10 Tf 40 300 Td <{line}> Tj ET")),
        format!(
            "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /FirstChar 33 /LastChar {} /Widths [{widths}] \
             /ToUnicode 6 0 R >>",
            32 + letters.len()
        ),
        stream(&to_unicode),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = pdf.len();
    pdf += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        pdf += &format!("{offset:010} 00000 n \n");
    }
    pdf += &format!(
        "trailer\n<< /Root 1 0 R /Size {} >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    pdf.into_bytes()
}

pub(crate) fn a5(text: &str) -> Vec<u8> {
    page(419.53, 595.28, text)
}

/// What `pdftotext` reads.
pub(crate) fn text_of(file: &Path) -> String {
    let output = Command::new("pdftotext")
        .arg("-layout")
        .arg(file)
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Width and height in points.
pub(crate) fn size_of(file: &Path) -> (f64, f64) {
    let output = Command::new("pdfinfo").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("Page size:"))
        .unwrap();
    let numbers: Vec<f64> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    (numbers[0], numbers[1])
}
