//! What stands on a page: text and black rectangles, measured in points from the top left.

use crate::{
    fonts::Fonts,
    text::{Line, Run},
};

/// Points per millimetre.
pub(crate) const MM: f32 = 72.0 / 25.4;

/// One thing drawn.
#[derive(Debug, Clone)]
pub(crate) enum Draw {
    /// A line of text; `y` is the baseline, `spread` is added at each blank.
    Text {
        x: f32,
        y: f32,
        runs: Vec<Run>,
        spread: f32,
    },
    /// A filled rectangle: rules, table borders, modules of codes.
    Fill {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
    },
}

impl Draw {
    pub(crate) fn moved(&self, dx: f32, dy: f32) -> Self {
        let mut draw = self.clone();
        match &mut draw {
            Draw::Text { x, y, .. } | Draw::Fill { x, y, .. } => {
                *x += dx;
                *y += dy;
            }
        }
        draw
    }
}

/// Where a line stands between two edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Centre,
    Right,
    /// Both edges, save the last line.
    Full,
}

/// Thickness of rules and borders.
pub(crate) const RULE: f32 = 0.5;

pub(crate) fn horizontal(x: f32, y: f32, width: f32) -> Draw {
    Draw::Fill {
        x,
        y: y - RULE / 2.0,
        width,
        height: RULE,
    }
}

pub(crate) fn vertical(x: f32, y: f32, height: f32) -> Draw {
    Draw::Fill {
        x: x - RULE / 2.0,
        y: y - RULE / 2.0,
        width: RULE,
        height: height + RULE,
    }
}

/// One finished page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) draws: Vec<Draw>,
}

/// Places a broken line on a baseline between two edges.
pub(crate) fn place(line: &Line, x: f32, width: f32, baseline: f32, align: Align) -> Draw {
    let spare = (width - line.width).max(0.0);
    let (shift, spread) = match align {
        Align::Left => (0.0, 0.0),
        Align::Centre => (spare / 2.0, 0.0),
        Align::Right => (spare, 0.0),
        Align::Full if line.continues && line.blanks() > 0 => (0.0, spare / line.blanks() as f32),
        Align::Full => (0.0, 0.0),
    };
    Draw::Text {
        x: x + shift,
        y: baseline,
        runs: line.runs.clone(),
        spread,
    }
}

/// Lines below one another within a width: their height and what to draw, from y = 0.
pub(crate) fn stack(
    lines: &[Line],
    x: f32,
    width: f32,
    leading: f32,
    align: Align,
    fonts: &Fonts,
) -> (f32, Vec<Draw>) {
    let mut y = 0.0;
    let mut draws = Vec::with_capacity(lines.len());
    for line in lines {
        let size = line_size(line);
        draws.push(place(
            line,
            x,
            width,
            y + baseline(size, leading, fonts),
            align,
        ));
        y += size * leading;
    }
    (y, draws)
}

/// The largest size on a line; an empty one counts as the smallest print we use.
pub(crate) fn line_size(line: &Line) -> f32 {
    line.runs
        .iter()
        .map(|run| run.style.size)
        .fold(7.0, f32::max)
}

/// Distance from the top of a line box to its baseline: the spare leading is halved above and
/// below, so that a capital with two marks (Ế, Ỗ) keeps clear of the line above.
pub(crate) fn baseline(size: f32, leading: f32, fonts: &Fonts) -> f32 {
    let face = fonts.face(0);
    let content = face.ascent - face.descent;
    size * ((leading - content) / 2.0 + face.ascent)
}
