//! A register over HTTP, as docs/lookups.md describes it. The names of fields are data
//! (`assets/lookups/registers.json`): what is official is not known to us.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::NaiveDate;
use motcua_domain::{
    identity::look_up::Register,
    text::{self, limit},
    visit::{Party, PartyKind},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use ureq::Agent;

use super::{Answer, Question, Source};
use crate::downstream::{
    http::{MOST, Record},
    token::{NoToken, Tokens},
};

const AWAY: Answer = Answer::Unavailable("REGISTER_AWAY");
const LOGIN: Answer = Answer::Unavailable("REGISTER_LOGIN");
const STRANGE: Answer = Answer::Unavailable("REGISTER_STRANGE");
const BUSY: Answer = Answer::Unavailable("REGISTER_BUSY");

/// Names on the wire.
#[derive(Debug, Deserialize)]
pub(super) struct Data {
    request: BTreeMap<String, String>,
    /// Field of the answer with its code, and the codes that mean that it is an answer.
    code: String,
    accepted: Vec<String>,
    not_found: Vec<String>,
    /// What our reasons are called there.
    purposes: BTreeMap<String, String>,
    citizen: Fields,
    enterprise: Fields,
    date: String,
}

/// Where in an answer the record is, and what its fields are called.
#[derive(Debug, Deserialize)]
struct Fields {
    record: String,
    number: String,
    name: String,
    birth_date: Option<String>,
    sex: Option<String>,
    address: Option<String>,
    representative: Option<String>,
}

/// A register.
pub(super) struct OverHttp {
    pub(super) agent: Agent,
    pub(super) tokens: Arc<Tokens>,
    pub(super) url: String,
    pub(super) data: Arc<Data>,
    pub(super) patience: Duration,
}

impl Source for OverHttp {
    fn ask(&self, question: &Question<'_>) -> Answer {
        let until = Instant::now() + self.patience;
        let mut stale = None;
        loop {
            let (token, fresh) = match self.tokens.get(&self.agent, stale.as_deref()) {
                Ok(token) => token,
                Err(NoToken::Away(_)) => return AWAY,
                Err(NoToken::Refused(_)) => return LOGIN,
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return AWAY;
            }
            let answer = self.post(question, &token, left);
            if answer != LOGIN || fresh {
                return answer;
            }
            stale = Some(token);
        }
    }
}

impl OverHttp {
    fn post(&self, question: &Question<'_>, token: &str, left: Duration) -> Answer {
        let sent = self
            .agent
            .post(&self.url)
            .config()
            .timeout_global(Some(left))
            .build()
            .header("authorization", format!("Bearer {token}"))
            .send_json(self.record(question));
        let Ok(mut answer) = sent else { return AWAY };
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
        let Ok(body) = body else { return AWAY };
        match status {
            200 => match serde_json::from_slice(&body) {
                Ok(Value::Object(said)) => self.read(question, &said),
                _ => STRANGE,
            },
            401 | 403 => LOGIN,
            429 => BUSY,
            400..=499 => STRANGE,
            _ => AWAY,
        }
    }

    fn record(&self, question: &Question<'_>) -> Value {
        let ask = question.ask;
        let purpose = ask.purpose.name();
        let said = [
            ("id", question.id.to_string()),
            ("unit", question.unit.to_owned()),
            ("officer", ask.officer.clone()),
            (
                "purpose",
                (self.data.purposes.get(purpose).cloned()).unwrap_or_else(|| purpose.to_owned()),
            ),
            (ask.register.name(), ask.number.clone()),
        ];
        let mut record = Record::default();
        for (ours, value) in said {
            if let Some(name) = self.data.request.get(ours) {
                record.put(name, value);
            }
        }
        Value::Object(record.0)
    }

    fn read(&self, question: &Question<'_>, said: &Map<String, Value>) -> Answer {
        let code = match said.get(&self.data.code) {
            Some(Value::String(code)) => code.trim().to_owned(),
            Some(Value::Number(code)) => code.to_string(),
            _ => return STRANGE,
        };
        if self.data.not_found.contains(&code) {
            return Answer::NotFound;
        }
        if !self.data.accepted.contains(&code) {
            return STRANGE;
        }
        let fields = match question.ask.register {
            Register::Citizen => &self.data.citizen,
            Register::Enterprise => &self.data.enterprise,
        };
        let record = match said.get(&fields.record) {
            None | Some(Value::Null) => return Answer::NotFound,
            Some(Value::Object(record)) => record,
            Some(_) => return STRANGE,
        };
        let one = |name: Option<&String>, most: usize| -> Option<String> {
            let value = record.get(name?)?.as_str()?;
            text::optional(Some(value), most).ok().flatten()
        };
        // An answer about somebody else is none, whatever it says.
        let same = one(Some(&fields.number), limit::CODE)
            .is_some_and(|number| number == question.ask.number);
        let name = one(Some(&fields.name), limit::NAME);
        let (true, Some(name)) = (same, name) else {
            return STRANGE;
        };
        let born = one(fields.birth_date.as_ref(), limit::CODE);
        Answer::Found(Box::new(Party {
            kind: match question.ask.register {
                Register::Citizen => PartyKind::Individual,
                Register::Enterprise => PartyKind::Enterprise,
            },
            name,
            id_number: Some(question.ask.number.clone()),
            birth_date: born.and_then(|d| NaiveDate::parse_from_str(&d, &self.data.date).ok()),
            sex: one(fields.sex.as_ref(), limit::CODE),
            phone: None,
            email: None,
            address: one(fields.address.as_ref(), limit::ADDRESS),
            representative: one(fields.representative.as_ref(), limit::NAME),
            taken_over: Vec::new(),
        }))
    }
}
