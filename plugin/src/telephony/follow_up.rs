//! What follows from a call's end, once the call is in the history: the customer (if the event of the answer was lost), the task for an
//! unanswered call, completing the task if the call was the call back, an order, extra fields. Each is done once per call, and none for a
//! call that «Фильтровать звонки» shuts out.
//!
//! If RetailCRM refuses one of them for good, the others are still done, and the refusal is reported.

use crate::appeals::lookup::Lookup;
use crate::appeals::steps::StepResults;
use crate::appeals::{customer, fields, progress};
use crate::base::appeal_id::AppealId;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::custom_fields::Entity;
use crate::settings::conditions;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, FollowUp, Story};
use crate::telephony::verdict::{self, Verdict};
use crate::telephony::{appeal, call_filter, missed, orders};

/// Does what is not done yet; none if everything is done. The caller marks it as done, after it has reported what was skipped.
pub fn run<'a>(context: &'a Context<'_>, session: i64) -> Result<Option<StepResults<'a>>, Failure> {
    let story = story::read(context, session)?;
    if story.follow_up != FollowUp::Pending {
        return Ok(None);
    }
    steps(context, session, &story).map(Some)
}

/// Does what a tag that was set after the call makes possible or changes. What is done already is not repeated.
pub fn run_again<'a>(context: &'a Context<'_>, session: i64) -> Result<StepResults<'a>, Failure> {
    steps(context, session, &story::read(context, session)?)
}

fn steps<'a>(context: &'a Context<'_>, session: i64, story: &Story) -> Result<StepResults<'a>, Failure> {
    let settings = context.settings()?;
    let answered = verdict::of(story) == Verdict::Answered;
    let talked = answered && (verdict::talk_seconds(story) > 0 || !story.talks.is_empty());
    let mut steps = StepResults::resume(context, AppealId::call(session))?;
    let parameters = Parameters::of(context, session, story)?;
    let appeal = &appeal::of(context, session, story, &parameters)?;
    let filtered = call_filter::verdict(context, appeal, story)? != conditions::Verdict::Pass;
    let mut lookup = Lookup::of(context, appeal.identity.clone(), &progress::read(context, appeal.id)?);
    if filtered {
        // A tag may let the call pass later: what counts is who was known when it began.
        if let Some(lookup) = lookup.as_mut().filter(|_| story.settings(settings).creates(talked)) {
            customer::is_first(context, appeal, lookup)?;
        }
    } else if let Some(lookup) = &mut lookup {
        if talked {
            steps.add(missed::close(context, appeal).map(|()| Vec::new()))?;
        }
        if talked || !answered {
            let made = orders::make(context, appeal, story, talked, lookup, &mut steps);
            steps.add(made.map(|()| Vec::new()))?;
        }
        // After the order, because that may have created the task's customer.
        if answered {
            missed::note_answered(context, appeal, story)?;
        } else {
            steps.add(missed::make(context, appeal, story, lookup))?;
        }
        steps.add(fields::update(context, appeal, &settings.field_rows(Entity::Customer), lookup))?;
        steps.add(fields::update_order(context, appeal, &settings.field_rows(Entity::Order), lookup))?;
    }
    Ok(steps)
}
