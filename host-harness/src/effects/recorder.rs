//! Watches a replay: makes a [`Run`] of each run of a handler, and keeps the effects.

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use chrono_tz::Tz;
use uis_host::clock::instant;
use uis_host::event::Event;
use uis_host::ports::{Entry, Observer, Origin, Problem};
use uis_host::trace::Step;

use super::run::SetBy;
use super::{Effect, EffectResult, Run};

/// Receives the runs of a replay, in order.
pub trait Watcher: Send {
    /// A handler ran.
    fn run(&mut self, _run: &Run) {}

    /// Something else happened: a text for the log. `at` is in milliseconds since 1970, `line` the recording's line.
    fn note(&mut self, _at: i64, _line: u64, _text: &str) {}

    /// A problem was reported.
    fn problem(&mut self, _problem: &Problem) {}
}

/// A watcher that ignores everything.
impl Watcher for () {}

/// Watches a replay. It keeps every effect, which needs memory in proportion to the recording; [`counting`](Recorder::counting) keeps none.
pub struct Recorder<'a> {
    zone: Tz,
    watcher: &'a mut dyn Watcher,
    keeps: bool,
    count: u64,
    effects: Vec<Effect>,
    /// The timers that are set, by integration and name.
    timers: BTreeMap<(String, String), SetBy>,
    /// The last failure of each event that waits for its next attempt, by integration and delivery id.
    failures: BTreeMap<(String, String), Failed>,
}

/// A failure that the event's next attempt may repeat.
struct Failed {
    why: String,
    /// Its index among the effects that are kept.
    index: usize,
}

impl<'a> Recorder<'a> {
    /// Keeps all effects, and passes every run on. Times are shown in this zone.
    pub fn new(zone: Tz, watcher: &'a mut dyn Watcher) -> Recorder<'a> {
        let (timers, failures) = (BTreeMap::new(), BTreeMap::new());
        Recorder { zone, watcher, keeps: true, count: 0, effects: Vec::new(), timers, failures }
    }

    /// Passes every run on and only counts the effects.
    pub fn counting(zone: Tz, watcher: &'a mut dyn Watcher) -> Recorder<'a> {
        Recorder { keeps: false, ..Recorder::new(zone, watcher) }
    }

    /// How many effects there were. A failure that an event's further attempts repeated counts once.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The effects, in order. A failure that an event's further attempts repeated stands once, with its count.
    pub fn into_effects(self) -> Vec<Effect> {
        self.effects
    }

    /// Remembers who set a timer, so that its effects can be attributed.
    fn note_timers(&mut self, integration: &str, run: &Run) {
        for step in &run.steps {
            match step {
                Step::TimerSet { name, every_ms: None, .. } => {
                    let by = run.cause.set_by.clone().unwrap_or_else(|| {
                        let subject = &run.cause.subject;
                        if subject.is_empty() { run.cause.event.clone() } else { format!("{} ({subject})", run.cause.event) }
                    });
                    self.timers.insert((integration.to_owned(), name.clone()), SetBy { event: by, about: run.about.clone() });
                }
                Step::TimerCancelled { name } => {
                    self.timers.remove(&(integration.to_owned(), name.clone()));
                }
                _ => {}
            }
        }
    }

    fn keep(&mut self, integration: &str, run: &Run) {
        let key = (integration.to_owned(), run.id.clone());
        let before = self.failures.remove(&key);
        for effect in &run.effects {
            let repeated = before.as_ref().filter(|before| effect.result == EffectResult::Failed && before.why == effect.what);
            let index = repeated.map_or(self.effects.len(), |before| before.index);
            match (repeated.is_some(), self.effects.get_mut(index)) {
                (true, Some(earlier)) => {
                    earlier.count += 1;
                    earlier.until = Some(effect.at.clone());
                }
                // Nothing is kept.
                (true, None) => {}
                (false, _) => {
                    self.count += 1;
                    if self.keeps {
                        self.effects.push(effect.clone());
                    }
                }
            }
            if effect.result == EffectResult::Failed && run.comes_again() {
                self.failures.insert(key.clone(), Failed { why: effect.what.clone(), index });
            }
        }
    }
}

impl Observer for Recorder<'_> {
    fn entry(&mut self, entry: Entry<'_>) {
        let integration = entry.integration.to_owned();
        let shown = instant(entry.at).with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, false);
        let key = (integration, entry.event.subject());
        let set_by = matches!(entry.event, Event::TimerDue(_)).then(|| self.timers.get(&key).cloned()).flatten();
        let run = Run::of(entry, shown, set_by.as_ref());
        if set_by.is_some() && !run.comes_again() {
            self.timers.remove(&key);
        }
        if matches!(run.event, Event::Deactivate) {
            // The store forgets them too.
            self.timers.retain(|(of, _), _| *of != key.0);
        }
        self.note_timers(&key.0, &run);
        self.keep(&key.0, &run);
        self.watcher.run(&run);
    }

    fn note(&mut self, at: i64, origin: Origin, text: &str) {
        self.watcher.note(at, origin.0, text);
    }

    fn problem(&mut self, problem: Problem) {
        self.watcher.problem(&problem);
    }
}
