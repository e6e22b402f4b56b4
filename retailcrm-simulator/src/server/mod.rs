//! The API over HTTP. Every request goes the same way: the account's name, the plan of faults, the key, the rate limit, the scope, then
//! the API's method with the account locked; requests that the account makes because of it are sent afterwards.

mod misbehave;

use std::time::Duration;

use axum::Router;
use axum::extract::{RawPathParams, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use http::header::HOST;

use crate::account::ApiKey;
use crate::api::{ENDPOINTS, Endpoint};
use crate::faults;
use crate::history::Actor;
use crate::simulator::{Admitted, Simulator};
use crate::state::State;
use crate::wire::{ApiError, BODY_BYTES, Call};

/// Marks a request without a key: this user acts in the CRM.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActsAs(pub i64);

/// Marks a request that is committed this long after its arrival; its client gets no answer.
#[derive(Debug, Clone, Copy)]
struct CommitLater(Duration);

/// The API as clients reach it: with faults, and only under the account's own name.
pub(crate) fn api(simulator: Simulator) -> Router {
    plain(simulator.clone())
        .layer(middleware::from_fn_with_state(simulator.clone(), misbehave::misbehave))
        .layer(middleware::from_fn_with_state(simulator, only_this_account))
}

/// The API without faults: as the CRM's own pages use it.
pub(crate) fn plain(simulator: Simulator) -> Router {
    let routes = ENDPOINTS.iter().fold(Router::new(), |router, endpoint| router.route(endpoint.path, method(endpoint)));
    routes
        .fallback(async || no_method())
        .method_not_allowed_fallback(async || ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES))
        .with_state(simulator)
}

fn no_method() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "API method not found")
}

fn method(endpoint: &'static Endpoint) -> MethodRouter<Simulator> {
    let handler = move |Shared(simulator), path, request| handle(endpoint, simulator, path, request);
    if endpoint.method == "GET" { get(handler) } else { post(handler) }
}

/// Reads a request, checks who asks, and hands it to the API's method.
async fn handle(endpoint: &'static Endpoint, simulator: Simulator, path: RawPathParams, request: Request) -> Response {
    let user = request.extensions().get::<ActsAs>().copied();
    let later = request.extensions().get::<CommitLater>().copied();
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    // An empty part of a path leads to no method.
    if path.iter().any(|(_, value)| value.is_empty()) {
        return no_method().into_response();
    }
    let path: Vec<(String, String)> = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let answer = {
        let mut state = simulator.state();
        // Read the clock only now: a request may have waited for the lock, and times in the account must not run backwards.
        let now = simulator.now();
        let (actor, sites) = match actor(&state, &call, user) {
            Ok(actor) => actor,
            Err(error) => return error.into_response(),
        };
        if let (Actor::Key(key), Some(limit)) = (&actor, &state.account.rate_limit)
            && !simulator.buckets().take(limit, key, endpoint.path.starts_with("/api/v5/telephony/"), now)
        {
            return limit.refusal();
        }
        if !may_use(&state, &actor, endpoint) {
            return ApiError::denied().into_response();
        }
        let admitted = Admitted { endpoint, call, path, actor, sites };
        if let Some(CommitLater(delay)) = later {
            simulator.commit_later(admitted, now + delay);
            return faults::reset();
        }
        admitted.commit(&mut state, now)
    };
    simulator.send_callbacks();
    answer.into_response()
}

/// Who makes a request, and the shops that they see.
fn actor(state: &State, call: &Call, user: Option<ActsAs>) -> Result<(Actor, Vec<String>), ApiError> {
    let (actor, key) = match user {
        Some(ActsAs(user)) => (Actor::User(user), None),
        None => {
            let key = authorise(state, call)?;
            (Actor::Key(key.key.clone()), Some(key))
        }
    };
    Ok((actor, state.sites_of(key).map(str::to_owned).collect()))
}

fn authorise<'a>(state: &'a State, call: &Call) -> Result<&'a ApiKey, ApiError> {
    let shown = call.key.as_deref().ok_or_else(|| ApiError::new(StatusCode::FORBIDDEN, "\"apiKey\" is missing."))?;
    state.key(shown).ok_or_else(|| ApiError::new(StatusCode::FORBIDDEN, "Wrong \"apiKey\" value."))
}

/// Whether a key has the scope that a method needs; users in the CRM may use every method.
fn may_use(state: &State, actor: &Actor, endpoint: &Endpoint) -> bool {
    match (actor, endpoint.scope) {
        (Actor::Key(key), Some(scope)) => state.key(key).is_some_and(|key| key.scopes.iter().any(|known| known == scope)),
        _ => true,
    }
}

/// The domains under which accounts live.
const DOMAINS: [&str; 5] = [".retailcrm.ru", ".retailcrm.pro", ".retailcrm.es", ".simla.com", ".retailcrm.io"];

/// What the web server answers under the name of an account that does not exist.
const NO_SUCH_ACCOUNT: &str = "<html>\r\n<head><title>405 Not Allowed</title></head>\r\n<body>\r\n<center><h1>405 Not Allowed</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// An account answers under its public address and its technical one. A request under another account's name is answered as the web server answers for an account that does not exist: with a page. A host
/// that is not an account's name (an IP, a container's name) counts as this account's.
async fn only_this_account(Shared(simulator): Shared<Simulator>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_lowercase();
    let technical = simulator.state().account.technical_url.clone();
    let own = |url: &str| url.split("://").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default().to_lowercase() == host;
    if DOMAINS.iter().any(|domain| host.ends_with(domain)) && !own(&simulator.public_url()) && !technical.is_some_and(|url| own(&url)) {
        return faults::answer(405, "text/html", NO_SUCH_ACCOUNT.into(), None);
    }
    next.run(request).await
}
