//! The findings as a page for people: one line each, and what to do below it.

use crate::control::{CheckReport, Finding, Verdict};

/// The page's lines.
pub fn lines(report: &CheckReport) -> Vec<String> {
    let parts = [("gateway", &report.gateway)].into_iter();
    let parts = parts.chain(report.integrations.iter().map(|checked| (checked.name.as_str(), &checked.findings)));
    let mut lines = Vec::new();
    for (title, findings) in parts.filter(|(_, findings)| !findings.is_empty()) {
        lines.push(title.to_owned());
        let width = findings.iter().map(|found| found.subject.chars().count()).max().unwrap_or(0);
        lines.extend(findings.iter().flat_map(|found| of(found, width)));
    }
    lines.push(sum(report));
    lines
}

fn of(found: &Finding, width: usize) -> Vec<String> {
    let verdict = match found.verdict {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Problem => "PROBLEM",
    };
    let mut lines = vec![format!("  {verdict:7}  {:width$}  {}", found.subject, found.message)];
    lines.extend(found.remedy.iter().map(|remedy| format!("  {:7}  {:width$}  → {remedy}", "", "")));
    lines
}

fn sum(report: &CheckReport) -> String {
    let all = || report.gateway.iter().chain(report.integrations.iter().flat_map(|checked| &checked.findings));
    let count = |verdict: Verdict| all().filter(|found| found.verdict == verdict).count();
    match (count(Verdict::Problem), count(Verdict::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (problems, warnings) => format!("problems: {problems}, warnings: {warnings}"),
    }
}
