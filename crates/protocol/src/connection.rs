//! The connection file (tệp kết nối): what a branch has to know of central to join it, in one file,
//! so that nobody at a branch types an address or knows what a certificate is. Central writes it,
//! `central.enrol` reads it. It holds a one-use code: whoever has the file first can join with it.

use serde::{Deserialize, Serialize};

/// Tells such a file from any other JSON.
const FORMAT: &str = "motcua-connection";
/// What this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    format: String,
    version: u32,
    /// Where central is, `https://HOST:PORT`.
    pub central: String,
    /// The one-use code.
    pub code: String,
    /// Authority that signs central's certificate, in PEM.
    pub authority: String,
    /// Agency code, for whoever wonders for which branch the file is.
    pub office: String,
    /// Until when the code opens, by central's clock: for people; central alone decides.
    pub expires_at: String,
}

/// Why a file is no connection file for this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is something else.
    Other,
    /// A newer program wrote it.
    Newer,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Connection {
    /// For an office, until a moment.
    pub fn new(
        (office, expires_at): (&str, &str),
        central: &str,
        code: &str,
        authority: &str,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            central: central.to_owned(),
            code: code.to_owned(),
            authority: authority.to_owned(),
            office: office.to_owned(),
            expires_at: expires_at.to_owned(),
        }
    }

    /// From the text of a file.
    ///
    /// ```
    /// use motcua_protocol::connection::{Connection, Unread};
    /// let file = Connection::new(("H99.12", "2026-11-30T00:00:00Z"), "https://c:7443", "A", "PEM");
    /// let text = serde_json::to_string(&file).unwrap();
    /// assert_eq!(Connection::read(&text), Ok(file));
    /// assert_eq!(Connection::read("{}"), Err(Unread::Other));
    /// ```
    ///
    /// # Errors
    /// It is something else, or of a newer program.
    pub fn read(text: &str) -> Result<Self, Unread> {
        // Editors of Windows put a mark before it.
        let text = text.trim_start_matches('\u{feff}');
        let head: Head = serde_json::from_str(text).map_err(|_| Unread::Other)?;
        if head.format != FORMAT {
            return Err(Unread::Other);
        }
        if head.version > VERSION {
            return Err(Unread::Newer);
        }
        serde_json::from_str(text).map_err(|_| Unread::Other)
    }
}
