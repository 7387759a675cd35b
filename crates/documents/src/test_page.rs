//! A page that shows whether a printer is set up: its edges, its width, Vietnamese letters, a code
//! that a scanner reads. Nothing of any citizen is on it.

use chrono::{DateTime, FixedOffset};
use motcua_domain::refusal::Result;

use crate::{
    fonts::{Fonts, Weight},
    pdf::About,
    raster::{Raster, WIDTH},
    ticket::{Sheet, drawn, fitted},
};

/// What it is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestPaper {
    /// A strip so many dots wide.
    Strip(usize),
    /// 148 × 210 mm.
    A5,
    /// 210 × 297 mm.
    A4,
}

/// What stands on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPage {
    /// BỘ PHẬN MỘT CỬA.
    pub desk: String,
    /// What the officer calls the printer.
    pub printer: String,
    /// From which tray, where one is set.
    pub tray: Option<String>,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// On what.
    pub paper: TestPaper,
}

mod words {
    pub(super) const TITLE: &str = "IN THỬ";
    pub(super) const PAPER: &str = "Khổ giấy";
    pub(super) const TRAY: &str = "Khay";
    pub(super) const WIDTH: &str = "Số chấm ngang";
    pub(super) const AT: &str = "Giờ in";
    pub(super) const LETTERS: &str = "ẮẰẲẴẶ ẾỀỂỄỆ ỐỒỔỖỘ ỨỪỬỮỰ ĐƯƠNG";
    pub(super) const NOTE: &str =
        "Hai vạch đứng phải chạm hai mép vùng in, chữ có dấu phải rõ, mã vuông phải quét được.";
    pub(super) const SHEET: &str =
        "Khung phải đủ bốn cạnh và cách đều mép giấy, chữ có dấu phải rõ, mã vuông phải quét được.";
}

/// Dots of a sheet at 203 dpi, in whole bytes across.
const A5: (usize, usize) = (1_184, 1_678);
const A4: (usize, usize) = (1_680, 2_374);

fn about(data: &TestPage) -> About {
    About {
        title: words::TITLE.to_owned(),
        subject: data.printer.clone(),
        created: data.at,
        modified: data.at,
    }
}

/// Draws it for a strip; a sheet is drawn as its picture.
///
/// # Errors
/// None today; a face that fails is refused when loaded.
pub fn test_page(data: &TestPage, fonts: &Fonts) -> Result<Raster> {
    let (width, height) = match data.paper {
        TestPaper::Strip(width) => {
            let width = fitted(width);
            return Ok(drawn(width, about(data), fonts, |sheet| {
                strip(sheet, data, width);
            }));
        }
        TestPaper::A5 => A5,
        TestPaper::A4 => A4,
    };
    let mut sheet = Sheet::new(width, height, about(data), fonts);
    let high = height as f32 * WIDTH as f32 / width as f32;
    // 8 mm from each edge of an A5, which every printer can reach.
    let edge = 31.0;
    sheet.frame((edge, edge), (WIDTH as f32 - 2.0 * edge, high - 2.0 * edge));
    sheet.y = 90.0;
    sheet.inset = edge + 20.0;
    head(&mut sheet, data, 0.55);
    sheet.centred(words::SHEET, Weight::Regular, 17.0, 1.5);
    let side = 110.0;
    sheet.code(
        &code(data),
        ((WIDTH as f32 - side) / 2.0, high - edge - side - 40.0),
        side,
    );
    Ok(sheet.finished())
}

/// The same as a PDF whose page is the sheet, or the strip.
///
/// # Errors
/// `ASSET_FAULT` if the file cannot be put together.
pub fn test_page_pdf(data: &TestPage, fonts: &Fonts) -> Result<Vec<u8>> {
    let picture = test_page(data, fonts)?;
    match data.paper {
        TestPaper::Strip(_) => picture.to_pdf(),
        TestPaper::A5 | TestPaper::A4 => picture.to_sheet(),
    }
}

fn code(data: &TestPage) -> String {
    format!("IN THU {}", data.at.format("%Y-%m-%d %H:%M"))
}

fn head(sheet: &mut Sheet<'_>, data: &TestPage, size: f32) {
    sheet.centred(&data.desk, Weight::Regular, 29.0 * size, 1.4);
    sheet.centred(words::TITLE, Weight::Bold, 96.0 * size, 1.3);
    sheet.centred(&data.printer, Weight::SemiBold, 36.0 * size, 1.4);
    sheet.y += 14.0;
    sheet.centred(words::LETTERS, Weight::Regular, 30.0 * size, 1.5);
    let paper = match data.paper {
        TestPaper::A5 => "A5",
        TestPaper::A4 => "A4",
        TestPaper::Strip(_) => "",
    };
    if !paper.is_empty() {
        let tray = data.tray.as_ref();
        let tray = tray.map_or(String::new(), |t| format!(", {}: {t}", words::TRAY));
        let line = format!("{}: {paper}{tray}", words::PAPER);
        sheet.centred(&line, Weight::Regular, 30.0 * size, 1.5);
        let at = format!("{}: {}", words::AT, data.at.format("%H:%M, %d/%m/%Y"));
        sheet.centred(&at, Weight::Regular, 30.0 * size, 1.5);
    }
}

fn strip(sheet: &mut Sheet<'_>, data: &TestPage, width: usize) {
    sheet.y = 12.0;
    let top = sheet.y;
    head(sheet, data, 1.0);
    sheet.dashes();
    sheet.row(words::WIDTH, &width.to_string(), 31.0);
    sheet.row(
        words::AT,
        &data.at.format("%H:%M, %d/%m/%Y").to_string(),
        31.0,
    );
    sheet.dashes();
    sheet.code_beside(&code(data), words::NOTE);
    sheet.y += 10.0;
    // The outermost dots: where one of them is missing, the width is set too large.
    let high = sheet.y - top;
    sheet.edges(top, high);
}
