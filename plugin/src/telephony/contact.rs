//! «Первичные обращения»: a client is created when an employee starts talking with somebody whom RetailCRM does not know; never while the
//! phone rings. Unanswered incoming calls create one at their end, if «Создавать по пропущенным входящим» is on.

use super::assignees;
use crate::appeal::Appeal;
use crate::appeals::lookup::Lookup;
use crate::appeals::{customer, progress};
use crate::base::outcome::{Handled, done, done_with_skipped};
use crate::bindings::uis::integration::call_events::CallAnswered;
use crate::bindings::uis::integration::log::{Level, Verdict as Decided};
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::{Context, choice};
use crate::retailcrm::custom_fields::Entity;
use crate::settings::conditions::Verdict;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Story};
use crate::telephony::{appeal, call_filter};

/// A phone rings, or an employee calls. Whether RetailCRM knows the customer at this moment decides between «Первичные» and «Повторные
/// обращения», even if somebody creates a client by hand while the phone rings. If RetailCRM does not answer, a later event looks the customer
/// up.
pub fn on_call_begun(context: &Context<'_>, session: i64) {
    if let Err(failure) = remember_whether_first(context, session) {
        let call = session.to_string();
        context.platform.log(Level::Info, "the customer is looked up later", &[("call", &call), ("failure", &format!("{failure:?}"))]);
    }
}

fn remember_whether_first(context: &Context<'_>, session: i64) -> Result<(), Failure> {
    let story = story::read(context, session)?;
    let block = story.settings(context.settings()?);
    if story.internal || story.end.is_some() || !(block.creates(true) || block.creates(false)) {
        return Ok(());
    }
    let parameters = Parameters::of(context, session, &story)?;
    let appeal = appeal::of(context, session, &story, &parameters)?;
    let known = progress::read(context, appeal.id)?;
    match Lookup::of(context, appeal.identity.clone(), &known).filter(|_| known.first.is_none()) {
        Some(mut lookup) => customer::is_first(context, &appeal, &mut lookup).map(|_| ()),
        None => Ok(()),
    }
}

/// An employee answered the call.
pub fn on_call_answered(context: &Context<'_>, event: &CallAnswered) -> Handled {
    let session = event.call.session_id;
    let settings = context.settings()?;
    let story = story::read(context, session)?;
    let block = story.settings(settings);
    // Whether the customer is known now decides between «Первичные» and «Повторные обращения», also when something is only created at the end.
    if !block.creates(true) {
        return done();
    }
    let parameters = Parameters::of(context, session, &story)?;
    let appeal = appeal::of(context, session, &story, &parameters)?;
    let Some(mut lookup) = Lookup::of(context, appeal.identity.clone(), &progress::read(context, appeal.id)?) else { return done() };
    match call_filter::verdict(context, &appeal, &story)? {
        Verdict::Pass if block.first.client() => done_with_skipped(ensure(context, &appeal, &story, true, &mut lookup)?),
        // A parameter of the filter may come later, until the call ends.
        Verdict::Pass | Verdict::Undecided => {
            customer::is_first(context, &appeal, &mut lookup)?;
            done()
        }
        Verdict::Fail => done(),
    }
}

/// Makes sure that the caller is a client. `talked`: an employee talked with them.
pub fn ensure(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    story: &Story,
    talked: bool,
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let of_first = story.settings(settings).of_first(talked);
    if of_first.client() {
        let by = format!("{}-first", story.direction_name());
        context.decided(format_args!("client of {}", appeal.id), &by, Decided::Done, format_args!("it is {}", choice(&of_first)));
    }
    let assignee = assignees::of_client(context, story, talked)?;
    let responsibles = assignees::responsibles(settings, story);
    let manager = |lookup: &mut Lookup<'_>| assignee.user(context, appeal, lookup, responsibles);
    customer::ensure(context, appeal, manager, &settings.field_rows(Entity::Customer), lookup)
}

/// When the call has ended: the client whom it created gets the manager that the settings choose now, for example who talked last.
pub fn correct_manager(context: &Context<'_>, appeal: &Appeal<'_>, story: &Story, lookup: &mut Lookup<'_>) -> Result<(), Failure> {
    if !progress::read(context, appeal.id)?.created {
        return Ok(());
    }
    let responsibles = assignees::responsibles(context.settings()?, story);
    let wanted = assignees::of_client(context, story, true)?.user(context, appeal, lookup, responsibles)?;
    customer::correct_manager(context, appeal, wanted)
}
