//! SMS over a provider's HTTP gateway. Providers differ: address, headers and body are templates.
//! docs/notices.md describes what goes over the wire.

use std::{collections::BTreeMap, sync::Arc};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use ureq::{
    Agent,
    http::{HeaderName, HeaderValue, StatusCode, Uri},
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

use crate::{Failed, Message, PATIENCE, Secret};

/// No answer of a gateway is longer.
const MOST: u64 = 64 << 10;

/// How the body is written; values are put into it accordingly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// `application/json`: values become the inside of JSON strings.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`: values are percent-encoded.
    Form,
}

/// A provider's gateway as this office uses it. `{to}` (`0912345678`), `{to84}` (`84912345678`),
/// `{text}`, `{id}` and `{key}` are filled in; what else stands in braces stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsGateway {
    /// Where to; only `https`, or this machine itself.
    pub url: String,
    /// Headers beside the content type.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Kind of body.
    #[serde(default)]
    pub kind: BodyKind,
    /// The body.
    pub body: String,
    /// The key that the provider gave.
    #[serde(default)]
    pub key: Option<Secret>,
    /// What an answer has to contain to be a yes; none: any answer of the 200s is one.
    #[serde(default)]
    pub accepted: Option<String>,
    /// Without diacritics: many gateways charge accented texts as several, or spoil them.
    #[serde(default)]
    pub plain: bool,
    /// PEM of an authority that vouches for the gateway.
    #[serde(default)]
    pub ca: Option<String>,
}

fn encoded(kind: BodyKind, value: &str) -> String {
    match kind {
        BodyKind::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        BodyKind::Form => {
            let mut out = String::with_capacity(value.len() * 3);
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    out.push_str(&format!("%{byte:02X}"));
                }
            }
            out
        }
    }
}

/// Fills a template in one pass, so that no value is looked into for further marks.
fn filled(template: &str, values: &[(&str, &str)], write: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len() + 200);
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let hit = (values.iter()).find(|(name, _)| {
            rest[1..]
                .strip_prefix(name)
                .is_some_and(|r| r.starts_with('}'))
        });
        match hit {
            Some((name, value)) => {
                out.push_str(&write(value));
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1")
}

impl SmsGateway {
    /// Whether it could be used as it stands.
    ///
    /// # Errors
    /// The field at fault, and why, in words.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let uri: Option<Uri> = self.url.parse().ok();
        let sound = uri.as_ref().is_some_and(|uri| match uri.scheme_str() {
            Some("https") => uri.host().is_some(),
            Some("http") => uri.host().is_some_and(loopback),
            _ => false,
        });
        if !sound {
            return Err(("url", "Địa chỉ cổng tin nhắn phải bắt đầu bằng https://."));
        }
        for (name, value) in &self.headers {
            let sound = HeaderName::try_from(name.as_str()).is_ok()
                && value.bytes().all(|b| (0x20..0x7f).contains(&b));
            if !sound {
                return Err(("headers", "Dòng đầu (header) có ký tự không dùng được."));
            }
        }
        if !self.body.contains("{to}") && !self.body.contains("{to84}") {
            return Err(("body", "Mẫu nội dung gửi phải có {to} hoặc {to84}."));
        }
        if !self.body.contains("{text}") {
            return Err(("body", "Mẫu nội dung gửi phải có {text}."));
        }
        if self.kind == BodyKind::Json {
            let tried = self.written(&[
                ("to", ""),
                ("to84", ""),
                ("text", ""),
                ("id", ""),
                ("key", ""),
            ]);
            if serde_json::from_str::<serde_json::Value>(&tried).is_err() {
                return Err(("body", "Mẫu nội dung gửi chưa đúng dạng JSON."));
            }
        }
        let wants_key = |text: &str| text.contains("{key}");
        if self.key.is_none()
            && (wants_key(&self.body) || self.headers.values().any(|v| wants_key(v)))
        {
            return Err(("key", "Mẫu có dùng {key}. Mời nhập khóa của cổng tin nhắn."));
        }
        if self.ca.as_deref().is_some_and(|ca| roots(ca).is_none()) {
            return Err(("ca", "Chứng thư của nơi cấp phải ở dạng PEM. Mời xem lại."));
        }
        Ok(())
    }

    fn written(&self, values: &[(&str, &str)]) -> String {
        filled(&self.body, values, |value| encoded(self.kind, value))
    }

    fn agent(&self) -> Option<Agent> {
        let roots = match &self.ca {
            Some(ca) => RootCerts::Specific(Arc::new(roots(ca)?)),
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        Some(
            Agent::config_builder()
                .http_status_as_error(false)
                // A citizen's number goes where it was meant to go and nowhere else.
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_global(Some(PATIENCE))
                .tls_config(tls)
                .build()
                .into(),
        )
    }
}

fn roots(pem: &str) -> Option<Vec<Certificate<'static>>> {
    let mut roots = Vec::new();
    for authority in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.push(Certificate::from_der(&authority.ok()?).to_owned());
    }
    (!roots.is_empty()).then_some(roots)
}

