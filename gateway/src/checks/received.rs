//! When the last notifications, routing requests and callbacks came. What never came was most often never entered on the other side.

use std::collections::BTreeMap;

use uis_host::bindings::exports::uis::integration::setup::CallbackRole;
use uis_host::integration::Integration;
use uis_host::notification::MNEMONICS;
use uis_host::plugin::Plugin;

use super::{length, ok, problem, warning};
use crate::control::Finding;
use crate::requests::Kind;
use crate::store::SqliteStore;

/// After so long without any notification something is wrong, even over a weekend. In milliseconds.
const SILENCE_MS: i64 = 3 * 86_400_000;

/// A callback of the plugin.
pub struct Callback {
    /// Its name.
    pub name: String,
    /// It is the address of a trigger that somebody makes by hand in the CRM.
    pub is_trigger: bool,
}

/// When something last came, in milliseconds since 1970.
pub struct Facts {
    /// The current time.
    pub now: i64,
    /// Notifications of UIS, by their type.
    pub notifications: BTreeMap<String, i64>,
    /// The last routing request.
    pub route: Option<i64>,
    /// Callbacks of the CRM, by their name.
    pub callbacks: BTreeMap<String, i64>,
    /// All callbacks that the plugin has.
    pub known: Vec<Callback>,
    /// From when on requests were looked at; none: all were.
    pub since: Option<i64>,
    /// Why the store gave no answer.
    pub unread: Option<String>,
}

/// Asks the store.
pub async fn ask(plugin: &dyn Plugin, store: &SqliteStore, integration: &Integration) -> Facts {
    let callbacks = &plugin.description().callbacks;
    let known = callbacks.iter().map(|need| Callback { name: need.name.clone(), is_trigger: need.role == CallbackRole::OrderWebhook });
    let mut facts = Facts {
        now: integration.clock.now_ms(),
        notifications: BTreeMap::new(),
        route: None,
        callbacks: BTreeMap::new(),
        known: known.collect(),
        since: None,
        unread: None,
    };
    let wanted = MNEMONICS.len() + 1 + callbacks.len();
    match store.last_received(&integration.name, wanted).await {
        Err(error) => facts.unread = Some(error.to_string()),
        Ok(found) => {
            facts.since = found.since;
            for (kind, what, at) in found.last {
                if kind == Kind::Route.name() {
                    facts.route = facts.route.max(Some(at));
                } else if kind == Kind::Callback.name() {
                    facts.callbacks.insert(what, at);
                } else {
                    facts.notifications.insert(what, at);
                }
            }
        }
    }
    facts
}

/// Judges when something last came. `name` is the integration's.
pub fn judge(facts: &Facts, name: &str) -> Vec<Finding> {
    if let Some(why) = &facts.unread {
        return vec![warning(
            "received",
            format!("when requests came is unknown: {why}"),
            "run uis-gateway check-store while the service is stopped",
        )];
    }
    let mut findings = judge_notifications(facts, name);
    let route = facts
        .route
        .map_or("none came; a scenario asks for it only if it is set up".to_owned(), |at| format!("the last {}", ago(facts, at)));
    findings.push(ok("routing requests", route));
    findings.extend(judge_callbacks(facts, name));
    findings
}

fn ago(facts: &Facts, at: i64) -> String {
    format!("{} ago", length(facts.now - at))
}

fn judge_notifications(facts: &Facts, name: &str) -> Vec<Finding> {
    const SUBJECT: &str = "notifications";
    let enter = format!("enter the addresses in UIS under «Уведомления»: uis-gateway integration addresses {name}");
    let Some(newest) = facts.notifications.values().max() else {
        return vec![problem(SUBJECT, format!("none came{}", looked_at(facts)), enter)];
    };
    let mut findings = Vec::new();
    if facts.now - newest > SILENCE_MS {
        let message = format!("the last of any kind came {}", ago(facts, *newest));
        findings.push(warning(SUBJECT, message, format!("look whether notifications are switched on in UIS; {enter}")));
    }
    let came = MNEMONICS.iter().filter_map(|kind| Some((*kind, *facts.notifications.get(*kind)?)));
    findings.extend(came.map(|(kind, at)| ok(SUBJECT, format!("{kind}: the last {}", ago(facts, at)))));
    let never: Vec<&str> = MNEMONICS.iter().copied().filter(|kind| !facts.notifications.contains_key(*kind)).collect();
    if !never.is_empty() {
        let mut missing = ok(SUBJECT, format!("never came{}: {}", looked_at(facts), never.join(", ")));
        missing.remedy = Some(format!("if the account has such events, {enter}"));
        findings.push(missing);
    }
    findings
}

