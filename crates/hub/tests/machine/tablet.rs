//! The rating page for tablets: one touch after a service, and that nothing else is behind its door.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use motcua_hub::Running;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{Counter, ask, free_port, serve, soon};

/// The token of a counter's tablet, as the folder keeps it.
fn token(dir: &Path, counter: u16) -> String {
    let kept = std::fs::read(dir.join("tablets.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let tablets = kept["tablets"].as_array().unwrap();
    let tablet = tablets.iter().find(|tablet| tablet["counter"] == counter);
    tablet.unwrap()["token"].as_str().unwrap().to_owned()
}

struct Hall {
    branch: TestBranch,
    running: Running,
    port: u16,
}

/// A machine with tablets at these counters.
fn hall(counters: &[u16]) -> Hall {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let port = free_port();
    let hall = Hall {
        branch,
        running,
        port,
    };
    for counter in counters {
        hall.step(*counter, "on").unwrap();
    }
    hall
}

impl Hall {
    fn step(&self, counter: u16, step: &str) -> Result<Value, Value> {
        let args = json!({"counter": counter, "step": step, "port": self.port});
        ask(&self.running, SUPERVISOR, "rating.serve", args)
    }

    fn token(&self, counter: u16) -> String {
        token(&self.branch.dir(), counter)
    }

    fn send(&self, method: &str, path: &str, more: &str, body: &str) -> (u16, String) {
        self.send_to(
            &format!("127.0.0.1:{}", self.port),
            method,
            path,
            more,
            body,
        )
    }

    fn send_to(
        &self,
        host: &str,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
    ) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{body}",
            body.len()
        );
        // An answer that comes before the whole body was read may close the line.
        stream.write_all(head.as_bytes()).ok();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|s| s.parse().ok());
        (status.unwrap_or(0), text)
    }

    /// A verb with that token.
    fn at(&self, token: &str, name: &str, args: &Value) -> (u16, Value) {
        let more = format!("authorization: Bearer {token}\r\n");
        let (status, text) = self.send("POST", &format!("/rpc/{name}"), &more, &args.to_string());
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    fn prompt(&self, counter: u16) -> Value {
        let args = json!({"counter": counter});
        let (status, screen) = self.at(&self.token(counter), "rating.prompt", &args);
        assert_eq!(status, 200, "{screen}");
        screen
    }

    fn served(&self, counter: u16) {
        let visit = self.branch.serving(counter);
        self.branch.pass(MINUTE);
        self.branch.leg(OFFICER, "leg.finish", &visit);
    }

    /// What a touch at a counter sends.
    fn touch(&self, counter: u16, grade: u8) -> Value {
        let ask = self.prompt(counter)["ask"].clone();
        json!({"counter": counter, "visit_id": ask["visit_id"], "leg": ask["leg"], "grade": grade})
    }
}

#[test]
fn a_tablet_types_a_short_link_and_rates_the_visit_before_it_once() {
    let hall = hall(&[1, 2]);
    let state = ask(&hall.running, SUPERVISOR, "machine.get", json!({})).unwrap();
    let tablets = state["rating"]["tablets"].as_array().unwrap();
    assert_eq!(tablets.len(), 2);
    // Without a network there is no address to show; the path is the same everywhere.
    if let Some(link) = tablets[0]["links"][0].as_str() {
        assert_eq!(tablets[0]["qr"]["text"], link);
        let path = link.rsplit('/').next().unwrap();
        assert_eq!(path.len(), 8, "{link}");
        let (status, text) = hall.send("GET", &format!("/{}", path.to_uppercase()), "", "");
        assert_eq!(status, 303);
        let page = format!("/rating.html#token={}&counter=1", hall.token(1));
        assert!(text.contains(&page), "{text}");
    }
    let (status, text) = hall.send("GET", "/rating.html", "", "");
    assert!(status == 200 && text.contains("file rating.html"));
    let policy = text.to_lowercase();
    assert!(
        policy.contains("content-security-policy: default-src 'none'"),
        "{text}"
    );

    assert!(hall.prompt(1)["ask"].is_null());
    hall.served(1);
    let screen = hall.prompt(1);
    assert_eq!(screen["ask"]["ticket"], "A-001");
    assert!(hall.prompt(2)["ask"].is_null(), "only where it was");
    let touch = hall.touch(1, 5);
    assert_eq!(
        hall.at(&hall.token(1), "rating.give", &touch),
        (200, json!({"recorded": true}))
    );
    let (status, refused) = hall.at(&hall.token(1), "rating.give", &touch);
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("VISIT_STATE")),
        "only once"
    );
    assert!(hall.prompt(1)["ask"].is_null());

    hall.served(1);
    let late = hall.touch(1, 1);
    hall.branch.pass(2 * MINUTE);
    assert_eq!(
        hall.at(&hall.token(1), "rating.give", &late).0,
        409,
        "the person is gone"
    );
    hall.branch.assert_sound();
}

