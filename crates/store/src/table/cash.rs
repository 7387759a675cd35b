//! Money that came to the desk and went back, by day and officer.

use chrono::NaiveDate;
use motcua_domain::case::Case;
use motcua_protocol::Time;
use uuid::Uuid;

use super::case::CaseRow;
use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, values},
};

pub(crate) static CASH: Table = Table {
    name: "cash",
    columns: &[
        "entity", "n", "date", "at_ms", "officer", "method", "amount",
    ],
    key: 2,
    search: None,
};

/// A row for each payment, and one for each that went back.
pub(crate) fn rows(entity: Uuid, case: &Case, rows: &mut Vec<Row>) {
    for payment in case.money().payments {
        // A made-up log may tell of any amount.
        let amount = i64::try_from(payment.amount).unwrap_or(i64::MAX);
        let method = payment.method.name();
        let row = |n: u32, at_ms: i64, officer: &str, amount: i64| Row {
            table: &CASH,
            values: values![
                id(entity),
                i64::from(n),
                Time::from_ms(at_ms).date().to_string(),
                at_ms,
                officer.to_owned(),
                method.to_owned(),
                amount
            ],
            search: None,
        };
        let came = payment.n * 2 - 1;
        rows.push(row(came, payment.at_ms, &payment.officer, amount));
        if let Some(back) = &payment.reversed {
            rows.push(row(came + 1, back.at_ms, &back.officer, -amount));
        }
    }
}

/// Money that came or went back.
#[derive(Debug, Clone)]
pub struct CashRow {
    /// The case it is of.
    pub case: CaseRow,
    /// Which payment of the case, from 1.
    pub payment: u32,
    /// It went back.
    pub back: bool,
    /// Who took it or gave it back.
    pub officer: String,
}

impl Read<'_> {
    /// What came and went back on a day, by officer and time.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn cash_of(&self, date: NaiveDate, officer: Option<&str>) -> Result<Vec<CashRow>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT k.entity, c.doc, k.n, k.officer FROM cash k JOIN case_file c ON c.entity = k.entity
             WHERE k.date = ?1 AND (?2 IS NULL OR k.officer = ?2)
             ORDER BY k.officer, k.at_ms, k.entity, k.n",
        )?;
        let mut found = Vec::new();
        let mut rows = statement.query(rusqlite::params![date.to_string(), officer])?;
        while let Some(row) = rows.next()? {
            let doc: String = row.get(1)?;
            let n: u32 = row.get(2)?;
            found.push(CashRow {
                case: CaseRow {
                    id: log::uuid(row, 0)?,
                    case: serde_json::from_str(&doc)?,
                },
                payment: n.div_ceil(2),
                back: n.is_multiple_of(2),
                officer: row.get(3)?,
            });
        }
        Ok(found)
    }
}
