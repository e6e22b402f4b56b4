//! The server that the conformance suite of [`uis_host::ports::Egress`] describes, as a router.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::LOCATION;
use http::{HeaderName, HeaderValue};
use uis_host::sync::lock;

/// The number of requests, by the name under which they are counted.
type Counts = Arc<Mutex<HashMap<String, usize>>>;

/// The server of the egress suite.
pub fn egress_server() -> Router {
    Router::new().fallback(serve).with_state(Counts::default())
}

/// Serves a router on a free port of the loopback interface and returns its address.
pub async fn on_loopback(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// An address of the loopback interface on which nothing listens.
pub async fn refused_address() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

async fn serve(State(counts): State<Counts>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut parts = path.trim_start_matches('/').split('/');
    let kind = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let count = |name: &str| *lock(&counts).entry(name.to_owned()).and_modify(|count| *count += 1).or_insert(1);
    match (kind, rest.as_slice()) {
        ("echo", _) => echo(request).await,
        ("status", [status]) => {
            let built = Response::builder().status(*status).header("x-status", *status).header("x-status", *status);
            built.body(format!("status {status}").into()).expect("a status")
        }
        ("large", [bytes]) => Response::new("x".repeat(number(bytes)).into()),
        ("chunked", [bytes]) => chunked(number(bytes)),
        ("redirect", [status, name]) => {
            let built = Response::builder().status(*status).header(LOCATION, format!("/count/{name}"));
            built.body(Body::empty()).expect("a status")
        }
        ("count", [name]) => Response::new(count(name).to_string().into()),
        ("counted", [name]) => Response::new(lock(&counts).get(*name).copied().unwrap_or(0).to_string().into()),
        ("breaks", [name]) => {
            count(name);
            // A body that fails at once breaks the connection before anything is written.
            Response::new(Body::from_stream(stream::iter([Err::<Bytes, io::Error>(io::ErrorKind::ConnectionReset.into())])))
        }
        ("breaks-midway", [name]) => {
            count(name);
            midway()
        }
        _ => Response::builder().status(404).body(Body::empty()).expect("a status"),
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number of bytes"))
}

async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("the request's body");
    let mut answer = Response::new(body.into());
    let headers = answer.headers_mut();
    for (name, value) in &parts.headers {
        headers.append(HeaderName::try_from(format!("echo-{name}")).expect("a name"), value.clone());
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    headers.insert("echo-target", HeaderValue::try_from(target).expect("a value"));
    headers.insert("echo-method", HeaderValue::try_from(parts.method.as_str()).expect("a value"));
    answer
}

/// A body in pieces of at most 1000 bytes, without a `Content-Length`.
fn chunked(bytes: usize) -> Response {
    let pieces = stream::unfold(bytes, |left| async move {
        let size = left.min(1000);
        (size > 0).then(|| (Ok::<_, Infallible>(Bytes::from("x".repeat(size))), left - size))
    });
    Response::new(Body::from_stream(pieces))
}

/// A body of which ten of a thousand bytes are sent before the connection breaks.
fn midway() -> Response {
    let pieces = stream::unfold(0, |sent| async move {
        if sent == 0 {
            return Some((Ok(Bytes::from_static(b"0123456789")), 10));
        }
        // By then the first bytes have been sent.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Err::<Bytes, io::Error>(io::ErrorKind::ConnectionReset.into()), sent))
    });
    Response::builder().header(http::header::CONTENT_LENGTH, 1000).body(Body::from_stream(pieces)).expect("a status")
}
