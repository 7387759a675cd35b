//! Papers and printers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// A kind of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PaperKind {
    /// Giấy tiếp nhận hồ sơ và hẹn trả kết quả (Mẫu 01), of a case.
    Receipt,
    /// Queue ticket, of a visit.
    Ticket,
    /// Slip of an appointment, of a visit that is booked.
    Appointment,
    /// Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ (Mẫu 02), of a case.
    Supplement,
    /// Phiếu từ chối tiếp nhận giải quyết hồ sơ (Mẫu 03), of a case.
    Refusal,
    /// Phiếu xin lỗi và hẹn lại ngày trả kết quả (Mẫu 04), of a case.
    Apology,
    /// Phiếu kiểm soát quá trình giải quyết hồ sơ (Mẫu 05), of a case.
    Control,
    /// Giấy biên nhận trả kết quả, of a case.
    ReturnSlip,
    /// Slip of a payment (`part`: which, the last one unless said), of a case. No tax receipt.
    FeeSlip,
    /// What is still to be paid, with a code to pay by phone; of a case.
    FeeNotice,
    /// One receipt for all cases that were handed in at the visit of this case.
    JointReceipt,
    /// List of the cases that were handed over together with this one.
    HandOverList,
    /// Note of a withdrawal, of a case.
    WithdrawalNote,
    /// Notice of a stop, of a case.
    StopNotice,
    /// Slip on which the citizen rates the desk, of a case.
    RatingSlip,
    /// Mẫu 03 for a dossier that was not taken in (`part`: which), of a visit.
    DossierRefusal,
    /// Mẫu 02 for a dossier that is to be completed before it is taken in (`part`: which), of a visit.
    DossierSupplement,
    /// Cash report of a day (`report.print`).
    CashReport,
    /// Register book (Mẫu 06, `report.print`).
    RegisterBook,
    /// A page that shows whether a printer is set up; of nobody.
    Test,
}

impl PaperKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Receipt,
        Self::Ticket,
        Self::Appointment,
        Self::Supplement,
        Self::Refusal,
        Self::Apology,
        Self::Control,
        Self::ReturnSlip,
        Self::FeeSlip,
        Self::FeeNotice,
        Self::JointReceipt,
        Self::HandOverList,
        Self::WithdrawalNote,
        Self::StopNotice,
        Self::RatingSlip,
        Self::DossierRefusal,
        Self::DossierSupplement,
        Self::CashReport,
        Self::RegisterBook,
        Self::Test,
    ];

    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Ticket => "ticket",
            Self::Appointment => "appointment",
            Self::Supplement => "supplement",
            Self::Refusal => "refusal",
            Self::Apology => "apology",
            Self::Control => "control",
            Self::ReturnSlip => "return_slip",
            Self::FeeSlip => "fee_slip",
            Self::FeeNotice => "fee_notice",
            Self::JointReceipt => "joint_receipt",
            Self::HandOverList => "hand_over_list",
            Self::WithdrawalNote => "withdrawal_note",
            Self::StopNotice => "stop_notice",
            Self::RatingSlip => "rating_slip",
            Self::DossierRefusal => "dossier_refusal",
            Self::DossierSupplement => "dossier_supplement",
            Self::CashReport => "cash_report",
            Self::RegisterBook => "register_book",
            Self::Test => "test",
        }
    }

    /// Whether it is drawn as a strip, as wide as the printer's paper.
    pub fn is_strip(self) -> bool {
        matches!(self, Self::Ticket | Self::Appointment)
    }

    /// Whether it is made on A4; the others are A5 (TT 01/2018/TT-VPCP Điều 9).
    pub fn is_a4(self) -> bool {
        matches!(
            self,
            Self::JointReceipt | Self::HandOverList | Self::CashReport | Self::RegisterBook
        )
    }

    /// The kind of that name, if there is one; what follows a point says which of several.
    pub fn from_document(document: &str) -> Option<Self> {
        Self::from_name(document.split('.').next().unwrap_or_default())
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whose printer it goes to unless it has one of its own: all forms go where receipts go.
    pub fn printed_as(self) -> Self {
        match self {
            Self::Ticket | Self::Appointment => Self::Ticket,
            Self::Test => Self::Test,
            _ => Self::Receipt,
        }
    }
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// PDF.
    Pdf,
    /// Picture.
    Png,
    /// Bytes for a thermal printer.
    Escpos,
}

