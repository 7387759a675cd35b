//! What is handed in, checked field by field: people and papers.

use chrono::Datelike;

use super::{MAX_COUNT, PaperCount};
use crate::{
    catalogue::Procedure,
    identity::{phone, tax_code},
    refusal::{Code, Refusal, Result},
    text::{self, limit},
    visit::{Party, PartyKind},
};

/// Checks an e-mail address, as far as its shape tells.
///
/// # Errors
/// At `email`.
pub fn check_email(typed: Option<&str>) -> Result<Option<String>> {
    let email = text::optional(typed, limit::NAME).map_err(|r| r.at("email"))?;
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
    Ok(email)
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
    let email = check_email(party.email.as_deref())?;
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
        taken_over: party.taken_over,
    })
}

/// Number and telephone of a person who is only passing by, as [`check_party`] takes them.
///
/// # Errors
/// `id_number` or `phone`, named.
pub(super) fn check_individual(
    id_number: Option<&str>,
    phone: Option<&str>,
) -> Result<(Option<String>, Option<String>)> {
    let id = text::optional(id_number, limit::CODE)
        .and_then(|id| {
            id.map(|id| check_id(&id, PartyKind::Individual))
                .transpose()
        })
        .map_err(|r| r.at("id_number"))?;
    let phone = text::optional(phone, limit::CODE)
        .and_then(|raw| raw.map(|raw| phone::parse(&raw)).transpose())
        .map_err(|r| r.at("phone"))?
        .map(|found| found.value.as_str().to_owned());
    Ok((id, phone))
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

/// Originals, certified copies and plain copies of one paper, in that order; `at` names the field.
///
/// # Errors
/// A count outside 0–99.
pub(super) fn check_counts(counts: [u32; 3], at: impl Fn(&str) -> String) -> Result<()> {
    for (count, field) in counts.into_iter().zip(["originals", "certified", "copies"]) {
        if count > MAX_COUNT {
            return Err(Refusal::new(
                Code::PaperCountInvalid,
                format!("Số bản từ 0 đến {MAX_COUNT}. Mời xem lại."),
            )
            .at(at(field)));
        }
    }
    Ok(())
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
        check_counts(paper.counts(), |field| format!("papers[{i}].{field}"))?;
    }
    for (index, required) in procedure.papers.iter().enumerate() {
        let given = papers.iter().find(|p| p.index == index);
        let exempt = given.is_some_and(|p| p.not_applicable.is_some());
        let here = given.is_some_and(|p| p.reused || p.counts() != [0; 3]);
        if required.required && !exempt && !here {
            missing.push(index);
        }
    }
    Ok(missing)
}
