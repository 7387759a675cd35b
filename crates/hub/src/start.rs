//! A folder that has no branch yet: it can become a branch, one to try things on, or a counter of
//! a hub, and do nothing else. The same for the window and for a browser.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path as UrlPath, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use motcua_app::{App, HubLink, Settings, clock::SystemClock};
use motcua_domain::{Code, Refusal, branch::Foundation, text};
use motcua_protocol::{
    ApiError,
    verbs::{
        Verb,
        machine::{BranchCreate, BranchDemo, BranchMade, HubFind, HubJoin, HubJoined},
    },
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use crate::{
    acts,
    endpoint::Endpoint,
    invitation::Invitation,
    line::{self, Line, Target},
    machine::Machine,
    routes,
    serve::{self, Serve, ServeError},
};

fn no_branch() -> ApiError {
    Refusal::new(
        Code::NoBranch,
        "Thư mục này chưa có chi nhánh. Chưa có gì để mất. Mời tạo chi nhánh mới, ghép vào máy chủ quầy, hoặc tạo chi nhánh dùng thử.",
    )
    .into()
}

fn argument<V: Verb>(args: Value) -> Result<V, ApiError> {
    let args = if args.is_null() {
        Value::Object(serde_json::Map::new())
    } else {
        args
    };
    serde_json::from_value(args).map_err(|_| {
        // Not what was sent: it may be a name or a code.
        tracing::debug!(verb = V::NAME, "argument refused");
        Refusal::new(
            Code::ArgumentInvalid,
            "Thông tin gửi lên không đúng dạng. Chưa làm gì. Mời nhập lại.",
        )
        .into()
    })
}

fn answer<V: Verb>(answer: V::Answer) -> Result<Value, ApiError> {
    serde_json::to_value(answer)
        .map_err(|error| ApiError::from(Refusal::from(motcua_store::Error::from(error))))
}

/// Does one of the few things that can be done in a folder without a branch. Afterwards it may
/// have one: whoever asked opens it again.
///
/// # Errors
/// `NO_BRANCH` for everything else, and what pairing refuses.
pub fn begin(settings: &Settings, name: &str, args: Value) -> Result<Value, ApiError> {
    match name {
        HubFind::NAME => {
            argument::<HubFind>(args)?;
            answer::<HubFind>(acts::found(acts::LISTEN))
        }
        HubJoin::NAME => answer::<HubJoin>(join(settings, argument(args)?)?),
        BranchDemo::NAME => {
            argument::<BranchDemo>(args)?;
            let app = App::demo(quiet(settings), SystemClock::default()).map_err(Refusal::from)?;
            answer::<BranchDemo>(made(&app)?)
        }
        BranchCreate::NAME => {
            let BranchCreate {
                name,
                code,
                address,
                administrator,
            } = argument(args)?;
            let foundation = Foundation {
                name,
                code,
                address,
                administrator,
            };
            let app = App::create(quiet(settings), SystemClock::default(), foundation)
                .map_err(Refusal::from)?;
            answer::<BranchCreate>(made(&app)?)
        }
        _ => Err(no_branch()),
    }
}

/// Whoever begins lets go of the folder again, and needs neither printer nor scanner.
fn quiet(settings: &Settings) -> Settings {
    Settings {
        printing: false,
        scanner: None,
        ..settings.clone()
    }
}

fn made(app: &App) -> Result<BranchMade, ApiError> {
    let branch = app.store().read(|read| read.branch());
    let branch = branch.map_err(Refusal::from)?;
    Ok(BranchMade {
        branch: branch.map(|b| b.office.name.clone()).unwrap_or_default(),
    })
}

/// Whether [`begin`] knows that name.
pub fn begins(name: &str) -> bool {
    [
        HubFind::NAME,
        HubJoin::NAME,
        BranchDemo::NAME,
        BranchCreate::NAME,
    ]
    .contains(&name)
}

fn join(settings: &Settings, args: HubJoin) -> Result<HubJoined, ApiError> {
    let missing = |field: &str, message: &str| {
        ApiError::from(Refusal::new(Code::FieldRequired, message).at(field))
    };
    let name = text::required(&args.name, text::limit::NAME).map_err(|r| r.within("name"))?;
    let given = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let target = match given(args.invitation) {
        Some(text) => {
            let invitation = Invitation::read(&text).ok_or_else(|| {
                Refusal::new(
                    Code::InvitationInvalid,
                    "Mã QR ghép quầy đọc không trọn hoặc không phải của Một Cửa. Chưa ghép gì. Mời quét lại, hoặc gõ địa chỉ và mã.",
                )
                .at("invitation")
            })?;
            Target {
                host: invitation.hub.to_string(),
                code: invitation.code,
                pin: Some(invitation.fingerprint),
            }
        }
        None => Target {
            host: acts::address(&given(args.hub).ok_or_else(|| {
                missing(
                    "hub",
                    "Chưa có địa chỉ máy chủ quầy. Mời nhập địa chỉ hiện trên máy chủ quầy.",
                )
            })?),
            code: given(args.code).ok_or_else(|| {
                missing(
                    "code",
                    "Chưa có mã ghép. Mời nhập mã 8 chữ và số hiện trên máy chủ quầy.",
                )
            })?,
            pin: None,
        },
    };
    let joined = line::join(&quiet(settings), SystemClock::default(), &target, &name)?;
    Ok(HubJoined {
        branch: joined.branch,
        number: joined.number,
    })
}

/// A folder that is served before it has a branch, and goes on under the same address after.
#[derive(Debug)]
pub struct Beginning {
    /// Address and token.
    pub endpoint: Endpoint,
    inner: Arc<Inner>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Beginning {
    fn drop(&mut self) {
        Endpoint::withdraw(&self.inner.settings.dir);
        if let Some(machine) = self.inner.machine() {
            machine.stop();
        }
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself.
            stop.send(()).ok();
        }
    }
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    endpoint: Endpoint,
    address: SocketAddr,
    ui: Option<PathBuf>,
    router: RwLock<Option<Router>>,
    machine: Mutex<Option<Arc<Machine>>>,
    runtime: tokio::runtime::Handle,
    /// One beginning at a time.
    turn: Mutex<()>,
}

impl Inner {
    fn machine(&self) -> Option<Arc<Machine>> {
        let machine = self.machine.lock();
        machine.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn opened(&self) -> Option<Router> {
        let router = self.router.read();
        router.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begin(&self, name: &str, args: Value) -> Result<Value, ApiError> {
        let _one = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let done = begin(&self.settings, name, args);
        // Also where pairing was cut short: the counter then fetches its branch by itself.
        if name != HubFind::NAME && self.settings.dir.join(motcua_store::DATABASE).exists() {
            match (self.open(), &done) {
                // Why it did not begin says more than that there is nothing.
                (Err(_), Err(_)) | (Ok(()), _) => {}
                (Err(error), Ok(_)) => return Err(error),
            }
        }
        done
    }

    fn open(&self) -> Result<(), ApiError> {
        let dir = &self.settings.dir;
        let line = Line::of_folder(dir, true).map_err(|e| acts::unwritten(&e))?;
        let settings = Settings {
            link: line.clone().map(|line| line as Arc<dyn HubLink>),
            printing: true,
            ..self.settings.clone()
        };
        let app = App::open(settings, SystemClock::default()).map_err(Refusal::from)?;
        let options = Serve {
            listen: self.address,
            dir: dir.clone(),
            ui: self.ui.clone(),
            screens: None,
            hub: None,
            line,
        };
        let (router, machine) = serve::inside(
            app,
            options,
            self.address,
            &self.endpoint,
            self.runtime.clone(),
        );
        *self.machine.lock().unwrap_or_else(PoisonError::into_inner) = Some(machine);
        *self.router.write().unwrap_or_else(PoisonError::into_inner) = Some(router);
        Ok(())
    }
}

/// Serves a folder without a branch until it has one, and then as [`crate::serve()`] does.
///
/// # Errors
/// [`ServeError`].
pub async fn serve_beginning(
    settings: Settings,
    listen: SocketAddr,
    ui: Option<PathBuf>,
) -> Result<Beginning, ServeError> {
    if !listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback);
    }
    let fault = |error| ServeError::Listen(listen, error);
    std::fs::create_dir_all(&settings.dir).map_err(fault)?;
    let listener = TcpListener::bind(listen).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    let endpoint = Endpoint::fresh(&settings.dir, address).map_err(fault)?;
    endpoint.publish(&settings.dir).map_err(fault)?;
    let inner = Arc::new(Inner {
        settings,
        endpoint: endpoint.clone(),
        address,
        ui: ui.clone(),
        router: RwLock::new(None),
        machine: Mutex::new(None),
        runtime: tokio::runtime::Handle::current(),
        turn: Mutex::new(()),
    });
    let mut empty = Router::new()
        .route("/rpc/{name}", post(rpc))
        .route("/events", get(events));
    if let Some(ui) = &ui {
        empty = empty.fallback_service(ServeDir::new(ui));
    }
    let empty = routes::guarded(empty).with_state(Arc::clone(&inner));
    let (stop, stopped) = oneshot::channel::<()>();
    let current = Arc::clone(&inner);
    let front = Router::new().fallback(move |request: Request| {
        let router = current.opened().unwrap_or_else(|| empty.clone());
        router.oneshot(request)
    });
    tokio::spawn(async move {
        let ended = axum::serve(listener, front).with_graceful_shutdown(async move {
            stopped.await.ok();
        });
        if let Err(error) = ended.await {
            tracing::error!(%error, "server ended");
        }
    });
    Ok(Beginning {
        endpoint,
        inner,
        stop: Some(stop),
    })
}

fn may(inner: &Inner, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let ours = host.is_some_and(|host| routes::hosts(inner.address).iter().any(|h| h == host));
    ours && routes::bearer(headers).is_some_and(|t| routes::same(t, &inner.endpoint.token))
}

async fn rpc(
    State(inner): State<Arc<Inner>>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !may(&inner, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let args = if body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_slice(&body)
    };
    let Ok(args) = args else {
        return routes::invalid("Nội dung gửi lên không phải JSON. Chưa làm gì.");
    };
    let called = tokio::task::spawn_blocking(move || inner.begin(&name, args));
    match called.await {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error)) => routes::refuse(error),
        Err(error) => {
            tracing::error!(%error, "beginning panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Nothing changes in a folder without a branch but that it gets one, which its page knows.
async fn events(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<routes::EventsQuery>,
) -> Response {
    if !routes::same(&query.token, &inner.endpoint.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (_, never) = tokio::sync::broadcast::channel(1);
    routes::pushed(never, routes::Grant::Officer)
}
