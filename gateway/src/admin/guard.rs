//! Who is admitted over TCP. A page in an administrator's browser can send requests to this machine too, so `Host` must name this machine (a
//! page's own name may lead here as well), and a request with `Origin` is refused whatever it is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use super::wire::{ErrorBody, ErrorView};
use crate::audit;
use crate::secrets::tokens::Tokens;

/// What is compared.
pub struct Guard {
    address: SocketAddr,
    tokens: PathBuf,
}

impl Guard {
    /// The guard of a listener with this address; `tokens` is the file of the tokens. It is read for each request, so that a token that was
    /// removed is refused at once.
    pub fn new(address: SocketAddr, tokens: PathBuf) -> Guard {
        Guard { address, tokens }
    }

    fn is_this_machine(&self, headers: &HeaderMap) -> bool {
        let port = self.address.port();
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else { return false };
        let known = [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}"), self.address.to_string()];
        known
            .iter()
            .any(|known| known.eq_ignore_ascii_case(host) || (port == 80 && known.trim_end_matches(":80").eq_ignore_ascii_case(host)))
    }
}

/// Lets a request through, or answers it.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) {
        return refused(StatusCode::FORBIDDEN, "requests of web pages are refused");
    }
    if !guard.is_this_machine(headers) {
        return refused(StatusCode::FORBIDDEN, "Host must name this machine and the port, like localhost:PORT");
    }
    let tokens = match Tokens::open(&guard.tokens) {
        Ok(tokens) => tokens,
        Err(why) => {
            // The reason names a file, which is for the log only: nobody is admitted yet.
            tracing::error!(why, "the administrators' tokens cannot be read");
            return refused(StatusCode::SERVICE_UNAVAILABLE, "the tokens cannot be read; the service's log has the reason");
        }
    };
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let Some(name) = shown.and_then(|shown| tokens.name_of(shown)).map(str::to_owned) else {
        let mut answer =
            refused(StatusCode::UNAUTHORIZED, "a token is needed: uis-gateway token add NAME, then Authorization: Bearer TOKEN");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
        return answer;
    };
    tracing::debug!(token = name, method = %request.method(), path = request.uri().path(), "a request of an administrator");
    audit::by(format!("token {name}"), next.run(request)).await
}

/// The token of a header. The name of the scheme may be written in any case.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused(status: StatusCode, why: &str) -> Response {
    let error = ErrorView { kind: "failed".to_owned(), messages: vec![why.to_owned()] };
    (status, Json(ErrorBody { error })).into_response()
}
