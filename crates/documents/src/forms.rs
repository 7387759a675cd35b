//! Official forms as dated data: every word that a form prints comes from a file in
//! `assets/forms`, with its source and the day it came into force. A case names its form set and
//! keeps it, whatever comes into force later.
//!
//! A template holds `{placeholders}` and marks bold parts with `*asterisks*`. Values are put in
//! after the template is read, so an asterisk or brace within a citizen's name is just a letter.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use motcua_domain::refusal::{Code, Refusal, Result};
use serde::Deserialize;

use crate::{
    fonts::FaceId,
    text::{Span, Style},
};

/// How far the wording of a form set can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Checked against the text in force.
    InForce,
    /// For demonstration only.
    Sample,
    /// Wording as used by others, the original annex not yet compared.
    Unconfirmed,
}

/// One dated set of official forms.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormSet {
    /// Stable name; a case stores it.
    pub id: String,
    /// Vietnamese title for lists.
    pub title: String,
    /// First day of validity.
    pub effective_from: NaiveDate,
    /// How far the wording can be relied on.
    pub status: Status,
    /// The legal text it comes from.
    pub source: String,
    /// What a careful reader should know.
    #[serde(default)]
    pub note: Option<String>,
    pub(crate) words: BTreeMap<String, String>,
    pub(crate) forms: BTreeMap<String, Form>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// The number of the form within its circular; shown in lists, not printed.
    #[expect(dead_code, reason = "kept so that the file states which form it is")]
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) paper: Paper,
    #[serde(default)]
    pub(crate) copies: Vec<String>,
    pub(crate) head: Head,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) under_title: Vec<String>,
    pub(crate) body: Vec<Item>,
    #[serde(default)]
    pub(crate) signatures: Vec<Signature>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// What stands at the foot of each sheet once there are several; the case code unless said.
    pub(crate) foot: Option<String>,
    /// How far this form can be relied on, where that is less than the set; not printed.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "kept so that the file states what is not confirmed"
    )]
    pub(crate) remark: Option<String>,
}

/// Paper of a form (TT 01/2018/TT-VPCP Điều 9: A5, the register A4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Paper {
    A5,
    A4,
    #[serde(rename = "A4-landscape")]
    A4Landscape,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) number: String,
    pub(crate) nation: String,
    pub(crate) motto: String,
    pub(crate) place_and_date: String,
}

/// One thing in the body of a form, in printed order. `if` names a value without which it is
/// left out; a value that is absent elsewhere leaves a dotted line to write on.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Item {
    Line {
        line: String,
        #[serde(rename = "if")]
        condition: Option<String>,
    },
    Pair {
        pair: [String; 2],
        #[serde(rename = "if")]
        condition: Option<String>,
    },
    /// So many dotted lines across the page to write on by hand.
    Room {
        room: u8,
    },
    Papers {
        papers: PapersWords,
        #[serde(rename = "if")]
        condition: Option<String>,
    },
    Hops {
        hops: HopsWords,
    },
    Rows {
        rows: RowsWords,
        #[serde(rename = "if")]
        condition: Option<String>,
    },
    /// A square code of a value, with a line below it.
    Square {
        square: String,
        caption: String,
        #[serde(rename = "if")]
        condition: Option<String>,
    },
}

impl Item {
    /// The value without which it is left out.
    pub(crate) fn condition(&self) -> Option<&str> {
        match self {
            Self::Line { condition, .. }
            | Self::Pair { condition, .. }
            | Self::Papers { condition, .. }
            | Self::Rows { condition, .. }
            | Self::Square { condition, .. } => condition.as_deref(),
            Self::Room { .. } | Self::Hops { .. } => None,
        }
    }
}

