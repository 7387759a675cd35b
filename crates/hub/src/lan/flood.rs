//! The hub's open port under a flood, over real TLS and against the real program: by strangers
//! with thousands of connections, garbage, half handshakes and words one letter at a time, and by
//! a counter of the branch gone mad. Others go on, and the memory stays bounded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells what it measured"
)]

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use motcua_app::{App, HubLink, Settings, clock::SystemClock};
use motcua_testkit::{
    branch::{OFFICER, SERVICE, caller, id, settings},
    fuzz::Dice,
    program::{Program, Serving},
};
use rustls::{ClientConfig, pki_types::ServerName};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime::Runtime,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Identity, Line, line::host_of, pair, tls, wire};

/// How long each flood lasts.
const FLOOD: Duration = Duration::from_secs(6);
/// What the hub may hold at most, whatever comes; at rest it holds about a third of it.
const MOST_MB: f64 = 160.0;

struct Hub {
    program: Program,
    serving: Serving,
    ready: Value,
    _folder: TempDir,
}

impl Hub {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new(Program::beside_tests(), folder.path());
        program.run(&["--json", "demo"]).json();
        let (serving, ready) = program.serve();
        Self {
            program,
            serving,
            ready,
            _folder: folder,
        }
    }

    fn address(&self) -> SocketAddr {
        host_of(&id(&self.ready["url"])).unwrap().parse().unwrap()
    }

    fn join(&self, root: &Path) -> Settings {
        let settings = settings(root);
        let code = id(&self.program.run(&["pair-code"]).json()["code"]);
        let url = id(&self.ready["url"]);
        pair(&settings, SystemClock::default(), &url, &code, "Quầy thử").unwrap();
        settings
    }

    /// The hub's own officer asks.
    fn officer(&self, name: &str, args: &Value) -> Value {
        let url = format!("{}/rpc/{name}", id(&self.ready["local_url"]));
        let mut answer = ureq::post(url)
            .header(
                "authorization",
                format!("Bearer {}", id(&self.ready["token"])),
            )
            .header("x-officer", OFFICER)
            .send_json(args)
            .unwrap();
        answer.body_mut().read_json().unwrap()
    }

    fn resident_mb(&self) -> f64 {
        let status = format!("/proc/{}/status", self.serving.process());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
            / 1_024.0
    }
}

/// Somebody who attacks, from an address of their own.
#[derive(Clone)]
struct Attacker {
    from: SocketAddr,
    hub: SocketAddr,
    tls: Arc<ClientConfig>,
    /// How many connections came about.
    opened: Arc<AtomicU64>,
}

impl Attacker {
    fn new(hub: &Hub, address: &str, folder: &Path) -> Self {
        let identity = Identity::of_folder(folder).unwrap();
        Self {
            from: SocketAddr::new(address.parse().unwrap(), 0),
            hub: hub.address(),
            tls: Arc::new(tls::client(&identity, None).unwrap()),
            opened: Arc::default(),
        }
    }

    async fn connect(&self) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind(self.from).ok()?;
        let stream = timeout(Duration::from_secs(2), socket.connect(self.hub))
            .await
            .ok()?
            .ok()?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        Some(stream)
    }

    async fn handshake(&self) -> Option<TlsStream<TcpStream>> {
        let stream = self.connect().await?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let name = ServerName::try_from("motcua").unwrap();
        timeout(Duration::from_secs(5), connector.connect(name, stream))
            .await
            .ok()?
            .ok()
    }
}

async fn drain(mut stream: impl AsyncRead + Unpin) {
    let mut heard = [0; 4_096];
    while matches!(timeout(Duration::from_secs(8), stream.read(&mut heard)).await, Ok(Ok(n)) if n > 0)
    {
    }
}

#[derive(Debug, Clone, Copy)]
enum Way {
    /// Noise instead of a handshake.
    Noise,
    /// The beginning of a handshake, and then nothing.
    Half,
    /// Handshakes, one after the other, and nothing said.
    Handshakes,
    /// A request, one letter at a time.
    Letters,
    /// Headers without end.
    Headers,
    /// A body that says it is a gigabyte.
    Body,
    /// Bodies as large as may be, over and over.
    Large,
    /// Everything there is, asked for and not taken.
    Greedy,
    /// Commands that are none.
    Commands,
}

