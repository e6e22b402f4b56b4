//! Several things made of one appeal: what RetailCRM refuses for good holds up none of the others, and is told once they are done.

use crate::bindings::uis::integration::types::{Failure, Skipped};

/// What the parts came to.
#[derive(Default)]
pub struct StepResults {
    left_out: Vec<Skipped>,
    refused: Option<Failure>,
}

impl StepResults {
    /// Adds one. What may pass, and a refused key, ends the run; it is taken up again where it ended.
    pub fn add(&mut self, step: Result<Vec<Skipped>, Failure>) -> Result<(), Failure> {
        match step {
            Ok(left_out) => self.left_out.extend(left_out),
            Err(refusal @ (Failure::Rejected(_) | Failure::Misconfigured(_))) => drop(self.refused.get_or_insert(refusal)),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Whether one was refused.
    pub fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// What was left out, or the first refusal.
    pub fn into_skipped(self) -> Result<Vec<Skipped>, Failure> {
        match self.refused {
            Some(refusal) => Err(refusal),
            None => Ok(self.left_out),
        }
    }
}
