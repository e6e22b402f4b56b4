//! Address, key and rights of the remote system, and what both accounts lack to work together. Only the plugin knows the remote system, so its
//! `check-connection` is asked; what it finds are sentences that say what to do.

use std::sync::Arc;
use std::time::Instant;

use uis_host::bindings::exports::uis::integration::setup::ConnectionReport;
use uis_host::bindings::uis::integration::types::Failure;
use uis_host::integration::Integration;
use uis_host::plugin::Plugin;
use uis_host::ports::Origin;
use uis_host::services::EventScope;
use uis_host::sync::lock;

use super::{PATIENCE, ok, problem, warning};
use crate::control::Finding;

const SUBJECT: &str = "crm";

/// What the plugin found out.
pub struct Facts {
    /// The addresses of the connections.
    pub addresses: Vec<String>,
    /// The plugin's report, its failure, or what is wrong with the plugin.
    pub report: Result<Result<ConnectionReport, Failure>, String>,
}

/// Asks the plugin.
pub async fn ask(plugin: &dyn Plugin, integration: Arc<Integration>) -> Facts {
    let address = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    let addresses = integration.connections.values().map(|connection| address(&lock(&connection.base))).collect();
    let deadline = Instant::now() + integration.limits.wall_kept.min(PATIENCE);
    let report = plugin.check_connection(EventScope::new(integration, Origin::default(), deadline)).await;
    Facts { addresses, report: report.map_err(|fault| fault.to_string()) }
}

/// Judges what the plugin found. `name` is the integration's.
pub fn judge(facts: &Facts, name: &str) -> Vec<Finding> {
    let at = facts.addresses.join(", ");
    let enter = format!("enter a valid key: uis-gateway integration set {name} --connection NAME=URL");
    match &facts.report {
        Ok(Ok(report)) => judge_report(report, &at, &enter),
        Ok(Err(Failure::Retry(later))) => vec![problem(
            SUBJECT,
            format!("{at} cannot be reached now: {}", later.reason),
            format!("open {at} from this machine; look at DNS, the firewall, and egress.allow-private if the address is private"),
        )],
        Ok(Err(Failure::Unauthorized(why))) => vec![problem(SUBJECT, format!("{at} refuses the key: {why}"), enter)],
        Ok(Err(Failure::Suspended(why))) => {
            vec![problem(SUBJECT, format!("{at} does no work for this account: {why}"), "pay for the account, or ask its support")]
        }
        Ok(Err(Failure::Rejected(why))) => vec![problem(SUBJECT, format!("{at}: {why}"), "correct what the message names")],
        Ok(Err(Failure::Misconfigured(wrong))) => {
            vec![problem(SUBJECT, format!("{at}: {}: {}", wrong.setting, wrong.message), "correct the setting that the message names")]
        }
        Err(fault) => vec![problem(SUBJECT, format!("the plugin could not check {at}: {fault}"), "report this to the plugin's authors")],
    }
}

fn judge_report(report: &ConnectionReport, at: &str, enter: &str) -> Vec<Finding> {
    let mut found = report.findings.iter();
    let mut findings = match (report.usable, found.len()) {
        (true, 0) => vec![ok(SUBJECT, format!("{at} accepts the key, and it has all rights"))],
        (true, _) => vec![ok(SUBJECT, format!("{at} accepts the key"))],
        (false, _) => {
            let first = found.next().cloned().unwrap_or_else(|| "the plugin cannot work with this address and key".to_owned());
            vec![problem(SUBJECT, format!("{at}: {first}"), format!("do what the message says; {enter}"))]
        }
    };
    findings.extend(found.map(|sentence| warning(SUBJECT, sentence.clone(), "do what the message says, or leave it if that is meant")));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;
    use uis_host::bindings::uis::integration::types::RetryLater;

    fn judged(report: Result<Result<ConnectionReport, Failure>, String>) -> Vec<Finding> {
        judge(&Facts { addresses: vec!["https://shop.crm.example".to_owned()], report }, "shop")
    }

    #[test]
    fn an_unusable_connection_is_a_problem_and_single_findings_are_warnings() {
        let report = |usable, findings: &[&str]| {
            let findings = findings.iter().map(|&finding| finding.to_owned()).collect();
            judged(Ok(Ok(ConnectionReport { usable, findings }))).iter().map(|found| found.verdict).collect::<Vec<_>>()
        };
        assert_eq!(report(true, &[]), [Verdict::Ok]);
        assert_eq!(report(true, &["no tasks"]), [Verdict::Ok, Verdict::Warning]);
        assert_eq!(report(false, &["no rights", "no tasks"]), [Verdict::Problem, Verdict::Warning]);
        assert_eq!(report(false, &[]), [Verdict::Problem]);
    }

    #[test]
    fn each_failure_says_what_to_do() {
        for (report, expected) in [
            (Ok(Err(Failure::Retry(RetryLater { after_ms: None, reason: "busy".to_owned() }))), "open https://shop.crm.example"),
            (Ok(Err(Failure::Unauthorized("no".to_owned()))), "integration set shop"),
            (Ok(Err(Failure::Suspended("unpaid".to_owned()))), "pay"),
            (Err("a trap".to_owned()), "authors"),
        ] {
            let found = judged(report);
            assert_eq!((found.len(), found[0].verdict), (1, Verdict::Problem));
            assert!(found[0].remedy.as_deref().is_some_and(|remedy| remedy.contains(expected)), "{found:?}");
        }
    }
}
