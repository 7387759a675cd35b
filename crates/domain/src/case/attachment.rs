//! Papers of a case as files: scanned at the desk, handed in as a file, or taken over from an
//! earlier case. The event holds the file's address (its BLAKE3) and size, never the file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Case, CaseEvent};
use crate::{
    refusal::{Code, Refusal, Result},
    text::{self, limit},
};

/// Most pages of one paper.
pub const MAX_PAGES: u32 = 500;
/// Most bytes of one paper: 200 MB.
pub const MAX_BYTES: u64 = 200_000_000;
/// Most files of one case; a dossier of 111 papers with a result is far below.
pub const MAX_ATTACHMENTS: usize = 400;

/// What the file is to the paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PaperOrigin {
    /// Made as a file (bản điện tử gốc).
    Original,
    /// Scanned from paper (bản số hóa).
    #[default]
    Digitised,
    /// Taken over from an earlier case of the same person (tái sử dụng).
    Reused,
}

impl PaperOrigin {
    /// The name it has in the database and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Digitised => "digitised",
            Self::Reused => "reused",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Original => "bản điện tử gốc",
            Self::Digitised => "bản số hóa",
            Self::Reused => "tái sử dụng",
        }
    }
}

/// Which paper of the case it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum AttachedTo {
    /// One of the procedure's list, by position from 0.
    Paper {
        /// Position.
        index: usize,
    },
    /// One that is not in the list.
    Other {
        /// What it is called.
        name: String,
    },
    /// A result paper.
    Result,
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Blob {
    /// BLAKE3 of the bytes, 64 hexadecimal digits: its address.
    pub hash: String,
    /// Bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Pages.
    pub pages: u32,
}

/// Where a reused paper comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ReusedFrom {
    /// The earlier case.
    pub case_id: Uuid,
    /// Its code, so that the log can be read by itself.
    pub case_code: String,
    /// The file within it.
    pub attachment: Uuid,
}

/// A file came to the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct PaperAttached {
    /// Names the file within the case.
    pub id: Uuid,
    /// Which paper.
    pub paper: AttachedTo,
    /// What the paper is called, so that the log can be read by itself.
    pub name: String,
    /// What the file is to it.
    pub origin: PaperOrigin,
    /// Its code (mã giấy tờ).
    pub code: String,
    /// The file: a PDF.
    pub blob: Blob,
    /// Where it was taken over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<ReusedFrom>,
}

/// A file was taken back: the wrong paper, the wrong case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PaperDetached {
    /// Which file.
    pub id: Uuid,
    /// Why.
    pub reason: String,
}

/// A file of the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Attachment {
    /// What came.
    #[serde(flatten)]
    pub file: PaperAttached,
    /// When, UTC milliseconds.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
}

/// A file that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Detached {
    /// What it was.
    pub attachment: Attachment,
    /// Why.
    pub reason: String,
    /// When, UTC milliseconds.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
}

impl PaperAttached {
    /// Whether its code is one that this desk made ([`attach`]), and not one that stands on the
    /// paper: nobody beyond the branch knows it.
    pub fn has_own_code(&self) -> bool {
        let Some((_, what)) = self.code.rsplit_once('.') else {
            return false;
        };
        let (what, nth) = what.split_once('-').unwrap_or((what, "0"));
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let made = ["TP", "KQ", "K"].iter().find_map(|p| what.strip_prefix(p));
        made.is_some_and(number) && number(nth)
    }
}

/// What somebody wants to attach.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which paper.
    pub paper: AttachedTo,
    /// What the file is to it.
    pub origin: PaperOrigin,
    /// A code that stands on the paper; one is made unless said.
    pub code: Option<String>,
    /// The file.
    pub blob: Blob,
    /// Where it was taken over from.
    pub reused_from: Option<ReusedFrom>,
}

/// Whether a file of that size can be a paper.
///
/// # Errors
/// `SCAN_EMPTY`, `SCAN_TOO_MANY_PAGES`, `SCAN_TOO_LARGE`.
pub fn check_size(pages: u32, bytes: u64) -> Result<()> {
    if pages == 0 || bytes == 0 {
        return Err(Refusal::new(
            Code::ScanEmpty,
            "Chưa có trang nào để ghép. Mời quét giấy tờ trước.",
        )
        .at("pages"));
    }
    if pages > MAX_PAGES {
        return Err(Refusal::new(
            Code::ScanTooManyPages,
            format!(
                "Một giấy tờ nhiều nhất {MAX_PAGES} trang, ở đây có {pages} trang. Các trang vẫn còn nguyên. Mời chia thành nhiều tệp."
            ),
        )
        .at("pages"));
    }
    if bytes > MAX_BYTES {
        return Err(Refusal::new(
            Code::ScanTooLarge,
            format!(
                "Một giấy tờ nhiều nhất {} MB, ở đây là {} MB. Các trang vẫn còn nguyên. Mời chia thành nhiều tệp hoặc quét với độ phân giải thấp hơn.",
                MAX_BYTES / 1_000_000,
                bytes.div_ceil(1_000_000)
            ),
        )
        .at("pages"));
    }
    Ok(())
}

