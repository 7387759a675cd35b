use motcua_documents::*;

use crate::{cases, tools::*};

fn draw(data: &Ticket) -> Raster {
    ticket(data, &FONTS).unwrap()
}

/// Every dot stands where it stood when somebody looked at it.
#[track_caller]
fn assert_as_blessed(name: &str, raster: &Raster) {
    let golden = golden(&format!("{name}.png"));
    if blessing() {
        std::fs::write(&golden, raster.to_png()).unwrap();
    }
    let (width, height, bytes) = pixels(&golden);
    assert_eq!(
        (width as usize, height as usize),
        (raster.width(), raster.height()),
        "{name}"
    );
    let differ = (0..raster.height())
        .flat_map(|y| (0..raster.width()).map(move |x| (x, y)))
        .filter(|(x, y)| (bytes[y * raster.width() + x] == 0) != raster.is_ink(*x, *y))
        .count();
    assert_eq!(differ, 0, "{name}: dots differ");
}

#[test]
fn tickets_are_to_the_dot_as_blessed() {
    for (name, data) in cases::tickets() {
        assert_as_blessed(&format!("ticket-{name}"), &draw(&data));
    }
}

#[test]
fn slips_are_to_the_dot_as_blessed() {
    let usual = slip();
    let bare = Appointment {
        name: None,
        address: String::new(),
        phone: String::new(),
        ..slip()
    };
    let long = Appointment {
        name: Some("Công Tằng Tôn Nữ Hoàng Thị Kim Phượng Nguyễn Đặng Quỳnh Trâm Anh".to_owned()),
        service: "Đất đai, môi trường, xây dựng, giao thông vận tải, nông nghiệp và phát triển nông thôn"
            .to_owned(),
        address: "Số 1234, đường Nguyễn Thị Minh Khai kéo dài, tổ dân phố số 27, phường Bình Minh, tỉnh Lào Cai"
            .to_owned(),
        reprinted_at: Some(usual.at),
        ..slip()
    };
    for (name, data) in [("usual", usual), ("bare", bare), ("long", long)] {
        for width in [384, TICKET_WIDTH] {
            let raster = appointment_at(&data, width, &FONTS).unwrap();
            assert_as_blessed(&format!("appointment-{name}-{width}"), &raster);
        }
    }
}

fn slip() -> Appointment {
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    Appointment {
        desk: "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ".to_owned(),
        office: "PHƯỜNG BÌNH MINH".to_owned(),
        code: "HEN-7K2-M9Q".to_owned(),
        name: Some("Nguyễn Thị Ngọc Uyển".to_owned()),
        service: "Hộ tịch, chứng thực".to_owned(),
        at: at("2026-11-25T09:30:00+07:00"),
        address: "Số 12, đường Hoàng Liên, phường Bình Minh".to_owned(),
        phone: "0214 3840 123".to_owned(),
        grace_minutes: 15,
        booked_at: at("2026-11-18T08:12:00+07:00"),
        reprinted_at: None,
    }
}

#[test]
fn the_slip_s_square_code_holds_the_code_only_on_every_width() {
    for width in [384, 512, TICKET_WIDTH] {
        let raster = appointment_at(&slip(), width, &FONTS).unwrap();
        let png = File::new(&raster.to_png(), "slip.png").ask("zbarimg", &["-q"], &[]);
        assert_eq!(png, "QR-Code:HEN-7K2-M9Q\n", "{width}");
    }
}

#[test]
fn the_square_code_holds_number_and_day_only() {
    for (name, data) in cases::tickets() {
        let raster = draw(&data);
        let want = format!("QR-Code:{} 2026-11-18\n", data.number);
        let png = File::new(&raster.to_png(), "ticket.png").ask("zbarimg", &["-q"], &[]);
        assert_eq!(png, want, "{name}");
        let page = File::new(&raster.to_pdf().unwrap(), "ticket.pdf");
        let shown = File::new(&std::fs::read(&page.render(203)[0]).unwrap(), "page.png");
        assert_eq!(shown.ask("zbarimg", &["-q"], &[]), want, "{name} as PDF");
    }
}

#[test]
fn escpos_is_the_picture_in_bands() {
    for (name, data) in cases::tickets() {
        let raster = draw(&data);
        let bytes = raster.to_escpos();
        let mut rest = bytes.strip_prefix(b"\x1b@").expect("initialises first");
        let mut rows = 0;
        while let Some(band) = rest.strip_prefix(b"\x1dv0\0") {
            let size = |at: usize| usize::from(u16::from_le_bytes([band[at], band[at + 1]]));
            assert_eq!(size(0), 72, "{name}: bytes a row");
            assert!((1..=256).contains(&size(2)), "{name}: rows a band");
            for (i, byte) in band[4..4 + 72 * size(2)].iter().enumerate() {
                let (x, y) = (i % 72 * 8, rows + i / 72);
                let want = (0..8).fold(0, |b, bit| b << 1 | u8::from(raster.is_ink(x + bit, y)));
                assert_eq!(*byte, want, "{name}: dot {x},{y}");
            }
            rows += size(2);
            rest = &band[4 + 72 * size(2)..];
        }
        assert_eq!(rows, raster.height(), "{name}");
        assert_eq!(rest, b"\x1bd\x03\x1dVB\0", "{name}: feeds, then cuts");
    }
}

#[test]
fn odd_input_stays_on_the_paper() {
    let words = [
        "",
        "王",
        "W".repeat(300).as_str(),
        "Ế ".repeat(400).as_str(),
        "a\u{202E}b\u{0306}",
    ]
    .map(str::to_owned);
    for text in words {
        let data = Ticket {
            desk: text.clone(),
            office: text.clone(),
            number: text.chars().take(12).collect(),
            service: text.clone(),
            people_ahead: 4_000_000,
            expected: Some((15, 15)),
            note: Some(text.clone()),
            ..cases::ordinary_ticket()
        };
        let raster = draw(&data);
        let edge = (0..raster.height()).any(|y| raster.is_ink(0, y) || raster.is_ink(575, y));
        assert!(
            !edge,
            "ink at the edge for {:?}",
            text.chars().take(5).collect::<String>()
        );
        assert!(raster.height() > 100);
    }
}

#[test]
fn decomposed_names_draw_the_same() {
    use unicode_normalization::UnicodeNormalization;
    let mut data = cases::tickets()[3].1.clone();
    let want = draw(&data).to_png();
    data.office = data.office.nfd().collect();
    data.service = data.service.nfd().collect();
    assert_eq!(draw(&data).to_png(), want);
}

#[test]
fn a_four_character_number_is_tall_enough_to_read_from_three_metres() {
    let raster = draw(&cases::ordinary_ticket());
    let inked = |y: usize| (0..576).filter(|x| raster.is_ink(*x, y)).count();
    let mut tallest = 0;
    let mut run = 0;
    for y in 0..raster.height() {
        run = if inked(y) > 0 { run + 1 } else { 0 };
        tallest = tallest.max(run);
    }
    // 203 dots an inch, 8 a millimetre.
    assert!(
        tallest >= 8 * 14,
        "the tallest block of ink is {tallest} dots"
    );
}
