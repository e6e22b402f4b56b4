//! `uis-host validate FILE…`: checks recordings without running them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use uis_harness::validate::{Finding, Severity, validate};

use super::{say, source};
use crate::exit_status::{FAILED, OK, UNUSABLE};

/// Check recordings without running them
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// Recordings: JSON Lines, format 1; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// What was found in a file; the error is why it cannot be used at all.
type Checked<'a> = (&'a Path, Result<Vec<Finding>, (u64, String)>);

/// Runs the command.
pub fn run(arguments: &ValidateArguments) -> Result<u8> {
    let checked: Vec<Checked<'_>> = arguments.files.iter().map(|path| (path.as_path(), validate(|| source::open(path)))).collect();
    if arguments.json {
        let files: Vec<Value> = checked.iter().map(about).collect();
        say(&format!("{}\n", json!({"files": files})));
    } else {
        checked.iter().for_each(|checked| say(&text(checked)));
    }
    let status = |(_, found): &Checked<'_>| match found {
        Err(_) => UNUSABLE,
        Ok(findings) if count(findings, Severity::Error) > 0 => FAILED,
        Ok(_) => OK,
    };
    Ok(checked.iter().map(status).max().unwrap_or(OK))
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn about((path, found): &Checked<'_>) -> Value {
    let file = path.display().to_string();
    match found {
        Ok(findings) => {
            let (errors, warnings) = (count(findings, Severity::Error), count(findings, Severity::Warning));
            json!({"file": file, "errors": errors, "warnings": warnings, "findings": findings})
        }
        Err((line, why)) => json!({"file": file, "unusable": {"line": line, "message": why}}),
    }
}

fn text((path, found): &Checked<'_>) -> String {
    let file = path.display();
    let findings = match found {
        Err((line, why)) => return format!("{file}:{line}: error: {why}\n"),
        Ok(findings) => findings,
    };
    let mut out = String::new();
    for Finding { line, severity, message, .. } in findings {
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        out.push_str(&format!("{file}:{line}: {severity}: {message}\n"));
    }
    match (count(findings, Severity::Error), count(findings, Severity::Warning)) {
        (0, 0) => out.push_str(&format!("{file}: nothing is wrong\n")),
        (errors, warnings) => out.push_str(&format!("{file}: errors: {errors}, warnings: {warnings}\n")),
    }
    out
}
