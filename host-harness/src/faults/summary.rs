//! The result of many cells, for people and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cell::{Cell, EventFault, RequestFault};
use super::driver::{CellResult, Verdict};
use super::judge::Finding;
use super::permitted::{Line, Permitted};
use super::story::Story;

/// How many cells of one fault, or of all, had which result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All cells.
    pub cells: usize,
    /// The same as without faults.
    pub same: usize,
    /// With permitted differences only.
    pub permitted: usize,
    /// With others.
    pub bad: usize,
}

impl Counts {
    fn add(&mut self, verdict: Verdict) {
        self.cells += 1;
        *match verdict {
            Verdict::Same => &mut self.same,
            Verdict::Permitted => &mut self.permitted,
            Verdict::Bad => &mut self.bad,
        } += 1;
    }
}

/// The cells of one fault.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The fault's name.
    pub fault: &'static str,
    /// The results.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A permitted difference, and in how many cells it was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Used {
    /// The line of the file.
    #[serde(flatten)]
    pub line: Line,
    /// In how many cells it was found.
    pub found: usize,
}

/// A bad cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bad {
    /// The recording.
    pub file: String,
    /// The cell's name.
    pub cell: String,
    /// What the fault hits.
    pub place: String,
    /// What is different and not permitted.
    pub findings: Vec<Finding>,
    /// The command that repeats it.
    pub command: String,
    /// The recording that repeats it, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
}

/// The result of many cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many recordings there were.
    pub files: usize,
    /// All cells.
    #[serde(flatten)]
    pub counts: Counts,
    /// Cells whose result was another one when they were run again.
    pub unsteady: usize,
    /// The cells of each fault.
    pub faults: Vec<Row>,
    /// The permitted differences.
    pub differences: Vec<Used>,
    /// The bad cells.
    pub bad_cells: Vec<Bad>,
}

/// The names of all faults, in order.
fn faults() -> impl Iterator<Item = &'static str> {
    let requests = RequestFault::ALL.iter().map(|fault| fault.name());
    requests.chain(EventFault::ALL.iter().map(|fault| fault.name())).chain([Cell::Crash { attempt: 1, writes: 1 }.fault()])
}

impl Summary {
    /// The summary of these results. `options` are the arguments that a command needs to repeat a cell, besides the file and the cell.
    pub fn of(stories: &[Story], results: &[CellResult], permitted: &Permitted, options: &str) -> Summary {
        let mut counts = Counts::default();
        let mut by_fault: BTreeMap<&str, Counts> = BTreeMap::new();
        let mut found = vec![0; permitted.permitted.len()];
        for result in results {
            counts.add(result.verdict);
            by_fault.entry(result.placed.cell.fault()).or_default().add(result.verdict);
            let mut lines: Vec<usize> = result.findings.iter().filter_map(|(_, by)| *by).collect();
            lines.sort_unstable();
            lines.dedup();
            lines.into_iter().filter_map(|line| found.get_mut(line).map(|count: &mut usize| *count += 1)).for_each(drop);
        }
        let rows = faults().filter_map(|fault| Some(Row { fault, counts: *by_fault.get(fault)? }));
        let used = permitted.permitted.iter().zip(found).map(|(line, found)| Used { line: line.clone(), found });
        Summary {
            files: stories.len(),
            counts,
            unsteady: results.iter().filter(|result| result.unsteady).count(),
            faults: rows.collect(),
            differences: used.collect(),
            bad_cells: results.iter().filter(|result| result.verdict == Verdict::Bad).map(|result| bad(stories, result, options)).collect(),
        }
    }

    /// Permitted differences that were not found. In a run over everything they are errors of the file.
    pub fn unused(&self) -> Vec<&Line> {
        self.differences.iter().filter(|used| used.found == 0).map(|used| &used.line).collect()
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let mut lines = vec![format!("{:<16}{:>9}{:>9}{:>11}{:>7}", "fault", "cells", "same", "permitted", "bad")];
        let row = |name: &str, counts: &Counts| {
            let Counts { cells, same, permitted, bad } = counts;
            format!("{name:<16}{cells:>9}{same:>9}{permitted:>11}{bad:>7}")
        };
        lines.extend(self.faults.iter().map(|one| row(one.fault, &one.counts)));
        lines.push(row("all", &self.counts));
        lines.push(String::new());
        for Used { line, found } in self.differences.iter().filter(|used| used.found > 0) {
            lines.push(format!(
                "permitted in {found} cells: {} after {}: {}",
                line.effects.join(", "),
                line.faults.join(", "),
                line.reason
            ));
        }
        if self.unsteady > 0 {
            lines.push(format!("{} cells had another result when they were run again", self.unsteady));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

fn bad(stories: &[Story], result: &CellResult, options: &str) -> Bad {
    let file = stories.get(result.story).map(|story| story.name.clone()).unwrap_or_default();
    let cell = result.placed.cell.to_string();
    let findings = result.findings.iter().filter(|(_, by)| by.is_none()).map(|(finding, _)| finding.clone()).collect();
    let command = format!("uis-host faults {file} --cell {cell}{options}");
    Bad { file, cell, place: result.placed.place.clone(), findings, command, recording: None }
}

impl Bad {
    /// The bad cell for people.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("bad: {}, {} at {}", self.file, self.cell, self.place)];
        lines.extend(self.findings.iter().map(|finding| format!("  {}: {}", finding.effect, finding.text)));
        lines.push(format!("  repeat it: {}", self.command));
        lines.extend(self.recording.iter().map(|recording| format!("  recording: {recording}")));
        lines.push(String::new());
        lines.join("\n")
    }
}
