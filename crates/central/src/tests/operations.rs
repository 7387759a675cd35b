//! The operators' page and its twin: who may look, what is told, and that nothing on it can be
//! turned against whoever looks.

use std::collections::BTreeSet;

use motcua_protocol::sync::PROTO;
use motcua_sync::wire;
use serde_json::Value;
use uuid::Uuid;

use super::{Device, OFFICE, Rig, Writer};
use crate::operations::access;

const PAGE: &str = "/van-hanh";
const TWIN: &str = "/v1/operations";

/// A browser, which may have a session.
pub(super) struct Browser {
    url: String,
    agent: ureq::Agent,
    cookie: Option<String>,
}

pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) text: String,
    headers: ureq::http::HeaderMap,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|v| v.to_str().unwrap());
        value.unwrap_or_default()
    }
}

impl Browser {
    pub(super) fn at(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false);
        Self {
            url: url.to_owned(),
            agent: config.build().into(),
            cookie: None,
        }
    }

    pub(super) fn get(&self, path: &str) -> Seen {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        seen(request.call().unwrap())
    }

    fn post(&self, path: &str, form: &str) -> Seen {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        seen(request.send(form).unwrap())
    }

    fn enters(&mut self, code: &str) -> Seen {
        let seen = self.post("/van-hanh/vao", &format!("code={code}"));
        let cookie = seen.header("set-cookie");
        if let Some((pair, _)) = cookie.split_once(';') {
            self.cookie = Some(pair.to_owned());
        }
        seen
    }
}

fn seen(answer: ureq::http::Response<ureq::Body>) -> Seen {
    Seen {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.into_body().read_to_string().unwrap(),
    }
}

impl Rig {
    fn operator_code(&self) -> String {
        self.runtime
            .block_on(access::code(&self.pool))
            .unwrap()
            .code
    }

    /// Somebody who is in.
    pub(super) fn operator(&self) -> Browser {
        let mut browser = Browser::at(&self.url);
        assert_eq!(browser.enters(&self.operator_code()).status, 303);
        browser
    }

    fn twin(&self) -> Value {
        let seen = self.operator().get(TWIN);
        assert_eq!(seen.status, 200, "{}", seen.text);
        serde_json::from_str(&seen.text).unwrap()
    }
}

/// A round of the protocol in which a machine says what it has not sent.
fn greets(device: &Device, unsent: &str) -> u16 {
    let answer = device
        .agent
        .get(format!("{}{}", device.url, wire::HELLO))
        .header(wire::PROTO_HEADER, PROTO.to_string())
        .header(wire::UNSENT_HEADER, unsent)
        .header("authorization", format!("Bearer {}", device.token))
        .call()
        .unwrap();
    answer.status().as_u16()
}

#[test]
fn nobody_looks_without_a_code_and_a_code_opens_once() {
    let rig = Rig::new();
    rig.device("H77.secret");
    let mut browser = Browser::at(&rig.url);
    for path in [PAGE, TWIN] {
        let seen = browser.get(path);
        assert_eq!(seen.status, 401, "{path}");
        assert!(!seen.text.contains("H77"), "{path}: {}", seen.text);
    }
    assert!(browser.get(PAGE).text.contains("Mã vào"));
    for nonsense in ["", "ABCDEFGHJKLM", "%00", "' OR 1=1 --"] {
        let seen = browser.enters(nonsense);
        assert_eq!(seen.status, 403, "{nonsense:?}");
        assert!(seen.text.contains("Mã không đúng"), "{}", seen.text);
        assert_eq!(browser.cookie, None);
    }
    assert_eq!(browser.post("/van-hanh/vao", "no=code").status, 422);
    assert_eq!(
        browser
            .post("/van-hanh/vao", &format!("code={}", "A".repeat(64 << 10)))
            .status,
        413
    );
    // A device's code is none for a person.
    assert_eq!(browser.enters(&rig.code(OFFICE)).status, 403);
    let code = rig.operator_code();
    let typed = format!("{}-{}", &code[..6], code[6..].to_lowercase());
    let seen = browser.enters(&typed);
    assert_eq!((seen.status, seen.header("location")), (303, PAGE));
    let cookie = seen.header("set-cookie");
    for word in ["__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{word} in {cookie}");
    }
    let page = browser.get(PAGE);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("H77.secret"));
    assert_eq!(browser.get(TWIN).status, 200);
    // Once, and every copy of the program knows who is in.
    assert_eq!(Browser::at(&rig.url).enters(&code).status, 403);
    let other = Browser {
        cookie: browser.cookie.clone(),
        ..Browser::at(&rig.copy())
    };
    assert_eq!(other.get(PAGE).status, 200);
    // Left is left, also for whoever kept the cookie.
    let left = browser.post("/van-hanh/ra", "");
    assert_eq!((left.status, left.header("location")), (303, PAGE));
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get(PAGE).status, 401);
    assert_eq!(other.get(TWIN).status, 401);
    // Nothing that opens is kept as it is.
    let kept = "SELECT count(*) FROM operator_code WHERE encode(code_hash, 'escape') LIKE '%' || ";
    assert_eq!(rig.count(&format!("{kept}'{code}' || '%'")), 0);
}

