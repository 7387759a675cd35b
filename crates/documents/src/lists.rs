//! Papers about several cases: one receipt for a visit, the list of a hand-over, a day's cash, the
//! register book.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use motcua_domain::{money, refusal::Result, text::grouped};

use crate::{
    fonts::Fonts,
    form::{self, Agency, Filling, moment},
    forms::{FormSet, Values},
    receipt::{Due, Party, due, id},
    rows::RowLine,
};

/// What all lists have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHead {
    /// The office.
    pub agency: Agency,
    /// The desk as named within a sentence.
    pub unit: String,
    /// Who made the list.
    pub officer: String,
    /// Date of the paper.
    pub made_at: DateTime<FixedOffset>,
    /// Time of a reprint, which is marked.
    pub reprinted_at: Option<DateTime<FixedOffset>>,
}

/// A case on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCase {
    /// Mã hồ sơ.
    pub code: String,
    /// Procedure.
    pub procedure: String,
    /// Owner.
    pub owner: String,
    /// Who settles it.
    pub place_of_work: Option<String>,
    /// Received.
    pub received_at: DateTime<FixedOffset>,
    /// Due.
    pub due: Due,
    /// Lawful limit in words.
    pub limit: Option<String>,
    /// Sets.
    pub sets: u32,
    /// Handed in online: to be dealt with first.
    pub online: bool,
    /// Fees in words.
    pub fee: Option<String>,
}

/// One receipt for all cases of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointReceipt {
    /// The list.
    pub head: ListHead,
    /// Who handed in.
    pub submitter: Party,
    /// Whose name stands below the signature.
    pub signer: String,
    /// The cases.
    pub cases: Vec<ListedCase>,
    /// Fees of all of them, if any.
    pub fees: Option<u64>,
}

/// The list of a hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverList {
    /// The list.
    pub head: ListHead,
    /// Where they went.
    pub to: String,
    /// Who took them.
    pub receiver: Option<String>,
    /// Notes.
    pub note: Option<String>,
    /// The cases.
    pub cases: Vec<ListedCase>,
}

/// A payment on the cash report, or one that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashLine {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Number of the slip.
    pub slip: Option<String>,
    /// Mã hồ sơ.
    pub code: String,
    /// Who paid.
    pub payer: String,
    /// How, in words.
    pub method: String,
    /// Whole đồng, below zero for what went back.
    pub amount: i64,
    /// What was noted with it, or why it went back.
    pub note: Option<String>,
}

/// Sums by the way of paying.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CashSums {
    /// Cash.
    pub cash: i64,
    /// Transfer.
    pub transfer: i64,
    /// Online.
    pub online: i64,
}

/// What was taken on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashReport {
    /// The list.
    pub head: ListHead,
    /// Which day.
    pub date: NaiveDate,
    /// Each officer with what they took, and the sums.
    pub officers: Vec<(String, Vec<CashLine>, CashSums)>,
}

/// An entry of the register book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntry {
    /// Running number of the year.
    pub number: u32,
    /// The case.
    pub case: ListedCase,
    /// Address and telephone of the owner.
    pub contact: String,
    /// Result handed out.
    pub returned_at: Option<DateTime<FixedOffset>>,
    /// How the result is returned.
    pub return_method: String,
    /// Who took the result.
    pub taker: Option<String>,
    /// Notes.
    pub note: String,
}

/// A stretch of the register book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterBook {
    /// The list.
    pub head: ListHead,
    /// Which year.
    pub year: i32,
    /// Entries.
    pub entries: Vec<BookEntry>,
}

fn make(
    key: &str,
    head: &ListHead,
    rows: &[RowLine],
    more: Values,
    (forms, fonts): (&FormSet, &Fonts),
) -> Result<Vec<u8>> {
    let mut values = Values::from([
        ("desk", Some(head.agency.name.clone())),
        ("unit", Some(head.unit.clone())),
        ("officer", Some(head.officer.clone())),
        ("made", Some(moment(head.made_at, forms)?)),
    ]);
    values.extend(more);
    let mut filling = Filling {
        agency: &head.agency,
        code: "",
        square: Vec::new(),
        number: None,
        papers: &[],
        hops: &[],
        rows,
        reprinted_at: head.reprinted_at,
        made_at: head.made_at,
        values,
    };
    form::set(key, &mut filling, forms, fonts)
}

fn short(at: DateTime<FixedOffset>) -> String {
    at.format("%H:%M %d/%m/%Y").to_string()
}

fn short_due(when: Due, forms: &FormSet) -> Result<String> {
    match when {
        Due::At(at) => Ok(short(at)),
        other => due(other, forms),
    }
}

/// An amount that may be below zero.
fn signed(amount: i64) -> String {
    let digits = grouped(amount.unsigned_abs());
    if amount < 0 {
        format!("-{digits}")
    } else {
        digits
    }
}

