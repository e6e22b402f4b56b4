//! How far a long replay is: events, their rate, and the time that is left. On a terminal it is a bar on standard error; with `--progress`
//! it is a line now and then anywhere else.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar is shown only for files of at least this size, in bytes; smaller ones are read too fast.
const BAR_FROM: u64 = 1 << 20;

/// How often the bar changes.
const BAR_EVERY: Duration = Duration::from_millis(250);

/// How often a line is printed where no bar can be shown.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The progress of one recording.
pub struct Progress {
    shown: Shown,
    began: Instant,
    /// When it was shown last.
    last: Instant,
    events: u64,
    /// The file's size; none for standard input.
    total: Option<u64>,
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Progress {
    /// The progress of a recording. `asked`: the user wants to see it in any case. `quiet`: nothing is printed meanwhile on standard
    /// output; where something is, a bar would mix with it on the same terminal.
    pub fn of(path: &Path, asked: bool, quiet: bool) -> Progress {
        let total = path.metadata().ok().filter(|data| data.is_file()).map(|data| data.len());
        let is_terminal = std::io::stderr().is_terminal();
        let has_room = quiet || !std::io::stdout().is_terminal();
        let shown = match () {
            () if is_terminal && has_room && (asked || total.is_some_and(|bytes| bytes >= BAR_FROM)) => Shown::Bar(bar(total)),
            () if asked => Shown::Lines,
            () => Shown::Nothing,
        };
        let now = Instant::now();
        Progress { shown, began: now, last: now, events: 0, total }
    }

    /// Another line was played; `bytes` were read so far.
    pub fn advance(&mut self, bytes: u64) {
        self.reach(self.events + 1, bytes);
    }

    /// So many lines were played in all, and so many bytes were read.
    pub fn reach(&mut self, events: u64, bytes: u64) {
        self.events = events;
        let every = match &self.shown {
            Shown::Bar(_) => BAR_EVERY,
            Shown::Lines => LINE_EVERY,
            Shown::Nothing => return,
        };
        let now = Instant::now();
        if now - self.last < every {
            return;
        }
        self.last = now;
        let text = so_far(self.events, bytes, self.total, now - self.began);
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(bytes);
                bar.set_message(text);
            }
            _ => eprintln!("{text}"),
        }
    }

    /// The recording will be played again from its beginning.
    pub fn leave(self) {
        if let Shown::Bar(bar) = self.shown {
            bar.finish_and_clear();
        }
    }

    /// The recording has ended.
    pub fn end(self) {
        match self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines => eprintln!("{}", in_all(self.events, self.began.elapsed())),
            Shown::Nothing => {}
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = if total.is_some() { "{bar:30} {msg}" } else { "{spinner} {msg}" };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// `120000 events, 812 a second, 18 min left`. The time that is left follows from the bytes that are left.
fn so_far(events: u64, bytes: u64, total: Option<u64>, took: Duration) -> String {
    let mut text = format!("{events} events, {} a second", rate(events, took));
    if let (Some(total), 1..) = (total, bytes) {
        let left = took.as_secs_f64() * total.saturating_sub(bytes) as f64 / bytes as f64;
        text += &format!(", {} left", duration(left));
    }
    text
}

fn in_all(events: u64, took: Duration) -> String {
    format!("{events} events in {}, {} a second", duration(took.as_secs_f64()), rate(events, took))
}

fn rate(events: u64, took: Duration) -> u64 {
    (events as f64 / took.as_secs_f64().max(0.001)) as u64
}

/// A duration in words: `45 s`, `18 min`, `2 h 5 min`.
fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes @ 1..60 => format!("{minutes} min"),
        minutes => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_events_their_rate_and_the_time_that_is_left() {
        let after = Duration::from_secs;
        assert_eq!(so_far(50_000, 25, Some(100), after(100)), "50000 events, 500 a second, 5 min left");
        assert_eq!(so_far(10, 99, Some(100), after(5)), "10 events, 2 a second, 0 s left");
        assert_eq!(so_far(10, 1, Some(2000), after(10)), "10 events, 1 a second, 5 h 33 min left");
        // Standard input has no size.
        assert_eq!(so_far(10, 99, None, after(5)), "10 events, 2 a second");
        assert_eq!(in_all(20_006, after(40)), "20006 events in 40 s, 500 a second");
    }
}
