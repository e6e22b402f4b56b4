//! Finding events, and putting dead letters right.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{FutureExt, StreamExt};
use uis_host::clock::instant;

use super::detail;
use super::mending::{self, Mended};
use super::{Administrator, Deliverer, store_failed};
use crate::audit::{Act, AuditEntry, actor};
use crate::control::{
    Answer, ControlError, DeadLetterView, Edit, EventDetail, EventPage, EventQuery, Events, IntegrationView, NotRedriven, ReasonView,
    Reasons, RedriveReport, RedriveRequest,
};
use crate::privacy::masking;
use crate::store::finding::{Found, Search, id_of};
use crate::store::listing::{Cursor, Filter, Listed, Order, State};
use crate::store::pauses::Pause;

/// Events of an answer, unless the request says how many.
const EVENTS: u16 = 50;
/// Most events of an answer.
const MOST_EVENTS: u16 = 1000;
/// Dead letters that one request puts back.
const AT_ONCE: usize = 1000;
/// Dead letters that are put back without waiting for the disk in between. They are put back in their order all the same.
const BESIDE: usize = 64;
/// Reasons of failed re-drives that one answer lists.
const FAILED: usize = 100;
/// Different reasons that are counted apart.
const REASONS: usize = 1000;

fn invalid(problem: String) -> ControlError {
    ControlError::Invalid(vec![problem])
}

/// A time as people write it: RFC 3339, or a day, which begins at midnight UTC.
pub fn time(member: &str, written: &str) -> Result<i64, ControlError> {
    if let Ok(day) = written.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    }
    let time = written.parse::<DateTime<Utc>>();
    time.map(|time| time.timestamp_millis())
        .map_err(|_| invalid(format!("{member}: {written:?} is no time; write 2026-11-27 or 2026-11-27T09:00:00+03:00")))
}

fn states(written: &str) -> Result<Vec<State>, ControlError> {
    let state = |name: &str| match name.trim() {
        "waiting" => Ok(State::Waiting),
        "done" => Ok(State::Done),
        "dead" => Ok(State::Dead),
        "unreadable" => Ok(State::Unreadable),
        other => Err(invalid(format!("state: {other:?} is no state; write waiting, done, dead or unreadable"))),
    };
    written.split(',').map(state).collect()
}

/// The digits of a phone number as events have them.
fn digits(written: &str) -> Result<String, ControlError> {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 4 {
        return Err(invalid("phone: write at least its last 4 digits".to_owned()));
    }
    // 8 in place of 7 is how numbers are dialled within Russia.
    Ok(if digits.len() == 11 && digits.starts_with('8') { format!("7{}", &digits[1..]) } else { digits })
}

fn filter(query: &EventQuery) -> Result<Filter, ControlError> {
    Ok(Filter {
        integration: query.integration.clone(),
        states: query.state.as_deref().map_or(Ok(Vec::new()), states)?,
        what: query.what.clone(),
        session: query.session,
        phone: query.phone.as_deref().map(digits).transpose()?,
        from: query.from.as_deref().map(|from| time("from", from)).transpose()?,
        to: query.to.as_deref().map(|to| time("to", to)).transpose()?,
        reason: query.reason.clone(),
    })
}

/// Only dead letters and requests that could not be read.
fn of_dead(query: &EventQuery) -> Result<Filter, ControlError> {
    Ok(Filter { states: vec![State::Dead, State::Unreadable], ..filter(query)? })
}

fn cursor(written: Option<&str>, begin: Cursor) -> Result<Cursor, ControlError> {
    let Some(written) = written else { return Ok(begin) };
    let parts =
        written.split_once('.').and_then(|(event, request)| Some(Cursor { event: event.parse().ok()?, request: request.parse().ok()? }));
    parts.ok_or_else(|| invalid(format!("after: {written:?} is no cursor; copy it from `next` of the answer before")))
}

fn written(cursor: Cursor) -> String {
    format!("{}.{}", cursor.event, cursor.request)
}

