//! The administrator's listener.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::api::{self, Metrics};
use super::guard::{self, Guard};
use super::socket::{self, SocketFile};
use super::users;
use crate::audit;
use crate::config::Config;
use crate::control::Control;

/// Most connections at the same time. Further ones wait: a few administrators and a collector of metrics use it.
const CONNECTIONS: usize = 64;
/// The time in which the head of a request must arrive. An idle connection is closed after as long.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Most bytes of a request's head.
const HEAD_BYTES: usize = 16 << 10;
/// The time that running requests have to end when the service stops.
const STOP_TIME: Duration = Duration::from_secs(10);
/// The wait after a connection could not be accepted, for example because no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

enum Listener {
    /// The file is removed with the value.
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
    Tcp(TcpListener),
}

/// A listener that is bound. [`Server::serve`] answers its requests.
pub struct Server {
    listener: Listener,
    router: Router,
    address: String,
}

impl Server {
    /// Binds the socket, or the address, of a configuration. Must be called within a Tokio runtime. The error says what to do.
    pub fn bind(config: &Config, control: Arc<dyn Control>, metrics: Metrics) -> Result<Server, String> {
        let router = api::router(control, metrics);
        match (config.admin.listen, &config.admin.socket) {
            (Some(address), _) => {
                let (listener, bound) = tcp(address).map_err(|error| format!("admin.listen = \"{address}\": {error}"))?;
                let guard = Arc::new(Guard::new(bound, config.tokens_file()));
                let router = router.layer(from_fn_with_state(guard, guard::check));
                Ok(Server { listener: Listener::Tcp(listener), router, address: format!("http://{bound}") })
            }
            (None, Some(path)) => {
                let (listener, file) = socket::bind(path)?;
                let listener = UnixListener::from_std(listener).map_err(|error| format!("{}: {error}", path.display()))?;
                Ok(Server { listener: Listener::Unix { listener, _file: file }, router, address: path.display().to_string() })
            }
            (None, None) => Err("the configuration names no socket; set admin.socket or admin.listen".to_owned()),
        }
    }

    /// The socket's file, or `http://` and the address.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Answers requests until `stop` is true or its sender is gone. Then running requests have ten seconds to end.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                _ = connections.join_next(), if !connections.is_empty() => {}
                accepted = accept(&self.listener), if connections.len() < CONNECTIONS => match accepted {
                    Ok(Stream::Unix(stream)) => {
                        let who = peer(&stream);
                        drop(connections.spawn(audit::by(who, connection(stream, self.router.clone(), stop.clone()))));
                    }
                    Ok(Stream::Tcp(stream)) => drop(connections.spawn(connection(stream, self.router.clone(), stop.clone()))),
                    Err(error) => {
                        tracing::warn!(%error, "a connection of an administrator was not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        drop(self.listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME, ended).await.is_err() {
            tracing::warn!("requests of administrators were cut off, because they did not end in time");
        }
    }
}

fn tcp(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, bound))
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

async fn accept(listener: &Listener) -> io::Result<Stream> {
    match listener {
        Listener::Unix { listener, .. } => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
    }
}

/// The system's user at the other end of a socket.
fn peer(stream: &UnixStream) -> String {
    match stream.peer_cred() {
        Ok(peer) => match users::name_of(peer.uid()) {
            Some(name) => format!("user {name}"),
            None => format!("user {}", peer.uid()),
        },
        Err(_) => "a user of this machine".to_owned(),
    }
}

/// Waits until the service stops: `stop` is true, or its sender is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Answers the requests of one connection.
async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router, mut stop: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
    let mut served = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    // An error is a broken or slow connection; whoever sent the request sees it.
    tokio::select! {
        _ = served.as_mut() => {}
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}
