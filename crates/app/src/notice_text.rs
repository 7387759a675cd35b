//! The words in which citizens are told: texts of `assets/notices`, filled with the office's name,
//! the case's code and a date. Nothing else about anybody goes into them.

use std::collections::BTreeMap;

use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    case::{Case, ReturnMethod},
    notice::NoticeKind,
    text,
};
use motcua_protocol::Time;
use serde::Deserialize;

use crate::Result;

/// One thing to tell, for each way.
#[derive(Debug, Clone, Deserialize)]
struct Words {
    subject: String,
    email: String,
    sms: String,
    #[serde(default)]
    say: String,
}

/// The file of texts.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NoticeTexts {
    closing: String,
    kinds: BTreeMap<String, Words>,
    test: Words,
}

/// What goes into a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts<'a> {
    /// The case's code.
    pub(crate) code: &'a str,
    /// The date it speaks of, UTC milliseconds.
    pub(crate) date_ms: Option<i64>,
    /// How the result is handed out.
    pub(crate) by: ReturnMethod,
}

impl<'a> Facts<'a> {
    /// Of a case.
    pub(crate) fn of(case: &'a Case, date_ms: Option<i64>) -> Self {
        Self {
            code: case.code(),
            date_ms,
            by: case.received.return_method,
        }
    }
}

impl NoticeTexts {
    pub(crate) fn from_json(json: &str) -> Result<Self> {
        let broken = || {
            Refusal::new(
                Code::AssetFault,
                "Tệp lời văn thông báo không đọc được. Hồ sơ đã ghi vẫn an toàn. Mời báo người quản trị sửa hoặc bỏ tệp này.",
            )
        };
        let texts: Self = serde_json::from_str(json).map_err(|error| {
            tracing::error!(%error, "texts of notices");
            broken()
        })?;
        let whole = NoticeKind::ALL
            .iter()
            .all(|kind| texts.kinds.contains_key(kind.name()));
        if whole {
            Ok(texts)
        } else {
            Err(broken().into())
        }
    }

    /// What is sent is not to be fetched: a result that goes by post or electronically has words of
    /// its own, where the file has them.
    fn words(&self, kind: Option<NoticeKind>, facts: &Facts<'_>) -> &Words {
        let Some(kind) = kind else {
            return &self.test;
        };
        let way = match (kind, facts.by) {
            (NoticeKind::ResultReady, ReturnMethod::Post) => Some("post"),
            (NoticeKind::ResultReady, ReturnMethod::Online) => Some("online"),
            _ => None,
        };
        way.and_then(|way| self.kinds.get(&format!("{}_{way}", kind.name())))
            .or_else(|| self.kinds.get(kind.name()))
            .unwrap_or(&self.test)
    }

    /// Subject and text of a letter; without a kind the one for trying.
    pub(crate) fn mail(
        &self,
        kind: Option<NoticeKind>,
        branch: &Branch,
        facts: &Facts<'_>,
    ) -> (String, String) {
        let words = self.words(kind, facts);
        let mut body = filled(&words.email, branch, facts);
        if kind.is_some() {
            body.push_str("\n\n");
            body.push_str(&filled(&self.closing, branch, facts));
        }
        (filled(&words.subject, branch, facts), body)
    }

    /// A text for a telephone.
    pub(crate) fn sms(
        &self,
        kind: Option<NoticeKind>,
        branch: &Branch,
        facts: &Facts<'_>,
        plain: bool,
    ) -> String {
        let text = filled(&self.words(kind, facts).sms, branch, facts);
        if plain { text::plain(&text) } else { text }
    }

    /// What a person who calls says.
    pub(crate) fn say(&self, kind: NoticeKind, branch: &Branch, facts: &Facts<'_>) -> String {
        filled(&self.words(Some(kind), facts).say, branch, facts)
    }
}

fn filled(template: &str, branch: &Branch, facts: &Facts<'_>) -> String {
    let office = &branch.office;
    let or = |text: &str, other: &str| {
        if text.trim().is_empty() {
            other.to_owned()
        } else {
            text.to_owned()
        }
    };
    let place = or(&office.address, &office.name);
    let date = facts.date_ms.map_or_else(String::new, |ms| {
        Time::from_ms(ms).0.format("%d/%m/%Y").to_string()
    });
    // No value holds a mark: codes and dates are our own, and a name with braces stays one.
    template
        .replace("{ma}", facts.code)
        .replace("{ngay}", &date)
        .replace("{lien_he}", &or(&office.phone, &place))
        .replace("{dia_chi}", &place)
        .replace("{co_quan}", &office.name)
}
