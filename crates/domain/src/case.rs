//! A case (hồ sơ): what was taken in, from whom, under which code, until when.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::{
    calendar::Limit,
    catalogue::Procedure,
    identity::{phone, tax_code},
    refusal::{Code, Refusal, Result},
    text::{self, limit},
    visit::{Party, PartyKind, Recorded},
};

/// Most copies of one paper that can be taken in; more is a slip of the finger.
pub const MAX_COUNT: u32 = 99;
/// Most sets of a dossier.
pub const MAX_SETS: u16 = 99;

/// Status codes sent to the national portal (services `DongBoHoSoMC`, `CapNhatTienDoHoSoMC`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// 2 – Được tiếp nhận.
    Received,
    /// 10 – Đã trả kết quả.
    Returned,
}

impl CaseStatus {
    /// The code on the wire to the portal.
    pub fn portal_code(self) -> u8 {
        match self {
            Self::Received => 2,
            Self::Returned => 10,
        }
    }
}

/// How the citizen wants the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReturnMethod {
    /// At the counter (tại quầy).
    #[default]
    Counter,
    /// By public post (bưu chính công ích).
    Post,
    /// Electronically (điện tử).
    Online,
}

/// What was received of one paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PaperCount {
    /// Position in the procedure's list, from 0.
    pub index: usize,
    /// Originals (bản chính).
    #[serde(default)]
    pub originals: u32,
    /// Certified copies (bản chứng thực).
    #[serde(default)]
    pub certified: u32,
    /// Plain copies (bản photo).
    #[serde(default)]
    pub copies: u32,
    /// Does not apply to this citizen, with the reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
}

impl PaperCount {
    fn total(&self) -> u32 {
        self.originals + self.certified + self.copies
    }
}

/// Which version of which procedure a case was received under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ProcedureRef {
    /// National code.
    pub code: String,
    /// Content hash of the version.
    pub version: String,
    /// Name, so that the log can be read by itself.
    pub name: String,
}

/// How a fee was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum FeeMethod {
    /// In cash.
    Cash,
    /// By transfer.
    Transfer,
    /// Later, or elsewhere.
    Unpaid,
    /// Exempt, with the ground in words.
    Exempt,
}

/// Fee of a case, in whole đồng.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseFee {
    /// Amount.
    pub amount: u64,
    /// How.
    pub method: FeeMethod,
    /// Ground of an exemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// Number in the year's register book (Sổ theo dõi hồ sơ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BookEntry {
    /// Year of the book.
    pub year: i32,
    /// Running number within it.
    pub number: u32,
}

/// Reception: the first event of every case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseReceived {
    /// Case code (mã hồ sơ).
    pub code: String,
    /// Running number of the day within the code.
    pub number: u32,
    /// Business day.
    pub date: NaiveDate,
    /// The visit it was handed in at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
    /// Counter that took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Procedure and version.
    pub procedure: ProcedureRef,
    /// Owner (chủ hồ sơ).
    pub applicant: Party,
    /// Who handed it in, if somebody else (người nộp thay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitter: Option<Party>,
    /// What was received.
    pub papers: Vec<PaperCount>,
    /// Required papers that are missing, by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<usize>,
    /// Ground on which it was taken in all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_ground: Option<String>,
    /// Sets handed in.
    pub sets: u16,
    /// How the result is to be returned.
    pub return_method: ReturnMethod,
    /// Where to, by post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_address: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<CaseFee>,
    /// Time limit applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Received, UTC milliseconds: the legal beginning of the limit.
    pub received_ms: i64,
    /// Due, UTC milliseconds; none for results returned at once or without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// How the due time came about, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// Entry in the register book.
    pub book: BookEntry,
    /// Form set in force.
    pub form_set: String,
    /// The result was returned at once: recorded, no receipt needed (NĐ 61/2018 Điều 17.4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub instant: bool,
}

/// Everything that can happen to a case so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", content = "body")]
pub enum CaseEvent {
    /// Taken in.
    #[serde(rename = "case.received")]
    Received(Box<CaseReceived>),
    /// A paper of the case went to a printer.
    #[serde(rename = "case.document_printed")]
    DocumentPrinted {
        /// Kind of paper (`receipt`).
        document: String,
        /// BLAKE3 of what was printed, hex.
        hash: String,
    },
}

/// A paper of the case that was printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Printed {
    /// Kind of paper.
    pub document: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// Hash of the payload.
    pub hash: String,
}

/// A case as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Case {
    /// As received.
    #[serde(flatten)]
    pub received: CaseReceived,
    /// Officer who took it in.
    pub officer: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// Papers printed so far.
    pub printed: Vec<Printed>,
}

impl Case {
    /// Folds events in order.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded<CaseEvent>>) -> Option<Self> {
        let mut case: Option<Self> = None;
        for recorded in events {
            match &mut case {
                None => case = Self::begin(recorded),
                Some(case) => case.apply(recorded),
            }
        }
        case
    }

    /// The case that this event begins, if it is one that does.
    fn begin(recorded: &Recorded<CaseEvent>) -> Option<Self> {
        let CaseEvent::Received(received) = &recorded.event else {
            return None;
        };
        Some(Self {
            status: if received.instant {
                CaseStatus::Returned
            } else {
                CaseStatus::Received
            },
            officer: recorded.stamp.actor.clone(),
            received: (**received).clone(),
            printed: Vec::new(),
        })
    }

    /// Changes the case by one event; as with visits, folding never refuses.
    pub fn apply(&mut self, recorded: &Recorded<CaseEvent>) {
        match &recorded.event {
            CaseEvent::DocumentPrinted { document, hash } => self.printed.push(Printed {
                document: document.clone(),
                at_ms: recorded.stamp.wall_ms,
                officer: recorded.stamp.actor.clone(),
                hash: hash.clone(),
            }),
            // A case is received once; a second telling of it changes nothing.
            CaseEvent::Received(_) => {}
        }
    }

    /// How often a kind of paper was printed.
    pub fn prints(&self, document: &str) -> usize {
        self.printed
            .iter()
            .filter(|p| p.document == document)
            .count()
    }
}

