//! Whether the integration runs, and what waits.

use uis_host::ports::IntegrationState;

use super::{length, ok, problem, warning};
use crate::control::Finding;

/// An event that waits longer than this is late: most attempts succeed at once, and pauses between them grow up to a quarter of an hour.
const LATE_MS: i64 = 30 * 60_000;

/// What is known of an integration.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: IntegrationState,
    /// Why it does not run, and what to do.
    pub broken: Option<String>,
    /// What the account's owner should know about the settings.
    pub notes: Vec<String>,
    /// Number of events that wait.
    pub waiting: u64,
    /// How long the oldest of them waits, in milliseconds.
    pub oldest_ms: i64,
    /// Number of dead letters.
    pub dead: u64,
}

/// Judges an integration's state.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let name = &facts.name;
    let state = match (&facts.broken, facts.state) {
        (Some(why), _) => problem("state", format!("it does not run: {why}"), "do what the message says, then check again"),
        (None, IntegrationState::Active) => ok("state", "switched on"),
        (None, IntegrationState::Activating) => warning(
            "state",
            "being switched on: the first step has not succeeded yet, and every event waits for it",
            "correct what is reported below; it is tried again by itself",
        ),
        (None, IntegrationState::Inactive) => {
            warning("state", "switched off, so nothing is delivered", format!("switch it on: uis-gateway integration activate {name}"))
        }
        (None, IntegrationState::Paused) => problem(
            "state",
            "paused, because the CRM refused the key; events wait and nothing is lost",
            format!("enter a valid key: uis-gateway integration set {name} --connection NAME=URL"),
        ),
    };
    let events = match facts.waiting {
        0 => ok("events", "none waits"),
        number if facts.oldest_ms > LATE_MS => warning(
            "events",
            format!("{number} wait, the oldest for {}", length(facts.oldest_ms)),
            "look into the service's log for the reason; most often the CRM is away, or a setting is wrong",
        ),
        number => ok("events", format!("{number} wait, the oldest for {}", length(facts.oldest_ms))),
    };
    let mut findings = vec![state, events];
    if facts.dead > 0 {
        findings.push(warning(
            "events",
            format!("{} dead letters, which are not tried again by themselves", facts.dead),
            format!("read the reasons: uis-gateway dead-letters list --integration {name}; then uis-gateway dead-letters redrive ID"),
        ));
    }
    let note = |note: &String| warning("settings", note.clone(), "correct the setting, or leave it if that is meant");
    findings.extend(facts.notes.iter().map(note));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    fn facts() -> Facts {
        Facts {
            name: "shop".to_owned(),
            state: IntegrationState::Active,
            broken: None,
            notes: Vec::new(),
            waiting: 0,
            oldest_ms: 0,
            dead: 0,
        }
    }

    #[test]
    fn each_state_has_its_verdict_and_remedy() {
        for (state, verdict, remedy) in [
            (IntegrationState::Active, Verdict::Ok, None),
            (IntegrationState::Activating, Verdict::Warning, Some("by itself")),
            (IntegrationState::Inactive, Verdict::Warning, Some("activate shop")),
            (IntegrationState::Paused, Verdict::Problem, Some("set shop")),
        ] {
            let found = &judge(&Facts { state, ..facts() })[0];
            assert_eq!(found.verdict, verdict);
            assert_eq!(found.remedy.is_some(), remedy.is_some());
            assert!(remedy.is_none_or(|part| found.remedy.as_deref().is_some_and(|text| text.contains(part))), "{found:?}");
        }
        let broken = judge(&Facts { broken: Some("no key".to_owned()), ..facts() });
        assert!(broken[0].verdict == Verdict::Problem && broken[0].message.contains("no key"));
    }

    #[test]
    fn late_events_dead_letters_and_notes_are_warnings() {
        let late = Facts { waiting: 3, oldest_ms: LATE_MS + 1, dead: 2, notes: vec!["tasks: nobody gets them".to_owned()], ..facts() };
        let verdicts: Vec<Verdict> = judge(&late).iter().map(|found| found.verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Warning, Verdict::Warning, Verdict::Warning]);
        let early = Facts { waiting: 3, oldest_ms: LATE_MS, ..facts() };
        assert!(judge(&early).iter().all(|found| found.verdict == Verdict::Ok));
    }
}
