//! One entry of the time line: a run of a handler, or a note.

use std::collections::BTreeSet;

use maud::{Markup, html};
use uis_host::trace::{Answer, Step};

use crate::effects::{Effect, EffectResult, Run, Subject};

/// Longer bodies are cut to this many characters.
const BODY_CHARS: usize = 20_000;

/// An entry of the time line.
#[derive(Debug)]
pub(super) enum Entry {
    /// A run of a handler.
    Run(Box<Run>),
    /// Something else that happened.
    Note { at: i64, line: u64, text: String },
}

impl Entry {
    /// When it happened, in milliseconds since 1970.
    pub(super) fn at(&self) -> i64 {
        match self {
            Entry::Run(run) => run.at,
            Entry::Note { at, .. } => *at,
        }
    }

    /// The effects.
    pub(super) fn effects(&self) -> &[Effect] {
        match self {
            Entry::Run(run) => &run.effects,
            Entry::Note { .. } => &[],
        }
    }

    /// Whom and what it is about.
    pub(super) fn about(&self) -> BTreeSet<&Subject> {
        let of_run = match self {
            Entry::Run(run) => Some(&run.about),
            Entry::Note { .. } => None,
        };
        of_run.into_iter().flatten().chain(self.effects().iter().flat_map(|effect| &effect.about)).collect()
    }

    /// What can be chosen in the filter of things: the entities of the effects, and what came of them.
    pub(super) fn things(&self) -> BTreeSet<String> {
        let special = |effect: &Effect| match effect.result {
            EffectResult::Done => None,
            EffectResult::LeftOut => Some("left out".to_owned()),
            EffectResult::Refused | EffectResult::Unknown | EffectResult::NotSent | EffectResult::Failed => Some("failed".to_owned()),
        };
        let entity = |effect: &Effect| Some(effect.entity.clone()).filter(|_| effect.result != EffectResult::Failed);
        self.effects().iter().flat_map(|effect| entity(effect).into_iter().chain(special(effect))).collect()
    }

    /// The entry as HTML; `time` is its time of day.
    pub(super) fn to_html(&self, time: &str) -> Markup {
        let marks: Vec<String> = self.about().iter().map(|subject| subject.to_string()).chain(self.things()).collect();
        let failed = self.effects().iter().any(|effect| effect.result == EffectResult::Failed);
        html! {
            article .failed[failed] data-marks=(marks.join("|")) {
                @match self {
                    Entry::Note { line, text, .. } => p { time { (time) } "line " (line) ": " (text) },
                    Entry::Run(run) => (run_to_html(run, time)),
                }
            }
        }
    }
}

fn run_to_html(run: &Run, time: &str) -> Markup {
    let steps: Vec<String> = run.steps.iter().filter_map(step).collect();
    html! {
        h3 {
            time { (time) }
            @if let Some(name) = &run.integration { "[" (name) "] " }
            (run.cause.event) " " (run.cause.subject)
        }
        div.because { (run.cause.origin()) " → " (run.cause.handler) }
        @if !run.effects.is_empty() {
            ul {
                @for effect in &run.effects {
                    li class=(class(effect.result)) {
                        (effect.headline())
                        @for line in effect.cause.decision_lines() { div.because { (line) } }
                    }
                }
            }
        }
        @if !steps.is_empty() {
            details {
                summary { "steps: " (steps.len()) }
                @for step in &steps { pre { (step) } }
            }
        }
    }
}

fn class(result: EffectResult) -> &'static str {
    match result {
        EffectResult::Done => "done",
        EffectResult::Refused => "refused",
        EffectResult::Unknown => "unknown",
        EffectResult::NotSent => "not-sent",
        EffectResult::LeftOut => "left-out",
        EffectResult::Failed => "failed",
    }
}

/// A step as text; none for steps that only the plugin's author needs.
fn step(step: &Step) -> Option<String> {
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| format!("\n  {name}={value}")).collect::<String>();
    Some(match step {
        Step::Request { connection, method, path, query, form, answer, .. } => {
            let answer = match answer {
                Answer::Response { status, body, .. } => format!("{status} {}", cut(body)),
                Answer::Error { error, message } => format!("{error}: {message}"),
            };
            format!("→ {connection} {method} {path}{}{}\n← {answer}", pairs(query), pairs(form))
        }
        Step::Log { level, message, fields } => format!("{level}: {message}{}", pairs(fields)),
        Step::Decision { subject, decided_by, verdict, why } => {
            let by = if decided_by.is_empty() { String::new() } else { format!(" by {decided_by}") };
            format!("decided{by}: {subject}: {verdict}: {why}")
        }
        Step::Uis { method, subject, answer } => format!("→ UIS {method} {subject}\n← {answer}"),
        Step::Rule { rule, about, verdict, .. } => format!("rule {rule}: {about}: {verdict}"),
        Step::Withheld { what, limit, why } => format!("withheld {what}: {limit}; {why}"),
        Step::TimerSet { .. } | Step::TimerCancelled { .. } | Step::Stored { .. } => return None,
    })
}

fn cut(text: &str) -> String {
    if text.chars().count() <= BODY_CHARS {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(BODY_CHARS).collect::<String>())
}