impl Format {
    /// The name under which a kept paper has it, and how its file ends.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Escpos => "escpos",
        }
    }
}

/// `document.render`: a paper as a file; nothing is recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DocumentRender", optional_fields)]
#[schemars(rename = "DocumentRender")]
pub struct Render {
    /// Which paper.
    pub kind: PaperKind,
    /// Case or visit.
    pub id: Uuid,
    /// Which of several of that kind, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Format, PDF unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// A rendered paper.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DocumentRendered")]
#[schemars(rename = "DocumentRendered")]
pub struct Rendered {
    /// Suggested file name.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// The bytes, base64.
    pub content_base64: String,
}

/// `document.preview`: the pages of a paper as `print.submit` would print it now, or as it is kept
/// for its printer; nothing is recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DocumentPreview", optional_fields)]
#[schemars(rename = "DocumentPreview")]
pub struct Preview {
    /// Which paper.
    pub kind: PaperKind,
    /// Case or visit.
    pub id: Uuid,
    /// Which of several of that kind, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// The printer that it would go to, if not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
    /// A job that `print.retry` would print: its paper is made already, and shown as it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<Uuid>,
    /// From which page, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// `made_at` of the answer before: more pages of the same paper, which bears its moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Time>,
}

/// Pages of a paper as pictures, a few at a time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PreviewAnswer")]
#[schemars(rename = "PreviewAnswer")]
pub struct PreviewAnswer {
    /// Case code, number or name of the list, for people.
    pub title: String,
    /// Marked “BẢN IN LẠI”, as it would be printed.
    pub reprint: bool,
    /// How many pages it has.
    pub pages: u32,
    /// The moment that stands on it where one does.
    pub made_at: Time,
    /// BLAKE3 of the file from which they are drawn: the same paper as long as it is the same.
    pub hash: String,
    /// Pages from the one that was asked for, at most [`PREVIEW_PAGES`].
    pub sheets: Vec<PreviewSheet>,
}

/// Pages that come with one answer.
pub const PREVIEW_PAGES: usize = 4;

/// One page.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct PreviewSheet {
    /// Which, from 1.
    pub page: u32,
    /// PNG, base64.
    pub png_base64: String,
    /// Dots across.
    pub width: u32,
    /// Dots down.
    pub height: u32,
    /// The sheet of paper.
    pub width_mm: u32,
    /// The sheet of paper.
    pub height_mm: u32,
}

/// `print.submit`: print a paper. It is recorded first; a dead printer loses nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintSubmit", optional_fields)]
#[schemars(rename = "PrintSubmit")]
pub struct Submit {
    /// Which paper.
    pub kind: PaperKind,
    /// Case or visit.
    pub id: Uuid,
    /// Which of several of that kind, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Another printer than the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
}

/// `print.batch`: one paper of many cases, each recorded and kept as by `print.submit`. A case that
/// has no such paper is passed over and told; nothing else stops for it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintBatch", optional_fields)]
#[schemars(rename = "PrintBatch")]
pub struct Batch {
    /// Which paper.
    pub kind: PaperKind,
    /// The cases, in the order of printing; at most 200.
    pub ids: Vec<Uuid>,
    /// Another printer than the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
}

/// What became of each.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintBatchAnswer")]
#[schemars(rename = "PrintBatchAnswer")]
pub struct BatchAnswer {
    /// Papers that are kept for the printer.
    pub jobs: Vec<Job>,
    /// Cases without such a paper.
    pub skipped: Vec<PassedOver>,
}

/// A case that was passed over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct PassedOver {
    /// Which.
    pub id: Uuid,
    /// Why, in words.
    pub why: String,
}

/// Where a print job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Kept here, not yet with the printer.
    Queued,
    /// With the printer's queue.
    Sent,
    /// Printing.
    Printing,
    /// Done.
    Done,
    /// Stopped; the reason stands beside. The paper is kept.
    Failed,
    /// Taken back.
    Cancelled,
}

