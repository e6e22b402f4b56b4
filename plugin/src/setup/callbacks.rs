//! Callbacks from RetailCRM: the module was switched off or on, a manager's status changed, the account's settings changed.

use serde_json::Value;

use crate::base::outcome::{Handled, done};
use crate::base::timers::{self, TimerName};
use crate::bindings::exports::uis::integration::setup::Callback;
use crate::bindings::uis::integration::directory::EmployeeFields;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::crm_state::employee_links;
use crate::crm_state::switch::{self, SwitchedOff};
use crate::retailcrm::CONNECTION;
use crate::setup::{activation, registration};
use crate::uis::directory;

/// Handles a callback.
pub fn on_callback(context: &Context<'_>, event: &Callback) -> Handled {
    let parameter = |name: &str| event.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match event.name.as_str() {
        "activity" => activity(context, event.at, parameter("activity"), parameter("systemUrl")),
        "status" => status(context, parameter("userId"), parameter("code"), parameter("status")),
        // The body is ignored: the settings are read from the API.
        "settings" if !switch::switched_off(context.platform)? => activation::refresh(context),
        "settings" => done(),
        other => Err(Failure::Rejected(format!("the callback {other:?} is not served"))),
    }
}

/// The module was switched off, frozen, or switched on again, or the account got a new address.
fn activity(context: &Context<'_>, at: Instant, activity: Option<&str>, system_url: Option<&str>) -> Handled {
    let parsed = activity.and_then(|text| crate::base::json::parse(text.as_bytes()).ok());
    let Some(flags) = parsed.filter(Value::is_object) else {
        return Err(Failure::Rejected("the callback's activity is not JSON: expected {\"active\":…,\"freeze\":…}".into()));
    };
    if let Some(url) = system_url.filter(|url| !url.trim().is_empty())
        && let Err(why) = context.platform.propose_base_url(CONNECTION, url.trim())
    {
        // Callbacks are not signed, and our key would be sent to the new address, so the host decides whether to accept it.
        context.platform.log(
            Level::Warn,
            "RetailCRM's new address is not accepted",
            &[("url", &crate::base::template::line(url, 200)), ("why", &why)],
        );
    }
    let flag = |name: &str, absent: bool| flags[name].as_bool().unwrap_or(absent);
    let switched_off = match (flag("active", true), flag("freeze", false)) {
        (_, true) => Some(SwitchedOff::Frozen),
        (false, false) => Some(SwitchedOff::Inactive),
        (true, false) => None,
    };
    match switched_off {
        Some(state) => switch_off(context, at, state),
        None => switch_on(context, at),
    }
}

/// RetailCRM switched the module off at `at`.
fn switch_off(context: &Context<'_>, at: Instant, state: SwitchedOff) -> Handled {
    let platform = context.platform;
    let last = switch::last_on(platform)?;
    // The callback waited while the integration was being switched on: the latest wish counts. Freezing is no wish.
    if state == SwitchedOff::Inactive && at < last.wished {
        platform.log(Level::Info, "the module was switched off before the integration was last switched on; it stays on", &[]);
        return done();
    }
    switch::finish_switching_on(platform)?;
    if switch::state(platform)? != Some(state) {
        platform.log(Level::Warn, "RetailCRM switched the integration off: nothing is sent until it is on again", &[]);
        switch::set_off(platform, state)?;
    }
    // An activation that was wished earlier and took its time has registered the module as active after it was switched off.
    if state == SwitchedOff::Inactive && at < last.registered {
        registration::register(context, false, &[])?;
    }
    done()
}

/// RetailCRM switched the module on again at `at`. A timer activates the integration, and is tried again while RetailCRM does not answer; so
/// a later callback that switches it off does not wait for that.
fn switch_on(context: &Context<'_>, at: Instant) -> Handled {
    let platform = context.platform;
    if switch::state(platform)?.is_none() && !switch::is_switching_on(platform) {
        return done();
    }
    platform.log(Level::Info, "RetailCRM switched the integration on again", &[]);
    switch::begin_switching_on(platform)?;
    switch::clear(platform)?;
    timers::hand_over(platform, TimerName::SwitchOn, &TimerName::SwitchOn.to_string(), at.to_string().into_bytes())?;
    done()
}

/// Activates the integration that RetailCRM has switched on, unless it was switched off since.
pub fn on_switching_on(context: &Context<'_>, payload: &[u8]) -> Handled {
    if !switch::is_switching_on(context.platform) {
        return done();
    }
    let at = std::str::from_utf8(payload).ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| context.platform.now());
    let done = activation::on_activate(context, at)?;
    switch::finish_switching_on(context.platform)?;
    Ok(done)
}

/// Sets the status of a manager's UIS employee to the manager's status in RetailCRM.
fn status(context: &Context<'_>, user: Option<&str>, code: Option<&str>, status: Option<&str>) -> Handled {
    let mnemonic = match status.unwrap_or_default() {
        "free" => "available",
        "busy" => "do_not_disturb",
        "dinner" | "break" => "break",
        other => return Err(Failure::Rejected(format!("there is no status {:?}", crate::base::template::line(other, 40)))),
    };
    let settings = context.settings()?;
    if !settings.telephony || !settings.import_user_statuses {
        context.platform.log(Level::Debug, "a user's status is not imported: telephony or import-user-statuses is off", &[]);
        return done();
    }
    let user_id = user.and_then(|user| user.parse().ok());
    let mut link = user_id.map_or(Ok(None), |user| employee_links::of_user(context.platform, user))?;
    if let (None, Some(code)) = (&link, code) {
        link = employee_links::of_code(context.platform, code)?;
    }
    let Some(link) = link else {
        context.platform.log(
            Level::Info,
            "a status of a user who is not a UIS employee",
            &[("user", &crate::base::template::line(user.unwrap_or_default(), 40))],
        );
        return done();
    };
    let fields = EmployeeFields { last_name: None, first_name: None, patronymic: None, email: None, status: Some(mnemonic.to_owned()) };
    context.platform.update_employee(link.employee_id, &fields).map_err(directory::directory_failure)?;
    done()
}
