//! The routes. Every one goes the same way: faults, key, rate limit, scope, then the area's function with the account locked; what the
//! account wants to tell the world goes out afterwards.

mod corporate;
mod custom_fields;
mod customers;
mod general;
mod history;
mod modules;
mod notifications;
mod orders;
mod reference;
mod tasks;
mod telephony;
mod users;

use axum::Router;
use axum::extract::{RawPathParams, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::HOST;
use serde_json::{Map, Value};

use crate::Simulator;
use crate::callbacks::Outgoing;
use crate::faults::{self, Fault, Late, Reset, Slow, Told, Trouble};
use crate::state::State;
use crate::state::history::{Actor, Change};
use crate::triggers::Deed;
use crate::wire::{ApiError, ApiResult, Call};

pub(crate) use customers::remove as remove_customer;
pub(crate) use orders::{move_to as move_order, remove as remove_order};

/// What a route works with.
pub(crate) struct Context<'a> {
    /// The account.
    pub state: &'a mut State,
    /// The request.
    pub call: &'a Call,
    /// Parts of the path by their names.
    pub path: Vec<(String, String)>,
    /// The present.
    pub now: DateTime<Utc>,
    /// Who asks.
    pub actor: Actor,
    /// Codes of the shops that he sees.
    pub sites: Vec<String>,
}

/// Kinds of entities that have a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Customer,
    Corporate,
    Order,
    Task,
}

impl Subject {
    /// As its list is called.
    pub fn list(self) -> &'static str {
        match self {
            Subject::Customer => "customers",
            Subject::Corporate => "customersCorporate",
            Subject::Order => "orders",
            Subject::Task => "tasks",
        }
    }

    /// As one of them is called.
    pub fn one(self) -> &'static str {
        match self {
            Subject::Customer | Subject::Corporate => "customer",
            Subject::Order => "order",
            Subject::Task => "task",
        }
    }
}

impl Context<'_> {
    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The key that asks; empty when a user acts.
    pub fn key(&self) -> &str {
        if let Actor::Key(key) = &self.actor { key } else { "" }
    }

    /// Writes down what happened to an entity, and lets triggers know. `told` is what the history's records say of it, `shown` the whole.
    pub fn happened(&mut self, subject: Subject, deed: Deed, changes: Vec<Change>, told: &Value, shown: &Value) {
        for wanted in
            self.state.account.triggers.iter().filter_map(|trigger| trigger.wants(subject.one(), deed, &changes, shown)).collect::<Vec<_>>()
        {
            let outgoing = Outgoing::of_trigger(self.state, self.now, &wanted);
            self.state.callbacks.push(outgoing);
        }
        self.state.log(subject.list(), subject.one(), changes, &self.actor, self.now, told);
    }

    /// The present as the API writes it.
    pub fn date_time(&self) -> String {
        self.state.date_time(self.now)
    }
}

