//! One run over deals: what its parts share.

use std::cell::RefCell;

use crate::base::outcome::skipped;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::deals::uis_calls::UisCalls;
use crate::settings::Settings;

/// One run.
pub struct Run<'a> {
    /// The event's.
    pub context: &'a Context<'a>,
    /// The settings in force.
    pub settings: &'a Settings,
    /// UIS, asked only so often in one run.
    pub uis: UisCalls,
    left_out: RefCell<Vec<Skipped>>,
}

impl<'a> Run<'a> {
    /// A run that begins, with what earlier runs left out and could not report.
    pub fn new(context: &'a Context<'a>, left_out: Vec<Skipped>) -> Result<Run<'a>, Failure> {
        Ok(Run { context, settings: context.settings()?, uis: UisCalls::default(), left_out: RefCell::new(left_out) })
    }

    /// Something is left out for good, and is reported at the end.
    pub fn leave_out(&self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.borrow_mut().push(skipped(what, why));
    }

    /// All that was left out.
    pub fn into_left_out(self) -> Vec<Skipped> {
        self.left_out.into_inner()
    }
}
