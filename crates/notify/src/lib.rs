//! Telling a citizen something: by e-mail over SMTP, or by SMS over a provider's HTTP gateway.
//!
//! A text and an address go in; *accepted*, *refused*, *later* or *away* comes out. It knows no case,
//! no branch and no file, and decides nothing: when to try again and what to do about a refused
//! address is for whoever calls. Neither an address nor a secret stands in anything it says.
//!
//! The same `id` is the same message: it is the e-mail's Message-ID and the gateway's idempotency
//! key, so that what is sent again after a crash can be known to be the same.

mod mail;
mod sms;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use mail::{MailServer, Security, send_mail};
pub use sms::{BodyKind, SmsGateway, send_sms};

/// Nobody answers a machine for longer than this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What never shows: a password, the key of a gateway.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whom it is meant.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One message to one address.
#[derive(Clone)]
pub struct Message {
    /// What makes it this message, however often it is sent.
    pub id: Uuid,
    /// Mail address or telephone number.
    pub to: String,
    /// Subject, where there is one.
    pub subject: String,
    /// The text.
    pub text: String,
}

// An address is personal, and a text says whose case it is about.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.id)
    }
}

/// Why a message was not accepted, in words for an officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// This address, or this message, will not be taken: nothing is gained by trying again.
    Refused(String),
    /// Not now: for this message alone.
    Later(String),
    /// The server does not answer, or not as it should; nothing else would get through either.
    Away(String),
    /// The server does not take us as we are set up: somebody has to look.
    Setup(String),
}

impl Failed {
    /// The words.
    pub fn words(&self) -> &str {
        match self {
            Self::Refused(words) | Self::Later(words) | Self::Away(words) | Self::Setup(words) => {
                words
            }
        }
    }
}
