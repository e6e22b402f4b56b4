//! Several independent steps for one appeal: if RetailCRM refuses one for good, the others still run, and the refusal is reported after
//! them.

use crate::appeals::progress;
use crate::base::appeal_id::AppealId;
use crate::base::outcome::{shortened, skipped};
use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Skipped};
use crate::context::Context;

/// The results of the steps.
#[derive(Default)]
pub struct StepResults {
    left_out: Vec<Skipped>,
    refused: Option<Failure>,
}

impl StepResults {
    /// Results that begin with what earlier attempts of this appeal skipped and did not report.
    pub fn resume(context: &Context<'_>, appeal: AppealId) -> Result<StepResults, Failure> {
        let unreported = progress::read(context, appeal)?.unreported;
        Ok(StepResults { left_out: unreported.into_iter().map(|(what, why)| skipped(what, why)).collect(), refused: None })
    }

    /// As [`add`](Self::add). When the run stops here, what was skipped so far is stored: its steps are done, so the retry does not skip it
    /// again.
    pub fn add_or_keep(&mut self, context: &Context<'_>, appeal: AppealId, step: Result<Vec<Skipped>, Failure>) -> Result<(), Failure> {
        let added = self.add(step);
        if added.is_err() && !self.left_out.is_empty() {
            let unreported: Vec<(String, String)> =
                shortened(self.left_out.clone()).into_iter().map(|skipped| (skipped.what, skipped.why)).collect();
            progress::update(context, appeal, |progress| progress.unreported.clone_from(&unreported))?;
        }
        added
    }

    /// Adds a step's result. A temporary failure, or a refused key, stops the run; a retry continues with this step.
    pub fn add(&mut self, step: Result<Vec<Skipped>, Failure>) -> Result<(), Failure> {
        match step {
            Ok(left_out) => self.left_out.extend(left_out),
            Err(refusal @ (Failure::Rejected(_) | Failure::Misconfigured(_))) => drop(self.refused.get_or_insert(refusal)),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Whether anything was skipped that is not reported yet.
    pub fn is_resumed(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Whether a step was refused.
    pub fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// What the steps skipped, or the first refusal.
    pub fn into_skipped(self) -> Result<Vec<Skipped>, Failure> {
        match self.refused {
            Some(refusal) => Err(with_skipped(refusal, &self.left_out)),
            None => Ok(self.left_out),
        }
    }
}

/// A refusal is the only thing that the host reports of a failed event, so it names what else was skipped.
pub fn with_skipped(refusal: Failure, left_out: &[Skipped]) -> Failure {
    if left_out.is_empty() {
        return refusal;
    }
    let also: Vec<String> = left_out.iter().map(|skipped| format!("{}: {}", skipped.what, skipped.why)).collect();
    let also = also.join("; ");
    match refusal {
        Failure::Rejected(message) => Failure::Rejected(format!("{message}; and {also}")),
        Failure::Misconfigured(problem) => {
            Failure::Misconfigured(Misconfiguration { message: format!("{}; and {also}", problem.message), ..problem })
        }
        other => other,
    }
}
