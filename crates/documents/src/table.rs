//! Tables: a head that repeats on each page, rows that are cut only when taller than a page.

use std::rc::Rc;

use crate::{
    blocks::{self, Setting},
    codes,
    flow::Slab,
    page::{Align, Draw, MM, baseline, horizontal, place, stack, vertical},
    text::{Line, Span, Style, wrap},
};

/// A cell: text over one or more columns, or a square code.
pub(crate) struct Cell {
    pub(crate) spans: Vec<Span>,
    pub(crate) align: Align,
    pub(crate) columns: usize,
    /// Modules of the code; none has text.
    pub(crate) square: Vec<Vec<bool>>,
}

impl Cell {
    pub(crate) fn new(text: &str, style: Style, align: Align) -> Self {
        Self {
            spans: vec![Span::new(text, style)],
            align,
            columns: 1,
            square: Vec::new(),
        }
    }

    /// The text as a square code; left empty for a text that no such code holds.
    pub(crate) fn square(text: &str, style: Style) -> Self {
        Self {
            square: codes::qr(text).unwrap_or_default(),
            ..Self::new("", style, Align::Centre)
        }
    }
}

/// Side of a square code in a row. A case code has 21 modules: read from paper by any scanner.
const SQUARE: f32 = 9.0 * MM;

/// A module of such a code, and the quiet that it needs on each side: four modules by the rule.
fn module_and_quiet(square: &[Vec<bool>]) -> (f32, f32) {
    let module = SQUARE / square.len().max(1) as f32;
    (module, 4.0 * module)
}

/// Column edges of a table from its column widths; a width of 0 takes the rest.
pub(crate) fn edges(widths: &[f32], s: &Setting) -> Vec<f32> {
    let rest = s.sheet.measure() - widths.iter().sum::<f32>();
    let mut x = s.sheet.left;
    let mut edges = vec![x];
    for width in widths {
        x += if *width == 0.0 { rest } else { *width };
        edges.push(x);
    }
    edges
}

const PAD_X: f32 = 1.0 * MM;
const PAD_Y: f32 = 0.5 * MM;

/// The head of the papers table: two plain columns, then one heading over the remaining ones.
pub(crate) fn grouped_head(
    plain: &[&str],
    group: &str,
    under: &[&str],
    x: &[f32],
    s: &Setting,
) -> Slab {
    let style = Style::bold(s.cell());
    let set = |text: &str, from: usize, to: usize| {
        let width = x[to] - x[from] - 1.0 * MM;
        let lines = wrap(&[Span::new(text, style)], width, s.fonts);
        stack(
            &lines,
            x[from] + 0.5 * MM,
            width,
            s.close(),
            Align::Centre,
            s.fonts,
        )
    };
    let first = plain.len();
    let last = x.len() - 1;
    let (group_height, group_draws) = set(group, first, last);
    let middle = group_height + 2.0 * PAD_Y;
    let unders: Vec<_> = under
        .iter()
        .enumerate()
        .map(|(i, t)| set(t, first + i, first + i + 1))
        .collect();
    let low = unders.iter().map(|(h, _)| *h).fold(0.0, f32::max) + 2.0 * PAD_Y;
    let height = middle + low;

    let mut draws = Vec::new();
    let mut put = |(h, more): &(f32, Vec<Draw>), top: f32, room: f32| {
        draws.extend(
            more.iter()
                .map(|draw| draw.moved(0.0, top + (room - h) / 2.0)),
        );
    };
    for (i, text) in plain.iter().enumerate() {
        put(&set(text, i, i + 1), 0.0, height);
    }
    put(&(group_height, group_draws), 0.0, middle);
    for text in &unders {
        put(text, middle, low);
    }
    draws.push(horizontal(x[0], 0.0, x[last] - x[0]));
    draws.push(horizontal(x[first], middle, x[last] - x[first]));
    draws.push(horizontal(x[0], height, x[last] - x[0]));
    for (i, edge) in x.iter().enumerate() {
        let top = if i > first && i < last { middle } else { 0.0 };
        draws.push(vertical(*edge, top, height - top));
    }
    Slab {
        height,
        before: s.gap(),
        draws,
        keep: true,
        ..Slab::default()
    }
}

