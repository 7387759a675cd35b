//! The door on loopback: who may come in, what is refused, what is pushed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
};

use motcua_hub::{Running, Serve, ServeError, spawn};
use motcua_testkit::branch::{OFFICER, SERVICE, TestBranch};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

struct Hub {
    branch: TestBranch,
    running: Running,
}

struct Answer {
    status: u16,
    headers: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

fn hub() -> Hub {
    let branch = TestBranch::demo();
    let options = Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: None,
        hub: None,
        line: None,
    };
    let running = spawn(Arc::clone(branch.app()), options).unwrap();
    Hub { branch, running }
}

impl Hub {
    fn address(&self) -> String {
        self.running.endpoint.url.replace("http://", "")
    }

    /// A request as bytes, so that anything can be sent.
    fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that has refused may not read on.
        stream.write_all(body).ok();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (headers, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer {
            status: headers
                .split(' ')
                .nth(1)
                .and_then(|s| s.parse().ok())
                .unwrap_or(0),
            headers: headers.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn post_with(&self, name: &str, host: &str, more: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST /rpc/{name} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n",
            body.len()
        );
        self.send(&head, body)
    }

    /// As a page of ours does it.
    fn post(&self, name: &str, body: &[u8]) -> Answer {
        self.post_with(name, &self.address(), &self.signed(), body)
    }

    fn signed(&self) -> String {
        format!(
            "authorization: Bearer {}\r\nx-officer: {OFFICER}\r\n",
            self.running.endpoint.token
        )
    }
}

#[test]
fn a_command_goes_in_and_its_answer_comes_out() {
    let hub = hub();
    let answer = hub.post(
        "visit.register",
        json!({"service": SERVICE}).to_string().as_bytes(),
    );
    assert_eq!(
        (answer.status, &answer.json()["ticket"]),
        (200, &json!("A-001"))
    );
    assert_eq!(
        hub.post("queue.snapshot", b"").json()["waiting"][0]["ticket"],
        "A-001"
    );
}

#[rstest]
#[case::none("")]
#[case::wrong("authorization: Bearer 00000000000000000000000000000000\r\n")]
#[case::empty("authorization: Bearer \r\n")]
#[case::other_scheme("authorization: Basic YTpi\r\n")]
fn without_the_token_nothing_is_done(#[case] headers: &str) {
    let hub = hub();
    let answer = hub.post_with("queue.snapshot", &hub.address(), headers, b"{}");
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
}

#[rstest]
#[case::another_site("tan-cong.vn")]
#[case::its_port_only("tan-cong.vn:80")]
#[case::empty("")]
fn a_page_of_another_site_is_refused_whatever_it_knows(#[case] host: &str) {
    let hub = hub();
    let answer = hub.post_with("queue.snapshot", host, &hub.signed(), b"{}");
    assert_eq!(answer.status, 403);
}

#[rstest]
#[case::no_verb("visit.invent", b"{}", 404, "UNKNOWN_COMMAND")]
#[case::no_json("visit.register", b"{", 422, "ARGUMENT_INVALID")]
#[case::no_utf8("visit.register", b"\xff\xfe", 422, "ARGUMENT_INVALID")]
#[case::a_list("visit.register", b"[]", 422, "ARGUMENT_INVALID")]
#[case::missing("visit.register", b"{}", 422, "FIELD_REQUIRED")]
#[case::not_here(
    "leg.start",
    br#"{"visit_id":"00000000-0000-7000-8000-000000000000"}"#,
    404,
    "NOT_FOUND"
)]
#[case::not_allowed("day.close", b"{}", 403, "NOT_ALLOWED")]
fn a_refusal_is_json_with_its_status(
    #[case] name: &str,
    #[case] body: &[u8],
    #[case] status: u16,
    #[case] code: &str,
) {
    let hub = hub();
    let answer = hub.post(name, body);
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (status, &json!(code))
    );
    assert!(answer.json()["message"].is_string());
}

#[test]
fn a_command_id_that_is_none_is_refused() {
    let hub = hub();
    let headers = format!("{}x-command-id: hai\r\n", hub.signed());
    let body = json!({"service": SERVICE}).to_string();
    let answer = hub.post_with("visit.register", &hub.address(), &headers, body.as_bytes());
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (422, &json!("ARGUMENT_INVALID"))
    );
}

