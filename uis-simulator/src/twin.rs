//! A running account: it answers requests to its APIs. Every request goes the same way: the envelope, the method, the address and the
//! token, the parameters, the limit, then the method with the account locked.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use uis_host::clock::{Clock, zone};
use uis_host::sync::lock;

use crate::account::{Account, AccountState};
use crate::context::{Answer, Context, Handler};
use crate::faults::{Fault, Faults};
use crate::points::{PointLimits, Points, Remaining};
use crate::query::Query;
use crate::rpc::{self, ApiError, Call};
use crate::shapes::{Api, Method};
use crate::simulated::SimulatedAccount;
use crate::{call_api, check, data_api, logins};

/// An account that answers requests. Clones are the same account.
#[derive(Clone)]
pub struct Twin {
    account: Arc<SimulatedAccount>,
    clock: Arc<dyn Clock>,
    /// The account and the rows of its reports as they were at first, for a reset.
    start: Arc<(Account, Value)>,
    faults: Arc<Mutex<Faults>>,
    observer: Option<Observer>,
}

/// Sees every request after it was answered.
pub type Observer = Arc<dyn Fn(&Seen) + Send + Sync>;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The API.
    pub api: Api,
    /// The method; empty when the body has none.
    pub method: String,
    /// `ok` or the error's mnemonic; none: the request was not carried out, because a fault prevented it.
    pub outcome: Option<String>,
    /// The fault that happened.
    pub fault: Option<String>,
}

/// Methods whose answers have no limits, as the documentation's samples of them have none.
const WITHOUT_LIMITS: [&str; 2] = ["getobj.account", "get.notifications"];

impl Twin {
    /// An account that answers by this clock.
    pub fn new(account: Arc<SimulatedAccount>, clock: Arc<dyn Clock>) -> Twin {
        let start = {
            let state = account.state();
            Arc::new((state.account.clone(), state.report.to_json()))
        };
        Twin { account, clock, start, faults: Arc::default(), observer: None }
    }

    /// The account.
    pub fn account(&self) -> &SimulatedAccount {
        &self.account
    }

    /// The current time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Returns to the account as it was at first, or begins with another one.
    pub fn reset(&self, account: Option<Account>) {
        let again = account.is_none();
        let mut state = AccountState::new(account.unwrap_or_else(|| self.start.0.clone()));
        if again {
            let zone = zone_of(&state);
            // The rows were read once already.
            state.merge_report(&self.start.1, zone, self.now()).ok();
        }
        *self.account.state() = state;
    }

    /// Sets a plan of faults. The error names the rule.
    pub fn misbehave(&self, plan: &Value) -> Result<(), String> {
        *lock(&self.faults) = Faults::read(plan)?;
        Ok(())
    }

    /// The method that a body names; empty when it names none.
    pub fn method(body: &[u8]) -> String {
        rpc::read(body).map(|call| call.method).unwrap_or_default()
    }

    /// What happens to a request, given by its path and its body.
    pub fn fault(&self, api: Api, body: &[u8]) -> Fault {
        let mut faults = lock(&self.faults);
        // Without a plan the body need not be read here.
        if faults.is_empty() { Fault::default() } else { faults.next(api.path(), &Twin::method(body)) }
    }

    /// The same account, with an observer of the requests to this clone and its clones.
    pub fn observed(self, observer: Observer) -> Twin {
        Twin { observer: Some(observer), ..self }
    }

    /// Reports a request to the observer; the description is made only if there is one.
    pub fn seen(&self, seen: impl FnOnce() -> Seen) {
        if let Some(observer) = &self.observer {
            observer(&seen());
        }
    }

    /// The limits of an API, and what is left of them.
    pub fn limits(&self, api: Api) -> Remaining {
        let state = self.account.state();
        let (points, limits) = points(&state, api);
        points.remaining(limits, self.now())
    }

    /// Answers a body with an error of the table.
    pub fn refuse(&self, body: &[u8], mnemonic: &str) -> Value {
        let id = rpc::read(body).map_or(Value::Null, |call| call.id);
        ApiError::of(mnemonic).answer(&id)
    }

    /// Answers a body. `from` is the client's address; none: the request comes from within the process.
    pub fn answer(&self, api: Api, body: &[u8], from: Option<IpAddr>) -> Value {
        if api == Api::Call && std::str::from_utf8(body).is_err() {
            return ApiError::of("character_encoding_not_allowed").answer(&Value::Null);
        }
        let call = match rpc::read(body) {
            Ok(call) => call,
            Err((id, error)) => return error.answer(&id),
        };
        match self.carry_out(api, &call, from) {
            Ok(result) => rpc::success(&call.id, &result),
            Err(error) => error.answer(&call.id),
        }
    }

