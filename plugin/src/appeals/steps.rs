//! Several independent steps for one appeal: if RetailCRM refuses one for good, the others still run, and the refusal is reported after
//! them.

use crate::bindings::uis::integration::types::{Failure, Skipped};

/// The results of the steps.
#[derive(Default)]
pub struct StepResults {
    left_out: Vec<Skipped>,
    refused: Option<Failure>,
}

impl StepResults {
    /// Adds a step's result. A temporary failure, or a refused key, stops the run; a retry continues with this step.
    pub fn add(&mut self, step: Result<Vec<Skipped>, Failure>) -> Result<(), Failure> {
        match step {
            Ok(left_out) => self.left_out.extend(left_out),
            Err(refusal @ (Failure::Rejected(_) | Failure::Misconfigured(_))) => drop(self.refused.get_or_insert(refusal)),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Whether a step was refused.
    pub fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// What the steps skipped, or the first refusal.
    pub fn into_skipped(self) -> Result<Vec<Skipped>, Failure> {
        match self.refused {
            Some(refusal) => Err(refusal),
            None => Ok(self.left_out),
        }
    }
}
