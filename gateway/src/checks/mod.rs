//! `uis-gateway check`: what a support engineer would look at first, each with what to do about it. Asking and judging are apart: a subject's
//! `ask` finds facts out, its `judge` turns facts into findings and can be tested without anything that runs.
//!
//! Nothing is changed by a check: it sends requests that read.
//!
//! | file | subject |
//! |---|---|
//! | [`service`] | whether events are accepted |
//! | [`storage`] | the store, and the room on its disk |
//! | [`public_url`] | whether `public-url` answers, as seen from inside |
//! | [`state`] | whether the integration runs, and what waits |
//! | [`crm`] | address, key and rights of the remote system, and what both accounts lack to work together |
//! | [`clock`] | this machine's clock against the remote system's |
//! | [`uis`] | access to UIS, employees, virtual numbers, reports |
//! | [`received`] | when the last notifications, routing requests and callbacks came |
//! | [`page`] | the findings as a page for people |

pub mod clock;
pub mod crm;
pub mod page;
pub mod public_url;
pub mod received;
pub mod service;
pub mod state;
pub mod storage;
pub mod uis;

use std::sync::Arc;
use std::time::Duration;

use uis_host::integration::Integration;
use uis_host::plugin::Plugin;

use crate::control::{Finding, Verdict};
use crate::observe::disk::Disk;
use crate::store::SqliteStore;

/// How long a subject is asked at most. Together they stay below the time in which the administrator's listener answers.
const PATIENCE: Duration = Duration::from_secs(40);

/// All is well.
fn ok(subject: &str, message: impl Into<String>) -> Finding {
    Finding { subject: subject.to_owned(), verdict: Verdict::Ok, message: message.into(), remedy: None }
}

/// Something may be wrong.
fn warning(subject: &str, message: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Warning, remedy: Some(remedy.into()), ..ok(subject, message) }
}

/// Something does not work.
fn problem(subject: &str, message: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Problem, remedy: Some(remedy.into()), ..ok(subject, message) }
}

/// A length of time for people, in its largest unit. `ms` are milliseconds.
fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// The first items of a list, separated by commas, and how many there are beyond them.
fn some(items: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

/// Checks what all integrations share. `ready` is whether events are accepted; with the reason when they are not.
pub async fn gateway(store: &SqliteStore, disk: &Disk, ready: Result<(), String>, running: bool, public_url: &str) -> Vec<Finding> {
    let mut findings = service::judge(&ready, running);
    findings.extend(storage::judge(&storage::ask(store, disk).await));
    // Nothing can answer there while the service does not run.
    if running {
        findings.extend(public_url::judge(&public_url::ask(public_url).await));
    }
    findings
}

/// An integration to check.
pub struct Subject<'a> {
    /// The integration, made for this check alone.
    pub integration: Arc<Integration>,
    /// The plugin.
    pub plugin: &'a dyn Plugin,
    /// The store.
    pub store: &'a SqliteStore,
    /// What is known without asking anybody.
    pub facts: state::Facts,
}

/// Checks one integration.
pub async fn integration(subject: Subject<'_>) -> Vec<Finding> {
    let Subject { mut integration, plugin, store, facts } = subject;
    let dates = clock::listen(&mut integration);
    let mut findings = state::judge(&facts);
    let (crm, uis, received) = tokio::join!(
        crm::ask(plugin, integration.clone()),
        uis::ask(&integration.account, integration.clock.now_ms()),
        received::ask(plugin, store, &integration)
    );
    // A key that cannot be read is reported already, and nothing is sent without it.
    if facts.broken.is_none() {
        findings.extend(crm::judge(&crm, &integration.name));
        findings.extend(clock::judge(dates.last()));
    }
    findings.extend(uis::judge(&uis));
    findings.extend(received::judge(&received, &integration.name));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_shown_in_their_largest_unit() {
        for (ms, shown) in [
            (-5, "0 seconds"),
            (1_000, "1 second"),
            (119_000, "119 seconds"),
            (120_000, "2 minutes"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
        ] {
            assert_eq!(length(ms), shown);
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let all: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(some(&all), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more");
        assert_eq!(some(&all[..2]), "0, 1");
    }
}
