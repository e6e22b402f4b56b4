//! A recording from life: what integrations received and what they exchanged with the CRM, from the store, as a recording of format 1. It is
//! masked, unless it must not be.
//!
//! | file | what |
//! |---|---|
//! | [`begin`] | the header: the account, and the settings at the beginning |
//! | [`lines`] | lines of requests and captures |
//! | [`about`] | which requests are about a phone |

pub mod about;
pub mod begin;
pub mod lines;

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::control::export::RecordingSubject;
use crate::privacy::pseudonyms::{Pseudonyms, Replaced};
use crate::store::walk::{Met, Walk, walk};
use about::About;
use lines::{Hiding, Lines};

/// What is exported.
#[derive(Debug, Clone)]
pub struct Options {
    /// From when on, in milliseconds since 1970, inclusive.
    pub from: i64,
    /// Until when, in milliseconds since 1970, exclusive.
    pub until: i64,
    /// Only what is about this phone, digits of E.164; and what administrators did.
    pub phone: Option<String>,
    /// Personal data stays.
    pub plain: bool,
}

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// The integrations.
    pub integrations: Vec<String>,
    /// Whether personal data is masked.
    pub masked: bool,
    /// Requests of UIS and of the CRM.
    pub requests: u64,
    /// What administrators did.
    pub doings: u64,
    /// Rows of UIS's reports that the plugin read.
    pub report_rows: u64,
    /// Requests to the CRM with their answers.
    pub exchanges: u64,
    /// Requests whose answers were not captured.
    pub without_exchanges: u64,
    /// Requests that the format has no line for.
    pub left_out: u64,
    /// Rows of the store that are damaged.
    pub damaged: u64,
    /// What was replaced.
    pub replaced: Replaced,
    /// What a replay of the recording lacks, and what to do.
    pub notes: Vec<String>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What was asked for cannot be one recording.
    #[error("{0}")]
    Input(String),
    /// The store cannot be read, or the recording not be written.
    #[error("{0}")]
    Failed(String),
}

impl ExportError {
    fn failed(error: impl std::fmt::Display) -> ExportError {
        ExportError::Failed(error.to_string())
    }
}

/// Writes a recording of integrations that share a UIS account. The store's file is read twice: ids and codes must be known before the first
/// line is masked. Memory is used for the different phones and words, and for ids of six digits or more.
pub fn write(subjects: &[RecordingSubject], options: &Options, to: &mut dyn Write) -> Result<Summary, ExportError> {
    let hidden = match options.plain {
        true => None,
        false => Some(Pseudonyms::random().map_err(ExportError::Failed)?),
    };
    write_with(subjects, options, hidden, to)
}

/// Writes a recording with these pseudonyms; without any it is plain.
pub fn write_with(
    subjects: &[RecordingSubject],
    options: &Options,
    hidden: Option<Pseudonyms>,
    to: &mut dyn Write,
) -> Result<Summary, ExportError> {
    let Some(first) = subjects.first() else { return Err(ExportError::Input("there is no integration; add one".to_owned())) };
    if let Some(other) = subjects.iter().find(|other| other.account != first.account) {
        return Err(ExportError::Input(format!(
            "{} and {} have different UIS accounts, and a recording has one; choose one: --integration {}",
            first.name, other.name, first.name
        )));
    }
    let what = Walk { owners: subjects.iter().map(|subject| subject.name.clone()).collect(), from: options.from, until: options.until };
    let begins = begin::of(subjects, options).map_err(ExportError::failed)?;
    let mut hiding = Hiding(hidden);
    if hiding.0.is_some() {
        begin::learn(subjects, &begins, &mut hiding);
        walk(&first.store, &what, &mut |met| {
            hiding.learn(&met);
            Ok(())
        })
        .map_err(ExportError::failed)?;
    }
    let mut lines = Lines::new(subjects, hiding, to);
    lines.header(subjects, &begins, options).map_err(ExportError::failed)?;
    let mut about = options.phone.as_deref().map(About::phone);
    walk(&first.store, &what, &mut |met| {
        if about.as_mut().is_none_or(|about| about.has(&met)) {
            lines.met(met).map_err(|error| error.to_string())?;
        }
        Ok(())
    })
    .map_err(ExportError::failed)?;
    let mut summary = lines.end().map_err(ExportError::failed)?;
    summary.integrations = what.owners;
    summary.notes = notes(&summary);
    Ok(summary)
}

fn notes(summary: &Summary) -> Vec<String> {
    let mut notes = Vec::new();
    if summary.without_exchanges > 0 {
        notes.push(format!(
            "{} requests were received whose exchanges with the CRM were not captured: a replay with --strict lacks them, one with the \
             simulator does not. From now on they are captured with store.capture = \"all\"",
            summary.without_exchanges
        ));
    }
    if summary.left_out > 0 {
        notes.push(format!("{} requests have bodies that are no forms, which the format has no line for", summary.left_out));
    }
    if summary.damaged > 0 {
        notes.push(format!("{} rows of the store are damaged and were left out; see check-store", summary.damaged));
    }
    notes
}

/// Whether anything was met that is a request of UIS or of the CRM.
fn is_received(met: &Met) -> bool {
    matches!(met, Met::Request(_, request) if matches!(request.kind.as_str(), "notification" | "route" | "callback"))
}
