//! The papers that follow Mẫu số 01 through the life of a case: request for a supplement, refusal,
//! apology, control slip, and the slip for a result that was handed out.

use chrono::{DateTime, FixedOffset};
use motcua_domain::refusal::Result;

use crate::{
    codes,
    fonts::Fonts,
    form::{self, Agency, Filling, moment},
    forms::{FormSet, Values},
    hops::{self, Hop, Told},
    papers::PaperRow,
    receipt::{Due, Party, RegisterEntry, due, id},
    rows::RowLine,
};

/// What every one of these papers says of its case. Plain data: nothing is looked up later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseHead {
    /// The office.
    pub agency: Agency,
    /// The desk as named within a sentence: Bộ phận tiếp nhận và trả kết quả Phường Bình Minh.
    pub unit: String,
    /// Its telephone; `None` leaves dots to write on.
    pub desk_phone: Option<String>,
    /// Where the rules can be read; `None` leaves dots to write on.
    pub website: Option<String>,
    /// Mã hồ sơ.
    pub case_code: String,
    /// Code of the procedure.
    pub procedure_code: String,
    /// Its full name.
    pub procedure_name: String,
    /// Chủ hồ sơ.
    pub owner: Party,
    /// The officer whose act it was.
    pub officer: String,
    /// Running number of the paper; dots to write on where there is none.
    pub number: Option<String>,
    /// When the act was done: the date of the paper.
    pub made_at: DateTime<FixedOffset>,
    /// Time of a reprint, which is marked.
    pub reprinted_at: Option<DateTime<FixedOffset>>,
}

/// Mẫu 02.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplement {
    /// The case.
    pub head: CaseHead,
    /// Papers to bring.
    pub papers: Vec<PaperRow>,
    /// What else is to be completed.
    pub content: Option<String>,
    /// Why.
    pub reason: String,
}

/// Mẫu 03.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The case.
    pub head: CaseHead,
    /// Who signs for having handed it in.
    pub signer: String,
    /// Why.
    pub reason: String,
}

/// Mẫu 04.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apology {
    /// The case.
    pub head: CaseHead,
    /// Received.
    pub received_at: DateTime<FixedOffset>,
    /// Was due.
    pub due_at: DateTime<FixedOffset>,
    /// Is due.
    pub new_due_at: DateTime<FixedOffset>,
    /// Why it is late.
    pub reason: String,
}

/// Mẫu 05.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The case.
    pub head: CaseHead,
    /// Received.
    pub received_at: DateTime<FixedOffset>,
    /// Due.
    pub due: Due,
    /// Entry in the register.
    pub register: Option<RegisterEntry>,
    /// Who settles it.
    pub place_of_work: Option<String>,
    /// Cơ quan phối hợp; `None` leaves dots to write on.
    pub helping: Option<String>,
    /// Hand-overs so far.
    pub hops: Vec<Hop>,
}

/// Who took a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taker {
    /// Somebody at the counter.
    Person {
        /// Full name.
        name: String,
        /// Telephone.
        phone: Option<String>,
        /// Identity number.
        id_number: Option<String>,
        /// With which authorisation, where it is not the owner.
        authorisation: Option<String>,
    },
    /// The public post.
    Post {
        /// Waybill.
        waybill: String,
        /// Where to.
        address: String,
    },
}

/// Giấy biên nhận trả kết quả.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnSlip {
    /// The case.
    pub head: CaseHead,
    /// Who took it.
    pub taker: Taker,
    /// Kind of result.
    pub result_kind: Option<String>,
    /// Its number.
    pub result_number: Option<String>,
    /// What it says.
    pub result_summary: Option<String>,
    /// Notes.
    pub note: Option<String>,
}

/// The name of a procedure within a sentence that has said “thủ tục” or “hồ sơ”: many names begin
/// with that word themselves.
fn bare(name: &str) -> String {
    let name = name.trim();
    let rest = name.strip_prefix("Thủ tục ").unwrap_or(name);
    let mut letters = rest.chars();
    match (letters.next(), letters.next()) {
        // An abbreviation stays as it is.
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(rest.chars().skip(1)).collect()
        }
        _ => rest.to_owned(),
    }
}

