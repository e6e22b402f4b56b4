//! Replays an exported recording with its own exchanges as the CRM.

use std::sync::Arc;
use std::time::Duration;

use uis_harness::crm::Crm;
use uis_harness::crm::recorded::Recordings;
use uis_harness::exchanges::difference::Compare;
use uis_harness::exchanges::exchange::{Placed, exchange};
use uis_harness::exchanges::runs::Numbered;
use uis_harness::exchanges::strict::Recorded;
use uis_harness::recording::{self, Happening};
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_harness::report::{Kind, Problem};
use uis_host::plugin::Plugin;
use uis_host::ports::{Entry, Observer, Outcome, ProblemKind};
use uis_host::trace::{Answer, Step};

/// What a replay did, without what is different in a masked one.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    /// Attempts to handle events, with what they did.
    pub attempts: Vec<String>,
    /// Kinds of problems with their lines.
    pub problems: Vec<(u64, Kind)>,
    /// Requests that the recording does not have, and recorded ones that were not sent.
    pub divergences: Vec<String>,
    /// Events delivered, repeated, failed.
    pub counts: (u64, u64, u64),
}

impl Observer for Done {
    fn entry(&mut self, entry: Entry<'_>) {
        let outcome = match &entry.outcome {
            Outcome::Accepted(_) => "accepted".to_owned(),
            Outcome::Failed(failure, again) => {
                let failure = format!("{failure:?}");
                format!("{} {again:?}", failure.split(['(', ' ']).next().unwrap_or_default())
            }
            Outcome::Fault(_) => "fault".to_owned(),
        };
        let steps: Vec<String> = entry.trace.iter().map(step).collect();
        let (line, what, handler) = (entry.origin.0, entry.what, entry.event.handler());
        self.attempts.push(format!("{} line {line} {what} {handler} {}: {outcome}; {}", entry.at, entry.attempt, steps.join(", ")));
    }
}

/// A step without the texts that are different in a masked recording.
fn step(step: &Step) -> String {
    match step {
        Step::Request { method, path, query, form, answer, .. } => {
            let names = |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join("&");
            let answer = match answer {
                Answer::Response { status, .. } => status.to_string(),
                Answer::Error { error, .. } => error.to_string(),
            };
            format!("{method} {} ?{} {} → {answer}", path.matches('/').count(), names(query), names(form))
        }
        Step::Log { level, .. } => format!("log {level}"),
        Step::Decision { decided_by, verdict, .. } => format!("decision {decided_by} {verdict}"),
        Step::TimerSet { name, at, every_ms } => format!("timer {} {at} {every_ms:?}", kind(name)),
        Step::TimerCancelled { name } => format!("timer {} off", kind(name)),
        Step::Stored { key, value } => format!("stored {} {}", kind(key), value.is_some()),
        Step::Uis { method, answer, .. } => format!("uis {method} {}", answer.to_string().split(' ').next().unwrap_or_default()),
        Step::Rule { rule, point, failed, .. } => format!("rule {rule} {point:?} {failed}"),
        Step::Withheld { limit, .. } => format!("withheld {limit}"),
    }
}

/// The kind of thing that a key or a timer's name is about.
fn kind(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

/// Replays a recording.
pub async fn replay(text: &[u8], plugin: Arc<dyn Plugin>) -> Result<Done, String> {
    let (header, mut lines) = recording::open(text).map_err(|(line, error)| format!("line {line}: {error}"))?;
    let clock = clock_for(&mut lines);
    let exchanges = Recorded::new(clock.clone(), Compare::Exactly);
    for line in lines {
        let line = line.map_err(|(number, error)| format!("line {number}: {error}"))?;
        if let Happening::Exchange(value) = line.happening {
            let exchange = exchange(value).map_err(|error| format!("line {}: {error}", line.number))?;
            exchanges.add(Placed { line: line.number, at: line.at, integration: line.integration.unwrap_or_default(), exchange });
        }
    }
    let (_, lines) = recording::open(text).map_err(|(line, error)| format!("line {line}: {error}"))?;
    let recordings = Arc::new(Recordings::new(&header, exchanges));
    let plugin = Arc::new(Numbered::new(plugin, recordings.exchanges.clone()));
    let crm = Crm::Recorded(recordings);
    let mut done = Done::default();
    let builder = ReplayBuilder::new(&header, plugin, crm.system(), clock);
    let replay = builder.ready(&mut done).await.map_err(|error| error.to_string())?;
    let (mut report, _) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await.map_err(|error| error.to_string())?;
    crm.close(&mut report);
    done.counts = (report.delivered, report.retried, report.failed);
    let (divergences, problems): (Vec<Problem>, Vec<Problem>) =
        report.problems.into_iter().partition(|problem| problem.kind == ProblemKind::Divergence.into());
    done.problems = problems.into_iter().map(|problem| (problem.line, problem.kind)).collect();
    done.divergences = divergences.into_iter().map(|problem| format!("line {}: {}", problem.line, problem.message)).collect();
    Ok(done)
}
