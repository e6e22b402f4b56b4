//! Recognising a call that was started by a click in RetailCRM. We give the call a mark, an external id that UIS repeats in the call's events.
//! Where a template of UIS does not contain it, UIS's source of the call says the same, and the click is found by its number and time. An
//! event with neither is about a click's call if the employee for whom UIS dialled calls that number at that time.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::call_events::{Call, Direction};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::telephony::story;

const PREFIX: &str = "retailcrm-user-";
/// UIS's name of the source of a call that was started by a click.
const SOURCE: &str = "retailcrm";
/// How long after a click UIS has begun its call.
const BEGINS_WITHIN_MS: i64 = 120_000;
/// How much UIS's clock may differ from the host's.
const CLOCKS_MS: i64 = 60_000;

/// A click.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Click {
    user: i64,
    employee: i64,
    at: Instant,
}

/// The mark for a CRM user's click.
pub fn of(user: i64, at: Instant) -> String {
    format!("{PREFIX}{user}-{at}")
}

/// The CRM user who clicked, read from the external id in a call's events.
pub fn clicked_by(external_id: Option<&str>) -> Option<i64> {
    external_id?.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

/// Whether UIS says that the call was started by a click.
pub fn is_source(call_source: Option<&str>) -> bool {
    call_source.is_some_and(|source| source.trim().eq_ignore_ascii_case(SOURCE))
}

/// Stores a click, as long as its call may be in UIS's report. Returns its mark.
pub fn remember(context: &Context<'_>, (user, employee): (i64, i64), contact: &str, at: Instant) -> Result<String, Failure> {
    let (mark, click) = (of(user, at), Click { user, employee, at });
    stored::put(context.platform, Key::ClickMark(&mark), &click, Some(story::TTL_MS))?;
    stored::put(context.platform, Key::ClickOn(contact), &click, Some(story::TTL_MS))?;
    Ok(mark)
}

/// Whether the event's call was started by a click in this integration's RetailCRM. The click is stored in the call's story, because later
/// events may not contain it.
pub fn recognise(context: &Context<'_>, call: &Call) -> Result<bool, Failure> {
    let marked = call.external_id.as_deref().filter(|id| clicked_by(Some(id)).is_some());
    let click: Option<Click> = match marked {
        Some(mark) => stored::load(context.platform, Key::ClickMark(mark))?,
        None if is_source(call.call_source.as_deref()) => by_number(context, call, true)?,
        None if may_be_unmarked(call) => by_number(context, call, false)?,
        None => None,
    };
    let Some(click) = click else { return Ok(false) };
    story::update(context, call.session_id, |story| {
        story.own_click = true;
        story.clicked_by = story.clicked_by.or(Some(click.user));
    })?;
    Ok(true)
}

/// Whether the event's template may have left out that the call was clicked.
fn may_be_unmarked(call: &Call) -> bool {
    call.external_id.is_none() && call.call_source.is_none() && call.direction != Some(Direction::Incoming)
}

/// The click on the call's number shortly before the call began, by the employee whom the event names; if UIS says that the call `is_clicked`,
/// the event need not name one.
fn by_number(context: &Context<'_>, call: &Call, is_clicked: bool) -> Result<Option<Click>, Failure> {
    let Some(contact) = &call.contact else { return Ok(None) };
    let click: Option<Click> = stored::load(context.platform, Key::ClickOn(&contact.digits))?;
    let Some(click) = click else { return Ok(None) };
    let known = story::read(context, call.session_id)?;
    let began = call.started_at.or(known.started_at).or(known.first_seen).unwrap_or(call.at);
    let employee = call.employee.as_ref().and_then(|employee| employee.id);
    let in_time = (click.at - CLOCKS_MS..=click.at + BEGINS_WITHIN_MS).contains(&began);
    let by_employee = known.own_click || employee.map_or(is_clicked, |employee| employee == click.employee);
    Ok((in_time && by_employee).then_some(click))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::call_events::FinishKind;
    use crate::bindings::uis::integration::types::EmployeeHint;
    use crate::fake::Fake;
    use crate::settings::Settings;
    use crate::telephony::verdict::tests::finished;

    #[test]
    fn the_user_is_read_back_from_the_mark() {
        assert_eq!(clicked_by(Some(&of(5, 1_700_000_000_000))), Some(5));
        assert_eq!((clicked_by(Some("someone-else-7")), clicked_by(None)), (None, None));
        assert!(is_source(Some(" RetailCRM")) && !is_source(Some("va")) && !is_source(None));
    }

    /// The user whose click a call of this event was started by, if it was clicked here.
    fn user(change: impl Fn(&mut Call)) -> Option<i64> {
        let fake = Fake::default();
        let context = Context::with_settings(&fake, Settings::default());
        remember(&context, (5, 50), "79161234567", 10_000).expect("stored");
        let mut call = finished(FinishKind::Finished).call;
        call.call_source = Some("retailcrm".into());
        change(&mut call);
        let found = recognise(&context, &call).expect("readable");
        let story = story::read(&context, 1).expect("readable");
        assert_eq!(found, story.own_click);
        story.clicked_by
    }

    #[test]
    fn a_click_is_found_by_its_mark_or_by_its_number_and_time() {
        let by = |id: i64| Some(EmployeeHint { id: Some(id), full_name: None, email: None, extension: None });
        let mark = |call: &mut Call, mark: &str| (call.external_id, call.call_source) = (Some(mark.to_owned()), None);
        assert_eq!(user(|_| {}), Some(5));
        assert_eq!(user(|call| mark(call, "retailcrm-user-5-10000")), Some(5));
        assert_eq!(user(|call| mark(call, "retailcrm-user-5-99999")), None, "a click in another integration's RetailCRM");
        assert_eq!(user(|call| call.employee = by(50)), Some(5));
        assert_eq!(user(|call| call.employee = by(51)), None, "somebody else called");
        assert_eq!(user(|call| call.call_source = Some("sip".into())), None);
        assert_eq!(user(|call| call.call_source = None), None, "nobody says that it was clicked");
        assert_eq!(user(|call| (call.call_source, call.employee) = (None, by(50))), Some(5));
        let incoming = |call: &mut Call| (call.call_source, call.employee, call.direction) = (None, by(50), Some(Direction::Incoming));
        assert_eq!(user(incoming), None, "the customer called at the same moment");
        assert_eq!(user(|call| call.at = 10_000_000), None, "long after the click");
        assert_eq!(user(|call| (call.at, call.started_at) = (10_000_000, Some(11_000))), Some(5), "a long call");
        assert_eq!(user(|call| call.contact = None), None);
    }
}