/// Hands a text to the gateway.
///
/// # Errors
/// Why it was not accepted.
pub fn send_sms(gateway: &SmsGateway, message: &Message) -> Result<(), Failed> {
    let setup = |words: &str| Failed::Setup(words.to_owned());
    let agent =
        (gateway.agent()).ok_or_else(|| setup("Chứng thư của cổng tin nhắn không đọc được."))?;
    let to84 = match message.to.strip_prefix('0') {
        Some(local) => format!("84{local}"),
        None => message.to.trim_start_matches('+').to_owned(),
    };
    let id = message.id.to_string();
    let key = gateway.key.as_ref().map_or("", |key| key.reveal());
    let values = [
        ("to84", to84.as_str()),
        ("to", &message.to),
        ("text", &message.text),
        ("id", &id),
        ("key", key),
    ];
    let kind = match gateway.kind {
        BodyKind::Json => "application/json",
        BodyKind::Form => "application/x-www-form-urlencoded",
    };
    let mut request = agent
        .post(&gateway.url)
        .header("content-type", kind)
        .header("idempotency-key", &id);
    for (name, template) in &gateway.headers {
        let value = filled(template, &values, str::to_owned);
        let value = HeaderValue::try_from(value)
            .map_err(|_| setup("Dòng đầu (header) của cổng tin nhắn không dùng được."))?;
        request = request.header(name.as_str(), value);
    }
    let away = || Failed::Away("Chưa nối được cổng tin nhắn.".to_owned());
    let mut answer = request.send(gateway.written(&values)).map_err(|_| away())?;
    let status = answer.status();
    let with = |words: &str| format!("{words} (mã {}).", status.as_u16());
    match status {
        // It has this very message already: sent before, and its answer was lost.
        StatusCode::CONFLICT => Ok(()),
        _ if status.is_success() => {
            let Some(wanted) = &gateway.accepted else {
                return Ok(());
            };
            let body = answer.body_mut().with_config().limit(MOST).read_to_string();
            if body.map_err(|_| away())?.contains(wanted.as_str()) {
                return Ok(());
            }
            Err(Failed::Refused(
                "Cổng tin nhắn không nhận tin này.".to_owned(),
            ))
        }
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PAYMENT_REQUIRED
        | StatusCode::NOT_FOUND => Err(Failed::Setup(with(
            "Cổng tin nhắn không nhận khóa hoặc địa chỉ đã đặt",
        ))),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(Failed::Later(with("Cổng tin nhắn hẹn gửi sau")))
        }
        _ if status.is_client_error() => {
            Err(Failed::Refused(with("Cổng tin nhắn không nhận số này")))
        }
        _ => Err(Failed::Away(with("Cổng tin nhắn đang có sự cố"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_place() {
        let gateway = |kind, body: &str| SmsGateway {
            url: "https://sms.example.vn/send".to_owned(),
            headers: BTreeMap::new(),
            kind,
            body: body.to_owned(),
            key: None,
            accepted: None,
            plain: false,
            ca: None,
        };
        let values = [
            ("to", "09\"12"),
            ("text", "a\"}\n{key}{to} &b=1"),
            ("key", "K"),
        ];
        let json = gateway(
            BodyKind::Json,
            r#"{"p": "{to}", "t": "{text}", "x": {"y": 1}}"#,
        )
        .written(&values);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            read["t"], "a\"}\n{key}{to} &b=1",
            "marks within a value are no marks"
        );
        assert_eq!(read["p"], "09\"12");
        let form = gateway(BodyKind::Form, "p={to}&t={text}").written(&values);
        assert_eq!(form, "p=09%2212&t=a%22%7D%0A%7Bkey%7D%7Bto%7D%20%26b%3D1");
    }
}