#[test]
fn codes_and_sessions_run_out() {
    let rig = Rig::new();
    let code = rig.operator_code();
    rig.postgres
        .query("UPDATE operator_code SET expires_at = now() - interval '1 second'");
    assert_eq!(Browser::at(&rig.url).enters(&code).status, 403);
    let browser = rig.operator();
    assert_eq!(browser.get(PAGE).status, 200);
    rig.postgres
        .query("UPDATE operator_session SET expires_at = now() - interval '1 second'");
    assert_eq!(browser.get(PAGE).status, 401);
    // Making the next code clears what has run out.
    rig.operator_code();
    assert_eq!(rig.count("SELECT count(*) FROM operator_session"), 0);
}

#[test]
fn offices_machines_and_what_is_held_back_are_told() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    rig.device("H99.02");
    let mut writer = Writer::of(device.id);
    device.push(&writer.fills(5)).unwrap();
    let hostile = [
        writer.writes(Uuid::now_v7(), "visit.registered", b"no JSON"),
        writer.writes(Uuid::now_v7(), "hologram.<b>shown</b>", b"{}"),
    ];
    device.push(&hostile).unwrap();
    assert_eq!(greets(&device, "12 1795395600000"), 200);
    let mut revoked = rig.stranger(Uuid::now_v7());
    revoked.branch = device.branch;
    assert_eq!(revoked.enrol(&rig.code(OFFICE)).0, 200);
    revoked.prove().unwrap();
    greets(&revoked, "7 1700000000000");
    rig.runtime
        .block_on(crate::devices::revoke(&rig.pool, revoked.id))
        .unwrap();
    rig.postgres.query(&format!(
        "UPDATE device SET name = '<script>alert(1)</script>' WHERE device = '{}'",
        device.id
    ));
    let twin = rig.twin();
    let office = &twin["offices"][0];
    assert_eq!(office["code"], OFFICE);
    assert_eq!(office["machines"], 1, "one lost its access");
    assert_eq!(office["last_hour"], 7);
    assert_eq!(
        (&office["parked"], &office["quarantined"]),
        (&1.into(), &1.into())
    );
    // What a machine without access last said waits nowhere any more.
    assert_eq!(office["unsent"], 12);
    assert_eq!(office["oldest_unsent"], "2026-11-23T01:00:00Z");
    assert!(office["seen_at"].is_string());
    assert_eq!(twin["offices"][1]["code"], "H99.02");
    assert_eq!(twin["offices"][1]["unsent"], Value::Null, "it has not said");
    assert_eq!(twin["received"]["last_minute"], 7);
    assert_eq!(twin["reasons"].as_array().unwrap().len(), 2);
    assert_eq!(twin["reasons"][0]["code"], "BODY_UNREADABLE");
    assert_eq!(twin["held"][0]["kind"], "visit.registered");
    assert_eq!(twin["held"][0]["office"], OFFICE);
    assert_eq!(
        twin["held"][0]["event"],
        hostile[0].header.event_id.to_string()
    );
    let machines = twin["machines"].as_array().unwrap();
    assert_eq!(machines.len(), 3);
    assert!(
        machines
            .iter()
            .any(|m| m["device"] == revoked.id.to_string() && m["revoked_at"].is_string())
    );

    let page = rig.operator().get(PAGE);
    for words in [
        OFFICE,
        "Đã thu quyền",
        "Đang liên lạc",
        "12, cũ nhất",
        "Nội dung không đọc được",
        "Cần nâng cấp trung tâm",
        "&lt;script&gt;",
        "hologram.&lt;b&gt;",
    ] {
        assert!(page.text.contains(words), "{words} in {}", page.text);
    }
    assert!(!page.text.contains("<script"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), "no-store");
    // Nothing is fetched from anywhere else.
    assert!(!page.text.contains("http://") && !page.text.contains("https://"));
    let style = rig.operator().get("/van-hanh/trang.css");
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}

