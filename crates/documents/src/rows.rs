//! Tables whose columns are data of the form set: lists of cases, of payments, of indicators.

use std::{collections::BTreeMap, rc::Rc};

use crate::{
    blocks::Setting,
    flow::Slab,
    forms::{ColumnAlign, RowsWords},
    page::{Align, MM},
    table::{self, Cell},
    text::Style,
};

/// A line of such a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowLine {
    /// A value for each column that has one.
    Cells(BTreeMap<&'static str, String>),
    /// Bold, over all columns.
    Heading(String),
    /// A label and, in the last column, a sum.
    Sum(String, String),
}

impl RowLine {
    pub(crate) fn of<const N: usize>(cells: [(&'static str, String); N]) -> Self {
        Self::Cells(cells.into_iter().collect())
    }
}

pub(crate) fn rows_table(words: &RowsWords, rows: &[RowLine], s: &Setting) -> Vec<Slab> {
    let regular = Style::regular(s.cell());
    let bold = Style::bold(s.cell());
    let widths: Vec<f32> = words.columns.iter().map(|c| c.width * MM).collect();
    let x = table::edges(&widths, s);
    let titles: Vec<&str> = words.columns.iter().map(|c| &*c.title).collect();
    let head = Rc::new(table::plain_head(&titles, &x, s));
    let all = words.columns.len();
    let align = |align: ColumnAlign| match align {
        ColumnAlign::Left => Align::Left,
        ColumnAlign::Centre => Align::Centre,
        ColumnAlign::Right => Align::Right,
    };
    let mut lines: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| match row {
            RowLine::Cells(cells) => words
                .columns
                .iter()
                .map(|column| {
                    let text = cells.get(&*column.key).map_or("", String::as_str);
                    if column.square {
                        return Cell::square(text, regular);
                    }
                    Cell::new(text, regular, align(column.align))
                })
                .collect(),
            RowLine::Heading(text) => vec![Cell {
                columns: all,
                ..Cell::new(text, bold, Align::Left)
            }],
            RowLine::Sum(label, sum) => vec![
                Cell {
                    columns: all - 1,
                    ..Cell::new(label, bold, Align::Right)
                },
                Cell::new(sum, bold, Align::Right),
            ],
        })
        .collect();
    if lines.is_empty() {
        lines.push(vec![Cell {
            columns: all,
            ..Cell::new(&words.none, Style::italic(s.cell()), Align::Centre)
        }]);
    }
    let mut slabs = vec![(*head).clone()];
    slabs.extend(table::rows(&lines, &head, &x, s));
    slabs.push(Slab::space(0.8 * MM));
    slabs
}