async fn attack(who: Attacker, way: Way, until: Instant, seed: u64) {
    let mut dice = Dice::new(seed);
    let proto = format!("{}: 1\r\n", wire::PROTO_HEADER);
    while Instant::now() < until {
        match way {
            Way::Noise => {
                if let Some(mut stream) = who.connect().await {
                    let noise: Vec<u8> = (0..2_000).map(|_| dice.roll() as u8).collect();
                    stream.write_all(&noise).await.ok();
                    drain(stream).await;
                }
            }
            Way::Half => {
                if let Some(mut stream) = who.connect().await {
                    stream.write_all(&[0x16, 3, 1, 2, 0]).await.ok();
                    drain(stream).await;
                }
            }
            Way::Handshakes => drop(who.handshake().await),
            Way::Letters => {
                if let Some(mut stream) = who.handshake().await {
                    for letter in b"GET /v1/hello HTTP/1.1\r\nhost: x\r\nx-slow: "
                        .iter()
                        .cycle()
                    {
                        if stream.write_all(&[*letter]).await.is_err() || Instant::now() > until {
                            break;
                        }
                        sleep(Duration::from_millis(200)).await;
                    }
                }
            }
            Way::Headers => {
                if let Some(mut stream) = who.handshake().await {
                    stream.write_all(b"GET /v1/hello HTTP/1.1\r\n").await.ok();
                    let line = format!("x-{}: {}\r\n", seed, "y".repeat(8_000));
                    for _ in 0..500 {
                        if stream.write_all(line.as_bytes()).await.is_err() {
                            break;
                        }
                    }
                    drain(stream).await;
                }
            }
            Way::Body | Way::Large | Way::Commands => {
                if let Some(mut stream) = who.handshake().await {
                    let (path, length, size) = match way {
                        Way::Body => (wire::PAIR_BEGIN, 1_u64 << 30, 64 << 10),
                        Way::Large => (wire::EVENTS, wire::MOST_BODY as u64, wire::MOST_BODY),
                        _ => (wire::COMMAND, 900_000, 900_000),
                    };
                    let head = format!(
                        "POST {path} HTTP/1.1\r\nhost: x\r\n{proto}content-length: {length}\r\n\r\n"
                    );
                    stream.write_all(head.as_bytes()).await.ok();
                    let piece = vec![dice.roll() as u8; 64 << 10];
                    for _ in 0..size / piece.len() {
                        if stream.write_all(&piece).await.is_err() {
                            break;
                        }
                    }
                    drain(stream).await;
                }
            }
            Way::Greedy => {
                if let Some(mut stream) = who.handshake().await {
                    let ask = format!(
                        "GET {}?cursor=0 HTTP/1.1\r\nhost: x\r\n{proto}\r\n",
                        wire::FEED
                    );
                    for _ in 0..50 {
                        stream.write_all(ask.as_bytes()).await.ok();
                    }
                    // Holds the answers up.
                    sleep(until.saturating_duration_since(Instant::now())).await;
                }
            }
        }
        // Whoever is turned away at once does not spin on this machine's own processor.
        sleep(Duration::from_millis(2)).await;
    }
}

