//! The queue ticket for 80 mm thermal paper. It carries no name and no identity number; the
//! square code holds the number and the day only.
//!
//! Drawn as a picture because the code pages of thermal printers lack Vietnamese letters.

use chrono::{DateTime, FixedOffset};
use motcua_domain::refusal::Result;

use crate::{
    codes,
    fonts::{Fonts, Weight},
    pdf::About,
    raster::{Raster, Type, WIDTH},
    text::clean,
};

/// Why somebody stands elsewhere in the queue than the time of the ticket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// By time of arrival.
    Ordinary,
    /// Priority by law, counted as if arrived at this time.
    Priority(DateTime<FixedOffset>),
    /// With an appointment at this time.
    Appointment(DateTime<FixedOffset>),
}

/// Everything printed on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// First line: BỘ PHẬN MỘT CỬA.
    pub desk: String,
    /// Second line, bold: PHƯỜNG BÌNH MINH.
    pub office: String,
    /// The number as called: A-038.
    pub number: String,
    /// Service.
    pub service: String,
    /// Place in the queue.
    pub standing: Standing,
    /// When the number was taken; waiting is counted from here.
    pub issued_at: DateTime<FixedOffset>,
    /// People ahead at that time.
    pub people_ahead: u32,
    /// Expected wait in minutes, from and to; `None` before there are figures to tell from.
    pub expected: Option<(u32, u32)>,
    /// Time of a reprint.
    pub reprinted_at: Option<DateTime<FixedOffset>>,
    /// What to do when the turn is missed; `None` prints the usual sentence.
    pub note: Option<String>,
}

/// The words of a ticket. No circular prescribes them.
mod words {
    pub(super) const REPRINT: &str = "BẢN IN LẠI, ";
    pub(super) const PRIORITY: &str = "ƯU TIÊN: xếp như đã đến lúc ";
    pub(super) const APPOINTMENT: &str = "HẸN TRƯỚC: ";
    pub(super) const ISSUED: &str = "Giờ lấy số";
    pub(super) const AHEAD: &str = "Chờ trước";
    pub(super) const EXPECTED: &str = "Chờ khoảng";
    pub(super) const NOTE: &str = "Số được gọi trên màn hình và loa. Nếu lỡ lượt, mời báo quầy tiếp đón để được gọi lại trong ngày.";
}

/// White at both sides of the print area, beyond the 4 mm the printer leaves by itself.
const MARGIN: f32 = 8.0;
const INNER: f32 = WIDTH as f32 - 2.0 * MARGIN;

/// Draws a ticket.
///
/// # Errors
/// None today; a face that fails is refused when loaded.
pub fn ticket(data: &Ticket, fonts: &Fonts) -> Result<Raster> {
    let about = About {
        title: format!("Phiếu số {}", data.number),
        subject: data.number.clone(),
        created: data.issued_at,
        modified: data.reprinted_at.unwrap_or(data.issued_at),
    };
    // Measured first, drawn second, by the same code.
    let mut measured = Sheet {
        raster: Raster::new(0, about.clone()),
        fonts,
        y: 0.0,
    };
    measured.lay(data);
    let height = measured.y.ceil() as usize;
    let mut sheet = Sheet {
        raster: Raster::new(height, about),
        fonts,
        y: 0.0,
    };
    sheet.lay(data);
    Ok(sheet.raster)
}

struct Sheet<'a> {
    raster: Raster,
    fonts: &'a Fonts,
    y: f32,
}

