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
    raster::{Raster, Type, WIDTH, WIDTHS},
    text::clean,
};

mod appointment;

pub use appointment::{Appointment, appointment_at};

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

/// White at both sides of the print area, beyond the 4 mm the printer leaves by itself. This and all
/// other measures are dots of a ticket 576 wide; another width scales them.
pub(crate) const MARGIN: f32 = 8.0;
/// How thick a bar at the edge is, in dots of the printer itself.
const EDGE: i32 = 3;
pub(crate) const INNER: f32 = WIDTH as f32 - 2.0 * MARGIN;

/// Draws a ticket, 576 dots wide.
///
/// # Errors
/// None today; a face that fails is refused when loaded.
pub fn ticket(data: &Ticket, fonts: &Fonts) -> Result<Raster> {
    ticket_at(data, WIDTH, fonts)
}

/// Draws a ticket for a printer of another width; brought into [`WIDTHS`] and to whole bytes.
///
/// # Errors
/// None today; a face that fails is refused when loaded.
pub fn ticket_at(data: &Ticket, width: usize, fonts: &Fonts) -> Result<Raster> {
    let about = About {
        title: format!("Phiếu số {}", data.number),
        subject: data.number.clone(),
        created: data.issued_at,
        modified: data.reprinted_at.unwrap_or(data.issued_at),
    };
    Ok(drawn(width, about, fonts, |sheet| sheet.lay(data)))
}

/// A width that there is, of whole bytes.
pub(crate) fn fitted(width: usize) -> usize {
    width.clamp(*WIDTHS.start(), *WIDTHS.end()) / 8 * 8
}

