//! Central over a real PostgreSQL, asked over HTTP as a device asks, but without TLS.

mod batches;
mod blobs;
mod conformance;
mod departments;
mod downstream;
mod encrypted;
mod enrolment;
mod faults;
mod figures;
mod leases;
mod named;
mod operations;
mod reading;
mod signatures;
mod stick;

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deadpool_postgres::Pool;
use motcua_protocol::{
    event::{Dep, Header},
    sync::{
        Heads, Limits, MEDIA_ANSWER, PROTO, Page, PushAnswer, Refused, RefusedWhy, Sealed,
        decode_page, encode_events,
    },
};
use motcua_sync::wire;
use motcua_testkit::postgres::Postgres;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{
    auth, database,
    routes::{Central, router},
};

/// A database of its own, and copies of the program on it.
pub(super) struct Rig {
    pub(super) postgres: Postgres,
    runtime: Runtime,
    pool: Pool,
    url: String,
}

/// An agency code.
pub(super) const OFFICE: &str = "H99.01";

impl Rig {
    pub(super) fn new() -> Self {
        let postgres = Postgres::start();
        let runtime = Runtime::new().unwrap();
        let pool = database::pool(&postgres.url()).unwrap();
        runtime.block_on(database::migrate(&pool)).unwrap();
        let url = copy(&runtime, &postgres);
        Self {
            postgres,
            runtime,
            pool,
            url,
        }
    }

    /// One more copy of the program on the same database; its address.
    pub(super) fn copy(&self) -> String {
        copy(&self.runtime, &self.postgres)
    }

    pub(super) fn code(&self, office: &str) -> String {
        self.runtime.block_on(async {
            let office = database::office(&self.pool, office).await.unwrap();
            auth::code(&self.pool, office).await.unwrap().code
        })
    }

    pub(super) fn dump(&self, office: &str) -> String {
        let mut out = Vec::new();
        self.runtime
            .block_on(crate::dump::run(&self.pool, office, &mut out))
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A number that the database tells.
    pub(super) fn count(&self, sql: &str) -> u64 {
        self.postgres.query(sql).parse().unwrap()
    }

    pub(super) fn events(&self) -> u64 {
        self.count("SELECT count(*) FROM event_log")
    }

    /// A device that may send for that office.
    pub(super) fn device(&self, office: &str) -> Device {
        let mut device = self.stranger(Uuid::now_v7());
        let (status, answer) = device.enrol(&self.code(office));
        assert_eq!(status, 200, "{answer}");
        device.prove().unwrap();
        device
    }

    /// A device that nobody knows.
    pub(super) fn stranger(&self, id: Uuid) -> Device {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Device {
            url: self.url.clone(),
            id,
            branch: id,
            key: Arc::new(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()),
            token: String::new(),
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into(),
        }
    }
}

fn copy(runtime: &Runtime, postgres: &Postgres) -> String {
    let address: SocketAddr = runtime.block_on(async {
        let pool = database::pool(&postgres.url()).unwrap();
        let installation = database::installation(&pool).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(Central::new(pool, installation, None));
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    });
    format!("http://{address}")
}

/// A machine of a branch.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) url: String,
    pub(super) id: Uuid,
    pub(super) branch: Uuid,
    pub(super) key: Arc<Ed25519KeyPair>,
    pub(super) token: String,
    agent: ureq::Agent,
}