/// A print job.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintJob", optional_fields)]
#[schemars(rename = "PrintJob")]
pub struct Job {
    /// The job.
    pub job_id: Uuid,
    /// Which paper.
    pub kind: PaperKind,
    /// Case or visit.
    pub id: Uuid,
    /// Which of several of that kind, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Case code or number, for people.
    pub title: String,
    /// Printer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// In words, when something is wrong: what happened, what is safe, what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// From when somebody should look after a job that is under way: at once where its printer
    /// holds it up, else when it has been for too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_from: Option<Time>,
    /// It was taken back from a printing system that does not answer: until it is told, the paper may
    /// come out all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub may_come_out: bool,
    /// Marked “BẢN IN LẠI”.
    pub reprint: bool,
    /// Tries so far.
    pub tries: u32,
    /// Made.
    pub created_at: Time,
    /// Last change.
    pub changed_at: Time,
}

/// `print.jobs`: every job that failed, then every job that is under way, then the latest that are
/// over; each part newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintJobs")]
#[schemars(rename = "PrintJobs")]
pub struct Jobs {}

/// `print.retry`: once more, perhaps on another printer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintRetry", optional_fields)]
#[schemars(rename = "PrintRetry")]
pub struct Retry {
    /// The job.
    pub job_id: Uuid,
    /// Another printer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
}

/// `print.retry_all`: everything that failed on this machine, once more. What is drawn for the
/// printer that its kind of paper has now goes there, the rest to where it was sent before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintRetryAll")]
#[schemars(rename = "PrintRetryAll")]
pub struct RetryAll {}

/// How many went back to their printers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintRetryAllAnswer")]
#[schemars(rename = "PrintRetryAllAnswer")]
pub struct RetryAllAnswer {
    /// Jobs.
    pub queued: u32,
    /// Jobs that still have no printer.
    pub without_printer: u32,
}

/// `print.cancel`: sets a job aside, with the reason that stands beside it from then on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrintCancel")]
#[schemars(rename = "PrintCancel")]
pub struct Cancel {
    /// The job.
    pub job_id: Uuid,
    /// Why it need not be printed.
    pub reason: String,
}

/// `printer.list`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrinterList")]
#[schemars(rename = "PrinterList")]
pub struct Printers {}

/// The printers of this machine and which paper goes where.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrinterListAnswer", optional_fields)]
#[schemars(rename = "PrinterListAnswer")]
pub struct PrintersAnswer {
    /// Printers found.
    pub printers: Vec<Printer>,
    /// Printer for receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Printer for tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Forms that go elsewhere than receipts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<FormPrinter>>")]
    pub forms: Vec<FormPrinter>,
    /// In words, when printers could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A form with a printer of its own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct FormPrinter {
    /// Which form.
    pub kind: PaperKind,
    /// Its printer.
    pub printer: String,
}

/// What is loaded in a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrinterPaper {
    /// A5 sheets.
    A5,
    /// A4 sheets.
    A4,
    /// A roll of 80 mm.
    Roll80,
    /// A roll of 58 mm.
    Roll58,
}

/// How a printer is set up on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct PrinterProfile {
    /// What is loaded; as each paper needs it unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<PrinterPaper>,
    /// From which tray, as the print service calls it (`tray-2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tray: Option<String>,
    /// Dots across, for ticket printers: 576 on 80 mm paper, 384 on 58 mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dots: Option<u16>,
}

/// `printer.profile`: how a printer is set up; a printer that no service lists is known from then on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrinterProfileSet", optional_fields)]
#[schemars(rename = "PrinterProfileSet")]
pub struct SetProfile {
    /// The printer.
    pub printer: String,
    /// How it is set up; none forgets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<PrinterProfile>,
}

/// `printer.test`: prints a page that shows whether a printer is set up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrinterTest")]
#[schemars(rename = "PrinterTest")]
pub struct Test {
    /// The printer.
    pub printer: String,
}

/// A printer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Printer {
    /// Id used in commands: `cups:NAME`, `tcp:HOST:9100`, `serial:PORT@BAUD`, `spooler:NAME`,
    /// `folder:PATH`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether it takes jobs.
    pub ready: bool,
    /// In words, when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How it is set up, where somebody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<PrinterProfile>,
}

/// `printer.assign`: which printer a kind of paper goes to on this machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "PrinterAssign", optional_fields)]
#[schemars(rename = "PrinterAssign")]
pub struct Assign {
    /// Which paper.
    pub kind: PaperKind,
    /// The printer; none takes the assignment back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
}