/// Checks a party field by field: limits, shapes, NFC. Where the law allows no certainty the
/// value stands and the screen warns.
///
/// # Errors
/// The first field at fault, named.
pub fn check_party(party: Party) -> Result<Party> {
    let name = text::required(&party.name, limit::NAME).map_err(|r| r.at("name"))?;
    if !name.chars().any(char::is_alphabetic) {
        return Err(
            Refusal::new(Code::FieldCharacters, "Họ tên cần có chữ cái. Mời xem lại.").at("name"),
        );
    }
    let id_number = match text::optional(party.id_number.as_deref(), limit::CODE)
        .map_err(|r| r.at("id_number"))?
    {
        None => None,
        Some(id) => Some(check_id(&id, party.kind).map_err(|r| r.at("id_number"))?),
    };
    let phone =
        match text::optional(party.phone.as_deref(), limit::CODE).map_err(|r| r.at("phone"))? {
            None => None,
            Some(raw) => Some(
                phone::parse(&raw)
                    .map_err(|r| r.at("phone"))?
                    .value
                    .as_str()
                    .to_owned(),
            ),
        };
    let email = text::optional(party.email.as_deref(), limit::NAME).map_err(|r| r.at("email"))?;
    if let Some(email) = &email {
        let plausible = email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !host.starts_with('.')
        });
        if !plausible || email.contains(' ') {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Địa chỉ thư điện tử chưa đúng dạng tên@nơi.vn. Mời xem lại hoặc để trống.",
            )
            .at("email"));
        }
    }
    // Dates of birth are dates of living people: anything else is a slip or a broken program.
    if party
        .birth_date
        .is_some_and(|d| !(1850..=2100).contains(&d.year()))
    {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Ngày sinh không hợp lý. Mời xem lại hoặc để trống.",
        )
        .at("birth_date"));
    }
    Ok(Party {
        kind: party.kind,
        name,
        id_number,
        birth_date: party.birth_date,
        sex: text::optional(party.sex.as_deref(), limit::CODE).map_err(|r| r.at("sex"))?,
        phone,
        email,
        address: text::optional(party.address.as_deref(), limit::ADDRESS)
            .map_err(|r| r.at("address"))?,
        representative: text::optional(party.representative.as_deref(), limit::NAME)
            .map_err(|r| r.at("representative"))?,
    })
}

fn check_id(id: &str, kind: PartyKind) -> Result<String> {
    match kind {
        // Passports have letters; the law fixes no shape that could be refused.
        PartyKind::Individual => {
            let compact: String = id
                .chars()
                .filter(|c| !c.is_whitespace() && *c != '.')
                .collect();
            let plausible = (5..=20).contains(&compact.chars().count())
                && compact.chars().all(|c| c.is_ascii_alphanumeric());
            if plausible {
                Ok(compact)
            } else {
                Err(Refusal::new(
                    Code::CardNumberInvalid,
                    "Số giấy tờ gồm 12 chữ số (Căn cước), 9 chữ số (CMND cũ) hoặc số hộ chiếu. Mời xem lại.",
                ))
            }
        }
        PartyKind::Enterprise | PartyKind::HouseholdBusiness => {
            tax_code::TaxCode::parse(id).map(|t| t.as_str().to_owned())
        }
        PartyKind::Agency => Ok(id.to_owned()),
    }
}

/// Checks what was received against the procedure and tells which required papers are missing.
///
/// # Errors
/// A position the procedure does not have or that stands twice, a count outside 0–99.
pub fn check_papers(papers: &[PaperCount], procedure: &Procedure) -> Result<Vec<usize>> {
    let mut seen = vec![false; procedure.papers.len()];
    let mut missing = Vec::new();
    for (i, paper) in papers.iter().enumerate() {
        match seen.get_mut(paper.index) {
            Some(seen) if !*seen => *seen = true,
            Some(_) => {
                return Err(Refusal::new(
                    Code::PaperIndexInvalid,
                    format!("Giấy tờ số {} được ghi hai lần.", paper.index + 1),
                )
                .at(format!("papers[{i}].index")));
            }
            None => {
                return Err(Refusal::new(
                    Code::PaperIndexInvalid,
                    format!(
                        "Thủ tục này có {} giấy tờ, không có giấy tờ số {}.",
                        procedure.papers.len(),
                        // Whatever a program sends: the largest index has no successor.
                        paper.index.saturating_add(1)
                    ),
                )
                .at(format!("papers[{i}].index")));
            }
        }
        for (count, field) in [
            (paper.originals, "originals"),
            (paper.certified, "certified"),
            (paper.copies, "copies"),
        ] {
            if count > MAX_COUNT {
                return Err(Refusal::new(
                    Code::PaperCountInvalid,
                    format!("Số bản từ 0 đến {MAX_COUNT}. Mời xem lại."),
                )
                .at(format!("papers[{i}].{field}")));
            }
        }
    }
    for (index, required) in procedure.papers.iter().enumerate() {
        let given = papers.iter().find(|p| p.index == index);
        let exempt = given.is_some_and(|p| p.not_applicable.is_some());
        if required.required && !exempt && given.map_or(0, PaperCount::total) == 0 {
            missing.push(index);
        }
    }
    Ok(missing)
}