/// How far back requests were looked at, when there was no time for all.
fn looked_at(facts: &Facts) -> String {
    facts.since.map(|since| format!(" in the last {}", length(facts.now - since))).unwrap_or_default()
}

fn judge_callbacks(facts: &Facts, name: &str) -> Vec<Finding> {
    let subject = |callback: &Callback| if callback.is_trigger { "trigger" } else { "callbacks" };
    let came = facts.known.iter().filter_map(|callback| Some((callback, *facts.callbacks.get(&callback.name)?)));
    let mut findings: Vec<Finding> =
        came.map(|(callback, at)| ok(subject(callback), format!("{}: the last {}", callback.name, ago(facts, at)))).collect();
    let never = |trigger: bool| {
        let never = facts.known.iter().filter(|callback| callback.is_trigger == trigger && !facts.callbacks.contains_key(&callback.name));
        never.map(|callback| callback.name.clone()).collect::<Vec<_>>()
    };
    let (callbacks, triggers) = (never(false), never(true));
    if !callbacks.is_empty() {
        findings.push(ok("callbacks", format!("never came{}: {}", looked_at(facts), callbacks.join(", "))));
    }
    if !triggers.is_empty() {
        let mut missing = ok("trigger", format!("never came{}: {}", looked_at(facts), triggers.join(", ")));
        missing.remedy = Some(format!(
            "if orders become deals, make the trigger in the CRM with the address that uis-gateway integration addresses {name} prints"
        ));
        findings.push(missing);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    const NOW: i64 = 1_795_770_000_000;

    fn facts(notifications: &[(&str, i64)]) -> Facts {
        let known = [("make-call", false), ("order-webhook", true)];
        Facts {
            now: NOW,
            notifications: notifications.iter().map(|(kind, at)| ((*kind).to_owned(), *at)).collect(),
            route: None,
            callbacks: [("make-call".to_owned(), NOW - 60_000)].into(),
            known: known.map(|(name, is_trigger)| Callback { name: name.to_owned(), is_trigger }).into(),
            since: Some(NOW - 10 * 86_400_000),
            unread: None,
        }
    }

    #[test]
    fn silence_is_noticed() {
        let verdict = |facts: &Facts| judge(facts, "shop").iter().map(|found| found.verdict).max();
        assert_eq!(verdict(&facts(&[])), Some(Verdict::Problem), "no notification ever came");
        assert_eq!(verdict(&facts(&[("in_call_session", NOW - SILENCE_MS - 1)])), Some(Verdict::Warning));
        assert_eq!(verdict(&facts(&[("in_call_session", NOW - SILENCE_MS)])), Some(Verdict::Ok));
        let unread = Facts { unread: Some("locked".to_owned()), ..facts(&[]) };
        assert_eq!(verdict(&unread), Some(Verdict::Warning));
    }

    #[test]
    fn each_kind_is_listed_with_its_age_and_the_missing_ones_together() {
        let lines: Vec<String> =
            judge(&facts(&[("in_call_session", NOW - 180_000)]), "shop").iter().map(|found| found.message.clone()).collect();
        assert_eq!(lines[0], "in_call_session: the last 3 minutes ago");
        assert!(
            lines[1].starts_with("never came in the last 10 days: out_call, ") && !lines[1].contains("in_call_session"),
            "{}",
            lines[1]
        );
        assert!(lines.contains(&"make-call: the last 60 seconds ago".to_owned()), "{lines:?}");
        assert!(lines.contains(&"never came in the last 10 days: order-webhook".to_owned()), "{lines:?}");
    }
}