/// A head of plain columns.
pub(crate) fn plain_head(texts: &[&str], x: &[f32], s: &Setting) -> Slab {
    let style = Style::bold(s.cell());
    let set: Vec<_> = texts
        .iter()
        .zip(x.windows(2))
        .map(|(text, edge)| {
            let width = edge[1] - edge[0] - 1.0 * MM;
            let lines = wrap(&[Span::new(text, style)], width, s.fonts);
            stack(
                &lines,
                edge[0] + 0.5 * MM,
                width,
                s.close(),
                Align::Centre,
                s.fonts,
            )
        })
        .collect();
    let height = set.iter().map(|(h, _)| *h).fold(0.0, f32::max) + 2.0 * PAD_Y;
    let mut draws = Vec::new();
    for (h, more) in &set {
        let down = (height - h) / 2.0;
        draws.extend(more.iter().map(|draw| draw.moved(0.0, down)));
    }
    let wide = x[x.len() - 1] - x[0];
    draws.push(horizontal(x[0], 0.0, wide));
    draws.push(horizontal(x[0], height, wide));
    draws.extend(x.iter().map(|edge| vertical(*edge, 0.0, height)));
    Slab {
        height,
        before: s.gap(),
        draws,
        keep: true,
        ..Slab::default()
    }
}

/// The rows of a table below a head that repeats on each page. A row is cut only when it is
/// taller than a page, and then between lines with its borders going on.
pub(crate) fn rows(rows: &[Vec<Cell>], head: &Rc<Slab>, x: &[f32], s: &Setting) -> Vec<Slab> {
    rows.iter()
        .flat_map(|row| table_row(row, head, x, s))
        .collect()
}

fn table_row(cells: &[Cell], head: &Rc<Slab>, x: &[f32], s: &Setting) -> Vec<Slab> {
    let step = s.cell() * s.close();
    let (left, right) = (x[0], x[x.len() - 1]);
    let mut column = 0;
    let mut inner = vec![left];
    let columns: Vec<(f32, f32, Align, Vec<Line>)> = cells
        .iter()
        .map(|cell| {
            let (from, to) = (x[column], x[column + cell.columns]);
            column += cell.columns;
            inner.push(to);
            let width = to - from - 2.0 * PAD_X;
            (
                from + PAD_X,
                width,
                cell.align,
                wrap(&cell.spans, width, s.fonts),
            )
        })
        .collect();
    // Lines that a code takes the room of: it is never cut.
    let codes: Vec<_> = (cells.iter().zip(inner.windows(2)))
        .filter(|(cell, _)| !cell.square.is_empty())
        .map(|(cell, edge)| (&cell.square, edge[0], edge[1]))
        .collect();
    let least = codes.iter().map(|(square, ..)| {
        let (_, quiet) = module_and_quiet(square);
        ((SQUARE + 2.0 * (quiet - PAD_Y)) / step).ceil() as usize
    });
    let least = least.max().unwrap_or(1);
    let count = columns.iter().map(|(.., lines)| lines.len()).max();
    let count = count.unwrap_or(1).max(least);
    let height = count as f32 * step + 2.0 * PAD_Y;
    // All lines together, unless the row is taller than a page.
    let whole = height <= s.sheet.tallest_row(head);
    let first_lines = if whole { count } else { least };
    let rest = (first_lines..count).map(|line| line..line + 1);
    let pieces: Vec<_> = std::iter::once(0..first_lines).chain(rest).collect();
    let at = baseline(s.cell(), s.close(), s.fonts);
    let end = pieces.len() - 1;
    (pieces.into_iter().enumerate())
        .map(|(p, here)| {
            let (first, last) = (p == 0, p == end);
            let top = if first { PAD_Y } else { 0.0 };
            let height = top + here.len() as f32 * step + if last { PAD_Y } else { 0.0 };
            let mut draws = Vec::new();
            for (x, width, align, lines) in &columns {
                for (i, line) in lines.iter().enumerate().filter(|(i, _)| here.contains(i)) {
                    let y = top + (i - here.start) as f32 * step + at;
                    draws.push(place(line, *x, *width, y, *align));
                }
            }
            for (square, from, to) in codes.iter().filter(|_| first) {
                let (module, _) = module_and_quiet(square);
                let x = f32::midpoint(*from, to - SQUARE);
                let y = (least as f32 * step + 2.0 * PAD_Y - SQUARE) / 2.0;
                draws.extend(blocks::square(square, x, y, module));
            }
            draws.extend(inner.iter().map(|edge| vertical(*edge, 0.0, height)));
            let foot = horizontal(left, 0.0, right - left);
            let mut closing = Vec::new();
            if last {
                draws.push(foot.moved(0.0, height));
            } else {
                closing.push(foot);
            }
            Slab {
                height,
                draws,
                closing,
                head: Some(Rc::clone(head)),
                ..Slab::default()
            }
        })
        .collect()
}
