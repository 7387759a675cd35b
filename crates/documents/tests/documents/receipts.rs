use motcua_documents::*;
use motcua_domain::refusal::Code;
use rstest::rstest;
use unicode_normalization::UnicodeNormalization;

use crate::{cases, tools::*};

/// Text without blanks and hyphens: pdftotext drops a hyphen at the end of a line.
fn flat(text: &str) -> String {
    text.nfc()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect()
}

/// The pages of a text, as pdftotext parts them.
fn pages(text: &str) -> Vec<&str> {
    text.trim_end_matches('\u{c}').split('\u{c}').collect()
}

#[rstest]
#[case("usual", cases::usual())]
#[case("proxy", cases::proxy())]
#[case("bare", cases::bare())]
#[case("provisional", cases::provisional())]
#[case("replaced", cases::replaced())]
fn reads_as_it_should(#[case] name: &str, #[case] data: Receipt) {
    // Right when it reads aloud as Mẫu 01 of TT 01/2018/TT-VPCP, both copies, in order.
    let text = File::new(&pdf(&data), "receipt.pdf").text("-raw");
    insta::assert_snapshot!(name, text.replace('\u{c}', "\n=== trang ===\n"));
}

#[test]
fn official_words_are_whole_in_both_reading_orders() {
    for (name, data) in cases::all() {
        let file = File::new(&pdf(&data), "receipt.pdf");
        for mode in ["-raw", "-layout"] {
            let text = file.text(mode);
            let code = format!("Mã hồ sơ: {}", data.case_code);
            for words in [
                code.as_str(),
                "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
                "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
                "Độc lập - Tự do - Hạnh phúc",
                "(Liên 1: Lưu)",
                "(Liên 2: Giao khách hàng)",
                "NGƯỜI NỘP HỒ SƠ",
                "NGƯỜI TIẾP NHẬN HỒ SƠ",
            ] {
                assert!(text.contains(words), "{name} {mode} lacks «{words}»");
            }
        }
    }
}

#[test]
fn every_paper_and_the_procedure_are_whole() {
    for (name, data) in cases::all() {
        let text = flat(&File::new(&pdf(&data), "receipt.pdf").text("-raw"));
        assert!(
            text.contains(&flat(&data.procedure_name)),
            "{name}: procedure"
        );
        assert!(text.contains(&flat(&data.owner.name)), "{name}: owner");
        for paper in &data.papers {
            let mut rest = text.as_str();
            // A row over two sheets is parted by the margins: its words still follow one another.
            for word in paper
                .name
                .replace('\u{F0FC}', "✓")
                .replace('王', "□")
                .split_whitespace()
            {
                let word = flat(word);
                let at = rest
                    .find(&word)
                    .unwrap_or_else(|| panic!("{name}: «{word}» is cut"));
                rest = &rest[at + word.len()..];
            }
        }
    }
}

#[test]
fn usual_receipt_is_two_a5_pages_within_sixty_kilobytes() {
    let bytes = pdf(&cases::usual());
    assert!(bytes.len() <= 60 * 1024, "{} bytes", bytes.len());
    let file = File::new(&bytes, "receipt.pdf");
    assert_eq!(pages(&file.text("-raw")).len(), 2, "one sheet a copy");
    let info = file.ask("pdfinfo", &["-isodates"], &[]);
    for line in [
        "Title:           Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        "Subject:         H99.12-261118-0047",
        "419.53 x 595.28 pts",
        "PDF version:     1.7",
    ] {
        assert!(info.contains(line), "{info}");
    }
    let has = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    assert!(has(b"/Lang(vi-VN)"), "the language is stated");
    assert!(
        has(b"(D:20261118092100+07'00')"),
        "local time with its zone"
    );
}

#[test]
fn every_page_of_every_case_is_a5() {
    for (name, data) in cases::all() {
        let info = File::new(&pdf(&data), "r.pdf").ask("pdfinfo", &["-f", "1", "-l", "99"], &[]);
        let sizes: Vec<_> = info
            .lines()
            .filter(|l| l.starts_with("Page ") && l.contains(" size:"))
            .collect();
        assert!(
            !sizes.is_empty() && sizes.len() % 2 == 0,
            "{name}: two equal copies"
        );
        assert!(
            sizes.iter().all(|line| line.contains("419.53 x 595.28")),
            "{name}: {sizes:?}"
        );
    }
}

