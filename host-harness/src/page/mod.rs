//! A replay as one HTML page: a time line of the runs with their requests, effects and causes, and filters. The page needs nothing from the
//! network, and everything on it can be read without JavaScript, which only filters.

mod entry;

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use uis_host::ports::Problem;

use crate::effects::{EffectResult, Kind, Run, Subject, Watcher};
use entry::Entry;

/// Collects what the page shows, while a replay runs.
#[derive(Debug)]
pub struct Page {
    zone: chrono_tz::Tz,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

/// The page may load nothing: neither from other servers nor from its own folder.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'none'";

impl Page {
    /// An empty page, with times in this zone.
    pub fn new(zone: chrono_tz::Tz) -> Page {
        Page { zone, entries: Vec::new(), problems: Vec::new() }
    }

    /// The page as HTML. `title` is the recording's.
    pub fn to_html(&self, title: &str) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (title) }
                    style { (PreEscaped(include_str!("page.css"))) }
                }
                body {
                    h1 { (title) }
                    p { (self.summary()) }
                    (self.filters())
                    (self.problems())
                    main { (self.time_line()) }
                    script { (PreEscaped(include_str!("page.js"))) }
                }
            }
        };
        page.into_string()
    }

    fn summary(&self) -> String {
        let of = |result: EffectResult| self.entries.iter().flat_map(Entry::effects).filter(|effect| effect.result == result).count();
        let runs = self.entries.iter().filter(|entry| matches!(entry, Entry::Run(_))).count();
        let failed =
            [EffectResult::Refused, EffectResult::Unknown, EffectResult::NotSent, EffectResult::Failed].map(of).iter().sum::<usize>();
        format!("{runs} runs of handlers: {} effects, {} left out, {failed} failed", of(EffectResult::Done), of(EffectResult::LeftOut))
    }

    /// The filters. They are hidden until the script, without which they do nothing, shows them.
    fn filters(&self) -> Markup {
        let subjects: BTreeSet<&Subject> = self.entries.iter().flat_map(Entry::about).collect();
        let of = |wanted: &dyn Fn(Kind) -> bool| -> Vec<String> {
            subjects.iter().filter(|subject| wanted(subject.kind)).map(|subject| subject.to_string()).collect()
        };
        let things: BTreeSet<String> = self.entries.iter().flat_map(Entry::things).collect();
        html! {
            form hidden {
                (choice("customer", "Customer", &of(&|kind| matches!(kind, Kind::Phone | Kind::Customer))))
                (choice("communication", "Call or chat", &of(&|kind| kind.is_communication())))
                (choice("thing", "What", &things.into_iter().collect::<Vec<_>>()))
                output {}
            }
        }
    }

    fn problems(&self) -> Markup {
        html! {
            @if !self.problems.is_empty() {
                h2 { "Problems" }
                ul {
                    @for problem in &self.problems {
                        li.failed { "line " (problem.origin.0) " " (format!("{:?}", problem.kind).to_lowercase()) ": " (problem.message) }
                    }
                }
            }
        }
    }

    fn time_line(&self) -> Markup {
        let mut day = None;
        html! {
            @for entry in &self.entries {
                @let at = uis_host::clock::instant(entry.at()).with_timezone(&self.zone);
                @if day.replace(at.date_naive()) != Some(at.date_naive()) {
                    h2 { (at.format("%Y-%m-%d")) }
                }
                (entry.to_html(&at.format("%H:%M:%S").to_string()))
            }
        }
    }
}

/// A filter: a list from which one entry or none is chosen.
fn choice(name: &str, title: &str, values: &[String]) -> Markup {
    html! {
        label {
            (title) " "
            select name=(name) {
                option value="" { "all" }
                @for value in values {
                    option value=(value) { (value) }
                }
            }
        }
    }
}

impl Watcher for Page {
    fn run(&mut self, run: &Run) {
        if !run.is_idle_timer() {
            self.entries.push(Entry::Run(Box::new(run.clone())));
        }
    }

    fn note(&mut self, at: i64, line: u64, text: &str) {
        self.entries.push(Entry::Note { at, line, text: text.to_owned() });
    }

    fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_escapes_what_a_recording_contains_and_loads_nothing() {
        let mut page = Page::new(chrono_tz::Europe::Moscow);
        page.note(1_795_417_200_000, 2, "<script>alert(1)</script>");
        let html = page.to_html("A \"title\" & <more>");
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;")
                && html.contains("<title>A &quot;title&quot; &amp; &lt;more&gt;</title>")
        );
        assert!(html.contains("<h2>2026-11-23</h2>") && html.contains("<time>10:00:00</time>"), "{html}");
        for outside in ["src=", "href=", "url(", "@import", "http://", "https://"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
