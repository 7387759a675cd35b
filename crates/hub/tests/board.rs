//! The board's token: it reads what the hall may read, and opens nothing else.

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

use motcua_hub::{Running, Serve, spawn};
use motcua_testkit::branch::{OFFICER, SUPERVISOR, TestBranch};
use serde_json::{Value, json};

struct Hub {
    branch: TestBranch,
    running: Running,
}

fn start(branch: &TestBranch) -> Running {
    let options = Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: None,
        hub: None,
        line: None,
    };
    spawn(Arc::clone(branch.app()), options).unwrap()
}

fn hub() -> Hub {
    let branch = TestBranch::demo();
    let running = start(&branch);
    Hub { branch, running }
}

impl Hub {
    fn address(&self) -> String {
        self.running.endpoint.url.replace("http://", "")
    }

    /// A request with the board's token and whatever else a board might say of itself.
    fn send(&self, method: &str, path: &str, more: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\nauthorization: Bearer {}\r\n{more}\r\n",
            self.address(),
            body.len(),
            self.running.endpoint.board,
        )
        .unwrap();
        stream.write_all(body).ok();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        (status, bytes.split_off(body))
    }

    fn listen(&self, token: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(
            stream,
            "GET /events?token={token} HTTP/1.1\r\nhost: {}\r\n\r\n",
            self.address()
        )
        .unwrap();
        BufReader::new(stream)
    }
}

#[test]
fn a_board_may_ask_for_the_board_and_for_nothing_else() {
    let hub = hub();
    let before = hub.branch.events();
    let mut asked = 0;
    for verb in motcua_protocol::verbs::all() {
        // It may name an officer; it stays nobody.
        let officer = "x-officer: quan-tri\r\n";
        let path = format!("/rpc/{}", verb.name);
        let (status, body) = hub.send("POST", &path, officer, b"{}");
        let body: Value = serde_json::from_slice(&body).unwrap();
        if verb.name == "board.get" {
            assert_eq!((status, &body["branch"]), (200, &json!("Phường Bình Minh")));
        } else {
            assert_eq!(
                (status, &body["code"]),
                (403, &json!("NOT_ALLOWED")),
                "{}",
                verb.name
            );
        }
        asked += 1;
    }
    assert!(asked > 40, "every verb was tried");
    assert_eq!(hub.branch.events(), before);
}

#[test]
fn a_name_that_only_looks_like_the_board_s_is_refused() {
    let hub = hub();
    for path in [
        "/rpc/board.get%00",
        "/rpc/BOARD.GET",
        "/rpc/board.get%20",
        "/rpc/branch.get",
        "/rpc/no.such",
    ] {
        assert_eq!(hub.send("POST", path, "", b"{}").0, 403, "{path}");
    }
}

#[test]
fn clips_are_played_to_those_with_a_token() {
    let hub = hub();
    let (status, clip) = hub.send("GET", "/sounds/moi-so", "", b"");
    assert_eq!((status, &clip[..4]), (200, &b"RIFF"[..]));
    assert_eq!(
        hub.send("GET", "/sounds/..%2F..%2Fmotcua.db", "", b"").0,
        404
    );
    let mut stream = TcpStream::connect(hub.address()).unwrap();
    write!(
        stream,
        "GET /sounds/moi-so HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        hub.address()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[test]
fn a_board_hears_of_calls_but_not_of_what_it_does_not_show_and_the_line_is_never_silent() {
    let hub = hub();
    let mut lines = hub
        .listen(&hub.running.endpoint.board)
        .lines()
        .map(Result::unwrap);
    assert!(lines.any(|line| line == "event: hello"));
    // A catalogue is not on the board, unlike who waits.
    let file = json!({"file_name": "x.json", "content_base64": "W10="});
    hub.branch
        .call(SUPERVISOR, "catalogue.import", file)
        .map(drop)
        .ok();
    hub.branch.ok(
        OFFICER,
        "printer.assign",
        json!({"kind": "ticket", "printer": "folder:/nowhere"}),
    );
    let visit = hub.branch.walk_in();
    hub.branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": visit, "counter": 2}),
    );
    let pushed: Vec<Value> = lines
        .by_ref()
        .filter_map(|line| line.strip_prefix("data: ").map(str::to_owned))
        .filter(|data| data.contains("revision"))
        .take(2)
        .map(|data| serde_json::from_str(&data).unwrap())
        .collect();
    for change in pushed {
        let topics = change["topics"].to_string();
        assert!(
            topics.contains("queue") || topics.contains("branch"),
            "{topics}"
        );
    }
    assert!(lines.any(|line| line == "event: beat"));
}

#[test]
fn the_board_s_token_is_another_and_outlives_the_server() {
    let mut hub = hub();
    let first = hub.running.endpoint.clone();
    assert_ne!(first.board, first.token);
    assert_eq!(first.board.len(), 64);
    assert!(hub.running.board_url().ends_with(&first.board));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = hub.branch.dir().join("board-token");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    drop(hub.running);
    hub.running = start(&hub.branch);
    let second = &hub.running.endpoint;
    assert_eq!(second.board, first.board);
    assert_ne!(second.token, first.token);
}
