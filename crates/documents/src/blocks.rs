//! The pieces official papers are made of, as slabs: head block, lines, pairs, signatures
//! (tables: [`crate::table`]). Each takes styled text and answers uncuttable pieces; none knows which form it
//! serves.

use crate::{
    flow::{Sheet, Slab},
    fonts::Fonts,
    page::{Align, Draw, MM, baseline, horizontal, line_size, place, stack},
    text::{Line, Span, Style, measure, wrap},
};

/// What every block needs to know: the sheet, the faces, and how much type is scaled and drawn
/// together so that a nearly fitting paper fits one sheet.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) sheet: Sheet,
    pub(crate) fonts: &'a Fonts,
    pub(crate) scale: f32,
    /// Less room between lines: where the smallest type alone does not save a second sheet.
    pub(crate) tight: bool,
}

impl Setting<'_> {
    /// Type size of the body.
    pub(crate) fn body(&self) -> f32 {
        10.3 * self.scale
    }

    /// Type size within tables.
    pub(crate) fn cell(&self) -> f32 {
        9.4 * self.scale
    }

    pub(crate) fn gap(&self) -> f32 {
        let gap = if self.tight { 0.2 } else { 0.75 };
        gap * MM * self.scale
    }

    /// Line distance in body text.
    fn leading(&self) -> f32 {
        if self.tight { 1.17 } else { 1.27 }
    }

    /// Line distance of tables and small print.
    pub(crate) fn close(&self) -> f32 {
        if self.tight { 1.12 } else { 1.2 }
    }

    /// Room to sign.
    fn signing(&self) -> f32 {
        if self.tight { 13.0 * MM } else { 17.0 * MM }
    }
}

/// A paragraph: a slab a line, the first two and the last two together.
pub(crate) fn paragraph(spans: &[Span], align: Align, s: &Setting) -> Vec<Slab> {
    let lines = wrap(spans, s.sheet.measure(), s.fonts);
    lines_to_slabs(&lines, align, s.gap(), s.leading(), s)
}

/// Dotted lines to write on, as wide as the text, with room for a hand.
pub(crate) fn room(lines: u8, s: &Setting) -> Vec<Slab> {
    let spans = |text: &str| [Span::new(text, Style::regular(s.body()))];
    let measure = s.sheet.measure();
    let dot = wrap(&spans("…"), measure, s.fonts)[0].width;
    let dots = spans(&"…".repeat((measure / dot) as usize));
    let leading = s.leading() * 1.25;
    (0..lines)
        .flat_map(|_| {
            let line = wrap(&dots, measure, s.fonts);
            lines_to_slabs(&line, Align::Left, 0.0, leading, s)
        })
        .collect()
}

/// Small print under a form: every line stays with the next.
pub(crate) fn small_print(spans: &[Span], s: &Setting) -> Vec<Slab> {
    let lines = wrap(spans, s.sheet.measure(), s.fonts);
    let mut slabs = lines_to_slabs(&lines, Align::Full, 0.0, s.close(), s);
    slabs.iter_mut().for_each(|slab| slab.keep = true);
    slabs
}

fn lines_to_slabs(lines: &[Line], align: Align, gap: f32, leading: f32, s: &Setting) -> Vec<Slab> {
    let (x, width) = (s.sheet.left, s.sheet.measure());
    let last = lines.len() - 1;
    lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let size = line_size(line);
            let at = baseline(size, leading, s.fonts);
            Slab {
                height: size * leading,
                before: if i == 0 { gap } else { 0.0 },
                draws: vec![place(line, x, width, at, align)],
                // No line alone at the foot or the top of a page.
                keep: last > 0 && (i == 0 || i + 1 == last),
                ..Slab::default()
            }
        })
        .collect()
}

/// Two short texts side by side; below one another when they do not fit.
pub(crate) fn pair(left: &[Span], right: &[Span], s: &Setting) -> Vec<Slab> {
    let measure = s.sheet.measure();
    let [l, r] = [left, right].map(|spans| wrap(spans, measure, s.fonts));
    // The right text begins past the middle, so that pairs below one another line up.
    let split = (measure * 0.545).max(l[0].width + 4.0 * MM);
    if l.len() > 1 || r.len() > 1 || split + r[0].width > measure {
        let mut slabs = paragraph(left, Align::Left, s);
        slabs.extend(paragraph(right, Align::Left, s));
        return slabs;
    }
    let size = line_size(&l[0]).max(line_size(&r[0]));
    let at = baseline(size, s.leading(), s.fonts);
    vec![Slab {
        height: size * s.leading(),
        before: s.gap(),
        draws: vec![
            place(&l[0], s.sheet.left, split, at, Align::Left),
            place(
                &r[0],
                s.sheet.left + split,
                measure - split,
                at,
                Align::Left,
            ),
        ],
        ..Slab::default()
    }]
}

/// A part of the head block: centred lines, a rule, or a code.
pub(crate) enum HeadPart<'a> {
    Lines(Vec<Span>),
    /// A rule below, as a share of the line above.
    Rule(f32),
    Bars {
        code: &'a [bool],
        module: f32,
        height: f32,
    },
}

/// Share of the left column of the head block.
pub(crate) const HEAD_SPLIT: f32 = 0.46;

/// The two columns at the top of an official paper (NĐ 30/2020/NĐ-CP Phụ lục I).
pub(crate) fn head(left: &[HeadPart], right: &[HeadPart], s: &Setting) -> Slab {
    let measure = s.sheet.measure();
    let split = measure * HEAD_SPLIT;
    let gap = 1.5 * MM;
    let (a, mut draws) = head_column(left, s.sheet.left, split - gap, s);
    let (b, more) = head_column(right, s.sheet.left + split + gap, measure - split - gap, s);
    draws.extend(more);
    Slab {
        height: a.max(b),
        draws,
        keep: true,
        ..Slab::default()
    }
}

