//! What follows from a call's end, once the call is in the history: the customer (if the event of the answer was lost), the task for an
//! unanswered call, completing the task if the call was the call back, an order, extra fields. Each is done once per call.
//!
//! If RetailCRM refuses one of them for good, the others are still done, and the refusal is reported.

use crate::appeals::lookup::Lookup;
use crate::appeals::steps::StepResults;
use crate::appeals::{fields, progress};
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, FollowUp};
use crate::telephony::verdict::{self, Verdict};
use crate::telephony::{appeal, contact, missed, orders};

/// Does what is not done yet; none if everything is done. The caller marks it as done, after it has reported what was skipped.
pub fn run(context: &Context<'_>, session: i64) -> Result<Option<StepResults>, Failure> {
    let story = story::read(context, session)?;
    if story.follow_up != FollowUp::Pending {
        return Ok(None);
    }
    let settings = context.settings()?;
    let answered = verdict::of(&story) == Verdict::Answered;
    let talked = answered && (verdict::talk_seconds(&story) > 0 || !story.talks.is_empty());
    let mut steps = StepResults::default();
    let parameters = Parameters::of(context, session, &story)?;
    let appeal = &appeal::of(context, session, &story, &parameters)?;
    if let Some(lookup) = &mut Lookup::of(context, appeal.identity.clone(), &progress::read(context, appeal.id)?) {
        if talked && settings.create_contact {
            steps.add(contact::ensure(context, appeal, &story, lookup))?;
        }
        if talked {
            steps.add(missed::close(context, appeal).map(|()| Vec::new()))?;
        }
        if talked || !answered {
            steps.add(orders::make(context, appeal, &story, talked, lookup))?;
        }
        // After the order, because that may have created the task's customer.
        if !answered {
            steps.add(missed::make(context, appeal, &story, lookup))?;
        }
        steps.add(fields::update(context, appeal, settings.field_rows(), lookup))?;
    }
    Ok(Some(steps))
}