/// The names of what was filtered by, for the audit log: no values.
fn filtered_by(query: &EventQuery) -> String {
    let value = serde_json::to_value(query).unwrap_or_default();
    let names = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| *name != "reveal");
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() { "all".to_owned() } else { format!("by {names}") }
}

impl<D: Deliverer> Administrator<D> {
    /// Integrations must exist, so that a misspelt name is not an empty list.
    async fn known(&self, query: &EventQuery) -> Result<(), ControlError> {
        match &query.integration {
            Some(name) => self.0.book().find(name).await.map(drop),
            None => Ok(()),
        }
    }

    async fn page(&self, query: EventQuery) -> Result<EventPage, ControlError> {
        self.known(&query).await?;
        let limit = query.limit.unwrap_or(EVENTS);
        if limit == 0 || limit > MOST_EVENTS {
            return Err(invalid(format!("limit: {limit} is not from 1 to {MOST_EVENTS}")));
        }
        if query.reveal {
            let integration = query.integration.clone().unwrap_or_default();
            self.note(AuditEntry::new(Act::Reveal).of(&integration).with(format!("a list of events, {}", filtered_by(&query)))).await?;
        }
        let after = cursor(query.after.as_deref(), Cursor::END)?;
        let store = self.0.book().store.clone();
        let page = store.listed(filter(&query)?, after, Order::NewestFirst, limit.into()).await.map_err(store_failed)?;
        Ok(EventPage {
            events: page.found.iter().map(|listed| detail::view(listed, query.reveal)).collect(),
            next: page.next.map(written),
            out_of_time: page.out_of_time,
        })
    }

    /// An event, or the error that says why it was not found.
    async fn found(&self, id: &str) -> Result<Found, ControlError> {
        match self.0.book().store.find(id).await.map_err(store_failed)? {
            Search::Found(found) => Ok(*found),
            Search::Nowhere => Err(ControlError::Unknown(format!(
                "there is no event {id:?}; find its number: uis-gateway events. Ended events are deleted after store.events-days"
            ))),
            Search::OutOfTime => Err(ControlError::Unknown(format!(
                "{id:?} is not among the events that could be looked at in time; find its number with a filter: uis-gateway events --from … --to …"
            ))),
        }
    }

    async fn shown(&self, id: &str, reveal: bool) -> Result<EventDetail, ControlError> {
        let found = self.found(id).await?;
        if reveal {
            let entry = AuditEntry::new(Act::Reveal).of(&found.listed.owner).about(id_of(&found.listed)).with("an event");
            self.note(entry).await?;
        }
        Ok(detail::whole(&found, reveal))
    }

    async fn by_reason(&self, query: EventQuery) -> Result<Reasons, ControlError> {
        self.known(&query).await?;
        let store = self.0.book().store.clone();
        let (found, walked) = store.summed(of_dead(&query)?, Grouped::default(), Grouped::add).await.map_err(store_failed)?;
        Ok(Reasons { reasons: found.into_views(), out_of_time: walked.out_of_time })
    }

    async fn preview(&self, query: &EventQuery) -> Result<RedriveReport, ControlError> {
        let count = |(report, bounds): &mut (RedriveReport, Option<(i64, i64)>), listed: Listed| {
            report.count += 1;
            *report.integrations.entry(listed.owner).or_default() += 1;
            let (oldest, newest) = bounds.unwrap_or((listed.received, listed.received));
            *bounds = Some((oldest.min(listed.received), newest.max(listed.received)));
        };
        let store = self.0.book().store.clone();
        let begin = (RedriveReport::default(), None);
        let ((report, bounds), walked) = store.summed(of_dead(query)?, begin, count).await.map_err(store_failed)?;
        let at = |at: i64| instant(at).to_rfc3339();
        let (oldest, newest) = bounds.map(|(oldest, newest)| (at(oldest), at(newest))).unzip();
        Ok(RedriveReport { oldest, newest, out_of_time: walked.out_of_time, ..report })
    }

