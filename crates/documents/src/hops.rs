//! The table of hand-overs of Mẫu số 05.

use std::rc::Rc;

use chrono::{DateTime, FixedOffset};
use motcua_domain::refusal::Result;

use crate::{
    blocks::Setting,
    flow::Slab,
    form::moment,
    forms::{DOTS, FormSet, HopsWords, Values},
    page::{Align, MM},
    table::{self, Cell},
    text::Style,
};

/// How a result stood to its due time when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On an earlier day.
    Early,
    /// On the day, in time.
    OnTime,
    /// Later.
    Late,
}

/// One hand-over of the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Who gave it: desk or department.
    pub from: String,
    /// Who took it.
    pub to: String,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Who gave it, by name.
    pub giver: Option<String>,
    /// Who took it, by name.
    pub taker: Option<String>,
    /// With a result: how it stands to the due time.
    pub standing: Option<Standing>,
    /// Notes.
    pub note: Option<String>,
}

impl Hop {
    /// A hand-over from one to another.
    pub fn new(from: &str, to: &str, at: DateTime<FixedOffset>) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            at,
            giver: None,
            taker: None,
            standing: None,
            note: None,
        }
    }
}

/// A hop with its moment and standing in the words of the form set.
pub(crate) struct Told<'a> {
    hop: &'a Hop,
    at: String,
    standing: String,
}

pub(crate) fn told<'a>(hops: &'a [Hop], forms: &FormSet) -> Result<Vec<Told<'a>>> {
    let word = |key: &str| forms.word(key, &Values::new());
    hops.iter()
        .map(|hop| {
            Ok(Told {
                hop,
                at: moment(hop.at, forms)?,
                standing: match hop.standing {
                    None => String::new(),
                    Some(Standing::Early) => word("early")?,
                    Some(Standing::OnTime) => word("on_time")?,
                    Some(Standing::Late) => word("late")?,
                },
            })
        })
        .collect()
}

/// TÊN CƠ QUAN | THỜI GIAN GIAO, NHẬN | KẾT QUẢ | GHI CHÚ.
pub(crate) fn hops_table(words: &HopsWords, hops: &[Told<'_>], s: &Setting) -> Vec<Slab> {
    let regular = Style::regular(s.cell());
    let x = table::edges(&[34.0 * MM, 0.0, 25.0 * MM, 21.0 * MM], s);
    let head = Rc::new(table::plain_head(
        &[&words.name, &words.time, &words.standing, &words.note],
        &x,
        s,
    ));
    let signed = |name: Option<&String>| name.map_or(DOTS, String::as_str).to_owned();
    let rows: Vec<Vec<Cell>> = hops
        .iter()
        .map(|Told { hop, at, standing }| {
            let place = format!("{}{}\n{}{}", words.from, hop.from, words.to, hop.to);
            let time = format!(
                "{at}\n{}{}\n{}{}",
                words.giver,
                signed(hop.giver.as_ref()),
                words.taker,
                signed(hop.taker.as_ref())
            );
            vec![
                Cell::new(&place, regular, Align::Left),
                Cell::new(&time, regular, Align::Left),
                Cell::new(standing, regular, Align::Centre),
                Cell::new(hop.note.as_deref().unwrap_or(""), regular, Align::Left),
            ]
        })
        .collect();
    let mut slabs = vec![(*head).clone()];
    slabs.extend(table::rows(&rows, &head, &x, s));
    slabs.push(Slab::space(0.8 * MM));
    slabs
}
