//! The CRM calls modules back. A user clicks a number or changes their status, a module is switched off, settings are changed: each is
//! a request to an address that the module registered.

use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::entity::{Entity, inner, is, text};
use crate::state::State;
use crate::state::outgoing::{Outgoing, Why};

/// Carries requests out of the simulator: a status, or why there is none.
pub trait Carrier: Send + Sync {
    /// Sends one. It takes five seconds at most and does not try again: nothing is known of how RetailCRM retries.
    fn carry(&self, request: Outgoing) -> Pin<Box<dyn Future<Output = Result<u16, String>> + Send>>;
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

/// A user clicks a number: the request goes to the first active module that can call. `external_phone` is the line that the user chose.
pub fn make_call(state: &State, now: DateTime<Utc>, user: i64, phone: &str, external_phone: Option<&str>) -> Result<Outgoing, String> {
    let can_call = |module: &&Entity| telephony(module, "makeCallUrl").is_some();
    let module = state.active_modules().find(can_call).ok_or("no active module has a makeCallUrl")?;
    // Without an extension the button is not shown [inferred].
    let code =
        state.code_of_user(user).ok_or_else(|| format!("{} has no extension in the module's additionalCodes", state.user_named(user)))?;
    let url = address(module, telephony(module, "makeCallUrl").unwrap_or_default());
    let mut parameters = pairs(&[("clientId", text(module, "clientId")), ("code", &code), ("phone", phone), ("userId", &user.to_string())]);
    parameters.extend(external_phone.map(|line| ("externalPhone".to_owned(), line.to_owned())));
    Ok(Outgoing::get(state.moment(now), Why::MakeCall, text(module, "code"), &url, parameters))
}

/// A user's status changed: a request to every active module that registered a `changeUserStatusUrl`.
pub fn user_status(state: &State, now: DateTime<Utc>, user: i64, status: &str) -> Vec<Outgoing> {
    let code = state.code_of_user(user).unwrap_or_default();
    let request = |module: &Entity| {
        let url = address(module, telephony(module, "changeUserStatusUrl")?);
        let parameters =
            pairs(&[("clientId", text(module, "clientId")), ("userId", &user.to_string()), ("code", &code), ("status", status)]);
        Some(Outgoing::get(state.moment(now), Why::ChangeUserStatus, text(module, "code"), &url, parameters))
    };
    state.active_modules().filter_map(request).collect()
}

/// A module was switched on, off or frozen: a request to its `actions.activity`, when it has one.
pub fn activity(state: &State, now: DateTime<Utc>, module: &Entity) -> Option<Outgoing> {
    let url = address(module, inner(module, "actions", "activity")?.as_str()?);
    let activity = json!({"active": is(module, "active", true), "freeze": is(module, "freeze", false)}).to_string();
    let form = pairs(&[("clientId", text(module, "clientId")), ("activity", &activity), ("systemUrl", &state.account.url())]);
    Some(Outgoing::post(state.moment(now), Why::Activity, text(module, "code"), &url, form))
}

/// The account's settings were changed: a request to the module's `actions.settings`, when it has one.
pub fn settings(state: &State, now: DateTime<Utc>, module: &Entity) -> Option<Outgoing> {
    let url = address(module, inner(module, "actions", "settings")?.as_str()?);
    let form = pairs(&[("clientId", text(module, "clientId")), ("settings", &state.account.settings().to_string())]);
    Some(Outgoing::post(state.moment(now), Why::Settings, text(module, "code"), &url, form))
}