    /// Puts up to [`AT_ONCE`] dead letters back. What dies again meanwhile is not put back twice: its number is behind the cursor.
    async fn put_back(&self, request: &RedriveRequest) -> Result<RedriveReport, ControlError> {
        let after = cursor(request.after.as_deref(), Cursor::BEGIN)?;
        let store = self.0.book().store.clone();
        let page = store.listed(of_dead(&request.filter)?, after, Order::OldestFirst, AT_ONCE).await.map_err(store_failed)?;
        let mut report = RedriveReport { next: page.next.map(written), ..RedriveReport::default() };
        if let (Some(first), Some(last)) = (page.found.first(), page.found.last()) {
            report.oldest = Some(instant(first.received).to_rfc3339());
            report.newest = Some(instant(last.received).to_rfc3339());
        }
        let mut done = futures_util::stream::iter(page.found)
            .map(|listed| async move {
                let end = self.put_one_back(&listed).await;
                (listed, end)
            })
            .buffered(BESIDE);
        while let Some((listed, end)) = done.next().await {
            match end {
                Ok(()) => {
                    report.count += 1;
                    *report.integrations.entry(listed.owner).or_default() += 1;
                }
                Err(error) if report.failed.len() < FAILED => {
                    report.failed.push(NotRedriven { id: id_of(&listed), why: masking::text(&error.to_string()) });
                }
                Err(_) => {}
            }
        }
        drop(done);
        for (integration, count) in &report.integrations {
            let detail = format!("{count} dead letters, {}", filtered_by(&request.filter));
            self.note(AuditEntry::new(Act::Redrive).of(integration).with(detail)).await?;
        }
        Ok(report)
    }

    async fn put_one_back(&self, listed: &Listed) -> Result<(), ControlError> {
        let Some(event) = &listed.event else {
            if listed.state != State::Unreadable {
                return Err(ControlError::Failed("its row is damaged; run uis-gateway check-store".to_owned()));
            }
            let rejected = self.0.book().store.find_rejected(listed.number.unsigned_abs()).await.map_err(store_failed)?;
            let rejected = rejected.ok_or_else(|| ControlError::Unknown("it was put back already".to_owned()))?;
            return self.0.read_again(&rejected).await;
        };
        match self.0.revive(&listed.owner, &event.id).await? {
            true => Ok(()),
            false => Err(ControlError::Unknown("it was put back already".to_owned())),
        }
    }

    /// Puts one event back, by its id or delivery id. One that waits or has ended is refused.
    pub(super) async fn redriven(&self, id: &str) -> Result<DeadLetterView, ControlError> {
        let found = self.found(id).await?;
        self.refuse_living(&found.listed)?;
        self.put_one_back(&found.listed).await?;
        self.note(AuditEntry::new(Act::Redrive).of(&found.listed.owner).about(id_of(&found.listed))).await?;
        Ok(detail::letter(&found.listed))
    }

    fn refuse_living(&self, listed: &Listed) -> Result<(), ControlError> {
        let id = id_of(listed);
        match listed.state {
            State::Waiting => Err(invalid(format!("the event {id} waits already; uis-gateway event {id} shows for what"))),
            State::Done => Err(invalid(format!("the event {id} has succeeded; delivered again, it would change nothing"))),
            State::Dead | State::Unreadable => Ok(()),
        }
    }

    async fn edited(&self, id: &str, edit: Edit) -> Result<DeadLetterView, ControlError> {
        let found = self.found(id).await?;
        let id = id_of(&found.listed);
        self.refuse_living(&found.listed)?;
        let book = self.0.book();
        let record = book.find(&found.listed.owner).await?;
        let built = book.workshop.build(&record, &book.store).await;
        let built = built.map_err(|why| ControlError::Failed(format!("the integration {} cannot run: {why}", record.name)))?;
        let Mended { request, replacement, event } = mending::mend(&found, &edit, &built, actor()).await?;
        book.store.replace_body(&record.name, request, replacement, event).await.map_err(store_failed)?;
        let how = match edit {
            Edit::Body(_) => "another body",
            Edit::Original => "the body that came",
        };
        self.note(AuditEntry::new(Act::Edit).of(&record.name).about(id).with(how)).await?;
        self.put_one_back(&found.listed).await?;
        Ok(detail::letter(&found.listed))
    }

