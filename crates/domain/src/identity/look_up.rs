//! Looking somebody up in a national register: what the record says of it, and where the register
//! says something else than the card. The officer decides; nothing here changes a party by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{text, visit::Party};

/// Which register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "LookUpRegister")]
#[schemars(rename = "LookUpRegister")]
pub enum Register {
    /// Population (Cơ sở dữ liệu quốc gia về dân cư).
    Citizen,
    /// Enterprises (Cơ sở dữ liệu quốc gia về đăng ký doanh nghiệp).
    Enterprise,
}

impl Register {
    /// The name on the wire and in the log, for ever.
    pub fn name(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Enterprise => "enterprise",
        }
    }
}

/// Why somebody is looked up. There is no look-up without a reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "LookUpPurpose")]
#[schemars(rename = "LookUpPurpose")]
pub enum Purpose {
    /// A case is taken in (tiếp nhận hồ sơ).
    #[default]
    Reception,
    /// A result is handed out (trả kết quả).
    Return,
}

impl Purpose {
    /// The name on the wire and in the log, for ever.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reception => "reception",
            Self::Return => "return",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "LookUpOutcome")]
#[schemars(rename = "LookUpOutcome")]
pub enum Outcome {
    /// The register has that number.
    Found,
    /// It answered that it does not.
    NotFound,
    /// Nobody could be asked; the desk went on.
    Unavailable,
    /// Nobody asked.
    NotAsked,
}

/// What a record says of looking its owner up: never what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct LookUp {
    /// What came of it.
    pub outcome: Outcome,
    /// Which register; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<Register>,
    /// When, UTC milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
    /// The officer who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why nobody could be asked: a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl LookUp {
    /// Nobody asked.
    pub fn not_asked() -> Self {
        Self {
            outcome: Outcome::NotAsked,
            register: None,
            at_ms: None,
            by: None,
            code: None,
        }
    }
}

/// A field of which the register says something else than the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields, rename = "LookUpDifference")]
#[schemars(rename = "LookUpDifference")]
pub struct Difference {
    /// Field of the party.
    pub field: String,
    /// What it is called.
    pub label: String,
    /// As in the form; none where it is empty there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// As in the register.
    pub theirs: String,
}

/// Where a register says something else than the form, or something that the form does not say.
/// What the register leaves out is no difference. Case and spacing are none either.
pub fn differences(ours: &Party, theirs: &Party) -> Vec<Difference> {
    let day = |d: chrono::NaiveDate| d.format("%d/%m/%Y").to_string();
    let name = |p: &Party| Some(p.name.clone()).filter(|n| !n.is_empty());
    let representative = |p: &Party| p.representative.clone();
    let fields = [
        ("name", "Họ tên", name(ours), name(theirs)),
        (
            "birth_date",
            "Ngày sinh",
            ours.birth_date.map(day),
            theirs.birth_date.map(day),
        ),
        ("sex", "Giới tính", ours.sex.clone(), theirs.sex.clone()),
        (
            "address",
            "Địa chỉ",
            ours.address.clone(),
            theirs.address.clone(),
        ),
        (
            "representative",
            "Người đại diện",
            representative(ours),
            representative(theirs),
        ),
    ];
    let mut found = Vec::new();
    for (field, label, ours, theirs) in fields {
        let Some(theirs) = theirs else { continue };
        if ours.as_deref().is_none_or(|ours| !same(ours, &theirs)) {
            found.push(Difference {
                field: field.to_owned(),
                label: label.to_owned(),
                ours,
                theirs,
            });
        }
    }
    found
}

/// Diacritics tell people apart; capitals, spaces and commas do not.
fn same(one: &str, other: &str) -> bool {
    let plain = |t: &str| {
        let words: Vec<String> = text::nfc(t)
            .to_lowercase()
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect();
        words.join(" ")
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(name: &str, address: Option<&str>) -> Party {
        Party {
            name: name.to_owned(),
            address: address.map(str::to_owned),
            birth_date: chrono::NaiveDate::from_ymd_opt(1990, 2, 1),
            ..Party::default()
        }
    }

    #[test]
    fn capitals_spaces_and_commas_are_no_difference_and_diacritics_are() {
        let card = party("LÒ  THỊ MAI", Some("Bản Mòng,Sơn La"));
        assert_eq!(
            differences(&card, &party("Lò Thị Mai", Some("Bản Mòng, Sơn La"))),
            []
        );
        let found = differences(&card, &party("Lò Thị Mái", None));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].field.as_str(), found[0].theirs.as_str()),
            ("name", "Lò Thị Mái")
        );
    }

    #[test]
    fn what_the_form_does_not_say_is_told_and_what_the_register_leaves_out_is_not() {
        let card = party("Lò Thị Mai", None);
        let mut there = party("Lò Thị Mai", Some("Sơn La"));
        there.birth_date = None;
        let found = differences(&card, &there);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].field.as_str(), &found[0].ours),
            ("address", &None)
        );
        there.birth_date = chrono::NaiveDate::from_ymd_opt(1990, 1, 2);
        assert_eq!(differences(&card, &there)[0].theirs, "02/01/1990");
    }
}
