//! Watches the dispatch: a log line and metrics for each attempt, and captures.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::json;
use uis_host::bindings::uis::integration::types::Failure;
use uis_host::decision::RuleVerdict;
use uis_host::event::Fault;
use uis_host::ports::{Entry, KeptEvent, Observer, Origin, Outcome, Problem, ProblemKind};
use uis_host::trace::Step;

use super::disk::{Disk, Room};
use crate::config::Capture;
use crate::requests::session;
use crate::store::{Captured, SqliteStore};

/// Watches the dispatch.
pub struct Watcher {
    /// Where captures are stored.
    pub store: Arc<SqliteStore>,
    /// Which attempts are captured.
    pub capture: Arc<RwLock<Capture>>,
    /// While there is little room on it, attempts are not captured. Problems are: what the owner should know must not be lost.
    pub disk: Arc<Disk>,
}

/// The result of an attempt in one word.
fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Failed(Failure::Retry(_), _) => "retry",
        Outcome::Failed(Failure::Rejected(_), _) => "rejected",
        Outcome::Failed(Failure::Unauthorized(_), _) => "unauthorized",
        Outcome::Failed(Failure::Suspended(_), _) => "suspended",
        Outcome::Failed(Failure::Misconfigured(_), _) => "misconfigured",
        Outcome::Fault(Fault::Trap(_)) => "trap",
        Outcome::Fault(Fault::Limit { .. }) => "limit",
        Outcome::Fault(Fault::Host(_)) => "host",
    }
}

impl Observer for Watcher {
    fn entry(&mut self, entry: Entry<'_>) {
        let result = result(&entry.outcome);
        let again_ms = match entry.outcome {
            Outcome::Failed(_, again) => again,
            _ => None,
        };
        let (handler, session) = (entry.event.handler(), session(entry.event));
        let (integration, attempt, received) = (entry.integration, entry.attempt, entry.origin.0);
        // The delivery id would do, but one call is many deliveries, and people search for the call.
        tracing::info!(
            integration,
            session,
            attempt,
            received,
            handler,
            result,
            again_ms,
            plugin = entry.plugin,
            fuel = entry.fuel,
            "handled"
        );
        metrics::counter!("uis_gateway_events_total", "handler" => handler, "result" => result).increment(1);
        let capture = *self.capture.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = match capture {
            Capture::Off => false,
            Capture::Failed => !matches!(entry.outcome, Outcome::Accepted(_)),
            Capture::All => true,
        };
        if wanted && self.disk.room() == Room::Enough {
            self.store.capture(Captured {
                owner: entry.integration.to_owned(),
                event: entry.id.to_owned(),
                origin: entry.origin.0,
                attempt: entry.attempt,
                at: entry.at,
                outcome: result.to_owned(),
                content: json!({ "outcome": format!("{:?}", entry.outcome), "plugin": entry.plugin, "steps": entry.trace }).to_string(),
            });
        }
    }

    fn note(&mut self, _: i64, origin: Origin, text: &str) {
        // Notes may quote what was received, so only debug shows them.
        tracing::debug!(received = origin.0, text, "note");
    }

    fn problem(&mut self, problem: Problem) {
        let kind = kind(problem.kind);
        tracing::warn!(integration = problem.integration, received = problem.origin.0, kind, "a problem was reported to the owner");
        metrics::counter!("uis_gateway_problems_total", "kind" => kind).increment(1);
        self.store.capture(Captured {
            owner: problem.integration,
            event: String::new(),
            origin: problem.origin.0,
            attempt: 0,
            at: uis_host::clock::Clock::now_ms(&uis_host::clock::SystemClock),
            outcome: format!("problem {kind}"),
            content: json!({ "message": problem.message }).to_string(),
        });
    }

    fn rule_answered(&mut self, _: i64, origin: Origin, step: &Step) {
        let Step::Rule { rule, point, dry_run, failed, verdict, .. } = step else { return };
        // Reasons and changes may contain what somebody wrote; a capture has them.
        let verdict = match verdict {
            RuleVerdict::Keep => "keep",
            RuleVerdict::Change(_) => "change",
            RuleVerdict::Skip(_) => "skip",
            RuleVerdict::NoAnswer(_) => "no answer",
            RuleVerdict::Quarantined(_) => "quarantined",
        };
        let (received, point) = (origin.0, point.name());
        match *dry_run || *failed {
            true => tracing::info!(received, rule, point, verdict, dry_run, "a rule answered"),
            false => tracing::debug!(received, rule, point, verdict, "a rule answered"),
        }
        let applied = if *dry_run { "no" } else { "yes" };
        metrics::counter!("uis_gateway_rule_answers_total", "rule" => rule.clone(), "verdict" => verdict, "applied" => applied)
            .increment(1);
    }

    fn retried(&mut self, _: &KeptEvent) {
        metrics::counter!("uis_gateway_retries_total").increment(1);
    }
}

fn kind(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "unreadable",
        ProblemKind::Rejected => "rejected",
        ProblemKind::Unauthorized => "unauthorized",
        ProblemKind::Suspended => "suspended",
        ProblemKind::Misconfigured => "misconfigured",
        ProblemKind::Trap => "trap",
        ProblemKind::Limit => "limit",
        ProblemKind::Skipped => "skipped",
        ProblemKind::Stale => "stale",
        ProblemKind::Divergence => "divergence",
    }
}