#[rstest]
#[case::a_command("visit.register", (1 << 20) + 1, 413)]
#[case::a_catalogue_may_be_larger("catalogue.import", (1 << 20) + 1, 422)]
fn a_body_has_a_limit(#[case] name: &str, #[case] bytes: usize, #[case] status: u16) {
    let hub = hub();
    let before = hub.branch.events();
    assert_eq!(hub.post(name, &vec![b' '; bytes]).status, status);
    assert_eq!(hub.branch.events(), before);
}

#[test]
fn every_answer_forbids_foreign_scripts_and_keeping() {
    let hub = hub();
    for answer in [
        hub.post("queue.snapshot", b"{}"),
        hub.post("visit.invent", b"{}"),
    ] {
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(
                answer.headers.contains(header),
                "{header}: {}",
                answer.headers
            );
        }
        assert!(!answer.headers.contains("unsafe-"));
    }
}

#[test]
fn a_change_is_pushed_after_its_command() {
    let hub = hub();
    let mut stream = TcpStream::connect(hub.address()).unwrap();
    let path = format!("/events?token={}", hub.running.endpoint.token);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n",
        hub.address()
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("200"));
    assert!(lines.any(|line| line == "event: hello"), "connected");
    hub.branch.walk_in();
    let pushed = lines
        .find(|line| line.starts_with("data: {\"revision\""))
        .unwrap();
    let change: Value = serde_json::from_str(&pushed["data: ".len()..]).unwrap();
    assert_eq!(change["topics"], json!(["queue", "day"]));
}

#[test]
fn changes_are_for_those_with_the_token() {
    let hub = hub();
    let head = format!(
        "GET /events?token=x HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        hub.address()
    );
    assert_eq!(hub.send(&head, b"").status, 401);
}

#[test]
fn the_endpoint_file_is_the_owner_s_alone_and_goes_with_the_server() {
    let hub = hub();
    let file = hub.branch.dir().join("endpoint.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    drop(hub.running);
    assert!(!file.exists());
}

#[test]
fn only_loopback_is_served() {
    let branch = TestBranch::demo();
    let options = Serve {
        listen: "0.0.0.0:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: None,
        hub: None,
        line: None,
    };
    let refused = spawn(Arc::clone(branch.app()), options);
    assert!(matches!(refused, Err(ServeError::NotLoopback)));
}

/// Any JSON, with keys and values that verbs know among them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "ho-tich",
            "2026-11-23",
            "2.001576",
            "individual",
            "00000000-0000-7000-8000-000000000000",
            "9999-12-31T23:59:59Z"
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "service",
        "visit_id",
        "counter",
        "applicant",
        "name",
        "papers",
        "index",
        "fee",
        "amount",
        "limit",
        "value",
        "unit",
        "text",
        "raw",
        "code",
        "date",
        "id",
        "kind",
        "procedure_code",
        "received_at",
        "slot_at",
        "branch",
        "party",
        "command_id",
        "reason",
        "content_base64",
        "file_name",
        "class",
        "party_size",
        "arrived_at",
        "outcomes",
        "due_at",
        "to",
        "printer",
    ]);
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// Whatever comes in: an answer, or a refusal with a code that is no fault of ours.
#[test]
fn arbitrary_arguments_are_answered_or_refused_and_break_nothing() {
    let hub = hub();
    let names: Vec<&str> = motcua_protocol::verbs::all()
        .iter()
        .map(|v| v.name)
        .collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let body = prop_oneof![
        3 => any_json().prop_map(|v| v.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    runner
        .run(&(prop::sample::select(names), body), |(name, body)| {
            let answer = hub.post(name, &body);
            prop_assert!(
                matches!(answer.status, 200 | 403 | 404 | 409 | 422),
                "{} {} {}",
                name,
                answer.status,
                answer.body
            );
            let code = answer.json()["code"].clone();
            prop_assert!(answer.status == 200 || code.is_string());
            Ok(())
        })
        .unwrap();
    hub.branch.assert_sound();
}