/// A table whose columns, their order and their wording are data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsWords {
    pub(crate) columns: Vec<ColumnWords>,
    /// What stands in an empty table.
    pub(crate) none: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnWords {
    pub(crate) title: String,
    /// Which value of a row stands in it; one that no row has leaves room to write.
    pub(crate) key: String,
    /// Millimetres; 0 takes the rest.
    pub(crate) width: f32,
    #[serde(default)]
    pub(crate) align: ColumnAlign,
    /// Drawn as a square code instead of written.
    #[serde(default)]
    pub(crate) square: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnAlign {
    #[default]
    Left,
    Centre,
    Right,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PapersWords {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) count: String,
    pub(crate) originals: String,
    pub(crate) certified: String,
    pub(crate) copies: String,
    pub(crate) missing: String,
    pub(crate) none: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HopsWords {
    pub(crate) name: String,
    pub(crate) time: String,
    pub(crate) standing: String,
    pub(crate) note: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) giver: String,
    pub(crate) taker: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signature {
    pub(crate) title: String,
    pub(crate) hint: String,
    pub(crate) name: String,
}

/// What goes into the placeholders; `None` is known but absent.
pub(crate) type Values = BTreeMap<&'static str, Option<String>>;

impl FormSet {
    /// Reads a form set and checks that all its templates can be read.
    ///
    /// # Errors
    /// `ASSET_FAULT` naming what is wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let set: Self = serde_json::from_str(json)
            .map_err(|e| fault(format!("Không đọc được bộ biểu mẫu: {e}.")))?;
        for template in set.templates() {
            parse(template)?;
        }
        Ok(set)
    }

    /// The sets that ship with the program, oldest first.
    ///
    /// # Errors
    /// `ASSET_FAULT`, if a file was damaged before the build.
    pub fn built_in() -> Result<Vec<Self>> {
        let mut sets = vec![Self::from_json(include_str!(
            "../../../assets/forms/tt-01-2018.json"
        ))?];
        sets.sort_by_key(|set| set.effective_from);
        Ok(sets)
    }

    /// The set in force on a day: the last one that had begun.
    pub fn in_force(sets: &[Self], day: NaiveDate) -> Option<&Self> {
        sets.iter()
            .filter(|set| set.effective_from <= day)
            .max_by_key(|set| set.effective_from)
    }

    pub(crate) fn form(&self, key: &str) -> Result<&Form> {
        self.forms.get(key).ok_or_else(|| {
            Refusal::new(
                Code::DocumentUnknown,
                format!("Bộ biểu mẫu «{}» không có mẫu giấy này. Hồ sơ vẫn được giữ nguyên. Mời chọn bộ biểu mẫu khác.", self.title),
            )
        })
    }

    /// A fixed word of this set, with its placeholders filled; plain text.
    pub(crate) fn word(&self, key: &str, values: &Values) -> Result<String> {
        let template = self
            .words
            .get(key)
            .ok_or_else(|| fault(format!("Bộ biểu mẫu «{}» thiếu từ «{key}».", self.title)))?;
        plain(template, values)
    }

    fn templates(&self) -> impl Iterator<Item = &str> {
        let forms = self.forms.values().flat_map(|form| {
            let head = [&form.head.number, &form.head.place_and_date];
            let body = form.body.iter().flat_map(|item| match item {
                Item::Line { line, .. } => vec![line],
                Item::Pair { pair, .. } => pair.iter().collect(),
                Item::Square { caption, .. } => vec![caption],
                Item::Room { .. } | Item::Papers { .. } | Item::Hops { .. } | Item::Rows { .. } => {
                    vec![]
                }
            });
            let names = form.signatures.iter().map(|signature| &signature.name);
            head.into_iter()
                .chain(&form.under_title)
                .chain(body)
                .chain(names)
                .chain(&form.notes)
                .chain(&form.foot)
        });
        self.words.values().chain(forms).map(String::as_str)
    }
}

/// A piece of a template.
enum Part<'a> {
    Text { text: &'a str, bold: bool },
    Value { key: &'a str, bold: bool },
}

fn parse(template: &str) -> Result<Vec<Part<'_>>> {
    let broken = || fault(format!("Biểu mẫu có dòng viết sai: «{template}»."));
    let mut parts = Vec::new();
    let mut bold = false;
    let mut rest = template;
    while let Some(at) = rest.find(['*', '{', '}']) {
        if at > 0 {
            parts.push(Part::Text {
                text: &rest[..at],
                bold,
            });
        }
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match mark {
            b'*' => bold = !bold,
            b'{' => {
                let end = rest.find('}').ok_or_else(broken)?;
                let key = &rest[..end];
                if key.is_empty() || !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                    return Err(broken());
                }
                parts.push(Part::Value { key, bold });
                rest = &rest[end + 1..];
            }
            _ => return Err(broken()),
        }
    }
    if bold {
        return Err(broken());
    }
    if !rest.is_empty() {
        parts.push(Part::Text {
            text: rest,
            bold: false,
        });
    }
    Ok(parts)
}

