//! What follows from a call's end, once it is in the history: the customer of a talk whose beginning nobody told, the task for a call that
//! nobody answered, the end of a task that somebody called back for, an order, extra fields. All of it once per call.

use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::platform::Platform;
use crate::settings::Settings;
use crate::telephony::lookup::Lookup;
use crate::telephony::story;
use crate::telephony::verdict::{self, Verdict};
use crate::telephony::{contact, fields, missed, orders};

/// Does what is not done yet.
pub fn run(platform: &dyn Platform, session: i64) -> Result<Vec<Skipped>, Failure> {
    let story = story::read(platform, session);
    if story.followed_up {
        return Ok(Vec::new());
    }
    let settings = Settings::load(platform)?;
    let answered = verdict::of(&story) == Verdict::Answered;
    let talked = answered && (verdict::talk_seconds(&story) > 0 || !story.talks.is_empty());
    let mut left_out = Vec::new();
    if let Some(mut lookup) = Lookup::of(platform, &story) {
        if talked {
            if settings.create_contact {
                contact::ensure(platform, session, &story, &settings, &mut lookup)?;
            }
            missed::close(platform, &story, &settings)?;
        } else if !answered {
            left_out = missed::task(platform, session, &story, &settings, &mut lookup)?;
        }
        if talked || !answered {
            orders::make(platform, session, talked, &settings, &mut lookup)?;
        }
        left_out.extend(fields::update(platform, session, &story::read(platform, session), &settings, &mut lookup)?);
    }
    story::tell(platform, session, |story| story.followed_up = true)?;
    Ok(left_out)
}
