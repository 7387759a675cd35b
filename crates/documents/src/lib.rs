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
mod page;
mod papers;
mod pdf;
mod raster;
mod receipt;
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
pub use papers::PaperRow;
pub use raster::{Raster, WIDTH as TICKET_WIDTH, WIDTHS as TICKET_WIDTHS};
pub use receipt::{Due, Fee, IdKind, Party, Receipt, RegisterEntry, TimeLimit, receipt};
pub use slips::{
    Apology, CaseHead, Control, Refused, ReturnSlip, Supplement, Taker, apology, control, refused,
    return_slip, supplement,
};
pub use test_page::{TestPage, TestPaper, test_page, test_page_pdf};
pub use ticket::{Standing, Ticket, ticket, ticket_at};