fn head_column(parts: &[HeadPart], x: f32, width: f32, s: &Setting) -> (f32, Vec<Draw>) {
    let mut y = 0.0;
    let mut last_width = 0.0;
    let mut draws = Vec::new();
    for part in parts {
        match part {
            HeadPart::Lines(spans) => {
                let lines = wrap(spans, width, s.fonts);
                last_width = lines.last().map_or(0.0, |line| line.width);
                let (height, more) = stack(&lines, x, width, 1.28, Align::Centre, s.fonts);
                draws.extend(more.iter().map(|draw| draw.moved(0.0, y)));
                y += height;
            }
            HeadPart::Rule(share) => {
                y += 0.6 * MM;
                let long = last_width * share;
                draws.push(horizontal(x + (width - long) / 2.0, y, long));
                y += 0.8 * MM;
            }
            HeadPart::Bars {
                code,
                module,
                height,
            } => {
                y += 1.0 * MM;
                let long = code.len() as f32 * module;
                draws.extend(bars(code, x + (width - long) / 2.0, y, *module, *height));
                y += height + 0.5 * MM;
            }
        }
    }
    (y, draws)
}

/// A linear code as upright bars.
pub(crate) fn bars(code: &[bool], x: f32, y: f32, module: f32, height: f32) -> Vec<Draw> {
    stretches(code)
        .map(|(from, long)| Draw::Fill {
            x: x + from as f32 * module,
            y,
            width: long as f32 * module,
            height,
        })
        .collect()
}

/// A square code; dark modules that touch in a row are one rectangle.
pub(crate) fn square(rows: &[Vec<bool>], x: f32, y: f32, module: f32) -> Vec<Draw> {
    let at = |row: usize| y + row as f32 * module;
    rows.iter()
        .enumerate()
        .flat_map(|(row, modules)| bars(modules, x, at(row), module, module))
        .collect()
}

/// A square code in the middle of the sheet with a line below it; nothing without a code.
pub(crate) fn captioned_square(code: &[Vec<bool>], caption: &[Span], s: &Setting) -> Vec<Slab> {
    if code.is_empty() {
        return Vec::new();
    }
    let side = 30.0 * MM;
    // Four modules of quiet on each side are the rule; beside it nothing is printed here.
    let x = s.sheet.left + (s.sheet.measure() - side) / 2.0;
    let picture = Slab {
        height: side + 1.0 * MM,
        before: 2.0 * MM,
        draws: square(code, x, 0.0, side / code.len() as f32),
        keep: true,
        ..Slab::default()
    };
    let mut slabs = vec![picture];
    slabs.extend(paragraph(caption, Align::Centre, s));
    slabs
}

/// (start, length) of each run of dark modules.
fn stretches(code: &[bool]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    code.chunk_by(|a, b| a == b).filter_map(move |chunk| {
        let from = at;
        at += chunk.len();
        chunk[0].then_some((from, chunk.len()))
    })
}

/// Who signs: what they are, how to sign, and the name below the room for the signature.
#[derive(Default)]
pub(crate) struct Signer {
    pub(crate) title: String,
    pub(crate) hint: String,
    pub(crate) name: String,
}

/// Signature blocks side by side, with a picture (a square code) between them. All of it stays
/// on one page; the room to sign takes what the page can spare.
pub(crate) fn signatures(
    signers: &[Signer],
    between: &[Draw],
    between_width: f32,
    s: &Setting,
) -> Vec<Slab> {
    let measure = s.sheet.measure();
    let count = signers.len().max(1) as f32;
    let gaps = between_width * (count - 1.0);
    let width = (measure - gaps) / count;
    let x = |i: usize| s.sheet.left + i as f32 * (width + between_width);

    let mut heads = Slab {
        keep: true,
        before: 2.2 * MM * s.scale,
        ..Slab::default()
    };
    let mut names = Slab {
        keep: true,
        ..Slab::default()
    };
    for (i, signer) in signers.iter().enumerate() {
        let texts = [
            (&signer.title, Style::bold(9.4 * s.scale)),
            (&signer.hint, Style::italic(9.4 * s.scale)),
        ];
        let mut y = 0.0;
        for (text, style) in texts {
            let lines = wrap(&[Span::new(text, style)], width, s.fonts);
            let (height, draws) = stack(&lines, x(i), width, s.leading(), Align::Centre, s.fonts);
            heads
                .draws
                .extend(draws.iter().map(|draw| draw.moved(0.0, y)));
            y += height;
        }
        heads.height = heads.height.max(y);
        let name = Span::new(&signer.name, Style::bold(9.6 * s.scale));
        let lines = wrap(&[name], width, s.fonts);
        let (height, draws) = stack(&lines, x(i), width, s.leading(), Align::Centre, s.fonts);
        names.draws.extend(draws);
        names.height = names.height.max(height);
    }
    heads
        .draws
        .extend(between.iter().map(|draw| draw.moved(x(0) + width, 0.0)));
    vec![heads, Slab::elastic(s.signing(), 26.0 * MM), names]
}

/// One line of text at a fixed place, outside the flow (marks in the margin).
pub(crate) fn margin_line(text: &str, style: Style, align: Align, y: f32, s: &Setting) -> Draw {
    let span = Span::new(text, style);
    let width = measure(&span.text, style, s.fonts).max(s.sheet.measure());
    let lines = wrap(&[span], width + 1.0, s.fonts);
    place(&lines[0], s.sheet.left, s.sheet.measure(), y, align)
}
