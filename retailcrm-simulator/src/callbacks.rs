//! The CRM's other half: it calls back. A manager clicks a number, changes his status, somebody switches a module off, a trigger acts:
//! each is a request to an address that the module or the trigger names.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::entity::{Entity, inner, is, text};
use crate::state::State;
use crate::triggers::Wanted;

/// A request that the account makes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// When it was to be made, in the account's zone.
    pub at: String,
    /// Why: `makeCall`, `changeUserStatus`, `activity`, `settings`, `trigger`.
    pub why: &'static str,
    /// The module's code or the trigger's name.
    pub of: String,
    /// GET or POST.
    pub method: String,
    /// Where to; a GET's parameters are in it.
    pub url: String,
    /// A POST's form.
    pub form: Vec<(String, String)>,
    /// What came of it; none: it has not been sent.
    pub outcome: Option<Result<u16, String>>,
    /// Which it is of all that this process made: a place in a list would not outlive a fresh start.
    pub(crate) number: u64,
    /// Whether somebody has taken it to send it.
    pub(crate) taken: bool,
}

/// Carries requests out of the simulator: a status, or why there is none.
pub trait Carrier: Send + Sync {
    /// Sends one. It takes five seconds at most and does not try again: nothing is known of how RetailCRM retries.
    fn carry(&self, request: Outgoing) -> Pin<Box<dyn Future<Output = Result<u16, String>> + Send>>;
}

impl Outgoing {
    /// For people and machines.
    pub fn told(&self) -> Value {
        let mut told = json!({"at": self.at, "why": self.why, "of": self.of, "method": self.method, "url": self.url});
        if !self.form.is_empty() {
            told["form"] = self.form.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        }
        match &self.outcome {
            None => {}
            Some(Ok(status)) => told["status"] = (*status).into(),
            Some(Err(error)) => told["error"] = error.as_str().into(),
        }
        told
    }

    fn new(
        state: &State,
        now: DateTime<Utc>,
        why: &'static str,
        of: &str,
        method: &str,
        url: &str,
        parameters: Vec<(String, String)>,
    ) -> Outgoing {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mut outgoing = Outgoing {
            at: state.moment(now),
            why,
            of: of.into(),
            method: method.into(),
            url: url.into(),
            form: Vec::new(),
            outcome: None,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            taken: false,
        };
        if method == "POST" {
            outgoing.form = parameters;
        } else if !parameters.is_empty() {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
            let (separator, (before, fragment)) = (
                if url.contains('?') { '&' } else { '?' },
                url.split_once('#').map_or((url, None), |(before, after)| (before, Some(after))),
            );
            outgoing.url = format!("{before}{separator}{query}{}", fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default());
        }
        outgoing
    }

    /// A trigger's request.
    pub fn of_trigger(state: &State, now: DateTime<Utc>, wanted: &Wanted) -> Outgoing {
        Outgoing::new(state, now, "trigger", &wanted.name, &wanted.method, &wanted.url, wanted.parameters.clone())
    }
}

fn pairs(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An address of a module: absolute, or behind its `baseUrl`.
fn address(module: &Entity, path: &str) -> String {
    if path.starts_with("http://") || path.starts_with("https://") {
        return path.to_owned();
    }
    format!("{}/{}", text(module, "baseUrl").trim_end_matches('/'), path.trim_start_matches('/'))
}

/// A member of the module's telephony settings.
fn telephony<'a>(module: &'a Entity, name: &str) -> Option<&'a str> {
    inner(module, "integrations", "telephony")?.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A user clicks a number: the first active module that can call does. `external_phone` is the line he chose.
pub fn make_call(state: &State, now: DateTime<Utc>, user: i64, phone: &str, external_phone: Option<&str>) -> Result<Outgoing, String> {
    let can_call = |module: &&Entity| telephony(module, "makeCallUrl").is_some();
    let module = state.active_modules().find(can_call).ok_or("no active module has a makeCallUrl")?;
    // Without an extension the button is not shown [inferred].
    let code =
        state.code_of_user(user).ok_or_else(|| format!("{} has no extension in the module's additionalCodes", state.user_named(user)))?;
    let url = address(module, telephony(module, "makeCallUrl").unwrap_or_default());
    let mut parameters = pairs(&[("clientId", text(module, "clientId")), ("code", &code), ("phone", phone), ("userId", &user.to_string())]);
    parameters.extend(external_phone.map(|line| ("externalPhone".to_owned(), line.to_owned())));
    Ok(Outgoing::new(state, now, "makeCall", text(module, "code"), "GET", &url, parameters))
}

/// A user's status changed: every active module that asked for it hears it.
pub fn user_status(state: &State, now: DateTime<Utc>, user: i64, status: &str) -> Vec<Outgoing> {
    let code = state.code_of_user(user).unwrap_or_default();
    let tell = |module: &Entity| {
        let url = address(module, telephony(module, "changeUserStatusUrl")?);
        let parameters =
            pairs(&[("clientId", text(module, "clientId")), ("userId", &user.to_string()), ("code", &code), ("status", status)]);
        Some(Outgoing::new(state, now, "changeUserStatus", text(module, "code"), "GET", &url, parameters))
    };
    state.active_modules().filter_map(tell).collect()
}

/// Somebody switched a module on or off, or the CRM froze it: it hears so, when it has an `actions.activity`.
pub fn activity(state: &State, now: DateTime<Utc>, module: &Entity) -> Option<Outgoing> {
    let url = address(module, inner(module, "actions", "activity")?.as_str()?);
    let activity = json!({"active": is(module, "active", true), "freeze": is(module, "freeze", false)}).to_string();
    let parameters = pairs(&[("clientId", text(module, "clientId")), ("activity", &activity), ("systemUrl", &state.account.url())]);
    Some(Outgoing::new(state, now, "activity", text(module, "code"), "POST", &url, parameters))
}

/// Somebody changed the account's settings: a module that has `actions.settings` hears them.
pub fn settings(state: &State, now: DateTime<Utc>, module: &Entity) -> Option<Outgoing> {
    let url = address(module, inner(module, "actions", "settings")?.as_str()?);
    let parameters = pairs(&[("clientId", text(module, "clientId")), ("settings", &state.account.settings().to_string())]);
    Some(Outgoing::new(state, now, "settings", text(module, "code"), "POST", &url, parameters))
}
