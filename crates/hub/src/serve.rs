//! Starting and stopping the server.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, thread};

use axum::Router;
use motcua_app::App;
use motcua_protocol::ApiError;
use tokio::{net::TcpListener, runtime::Handle, sync::oneshot};

use crate::{
    endpoint::Endpoint,
    folder::Folder,
    hall::{Built, Screens},
    lan::Lan,
    line::Line,
    machine::{Machine, Role, Show},
    routes, succession,
};

/// How to serve.
#[derive(Debug, Clone)]
pub struct Serve {
    /// Loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data folder, where the endpoint is published.
    pub dir: PathBuf,
    /// Folder of the built screens, to serve them to a browser.
    pub ui: Option<PathBuf>,
    /// The built screens for televisions and tablets where they lie in no folder but in the program.
    pub screens: Option<Arc<dyn Screens>>,
    /// Address on which to be the hub of the branch for this run, over TLS; any address. What the
    /// folder remembers is opened by [`Machine::resume`].
    pub hub: Option<SocketAddr>,
    /// The line to the hub, where this folder is a counter.
    pub line: Option<Arc<Line>>,
}

/// Why serving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Only this machine is served.
    #[error("Chỉ phục vụ trên máy này (127.0.0.1). Mời bỏ địa chỉ mạng.")]
    NotLoopback,
    /// The address is taken, or the endpoint file cannot be written.
    #[error("Không mở được cổng {0}: {1}. Mời chọn cổng khác.")]
    Listen(SocketAddr, io::Error),
    /// The folder cannot be a hub.
    #[error("{}", .0.message)]
    Hub(ApiError),
}

/// A running server; stops when dropped.
#[derive(Debug)]
pub struct Running {
    /// Address and token.
    pub endpoint: Endpoint,
    machine: Arc<Machine>,
    dir: PathBuf,
    stop: Option<oneshot::Sender<()>>,
}

impl Running {
    /// The machine and its role.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// The hub on the network, where it is one.
    pub fn lan(&self) -> Option<Lan> {
        match self.machine.role() {
            Role::Hub(lan) => Some(lan),
            Role::Own | Role::Counter(_) => None,
        }
    }

    /// Address for a browser, with the token where scripts can read it and logs cannot.
    pub fn browser_url(&self) -> String {
        format!("{}/#token={}", self.endpoint.url, self.endpoint.token)
    }

    /// Address of the board for a television's browser.
    pub fn board_url(&self) -> String {
        let Endpoint { url, board, .. } = &self.endpoint;
        format!("{url}/board.html#token={board}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        Endpoint::withdraw(&self.dir);
        self.machine.stop();
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself.
            stop.send(()).ok();
        }
    }
}

/// Serves on the runtime of the caller.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(app: Arc<App>, options: Serve) -> Result<Running, ServeError> {
    if !options.listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback);
    }
    let asked = options.listen;
    let fault = |error| ServeError::Listen(asked, error);
    let listener = match TcpListener::bind(options.listen).await {
        // Beside a hub it is a convenience; its clients read where it is.
        Err(_) if options.hub.is_some() => {
            TcpListener::bind(SocketAddr::new(options.listen.ip(), 0)).await
        }
        bound => bound,
    }
    .map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    let endpoint = Endpoint::fresh(&options.dir, address).map_err(fault)?;
    let (dir, hub) = (options.dir.clone(), options.hub);
    let (router, machine) = inside(app, options, address, &endpoint, Handle::current());
    if let Some(at) = hub {
        let opening = Arc::clone(&machine);
        tokio::task::spawn_blocking(move || opening.be_hub(at, false))
            .await
            .map_err(|error| ServeError::Listen(at, io::Error::other(error)))??;
    }
    succession::start(&machine);
    machine.look_up();
    endpoint.publish(&dir).map_err(fault)?;
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let ended = axum::serve(listener, router).with_graceful_shutdown(async move {
            // Either a stop, or the owner went away.
            stopped.await.ok();
        });
        if let Err(error) = ended.await {
            tracing::error!(%error, "server ended");
        }
    });
    Ok(Running {
        endpoint,
        machine,
        dir,
        stop: Some(stop),
    })
}

/// What is behind the door of an open folder: its routes, and its machine, which is in the role that
/// the application was opened in.
pub(crate) fn inside(
    app: Arc<App>,
    options: Serve,
    address: SocketAddr,
    endpoint: &Endpoint,
    runtime: Handle,
) -> (Router, Arc<Machine>) {
    let changes = routes::bridge(&app);
    let built = options.ui.clone().map(Built);
    let show = Show {
        token: endpoint.board.clone(),
        screens: options
            .screens
            .or_else(|| built.map(|built| Arc::new(built) as Arc<dyn Screens>)),
        changes: changes.clone(),
    };
    let machine = Machine::new(Arc::clone(&app), &options.dir, runtime, options.line, show);
    app.set_machine(&(Arc::clone(&machine) as Arc<dyn motcua_app::Machine>));
    let folder = Folder {
        app: Arc::clone(&app),
        token: endpoint.token.as_str().into(),
        machine: Arc::clone(&machine),
    };
    let router = routes::router(
        app,
        address,
        endpoint,
        options.ui.as_deref(),
        folder,
        changes,
    );
    (router, machine)
}

/// Serves on a thread and runtime of its own, for callers without one.
///
/// # Errors
/// [`ServeError`].
pub fn spawn(app: Arc<App>, options: Serve) -> Result<Running, ServeError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let listen = options.listen;
    let lost = move || ServeError::Listen(listen, io::Error::other("runtime"));
    thread::spawn(move || {
        let runtime = match tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                sender.send(Err(ServeError::Listen(listen, error))).ok();
                return;
            }
        };
        runtime.block_on(async move {
            let started = serve(app, options).await;
            let ok = started.is_ok();
            sender.send(started).ok();
            if ok {
                // The server lives on this runtime until the process ends or `Running` is dropped.
                std::future::pending::<()>().await;
            }
        });
    });
    receiver.recv().unwrap_or_else(|_| Err(lost()))
}
