//! The rules of the one-stop desk, pure: no files, no clock, no randomness, no database.
//! Time and randomness come in as arguments, so every rule can be tried at any date.
//!
//! It owns what a visit, a case, a due time, a citizen card *are*; it must never know how
//! they are stored, shown or sent.
//!
//! ```
//! use motcua_domain::text::fold;
//! assert_eq!(fold("Đặng Thị ÁNH"), "dang thi anh");
//! ```

pub mod branch;
pub mod calendar;
pub mod case;
pub mod case_code;
pub mod catalogue;
pub mod counter;
pub mod identity;
pub mod money;
pub mod notice;
pub mod rating;
pub mod refusal;
pub mod text;
pub mod transfer;
pub mod units;
pub mod visit;

pub use refusal::{Code, Refusal};
