//! Connections: how many, how long, how large.
//!
//! A connection has `header-seconds` to send the head of a request, also after an earlier request, and each body has `body-seconds`. When
//! `connections` are open, the oldest one without a request is closed for the new one; if all are at work, the new one is
//! closed. So somebody who opens connections and sends nothing, or sends very slowly, keeps nobody else out.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower::ServiceExt;
use uis_host::sync::lock;

use crate::config::IntakeLimits;

/// How long requests may go on after the server was asked to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long to wait when a connection cannot be accepted, for example because the process has no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The length of the queue of connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// An open connection.
struct Open {
    from: IpAddr,
    /// Number of requests that are being answered: 0 or 1.
    at_work: Arc<AtomicUsize>,
    /// Asks the connection to end.
    end: Arc<Notify>,
}

/// The open connections, by their number: the lowest is the oldest.
#[derive(Default)]
struct Connections {
    open: Mutex<(u64, BTreeMap<u64, Open>)>,
    /// Notified whenever a connection has ended.
    ended: Notify,
}

/// Binds a listener with a long queue, so that a burst of connections is not refused.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves connections until `stop` becomes true, then waits for the requests that are being answered. `limits` gives the limits of a new
/// connection.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: impl Fn() -> IntakeLimits + Send + 'static,
    mut stop: watch::Receiver<bool>,
) {
    let connections = Arc::new(Connections::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, from)) => connections.clone().accept(stream, from.ip(), &router, &limits()),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.end_all().await;
}

impl Connections {
    fn accept(self: Arc<Self>, stream: TcpStream, from: IpAddr, router: &Router, limits: &IntakeLimits) {
        let Some((number, at_work, end)) = self.admit(from, limits) else {
            metrics::counter!("uis_gateway_connections_refused_total").increment(1);
            return;
        };
        // Answers are small; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let (router, working) = (router.clone(), at_work.clone());
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            answer(router.clone(), at_work.clone(), request.map(axum::body::Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(limits.header_seconds))
            .max_buf_size(limits.header_bytes.max(MIN_BUFFER))
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                // Errors here are the sender's: a broken request, a connection that ended early, a head that came too slowly.
                _ = connection.as_mut() => {}
                () = end.notified() => {
                    connection.as_mut().graceful_shutdown();
                    // A request that has arrived is still answered. Whoever has sent none, or only a part of its head, is not waited for:
                    // connections that end slowly would be more than the limit.
                    let ended = tokio::time::timeout(Duration::ZERO, connection.as_mut()).await.is_ok();
                    if !ended && working.load(Ordering::SeqCst) > 0 {
                        let _ = tokio::time::timeout(FAREWELL, connection).await;
                    }
                }
            }
            lock(&self.open).1.remove(&number);
            self.ended.notify_waiters();
            metrics::gauge!("uis_gateway_connections").decrement(1.0);
        });
    }

    /// Makes room for a connection; none when there is none.
    fn admit(&self, from: IpAddr, limits: &IntakeLimits) -> Option<(u64, Arc<AtomicUsize>, Arc<Notify>)> {
        let mut open = lock(&self.open);
        let of_address = |open: &BTreeMap<u64, Open>| open.values().filter(|other| other.from == from).count();
        if limits.connections_per_address.is_some_and(|most| of_address(&open.1) >= most) {
            return None;
        }
        if open.1.len() >= limits.connections {
            let idle = open.1.iter().find(|(_, other)| other.at_work.load(Ordering::SeqCst) == 0).map(|(number, _)| *number)?;
            if let Some(evicted) = open.1.remove(&idle) {
                evicted.end.notify_one();
                metrics::counter!("uis_gateway_connections_evicted_total").increment(1);
            }
        }
        open.0 += 1;
        let number = open.0;
        let (at_work, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        open.1.insert(number, Open { from, at_work: at_work.clone(), end: end.clone() });
        metrics::gauge!("uis_gateway_connections").increment(1.0);
        Some((number, at_work, end))
    }

    /// Asks all connections to end, and waits until they have.
    async fn end_all(&self) {
        for open in lock(&self.open).1.values() {
            open.end.notify_one();
        }
        let all_ended = async {
            loop {
                let ended = self.ended.notified();
                if lock(&self.open).1.is_empty() {
                    return;
                }
                ended.await;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, all_ended).await;
    }
}

/// The smallest buffer that the HTTP library takes.
const MIN_BUFFER: usize = 8192;

/// Counts a request as work as long as it is being answered, also when its sender goes away.
struct AtWork(Arc<AtomicUsize>);

impl AtWork {
    fn begin(count: Arc<AtomicUsize>) -> AtWork {
        count.fetch_add(1, Ordering::SeqCst);
        AtWork(count)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Answers a request. A body in pieces ends the connection: where one that also has a length ends is read differently by different web
/// servers, so what follows it is nobody's request. The HTTP library drops a length that comes after `Transfer-Encoding`.
async fn answer(router: Router, at_work: Arc<AtomicUsize>, request: Request) -> Result<Response, Infallible> {
    let in_pieces = request.headers().contains_key(TRANSFER_ENCODING);
    if in_pieces && request.headers().contains_key(CONTENT_LENGTH) {
        metrics::counter!("uis_gateway_requests_refused_total", "why" => "two lengths").increment(1);
        return Ok((StatusCode::BAD_REQUEST, [(CONNECTION, "close")]).into_response());
    }
    let mut answer = answer_in_task(router, at_work, request).await;
    if in_pieces {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

async fn answer_in_task(router: Router, at_work: Arc<AtomicUsize>, request: Request) -> Response {
    let at_work = AtWork::begin(at_work);
    // In a task of its own: an event that has arrived is stored and delivered even if its sender closes the connection meanwhile.
    let answered = tokio::spawn(async move {
        let _at_work = at_work;
        router.oneshot(request).await
    });
    match answered.await {
        Ok(Ok(answer)) => answer,
        Err(error) => {
            tracing::error!(%error, "answering a request failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
