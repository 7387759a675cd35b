//! Mẫu số 01: Giấy tiếp nhận hồ sơ và hẹn trả kết quả, two copies, both signed.

use chrono::{DateTime, FixedOffset};
use motcua_domain::{refusal::Result, text::grouped};

use crate::{
    codes,
    fonts::Fonts,
    form::{self, Agency, Filling, moment},
    forms::{FormSet, Values},
    papers::PaperRow,
};

/// What identifies a person or organisation on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// Số định danh cá nhân, 12 digits.
    Citizen,
    /// The old 9-digit card.
    OldCitizen,
    /// Passport.
    Passport,
    /// Mã số thuế.
    Tax,
    /// Anything else.
    Other,
}

/// A person or organisation as printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Full name.
    pub name: String,
    /// Identity document or tax code.
    pub id: Option<(IdKind, String)>,
    /// One line.
    pub address: Option<String>,
    /// As it is to be read.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Who acts for an organisation.
    pub representative: Option<String>,
}

/// A time limit as the catalogue states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLimit {
    /// How many.
    pub value: u32,
    /// Of what, in Vietnamese: ngày làm việc.
    pub unit: String,
}

/// When the result is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// At this time.
    At(DateTime<FixedOffset>),
    /// At once (NĐ 61/2018/NĐ-CP Điều 17.4: the receipt is made on request).
    Immediately,
    /// The procedure sets no limit.
    NoAppointment,
    /// The limit begins when the competent agency has the dossier.
    WhenAccepted,
}

/// Fees and charges in whole đồng.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fee {
    /// None is charged, on that ground.
    Free(Option<String>),
    /// A part of it was paid.
    Partly {
        /// All of it.
        charged: u64,
        /// What is still to be paid.
        due: u64,
    },
    /// To be paid.
    Due(u64),
    /// Paid.
    Paid(u64),
}

/// The entry in the register (TT 01/2018/TT-VPCP Điều 10.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterEntry {
    /// Quyển số.
    pub book: String,
    /// Số thứ tự.
    pub entry: String,
}

/// Received for another agency: three places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForAnother {
    /// Where the citizen was helped.
    pub help: Option<String>,
    /// Where it was received.
    pub receipt: String,
    /// Who settles it.
    pub competent: String,
}

/// Everything printed on Mẫu 01. Plain data: nothing here is looked up or computed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The office.
    pub agency: Agency,
    /// Số: 0047/BPTNTKQ; left out when there is none.
    pub number: Option<String>,
    /// Mã hồ sơ.
    pub case_code: String,
    /// What is to be known of the code itself: that it is provisional, or which one it replaces.
    pub code_note: Option<String>,
    /// Code of the procedure.
    pub procedure_code: String,
    /// Its full name.
    pub procedure_name: String,
    /// Chủ hồ sơ.
    pub owner: Party,
    /// Người nộp, when somebody else hands it in.
    pub submitter: Option<Party>,
    /// Whose name stands below the citizen's signature.
    pub signer: String,
    /// Papers received, and those missing if accepted nonetheless.
    pub papers: Vec<PaperRow>,
    /// Why it was accepted although papers are missing.
    pub missing_ground: Option<String>,
    /// Số bộ hồ sơ.
    pub sets: u32,
    /// The lawful time limit; `None` where the law sets none.
    pub limit: Option<TimeLimit>,
    /// When it was received; also the date of the paper and its creation date.
    pub received_at: DateTime<FixedOffset>,
    /// When the result is due.
    pub due: Due,
    /// Where the result is collected or sent.
    pub return_at: String,
    /// Fees; `None` leaves the line out.
    pub fee: Option<Fee>,
    /// Entry in the register; `None` leaves dots to write on.
    pub register: Option<RegisterEntry>,
    /// The officer who received it.
    pub officer: String,
    /// Anything else the citizen should have in writing.
    pub note: Option<String>,
    /// Received for another agency.
    pub for_another: Option<ForAnother>,
    /// Its code where it was handed in online.
    pub online_code: Option<String>,
    /// Time of a reprint, which is marked; but for the line about the fee, the text stays that of the
    /// original.
    pub reprinted_at: Option<DateTime<FixedOffset>>,
}

/// Mẫu 01 as a PDF: both copies, A5, as many sheets as the papers need.
///
/// # Errors
/// `ASSET_FAULT` for a broken form file or face, `DOCUMENT_UNKNOWN` if the set has no receipt.
pub fn receipt(data: &Receipt, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let mut filling = Filling {
        agency: &data.agency,
        code: &data.case_code,
        square: codes::qr(&data.case_code).unwrap_or_default(),
        number: data.number.as_deref(),
        papers: &data.papers,
        hops: &[],
        rows: &[],
        reprinted_at: data.reprinted_at,
        made_at: data.received_at,
        values: values(data, forms)?,
    };
    form::set("receipt", &mut filling, forms, fonts)
}

