//! Prints a replay for people: for each event what the plugin did and what the CRM answered, and a summary at the end.

mod answers;
mod closing;
mod steps;
mod summary;

use std::collections::BTreeMap;
use std::path::Path;

use chrono_tz::Tz;
use uis_harness::effects::{EffectResult, Run, Watcher};
use uis_harness::recording::Header;
use uis_host::event::{Event, Reply};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::ports::Outcome;
use uis_host::trace::Step;

use super::say;
use super::terminal::Terminal;
use steps::{INDENT, Steps};

pub use closing::{Closing, closing};
pub use summary::summary;

/// Prints a replay to standard output while it runs.
pub struct Story {
    verbose: bool,
    zone: Tz,
    day: Option<chrono::NaiveDate>,
    terminal: Terminal,
    steps: Steps,
    /// Events whose last attempt failed as the one before, by integration and delivery id.
    repeated: BTreeMap<(Option<String>, String), Repeated>,
}

/// Attempts of an event that failed in the same way.
struct Repeated {
    /// The event, as in its heading.
    title: String,
    why: String,
    /// How many of the attempts were not printed.
    unprinted: u64,
    /// The time of the last of them, in milliseconds since 1970.
    until: i64,
}

impl Story {
    /// Prints times in this zone. With `verbose`, prints every step and whole bodies.
    pub fn new(verbose: bool, zone: Tz) -> Story {
        let (terminal, steps) = (Terminal::stdout(), Steps::new(verbose, zone));
        Story { verbose, zone, day: None, terminal, steps, repeated: BTreeMap::new() }
    }

    /// The lines before the replay: the recording and the plugin.
    pub fn opening(path: &Path, header: &Header, plugin: &ComponentPlugin) -> String {
        let about = plugin.description();
        let name = if header.name.is_empty() { path.display().to_string() } else { header.name.clone() };
        let how = if plugin.cached { "compiled earlier" } else { "compiled now" };
        format!(
            "recording  {name} ({})\nplugin     {} {}, {} kB, {how}: {} ms\n",
            header.account.timezone,
            about.name,
            about.version,
            plugin.size / 1000,
            plugin.compiled_in.as_millis()
        )
    }

    /// Prints the failures that were counted and not printed yet. Called once, at the end.
    pub fn rest(&mut self) {
        for (_, repeated) in std::mem::take(&mut self.repeated) {
            if let Some(line) = self.counted(&repeated) {
                let line = format!("{} {}: {line}", self.time(repeated.until), repeated.title);
                self.print(&[line]);
            }
        }
    }

    fn time(&mut self, at: i64) -> String {
        let at = uis_host::clock::instant(at).with_timezone(&self.zone);
        let mut out = String::new();
        if self.day != Some(at.date_naive()) {
            self.day = Some(at.date_naive());
            out = format!("\n{}\n", at.format("%Y-%m-%d"));
        }
        out + &at.format("%H:%M:%S").to_string()
    }

    /// How often a failure was repeated without being printed.
    fn counted(&self, repeated: &Repeated) -> Option<String> {
        let until = uis_host::clock::instant(repeated.until).with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S");
        let attempts = if repeated.unprinted == 1 { "attempt" } else { "attempts" };
        (repeated.unprinted > 0).then(|| format!("{} more {attempts} failed in the same way, until {until}", repeated.unprinted))
    }

    fn print(&self, lines: &[String]) {
        let all: Vec<String> = lines.iter().flat_map(|line| line.split('\n')).map(|line| self.terminal.fit(line)).collect();
        say(&format!("{}\n", all.join("\n")));
    }

