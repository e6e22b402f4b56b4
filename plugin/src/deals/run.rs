//! One run over deals: what its steps share.

use std::cell::RefCell;

use crate::base::outcome::skipped;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::deals::ids::Ids;
use crate::deals::uis_calls::UisCalls;
use crate::settings::Settings;

/// One run.
pub struct Run<'a> {
    /// The context of the event.
    pub context: &'a Context<'a>,
    /// The settings in force.
    pub settings: &'a Settings,
    /// The ids in UIS.
    pub ids: Ids,
    /// Calls to UIS, limited per run.
    pub uis: UisCalls,
    left_out: RefCell<Vec<Skipped>>,
}

impl<'a> Run<'a> {
    /// Starts a run; `left_out` is what earlier runs skipped and did not report.
    pub fn new(context: &'a Context<'a>, ids: Ids, left_out: Vec<Skipped>) -> Result<Run<'a>, Failure> {
        Ok(Run { context, settings: context.settings()?, ids, uis: UisCalls::default(), left_out: RefCell::new(left_out) })
    }

    /// Skips something for good; it is reported at the end of the run.
    pub fn leave_out(&self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.borrow_mut().push(skipped(what, why));
    }

    /// Everything that was skipped.
    pub fn into_left_out(self) -> Vec<Skipped> {
        self.left_out.into_inner()
    }
}
