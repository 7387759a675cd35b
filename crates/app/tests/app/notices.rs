//! Citizens are told, through a real mail server and a simulator of an SMS gateway: once, by whoever
//! agreed, whatever happens in between.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use motcua_domain::Code;
use motcua_testkit::{
    branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case, id},
    smtp::{PASSWORD, Smtp, SmtpMode, USER},
};
use rstest::rstest;
use serde_json::{Value, json};

fn taken_in(branch: &TestBranch, contact: &Value, notify: Option<&str>) -> String {
    let mut args = case();
    let party = args["applicant"].as_object_mut().unwrap();
    party.remove("phone");
    party.extend(contact.as_object().unwrap().clone());
    if let Some(notify) = notify {
        args["notify"] = json!(notify);
    }
    id(&branch.ok(OFFICER, "case.receive", args)["case_id"])
}

fn ready(branch: &TestBranch, case: &str) {
    branch.ok(
        OFFICER,
        "case.receive_result",
        json!({"id": case, "result": {}}),
    );
}

fn mail(smtp: &Smtp, mode: SmtpMode) -> Value {
    let mut mail = json!({
        "host": "localhost",
        "port": smtp.port,
        "security": match mode { SmtpMode::Plain => "none", SmtpMode::Starttls => "starttls", SmtpMode::Tls => "tls" },
        "from": "motcua@binhminh.example.vn",
    });
    if mode != SmtpMode::Plain {
        mail["user"] = json!(USER);
        mail["password"] = json!(PASSWORD);
        mail["ca"] = json!(smtp.ca);
    }
    mail
}

fn configure(branch: &TestBranch, args: Value) -> Value {
    branch.ok(SUPERVISOR, "notice.configure", args)
}

fn list(branch: &TestBranch) -> Value {
    branch.ok(OFFICER, "notice.list", json!({}))
}

fn len(list: &Value, which: &str) -> usize {
    list[which].as_array().unwrap().len()
}

