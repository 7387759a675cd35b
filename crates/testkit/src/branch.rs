//! A demo branch in a folder of its own, on a clock that the test moves.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use motcua_app::{App, Caller, Settings, clock::ManualClock};
use motcua_protocol::ApiError;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-11-23 08:00 in Vietnam, a Monday.
pub const MORNING: i64 = 1_795_395_600_000;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// A service of the demo branch.
pub const SERVICE: &str = "ho-tich";
/// A counter officer who also receives.
pub const OFFICER: &str = "ha";
/// A shift supervisor.
pub const SUPERVISOR: &str = "lan";
/// A procedure of the demo catalogue with three papers and 23 working days.
pub const PROCEDURE: &str = "2.001576";

/// An open demo branch; the folder goes away with it.
#[derive(Debug)]
pub struct TestBranch {
    /// Before its folder: what lets go of a branch writes there once more.
    app: Option<Arc<App>>,
    /// Moves only when told to.
    pub clock: Arc<ManualClock>,
    folder: TempDir,
}

impl TestBranch {
    /// A new demo branch on Monday morning.
    pub fn demo() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let clock = Arc::new(ManualClock::at(MORNING));
        let app = App::demo(settings(folder.path()), Arc::clone(&clock)).expect("demo branch");
        Self {
            folder,
            clock,
            app: Some(app),
        }
    }

    /// The data folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path in the temporary folder, beside the data.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.dir().join("motcua.db")
    }

    /// Settings under which this branch opens.
    pub fn settings(&self) -> Settings {
        settings(self.folder.path())
    }

    /// The application.
    pub fn app(&self) -> &Arc<App> {
        self.app.as_ref().expect("the branch is open")
    }

    /// Lets the folder go.
    pub fn close(&mut self) {
        self.app = None;
    }

    /// Opens the folder (again), on a new run of the clock.
    ///
    /// # Errors
    /// Those of opening.
    pub fn open(&mut self) -> Result<(), ApiError> {
        self.close();
        let now = motcua_app::clock::Clock::moment(&*self.clock).wall_ms;
        self.clock = Arc::new(ManualClock::at(now));
        // Whatever of the last still runs in the background holds the folder until it has ended.
        let settings = Settings {
            patience: Duration::from_secs(20),
            ..self.settings()
        };
        self.app = Some(open(settings, &self.clock)?);
        Ok(())
    }

    /// Time passes.
    pub fn pass(&self, ms: i64) -> &Self {
        self.clock.pass(ms);
        self
    }

    /// One command or query.
    ///
    /// # Errors
    /// What it refuses.
    pub fn call(&self, officer: &str, name: &str, args: Value) -> Result<Value, ApiError> {
        self.app().call(&caller(officer), name, args)
    }

    /// One that must be done.
    pub fn ok(&self, officer: &str, name: &str, args: Value) -> Value {
        self.call(officer, name, args.clone())
            .unwrap_or_else(|error| panic!("{name} {args}: {error:?}"))
    }

    /// One that must be refused.
    pub fn refused(&self, officer: &str, name: &str, args: Value) -> ApiError {
        match self.call(officer, name, args.clone()) {
            Err(error) => error,
            Ok(answer) => panic!("{name} {args} was done: {answer}"),
        }
    }

    /// Somebody walks in; answers the id of the visit.
    pub fn walk_in(&self) -> String {
        let answer = self.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
        id(&answer["visit_id"])
    }

    /// Acts on a visit.
    pub fn leg(&self, officer: &str, name: &str, visit: &str) -> Value {
        self.ok(officer, name, json!({"visit_id": visit}))
    }

    /// Somebody at that counter, being served.
    pub fn serving(&self, counter: u16) -> String {
        let visit = self.walk_in();
        self.ok(
            OFFICER,
            "queue.call",
            json!({"visit_id": visit, "counter": counter}),
        );
        self.leg(OFFICER, "leg.start", &visit);
        visit
    }

    /// Events in the log.
    pub fn events(&self) -> u64 {
        self.ok(SUPERVISOR, "sync.status", json!({}))["unsent"]
            .as_u64()
            .expect("a count")
    }

    /// The dump's bytes.
    pub fn dump(&self) -> String {
        dump(self.app())
    }

    /// Chain, projections and numbers are as they should be.
    pub fn assert_sound(&self) {
        let verified = self.app().verify().expect("verify");
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    }
}

/// A caller.
pub fn caller(officer: &str) -> Caller {
    Caller {
        officer: Some(officer.to_owned()),
        command_id: None,
    }
}

/// Argument of `case.receive` that nothing is wrong with.
pub fn case() -> Value {
    json!({
        "procedure_code": PROCEDURE,
        "applicant": {"kind": "individual", "name": "Lò Thị Mai", "id_number": "001190000001", "phone": "0912345678"},
        "papers": [{"index": 0, "originals": 1}, {"index": 1, "originals": 1}, {"index": 2, "originals": 1}],
        "return_method": "counter",
    })
}

/// A text out of JSON.
pub fn id(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A new command id.
pub fn command_id() -> String {
    Uuid::now_v7().to_string()
}

/// Settings for a data folder `data` and a state folder `state` within `root`.
pub fn settings(root: &Path) -> Settings {
    Settings {
        state_dir: Some(root.join("state")),
        ballast: false,
        ..Settings::new(root.join("data"))
    }
}

/// Opens a folder.
///
/// # Errors
/// Those of opening.
pub fn open(settings: Settings, clock: &Arc<ManualClock>) -> Result<Arc<App>, ApiError> {
    App::open(settings, Arc::clone(clock))
        .map_err(|error| ApiError::from(motcua_domain::Refusal::from(error)))
}

/// The dump's bytes.
pub fn dump(app: &App) -> String {
    let mut text = String::new();
    app.dump(|line| {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    })
    .expect("dump");
    text
}