/// A form of the case, with values of its own beside those that all have.
pub(crate) fn make(
    key: &str,
    head: &CaseHead,
    papers: &[PaperRow],
    (hops, rows): (&[Told<'_>], &[RowLine]),
    more: Values,
    (forms, fonts): (&FormSet, &Fonts),
) -> Result<Vec<u8>> {
    let (owner_id_label, owner_id) = id(Some(&head.owner), forms)?;
    let blank = forms.word("blank_number", &Values::new())?;
    let mut values = Values::from([
        ("desk", Some(head.agency.name.clone())),
        ("unit", Some(head.unit.clone())),
        ("desk_phone", head.desk_phone.clone()),
        ("website", head.website.clone()),
        ("owner", Some(head.owner.name.clone())),
        ("owner_id_label", owner_id_label),
        ("owner_id", owner_id),
        ("representative", head.owner.representative.clone()),
        ("address", head.owner.address.clone()),
        ("phone", head.owner.phone.clone()),
        ("email", head.owner.email.clone()),
        ("procedure", Some(head.procedure_name.clone())),
        ("procedure_bare", Some(bare(&head.procedure_name))),
        ("procedure_code", Some(head.procedure_code.clone())),
        ("officer", Some(head.officer.clone())),
    ]);
    values.extend(more);
    // Numbers that we do not give come from the office's own register: dots to write them on.
    let numbered = forms.form(key)?.head.number != "{number}";
    let mut filling = Filling {
        agency: &head.agency,
        code: &head.case_code,
        square: codes::qr(&head.case_code).unwrap_or_default(),
        number: numbered.then_some(head.number.as_deref().unwrap_or(&blank)),
        papers,
        hops,
        rows,
        reprinted_at: head.reprinted_at,
        made_at: head.made_at,
        values,
    };
    form::set(key, &mut filling, forms, fonts)
}

/// Mẫu 02 as a PDF.
///
/// # Errors
/// `ASSET_FAULT` for a broken form file or face, `DOCUMENT_UNKNOWN` if the set has no such form.
pub fn supplement(data: &Supplement, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let any = (!data.papers.is_empty()).then(String::new);
    let values = Values::from([
        ("papers", any),
        ("content", data.content.clone()),
        ("reason", Some(data.reason.clone())),
    ]);
    make(
        "supplement",
        &data.head,
        &data.papers,
        (&[], &[]),
        values,
        (forms, fonts),
    )
}

/// Mẫu 03 as a PDF.
///
/// # Errors
/// As [`supplement`].
pub fn refused(data: &Refused, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let values = Values::from([
        ("signer", Some(data.signer.clone())),
        ("reason", Some(data.reason.clone())),
    ]);
    make(
        "refusal",
        &data.head,
        &[],
        (&[], &[]),
        values,
        (forms, fonts),
    )
}

/// Mẫu 04 as a PDF.
///
/// # Errors
/// As [`supplement`].
pub fn apology(data: &Apology, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let values = Values::from([
        (
            "received_date",
            Some(data.received_at.format("%d/%m/%Y").to_string()),
        ),
        ("due", Some(moment(data.due_at, forms)?)),
        ("new_due", Some(moment(data.new_due_at, forms)?)),
        ("reason", Some(data.reason.clone())),
    ]);
    make(
        "apology",
        &data.head,
        &[],
        (&[], &[]),
        values,
        (forms, fonts),
    )
}

/// Mẫu 05 as a PDF.
///
/// # Errors
/// As [`supplement`].
pub fn control(data: &Control, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let due = due(data.due, forms)?;
    let values = Values::from([
        ("book", data.register.as_ref().map(|r| r.book.clone())),
        ("entry", data.register.as_ref().map(|r| r.entry.clone())),
        ("received", Some(moment(data.received_at, forms)?)),
        ("due", Some(due)),
        ("place_of_work", data.place_of_work.clone()),
        ("helping", data.helping.clone()),
    ]);
    let hops = hops::told(&data.hops, forms)?;
    make(
        "control",
        &data.head,
        &[],
        (&hops, &[]),
        values,
        (forms, fonts),
    )
}

/// Giấy biên nhận trả kết quả as a PDF.
///
/// # Errors
/// As [`supplement`].
pub fn return_slip(data: &ReturnSlip, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let (taker, phone, number, authorisation, by_post) = match &data.taker {
        Taker::Person {
            name,
            phone,
            id_number,
            authorisation,
        } => (
            Some(name.clone()),
            phone.clone(),
            id_number.clone(),
            authorisation.clone(),
            None,
        ),
        Taker::Post { waybill, address } => {
            let values = Values::from([
                ("waybill", Some(waybill.clone())),
                ("address", Some(address.clone())),
            ]);
            (
                None,
                None,
                None,
                None,
                Some(forms.word("by_post", &values)?),
            )
        }
    };
    let values = Values::from([
        ("taker_signs", Some(taker.clone().unwrap_or_default())),
        ("taker", taker),
        ("taker_phone", phone),
        ("taker_id", number),
        ("authorisation", authorisation),
        ("by_post", by_post),
        ("result_kind", data.result_kind.clone()),
        ("result_number", data.result_number.clone()),
        ("result_summary", data.result_summary.clone()),
        ("returned", Some(moment(data.head.made_at, forms)?)),
        ("note", data.note.clone()),
    ]);
    make(
        "return_slip",
        &data.head,
        &[],
        (&[], &[]),
        values,
        (forms, fonts),
    )
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_procedure_within_a_sentence_says_no_word_twice() {
        for (name, within) in [
            ("Thủ tục đăng ký khai sinh", "đăng ký khai sinh"),
            ("Đăng ký khai tử", "đăng ký khai tử"),
            ("GCN an toàn", "GCN an toàn"),
            ("X", "X"),
            ("", ""),
        ] {
            assert_eq!(bare(name), within, "{name}");
        }
    }
}
