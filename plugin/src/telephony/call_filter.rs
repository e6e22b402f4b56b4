//! «Фильтровать звонки»: calls that do not pass the filter of their direction create and change nothing. Pop-ups, the history and forwarding
//! stay as they are.

use crate::appeal::Appeal;
use crate::appeals::conditions;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::settings::conditions::Verdict;
use crate::telephony::story::Story;

/// What the filter says about a call, as far as the call is known.
pub fn verdict(context: &Context<'_>, appeal: &Appeal<'_>, story: &Story) -> Result<Verdict, Failure> {
    let settings = context.settings()?;
    if !settings.filter_calls {
        return Ok(Verdict::Pass);
    }
    let verdict = conditions::verdict(context, appeal, &story.settings(settings).filter)?;
    let decided = if verdict == Verdict::Fail { Decided::LeftOut } else { Decided::Done };
    let by = format!("{}-filter", story.direction_name());
    context.decided(format_args!("what {} creates", appeal.id), &by, decided, format_args!("the filter says {verdict:?}"));
    Ok(verdict)
}
