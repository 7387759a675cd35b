//! What the simulators of systems outside have in common: a server on a free port, whose state a
//! test looks into and changes while it runs.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    io::Error,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use tokio::runtime::Runtime;

/// What handlers and the test share.
pub(crate) type Shared<S> = Arc<Mutex<S>>;

pub(crate) fn lock<S>(shared: &Shared<S>) -> MutexGuard<'_, S> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server; gone when dropped.
#[derive(Debug)]
pub(crate) struct Outside<S> {
    state: Shared<S>,
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl<S: Default> Outside<S> {
    /// Listens on a free port of this machine.
    pub(crate) fn start(routes: impl FnOnce(Router<Shared<S>>) -> Router<Shared<S>>) -> Self
    where
        S: Send + 'static,
    {
        let state = Shared::default();
        let runtime = Runtime::new().expect("a runtime");
        let router = routes(Router::new()).with_state(Arc::clone(&state));
        let address = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.expect("a free port");
            let address = listener.local_addr().expect("its address");
            tokio::spawn(async move { axum::serve(listener, router).await });
            address
        });
        Self {
            state,
            address,
            runtime: Some(runtime),
        }
    }
}

impl<S> Outside<S> {
    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.state)
    }
}

impl<S> Drop for Outside<S> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The line breaks in the middle of the answer.
pub(crate) fn lost() -> Response {
    let broken = tokio_stream::once(Err::<Bytes, _>(Error::other("lost")));
    Body::from_stream(broken).into_response()
}

/// The gateway before a system that is down.
pub(crate) fn bad_gateway() -> Response {
    (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response()
}