type Route = fn(&mut Context<'_>) -> ApiResult;

/// A method of the API.
pub(crate) struct Endpoint {
    /// GET or POST.
    pub method: &'static str,
    /// Its path; parts in braces.
    pub path: &'static str,
    /// The scope that a key needs; none: every key may.
    pub scope: Option<&'static str>,
    route: Route,
}

const fn read(path: &'static str, scope: &'static str, route: Route) -> Endpoint {
    Endpoint { method: "GET", path, scope: Some(scope), route }
}

const fn write(path: &'static str, scope: &'static str, route: Route) -> Endpoint {
    Endpoint { method: "POST", path, scope: Some(scope), route }
}

const fn open(path: &'static str, route: Route) -> Endpoint {
    Endpoint { method: "GET", path, scope: None, route }
}

/// The API. Names of scopes are partly by pattern: see [`crate::account::stock::SCOPES`].
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    open("/api/credentials", general::credentials),
    open("/api/api-versions", general::api_versions),
    open("/api/system-info", general::system_info),
    open("/api/v5/settings", general::settings),
    write("/api/v5/telephony/call/event", "telephony_write", telephony::call_event),
    write("/api/v5/telephony/calls/upload", "telephony_write", telephony::calls_upload),
    read("/api/v5/telephony/manager", "telephony_read", telephony::manager),
    read("/api/v5/integration-modules/{code}", "integration_read", modules::get),
    write("/api/v5/integration-modules/{code}/edit", "integration_write", modules::edit),
    write("/api/v5/integration-modules/{code}/update-scopes", "integration_write", modules::update_scopes),
    read("/api/v5/users", "user_read", users::list),
    read("/api/v5/users/{id}", "user_read", users::get),
    write("/api/v5/users/{id}/status", "user_write", users::status),
    read("/api/v5/user-groups", "user_read", users::groups),
    read("/api/v5/reference/{kind}", "reference_read", reference::list),
    write("/api/v5/reference/{kind}/{code}/edit", "reference_write", reference::edit),
    write("/api/v5/reference/{kind}/create", "reference_write", reference::create),
    read("/api/v5/custom-fields", "custom_fields_read", custom_fields::list),
    read("/api/v5/custom-fields/dictionaries", "custom_fields_read", custom_fields::dictionaries),
    write("/api/v5/custom-fields/dictionaries/create", "custom_fields_write", custom_fields::create_dictionary),
    read("/api/v5/custom-fields/dictionaries/{code}", "custom_fields_read", custom_fields::dictionary),
    write("/api/v5/custom-fields/dictionaries/{code}/edit", "custom_fields_write", custom_fields::edit_dictionary),
    write("/api/v5/custom-fields/{entity}/create", "custom_fields_write", custom_fields::create),
    read("/api/v5/custom-fields/{entity}/{code}", "custom_fields_read", custom_fields::get),
    write("/api/v5/custom-fields/{entity}/{code}/edit", "custom_fields_write", custom_fields::edit),
    read("/api/v5/customers", "customer_read", customers::list),
    write("/api/v5/customers/create", "customer_write", customers::create),
    write("/api/v5/customers/upload", "customer_write", customers::upload),
    write("/api/v5/customers/combine", "customer_write", customers::combine),
    write("/api/v5/customers/fix-external-ids", "customer_write", customers::fix_external_ids),
    read("/api/v5/customers/history", "customer_read", history::customers),
    read("/api/v5/customers/notes", "customer_read", customers::notes),
    write("/api/v5/customers/notes/create", "customer_write", customers::create_note),
    write("/api/v5/customers/notes/{id}/delete", "customer_write", customers::delete_note),
    read("/api/v5/customers/{id}", "customer_read", customers::get),
    write("/api/v5/customers/{id}/edit", "customer_write", customers::edit),
    write("/api/v5/customers/{id}/subscriptions", "customer_write", customers::subscribe),
    read("/api/v5/customers-corporate", "customer_read", corporate::list),
    read("/api/v5/customers-corporate/history", "customer_read", history::corporate),
    read("/api/v5/customers-corporate/notes", "customer_read", corporate::notes),
    read("/api/v5/customers-corporate/{id}", "customer_read", corporate::get),
    read("/api/v5/customers-corporate/{id}/addresses", "customer_read", corporate::addresses),
    read("/api/v5/customers-corporate/{id}/companies", "customer_read", corporate::companies),
    read("/api/v5/customers-corporate/{id}/contacts", "customer_read", corporate::contacts),
    read("/api/v5/orders", "order_read", orders::list),
    write("/api/v5/orders/create", "order_write", orders::create),
    write("/api/v5/orders/upload", "order_write", orders::upload),
    write("/api/v5/orders/combine", "order_write", orders::combine),
    write("/api/v5/orders/fix-external-ids", "order_write", orders::fix_external_ids),
    write("/api/v5/orders/links/create", "order_write", orders::create_link),
    read("/api/v5/orders/history", "order_read", history::orders),
    read("/api/v5/orders/statuses", "order_read", orders::statuses),
    write("/api/v5/orders/payments/create", "order_write", orders::create_payment),
    write("/api/v5/orders/payments/{id}/edit", "order_write", orders::edit_payment),
    write("/api/v5/orders/payments/{id}/delete", "order_write", orders::delete_payment),
    read("/api/v5/orders/{id}", "order_read", orders::get),
    write("/api/v5/orders/{id}/edit", "order_write", orders::edit),
    read("/api/v5/tasks", "task_read", tasks::list),
    write("/api/v5/tasks/create", "task_write", tasks::create),
    read("/api/v5/tasks/history", "task_read", history::tasks),
    read("/api/v5/tasks/{id}", "task_read", tasks::get),
    write("/api/v5/tasks/{id}/edit", "task_write", tasks::edit),
    read("/api/v5/tasks/{id}/comments", "task_read", tasks::comments),
    write("/api/v5/notifications/send", "notification_write", notifications::send),
];

/// Says on whose behalf a request is made that shows no key: a user acts in the CRM.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActsAs(pub i64);

/// Reads a request, checks who asks, and hands it to an area's function.
async fn handle(endpoint: &'static Endpoint, simulator: Simulator, path: RawPathParams, request: Request) -> Response {
    let user = request.extensions().get::<ActsAs>().copied();
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let now = simulator.now();
    let answer = {
        let mut state = simulator.state();
        let asks = match user {
            Some(ActsAs(user)) => Ok((Actor::User(user), state.sites_of(None).map(str::to_owned).collect())),
            None => {
                authorise(&state, &call).map(|key| (Actor::Key(key.key.clone()), state.sites_of(Some(key)).map(str::to_owned).collect()))
            }
        };
        let (actor, sites) = match asks {
            Ok(asks) => asks,
            Err(error) => return error.into_response(),
        };
        if let (Actor::Key(key), Some(limit)) = (&actor, &state.account.rate_limit)
            && !simulator.buckets().take(limit, key, endpoint.path.starts_with("/api/v5/telephony/"), now)
        {
            return limit.refusal();
        }
        let allowed = match (&actor, endpoint.scope) {
            (Actor::Key(key), Some(scope)) => state.key(key).is_some_and(|key| key.scopes.iter().any(|known| known == scope)),
            _ => true,
        };
        let mut context = Context { state: &mut state, call: &call, path, now, actor, sites };
        if allowed { (endpoint.route)(&mut context) } else { Err(ApiError::denied()) }
    };
    simulator.send_callbacks();
    answer.into_response()
}