    /// Whether the run is the repetition of a failure; then it is only counted.
    fn is_repeated(&mut self, run: &Run, title: &str) -> bool {
        let key = (run.integration.clone(), run.id.clone());
        let why = run.effects.iter().find(|effect| effect.result == EffectResult::Failed).map(|effect| effect.what.clone());
        let Some(why) = why.filter(|_| run.comes_again()) else { return false };
        if let Some(before) = self.repeated.get_mut(&key).filter(|before| before.why == why) {
            (before.unprinted, before.until) = (before.unprinted + 1, run.at);
            return true;
        }
        // What was counted for another reason stands before this attempt.
        if let Some(line) = self.repeated.remove(&key).and_then(|before| self.counted(&before)) {
            self.print(&[format!("{INDENT}{line}")]);
        }
        self.repeated.insert(key, Repeated { title: title.to_owned(), why, unprinted: 0, until: run.at });
        false
    }

    /// An activation that succeeded, in one line: how many requests it sent, and what they changed.
    fn activation(run: &Run) -> String {
        let requests = run.steps.iter().filter(|step| matches!(step, Step::Request { .. })).count();
        let done = run.effects.iter().filter(|effect| effect.result == EffectResult::Done).map(|effect| effect.headline());
        std::iter::once(format!(": {requests} requests")).chain(done).collect::<Vec<_>>().join("; ")
    }
}

/// Whether the run is an activation of which nothing needs to be read.
fn is_plain_activation(run: &Run) -> bool {
    let quiet = |step: &Step| !matches!(step, Step::Log { level, .. } if level == "warn" || level == "error");
    let done = matches!(&run.outcome, Outcome::Accepted(Reply::Done(done)) if done.skipped.is_empty());
    matches!(run.event, Event::Activate) && done && run.steps.iter().all(quiet)
}

impl Watcher for Story {
    fn run(&mut self, run: &Run) {
        if !self.verbose && run.is_idle_timer() {
            return;
        }
        let cause = &run.cause;
        let whose = run.integration.as_ref().map(|name| format!("[{name}] ")).unwrap_or_default();
        let subject = if cause.subject.is_empty() { String::new() } else { format!(" {}", cause.subject) };
        let title = format!(" {whose}{}{subject} → {}", cause.event, cause.handler);
        if !self.verbose && self.is_repeated(run, &title) {
            return;
        }
        let again = if cause.attempt > 1 { format!(" (attempt {})", cause.attempt) } else { String::new() };
        let fuel = run.fuel.filter(|_| self.verbose).map(|fuel| format!(", fuel {fuel}")).unwrap_or_default();
        let plain = !self.verbose && is_plain_activation(run);
        let summary = if plain { Story::activation(run) } else { String::new() };
        let time = self.time(run.at);
        let failed = run.effects.iter().any(|effect| effect.result == EffectResult::Failed);
        let mut lines = vec![format!("{time} {title}{again}{fuel}{summary}")];
        if !failed && let Some(before) = self.repeated.remove(&(run.integration.clone(), run.id.clone())) {
            lines.extend(self.counted(&before).map(|line| format!("{INDENT}{line}")));
        }
        if self.verbose {
            lines.extend(steps::event(&run.event));
        }
        if !plain {
            lines.extend(self.steps.lines(run));
        }
        lines.extend(steps::outcome(&run.outcome));
        self.print_run(&lines, failed);
    }

    fn note(&mut self, at: i64, _: u64, text: &str) {
        let line = format!("{}  {}", self.time(at), steps::short(text, self.verbose));
        self.print(&[line]);
    }
}

impl Story {
    /// Prints a run: its heading stands out, requests and answers do not.
    fn print_run(&self, lines: &[String], failed: bool) {
        let mut out = String::new();
        for line in lines.iter().flat_map(|line| line.split('\n')) {
            let fitted = self.terminal.fit(line);
            let detail = fitted.trim_start();
            let styled = match () {
                () if !line.starts_with(INDENT) => self.terminal.strong(&fitted),
                () if detail.starts_with(['→', '←', '·']) => self.terminal.faint(&fitted),
                () if failed => self.terminal.bad(&fitted),
                () if detail.starts_with("skipped") => self.terminal.aside(&fitted),
                () => fitted,
            };
            out += &styled;
            out.push('\n');
        }
        say(&out);
    }
}