impl Sheet<'_> {
    fn lay(&mut self, data: &Ticket) {
        self.y = 12.0;
        self.centred(&data.desk, Weight::Regular, 29.0, 1.4);
        self.centred(&data.office, Weight::Bold, 30.0, 1.4);
        if let Some(at) = data.reprinted_at {
            self.y += 12.0;
            self.band(&format!("{}{}", words::REPRINT, at.format("%H:%M")));
        }
        self.number(&data.number);
        self.centred(&data.service, Weight::SemiBold, 43.0, 1.3);
        match data.standing {
            Standing::Ordinary => {}
            Standing::Priority(at) => {
                self.boxed(&format!("{}{}", words::PRIORITY, at.format("%H:%M")))
            }
            Standing::Appointment(at) => {
                self.boxed(&format!(
                    "{}{}",
                    words::APPOINTMENT,
                    at.format("%H:%M, %d/%m/%Y")
                ));
            }
        }
        self.dashes();
        let issued = data.issued_at.format("%H:%M, %d/%m/%Y").to_string();
        self.row(words::ISSUED, &issued, 31.0);
        self.row(words::AHEAD, &format!("{} người", data.people_ahead), 31.0);
        if let Some((from, to)) = data.expected {
            let range = if from == to {
                format!("{to} phút")
            } else {
                format!("{from}–{to} phút")
            };
            self.row(words::EXPECTED, &range, 43.0);
        }
        self.dashes();
        self.foot(data);
        self.y += 10.0;
    }

    fn centred(&mut self, text: &str, weight: Weight, size: f32, leading: f32) {
        let type_ = Type::new(self.fonts, weight, size);
        for line in type_.wrap(&clean(text), INNER) {
            self.line(&line, &type_, leading, true);
        }
    }

    /// One centred line of this leading.
    fn line(&mut self, text: &str, type_: &Type, leading: f32, ink: bool) {
        let x = (WIDTH as f32 - type_.width(text)) / 2.0;
        let baseline = self.y + type_.size * (leading / 2.0 + 0.36);
        self.raster
            .text(x.round(), baseline.round(), text, type_, ink);
        self.y += type_.size * leading;
    }

    /// The number: as large as the paper allows, 16 mm high for the usual five characters.
    fn number(&mut self, number: &str) {
        let number = clean(number);
        let at = |size| Type::new(self.fonts, Weight::Bold, size);
        // At least a dot wide: an empty number is a fault, but no reason to divide by nothing.
        let size = (176.0 * INNER / at(176.0).width(&number).max(1.0)).min(176.0);
        let type_ = at(size);
        self.y += 14.0;
        self.line(&number, &type_, 1.0, true);
        self.y += 12.0;
    }

    /// White on black over the whole width.
    fn band(&mut self, text: &str) {
        let type_ = Type::new(self.fonts, Weight::Bold, 31.0);
        let height = 50.0;
        self.raster.fill(
            MARGIN as i32,
            self.y as i32,
            INNER as i32,
            height as i32,
            true,
        );
        let top = self.y;
        self.y += (height - type_.size * 1.2) / 2.0;
        self.line(text, &type_, 1.2, false);
        self.y = top + height;
    }

    /// Framed, so that it is seen without colour.
    fn boxed(&mut self, text: &str) {
        let type_ = Type::new(self.fonts, Weight::SemiBold, 28.0);
        self.y += 10.0;
        let top = self.y;
        self.y += 9.0;
        for line in type_.wrap(text, INNER - 24.0) {
            self.line(&line, &type_, 1.3, true);
        }
        self.y += 9.0;
        let (x, y, w, h) = (
            MARGIN as i32,
            top as i32,
            INNER as i32,
            (self.y - top) as i32,
        );
        for (x, y, w, h) in [
            (x, y, w, 4),
            (x, y + h - 4, w, 4),
            (x, y, 4, h),
            (x + w - 4, y, 4, h),
        ] {
            self.raster.fill(x, y, w, h, true);
        }
    }

    fn dashes(&mut self) {
        self.y += 18.0;
        let mut x = MARGIN as i32;
        while x < (MARGIN + INNER) as i32 {
            self.raster.fill(x, self.y as i32, 8, 3, true);
            x += 14;
        }
        self.y += 16.0;
    }

    /// A word on the left, its figure on the right.
    fn row(&mut self, label: &str, figure: &str, size: f32) {
        let words = Type::new(self.fonts, Weight::Regular, 31.0);
        let figures = Type::new(self.fonts, Weight::SemiBold, size);
        let baseline = (self.y + size * (1.5 / 2.0 + 0.36)).round();
        self.raster.text(MARGIN, baseline, label, &words, true);
        let x = MARGIN + INNER - figures.width(figure);
        self.raster
            .text(x.round(), baseline, figure, &figures, true);
        self.y += size * 1.5;
    }

    /// The square code, and beside it what to do.
    fn foot(&mut self, data: &Ticket) {
        let text = format!(
            "{} {}",
            clean(&data.number),
            data.issued_at.format("%Y-%m-%d")
        );
        let top = self.y + 4.0;
        let mut code_width = 0.0;
        if let Some(rows) = codes::qr(&text) {
            let module = (178 / rows.len() as i32).max(3);
            for (y, row) in rows.iter().enumerate() {
                for (x, dark) in row.iter().enumerate() {
                    if *dark {
                        let (x, y) = (x as i32 * module, y as i32 * module);
                        self.raster
                            .fill(MARGIN as i32 + x, top as i32 + y, module, module, true);
                    }
                }
            }
            code_width = (rows.len() as i32 * module) as f32;
        }
        let type_ = Type::new(self.fonts, Weight::Regular, 26.5);
        let left = MARGIN + code_width + 26.0;
        let note = clean(data.note.as_deref().unwrap_or(words::NOTE));
        let lines = type_.wrap(&note, WIDTH as f32 - MARGIN - left);
        let leading = type_.size * 1.42;
        let text_height = lines.len() as f32 * leading;
        let mut y = top + ((code_width - text_height) / 2.0).max(0.0);
        for line in &lines {
            let baseline = y + leading / 2.0 + type_.size * 0.36;
            self.raster.text(left, baseline.round(), line, &type_, true);
            y += leading;
        }
        self.y = top + code_width.max(text_height);
    }
}
