//! Official forms as PDF, queue tickets as raster: data in, bytes out.
//!
//! No files, no clock, no printer: the same data gives the same bytes, today and in ten years.
//! The wording of forms is dated data ([`FormSet`]); faces are checked when loaded ([`Fonts`]).
//!
//! ```
//! use motcua_documents::{Fonts, FormSet};
//! let fonts = Fonts::load().unwrap();
//! let sets = FormSet::built_in().unwrap();
//! assert_eq!(sets[0].id, "tt-01-2018");
//! assert!(fonts.missing("Đặng Thị Ngọc Uyển-Phương Ỷ Lan").is_empty());
//! ```

mod blocks;
mod codes;
mod flow;
mod fonts;
mod form;
mod forms;
mod hops;
mod lists;
mod money;
mod notices;
mod page;
mod papers;
mod pdf;
mod preview;
mod raster;
mod receipt;
mod rows;
pub mod scans;
mod slips;
mod table;
mod test_page;
mod text;
mod ticket;

pub use codes::qr;
pub use fonts::{FontFiles, Fonts};
pub use form::Agency;
pub use forms::{FormSet, Status};
pub use hops::{Hop, Standing as HopStanding};
pub use lists::{
    BookEntry, CashLine, CashReport, CashSums, HandOverList, JointReceipt, ListHead, ListedCase,
    RegisterBook, cash_report, hand_over_list, joint_receipt, register_book,
};
pub use money::{Cancelled, FeeNotice, FeeSlip, fee_notice, fee_slip};
pub use notices::{Rating, StopNotice, WithdrawalNote, rating_slip, stop_notice, withdrawal_note};
pub use papers::PaperRow;
pub use preview::{Preview, Shown};
pub use raster::{Raster, WIDTH as TICKET_WIDTH, WIDTHS as TICKET_WIDTHS};
pub use receipt::{
    Due, Fee, ForAnother, IdKind, Party, Receipt, RegisterEntry, TimeLimit, receipt,
};
pub use slips::{
    Apology, CaseHead, Control, Refused, ReturnSlip, Supplement, Taker, apology, control, refused,
    return_slip, supplement,
};
pub use test_page::{TestPage, TestPaper, test_page, test_page_pdf};
pub use ticket::{Appointment, Standing, Ticket, appointment_at, ticket, ticket_at};