/// Floods, and meanwhile an honest counter and the hub's own officer work.
fn flood(hub: &Hub, honest: &App, attackers: &[(Attacker, Way, usize)]) {
    let runtime = Runtime::new().unwrap();
    let until = Instant::now() + FLOOD;
    let mut crowd = JoinSet::new();
    for (n, (who, way, times)) in attackers.iter().enumerate() {
        for i in 0..*times {
            let seed = (n * 10_000 + i) as u64;
            crowd.spawn_on(attack(who.clone(), *way, until, seed), runtime.handle());
        }
    }
    let (mut numbers, mut alone, mut slowest, mut most) = (0, 0, Duration::ZERO, 0.0_f64);
    while Instant::now() < until {
        let began = Instant::now();
        let given = honest.call(
            &caller(OFFICER),
            "visit.register",
            json!({"service": SERVICE}),
        );
        if id(&given.unwrap()["ticket"]).starts_with("A-") {
            numbers += 1;
        } else {
            alone += 1;
        }
        hub.officer("visit.register", &json!({"service": SERVICE}));
        slowest = slowest.max(began.elapsed());
        most = most.max(hub.resident_mb());
        std::thread::sleep(Duration::from_millis(100));
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    let opened: u64 = attackers
        .iter()
        .map(|(who, ..)| who.opened.load(Ordering::Relaxed))
        .sum();
    println!(
        "{opened} connections: {numbers} numbers from the hub, {alone} alone, slowest pair {slowest:.1?}, at most {most:.0} MB"
    );
    assert!(opened > 100, "no flood: {opened} connections");
    assert!(
        numbers > 0 && alone * 10 <= numbers,
        "the counter was shut out"
    );
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert!(most < MOST_MB, "{most:.0} MB");
}

fn honest(settings: Settings) -> Arc<App> {
    let line = Line::of_folder(&settings.dir, true).unwrap().unwrap();
    let settings = Settings {
        link: Some(line as Arc<dyn HubLink>),
        ..settings
    };
    App::open(settings, SystemClock::default()).unwrap()
}

/// A new counter joins and works: nobody has taken its place.
fn newcomer(hub: &Hub) {
    let root = tempfile::tempdir().unwrap();
    let app = honest(hub.join(root.path()));
    let given = app.call(
        &caller(OFFICER),
        "visit.register",
        json!({"service": SERVICE}),
    );
    let ticket = id(&given.unwrap()["ticket"]);
    assert!(ticket.starts_with("A-"), "{ticket}");
}

#[test]
fn strangers_flood_the_port_and_the_branch_goes_on() {
    let (hub, root, own) = (
        Hub::start(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let app = honest(hub.join(root.path()));
    let stranger = |address: &str| Attacker::new(&hub, address, own.path());
    flood(
        &hub,
        &app,
        &[
            (stranger("127.0.0.2"), Way::Noise, 60),
            (stranger("127.0.0.3"), Way::Half, 200),
            (stranger("127.0.0.4"), Way::Half, 200),
            (stranger("127.0.0.5"), Way::Half, 200),
            (stranger("127.0.0.6"), Way::Handshakes, 40),
            (stranger("127.0.0.7"), Way::Letters, 60),
            (stranger("127.0.0.8"), Way::Headers, 20),
            (stranger("127.0.0.9"), Way::Body, 20),
        ],
    );
    newcomer(&hub);
    hub.program.run(&["verify"]).json();
}

#[test]
fn a_counter_gone_mad_keeps_nobody_else_from_working() {
    let (hub, root, mad) = (
        Hub::start(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let app = honest(hub.join(root.path()));
    let folder = hub.join(mad.path()).dir;
    let mad = Attacker::new(&hub, "127.0.0.2", &folder);
    flood(
        &hub,
        &app,
        &[
            (mad.clone(), Way::Letters, 150),
            (mad.clone(), Way::Greedy, 150),
            (mad.clone(), Way::Large, 20),
            (mad.clone(), Way::Commands, 40),
            (mad, Way::Handshakes, 40),
        ],
    );
    newcomer(&hub);
    hub.program.run(&["verify"]).json();
}

/// A counter's machine runs short programs beside its window, and each makes a line of its own.
/// Whoever is turned away takes the hub for gone and calls people alone, whom others call too.
#[test]
fn programs_of_a_counter_that_come_and_go_are_all_let_in() {
    let (hub, root) = (Hub::start(), tempfile::tempdir().unwrap());
    let folder = hub.join(root.path()).dir;
    let one = Attacker::new(&hub, "127.0.0.2", &folder);
    let hello = format!(
        "GET {} HTTP/1.1\r\nhost: x\r\n{}: 1\r\nconnection: close\r\n\r\n",
        wire::HELLO,
        wire::PROTO_HEADER
    );
    let (programs, each) = (4, 100);
    let runtime = Runtime::new().unwrap();
    let mut running = JoinSet::new();
    let began = Instant::now();
    for _ in 0..programs {
        let (one, hello) = (one.clone(), hello.clone());
        let comes_and_goes = async move {
            let mut heard = 0;
            for _ in 0..each {
                if let Some(mut stream) = one.handshake().await {
                    stream.write_all(hello.as_bytes()).await.ok();
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).await.ok();
                    heard += usize::from(answer.starts_with(b"HTTP/1.1 "));
                }
            }
            heard
        };
        running.spawn_on(comes_and_goes, runtime.handle());
    }
    let heard: usize = runtime.block_on(running.join_all()).into_iter().sum();
    println!("{heard} heard in {:.1?}", began.elapsed());
    assert_eq!(heard, programs * each);
}
