//! The board for televisions: what it shows, and that nothing else is behind its door.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use motcua_hub::{Running, Serve, spawn};
use motcua_testkit::branch::{OFFICER, SERVICE, SUPERVISOR, TestBranch};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{Pages, ask, free_port, soon};

struct Tv {
    branch: TestBranch,
    running: Running,
    port: u16,
    token: String,
}

fn tv() -> Tv {
    let branch = TestBranch::demo();
    let options = Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: Some(Arc::new(Pages)),
        hub: None,
        line: None,
    };
    let running = spawn(Arc::clone(branch.app()), options).unwrap();
    let port = free_port();
    let on = ask(
        &running,
        SUPERVISOR,
        "board.serve",
        json!({"on": true, "port": port}),
    )
    .unwrap();
    assert_eq!(on["board"]["on"], true);
    let token = running.endpoint.board.clone();
    Tv {
        branch,
        running,
        port,
        token,
    }
}

impl Tv {
    fn send(&self, method: &str, path: &str, more: &str) -> (u16, String) {
        self.send_to(&format!("127.0.0.1:{}", self.port), method, path, more)
    }

    fn send_to(&self, host: &str, method: &str, path: &str, more: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\nconnection: close\r\n{more}\r\n{{}}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|s| s.parse().ok());
        (status.unwrap_or(0), text)
    }

    fn signed(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.token)
    }

    fn link(&self) -> String {
        let state = ask(&self.running, OFFICER, "machine.get", json!({})).unwrap();
        state["board"]["links"][0]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

#[test]
fn a_television_types_a_short_link_and_sees_the_board() {
    let tv = tv();
    tv.branch
        .ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    let link = tv.link();
    // Without a network there is no address to show; the path is the same everywhere.
    if let Some(path) = link.rsplit('/').next().filter(|p| !p.is_empty()) {
        assert_eq!(path.len(), 6, "{link}");
        let (status, text) = tv.send("GET", &format!("/{}", path.to_uppercase()), "");
        assert_eq!(status, 303);
        assert!(
            text.contains(&format!("/board.html#token={}", tv.token)),
            "{text}"
        );
    }
    let (status, text) = tv.send("GET", "/board.html", "");
    assert!(status == 200 && text.contains("file board.html"));
    let policy = text.to_lowercase();
    assert!(
        policy.contains("content-security-policy: default-src 'none'"),
        "{text}"
    );
    let (status, text) = tv.send("POST", "/rpc/board.get", &tv.signed());
    assert_eq!(status, 200);
    let body = text.split("\r\n\r\n").nth(1).unwrap();
    let board: Value = serde_json::from_str(body).unwrap();
    assert!(board.to_string().contains("waiting"), "{board}");
    assert_eq!(tv.send("GET", "/assets/board-x.js", "").0, 200);

    // A change is pushed.
    let mut stream = TcpStream::connect(("127.0.0.1", tv.port)).unwrap();
    let head = format!(
        "GET /events?token={} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n",
        tv.token, tv.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut seen = String::new();
    let mut told = false;
    while !seen.contains("\"queue\"") {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if !told && seen.contains("hello") {
            told = true;
            tv.branch
                .ok(OFFICER, "visit.register", json!({"service": SERVICE}));
        }
    }
}

#[rstest]
#[case::a_command("POST", "/rpc/visit.register")]
#[case::a_query("POST", "/rpc/queue.snapshot")]
#[case::the_machine("POST", "/rpc/machine.get")]
#[case::the_folder("POST", "/folder/pair-code")]
#[case::the_dump("GET", "/folder/dump")]
#[case::the_officer_s_page("GET", "/index.html")]
#[case::the_root("GET", "/")]
#[case::a_way_up("GET", "/assets/..%2f..%2fendpoint.json")]
#[case::a_hidden_file("GET", "/assets/.env")]
#[case::a_guess("GET", "/aaaaaa")]
#[case::pairing("POST", "/v1/pair/begin")]
#[case::the_feed("GET", "/v1/feed?cursor=0")]
fn nothing_else_is_there(#[case] method: &str, #[case] path: &str) {
    let tv = tv();
    for token in [tv.token.clone(), tv.running.endpoint.token.clone()] {
        let more = format!("authorization: Bearer {token}\r\nx-officer: {OFFICER}\r\n");
        let (status, text) = tv.send(method, path, &more);
        assert!(matches!(status, 404 | 405), "{status} {text}");
    }
}

#[test]
fn only_the_board_s_token_opens_it_and_only_by_address() {
    let tv = tv();
    for more in [
        String::new(),
        "authorization: Bearer \r\n".to_owned(),
        format!("authorization: Bearer {}\r\n", tv.running.endpoint.token),
    ] {
        assert_eq!(tv.send("POST", "/rpc/board.get", &more).0, 401);
        assert_eq!(tv.send("GET", "/sounds/chime.wav", &more).0, 401);
    }
    assert_eq!(tv.send("GET", "/events?token=", "").0, 401);
    let wrong = format!("/events?token={}", tv.running.endpoint.token);
    assert_eq!(tv.send("GET", &wrong, "").0, 401);
    // A page elsewhere whose name was pointed at this machine.
    let (status, _) = tv.send_to("evil.example", "POST", "/rpc/board.get", &tv.signed());
    assert_eq!(status, 403);
}

#[test]
fn those_who_say_nothing_take_no_places_from_those_who_do() {
    let tv = tv();
    let idle: Vec<TcpStream> = (0..200)
        .filter_map(|_| TcpStream::connect(("127.0.0.1", tv.port)).ok())
        .collect();
    let began = Instant::now();
    soon("places are free again", || {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", tv.port)) else {
            return false;
        };
        stream
            .set_read_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        let head = format!(
            "GET /board.html HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n\r\n",
            tv.port
        );
        let mut text = String::new();
        stream.write_all(head.as_bytes()).is_ok()
            && stream.read_to_string(&mut text).is_ok()
            && text.contains("file board.html")
    });
    drop(idle);
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn off_is_off_and_on_outlives_the_program() {
    let mut tv = tv();
    let port = tv.port;
    drop(tv.running);
    soon("the folder is let go", || tv.branch.open().is_ok());
    let options = |branch: &TestBranch| Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: Some(Arc::new(Pages)),
        hub: None,
        line: None,
    };
    soon("the address is let go", || {
        std::net::TcpListener::bind(("0.0.0.0", port)).is_ok()
    });
    let running = spawn(Arc::clone(tv.branch.app()), options(&tv.branch)).unwrap();
    running.machine().resume();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    let off = ask(&running, SUPERVISOR, "board.serve", json!({"on": false})).unwrap();
    assert_eq!(off["board"]["on"], false);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!tv.branch.dir().join("board.json").exists());
}
