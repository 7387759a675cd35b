//! A token by client credentials (RFC 6749 §4.4), kept until it opens nothing any more.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use ureq::Agent;

use super::http::MOST;

/// Why there is no token: whether nobody answered, or who asks is not known there. What was said is
/// cut to what can be shown: never an answer's content.
#[derive(Debug, Clone)]
pub(crate) enum NoToken {
    Away(String),
    Refused(String),
}

/// Who asks, and the token it was given last.
pub(crate) struct Tokens {
    pub(crate) url: String,
    pub(crate) client_id: String,
    pub(crate) secret: String,
    kept: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
}

impl Tokens {
    pub(crate) fn new(url: String, client_id: String, secret: String) -> Self {
        Self {
            url,
            client_id,
            secret,
            kept: Mutex::new(None),
        }
    }

    /// A token other than one that opened nothing any more, and whether it was given just now.
    pub(crate) fn get(
        &self,
        agent: &Agent,
        stale: Option<&str>,
    ) -> Result<(String, bool), NoToken> {
        // One question for all that wait for it.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = kept.as_deref()
            && Some(token) != stale
        {
            return Ok((token.to_owned(), false));
        }
        *kept = None;
        let answer = agent.post(&self.url).send_form([
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.secret),
        ]);
        // What the library says of a failure names addresses and no content.
        let away = |error: ureq::Error| NoToken::Away(error.to_string());
        let mut answer = answer.map_err(away)?;
        let status = answer.status().as_u16();
        match status {
            200 => {}
            400 | 401 | 403 => return Err(NoToken::Refused(format!("HTTP {status}"))),
            _ => return Err(NoToken::Away(format!("HTTP {status}"))),
        }
        let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
        let given: Given = serde_json::from_slice(&body.map_err(away)?)
            .map_err(|_| NoToken::Refused("access_token".to_owned()))?;
        *kept = Some(given.access_token.clone());
        Ok((given.access_token, true))
    }
}
