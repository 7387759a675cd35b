//! Looking up people and enterprises in the national registers, for the desks: a desk never speaks
//! to a register itself.
//!
//! [`audit`] writes down that somebody asks, before anybody is asked, and what kind of answer came;
//! [`Source`] is a register, whatever it is spoken to by, [`register`] the one over HTTP that
//! docs/lookups.md describes. Nothing of an answer is kept here or written to the program's log.

pub(crate) mod audit;
pub(crate) mod register;
pub(crate) mod settings;

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use deadpool_postgres::Pool;
use motcua_domain::{
    identity::look_up::{Outcome, Register},
    visit::Party,
};
use motcua_protocol::{
    look_up::{self as wire, Ask, Told},
    sync::{Refused, RefusedWhy},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    auth::Device,
    error::Result,
    routes::{Central, SMALL, fault, said},
};

/// Somebody stands at a counter: no register is waited for longer.
pub(crate) const MOST_PATIENCE: Duration = Duration::from_secs(7);
/// Questions that wait for a register at the same time, of all offices together.
const AT_ONCE: usize = 32;

/// What a register is told with a question.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// Names the question in both audits.
    pub(crate) id: Uuid,
    /// How the office is known there.
    pub(crate) unit: &'a str,
    pub(crate) ask: &'a Ask,
}

/// What a register answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Found(Box<Party>),
    NotFound,
    /// Nobody answered, or nothing that is an answer: a stable code.
    Unavailable(&'static str),
}

/// A register.
pub(crate) trait Source: Send + Sync + 'static {
    /// Asks, and comes back within [`MOST_PATIENCE`].
    fn ask(&self, question: &Question<'_>) -> Answer;
}

/// A register with what the operators decided about it.
pub(crate) struct Connected {
    pub(crate) source: Box<dyn Source>,
    /// Questions that one office may ask within a day of Vietnam's clocks.
    pub(crate) per_day: i64,
}

/// Every register that is connected.
pub(crate) struct LookUps {
    registers: HashMap<Register, Arc<Connected>>,
    /// How each office is known there, by its agency code; who is not named may not ask.
    offices: HashMap<String, String>,
    places: Semaphore,
}

impl std::fmt::Debug for LookUps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.registers.keys()).finish()
    }
}

impl LookUps {
    pub(crate) fn new(
        registers: HashMap<Register, Connected>,
        offices: HashMap<String, String>,
    ) -> Self {
        Self {
            registers: registers
                .into_iter()
                .map(|(register, connected)| (register, Arc::new(connected)))
                .collect(),
            offices,
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// Nothing is connected.
    pub(crate) fn none() -> Self {
        Self::new(HashMap::new(), HashMap::new())
    }

    /// Operators see from now on that there are these registers.
    pub(crate) async fn opened(&self, pool: &Pool) -> Result<()> {
        for (register, connected) in &self.registers {
            audit::opened(pool, *register, connected.per_day).await?;
        }
        Ok(())
    }

    async fn ask(&self, pool: &Pool, secret: &[u8; 32], device: Device, ask: Ask) -> Result<Told> {
        let code = audit::office_code(pool, device.office).await?;
        let (Some(connected), Some(unit)) =
            (self.registers.get(&ask.register), self.offices.get(&code))
        else {
            return Ok(Told::unavailable(wire::OFF));
        };
        let Ok(_place) = self.places.try_acquire() else {
            return Ok(Told::unavailable("REGISTER_BUSY"));
        };
        let entry = audit::Entry::of(device, &ask, audit::trace(secret, &ask.number));
        // Written down first: nobody is asked of whom it does not say so.
        if !audit::begin(pool, &entry, connected.per_day).await? {
            return Ok(Told::unavailable(wire::QUOTA));
        }
        let (connected, unit, register) = (Arc::clone(connected), unit.clone(), ask.register);
        let id = entry.id;
        let answered = tokio::task::spawn_blocking(move || {
            connected.source.ask(&Question {
                id,
                unit: &unit,
                ask: &ask,
            })
        });
        let answer = answered.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a look-up panicked");
            Answer::Unavailable("REGISTER_STRANGE")
        });
        audit::end(pool, id, register, &answer).await?;
        Ok(match answer {
            Answer::Found(party) => Told {
                outcome: Outcome::Found,
                code: None,
                party: Some(*party),
            },
            Answer::NotFound => Told {
                outcome: Outcome::NotFound,
                code: None,
                party: None,
            },
            Answer::Unavailable(code) => Told::unavailable(code),
        })
    }
}

/// Whether it is a question at all: digits and short names.
fn sound(ask: &Ask) -> bool {
    let digits = |n: &str| n.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    (9..=14).contains(&ask.number.len())
        && digits(&ask.number)
        && (1..=64).contains(&ask.officer.len())
        && !ask.officer.chars().any(char::is_control)
}

/// Asks a register for a desk. Whatever keeps the register from answering is an answer; the desk
/// goes on.
#[utoipa::path(
    post, path = "/v1/look-up", tag = "registers", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"),),
    request_body(content = ref("#/components/schemas/LookUpAsk")),
    responses(
        (status = 200, description = "What the register says, or why nobody could be asked", body = ref("#/components/schemas/LookUpTold")),
        (status = 400, description = "Not such a question", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nobody was asked", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn look_up(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    body: Body,
) -> Response {
    let malformed = || {
        let refused: Refused = RefusedWhy::Malformed.into();
        said(StatusCode::BAD_REQUEST, &refused)
    };
    let read = tokio::time::timeout(MOST_PATIENCE, axum::body::to_bytes(body, SMALL)).await;
    let Ok(read) = read else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let ask = read
        .ok()
        .and_then(|b| serde_json::from_slice::<Ask>(&b).ok());
    let Some(ask) = ask.filter(sound) else {
        return malformed();
    };
    let secret = central.installation.secret;
    match central
        .look_ups
        .ask(&central.pool, &secret, device, ask)
        .await
    {
        Ok(told) => said(StatusCode::OK, &told),
        Err(error) => fault(&error),
    }
}
