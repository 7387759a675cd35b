//! A machine that speaks to the real central as our program does, and as it never would: raw
//! batches over TLS, with a key of its own.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a broken harness must stop the test at once"
)]

use std::{fs, path::Path, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use motcua_protocol::{
    event::Header,
    sync::{PROTO, PushAnswer, Refused, RefusedWhy, Sealed, encode_events},
};
use motcua_sync::wire;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use uuid::Uuid;

/// A machine with a key, known to a central.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its device id.
    pub device: Uuid,
    /// Shown with every request.
    pub token: String,
    url: String,
    key: Arc<Ed25519KeyPair>,
    agent: ureq::Agent,
}

/// An answer of central's, as it came.
#[derive(Debug)]
pub struct Said {
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// Seconds after which to come again, from the head.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

impl Said {
    /// What became of a batch.
    ///
    /// # Errors
    /// The refusal; `Busy` where there was no answer of ours.
    pub fn pushed(&self) -> Result<PushAnswer, Refused> {
        if self.status == 200
            && let Ok(answer) = serde_json::from_slice(&self.body)
        {
            return Ok(answer);
        }
        Err(serde_json::from_slice(&self.body).unwrap_or_else(|_| RefusedWhy::Busy.into()))
    }
}

impl Sender {
    /// A machine that is not let in yet. `ca`: the authority of central's certificate.
    pub fn stranger(url: &str, ca: &Path) -> Self {
        let pem = fs::read(ca).expect("the authority's file");
        let roots: Vec<Certificate<'static>> = CertificateDer::pem_slice_iter(&pem)
            .map(|c| Certificate::from_der(&c.expect("a certificate")).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(90)))
            .tls_config(tls)
            .build()
            .into();
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random bytes");
        Self {
            device: Uuid::now_v7(),
            token: String::new(),
            url: url.to_owned(),
            key: Arc::new(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key")),
            agent,
        }
    }

    /// A machine that was let in by a code.
    pub fn enrolled(url: &str, ca: &Path, code: &str) -> Self {
        let mut sender = Self::stranger(url, ca);
        let message = [b"motcua-enrol-1", code.as_bytes(), sender.device.as_bytes()].concat();
        let ask = json!({
            "code": code,
            "device": sender.device,
            "branch": sender.device,
            "name": "Máy thử",
            "public_key": URL_SAFE_NO_PAD.encode(sender.key.public_key()),
            "signature": sender.sign(&message),
        });
        let said = sender.post("/v1/enrol", &[], ask.to_string().as_bytes());
        assert_eq!(said.status, 200, "{}", String::from_utf8_lossy(&said.body));
        sender.prove();
        sender
    }

    /// Its signature, as text.
    pub fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(message))
    }

    /// Fetches a token.
    pub fn prove(&mut self) {
        let asked = self.agent.get(format!("{}/v1/challenge", self.url)).call();
        let mut asked = asked.expect("an answer");
        let text = asked.body_mut().read_to_string().expect("a body");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        let challenge = answer["challenge"].as_str().expect("a challenge");
        let message = [
            b"motcua-token-1",
            challenge.as_bytes(),
            self.device.as_bytes(),
        ]
        .concat();
        let ask = json!({"device": self.device, "challenge": challenge, "signature": self.sign(&message)});
        let said = self.post("/v1/token", &[], ask.to_string().as_bytes());
        let answer: Value = serde_json::from_slice(&said.body).expect("JSON");
        self.token = answer["token"].as_str().expect("a token").to_owned();
    }

    /// Says anything, with any headers.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Said {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let Ok(mut answer) = request.send(body) else {
            return Said {
                status: 0,
                retry_after: None,
                body: Vec::new(),
            };
        };
        let again = answer.headers().get("retry-after");
        let again = again.and_then(|v| v.to_str().ok()?.parse().ok());
        Said {
            status: answer.status().as_u16(),
            retry_after: again,
            body: answer.body_mut().read_to_vec().unwrap_or_default(),
        }
    }

    /// Asks for what anybody may see: health, figures.
    pub fn get(&self, path: &str) -> Said {
        match self.agent.get(format!("{}{path}", self.url)).call() {
            Ok(mut answer) => Said {
                status: answer.status().as_u16(),
                retry_after: None,
                body: answer.body_mut().read_to_vec().unwrap_or_default(),
            },
            Err(_) => Said {
                status: 0,
                retry_after: None,
                body: Vec::new(),
            },
        }
    }

    /// Sends these bytes as a batch, under that signature.
    pub fn push_bytes(&self, packed: &[u8], signature: &str) -> Said {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            (wire::PROTO_HEADER, &*PROTO.to_string()),
            ("authorization", &*bearer),
            (wire::SIGNATURE_HEADER, signature),
        ];
        self.post(wire::EVENTS, &headers, packed)
    }

    /// The signature of a batch.
    pub fn seal(&self, events: &[Sealed]) -> String {
        let last = events.last().expect("an event");
        self.sign(&wire::batch_message(self.device, last))
    }

    /// Sends a batch as our program does.
    pub fn push(&self, events: &[Sealed]) -> Said {
        let packed = wire::pack(&encode_events(events));
        self.push_bytes(&packed, &self.seal(events))
    }

    /// Those events as this machine would have written them, from its first on.
    pub fn as_its_own(&self, events: &[Sealed]) -> Vec<Sealed> {
        let mut last = [0; 32];
        (1..)
            .zip(events)
            .map(|(seq, event)| {
                let header = Header {
                    device: self.device,
                    epoch: 1,
                    seq,
                    deps: Vec::new(),
                    ..event.header.clone()
                };
                let (salt, body) = (event.salt.clone(), event.body.clone());
                let event = Sealed::new(header, salt, body, last);
                last = event.hash;
                event
            })
            .collect()
    }
}