    fn carry_out(&self, api: Api, call: &Call, from: Option<IpAddr>) -> Result<Value, ApiError> {
        let method = api.methods().get(&call.method).ok_or_else(|| ApiError::of("method_not_found"))?;
        let mut state = self.account.state();
        // Read the clock only now: a request may have waited for the lock, and times in the account must not run backwards.
        let now = self.now();
        let rights = logins::admit(&state, (api, method), call, from, now)?;
        check::check(method, &call.params)?;
        let query = query(method, call)?;
        let login = ["login.user", "logout.user"].contains(&call.method.as_str());
        if !login {
            check_limits(&state, api, now)?;
        }
        let zone = zone_of(&state);
        let mut context = Context { state: &mut state, params: &call.params, now, zone, rights };
        let answer = match call.method.as_str() {
            "login.user" => logins::login(api, &mut context)?,
            "logout.user" => logins::logout(api, &mut context)?,
            name => handler(api, name).ok_or_else(|| ApiError::of("method_not_found"))?(&mut context)?,
        };
        if login {
            return Ok(data(answer));
        }
        let remaining = charge(&mut state, api, now);
        let shown = if WITHOUT_LIMITS.contains(&call.method.as_str()) || is_newer_tags(call) { json!({}) } else { json!(remaining) };
        Ok(result(api, answer, query.as_ref(), &shown))
    }
}

fn zone_of(state: &AccountState) -> chrono_tz::Tz {
    zone(&state.account.timezone).unwrap_or(chrono_tz::UTC)
}

fn handler(api: Api, method: &str) -> Option<Handler> {
    match api {
        Api::Data => data_api::handler(method),
        Api::Call => call_api::handler(method),
    }
}

/// The newer page of `get.tags` is asked for by a parameter; it has all columns and no limits.
fn is_newer_tags(call: &Call) -> bool {
    call.method == "get.tags" && call.params.get("is_include_rating") == Some(&Value::Bool(true))
}

/// What the request asks of a list; none when the method is no list.
fn query(method: &Method, call: &Call) -> Result<Option<Query>, ApiError> {
    let mut params = call.params.clone();
    if call.method == "get.notifications" {
        params.insert("filter".into(), data_api::notifications_filter(&call.params));
    } else if !method.list {
        return Ok(None);
    }
    if is_newer_tags(call) && !params.contains_key("fields") {
        params.insert("fields".into(), method.top_columns().map(|(name, _)| name).collect::<Vec<_>>().into());
    }
    Query::read(method, &params).map(Some)
}

fn points(state: &AccountState, api: Api) -> (&Points, PointLimits) {
    match api {
        Api::Data => (&state.points, state.account.data_api_points),
        Api::Call => (&state.call_points, state.account.call_api_points),
    }
}

/// Refuses a request when a limit is used up. Only successful requests are charged, so nothing is taken here.
fn check_limits(state: &AccountState, api: Api, now: i64) -> Result<(), ApiError> {
    let (points, limits) = points(state, api);
    let left = points.remaining(limits, now);
    let (kind, most) = match (left.day_remaining, left.minute_remaining) {
        (0, _) => ("day", left.day_limit),
        (_, 0) => ("minute", left.minute_limit),
        _ => return Ok(()),
    };
    let mut error = ApiError::of("limit_exceeded").with("limit_type", kind).with("limit_max_value", most);
    error.metadata = Some(json!({"limits": left}));
    Err(error)
}

/// Takes the point of a request that succeeded, and returns what is left.
fn charge(state: &mut AccountState, api: Api, now: i64) -> Remaining {
    let limits = points(state, api).1;
    let points = match api {
        Api::Data => &mut state.points,
        Api::Call => &mut state.call_points,
    };
    // The limit was checked, and the account was locked since.
    points.take(limits, now, 1).ok();
    points.remaining(limits, now)
}

/// An answer without metadata.
fn data(answer: Answer) -> Value {
    match answer {
        Answer::List(rows) | Answer::Rows(rows) => json!({"data": rows}),
        Answer::Data(value) => json!({"data": value}),
    }
}

/// A method's result. The Call API's samples have no metadata, although its text promises limits everywhere.
fn result(api: Api, answer: Answer, query: Option<&Query>, limits: &Value) -> Value {
    if api == Api::Call {
        return data(answer);
    }
    let metadata = |total: usize| json!({"total_items": total, "version": null, "limits": limits});
    match (answer, query) {
        (Answer::List(rows), Some(query)) => {
            let (page, total) = query.apply(rows);
            json!({"data": page, "metadata": metadata(total)})
        }
        (Answer::List(rows) | Answer::Rows(rows), _) => json!({"metadata": metadata(rows.len()), "data": rows}),
        (Answer::Data(value), _) => json!({"data": value, "metadata": {"version": null, "limits": limits}}),
    }
}