    async fn set_pause(&self, name: &str, paused: bool) -> Result<IntegrationView, ControlError> {
        let book = self.0.book();
        let record = book.find(name).await?;
        let pause = paused.then(|| Pause::now(actor()));
        book.store.set_pause(name, pause).await.map_err(store_failed)?;
        self.0.hold(name, paused).await?;
        self.note(AuditEntry::new(if paused { Act::Pause } else { Act::Resume }).of(name)).await?;
        self.view(&record).await
    }
}

/// Dead letters by the kinds of their reasons.
#[derive(Default)]
struct Grouped {
    groups: HashMap<String, Group>,
    /// Kinds of reasons that were found out already: a million dead letters have few different reasons.
    kinds: HashMap<String, String>,
}

#[derive(Default)]
struct Group {
    count: u64,
    integrations: BTreeSet<String>,
    types: BTreeSet<String>,
    oldest: i64,
    newest: i64,
    remedy: &'static str,
}

impl Grouped {
    fn add(&mut self, listed: Listed) {
        let reason = listed.reason.unwrap_or_default();
        let kind = match self.kinds.get(&reason) {
            Some(kind) => kind.clone(),
            None => {
                let kind = masking::kind_of(&reason);
                if self.kinds.len() < REASONS {
                    self.kinds.insert(reason.clone(), kind.clone());
                }
                kind
            }
        };
        let kind = if self.groups.len() < REASONS || self.groups.contains_key(&kind) { kind } else { "other reasons".to_owned() };
        let group = self.groups.entry(kind).or_insert_with(|| Group {
            oldest: listed.received,
            remedy: detail::remedy(&reason, listed.state),
            ..Group::default()
        });
        group.count += 1;
        group.integrations.insert(listed.owner);
        group.types.insert(masking::shown_type(&listed.what));
        group.oldest = group.oldest.min(listed.received);
        group.newest = group.newest.max(listed.received);
    }

    fn into_views(self) -> Vec<ReasonView> {
        let view = |(reason, group): (String, Group)| ReasonView {
            reason,
            count: group.count,
            integrations: group.integrations.into_iter().collect(),
            types: group.types.into_iter().collect(),
            oldest: instant(group.oldest).to_rfc3339(),
            newest: instant(group.newest).to_rfc3339(),
            remedy: group.remedy.to_owned(),
        };
        let mut views: Vec<ReasonView> = self.groups.into_iter().map(view).collect();
        views.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.reason.cmp(&right.reason)));
        views
    }
}

impl<D: Deliverer> Events for Administrator<D> {
    fn events(&self, query: EventQuery) -> Answer<'_, EventPage> {
        self.page(query).boxed()
    }

    fn event<'a>(&'a self, id: &'a str, reveal: bool) -> Answer<'a, EventDetail> {
        self.shown(id, reveal).boxed()
    }

    fn reasons(&self, query: EventQuery) -> Answer<'_, Reasons> {
        self.by_reason(query).boxed()
    }

    fn redrive_all(&self, request: RedriveRequest) -> Answer<'_, RedriveReport> {
        async move {
            self.known(&request.filter).await?;
            if request.preview { self.preview(&request.filter).await } else { self.put_back(&request).await }
        }
        .boxed()
    }

    fn edit<'a>(&'a self, id: &'a str, edit: Edit) -> Answer<'a, DeadLetterView> {
        self.edited(id, edit).boxed()
    }

    fn pause<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        self.set_pause(name, true).boxed()
    }

    fn resume<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        self.set_pause(name, false).boxed()
    }
}
