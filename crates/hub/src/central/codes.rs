//! Case codes from central: asked for with every session, by the machine that gives out the
//! branch's numbers. Rules are the application's and the protocol's; here stands what is said when.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use motcua_app::App;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError,
    lease::{LeaseAnswer, LeaseAsk, MOST, USUAL},
    sync::MEDIA_ANSWER,
};

use super::uplink::Wire;
use crate::line::Send;

/// Where central parts codes.
const LEASES: &str = "/v1/leases";
const PATIENCE: Duration = Duration::from_secs(15);
/// The same question is put again after this long: central may know more by then, or be another
/// program.
const AGAIN: Duration = Duration::from_secs(300);

/// What was asked last, and what central would not do.
#[derive(Debug, Default)]
pub(super) struct Codes {
    last: Mutex<Option<(LeaseAsk, Instant)>>,
    refused: Mutex<Option<ApiError>>,
}

/// Asks central for codes where there is reason to, and writes down what it grants. `say` answers
/// nothing where no answer came.
///
/// # Errors
/// Those of the store.
pub(crate) fn renew(
    app: &App,
    say: &mut dyn FnMut(&LeaseAsk) -> Option<LeaseAnswer>,
) -> motcua_store::Result<()> {
    let Some(mut ask) = app.lease_ask()? else {
        return Ok(());
    };
    if ask.dates.is_empty() {
        // Before anything is asked for, no number may be given any more that central does not
        // hear of: first it is said here, then what was given so far is told.
        if say(&ask).is_none() {
            return Ok(());
        }
        app.begin_parting()?;
        match app.lease_ask()? {
            Some(now) => ask = now,
            None => return Ok(()),
        }
    }
    match say(&ask) {
        Some(answer) => app.take_leases(&answer),
        None => Ok(()),
    }
}

/// Whether there is reason to ask again so soon: a stock went down by half, or there is something
/// that central has not heard.
fn is_news(before: &LeaseAsk, now: &LeaseAsk) -> bool {
    let said = |ask: &LeaseAsk| {
        let dates = ask.dates.iter();
        let told: Vec<_> = dates
            .map(|d| (d.date, d.held.clone(), d.given.clone()))
            .collect();
        (ask.epoch, ask.agency.clone(), told)
    };
    let short = now.dates.iter().any(|d| {
        let stock: u32 = d.held.iter().map(|n| n.count()).sum();
        stock.saturating_sub(d.taken) < d.want.clamp(USUAL, MOST).div_ceil(2)
    });
    said(before) != said(now) || short && before != now
}

impl Codes {
    /// Why central gives this branch no codes.
    pub(super) fn refused(&self) -> Option<ApiError> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks if something changed since the last time, or that was long ago.
    pub(super) fn renew(&self, app: &App, wire: &Wire) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let renewed = renew(app, &mut |ask| {
            let known = last.as_ref().filter(|(_, at)| at.elapsed() < AGAIN);
            if known.is_some_and(|(before, _)| !is_news(before, ask)) {
                return None;
            }
            let answer = self.ask(wire, ask);
            if answer.is_some() || self.refused().is_some() {
                *last = Some((ask.clone(), Instant::now()));
            }
            answer
        });
        if let Err(error) = renewed {
            tracing::warn!(%error, "codes of central were not taken in");
        }
    }

    fn ask(&self, wire: &Wire, ask: &LeaseAsk) -> Option<LeaseAnswer> {
        let body = serde_json::to_vec(ask).ok()?;
        let got = wire.post(&Send::post(LEASES, body), PATIENCE)?;
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if got.media != MEDIA_ANSWER {
            // An older central, or none of ours: the branch goes on as before.
            return None;
        }
        if got.status != 200 {
            let error = serde_json::from_slice::<ApiError>(&got.body).ok();
            if let Some(error) = &error {
                tracing::warn!(code = ?error.code, field = error.field, "central gives no codes");
            }
            *refused = error;
            return None;
        }
        let answer: LeaseAnswer = serde_json::from_slice(&got.body).ok()?;
        let clash = answer.dates.iter().find(|day| day.clash);
        *refused = clash.map(|day| {
            let text = format!(
                "Ngày {}: có mã hồ sơ mà một chi nhánh khác cũng giữ hoặc đã cấp. Hai giấy hẹn có thể mang cùng một mã. Mời báo người quản trị trung tâm đối chiếu.",
                day.date.format("%d/%m/%Y")
            );
            Refusal::new(Code::CodesClash, text).at("dates").into()
        });
        Some(answer)
    }
}
