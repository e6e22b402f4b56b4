//! Which integration sends a RetailCRM account's deals, if several integrations of one UIS account have the same RetailCRM account. Two of them
//! would fight over every deal: their settings map statuses and shops differently.
//!
//! The first one that wants to is the owner. It says so in the name of its module in RetailCRM, where the others can read it and people see
//! it. An integration that finds another owner sends no deals and reports this. It becomes the owner when the other one is switched off or
//! stops sending deals, at its next look every two hours or when its settings are saved. If two claim at the same moment, both look again
//! before their first run, and the one whose module has the lower number stays. Integrations of different UIS accounts do not meet: the name contains the UIS account.

use super::{ids, sends};
use crate::base::keys::Key;
use crate::base::outcome::skipped;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::crm_state::module;
use crate::platform::Platform;
use crate::retailcrm::modules;

/// The name of a module.
const NAME: &str = "UIS";

/// The name of the module that sends deals to this UIS account.
fn owners_name(platform: &dyn Platform) -> String {
    format!("{NAME} (сделки: аккаунт {})", platform.account().app_id)
}

/// The name of our module, which is on or off.
pub fn module_name(context: &Context<'_>, active: bool) -> Result<String, Failure> {
    Ok(if active && sends(context)? { owners_name(context.platform) } else { NAME.to_owned() })
}

/// The other module that owns the deals, if any.
pub fn other(platform: &dyn Platform) -> Result<Option<String>, Failure> {
    stored::load(platform, Key::DealsOwnedBy)
}

/// Forgets the other owner until the next look.
pub fn forget(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::DealsOwnedBy)
}

/// Decides whether this integration, whose module is `own`, sends deals. Returns what the owner of the integration should know.
pub fn decide(context: &Context<'_>, own: &str) -> Result<Vec<Skipped>, Failure> {
    let platform = context.platform;
    let before = other(platform)?;
    if !context.settings()?.deals {
        stored::forget(platform, Key::DealsClaimed)?;
        stored::forget(platform, Key::DealsOwnedBy)?;
        return Ok(Vec::new());
    }
    let claimed = stored::exists(platform, Key::DealsClaimed);
    let (name, mut passed_own, mut found) = (owners_name(platform), false, None);
    for code in modules::codes() {
        if code == own {
            passed_own = true;
            continue;
        }
        match modules::find(context.crm, &code)? {
            // The modules after ours see ours first, and give way.
            Some(module) if module.active && module.name == name && !(claimed && passed_own) => found = Some(code),
            None if passed_own => break,
            _ => {}
        }
    }
    match &found {
        None => {
            stored::put(platform, Key::DealsClaimed, &true, None)?;
            stored::forget(platform, Key::DealsOwnedBy)?;
        }
        Some(code) => {
            stored::forget(platform, Key::DealsClaimed)?;
            stored::put(platform, Key::DealsOwnedBy, code, None)?;
        }
    }
    match found.filter(|_| before.is_none()) {
        Some(code) => Ok(vec![skipped("deals", refusal(&code))]),
        None => Ok(Vec::new()),
    }
}

/// Looks for another owner once more before the first run. Integrations that were switched on at the same moment may not have seen each
/// other's modules; by now they are registered. Some: another one sends the deals, and what the owner of the integration should know.
pub fn look_again(context: &Context<'_>) -> Result<Option<Vec<Skipped>>, Failure> {
    let Some(own) = module::code(context.platform)?.filter(|_| ids::is_due(context)) else { return Ok(None) };
    let left_out = decide(context, &own)?;
    Ok(if other(context.platform)?.is_some() { Some(left_out) } else { None })
}

/// Why this integration sends no deals.
pub fn refusal(code: &str) -> String {
    format!(
        "another integration (its module in RetailCRM is {code}) already sends this RetailCRM account's deals; switch deals off in one of \
         the two. If the other one is not in use any more, switch its module off in RetailCRM"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::settings::Settings;

    const OWNER: &str = r#"{"success":true,"integrationModule":{"name":"UIS (сделки: аккаунт 1)","active":true}}"#;
    const OTHER: &str = r#"{"success":true,"integrationModule":{"name":"UIS","active":true}}"#;
    const FOREIGN: &str = r#"{"success":true,"integrationModule":{"name":"UIS (сделки: аккаунт 2)","active":true}}"#;
    const OFF: &str = r#"{"success":true,"integrationModule":{"name":"UIS (сделки: аккаунт 1)","active":false}}"#;
    const NONE: &str = r#"{"success":false,"errorMsg":"Not found"}"#;
    const PATHS: [&str; 3] = ["/api/v5/integration-modules/uis", "/api/v5/integration-modules/uis-2", "/api/v5/integration-modules/uis-3"];

    fn fake(modules: [&str; 3]) -> Fake {
        let statuses = PATHS.into_iter().zip(modules).filter(|(_, body)| *body == NONE).map(|(path, _)| (path, 404));
        Fake { answers: PATHS.into_iter().zip(modules.map(str::to_owned)).collect(), statuses: statuses.collect(), ..Fake::default() }
    }

    fn owned_by(fake: &Fake, own: &str) -> (Option<String>, usize) {
        let context = Context::with_settings(fake, Settings { deals: true, ..Settings::default() });
        let reported = decide(&context, own).expect("decided").len();
        (other(fake).expect("read"), reported)
    }

    #[test]
    fn the_first_that_wants_to_sends_deals() {
        for (modules, own, owner) in [
            ([NONE, NONE, NONE], "uis", None),
            ([OTHER, NONE, NONE], "uis-2", None),
            ([OWNER, NONE, NONE], "uis-2", Some("uis")),
            ([NONE, OWNER, NONE], "uis", Some("uis-2")),
            ([OFF, NONE, NONE], "uis-2", None),
            ([FOREIGN, NONE, NONE], "uis-2", None),
        ] {
            assert_eq!(owned_by(&fake(modules), own), (owner.map(str::to_owned), usize::from(owner.is_some())), "{own} {modules:?}");
        }
    }

    #[test]
    fn of_two_that_claimed_at_once_the_lower_number_stays_and_it_is_reported_once() {
        let both = fake([OWNER, OWNER, NONE]);
        both.set("deals/claimed", "v1:true");
        assert_eq!(owned_by(&both, "uis"), (None, 0));
        assert_eq!(owned_by(&both, "uis-2"), (Some("uis".into()), 1));
        assert_eq!(owned_by(&both, "uis-2"), (Some("uis".into()), 0));
    }
}
