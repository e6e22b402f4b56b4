//! The listener. It does over a socket what a plan of faults asks for: breaks connections, waits, sends a body slowly.

use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::log::{Line, Log};
use crate::faults::{ConnectionReset, FaultName, Late, Slow};
use crate::simulator::Simulator;
use crate::wire::BODY_BYTES;

/// The pause between two pieces of a slow body.
const PAUSE: Duration = Duration::from_millis(500);
/// The number of a slow body's pieces.
const PIECES: usize = 8;
/// How long a client may take to send its headers.
const HEADERS: Duration = Duration::from_secs(30);

/// What connections are encrypted with; `None`: they are not.
#[cfg(feature = "tls")]
pub type Encryption = Option<tokio_rustls::TlsAcceptor>;
/// Without TLS.
#[cfg(feature = "tls")]
pub const PLAIN: Encryption = None;
/// This build has no TLS.
#[cfg(not(feature = "tls"))]
pub type Encryption = ();
/// Without TLS.
#[cfg(not(feature = "tls"))]
pub const PLAIN: Encryption = ();

/// Serves for ever.
pub async fn serve(listener: TcpListener, encryption: Encryption, simulator: Simulator, log: Log) {
    let router = simulator.router();
    #[cfg(not(feature = "tls"))]
    let () = encryption;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of file handles: wait until other connections close theirs.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are small; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let (router, log) = (router.clone(), log.clone());
        #[cfg(feature = "tls")]
        if let Some(acceptor) = encryption.clone() {
            tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake.
                if let Ok(Ok(stream)) = tokio::time::timeout(HEADERS, acceptor.accept(stream)).await {
                    connection(stream, router, log).await;
                }
            });
            continue;
        }
        tokio::spawn(connection(stream, router, log));
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: axum::Router, log: Log) {
    let answer = service_fn(move |request: Request<Incoming>| answer(router.clone(), log.clone(), request));
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    // An error here is a connection that the plan of faults breaks, or that the client has closed.
    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(router: axum::Router, log: Log, request: Request<Incoming>) -> Result<Response, io::Error> {
    let start = Instant::now();
    let (parts, body) = request.into_parts();
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let Ok(body) = axum::body::to_bytes(Body::new(body), BODY_BYTES).await else {
        return Ok((StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 16 MiB or broke off").into_response());
    };
    let line = log.wants().then(|| Line::new(&method, &uri, &parts.headers, &body));
    let outcome: Result<Response, Infallible> = router.oneshot(Request::from_parts(parts, Body::from(body))).await;
    let Ok(mut response) = outcome;
    let fault = response.extensions().get::<FaultName>().map(|fault| fault.0.clone());
    if let Some(Late(time)) = response.extensions().get::<Late>().copied() {
        tokio::time::sleep(time).await;
    }
    let reset = response.extensions().get::<ConnectionReset>().is_some();
    if let Some(line) = line {
        log.request(line, (!reset).then(|| response.status().as_u16()), start.elapsed(), fault);
    }
    if reset {
        return Err(io::Error::new(io::ErrorKind::ConnectionReset, "asked for by the plan of faults"));
    }
    if response.extensions().get::<Slow>().is_some() {
        response = slow(response).await;
    }
    Ok(response)
}

/// The same body in pieces, half a second apart. Without a length, so that the client has to wait for the end.
async fn slow(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    let size = body.len().div_ceil(PIECES).max(1);
    let pieces = stream::unfold(body, move |mut rest: Bytes| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), rest))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}