fn listed(i: usize, case: &ListedCase, forms: &FormSet) -> Result<BTreeMap<&'static str, String>> {
    let online = if case.online {
        forms.word("online_mark", &Values::new())?
    } else {
        String::new()
    };
    Ok(BTreeMap::from([
        ("nth", (i + 1).to_string()),
        ("code", case.code.clone()),
        ("procedure", case.procedure.clone()),
        ("owner", case.owner.clone()),
        ("place", case.place_of_work.clone().unwrap_or_default()),
        ("received", short(case.received_at)),
        ("due", short_due(case.due, forms)?),
        ("limit", case.limit.clone().unwrap_or_default()),
        ("sets", format!("{:02}", case.sets)),
        ("fee", case.fee.clone().unwrap_or_default()),
        ("mark", online),
    ]))
}

fn all_listed(cases: &[ListedCase], forms: &FormSet) -> Result<Vec<RowLine>> {
    let each = |(i, case)| listed(i, case, forms).map(RowLine::Cells);
    cases.iter().enumerate().map(each).collect()
}

/// One receipt for all cases of a visit as a PDF.
///
/// # Errors
/// `ASSET_FAULT` for a broken form file or face, `DOCUMENT_UNKNOWN` if the set has no such form.
pub fn joint_receipt(data: &JointReceipt, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let (id_label, number) = id(Some(&data.submitter), forms)?;
    let values = Values::from([
        ("signer", Some(data.signer.clone())),
        ("submitter", Some(data.submitter.name.clone())),
        ("submitter_id_label", id_label),
        ("submitter_id", number),
        ("address", data.submitter.address.clone()),
        ("phone", data.submitter.phone.clone()),
        ("email", data.submitter.email.clone()),
        ("count", Some(format!("{:02}", data.cases.len()))),
        ("fees", data.fees.map(grouped)),
        ("fees_words", data.fees.map(money::dong)),
    ]);
    let rows = all_listed(&data.cases, forms)?;
    make("joint_receipt", &data.head, &rows, values, (forms, fonts))
}

/// The list of a hand-over as a PDF.
///
/// # Errors
/// As [`joint_receipt`].
pub fn hand_over_list(data: &HandOverList, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let values = Values::from([
        ("to", Some(data.to.clone())),
        (
            "receiver_signs",
            Some(data.receiver.clone().unwrap_or_default()),
        ),
        ("receiver", data.receiver.clone()),
        ("note", data.note.clone()),
        ("count", Some(format!("{:02}", data.cases.len()))),
    ]);
    let rows = all_listed(&data.cases, forms)?;
    make("hand_over_list", &data.head, &rows, values, (forms, fonts))
}

/// A day's cash as a PDF.
///
/// # Errors
/// As [`joint_receipt`].
pub fn cash_report(data: &CashReport, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let word = |key: &str| forms.word(key, &Values::new());
    let mut rows = Vec::new();
    let mut all = CashSums::default();
    for (officer, lines, sums) in &data.officers {
        rows.push(RowLine::Heading(officer.clone()));
        for (i, line) in lines.iter().enumerate() {
            rows.push(RowLine::of([
                ("nth", (i + 1).to_string()),
                ("time", line.at.format("%H:%M").to_string()),
                ("slip", line.slip.clone().unwrap_or_default()),
                ("code", line.code.clone()),
                ("payer", line.payer.clone()),
                ("method", line.method.clone()),
                ("note", line.note.clone().unwrap_or_default()),
                ("amount", signed(line.amount)),
            ]));
        }
        rows.push(RowLine::Sum(word("cash_sum")?, signed(sums.cash)));
        let rest = sums.transfer.saturating_add(sums.online);
        if rest != 0 {
            rows.push(RowLine::Sum(word("other_sum")?, signed(rest)));
        }
        all.cash = all.cash.saturating_add(sums.cash);
        all.transfer = all.transfer.saturating_add(sums.transfer);
        all.online = all.online.saturating_add(sums.online);
    }
    let total = (all.cash)
        .saturating_add(all.transfer)
        .saturating_add(all.online);
    let values = Values::from([
        ("day_of", Some(data.date.format("%d/%m/%Y").to_string())),
        ("cash", Some(signed(all.cash))),
        ("cash_words", Some(money::signed_dong(all.cash))),
        ("transfer", Some(signed(all.transfer))),
        ("online", Some(signed(all.online))),
        ("total", Some(signed(total))),
        ("total_words", Some(money::signed_dong(total))),
    ]);
    make("cash_report", &data.head, &rows, values, (forms, fonts))
}

/// A stretch of the register book as a PDF.
///
/// # Errors
/// As [`joint_receipt`].
pub fn register_book(data: &RegisterBook, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let rows = data
        .entries
        .iter()
        .map(|entry| {
            let mut cells = listed(0, &entry.case, forms)?;
            cells.extend([
                ("nth", entry.number.to_string()),
                ("contact", entry.contact.clone()),
                ("returned", entry.returned_at.map(short).unwrap_or_default()),
                ("method", entry.return_method.clone()),
                ("taker", entry.taker.clone().unwrap_or_default()),
                ("note", entry.note.clone()),
            ]);
            Ok(RowLine::Cells(cells))
        })
        .collect::<Result<Vec<_>>>()?;
    let number = |entry: Option<&BookEntry>| entry.map(|e| e.number.to_string());
    let values = Values::from([
        ("book_year", Some(data.year.to_string())),
        ("first", number(data.entries.first())),
        ("last", number(data.entries.last())),
    ]);
    make("register_book", &data.head, &rows, values, (forms, fonts))
}