#[test]
fn what_a_machine_says_of_itself_changes_nothing_but_that() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let unsent = || rig.twin()["offices"][0]["unsent"].clone();
    // Of an older version: it says nothing, and is let in all the same.
    assert_eq!(device.get(wire::HELLO).0, 200);
    assert_eq!(unsent(), Value::Null);
    for nonsense in ["", "many", "-3", "1 2 3", "'; DROP TABLE device; --"] {
        assert_eq!(greets(&device, nonsense), 200, "{nonsense:?}");
    }
    assert_eq!(unsent(), Value::Null);
    // A time that no calendar has is left out; the count stands.
    for beyond in ["3 9223372036854775807", "3 -9223372036854775808"] {
        assert_eq!(greets(&device, beyond), 200, "{beyond:?}");
    }
    assert_eq!(unsent(), 3);
    assert_eq!(greets(&device, "0"), 200);
    assert_eq!(unsent(), 0, "that nothing waits any more is news at once");
    assert_eq!(greets(&device, "18446744073709551615 5"), 200);
    assert_eq!(unsent(), 1_000_000_000_000_u64);
}

#[test]
fn every_route_is_described_and_every_description_is_whole() {
    let rig = Rig::new();
    let browser = Browser::at(&rig.url);
    let seen = browser.get("/openapi.json");
    assert_eq!(seen.status, 200);
    let api: Value = serde_json::from_str(&seen.text).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = api["paths"].as_object().unwrap();
    let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    for path in [
        wire::HELLO,
        wire::HEADS,
        wire::PAST,
        wire::EVENTS,
        wire::FEED,
        "/v1/enrol",
        "/v1/challenge",
        "/v1/token",
        "/health",
        "/metrics",
        "/openapi.json",
        PAGE,
        "/van-hanh/vao",
        "/van-hanh/ra",
        "/van-hanh/trang.css",
        TWIN,
        "/v1/operations/figures",
        "/van-hanh/so-lieu",
    ] {
        assert!(described.contains(path), "{path} in {described:?}");
    }
    let mut operations = BTreeSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(name), "{name} twice");
            assert!(
                operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
                "{path}"
            );
            let answer = match method.as_str() {
                "get" => browser.get(path),
                "post" => browser.post(path, ""),
                other => panic!("{other} {path}"),
            };
            assert!(
                ![404, 405].contains(&answer.status),
                "{method} {path}: {}",
                answer.status
            );
            let status = answer.status.to_string();
            let known = operation["responses"].as_object().unwrap();
            // A form without its field is the framework's own refusal.
            assert!(
                known.contains_key(&status) || status == "422",
                "{method} {path}: {status}"
            );
        }
    }
    // Nothing is spoken of that is not there.
    let text = seen.text;
    let mut at = 0;
    while let Some(found) = text[at..].find("\"$ref\":\"#/") {
        let from = at + found + "\"$ref\":\"#".len();
        let upto = from + text[from..].find('"').unwrap();
        let pointer = &text[from..upto];
        assert!(api.pointer(pointer).is_some(), "{pointer}");
        at = upto;
    }
    assert!(at > 0);
}
