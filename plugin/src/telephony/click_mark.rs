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
/// At most this many clicks on one number are stored, the newest.
const CLICKS_MAX: usize = 20;
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

/// The clicks on one number, oldest first. Several people may click it within seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredClicks")]
struct Clicks(Vec<Click>);

/// As [`Clicks`], or the only click, as old versions stored it.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredClicks {
    Many(Vec<Click>),
    One(Click),
}

impl From<StoredClicks> for Clicks {
    fn from(stored: StoredClicks) -> Clicks {
        match stored {
            StoredClicks::Many(all) => Clicks(all),
            StoredClicks::One(one) => Clicks(vec![one]),
        }
    }
}

impl Clicks {
    fn add(&mut self, click: Click) {
        // A change may run several times.
        self.0.retain(|known| *known != click);
        self.0.push(click);
        let too_many = self.0.len().saturating_sub(CLICKS_MAX);
        self.0.drain(..too_many);
    }

    /// The click, among those that `fits` accepts, that is the nearest to the beginning of its call.
    fn nearest(&self, began: Instant, fits: impl Fn(&Click) -> bool) -> Option<&Click> {
        let in_time = |click: &&Click| (click.at - CLOCKS_MS..=click.at + BEGINS_WITHIN_MS).contains(&began);
        self.0.iter().filter(in_time).filter(|click| fits(click)).min_by_key(|click| (click.at - began).abs())
    }
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
    stored::update(context.platform, Key::ClickOn(contact), Some(story::TTL_MS), |clicks: &mut Clicks| clicks.add(click.clone()))?;
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

/// The click on the call's number shortly before the call began, by the employee whom the event names, or who already called; if UIS says that
/// the call `is_clicked`, nobody need be named.
fn by_number(context: &Context<'_>, call: &Call, is_clicked: bool) -> Result<Option<Click>, Failure> {
    let Some(contact) = &call.contact else { return Ok(None) };
    let clicks: Option<Clicks> = stored::load(context.platform, Key::ClickOn(&contact.digits))?;
    let Some(clicks) = clicks else { return Ok(None) };
    let known = story::read(context, call.session_id)?;
    let began = call.started_at.or(known.started_at).or(known.first_seen).unwrap_or(call.at);
    if let Some(user) = known.clicked_by.filter(|_| known.own_click) {
        return Ok(clicks.nearest(began, |click| click.user == user).cloned());
    }
    let employee = call.employee.as_ref().and_then(|employee| employee.id);
    let named = employee.or_else(|| known.legs.first().map(|leg| leg.employee_id));
    let by_employee = |click: &Click| named.map_or(is_clicked, |employee| employee == click.employee);
    Ok(clicks.nearest(began, by_employee).cloned())
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

    #[test]
    fn clicks_of_several_people_on_one_number_are_kept_apart() {
        let fake = Fake::default();
        let context = Context::with_settings(&fake, Settings::default());
        fake.set("click-on/79161234567", r#"v1:{"user":9,"employee":90,"at":9000}"#);
        for (user, employee, at) in [(5, 50, 10_000), (6, 60, 10_500)] {
            remember(&context, (user, employee), "79161234567", at).expect("stored");
        }
        let clicked = |session: i64, employee: Option<i64>, source: Option<&str>, at: Instant| {
            let mut call = finished(FinishKind::Finished).call;
            (call.session_id, call.call_source, call.at) = (session, source.map(str::to_owned), at);
            call.employee = employee.map(|id| EmployeeHint { id: Some(id), full_name: None, email: None, extension: None });
            recognise(&context, &call).expect("readable");
            story::read(&context, session).expect("readable").clicked_by
        };
        assert_eq!(clicked(1, Some(50), None, 11_000), Some(5));
        assert_eq!(clicked(2, Some(60), None, 11_000), Some(6));
        assert_eq!(clicked(3, Some(90), Some("retailcrm"), 11_000), Some(9), "stored by an old version");
        assert_eq!(clicked(4, Some(70), None, 11_000), None);
        assert_eq!(clicked(1, None, Some("retailcrm"), 60_000), Some(5), "a later event that names nobody");
        assert_eq!(clicked(5, None, Some("retailcrm"), 10_600), Some(6), "the nearest, where nobody is named");
    }

    #[test]
    fn the_newest_clicks_on_a_number_are_kept() {
        let mut clicks = Clicks::default();
        (0..30).for_each(|at| clicks.add(Click { user: 5, employee: 50, at }));
        clicks.add(Click { user: 5, employee: 50, at: 29 });
        assert_eq!((clicks.0.len(), clicks.0[0].at, clicks.0[19].at), (CLICKS_MAX, 10, 29));
    }
}
