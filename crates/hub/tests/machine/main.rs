//! A machine among the machines of its branch, over real sockets: roles that change while screens
//! stay open, devices, the board for televisions, ratings on tablets, a folder without a branch, being found.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops where something is not as expected"
)]

mod begin;
mod devices;
mod discovery;
mod roles;
mod tablet;
mod television;

use std::{
    net::TcpListener,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use motcua_app::{App, HubLink, Settings, clock::ManualClock};
use motcua_hub::{Lan, Line, Running, Screens, Serve, pair, spawn};
use motcua_testkit::branch::{MORNING, OFFICER, SERVICE, caller, settings};
use serde_json::{Value, json};
use tempfile::TempDir;

#[derive(Debug)]
struct Pages;

impl Screens for Pages {
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        // Whoever finds a way to another file would be given it.
        Some(format!("file {path}").into_bytes())
    }
}

fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn serve(app: &Arc<App>, line: Option<Arc<Line>>) -> Running {
    let options = Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: app.dir().to_owned(),
        ui: None,
        screens: Some(Arc::new(Pages)),
        hub: None,
        line,
    };
    spawn(Arc::clone(app), options).unwrap()
}

fn code(running: &Running) -> String {
    let endpoint = &running.endpoint;
    let mut answer = ureq::post(format!("{}/folder/pair-code", endpoint.url))
        .header("authorization", format!("Bearer {}", endpoint.token))
        .send_empty()
        .unwrap();
    let answer: Value = answer.body_mut().read_json().unwrap();
    answer["code"].as_str().unwrap().to_owned()
}

fn register(app: &App) -> String {
    let answer = app.call(
        &caller(OFFICER),
        "visit.register",
        json!({"service": SERVICE}),
    );
    answer.unwrap()["ticket"].as_str().unwrap().to_owned()
}

/// A verb through the door of a folder, as a page asks it.
fn ask(running: &Running, officer: &str, name: &str, args: Value) -> Result<Value, Value> {
    let endpoint = &running.endpoint;
    let mut answer = ureq::Agent::from(
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build(),
    )
    .post(format!("{}/rpc/{name}", endpoint.url))
    .header("authorization", format!("Bearer {}", endpoint.token))
    .header("x-officer", officer)
    .send(args.to_string())
    .unwrap();
    let ok = answer.status().is_success();
    let body: Value = answer.body_mut().read_json().unwrap();
    if ok { Ok(body) } else { Err(body) }
}

/// A port that nobody has just now.
fn free_port() -> u16 {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    taken.local_addr().unwrap().port()
}

/// A counter of that hub, as a program opens it.
struct Counter {
    _folder: TempDir,
    app: Arc<App>,
    running: Running,
}

impl Counter {
    fn join(hub: &Running, lan: &Lan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(MORNING));
        let settings = settings(folder.path());
        pair(&settings, clock, &lan.url, &code(hub), "Quầy thử").unwrap();
        let line = Line::of_folder(&settings.dir, true).unwrap().unwrap();
        let app = App::open(
            Settings {
                link: Some(Arc::clone(&line) as Arc<dyn HubLink>),
                ..settings
            },
            Arc::new(ManualClock::at(MORNING)),
        )
        .unwrap();
        let running = serve(&app, Some(line));
        Self {
            _folder: folder,
            app,
            running,
        }
    }

    fn hears(&self) -> bool {
        self.app.link().is_some_and(|l| l.state(&self.app).here)
    }
}