fn authorise<'a>(state: &'a State, call: &Call) -> Result<&'a crate::account::ApiKey, ApiError> {
    let shown = call.key.as_deref().ok_or_else(|| ApiError::new(StatusCode::FORBIDDEN, "\"apiKey\" is missing."))?;
    state.key(shown).ok_or_else(|| ApiError::new(StatusCode::FORBIDDEN, "Wrong \"apiKey\" value."))
}

fn method(endpoint: &'static Endpoint) -> MethodRouter<Simulator> {
    let handler = move |Shared(simulator), path, request| handle(endpoint, simulator, path, request);
    if endpoint.method == "GET" { get(handler) } else { post(handler) }
}

/// The API without faults: as the CRM's own pages use it.
pub(crate) fn plain(simulator: Simulator) -> Router {
    let routes = ENDPOINTS.iter().fold(Router::new(), |router, endpoint| router.route(endpoint.path, method(endpoint)));
    routes
        .fallback(async || ApiError::new(StatusCode::NOT_FOUND, "API method not found"))
        .method_not_allowed_fallback(async || ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .layer(axum::extract::DefaultBodyLimit::max(crate::wire::BODY_BYTES))
        .with_state(simulator)
}

/// The server of an account.
pub(crate) fn router(simulator: Simulator) -> Router {
    let api = plain(simulator.clone())
        .layer(middleware::from_fn_with_state(simulator.clone(), misbehave))
        .layer(middleware::from_fn_with_state(simulator.clone(), only_this_account));
    crate::control::router(simulator.clone()).merge(crate::pages::router(simulator)).fallback_service(api)
}

/// The domains under which accounts live.
const DOMAINS: [&str; 5] = [".retailcrm.ru", ".retailcrm.pro", ".retailcrm.es", ".simla.com", ".retailcrm.io"];

/// Another account's name is nobody's here: the web server answers with a page, as it does for an account that is not there. A host that
/// is no account's name at all (an IP, a container's name) is this account's.
async fn only_this_account(Shared(simulator): Shared<Simulator>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_lowercase();
    let url = simulator.public_url();
    let own = url.split("://").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    if DOMAINS.iter().any(|domain| host.ends_with(domain)) && host != own.to_lowercase() {
        let page = "<html>\r\n<head><title>405 Not Allowed</title></head>\r\n<body>\r\n<center><h1>405 Not Allowed</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
        return faults::answer(405, "text/html", page.into(), None);
    }
    next.run(request).await
}

/// Lets a request run into what the plan has for it.
async fn misbehave(Shared(simulator): Shared<Simulator>, request: Request, next: Next) -> Response {
    let Fault { latency, trouble } = simulator.faults().next(request.method().as_str(), request.uri().path());
    let told = trouble.as_ref().map(Trouble::name);
    let mut answer = match trouble {
        None => next.run(request).await,
        Some(Trouble::Answer { status, content_type, body, retry_after }) => faults::answer(status, &content_type, body, retry_after),
        Some(Trouble::Page) => {
            faults::answer(200, "text/html", "<!DOCTYPE html>\n<html><body><h1>Technical works</h1></body></html>\n".into(), None)
        }
        Some(Trouble::Reset(Reset::BeforeCommit)) => faults::reset(),
        Some(Trouble::Reset(Reset::AfterCommit)) => {
            next.run(request).await;
            faults::reset()
        }
        Some(Trouble::Truncated) => truncated(next.run(request).await).await,
        Some(Trouble::WrongContentType) => {
            let mut answer = next.run(request).await;
            answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/html; charset=UTF-8"));
            answer
        }
        Some(Trouble::SlowBody) => {
            let mut answer = next.run(request).await;
            answer.extensions_mut().insert(Slow);
            answer
        }
    };
    if !latency.is_zero() {
        answer.extensions_mut().insert(Late(latency));
    }
    if let Some(told) = told {
        answer.extensions_mut().insert(Told(told));
    }
    answer
}

/// Half of an answer: the client sees a whole response whose JSON ends in the middle.
async fn truncated(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, axum::body::Body::from(body.slice(..body.len() / 2)))
}

/// An object of one member.
pub(crate) fn object(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}