impl Device {
    fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(message))
    }

    pub(super) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.public_key())
    }

    /// Status and answer of a request without a token.
    pub(super) fn say(&self, path: &str, body: &[u8]) -> (u16, Value) {
        let answer = self
            .agent
            .post(format!("{}{path}", self.url))
            .send(body)
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(super) fn enrolment(&self, code: &str) -> Value {
        json!({
            "code": code,
            "device": self.id,
            "branch": self.branch,
            "name": "Quầy một cửa",
            "public_key": self.public(),
            "signature": self.sign(&auth::enrol_message(code, self.id)),
        })
    }

    pub(super) fn enrol(&self, code: &str) -> (u16, Value) {
        self.say("/v1/enrol", self.enrolment(code).to_string().as_bytes())
    }

    pub(super) fn challenge(&self) -> String {
        let answer = self
            .agent
            .get(format!("{}/v1/challenge", self.url))
            .call()
            .unwrap();
        let answer: Value =
            serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap();
        answer["challenge"].as_str().unwrap().to_owned()
    }

    /// Fetches a token; the code of the refusal otherwise.
    pub(super) fn prove(&mut self) -> Result<(), String> {
        let challenge = self.challenge();
        let signature = self.sign(&auth::token_message(&challenge, self.id));
        let ask = json!({"device": self.id, "challenge": challenge, "signature": signature});
        let (status, answer) = self.say("/v1/token", ask.to_string().as_bytes());
        if status != 200 {
            return Err(answer["code"].as_str().unwrap_or_default().to_owned());
        }
        self.token = answer["token"].as_str().unwrap().to_owned();
        Ok(())
    }

    /// A request of the protocol, whatever its body.
    pub(super) fn post(&self, body: &[u8]) -> Result<PushAnswer, Refused> {
        self.post_signed(body, None)
    }

    /// The same with that signature.
    pub(super) fn post_signed(
        &self,
        body: &[u8],
        signature: Option<String>,
    ) -> Result<PushAnswer, Refused> {
        let mut request = self
            .agent
            .post(format!("{}{}", self.url, wire::EVENTS))
            .header(wire::PROTO_HEADER, PROTO.to_string())
            .header("authorization", format!("Bearer {}", self.token));
        if let Some(signature) = signature {
            request = request.header(wire::SIGNATURE_HEADER, signature);
        }
        let answer = request
            .send(body)
            .map_err(|_| Refused::from(RefusedWhy::Busy))?;
        let head = |name: &str| answer.headers().get(name).cloned();
        let (media, again) = (head("content-type"), head("retry-after"));
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap_or_default();
        if status == 200 {
            assert_eq!(media.unwrap(), MEDIA_ANSWER);
            return Ok(serde_json::from_str(&text).unwrap());
        }
        let refused = serde_json::from_str(&text).unwrap_or(RefusedWhy::Busy.into());
        if status == 503 {
            assert!(again.is_some(), "when to come again is in the head too");
        }
        Err(refused)
    }

    /// Signature of a batch, as the device's program makes it.
    pub(super) fn seal(&self, events: &[Sealed]) -> Option<String> {
        let message = wire::batch_message(self.id, events.last()?);
        Some(self.sign(&message))
    }

    pub(super) fn push(&self, events: &[Sealed]) -> Result<PushAnswer, Refused> {
        self.post_signed(&wire::pack(&encode_events(events)), self.seal(events))
    }

    /// Status and bytes of a request of the protocol.
    pub(super) fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = self
            .agent
            .get(format!("{}{path}", self.url))
            .header(wire::PROTO_HEADER, PROTO.to_string())
            .header("authorization", format!("Bearer {}", self.token))
            .call()
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().read_to_vec().unwrap())
    }

    /// The same without saying which version is spoken.
    pub(super) fn get_plainly(&self, path: &str) -> u16 {
        let answer = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .call()
            .unwrap();
        answer.status().as_u16()
    }

    pub(super) fn heads(&self) -> Heads {
        let (status, body) = self.get(&format!("{}?all=true", wire::HEADS));
        assert_eq!(status, 200);
        serde_json::from_slice(&body).unwrap()
    }

    pub(super) fn page(&self, cursor: u64) -> Page {
        let (status, body) = self.get(&format!("{}?cursor={cursor}", wire::FEED));
        assert_eq!(status, 200);
        let raw = wire::unpack(&body, 64 << 20).unwrap();
        decode_page(&raw, &Limits::default()).unwrap()
    }
}

/// A log that a test writes.
#[derive(Clone)]
pub(super) struct Writer {
    device: Uuid,
    epoch: u32,
    seq: u64,
    last: [u8; 32],
}

impl Writer {
    pub(super) fn of(device: Uuid) -> Self {
        Self {
            device,
            epoch: 1,
            seq: 0,
            last: [0; 32],
        }
    }

    /// The next event.
    pub(super) fn writes(&mut self, entity: Uuid, kind: &str, body: &[u8]) -> Sealed {
        self.writes_after(entity, kind, body, &[])
    }

    /// The next event, whose writer had seen those.
    pub(super) fn writes_after(
        &mut self,
        entity: Uuid,
        kind: &str,
        body: &[u8],
        seen: &[&Sealed],
    ) -> Sealed {
        self.seq += 1;
        let dep = |event: &&Sealed| Dep {
            device: event.header.device,
            epoch: event.header.epoch,
            seq: event.header.seq,
        };
        let header = Header {
            device: self.device,
            epoch: self.epoch,
            seq: self.seq,
            event_id: Uuid::now_v7(),
            entity,
            kind: kind.to_owned(),
            kind_v: 1,
            actor: "ha".to_owned(),
            command_id: Uuid::now_v7(),
            business_date: "2026-11-23".parse().unwrap(),
            wall_ms: motcua_testkit::branch::MORNING,
            boot: Uuid::nil(),
            mono_ms: 0,
            skew_ms: 0,
            deps: seen.iter().map(dep).collect(),
        };
        let event = Sealed::new(header, vec![7; 16], body.to_vec(), self.last);
        self.last = event.hash;
        event
    }

    /// So many events of a branch kind that changes nothing that is read.
    pub(super) fn fills(&mut self, many: usize) -> Vec<Sealed> {
        let body = json!({"system_ms": 1}).to_string();
        (0..many)
            .map(|_| self.writes(Uuid::now_v7(), "clock.confirmed", body.as_bytes()))
            .collect()
    }
}
