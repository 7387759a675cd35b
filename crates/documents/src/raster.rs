//! A black-and-white picture for thermal printers: one bit a dot, and its three ways out.

use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};
use motcua_domain::refusal::Result;

use crate::{
    fonts::{Fonts, Weight},
    page::MM,
    pdf::{self, About},
};

/// Dots across the 72 mm that an 80 mm printer prints, at 203 dpi: what tickets are drawn for.
pub const WIDTH: usize = 576;
/// Widths that ticket printers have: from 58 mm paper to 112 mm.
pub const WIDTHS: std::ops::RangeInclusive<usize> = 320..=832;

const DOTS_PER_INCH: f32 = 203.0;

/// Rows a band of `GS v 0` holds; more overruns the buffers of cheap printers.
const BAND: usize = 256;

/// A finished picture.
#[derive(Debug, Clone)]
pub struct Raster {
    width: usize,
    height: usize,
    /// Whole bytes a row, most significant bit left, 1 = ink.
    rows: Vec<u8>,
    about: About,
}

impl Raster {
    /// `width` is a multiple of eight.
    pub(crate) fn new(width: usize, height: usize, about: About) -> Self {
        Self {
            width,
            height,
            rows: vec![0; height * width / 8],
            about,
        }
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether a dot is inked.
    pub fn is_ink(&self, x: usize, y: usize) -> bool {
        x < self.width
            && y < self.height
            && self.rows[(y * self.width + x) / 8] & (0x80 >> (x % 8)) != 0
    }

    pub(crate) fn set(&mut self, x: i32, y: i32, ink: bool) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height {
            return;
        }
        let byte = &mut self.rows[(y * self.width + x) / 8];
        let bit = 0x80 >> (x % 8);
        if ink { *byte |= bit } else { *byte &= !bit }
    }

    pub(crate) fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, ink: bool) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, ink);
            }
        }
    }

    /// A line of text, its baseline at `y`.
    pub(crate) fn text(&mut self, x: f32, y: f32, text: &str, type_: &Type, ink: bool) {
        let mut pen = x;
        for c in text.chars() {
            let (font, id) = type_.glyph(c);
            let scale = px(font, type_.size);
            let glyph = id.with_scale_and_position(scale, point(pen, y));
            pen += font.as_scaled(scale).h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, coverage| {
                // Thermal heads spread a little: half covered is enough for ink.
                if coverage >= 0.5 {
                    self.set(
                        bounds.min.x as i32 + dx as i32,
                        bounds.min.y as i32 + dy as i32,
                        ink,
                    );
                }
            });
        }
    }

    /// As PNG, one bit a dot.
    pub fn to_png(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        // In PNG 1 is white.
        let light: Vec<u8> = self.rows.iter().map(|byte| !byte).collect();
        #[expect(
            clippy::expect_used,
            reason = "sizes are our own, and a Vec takes all that is written"
        )]
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&light))
            .expect("a picture of known size goes into memory");
        out
    }

    /// As ESC/POS: initialise, the picture in bands, feed past the knife, cut.
    pub fn to_escpos(&self) -> Vec<u8> {
        let mut out = b"\x1b@".to_vec();
        for band in self.rows.chunks(BAND * self.width / 8) {
            let rows = band.len() / (self.width / 8);
            out.extend_from_slice(b"\x1dv0\0");
            out.extend_from_slice(&((self.width / 8) as u16).to_le_bytes());
            out.extend_from_slice(&(rows as u16).to_le_bytes());
            out.extend_from_slice(band);
        }
        // Feed three lines, then cut after feeding what lies between head and knife.
        out.extend_from_slice(b"\x1bd\x03\x1dVB\0");
        out
    }

    /// As a PDF page as wide as the paper (80 mm for a ticket of the usual width), for printers that
    /// have a driver only.
    ///
    /// # Errors
    /// `ASSET_FAULT` if the file cannot be put together.
    pub fn to_pdf(&self) -> Result<Vec<u8>> {
        let paper = match self.width {
            WIDTH => 80.0,
            384 => 58.0,
            // A printer leaves about 4 mm at each side.
            width => width as f32 / DOTS_PER_INCH * 25.4 + 8.0,
        };
        pdf::picture(
            (self.width, self.height),
            &self.rows,
            DOTS_PER_INCH,
            paper * MM,
            &self.about,
        )
    }

    /// The same where the picture is the whole sheet.
    pub(crate) fn to_sheet(&self) -> Result<Vec<u8>> {
        pdf::picture(
            (self.width, self.height),
            &self.rows,
            DOTS_PER_INCH,
            self.width as f32 / DOTS_PER_INCH * 72.0,
            &self.about,
        )
    }
}

/// A weight and a size in dots.
pub(crate) struct Type<'a> {
    fonts: [&'a FontVec; 3],
    /// Dots to the em.
    pub(crate) size: f32,
}

impl<'a> Type<'a> {
    pub(crate) fn new(fonts: &'a Fonts, weight: Weight, size: f32) -> Self {
        Self {
            fonts: fonts.ticket(weight),
            size,
        }
    }

    /// The letter from the first face that has it; the first face's box if none has.
    fn glyph(&self, c: char) -> (&'a FontVec, ab_glyph::GlyphId) {
        let found = self
            .fonts
            .iter()
            .map(|font| (*font, font.glyph_id(c)))
            .find(|(_, id)| id.0 != 0);
        found.unwrap_or((self.fonts[0], ab_glyph::GlyphId(0)))
    }

    pub(crate) fn width(&self, text: &str) -> f32 {
        text.chars()
            .map(|c| {
                let (font, id) = self.glyph(c);
                font.as_scaled(px(font, self.size)).h_advance(id)
            })
            .sum()
    }

    /// Words into lines no wider than `width` dots; a word wider than that is cut.
    pub(crate) fn wrap(&self, text: &str, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&longer) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                if self.width(&line) > width {
                    line.pop();
                    lines.push(std::mem::take(&mut line));
                    line.push(c);
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// ab_glyph scales by line height; we think in ems.
fn px(font: &FontVec, em: f32) -> PxScale {
    let units = font.units_per_em().unwrap_or(1_000.0);
    PxScale::from(em * font.height_unscaled() / units)
}
