//! Several independent steps for one appeal: if RetailCRM refuses one for good, the others still run, and the refusal is reported after
//! them.

use crate::appeals::{missing_fields, progress};
use crate::base::appeal_id::AppealId;
use crate::base::outcome::{REASON_BYTES, fitted, shortened, skipped};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Skipped};
use crate::context::Context;

/// The longest beginning of a refusal that other skipped items follow, in bytes.
const FIRST_BYTES: usize = 600;
/// Room for the number of items that do not fit into a refusal, in bytes.
const MORE_BYTES: usize = 40;

/// The results of the steps.
///
/// A step whose work is done is not repeated when the event is retried, so what it skipped is stored until it is reported. A step that was
/// refused is not done: the retry runs it again.
pub struct StepResults<'a> {
    context: &'a Context<'a>,
    appeal: AppealId,
    left_out: Vec<Skipped>,
    refused: Vec<Failure>,
    /// Whether the appeal's progress holds what is not reported yet.
    stored: bool,
}

impl<'a> StepResults<'a> {
    /// Results that begin with what earlier attempts of this appeal skipped and did not report.
    pub fn resume(context: &'a Context<'_>, appeal: AppealId) -> Result<StepResults<'a>, Failure> {
        let unreported = progress::read(context, appeal)?.unreported;
        let stored = !unreported.is_empty();
        let left_out = unreported.into_iter().map(|(what, why)| skipped(what, why)).collect();
        Ok(StepResults { context, appeal, left_out, refused: Vec::new(), stored })
    }

    /// Adds a step's result. A temporary failure, or a refused key, stops the run; a retry continues with this step.
    pub fn add(&mut self, step: Result<Vec<Skipped>, Failure>) -> Result<(), Failure> {
        match step {
            Ok(left_out) => return self.skip(left_out),
            Err(refusal @ (Failure::Rejected(_) | Failure::Misconfigured(_))) if !self.refused.contains(&refusal) => {
                self.refused.push(refusal);
            }
            Err(Failure::Rejected(_) | Failure::Misconfigured(_)) => {}
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Adds what a step skipped, and stores it: if a later step fails, or the host crashes, the retry does not skip it again.
    fn skip(&mut self, left_out: Vec<Skipped>) -> Result<(), Failure> {
        let before = self.left_out.len();
        for one in left_out {
            if !self.left_out.contains(&one) && !missing_fields::was_reported(self.context.platform, &one) {
                self.left_out.push(one);
            }
        }
        if self.left_out.len() == before {
            return Ok(());
        }
        self.stored = true;
        let unreported: Vec<(String, String)> =
            shortened(self.left_out.clone()).into_iter().map(|skipped| (skipped.what, skipped.why)).collect();
        progress::update(self.context, self.appeal, |progress| progress.unreported.clone_from(&unreported))?;
        missing_fields::remember_reported(self.context.platform, &self.left_out)
    }

    /// Whether nothing was skipped or refused.
    pub fn is_empty(&self) -> bool {
        self.left_out.is_empty() && self.refused.is_empty()
    }

    /// Whether a step was refused.
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// What the steps skipped, or the first refusal with everything else. The event ends with this: it is reported, and not stored any more.
    pub fn into_skipped(self) -> Result<Vec<Skipped>, Failure> {
        if self.stored {
            progress::update(self.context, self.appeal, |progress| progress.unreported.clear())?;
        }
        let mut refused = self.refused.into_iter();
        let Some(first) = refused.next() else { return Ok(self.left_out) };
        let others = refused.map(|refusal| skipped(self.appeal.to_string(), message(refusal)));
        let also: Vec<Skipped> = others.chain(self.left_out).collect();
        for one in &also {
            self.context.platform.log(Level::Warn, "skipped as well", &[("what", &one.what), ("why", &one.why)]);
        }
        Err(with_skipped(first, &also))
    }
}

/// What a refusal says.
fn message(refusal: Failure) -> String {
    match refusal {
        Failure::Rejected(message) => message,
        Failure::Misconfigured(problem) => format!("settings.{}: {}", problem.setting, problem.message),
        Failure::Retry(later) => later.reason,
        Failure::Unauthorized(message) | Failure::Suspended(message) => message,
    }
}

/// A refusal is the only thing that the host reports of a failed event, so it names what else was skipped, as far as the host shows it.
fn with_skipped(refusal: Failure, left_out: &[Skipped]) -> Failure {
    if left_out.is_empty() {
        return refusal;
    }
    let whole = |message: String| {
        let mut text = fitted(&message, FIRST_BYTES);
        for (index, one) in left_out.iter().enumerate() {
            let next = format!("; and {}: {}", one.what, one.why);
            let last = index + 1 == left_out.len();
            if text.len() + next.len() + if last { 0 } else { MORE_BYTES } > REASON_BYTES {
                return format!("{text}; and {} more, see the log", left_out.len() - index);
            }
            text += &next;
        }
        text
    };
    match refusal {
        Failure::Rejected(message) => Failure::Rejected(whole(message)),
        Failure::Misconfigured(problem) => Failure::Misconfigured(Misconfiguration { message: whole(problem.message), ..problem }),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::outcome::retry;
    use crate::fake::Fake;
    use crate::settings::Settings;

    fn said(result: Result<Vec<Skipped>, Failure>) -> String {
        match result {
            Err(Failure::Rejected(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_skipped_is_reported_once_though_a_later_step_failed() {
        let fake = Fake::default();
        let context = Context::with_settings(&fake, Settings::default());
        let id = AppealId::chat(7);
        let mut steps = StepResults::resume(&context, id).expect("readable");
        steps.add(Ok(vec![skipped("field a", "refused")])).expect("a step");
        assert!(steps.add(Err(retry("RetailCRM is busy"))).is_err());

        let mut steps = StepResults::resume(&context, id).expect("readable");
        steps.add(Ok(vec![skipped("field a", "refused"), skipped("task", "nobody")])).expect("a step");
        assert_eq!(steps.into_skipped(), Ok(vec![skipped("field a", "refused"), skipped("task", "nobody")]));

        assert_eq!(StepResults::resume(&context, id).expect("readable").into_skipped(), Ok(Vec::new()), "it was reported");
    }

    #[test]
    fn every_refusal_is_named_and_a_refused_step_is_not_remembered() {
        let fake = Fake::default();
        let context = Context::with_settings(&fake, Settings::default());
        let steps = || StepResults::resume(&context, AppealId::chat(7)).expect("readable");
        let mut both = steps();
        for step in
            [Err(Failure::Rejected("no order".into())), Ok(vec![skipped("field a", "wrong")]), Err(Failure::Rejected("no task".into()))]
        {
            both.add(step).expect("a step");
        }
        both.add(Err(Failure::Rejected("no order".into()))).expect("the same again");
        assert_eq!(said(both.into_skipped()), "no order; and uis-chat-7: no task; and field a: wrong");

        let mut broken_off = steps();
        broken_off.add(Err(Failure::Rejected("no order".into()))).expect("a step");
        assert!(broken_off.add(Err(retry("busy"))).is_err());
        assert!(!steps().is_refused(), "the retry sends the order again");
    }

    #[test]
    fn a_long_list_behind_a_refusal_says_how_many_more_there_are() {
        let fake = Fake::default();
        let context = Context::with_settings(&fake, Settings::default());
        let mut steps = StepResults::resume(&context, AppealId::chat(7)).expect("readable");
        steps.add(Err(Failure::Rejected("ж".repeat(900)))).expect("a step");
        steps.add(Ok((0..50).map(|number| skipped(format!("field {number}"), "the field holds a number")).collect())).expect("a step");
        let said = said(steps.into_skipped());
        assert!(said.len() <= REASON_BYTES && said.contains("…; and field 0: ") && said.ends_with(" more, see the log"), "{said}");
    }
}