fn values(data: &Receipt, forms: &FormSet) -> Result<Values> {
    let owner = &data.owner;
    let submitter = data.submitter.as_ref();
    let (owner_id_label, owner_id) = id(Some(owner), forms)?;
    let (submitter_id_label, submitter_id) = id(submitter, forms)?;
    let word = |key: &str| forms.word(key, &Values::new());
    let limit = match &data.limit {
        // On the same day. Sets of forms that were made before have no word of their own for it.
        Some(limit) if limit.value == 0 => {
            word("limit_same_day").or_else(|_| word("limit_none"))?
        }
        Some(limit) => {
            let parts = [
                ("value", Some(format!("{:02}", limit.value))),
                ("unit", Some(limit.unit.clone())),
            ];
            forms.word("limit", &parts.into_iter().collect())?
        }
        None => word("limit_none")?,
    };
    let amount = |key: &str, dong: u64| {
        forms.word(
            key,
            &[("amount", Some(grouped(dong)))].into_iter().collect(),
        )
    };
    let fee = match &data.fee {
        None => None,
        Some(Fee::Free(None)) => Some(word("fee_free")?),
        Some(Fee::Free(Some(ground))) => Some(format!("{} ({ground})", word("fee_free")?)),
        Some(Fee::Due(dong)) => Some(amount("fee_due", *dong)?),
        Some(Fee::Paid(dong)) => Some(amount("fee_paid", *dong)?),
        Some(Fee::Partly { charged, due }) => {
            let paid = amount("fee_paid", charged.saturating_sub(*due))?;
            Some(format!("{paid}, {}", amount("fee_due", *due)?))
        }
    };
    let register = data.register.as_ref();
    let another = data.for_another.as_ref();
    Ok(Values::from([
        ("code_note", data.code_note.clone()),
        ("desk", Some(data.agency.name.clone())),
        ("owner", Some(owner.name.clone())),
        ("owner_id_label", owner_id_label),
        ("owner_id", owner_id),
        ("address", owner.address.clone()),
        ("phone", owner.phone.clone()),
        ("email", owner.email.clone()),
        ("submitter", submitter.map(|party| party.name.clone())),
        ("submitter_id_label", submitter_id_label),
        ("submitter_id", submitter_id),
        (
            "submitter_phone",
            submitter.and_then(|party| party.phone.clone()),
        ),
        ("procedure", Some(data.procedure_name.clone())),
        ("procedure_code", Some(data.procedure_code.clone())),
        ("ground", data.missing_ground.clone()),
        ("sets", Some(format!("{:02}", data.sets))),
        ("limit", Some(limit)),
        ("received", Some(moment(data.received_at, forms)?)),
        ("due", Some(due(data.due, forms)?)),
        ("return_at", Some(data.return_at.clone())),
        ("fee", fee),
        ("book", register.map(|r| r.book.clone())),
        ("entry", register.map(|r| r.entry.clone())),
        ("representative", owner.representative.clone()),
        ("signer", Some(data.signer.clone())),
        ("officer", Some(data.officer.clone())),
        ("note", data.note.clone()),
        ("help", another.and_then(|a| a.help.clone())),
        ("receipt_place", another.map(|a| a.receipt.clone())),
        ("competent", another.map(|a| a.competent.clone())),
        ("online_code", data.online_code.clone()),
    ]))
}

/// When the result is due, in the words of the form set.
pub(crate) fn due(due: Due, forms: &FormSet) -> Result<String> {
    let word = |key: &str| forms.word(key, &Values::new());
    match due {
        Due::At(at) => moment(at, forms),
        Due::Immediately => word("due_immediate"),
        Due::NoAppointment => word("due_none"),
        Due::WhenAccepted => word("due_accepted"),
    }
}

pub(crate) fn id(
    party: Option<&Party>,
    forms: &FormSet,
) -> Result<(Option<String>, Option<String>)> {
    let Some((kind, number)) = party.and_then(|party| party.id.as_ref()) else {
        return Ok((None, None));
    };
    let key = match kind {
        IdKind::Citizen => "id_citizen",
        IdKind::OldCitizen => "id_old_citizen",
        IdKind::Passport => "id_passport",
        IdKind::Tax => "id_tax",
        IdKind::Other => "id_other",
    };
    Ok((Some(forms.word(key, &Values::new())?), Some(number.clone())))
}
