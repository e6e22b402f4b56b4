//! Who may ask on an address of this machine. A page in a browser on the same machine must not: it can send requests there, but not without
//! `Origin` or with a `Host` of ours, and it knows no token. The Unix socket needs none of this, because only one user can open it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::secrets::tokens::Tokens;

/// What is needed to check a request.
pub struct Guard {
    /// The file of the tokens, read at each request, so that a removed one is refused at once.
    pub tokens: PathBuf,
    /// The port of the listener.
    pub port: u16,
}

/// Lets a request through if it has a known token and comes from no page.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match admitted(&guard, request.headers()) {
        Ok(name) => {
            tracing::debug!(token = name, method = %request.method(), "an administrator asks");
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

/// The name of the request's token.
fn admitted(guard: &Guard, headers: &HeaderMap) -> Result<String, StatusCode> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = |host: &str| ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host == format!("{name}:{}", guard.port));
    if !header(HOST).is_some_and(own) || headers.contains_key(ORIGIN) {
        return Err(StatusCode::FORBIDDEN);
    }
    let token = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    let tokens = Tokens::open(&guard.tokens).map_err(|why| {
        tracing::error!(why, "the tokens cannot be read");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    tokens.name_of(token).map(str::to_owned).ok_or(StatusCode::UNAUTHORIZED)
}
