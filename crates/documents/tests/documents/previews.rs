//! What is shown before printing, beside what another program makes of the same bytes.

use motcua_documents::*;
use motcua_domain::refusal::Code;

use crate::{cases, lists, slips, tools::*};

/// Every paper that there is, short and extreme.
fn papers() -> Vec<(String, Vec<u8>)> {
    let receipts = cases::all().map(|(name, data)| (format!("receipt-{name}"), pdf(&data)));
    let slips = slips::ALL.map(|name| {
        let slip = slips::slip(name);
        (format!("slip-{name}"), slips::pdf(&slip))
    });
    let lists = lists::ALL.map(|name| (format!("list-{name}"), lists::pdf(name)));
    let tickets = cases::tickets().map(|(name, data)| {
        let strip = ticket(&data, &FONTS).unwrap();
        (format!("ticket-{name}"), strip.to_pdf().unwrap())
    });
    receipts
        .into_iter()
        .chain(slips)
        .chain(lists)
        .chain(tickets)
        .collect()
}

/// Squares of four dots by four, so that the smoothing of letters does not count.
fn squares(width: u32, height: u32, dots: &[u8]) -> Vec<i32> {
    let (across, down) = (width as usize / 4, height as usize / 4);
    (0..across * down)
        .map(|at| {
            let (x, y) = (at % across * 4, at / across * 4);
            let sum: i32 = (0..16)
                .map(|i| i32::from(dots[(y + i / 4) * width as usize + x + i % 4]))
                .sum();
            sum / 16
        })
        .collect()
}

#[test]
fn every_page_of_every_paper_looks_as_poppler_draws_it() {
    let mut pages = 0;
    for (name, bytes) in papers() {
        let paper = Preview::open(&bytes).unwrap();
        let file = File::new(&bytes, "paper.pdf");
        let judged = file.render(144);
        assert_eq!(paper.pages(), judged.len(), "{name}");
        // Long ones repeat themselves.
        for (i, judged) in judged.iter().enumerate().take(2) {
            let shown = paper.draw(i).unwrap();
            let own = file.beside("own.png", &shown.png);
            let (want, have) = (pixels(judged), pixels(&own));
            assert_eq!((want.0, want.1), (have.0, have.1), "{name}: size");
            // Poppler writes grey in three channels.
            let grey: Vec<u8> = want.2.chunks(3).map(|dot| dot[0]).collect();
            let want = squares(want.0, want.1, &grey);
            let have = squares(have.0, have.1, &have.2);
            let differ = want.iter().zip(&have).filter(|(a, b)| (*a - *b).abs() > 60);
            // Dots of a strip fall otherwise into those of a screen.
            let most = if name.starts_with("ticket") {
                0.04
            } else {
                0.002
            };
            let share = differ.count() as f64 / want.len() as f64;
            assert!(
                share < most,
                "{name}, page {i}: {:.2} % differs",
                share * 100.0
            );
            pages += 1;
        }
    }
    assert!(pages > 50, "{pages} pages");
}

#[test]
fn the_codes_of_a_receipt_are_read_from_the_screen() {
    let data = cases::usual();
    let bytes = pdf(&data);
    let shown = Preview::open(&bytes).unwrap().draw(0).unwrap();
    assert_eq!((shown.width_mm, shown.height_mm), (148, 210));
    let read = File::new(&shown.png, "page.png").ask("zbarimg", &["-q", "--raw"], &[]);
    let lines: Vec<&str> = read.lines().collect();
    assert!(lines.contains(&data.case_code.as_str()), "{lines:?}");
}

#[test]
fn what_is_not_understood_is_refused_and_never_half_drawn() {
    let code = |bytes: &[u8]| {
        Preview::open(bytes)
            .and_then(|paper| paper.draw(0))
            .unwrap_err()
            .code
    };
    assert_eq!(code(b""), Code::PreviewFault);
    assert_eq!(code(b"%PDF-1.7\nhalf"), Code::PreviewFault);
    let usual = pdf(&cases::usual());
    assert_eq!(code(&usual[..usual.len() / 2]), Code::PreviewFault);
    let paper = Preview::open(&usual).unwrap();
    assert_eq!(paper.draw(99).unwrap_err().code, Code::PreviewFault);
    // A page of somebody else's: a scan, whose picture is a JPEG.
    let jpeg = scans::take_in(include_bytes!("../goldens/list-fee-1.png")).unwrap();
    let scans::TakenIn::Picture { jpeg, .. } = jpeg else {
        panic!("a picture")
    };
    let sheet = scans::Sheet {
        file: 0,
        page: 0,
        turn: 0,
    };
    let scan = scans::bind(&[jpeg], &[sheet]).unwrap();
    assert_eq!(code(&scan), Code::PreviewFault);
}
