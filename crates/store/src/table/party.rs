//! Who was here before, as last recorded: to fill in a returning citizen at one keystroke.

use motcua_domain::{text::fold, visit::Party};
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, search_widening, values},
};

pub(crate) static PARTY: Table = Table {
    name: "party",
    columns: &[
        "entity",
        "row",
        "id_number",
        "phone",
        "name",
        "at_ms",
        "doc",
    ],
    key: 1,
    search: Some(("party_search", "row")),
};

pub(crate) fn row(entity: Uuid, row: u64, party: &Party, at_ms: i64) -> Result<Row> {
    let text = search_text(party);
    Ok(Row {
        table: &PARTY,
        values: values![
            id(entity),
            row as i64,
            party.id_number.clone(),
            party.phone.clone(),
            fold(&party.name),
            at_ms,
            serde_json::to_string(party)?
        ],
        search: Some((row as i64, text)),
    })
}

/// The words by which a party is found.
pub(crate) fn search_text(party: &Party) -> String {
    let mut text = fold(&party.name);
    for part in [&party.id_number, &party.phone].into_iter().flatten() {
        text.push(' ');
        text.push_str(&fold(part));
    }
    text
}

/// A known party.
#[derive(Debug, Clone)]
pub struct Known {
    /// As last recorded.
    pub party: Party,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Visits and cases so far.
    pub times: u32,
}

/// A party as it was recorded; how much of it was asked for then is nothing to offer.
fn told(doc: &str) -> Result<Party> {
    let mut party: Party = serde_json::from_str(doc)?;
    party.taken_over.clear();
    Ok(party)
}

/// Records of one person that are put together; the newest say what holds.
const MOST_RECORDS: u32 = 50;

impl Read<'_> {
    /// What was recorded of whoever has this number, each field as last said: what nobody has to
    /// ask them again. `except` is the visit that is being served, whose own record is no earlier
    /// one.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn remembered_party(&self, number: &str, except: Option<Uuid>) -> Result<Option<Party>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT entity, doc FROM party WHERE id_number = ?1 ORDER BY at_ms DESC LIMIT ?2",
        )?;
        let mut rows = statement.query(rusqlite::params![number, MOST_RECORDS])?;
        let mut known: Option<Party> = None;
        while let Some(row) = rows.next()? {
            if Some(log::uuid(row, 0)?) == except {
                continue;
            }
            let party = told(&row.get::<_, String>(1)?)?;
            match &mut known {
                Some(known) => known.complete_from(&party),
                None => known = Some(party),
            }
        }
        Ok(known)
    }

    /// Known parties by number, phone or words of the name, latest first, each person once.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn known_parties(&self, text: &str, limit: usize) -> Result<Vec<Known>> {
        // Several rows belong to one person: look at more than are asked for, newest first.
        let mut statement = self.connection().prepare_cached(
            "SELECT p.doc, p.at_ms FROM party_search s JOIN party p ON p.row = s.rowid
             WHERE party_search MATCH ?1 ORDER BY s.rowid DESC LIMIT 200",
        )?;
        search_widening(text, limit, |query| {
            let mut rows = statement.query([query])?;
            let mut found: Vec<Known> = Vec::new();
            while let Some(row) = rows.next()? {
                let doc: String = row.get(0)?;
                let party = told(&doc)?;
                let same = |k: &&mut Known| match (&k.party.id_number, &party.id_number) {
                    (Some(a), Some(b)) => a == b,
                    _ => fold(&k.party.name) == fold(&party.name) && k.party.phone == party.phone,
                };
                if let Some(known) = found.iter_mut().find(same) {
                    known.times += 1;
                    // The same number is the same person; the same name and telephone may be kin.
                    if known.party.id_number.is_some() {
                        known.party.complete_from(&party);
                    }
                } else if found.len() < limit {
                    found.push(Known {
                        party,
                        at_ms: row.get(1)?,
                        times: 1,
                    });
                }
            }
            Ok(found)
        })
    }
}