#[test]
fn an_answer_that_was_lost_is_given_again_and_counts_once() {
    let hall = hall(&[1]);
    hall.served(1);
    let touch = hall.touch(1, 4).to_string();
    let more = format!(
        "authorization: Bearer {}\r\nx-command-id: 0198c0de-0000-4000-8000-000000000001\r\n",
        hall.token(1)
    );
    for _ in 0..2 {
        let (status, text) = hall.send("POST", "/rpc/rating.give", &more, &touch);
        assert!(status == 200 && text.contains("recorded"), "{text}");
    }
    hall.branch.assert_sound();
}

#[test]
fn a_token_is_bound_to_its_counter_and_to_nothing_else() {
    let hall = hall(&[1, 2]);
    hall.served(1);
    let touch = hall.touch(1, 5);
    let Hall { running, .. } = &hall;
    for wrong in [
        "",
        "0000",
        &running.endpoint.token,
        &running.endpoint.board,
        &running.endpoint.rating,
    ] {
        for name in ["rating.prompt", "rating.give"] {
            assert_eq!(hall.at(wrong, name, &touch).0, 401, "{name}");
        }
        let path = format!("/events?token={wrong}");
        assert_eq!(hall.send("GET", &path, "", "").0, 401);
    }
    // Another counter's: neither in its name nor in its own.
    let other = hall.token(2);
    assert_eq!(hall.at(&other, "rating.give", &touch).0, 403);
    let mut own = touch.clone();
    own["counter"] = json!(2);
    assert_eq!(hall.at(&other, "rating.give", &own).0, 409);
    let prompt = json!({"counter": 1});
    let (status, refused) = hall.at(&other, "rating.prompt", &prompt);
    assert_eq!(
        (status, &refused["code"]),
        (403, &json!("NOT_ALLOWED")),
        "{refused}"
    );
    // Nor does it open the machine's own door.
    let local = ureq::post(format!("{}/rpc/rating.prompt", running.endpoint.url))
        .header("authorization", format!("Bearer {other}"))
        .send(json!({"counter": 2}).to_string());
    assert!(matches!(local, Err(ureq::Error::StatusCode(401))));
    // A page elsewhere whose name was pointed at this machine.
    let more = format!("authorization: Bearer {}\r\n", hall.token(1));
    let (status, _) = hall.send_to(
        "evil.example",
        "POST",
        "/rpc/rating.give",
        &more,
        &touch.to_string(),
    );
    assert_eq!(status, 403);
    assert_eq!(hall.at(&hall.token(1), "rating.give", &touch).0, 200);
}

#[rstest]
#[case::a_command("POST", "/rpc/visit.register")]
#[case::figures("POST", "/rpc/rating.figures")]
#[case::its_own_link("POST", "/rpc/rating.serve")]
#[case::the_board("POST", "/rpc/board.get")]
#[case::the_board_s_page("GET", "/board.html")]
#[case::sounds("GET", "/sounds/chime.wav")]
#[case::the_machine("POST", "/rpc/machine.get")]
#[case::the_folder("POST", "/folder/pair-code")]
#[case::the_officer_s_page("GET", "/index.html")]
#[case::the_root("GET", "/")]
#[case::a_way_up("GET", "/assets/..%2f..%2ftablets.json")]
#[case::a_guess("GET", "/aaaaaaaa")]
#[case::pairing("POST", "/v1/pair/begin")]
fn nothing_else_is_there(#[case] method: &str, #[case] path: &str) {
    let hall = hall(&[1]);
    for token in [hall.token(1), hall.running.endpoint.token.clone()] {
        let more = format!("authorization: Bearer {token}\r\nx-officer: {OFFICER}\r\n");
        let (status, text) = hall.send(method, path, &more, "{}");
        assert!(matches!(status, 404 | 405), "{status} {text}");
    }
}

