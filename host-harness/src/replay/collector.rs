//! Collects the report from what the dispatch does, and passes everything on to the watcher.

use std::sync::{Arc, Mutex};

use chrono::SecondsFormat;
use chrono_tz::Tz;
use uis_host::clock::instant;
use uis_host::ports::{Entry, KeptEvent, Observer, Origin, Problem};
use uis_host::sync::lock;
use uis_host::trace::Step;

use crate::report::{Report, RuleAnswer};

/// Collects the report.
pub(super) struct Collector<'a> {
    pub(super) report: Arc<Mutex<Report>>,
    pub(super) zone: Tz,
    pub(super) watcher: &'a mut dyn Observer,
}

/// A time in the form of the report: RFC 3339 in the account's time zone.
pub(super) fn shown(at: i64, zone: Tz) -> String {
    instant(at).with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

impl Observer for Collector<'_> {
    fn entry(&mut self, entry: Entry<'_>) {
        self.watcher.entry(entry);
    }

    fn note(&mut self, at: i64, origin: Origin, text: &str) {
        self.watcher.note(at, origin, text);
    }

    fn problem(&mut self, problem: Problem) {
        lock(&self.report).problem(problem.origin.0, problem.kind, problem.message.clone());
        self.watcher.problem(problem);
    }

    fn accepted(&mut self, event: &KeptEvent) {
        lock(&self.report).accepted(event);
        self.watcher.accepted(event);
    }

    fn retried(&mut self, event: &KeptEvent) {
        lock(&self.report).retried += 1;
        self.watcher.retried(event);
    }

    fn rule_answered(&mut self, at: i64, origin: Origin, step: &Step) {
        let answer = RuleAnswer { at: shown(at, self.zone), line: origin.0, step: step.clone() };
        lock(&self.report).rule_answered(answer);
        self.watcher.rule_answered(at, origin, step);
    }
}