/// Looks a value up; a placeholder nobody fills is a fault of the form file.
pub(crate) fn value<'v>(values: &'v Values, key: &str) -> Result<Option<&'v str>> {
    match values.get(key) {
        Some(value) => Ok(value.as_deref()),
        None => Err(fault(format!("Biểu mẫu có chỗ điền lạ: {{{key}}}."))),
    }
}

/// Whether an item's condition holds.
pub(crate) fn holds(condition: Option<&str>, values: &Values) -> Result<bool> {
    condition.map_or(Ok(true), |key| Ok(value(values, key)?.is_some()))
}

/// Where a form leaves room to write by hand.
pub(crate) const DOTS: &str = "………………";

/// A template with its values, as styled text.
pub(crate) fn fill(template: &str, values: &Values, size: f32) -> Result<Vec<Span>> {
    parse(template)?
        .into_iter()
        .map(|part| {
            let (text, bold) = match part {
                Part::Text { text, bold } => (text, bold),
                Part::Value { key, bold } => match value(values, key)? {
                    Some(text) => (text, bold),
                    None => (DOTS, false),
                },
            };
            let face = if bold { FaceId::Bold } else { FaceId::Regular };
            Ok(Span::new(text, Style { face, size }))
        })
        .collect()
}

/// A template with its values, as plain text.
pub(crate) fn plain(template: &str, values: &Values) -> Result<String> {
    parse(template)?
        .into_iter()
        .map(|part| match part {
            Part::Text { text, .. } => Ok(text),
            Part::Value { key, .. } => Ok(value(values, key)?.unwrap_or(DOTS)),
        })
        .collect()
}

fn fault(what: String) -> Refusal {
    Refusal::new(
        Code::AssetFault,
        format!("{what} Dữ liệu hồ sơ không bị ảnh hưởng. Mời cài lại bộ biểu mẫu rồi in lại."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("{")]
    #[case("}")]
    #[case("{}")]
    #[case("{A b}")]
    #[case("*bold")]
    fn broken_templates_are_refused(#[case] template: &str) {
        assert_eq!(
            parse(template).err().map(|e| e.code),
            Some(Code::AssetFault)
        );
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let values = Values::from([("owner", Some("*{x}*".to_owned())), ("phone", None)]);
        assert_eq!(plain("Của: *{owner}*", &values).unwrap(), "Của: *{x}*");
        assert_eq!(plain("{phone}", &values).unwrap(), DOTS);
        assert_eq!(
            plain("{email}", &values).unwrap_err().code,
            Code::AssetFault
        );
    }

    #[test]
    fn the_set_of_a_day_is_the_last_that_had_begun() {
        let old = FormSet::built_in().unwrap().remove(0);
        let mut new = old.clone();
        new.id = "later".into();
        new.effective_from = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
        let sets = [old, new];
        let on = |y, m, d| {
            FormSet::in_force(&sets, NaiveDate::from_ymd_opt(y, m, d).unwrap())
                .map(|s| s.id.as_str())
        };
        assert_eq!(on(2018, 12, 31), None);
        assert_eq!(on(2026, 12, 31), Some("tt-01-2018"));
        assert_eq!(on(2027, 1, 1), Some("later"));
    }
}