#[test]
fn what_is_large_slow_or_no_rating_is_turned_away() {
    let hall = hall(&[1]);
    hall.served(1);
    let mut touch = hall.touch(1, 5);
    let token = hall.token(1);
    let signed = format!("authorization: Bearer {token}\r\n");
    touch["note"] = json!("x".repeat(8 << 10));
    assert_eq!(hall.at(&token, "rating.give", &touch).0, 413);
    assert_eq!(
        hall.send("POST", "/rpc/rating.give", &signed, "{\"counter\"")
            .0,
        422
    );
    let grade =
        json!({"counter": 1, "visit_id": touch["visit_id"], "leg": touch["leg"], "grade": 6});
    assert_eq!(hall.at(&token, "rating.give", &grade).0, 422);
    // A body that never ends.
    let mut stream = TcpStream::connect(("127.0.0.1", hall.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    let head = format!(
        "POST /rpc/rating.prompt HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: 100\r\nconnection: close\r\n{signed}\r\n{{",
        hall.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    let began = Instant::now();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(12));
    assert!(!hall.prompt(1)["ask"].is_null(), "nothing was recorded");
}

#[test]
fn whoever_comes_too_often_waits_and_others_do_not() {
    let hall = hall(&[1, 2]);
    hall.served(2);
    let touch = hall.touch(2, 5);
    let nonsense = json!({"counter": 1, "visit_id": uuid::Uuid::nil(), "leg": 0, "grade": 1});
    let token = hall.token(1);
    let answers: Vec<u16> = (0..20)
        .map(|_| hall.at(&token, "rating.give", &nonsense).0)
        .collect();
    assert!(
        answers.contains(&409) && answers.contains(&429),
        "{answers:?}"
    );
    assert_eq!(hall.at(&hall.token(2), "rating.give", &touch).0, 200);
    // Guessing links: also from one machine only so many a second.
    let guesses: Vec<u16> = (0..150)
        .map(|i| hall.send("GET", &format!("/{i:08}"), "", "").0)
        .collect();
    assert!(guesses.contains(&429), "{guesses:?}");
    soon("it may come again", || {
        hall.send("GET", "/rating.html", "", "").0 == 200
    });
}

#[test]
fn a_link_that_was_taken_back_opens_nothing_and_its_line_ends() {
    let hall = hall(&[1, 2]);
    let before = hall.token(1);
    let mut stream = TcpStream::connect(("127.0.0.1", hall.port)).unwrap();
    let head = format!(
        "GET /events?token={before} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n\r\n",
        hall.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut seen = String::new();
    while !seen.contains("hello") {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    hall.step(1, "renew").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();

    let prompt = json!({"counter": 1});
    assert_eq!(hall.at(&before, "rating.prompt", &prompt).0, 401);
    let after = hall.token(1);
    assert_ne!(before, after);
    assert_eq!(hall.at(&after, "rating.prompt", &prompt).0, 200);
    hall.step(1, "off").unwrap();
    assert_eq!(hall.at(&after, "rating.prompt", &prompt).0, 401);
    // The other counter's tablet noticed nothing of all that.
    assert!(hall.prompt(2)["ask"].is_null());
    let refused = hall.step(1, "renew").unwrap_err();
    assert_eq!(refused["code"], "NOT_FOUND");
    hall.step(2, "off").unwrap();
    assert!(TcpStream::connect(("127.0.0.1", hall.port)).is_err());
    assert!(!hall.branch.dir().join("tablets.json").exists());
}

#[test]
fn only_a_supervisor_turns_it_on_and_sees_links() {
    let hall = hall(&[1]);
    let args = json!({"counter": 2, "step": "on"});
    let refused = ask(&hall.running, OFFICER, "rating.serve", args).unwrap_err();
    assert_eq!(refused["code"], "NOT_ALLOWED");
    let state = ask(&hall.running, OFFICER, "machine.get", json!({})).unwrap();
    let tablet = &state["rating"]["tablets"][0];
    assert_eq!(tablet["counter"], 1);
    assert_eq!(tablet["links"], json!([]));
    assert!(tablet["qr"].is_null());
    assert!(!state.to_string().contains(&hall.token(1)));
    let refused = hall.step(99, "on").unwrap_err();
    assert_eq!(refused["code"], "COUNTER_UNKNOWN");
}

#[test]
fn off_at_first_and_on_outlives_the_program() {
    let off = hall(&[]);
    assert!(TcpStream::connect(("127.0.0.1", off.port)).is_err());
    let mut hall = hall(&[1]);
    let (port, token) = (hall.port, hall.token(1));
    drop(hall.running);
    soon("the folder is let go", || hall.branch.open().is_ok());
    soon("the address is let go", || {
        std::net::TcpListener::bind(("0.0.0.0", port)).is_ok()
    });
    hall.running = serve(hall.branch.app(), None);
    hall.running.machine().resume();
    assert_eq!(hall.token(1), token);
    assert!(hall.prompt(1)["ask"].is_null());
}

#[test]
fn a_taken_port_is_said_and_changes_nothing() {
    let hall = hall(&[]);
    let taken = std::net::TcpListener::bind(("0.0.0.0", hall.port)).unwrap();
    assert_eq!(hall.step(1, "on").unwrap_err()["code"], "ADDRESS_TAKEN");
    assert!(!hall.branch.dir().join("tablets.json").exists());
    drop(taken);
    hall.step(1, "on").unwrap();
    assert!(hall.prompt(1)["ask"].is_null());
}

/// The tablet of a machine, asked as its page does.
fn tablet(
    running: &Running,
    dir: &Path,
    port: u16,
    counter: u16,
) -> impl Fn(&str, Value) -> Value + use<> {
    let args = json!({"counter": counter, "step": "on", "port": port});
    ask(running, SUPERVISOR, "rating.serve", args).unwrap();
    let token = token(dir, counter);
    move |name, mut args| {
        args["counter"] = json!(counter);
        let mut answer = ureq::post(format!("http://127.0.0.1:{port}/rpc/{name}"))
            .header("authorization", format!("Bearer {token}"))
            .send(args.to_string())
            .unwrap();
        answer.body_mut().read_json().unwrap()
    }
}

/// The machine of the counter serves its own tablet, whether the hub is there or not; a tablet of the
/// hub for that counter asks once the counter's record has come.
#[test]
fn a_counter_s_own_machine_serves_its_tablet_also_while_the_hub_is_away() {
    let branch = TestBranch::demo();
    let running = serve(branch.app(), None);
    let lan = running
        .machine()
        .be_hub("127.0.0.1:0".parse().unwrap(), true)
        .unwrap();
    let counter = Counter::join(&running, &lan);
    let own = tablet(&counter.running, counter.app.dir(), free_port(), 3);
    let at_hub = tablet(&running, &branch.dir(), free_port(), 3);
    let served = || {
        let done = |name: &str, args: Value| ask(&counter.running, OFFICER, name, args).unwrap();
        let given = done("visit.register", json!({"service": SERVICE}));
        let visit = json!({"visit_id": given["visit_id"]});
        done(
            "queue.call",
            json!({"visit_id": given["visit_id"], "counter": 3}),
        );
        done("leg.start", visit.clone());
        done("leg.finish", visit);
        given["visit_id"].clone()
    };
    let give = |screen: &Value| {
        let ask = &screen["ask"];
        let touch = json!({"visit_id": ask["visit_id"], "leg": ask["leg"], "grade": 5});
        own("rating.give", touch)
    };

    let first = served();
    let screen = own("rating.prompt", json!({}));
    assert_eq!(screen["ask"]["visit_id"], first);
    soon("the hub asks too", || {
        at_hub("rating.prompt", json!({}))["ask"]["visit_id"] == first
    });
    assert_eq!(give(&screen)["recorded"], true);
    soon("the hub asks no more", || {
        at_hub("rating.prompt", json!({}))["ask"].is_null()
    });

    running.machine().be_own().unwrap();
    soon("the hub is away", || !counter.hears());
    let second = served();
    let screen = own("rating.prompt", json!({}));
    assert_eq!(screen["ask"]["visit_id"], second);
    assert_eq!(give(&screen)["recorded"], true);
    assert!(counter.app.verify().unwrap().findings.is_empty());
}
