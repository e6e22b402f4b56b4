//! A body that an administrator has mended: what it means, checked before anything is stored.

use bytes::Bytes;
use uis_host::event::Event;
use uis_host::notification::MNEMONICS;
use uis_host::ports::KeptEvent;

use crate::control::{ControlError, Edit};
use crate::integrations::building::Built;
use crate::requests::{Raw, callback_again};
use crate::store::finding::{Found, id_of};
use crate::store::originals::Replacement;
use crate::store::requests::Stored;

/// What takes the place of what came.
pub struct Mended {
    /// The number of the request.
    pub request: u64,
    /// Its new body.
    pub replacement: Replacement,
    /// The event that the new body means; none for a request that could not be read, which is read again.
    pub event: Option<KeptEvent>,
}

fn invalid(problem: String) -> ControlError {
    ControlError::Invalid(vec![problem])
}

/// The query and the body that are to be read, and who gives them; none for those that came.
fn replacement(found: &Found, stored: &Stored, edit: &Edit, who: String) -> Result<Replacement, ControlError> {
    match edit {
        Edit::Original => match &found.original {
            Some(original) => Ok(Replacement { query: original.query.clone(), body: original.body.clone(), who: None }),
            None => Err(invalid(format!("the body of {} was never replaced", id_of(&found.listed)))),
        },
        // A request without a body has its parameters in the query.
        Edit::Body(text) if stored.request.body.is_empty() && !stored.request.query.is_empty() => {
            Ok(Replacement { query: text.trim().to_owned(), body: Vec::new(), who: Some(who) })
        }
        Edit::Body(text) => Ok(Replacement { query: stored.request.query.clone(), body: text.clone().into_bytes(), who: Some(who) }),
    }
}

/// Checks another body. The error says what is wrong in it.
pub async fn mend(found: &Found, edit: &Edit, built: &Built, who: String) -> Result<Mended, ControlError> {
    let Some(stored) = &found.request else {
        return Err(invalid(format!(
            "{} has no body: it came from a timer, an action or a report of UIS, or its request was deleted after store.events-days",
            id_of(&found.listed)
        )));
    };
    let replacement = replacement(found, stored, edit, who)?;
    let raw = Raw {
        method: if stored.request.method == "GET" { "GET" } else { "POST" },
        query: replacement.query.clone(),
        content_type: stored.request.content_type.clone(),
        body: Bytes::from(replacement.body.clone()),
    };
    let event = match &found.listed.event {
        // It is read again as a whole; here only that it can be.
        None => notification(&raw, stored, built).await.map(|_| None)?,
        Some(dead) if stored.request.kind == "notification" => {
            let events = notification(&raw, stored, built).await?;
            let same = events.iter().find(|event| event.handler() == dead.event.handler());
            let means: Vec<&str> = events.iter().map(Event::handler).collect();
            let same = same.cloned().ok_or_else(|| {
                invalid(format!("the body now means {}, and the event is {}; keep its type", means.join(", "), dead.event.handler()))
            })?;
            Some(same)
        }
        Some(dead) => Some(callback_again(&dead.event, &raw).ok_or_else(|| {
            invalid(format!("the body of {} cannot be replaced: it is neither a notification of UIS nor a request of the CRM", dead.what))
        })?),
    };
    let event =
        event.zip(found.listed.event.as_ref()).map(|(event, dead)| KeptEvent { ordering_key: event.ordering_key(), event, ..dead.clone() });
    Ok(Mended { request: stored.number, replacement, event })
}

/// The events of a notification, completed as at its receipt.
async fn notification(raw: &Raw, stored: &Stored, built: &Built) -> Result<Vec<Event>, ControlError> {
    let kind = Some(stored.request.what.as_str()).filter(|what| MNEMONICS.contains(what));
    let read = raw.notification(kind, built.zone, stored.request.at);
    let (_, mut events) = read.map_err(|error| invalid(format!("the new body cannot be read: {error}")))?;
    for event in &mut events {
        if let Some(number) = event.call().and_then(|call| call.contact.as_ref())
            && built.integration.account.directory.is_extension(&number.digits).await
        {
            event.set_internal();
        }
    }
    Ok(events)
}
