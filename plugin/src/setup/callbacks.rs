//! What RetailCRM tells us of itself: somebody switched the module off or on, a manager's status, the account's settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bindings::exports::uis::integration::setup::Callback;
use crate::bindings::uis::integration::directory::EmployeeFields;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::employees;
use crate::memory;
use crate::outcome::{Handled, done};
use crate::platform::Platform;
use crate::retailcrm::CONNECTION;
use crate::setup::activation;

/// Where it is remembered that RetailCRM switched us off.
const OFF_KEY: &str = "retailcrm/switched-off";

/// That it switched us on again, while what follows from that is not done yet: the call back may have to come again.
const ON_KEY: &str = "retailcrm/switching-on";

/// How RetailCRM took us out of use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Off {
    /// Somebody switched the module off.
    Inactive,
    /// RetailCRM froze it, for its own reasons: money, mostly.
    Frozen,
}

fn off(platform: &dyn Platform) -> Option<Off> {
    memory::load(platform, OFF_KEY)
}

/// Whether RetailCRM switched the module off, or froze it: nothing is sent then.
pub fn switched_off(platform: &dyn Platform) -> bool {
    off(platform).is_some()
}

/// The integration is switched on in UIS, or its settings were saved: what somebody in RetailCRM said before does not count any more, for
/// the module is registered anew. What RetailCRM itself said does: false, it stays frozen until it says otherwise, or until the
/// integration is switched off and on.
pub fn begin(platform: &dyn Platform) -> Result<bool, Failure> {
    if off(platform) == Some(Off::Frozen) {
        return Ok(false);
    }
    end(platform).map(|()| true)
}

/// The integration is switched off in UIS: what RetailCRM said is forgotten.
pub fn end(platform: &dyn Platform) -> Result<(), Failure> {
    memory::forget(platform, OFF_KEY)
}

/// RetailCRM calls back.
pub fn on_callback(platform: &dyn Platform, event: &Callback) -> Handled {
    let parameter = |name: &str| event.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match event.name.as_str() {
        "activity" => activity(platform, event.at, parameter("activity"), parameter("systemUrl")),
        "status" => status(platform, parameter("userId"), parameter("code"), parameter("status")),
        // What it tells is read again from the API, whatever the body says.
        "settings" if !switched_off(platform) => activation::refresh(platform),
        "settings" => done(),
        other => Err(Failure::Rejected(format!("the callback {other:?} is not served"))),
    }
}

/// The module was switched off, frozen, or switched on again; the account may have moved.
fn activity(platform: &dyn Platform, at: Instant, activity: Option<&str>, system_url: Option<&str>) -> Handled {
    let told = activity.and_then(|text| crate::json::parse(text.as_bytes()).ok());
    let Some(told) = told.filter(Value::is_object) else {
        return Err(Failure::Rejected("the callback's activity is not JSON: expected {\"active\":…,\"freeze\":…}".into()));
    };
    if let Some(url) = system_url.filter(|url| !url.trim().is_empty())
        && let Err(why) = platform.propose_base_url(CONNECTION, url.trim())
    {
        // The call is not signed, and our key would be sent there: the host decides, and its no is final.
        platform.log(Level::Warn, "RetailCRM's new address is not taken", &[("url", &crate::template::line(url, 200)), ("why", &why)]);
    }
    let flag = |name: &str, absent: bool| told[name].as_bool().unwrap_or(absent);
    let told = match (flag("active", true), flag("freeze", false)) {
        (_, true) => Some(Off::Frozen),
        (false, false) => Some(Off::Inactive),
        (true, false) => None,
    };
    let begun = memory::load::<bool>(platform, ON_KEY).is_some();
    if told == off(platform) && !(told.is_none() && begun) {
        return done();
    }
    if let Some(told) = told {
        memory::forget(platform, ON_KEY)?;
        platform.log(Level::Warn, "RetailCRM switched the integration off: nothing is sent until it is on again", &[]);
        memory::put(platform, OFF_KEY, &told, None)?;
        return done();
    }
    platform.log(Level::Info, "RetailCRM switched the integration on again", &[]);
    memory::put(platform, ON_KEY, &true, None)?;
    end(platform)?;
    let done = activation::on_activate(platform, at)?;
    memory::forget(platform, ON_KEY)?;
    Ok(done)
}

/// A manager's status in RetailCRM becomes his status in UIS.
fn status(platform: &dyn Platform, user: Option<&str>, code: Option<&str>, status: Option<&str>) -> Handled {
    let mnemonic = match status.unwrap_or_default() {
        "free" => "available",
        "busy" => "do_not_disturb",
        "dinner" | "break" => "break",
        other => return Err(Failure::Rejected(format!("there is no status {:?}", crate::template::line(other, 40)))),
    };
    let by_user = user.and_then(|user| employees::of_user(platform, user.parse().ok()?));
    let Some(tie) = by_user.or_else(|| code.and_then(|code| employees::of_code(platform, code))) else {
        platform.log(
            Level::Info,
            "a status of somebody who is no UIS employee",
            &[("user", &crate::template::line(user.unwrap_or_default(), 40))],
        );
        return done();
    };
    let fields = EmployeeFields { last_name: None, first_name: None, patronymic: None, email: None, status: Some(mnemonic.to_owned()) };
    platform.update_employee(tie.employee_id, &fields).map_err(employees::directory_failure)?;
    done()
}