/// A simulator of a provider's gateway: it answers what it is told to, and remembers requests.
struct Gateway {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    fn answering(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/gui", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut got = Vec::new();
                let mut chunk = [0; 4096];
                loop {
                    let n = stream.read(&mut chunk).unwrap_or(0);
                    got.extend_from_slice(&chunk[..n]);
                    let text = String::from_utf8_lossy(&got).to_string();
                    let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                        let length = head.to_lowercase().lines().find_map(|l| {
                            l.strip_prefix("content-length: ")?
                                .trim()
                                .parse::<usize>()
                                .ok()
                        });
                        length.is_some_and(|length| body.len() >= length)
                    });
                    if n == 0 || whole {
                        kept.lock().unwrap().push(text);
                        break;
                    }
                }
                let body = r#"{"status":"ok"}"#;
                let head = format!(
                    "HTTP/1.1 {answer}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(head.as_bytes()).ok();
            }
        });
        Self { url, requests }
    }

    fn setup(&self) -> Value {
        json!({
            "url": self.url,
            "headers": {"authorization": "Bearer {key}"},
            "kind": "json",
            "body": r#"{"to": "{to84}", "text": "{text}", "ref": "{id}"}"#,
            "key": "khoa-bi-mat",
            "plain": true,
        })
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

#[rstest]
#[case::plain(SmtpMode::Plain)]
#[case::starttls(SmtpMode::Starttls)]
#[case::tls(SmtpMode::Tls)]
fn a_letter_goes_out_once_and_says_no_more_than_it_must(#[case] mode: SmtpMode) {
    let smtp = Smtp::start(mode).unwrap();
    let mut branch = TestBranch::demo();
    let shown = configure(&branch, json!({"mail": mail(&smtp, mode)}));
    assert!(!shown.to_string().contains(PASSWORD));
    let id = taken_in(
        &branch,
        &json!({"email": "mai@example.vn", "phone": "0912345678"}),
        Some("agreed"),
    );
    ready(&branch, &id);
    assert_eq!(len(&list(&branch), "waiting"), 1);
    let round = branch.app().send_notices().unwrap();
    assert_eq!((round.sent, round.refused), (1, 0), "{}", list(&branch));

    let letters = smtp.letters().unwrap();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert!(letter.starts_with("X-To: mai@example.vn\r\n"), "{letter}");
    assert_eq!(letter.contains("X-Tls: True"), mode != SmtpMode::Plain);
    let list_now = list(&branch);
    let notice = list_now["told"][0]["id"].as_str().unwrap();
    assert!(
        letter.contains(&format!("Message-ID: <{notice}@binhminh.example.vn>")),
        "{letter}"
    );
    for personal in ["Mai", "001190000001", "0912345678", "khai sinh"] {
        assert!(
            !letter.contains(personal),
            "{personal} is nobody else's business"
        );
    }
    // Told, it stays told: also over a restart, and after everything is projected anew.
    branch.open().unwrap();
    branch.app().rebuild().unwrap();
    assert_eq!(branch.app().send_notices().unwrap().sent, 0);
    assert_eq!(smtp.letters().unwrap().len(), 1);
    branch.assert_sound();
}

#[test]
fn a_server_that_is_away_is_waited_for_and_nothing_is_lost() {
    let smtp = Smtp::start(SmtpMode::Plain).unwrap();
    let port = smtp.port;
    let mut branch = TestBranch::demo();
    configure(&branch, json!({"mail": mail(&smtp, SmtpMode::Plain)}));
    drop(smtp);
    let id = taken_in(&branch, &json!({"email": "mai@example.vn"}), Some("agreed"));
    ready(&branch, &id);
    let first = branch.app().send_notices().unwrap();
    assert_eq!(first.sent, 0);
    let now = list(&branch);
    assert!(
        now["channels"][0]["trouble"].is_string(),
        "a person sees why: {now}"
    );
    // The pause grows, and has an end.
    branch.pass(first.wait_ms);
    let second = branch.app().send_notices().unwrap();
    assert!(second.wait_ms > first.wait_ms);
    // The program ends in between, and the server is back.
    branch.open().unwrap();
    let smtp = Smtp::at(SmtpMode::Plain, port).unwrap();
    assert_eq!(branch.app().send_notices().unwrap().sent, 1);
    assert_eq!(smtp.letters().unwrap().len(), 1);
}

#[test]
fn a_refused_address_goes_on_to_sms_and_then_to_a_person() {
    let smtp = Smtp::start(SmtpMode::Plain).unwrap();
    let gateway = Gateway::answering(vec!["422 Unprocessable Entity"]);
    let branch = TestBranch::demo();
    configure(
        &branch,
        json!({"mail": mail(&smtp, SmtpMode::Plain), "sms": gateway.setup()}),
    );
    let case = taken_in(
        &branch,
        &json!({"email": "khong-co@example.vn", "phone": "0912345678"}),
        Some("agreed"),
    );
    ready(&branch, &case);
    assert_eq!(branch.app().send_notices().unwrap().refused, 1);
    assert_eq!(branch.app().send_notices().unwrap().refused, 1);
    assert_eq!(
        branch.app().send_notices().unwrap().refused,
        0,
        "no address is tried again"
    );

    let now = list(&branch);
    assert_eq!(len(&now, "call"), 1);
    let line = &now["call"][0];
    assert_eq!(
        (line["name"].as_str(), line["phone"].as_str()),
        (Some("Lò Thị Mai"), Some("0912345678"))
    );
    let history = line["history"].to_string();
    assert!(
        history.contains("550") && history.contains("422"),
        "{history}"
    );
    assert!(
        !history.contains("example.vn"),
        "an address stands in no record of a failure"
    );
    // Nobody answers, then somebody does.
    let call = |outcome: &str| json!({"id": line["id"], "outcome": outcome});
    let after = branch.ok(OFFICER, "notice.called", call("no_answer"));
    assert_eq!(len(&after, "call"), 1);
    let after = branch.ok(OFFICER, "notice.called", call("reached"));
    assert_eq!((len(&after, "call"), len(&after, "told")), (0, 1));
    assert_eq!(
        branch
            .refused(OFFICER, "notice.called", call("reached"))
            .code,
        Code::NotAllowed
    );
    branch.assert_sound();
}

#[test]
fn an_sms_is_the_same_message_when_its_answer_was_lost() {
    let gateway = Gateway::answering(vec!["503 Service Unavailable", "409 Conflict"]);
    let branch = TestBranch::demo();
    let shown = configure(&branch, json!({"sms": gateway.setup()}));
    assert!(!shown.to_string().contains("khoa-bi-mat"), "{shown}");
    assert_eq!(shown["sms"]["has_key"], true);
    let case = taken_in(&branch, &json!({"phone": "0912345678"}), Some("agreed"));
    ready(&branch, &case);
    let first = branch.app().send_notices().unwrap();
    assert_eq!((first.sent, first.refused), (0, 0));
    branch.pass(first.wait_ms);
    assert_eq!(branch.app().send_notices().unwrap().sent, 1);
    let requests = gateway.requests();
    let key = |request: &str| {
        let line = request.lines().find(|l| l.starts_with("idempotency-key: "));
        line.unwrap().to_owned()
    };
    assert_eq!(key(&requests[0]), key(&requests[1]));
    assert!(requests[0].contains("authorization: Bearer khoa-bi-mat"));
    assert!(
        requests[0].contains(r#""to": "84912345678""#),
        "{}",
        requests[0]
    );
    assert!(
        requests[0].contains("da co ket qua"),
        "without diacritics: {}",
        requests[0]
    );
}

#[test]
fn nobody_is_told_who_did_not_agree_or_no_longer_does() {
    let smtp = Smtp::start(SmtpMode::Plain).unwrap();
    let branch = TestBranch::demo();
    configure(&branch, json!({"mail": mail(&smtp, SmtpMode::Plain)}));
    let contact = json!({"email": "mai@example.vn", "phone": "0912345678"});
    for notify in [None, Some("declined")] {
        ready(&branch, &taken_in(&branch, &contact, notify));
    }
    let case = taken_in(&branch, &contact, Some("agreed"));
    ready(&branch, &case);
    branch.ok(
        OFFICER,
        "case.set_contact",
        json!({"id": case, "consent": "declined"}),
    );
    assert_eq!(branch.app().send_notices().unwrap().sent, 0);
    let now = list(&branch);
    assert_eq!(
        len(&now, "call") + len(&now, "waiting") + len(&now, "unreachable"),
        0,
        "{now}"
    );
    assert!(smtp.letters().unwrap().is_empty());
    // With another address, and a yes.
    let again = json!({"id": case, "consent": "agreed", "email": "mai2@example.vn"});
    branch.ok(OFFICER, "case.set_contact", again);
    assert_eq!(branch.app().send_notices().unwrap().sent, 1);
    assert!(smtp.letters().unwrap()[0].starts_with("X-To: mai2@example.vn\r\n"));
    // A number that goes is no refusal: they wait to be reached.
    branch.ok(OFFICER, "case.set_contact", json!({"id": case}));
    let view = branch.ok(OFFICER, "case.get", json!({"id": case}));
    assert_eq!(view["contact"]["consent"], "agreed");
    assert!(
        view["history"]
            .to_string()
            .contains("Cách liên lạc đã ghi lại.")
    );
    let wrong = json!({"id": case, "consent": "agreed", "email": "mai"});
    let refused = branch.refused(OFFICER, "case.set_contact", wrong);
    assert_eq!(refused.field.as_deref(), Some("email"));
    branch.assert_sound();
}

#[test]
fn the_second_of_two_officers_is_told_who_changed_the_contact_and_overwrites_nothing() {
    let branch = TestBranch::demo();
    let contact = json!({"email": "mai@example.vn", "phone": "0912345678"});
    let case = taken_in(&branch, &contact, Some("agreed"));
    let get = || branch.ok(OFFICER, "case.get", json!({"id": case}));
    let seen = get()["revision"].clone();
    let change = |email: &str, expected: &Value| json!({"id": case, "expected": expected, "consent": "agreed", "email": email});
    // Both look at the same state; the supervisor is first.
    let done = branch.ok(
        SUPERVISOR,
        "case.set_contact",
        change("lan@example.vn", &seen),
    );
    assert_ne!(done["revision"], seen);
    let before = branch.events();
    let late = branch.refused(OFFICER, "case.set_contact", change("ha@example.vn", &seen));
    assert_eq!(
        (late.code, late.field.as_deref()),
        (Code::CaseChanged, Some("expected"))
    );
    for told in [
        "Trần Ngọc Lan",
        "cách liên lạc đã ghi lại",
        "phần đã nhập vẫn còn",
    ] {
        assert!(late.message.contains(told), "{late}");
    }
    assert!(
        !late.message.contains('@'),
        "nobody's address in a refusal: {late}"
    );
    assert_eq!(branch.events(), before, "nothing written");
    assert_eq!(get()["contact"]["email"], "lan@example.vn");
    branch.pass(MINUTE);
    // An act of somebody who has not seen it is told the same, and one that came after is named.
    let refuse = json!({"id": case, "expected": seen, "reason": "Thiếu chữ ký"});
    assert_eq!(
        branch.refused(OFFICER, "case.refuse", refuse).code,
        Code::CaseChanged
    );
    let now = get()["revision"].clone();
    branch.ok(
        OFFICER,
        "case.hand_over",
        json!({"id": case, "expected": now, "to": "Phòng Tư pháp"}),
    );
    let late = branch.refused(SUPERVISOR, "case.set_contact", change("x@example.vn", &now));
    assert!(late.message.contains("Phòng Tư pháp"), "{late}");
    // Whoever has looked again may.
    let now = get()["revision"].clone();
    branch.ok(OFFICER, "case.set_contact", change("ha@example.vn", &now));
    assert_eq!(get()["contact"]["email"], "ha@example.vn");
    // A caller that says nothing of what it saw goes through, as with the other acts.
    let unseen = json!({"id": case, "consent": "declined"});
    branch.ok(OFFICER, "case.set_contact", unseen);
    branch.assert_sound();
}

#[test]
fn what_holds_no_longer_is_not_told() {
    let smtp = Smtp::start(SmtpMode::Plain).unwrap();
    let branch = TestBranch::demo();
    let case = taken_in(&branch, &json!({"email": "mai@example.vn"}), Some("agreed"));
    branch.ok(
        OFFICER,
        "case.request_supplement",
        json!({"id": case, "content": "Giấy chứng sinh", "reason": "Thiếu giấy"}),
    );
    assert_eq!(list(&branch)["unreachable"][0]["kind"], "supplement_asked");
    branch
        .pass(MINUTE)
        .ok(OFFICER, "case.complete_supplement", json!({"id": case}));
    ready(&branch, &case);
    let owner = json!({"id": case, "recipient": {"to": "owner", "name": "Lò Thị Mai"}});
    branch.ok(OFFICER, "case.return_result", owner);
    configure(&branch, json!({"mail": mail(&smtp, SmtpMode::Plain)}));
    assert_eq!(branch.app().send_notices().unwrap().sent, 0);
}

#[test]
fn a_secret_stays_where_it_was_meant_to_go() {
    let smtp = Smtp::start(SmtpMode::Tls).unwrap();
    let branch = TestBranch::demo();
    let set = mail(&smtp, SmtpMode::Tls);
    configure(&branch, json!({"mail": set}));
    let without = |change: (&str, Value)| {
        let mut again = set.clone();
        again.as_object_mut().unwrap().remove("password");
        again[change.0] = change.1;
        json!({"mail": again})
    };
    configure(
        &branch,
        without(("from", json!("khac@binhminh.example.vn"))),
    );
    let tried = json!({"channel": "email", "to": "toi@example.vn"});
    let tested = branch.ok(SUPERVISOR, "notice.test", tried.clone());
    assert_eq!(tested["accepted"], true, "{tested}");
    // Another server does not get the password by way of a new address.
    let refused = branch.refused(
        SUPERVISOR,
        "notice.configure",
        without(("host", json!("127.0.0.1"))),
    );
    assert_eq!(refused.field.as_deref(), Some("mail.password"));
    let wrong = json!({"mail": {"host": "localhost", "port": smtp.port, "security": "none", "user": USER, "password": PASSWORD, "from": "a@b.vn"}});
    assert_eq!(
        branch
            .refused(SUPERVISOR, "notice.configure", wrong)
            .field
            .as_deref(),
        Some("mail.security")
    );
    // A wrong password is for somebody to see, and no word of it is in the answer.
    let mut bad = set.clone();
    bad["password"] = json!("sai-mat-khau");
    configure(&branch, json!({"mail": bad}));
    let tested = branch.ok(SUPERVISOR, "notice.test", tried);
    assert_eq!(tested["accepted"], false);
    assert!(
        tested["message"].as_str().unwrap().contains("mật khẩu"),
        "{tested}"
    );
    assert!(!tested.to_string().contains("sai-mat-khau"));
    assert_eq!(
        branch.refused(OFFICER, "notice.setup", json!({})).code,
        Code::NotAllowed
    );
    let log = std::fs::read(branch.database()).unwrap();
    let found = |text: &str| log.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(!found(PASSWORD) && !found("sai-mat-khau"));
    let wal = std::fs::read(branch.database().with_extension("db-wal")).unwrap_or_default();
    assert!(
        !wal.windows(PASSWORD.len())
            .any(|w| w == PASSWORD.as_bytes())
    );
}

#[rstest]
#[case::counter("counter", "mang giấy hẹn", "bưu chính")]
#[case::post("post", "sẽ gửi qua bưu chính", "mang giấy hẹn")]
#[case::online("online", "bản điện tử", "mang giấy hẹn")]
fn whoever_gets_a_result_sent_is_not_asked_to_come(
    #[case] by: &str,
    #[case] says: &str,
    #[case] not: &str,
) {
    let branch = TestBranch::demo();
    let mut args = case();
    args["applicant"]["phone"] = json!("0912345678");
    args["applicant"]["address"] = json!("Bản Lướt");
    args["return_method"] = json!(by);
    args["notify"] = json!("agreed");
    let case = id(&branch.ok(OFFICER, "case.receive", args)["case_id"]);
    ready(&branch, &case);
    let say = id(&list(&branch)["call"][0]["say"]);
    assert!(say.contains(says) && !say.contains(not), "{say}");
}