/// Measured first, drawn second, by the same code; on a width that fits.
pub(crate) fn drawn(
    width: usize,
    about: About,
    fonts: &Fonts,
    lay: impl Fn(&mut Sheet<'_>),
) -> Raster {
    let width = fitted(width);
    let mut measured = Sheet::new(width, 0, about.clone(), fonts);
    lay(&mut measured);
    let height = measured.dots(measured.y).ceil() as usize;
    let mut sheet = Sheet::new(width, height, about, fonts);
    lay(&mut sheet);
    sheet.raster
}

/// A strip of paper being drawn on; all measures but the picture's own are those of 576 dots.
pub(crate) struct Sheet<'a> {
    raster: Raster,
    fonts: &'a Fonts,
    pub(crate) y: f32,
    /// White at both sides beyond the margin, for what is centred.
    pub(crate) inset: f32,
    /// Dots of this printer to one of 576.
    scale: f32,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(width: usize, height: usize, about: About, fonts: &'a Fonts) -> Self {
        Self {
            raster: Raster::new(width, height, about),
            fonts,
            y: 0.0,
            inset: 0.0,
            scale: width as f32 / WIDTH as f32,
        }
    }

    pub(crate) fn dots(&self, measure: f32) -> f32 {
        measure * self.scale
    }

    fn type_(&self, weight: Weight, size: f32) -> Type<'a> {
        Type::new(self.fonts, weight, self.dots(size))
    }

    pub(crate) fn fill(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), ink: bool) {
        self.raster.fill(
            self.dots(x) as i32,
            self.dots(y) as i32,
            (self.dots(width) as i32).max(1),
            (self.dots(height) as i32).max(1),
            ink,
        );
    }

    /// A bar down each edge, to the very outermost dot of this printer.
    pub(crate) fn edges(&mut self, top: f32, height: f32) {
        let right = i32::try_from(self.raster.width()).unwrap_or_default() - EDGE;
        let (top, height) = (self.dots(top) as i32, self.dots(height) as i32);
        for x in [0, right] {
            self.raster.fill(x, top, EDGE, height, true);
        }
    }

    /// The square code at that place; how large it became.
    pub(crate) fn code(&mut self, text: &str, (left, top): (f32, f32), size: f32) -> f32 {
        let Some(rows) = codes::qr(text) else {
            return 0.0;
        };
        // Whole dots a module, or a reader cannot tell them apart.
        let module = (self.dots(size) as i32 / rows.len() as i32).max(3);
        let (left, top) = (self.dots(left) as i32, self.dots(top) as i32);
        for (y, row) in rows.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                if *dark {
                    let (x, y) = (x as i32 * module, y as i32 * module);
                    self.raster.fill(left + x, top + y, module, module, true);
                }
            }
        }
        (rows.len() as i32 * module) as f32 / self.scale
    }

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

    pub(crate) fn centred(&mut self, text: &str, weight: Weight, size: f32, leading: f32) {
        let type_ = self.type_(weight, size);
        for line in type_.wrap(&clean(text), self.dots(INNER - 2.0 * self.inset)) {
            self.line(&line, &type_, leading, true);
        }
    }

    /// One centred line of this leading.
    fn line(&mut self, text: &str, type_: &Type<'_>, leading: f32, ink: bool) {
        let x = (self.raster.width() as f32 - type_.width(text)) / 2.0;
        let baseline = self.dots(self.y) + type_.size * (leading / 2.0 + 0.36);
        self.raster
            .text(x.round(), baseline.round(), text, type_, ink);
        self.y += type_.size * leading / self.scale;
    }

    /// The number: as large as the paper allows, 16 mm high for the usual five characters.
    pub(crate) fn number(&mut self, number: &str) {
        let number = clean(number);
        // At least a dot wide: an empty number is a fault, but no reason to divide by nothing.
        let wide = self.type_(Weight::Bold, 176.0).width(&number).max(1.0);
        let type_ = self.type_(Weight::Bold, (176.0 * self.dots(INNER) / wide).min(176.0));
        self.y += 14.0;
        self.line(&number, &type_, 1.0, true);
        self.y += 12.0;
    }

    /// White on black over the whole width.
    fn band(&mut self, text: &str) {
        let type_ = self.type_(Weight::Bold, 31.0);
        let height = 50.0;
        self.fill((MARGIN, self.y), (INNER, height), true);
        let top = self.y;
        self.y += (height - 31.0 * 1.2) / 2.0;
        self.line(text, &type_, 1.2, false);
        self.y = top + height;
    }

    /// Framed, so that it is seen without colour.
    fn boxed(&mut self, text: &str) {
        let type_ = self.type_(Weight::SemiBold, 28.0);
        self.y += 10.0;
        let top = self.y;
        self.y += 9.0;
        for line in type_.wrap(text, self.dots(INNER - 24.0)) {
            self.line(&line, &type_, 1.3, true);
        }
        self.y += 9.0;
        self.frame((MARGIN, top), (INNER, self.y - top));
    }

    pub(crate) fn frame(&mut self, (x, y): (f32, f32), (w, h): (f32, f32)) {
        let (x, y) = (x.trunc(), y.trunc());
        let (w, h) = (w.trunc(), h.trunc());
        for (at, size) in [
            ((x, y), (w, 4.0)),
            ((x, y + h - 4.0), (w, 4.0)),
            ((x, y), (4.0, h)),
            ((x + w - 4.0, y), (4.0, h)),
        ] {
            self.fill(at, size, true);
        }
    }

    pub(crate) fn dashes(&mut self) {
        self.y += 18.0;
        let mut x = MARGIN;
        while x < MARGIN + INNER {
            self.fill((x, self.y), (8.0, 3.0), true);
            x += 14.0;
        }
        self.y += 16.0;
    }

    /// A word on the left, its figure on the right.
    pub(crate) fn row(&mut self, label: &str, figure: &str, size: f32) {
        let words = self.type_(Weight::Regular, 31.0);
        let figures = self.type_(Weight::SemiBold, size);
        let baseline = self.dots(self.y + size * (1.5 / 2.0 + 0.36)).round();
        self.raster
            .text(self.dots(MARGIN), baseline, label, &words, true);
        let x = self.dots(MARGIN + INNER) - figures.width(figure);
        self.raster
            .text(x.round(), baseline, figure, &figures, true);
        self.y += size * 1.5;
    }

    /// The square code of a ticket, and beside it what to do.
    fn foot(&mut self, data: &Ticket) {
        let text = format!(
            "{} {}",
            clean(&data.number),
            data.issued_at.format("%Y-%m-%d")
        );
        self.code_beside(&text, data.note.as_deref().unwrap_or(words::NOTE));
    }

    /// A square code, and words beside it.
    pub(crate) fn code_beside(&mut self, text: &str, note: &str) {
        let top = self.y + 4.0;
        let code_width = self.code(text, (MARGIN, top), 178.0);
        let type_ = self.type_(Weight::Regular, 26.5);
        let left = self.dots(MARGIN + code_width + 26.0);
        let right = self.raster.width() as f32 - self.dots(MARGIN);
        let lines = type_.wrap(&clean(note), right - left);
        let leading = 26.5 * 1.42;
        let text_height = lines.len() as f32 * leading;
        let mut y = top + ((code_width - text_height) / 2.0).max(0.0);
        for line in &lines {
            let baseline = self.dots(y + leading / 2.0 + 26.5 * 0.36);
            self.raster.text(left, baseline.round(), line, &type_, true);
            y += leading;
        }
        self.y = top + code_width.max(text_height);
    }

    pub(crate) fn finished(self) -> Raster {
        self.raster
    }
}