#[test]
fn only_used_faces_are_embedded_and_all_of_them_are() {
    let rows = |data: &Receipt| -> Vec<String> {
        let text = File::new(&pdf(data), "receipt.pdf").ask("pdffonts", &[], &[]);
        text.lines().skip(2).map(str::to_owned).collect()
    };
    for (name, data) in cases::all() {
        for row in rows(&data) {
            let words: Vec<&str> = row.split_whitespace().rev().collect();
            // … emb sub uni object ID
            assert_eq!(words[2..5], ["yes", "yes", "yes"], "{name}: {row}");
        }
    }
    assert_eq!(rows(&cases::usual()).len(), 3, "Regular, Bold, Italic");
    assert_eq!(rows(&cases::long()).len(), 4, "and the symbols");
}

/// A word's box on its page.
#[derive(Debug)]
struct Word {
    page: usize,
    edges: [f32; 4],
    text: String,
}

fn words(file: &File) -> Vec<Word> {
    let html = file.ask("pdftotext", &["-bbox"], &["-"]);
    let mut page = 0;
    let mut out = Vec::new();
    for line in html.lines().map(str::trim) {
        page += usize::from(line.starts_with("<page "));
        let Some(rest) = line.strip_prefix("<word ") else {
            continue;
        };
        let mut parts = rest.split('"');
        let mut edge = || parts.by_ref().nth(1).unwrap().parse().unwrap();
        let edges = [edge(), edge(), edge(), edge()];
        let text = parts.collect::<String>();
        out.push(Word { page, edges, text });
    }
    out
}

#[test]
fn nothing_is_clipped_and_nothing_overlaps() {
    for (name, data) in cases::all() {
        let words = words(&File::new(&pdf(&data), "receipt.pdf"));
        assert!(words.len() > 100, "{name}");
        for word in &words {
            let [left, top, right, bottom] = word.edges;
            // 4.2 mm is what office printers cannot reach.
            let inside = left >= 12.0 && top >= 12.0 && right <= 407.6 && bottom <= 583.3;
            assert!(inside, "{name}: {word:?} is too near the edge");
        }
        // Boxes are as tall as the face, and that of the symbols is taller than its signs.
        let words: Vec<_> = words
            .iter()
            .filter(|w| !w.text.contains(['☐', '☑', '✓']))
            .collect();
        for (i, a) in words.iter().enumerate() {
            for b in words[i + 1..].iter().take_while(|b| b.page == a.page) {
                let across = a.edges[2].min(b.edges[2]) - a.edges[0].max(b.edges[0]);
                let down = a.edges[3].min(b.edges[3]) - a.edges[1].max(b.edges[1]);
                assert!(across < 1.0 || down < 1.2, "{name}: {a:?} over {b:?}");
            }
        }
    }
}

#[test]
fn signatures_are_never_alone_however_many_papers() {
    for count in 0..28 {
        let mut data = cases::usual();
        data.papers = (0..count)
            .map(|i| cases::paper(&format!("Giấy tờ số {i}"), 1, 0, 0))
            .collect();
        let text = File::new(&pdf(&data), "receipt.pdf").text("-raw");
        let pages = pages(&text);
        let sheets = pages.len() / 2;
        for copy in pages.chunks(sheets) {
            let last = copy[sheets - 1];
            for words in [
                "Vào Sổ theo dõi hồ sơ",
                "NGƯỜI NỘP HỒ SƠ",
                "Nguyễn Thị Thanh Hà",
                "Ghi chú:",
            ] {
                assert!(
                    last.contains(words),
                    "{count} papers: last sheet lacks «{words}»"
                );
            }
            for (i, page) in copy.iter().enumerate() {
                assert!(
                    page.contains("H99.12-261118-0047"),
                    "{count} papers, sheet {i}"
                );
                let label = format!("tờ {}/{sheets}", i + 1);
                assert_eq!(page.contains(&label), sheets > 1, "{count} papers: {label}");
            }
        }
    }
}

