//! The APIs over HTTP: `POST /v2.0`, `POST /v4.0`, and control under `/_simulator`.

mod misbehave;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, State as Shared};
use axum::response::Response;
use axum::routing::post;
use tokio::net::TcpListener;
use uis_host::clock::Clock;

use crate::control;
use crate::shapes::Api;
use crate::simulated::SimulatedAccount;
use crate::twin::{Observer, Twin};

/// The longest body of a request, in bytes.
const BODY_BYTES: usize = 16 * 1024 * 1024;

/// An account of UIS as a server. Clones serve the same account.
#[derive(Clone)]
pub struct TwinServer {
    twin: Twin,
    more: Router,
}

impl TwinServer {
    /// A server for an account. The clock gives the time of sessions, limits and calls.
    pub fn new(account: Arc<SimulatedAccount>, clock: Arc<dyn Clock>) -> TwinServer {
        TwinServer { twin: Twin::new(account, clock), more: Router::new() }
    }

    /// The account, its clock and its faults.
    pub fn twin(&self) -> &Twin {
        &self.twin
    }

    /// The same server, with an observer of its requests.
    pub fn observed(self, observer: Observer) -> TwinServer {
        TwinServer { twin: self.twin.observed(observer), ..self }
    }

    /// The same server, which answers more addresses, such as those that control stories.
    pub fn also(self, more: Router) -> TwinServer {
        TwinServer { more: self.more.merge(more), ..self }
    }

    /// Everything that the server answers, for a listener or for calls within the process. Lists of addresses are obeyed only when the
    /// listener adds [`ConnectInfo`], as [`serve`](Self::serve) does.
    pub fn router(&self) -> Router {
        Router::new()
            .route(Api::Data.path(), post(data_api))
            .route(Api::Call.path(), post(call_api))
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .with_state(self.twin.clone())
            .merge(control::router(self.twin.clone()))
            .merge(self.more.clone())
    }

    /// Serves until the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router().into_make_service_with_connect_info::<SocketAddr>()).await
    }
}

/// The client's address; none when the listener does not say.
type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

async fn data_api(Shared(twin): Shared<Twin>, from: Peer, body: Bytes) -> Response {
    misbehave::answer(&twin, Api::Data, from.map(|Extension(ConnectInfo(from))| from.ip()), body).await
}

async fn call_api(Shared(twin): Shared<Twin>, from: Peer, body: Bytes) -> Response {
    misbehave::answer(&twin, Api::Call, from.map(|Extension(ConnectInfo(from))| from.ip()), body).await
}
