//! The application: every command and query once, authorised, independent of any screen.
//!
//! It owns the registry of verbs, who may use them, idempotence by command id, and the order
//! **commit, then print, announce, send**. Rules live in `motcua_domain`, rows in
//! `motcua_store`; windows, HTTP and the command line only carry a name and JSON here.

mod assets;
mod bundle;
pub mod catalogue_file;
mod change;
pub mod clock;
mod codes;
mod demo;
mod doubt;
mod dump;
mod fields;
mod hub_link;
pub mod kiosk;
mod machine;
mod notice_queue;
mod notice_setup;
mod notice_text;
mod open;
mod print_queue;
mod private;
pub mod rater;
mod rating_text;
mod registry;
mod replica;
mod say;
mod say_case;
mod scan;
mod scanner;
mod shape;
mod sounds;
mod succession;
mod verbs;
mod view;
mod wake;

pub use change::{Change, Topic};
pub use hub_link::{Asked, HubLink, LinkState, Order, Place, place};
pub use machine::{Contact, Machine};
pub use notice_queue::NoticeRound;
pub use open::{App, Settings};
pub use registry::{Caller, commands};
pub use replica::{CENTRAL, CentralLink, HUB, Owed};
pub use scan::Times as ScanTimes;
pub use scanner::Scan;
pub use succession::{Next, Standing};

use motcua_store::Error;

/// What a verb answers inside the application.
pub type Result<T, E = Error> = std::result::Result<T, E>;