#[test]
fn the_head_of_the_table_stands_on_each_sheet_with_rows() {
    let text = File::new(&pdf(&cases::many()), "receipt.pdf").text("-raw");
    for page in pages(&text)
        .iter()
        .filter(|page| page.contains("của hồ sơ nghiệm thu"))
    {
        assert!(page.contains("Thành phần hồ sơ\n"), "{page}");
    }
}

#[test]
fn decomposed_text_gives_the_same_bytes() {
    let nfd = |text: &str| text.nfd().collect::<String>();
    for (name, data) in cases::all() {
        let mut other = data.clone();
        other.owner.name = nfd(&data.owner.name);
        other.signer = nfd(&data.signer);
        other.procedure_name = nfd(&data.procedure_name);
        other.officer = nfd(&data.officer);
        other.agency.desk = nfd(&data.agency.desk);
        for paper in &mut other.papers {
            paper.name = nfd(&paper.name);
        }
        assert_eq!(pdf(&data), pdf(&other), "{name}");
    }
}

#[test]
fn equal_data_gives_equal_bytes() {
    for (name, data) in cases::all() {
        assert_eq!(pdf(&data), pdf(&data), "{name}");
    }
}

#[test]
fn a_reprint_says_so_on_every_sheet_and_changes_nothing_else() {
    let mut data = cases::many();
    let first = File::new(&pdf(&data), "receipt.pdf").text("-raw");
    data.reprinted_at = Some(cases::at("2026-11-20T10:07"));
    let again = File::new(&pdf(&data), "receipt.pdf").text("-raw");
    let band = "BẢN IN LẠI, 10:07 ngày 20/11/2026";
    assert!(pages(&again).iter().all(|page| page.contains(band)));
    assert!(
        flat(&again).replace(&flat(band), "") == flat(&first),
        "the rest is the original"
    );
}

#[test]
fn both_codes_are_read_back_from_the_paper() {
    for code in [
        "H99.12-261118-0047",
        "H15.50.05.13-261008-0975",
        "000.00.15.H10-210726-0001",
    ] {
        let mut data = cases::usual();
        data.case_code = code.into();
        let file = File::new(&pdf(&data), "receipt.pdf");
        for page in file.render(300) {
            let read = std::process::Command::new("zbarimg")
                .arg("-q")
                .arg(&page)
                .output()
                .unwrap();
            let read = String::from_utf8(read.stdout).unwrap();
            for want in [format!("CODE-128:{code}"), format!("QR-Code:{code}")] {
                assert!(
                    read.lines().any(|line| line == want),
                    "{want} not in: {read}"
                );
            }
        }
    }
}

#[test]
fn pages_look_as_blessed() {
    for (name, data) in cases::all() {
        let file = File::new(&pdf(&data), "receipt.pdf");
        let rendered = file.render(64);
        // The second copy differs by one line; of long papers the first, second and last sheet.
        let copy = &rendered[..rendered.len() / 2];
        let mut chosen = vec![0, 1, copy.len() - 1];
        chosen.retain(|i| *i < copy.len());
        chosen.dedup();
        for i in chosen {
            compare(&copy[i], &format!("receipt-{name}-{}.png", i + 1));
        }
    }
}

#[test]
fn a_form_set_without_the_form_is_refused() {
    let json = include_str!("../../../../assets/forms/tt-01-2018.json")
        .replace("\"receipt\"", "\"other\"");
    let set = FormSet::from_json(&json).unwrap();
    let refusal = receipt(&cases::usual(), &set, &FONTS).unwrap_err();
    assert_eq!(refusal.code, Code::DocumentUnknown);
    let broken = json.replace("{case_code}*", "{case_code*");
    assert_eq!(
        FormSet::from_json(&broken).unwrap_err().code,
        Code::AssetFault
    );
}

#[test]
fn letters_with_two_marks_stay_one_letter() {
    // Ê Đê and Jrai write marks that Unicode composes only in part.
    let mut data = cases::usual();
    data.owner.name = "Hbiă Mlô̆ Kơ̆ Bê̆ Ư̆n".into();
    data.signer.clone_from(&data.owner.name);
    let text = File::new(&pdf(&data), "receipt.pdf").text("-raw");
    assert!(flat(&text).contains(&flat(&data.owner.name)), "{text}");
}