/// Whether a text is the address of a file.
pub fn is_address(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl Case {
    /// A file of the case.
    pub fn attachment(&self, id: Uuid) -> Option<&Attachment> {
        self.attachments.iter().find(|a| a.file.id == id)
    }

    /// The code of the next file of a paper. It is this desk's own: how a national code of papers
    /// is built is not known here, so one that is printed on the paper can be typed instead.
    fn next_code(&self, paper: &AttachedTo) -> String {
        let before = self
            .attachments
            .iter()
            .chain(self.detached.iter().map(|d| &d.attachment));
        let (what, nth) = match paper {
            AttachedTo::Paper { index } => (
                format!("TP{:02}", index + 1),
                before.filter(|a| a.file.paper == *paper).count(),
            ),
            AttachedTo::Other { .. } => {
                let is_other = |a: &&Attachment| matches!(a.file.paper, AttachedTo::Other { .. });
                (format!("K{:02}", before.filter(is_other).count() + 1), 0)
            }
            AttachedTo::Result => {
                let is_result = |a: &&Attachment| a.file.paper == AttachedTo::Result;
                (format!("KQ{:02}", before.filter(is_result).count() + 1), 0)
            }
        };
        let code = self.code();
        match nth {
            0 => format!("{code}.{what}"),
            nth => format!("{code}.{what}-{}", nth + 1),
        }
    }
}

/// A file comes to a case. `known` are the names of the procedure's papers.
///
/// # Errors
/// Those of [`check_size`]; `CASE_STATUS` for the file of a result that has not come;
/// `PAPER_INDEX_INVALID`; a name or code that is too long; an address
/// that is none; too many files.
pub fn attach(case: &Case, id: Uuid, wanted: Wanted, known: &[&str]) -> Result<CaseEvent> {
    check_size(wanted.blob.pages, wanted.blob.bytes)?;
    if !is_address(&wanted.blob.hash) {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            "Địa chỉ tệp không đúng dạng. Chưa ghi gì. Mời ghép lại các trang.",
        )
        .at("blob.hash"));
    }
    // Elsewhere anything uploaded as a result makes a case look settled in time; here a file of a
    // result needs the result.
    if wanted.paper == AttachedTo::Result && !case.has_result() {
        return Err(Refusal::new(
            Code::CaseStatus,
            format!(
                "Hồ sơ này {} nên chưa có kết quả để gắn tệp. Chưa ghi gì, các trang vẫn còn. Mời ghi nhận kết quả trước, hoặc chọn giấy tờ khác.",
                case.status.words()
            ),
        )
        .at("paper"));
    }
    if case.attachments.len() >= MAX_ATTACHMENTS {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Một hồ sơ nhiều nhất {MAX_ATTACHMENTS} tệp. Chưa ghi gì."),
        )
        .at("id"));
    }
    let (paper, name) = match wanted.paper {
        AttachedTo::Paper { index } => match known.get(index) {
            Some(name) => (AttachedTo::Paper { index }, (*name).to_owned()),
            None => {
                return Err(Refusal::new(
                    Code::PaperIndexInvalid,
                    format!(
                        "Thủ tục này có {} giấy tờ. Chưa ghi gì. Mời chọn lại giấy tờ.",
                        known.len()
                    ),
                )
                .at("paper.index"));
            }
        },
        AttachedTo::Other { name } => {
            let name =
                text::required(&name, limit::PROCEDURE_NAME).map_err(|r| r.at("paper.name"))?;
            (AttachedTo::Other { name: name.clone() }, name)
        }
        AttachedTo::Result => (AttachedTo::Result, "Kết quả giải quyết".to_owned()),
    };
    let typed = text::optional(wanted.code.as_deref(), limit::CODE).map_err(|r| r.at("code"))?;
    let code = typed.unwrap_or_else(|| case.next_code(&paper));
    if case.attachments.iter().any(|a| a.file.code == code) {
        return Err(Refusal::new(
            Code::PaperCodeTaken,
            format!("Mã giấy tờ {code} đã dùng cho một tệp khác của hồ sơ này. Chưa ghi gì. Mời ghi mã khác."),
        )
        .at("code"));
    }
    let same = |a: &&Attachment| a.file.paper == paper && a.file.blob.hash == wanted.blob.hash;
    if let Some(known) = case.attachments.iter().find(same) {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            format!(
                "Chính tệp này đã gắn vào giấy tờ này rồi, mã {}. Không ghi thêm gì. Mời chọn tệp khác, hoặc giấy tờ khác.",
                known.file.code
            ),
        )
        .at("blob"));
    }
    Ok(CaseEvent::PaperAttached(PaperAttached {
        id,
        paper,
        name,
        origin: wanted.origin,
        code,
        blob: wanted.blob,
        reused_from: wanted.reused_from,
    }))
}

/// A file is taken back.
///
/// # Errors
/// `NOT_FOUND`; no reason.
pub fn detach(case: &Case, id: Uuid, reason: &str) -> Result<CaseEvent> {
    if case.attachment(id).is_none() {
        return Err(Refusal::new(
            Code::NotFound,
            "Hồ sơ không có tệp này, hoặc vừa có người gỡ. Mời xem lại hồ sơ.",
        )
        .at("attachment"));
    }
    Ok(CaseEvent::PaperDetached(PaperDetached {
        id,
        reason: super::decide::reason(reason)?,
    }))
}
