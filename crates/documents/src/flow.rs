//! Pages out of slabs. A slab is a piece of a form that is never cut: a line, a table row, a
//! block of signatures. Slabs know what must stay together; this module decides where pages end.

use std::rc::Rc;

use crate::page::{Draw, Page};

/// An uncuttable piece, drawn from y = 0 at its top; x is that of the page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slab {
    pub(crate) height: f32,
    /// Space above, dropped at the top of a page.
    pub(crate) before: f32,
    pub(crate) draws: Vec<Draw>,
    /// Stays on one page with the next slab.
    pub(crate) keep: bool,
    /// Repeated above this slab when it begins a page (the head of its table).
    pub(crate) head: Option<Rc<Slab>>,
    /// Drawn at its foot when it ends a page (the border of a table that goes on).
    pub(crate) closing: Vec<Draw>,
    /// Takes up to this much of what a page has to spare.
    pub(crate) stretch: f32,
}

impl Slab {
    pub(crate) fn space(height: f32) -> Self {
        Self {
            height,
            ..Self::default()
        }
    }

    /// Room that grows: at least `min`, at most `max`.
    pub(crate) fn elastic(min: f32, max: f32) -> Self {
        Self {
            height: min,
            stretch: max - min,
            keep: true,
            ..Self::default()
        }
    }
}

/// Paper and margins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) left: f32,
    pub(crate) right: f32,
    pub(crate) top: f32,
    pub(crate) bottom: f32,
}

impl Sheet {
    /// Width between the margins.
    pub(crate) fn measure(&self) -> f32 {
        self.width - self.left - self.right
    }

    fn room(&self) -> f32 {
        self.height - self.top - self.bottom
    }

    /// The tallest table row that still fits a fresh page below the head of its table.
    pub(crate) fn tallest_row(&self, head: &Slab) -> f32 {
        self.room() - head.height
    }
}

/// Spreads slabs over as many pages as they need.
pub(crate) fn paginate(slabs: &[Slab], sheet: &Sheet) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut current: Vec<&Slab> = Vec::new();
    let mut used = 0.0;
    for group in groups(slabs, sheet) {
        let first = &group[0];
        let starts = current.is_empty();
        let height = group_height(group, starts);
        if !starts && used + height > sheet.room() + 0.01 {
            pages.push(compose(&current, sheet));
            current.clear();
            used = 0.0;
        }
        if current.is_empty() {
            used = group_height(group, true) + first.head.as_ref().map_or(0.0, |h| h.height);
        } else {
            used += height;
        }
        current.extend(group);
    }
    pages.push(compose(&current, sheet));
    pages
}

/// Whether one page holds everything; much cheaper than composing it.
pub(crate) fn fits_one(slabs: &[Slab], sheet: &Sheet) -> bool {
    slabs.is_empty() || group_height(slabs, true) <= sheet.room() + 0.01
}

/// Runs of slabs that stay together. A chain too long for a page is cut where it must be:
/// better a page break than text over the edge.
fn groups<'a>(slabs: &'a [Slab], sheet: &Sheet) -> Vec<&'a [Slab]> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut height = 0.0;
    for (i, slab) in slabs.iter().enumerate() {
        let head = slab.head.as_ref().map_or(0.0, |h| h.height);
        if i > start && height + slab.before + slab.height + head > sheet.room() {
            groups.push(&slabs[start..i]);
            start = i;
            height = 0.0;
        }
        height += slab.before + slab.height;
        if !slab.keep {
            groups.push(&slabs[start..=i]);
            start = i + 1;
            height = 0.0;
        }
    }
    if start < slabs.len() {
        groups.push(&slabs[start..]);
    }
    groups
}

fn group_height(group: &[Slab], at_top: bool) -> f32 {
    let whole: f32 = group.iter().map(|slab| slab.before + slab.height).sum();
    if at_top {
        whole - group[0].before
    } else {
        whole
    }
}

fn compose(slabs: &[&Slab], sheet: &Sheet) -> Page {
    let mut draws = Vec::new();
    let head = slabs.first().and_then(|slab| slab.head.clone());
    let content: f32 = slabs
        .iter()
        .map(|slab| slab.before + slab.height)
        .sum::<f32>()
        - slabs.first().map_or(0.0, |slab| slab.before)
        + head.as_ref().map_or(0.0, |h| h.height);
    let mut spare = (sheet.room() - content).max(0.0);
    let mut y = sheet.top;
    if let Some(head) = head {
        draws.extend(head.draws.iter().map(|draw| draw.moved(0.0, y)));
        y += head.height;
    }
    for (i, slab) in slabs.iter().enumerate() {
        if i > 0 {
            y += slab.before;
        }
        draws.extend(slab.draws.iter().map(|draw| draw.moved(0.0, y)));
        let extra = slab.stretch.min(spare);
        spare -= extra;
        y += slab.height + extra;
        if i + 1 == slabs.len() {
            draws.extend(slab.closing.iter().map(|draw| draw.moved(0.0, y)));
        }
    }
    Page {
        width: sheet.width,
        height: sheet.height,
        draws,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHEET: Sheet = Sheet {
        width: 100.0,
        height: 120.0,
        left: 10.0,
        right: 10.0,
        top: 10.0,
        bottom: 10.0,
    };

    fn slab(mark: usize, height: f32, keep: bool) -> Slab {
        let draws = vec![Draw::Fill {
            x: mark as f32,
            y: 0.0,
            width: 1.0,
            height,
        }];
        Slab {
            height,
            keep,
            draws,
            ..Slab::default()
        }
    }

    fn marks(page: &Page) -> Vec<usize> {
        page.draws
            .iter()
            .map(|d| match d {
                Draw::Fill { x, .. } | Draw::Text { x, .. } => *x as usize,
            })
            .collect()
    }

    #[test]
    fn kept_slabs_move_together() {
        let slabs = [
            slab(1, 60.0, false),
            slab(2, 30.0, true),
            slab(3, 30.0, false),
        ];
        let pages = paginate(&slabs, &SHEET);
        assert_eq!(
            pages.iter().map(marks).collect::<Vec<_>>(),
            [vec![1], vec![2, 3]]
        );
    }

    #[test]
    fn heads_repeat_on_each_page_of_a_table() {
        let head = Rc::new(slab(0, 10.0, true));
        let rows = (1..=5).map(|i| Slab {
            head: Some(head.clone()),
            ..slab(i, 40.0, false)
        });
        let pages = paginate(&rows.collect::<Vec<_>>(), &SHEET);
        assert_eq!(
            pages.iter().map(marks).collect::<Vec<_>>(),
            [vec![0, 1, 2], vec![0, 3, 4], vec![0, 5]]
        );
    }

    proptest! {
        #[test]
        fn every_slab_once_in_order_and_within_the_margins(
            sizes in prop::collection::vec((1.0_f32..90.0, any::<bool>()), 1..40)
        ) {
            let slabs: Vec<Slab> =
                sizes.iter().enumerate().map(|(i, (h, k))| slab(i, *h, *k)).collect();
            let pages = paginate(&slabs, &SHEET);
            let seen: Vec<usize> = pages.iter().flat_map(marks).collect();
            prop_assert_eq!(seen, (0..slabs.len()).collect::<Vec<_>>());
            for draw in pages.iter().flat_map(|p| &p.draws) {
                if let Draw::Fill { y, height, .. } = draw {
                    prop_assert!(*y >= 9.99 && y + height <= 110.02);
                }
            }
        }
    }
}
