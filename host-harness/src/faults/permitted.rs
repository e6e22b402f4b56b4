//! Differences that are permitted: one file says after which fault which difference may be, and why.

use serde::{Deserialize, Serialize};

use super::judge::Finding;
use super::story::Placed;

/// The file of this repository, for its plugin.
const BUILT_IN: &str = include_str!("../../../docs/permitted-faults.json");

/// One permitted difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The faults after which it may be, by their names; `*` stands for any text.
    pub faults: Vec<String>,
    /// What the fault hits, such as `POST /api/v5/tasks/create`, `out_call` or `on-call-finished`; `*` stands for any text. All places when it is
    /// left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// The recordings, by the end of their name without `.jsonl`; `*` stands for any text. All recordings when it is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<String>,
    /// The differences; `*` stands for any text.
    pub effects: Vec<String>,
    /// Why it may be.
    pub reason: String,
    /// In how many cells it is, in the run over all recordings of this repository. For readers; a run reports how many it found.
    pub cells: usize,
}

/// All permitted differences.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permitted {
    /// The differences, in the order in which they are tried.
    pub permitted: Vec<Line>,
}

impl Permitted {
    /// Reads a file. The error says where and what was expected.
    pub fn read(text: &str) -> Result<Permitted, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| format!("{}: {}", error.path(), error.inner()))
    }

    /// Those of this repository's plugin and recordings.
    pub fn built_in() -> Result<Permitted, String> {
        Permitted::read(BUILT_IN)
    }

    /// The number of the line, from 0, that permits a difference; none if none does, or if it must never be.
    pub fn permits(&self, story: &str, placed: &Placed, finding: &Finding) -> Option<usize> {
        let story = story.strip_suffix(".jsonl").unwrap_or(story);
        let any = |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        self.permitted.iter().position(|line| {
            !finding.never
                && any(&line.faults, placed.cell.fault())
                && (line.places.is_empty() || any(&line.places, &placed.place))
                && (line.recordings.is_empty() || line.recordings.iter().any(|end| matches(&format!("*{end}"), story)))
                && any(&line.effects, &finding.effect)
        })
    }
}

/// Whether a text has the form of a pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(left) = text.strip_prefix(start) else { return false };
    let mut ends = left.char_indices().map(|(at, _)| at).chain([left.len()]);
    ends.any(|at| left.get(at..).is_some_and(|end| matches(rest, end)))
}

#[cfg(test)]
mod tests {
    use super::super::cell::{Cell, EventFault};
    use super::*;

    #[test]
    fn a_difference_is_permitted_by_fault_place_recording_and_effect() {
        let line = |faults: &str, places: &str, recordings: &str| {
            let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
            Line {
                faults: list(faults),
                places: list(places),
                recordings: list(recordings),
                effects: vec!["pop-up missing".into()],
                reason: String::new(),
                cells: 0,
            }
        };
        let placed = Placed { cell: Cell::Event(2, EventFault::Dropped), place: "out_call".into() };
        let finding = |effect: &str, never| Finding { effect: effect.into(), text: String::new(), never };
        let permits = |line: Line, finding: &Finding| Permitted { permitted: vec![line] }.permits("a/b.jsonl", &placed, finding).is_some();
        let popup = finding("pop-up missing", false);
        for (faults, places, recordings, expected) in [
            ("dropped", "", "", true),
            ("late dropped", "out_*", "b", true),
            ("*", "", "a/*", true),
            ("late", "", "", false),
            ("dropped", "in_call", "", false),
            ("dropped", "", "c", false),
        ] {
            assert_eq!(permits(line(faults, places, recordings), &popup), expected, "{faults} {places} {recordings}");
        }
        assert!(!permits(line("dropped", "", ""), &finding("task missing", false)));
        assert!(!permits(line("dropped", "", ""), &finding("pop-up missing", true)));
    }

    #[test]
    fn the_file_of_this_repository_is_readable_and_gives_reasons() {
        let built_in = Permitted::built_in().unwrap_or_else(|error| panic!("docs/permitted-faults.json: {error}"));
        for line in built_in.permitted {
            assert!(!line.faults.is_empty() && !line.effects.is_empty() && line.reason.len() > 20 && line.cells > 0, "{line:?}");
        }
    }
}
