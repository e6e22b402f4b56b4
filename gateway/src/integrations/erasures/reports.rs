//! UIS's reports without what was erased: rows of an erased person that began before the erasure, and what was written in a chat before it.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::bindings::uis::integration::call_events::CallFinished;
use uis_host::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::event::Event;
use uis_host::ports::{ReportPage, Reports};

use crate::privacy::tombstones::Guard;

/// Reports from which rows are left out.
pub struct ReportsWithoutErased {
    /// The account's reports.
    pub reports: Arc<dyn Reports>,
    /// Says what is left out.
    pub guard: Guard,
}

impl ReportsWithoutErased {
    /// A page without the rows that are from before an erasure. Its cursor stays, so that a page may have fewer rows than were asked for.
    fn without<T: Clone>(&self, page: ReportPage<T>, event: impl Fn(T) -> Event) -> ReportPage<T> {
        let (mut rows, next) = page?;
        let count = rows.len();
        rows.retain(|row| !self.guard.forbids(&event(row.clone())));
        if rows.len() < count {
            metrics::counter!("uis_gateway_erased_refused_total").increment((count - rows.len()) as u64);
        }
        Ok((rows, next))
    }
}

impl Reports for ReportsWithoutErased {
    fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>> {
        async move { self.without(self.reports.finished_calls(since, cursor, limit).await, Event::CallFinished) }.boxed()
    }

    fn finished_chats<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatFinished>> {
        async move { self.without(self.reports.finished_chats(since, cursor, limit).await, Event::ChatFinished) }.boxed()
    }

    fn received_site_requests<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<SiteRequest>> {
        async move { self.without(self.reports.received_site_requests(since, cursor, limit).await, Event::SiteRequest) }.boxed()
    }

    fn transcript<'a>(&'a self, chat: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatMessage>> {
        async move {
            let (mut messages, next) = self.reports.transcript(chat, cursor, limit).await?;
            if let Some(erased) = self.guard.chat_erased(chat) {
                messages.retain(|message| message.chat.at >= erased);
            }
            Ok((messages, next))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uis_host::clock::{Clock, VirtualClock};
    use uis_simulator::{Account, SimulatedAccount};

    use super::*;
    use crate::privacy::appeals::Appeal;
    use crate::privacy::person::Person;
    use crate::privacy::tombstones::{DIGEST_BYTES, DigestKey, Tombstones};

    fn at(text: &str) -> i64 {
        chrono::DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis()
    }

    /// Reports with two calls of the person, around the erasure at noon, and one of somebody else.
    fn reports() -> ReportsWithoutErased {
        let clock: Arc<dyn Clock> =
            Arc::new(VirtualClock::at(chrono::DateTime::from_timestamp_millis(at("2026-11-27T15:00:00+03:00")).expect("a time")));
        let account = SimulatedAccount::new(Account::read(&json!({"timezone": "Europe/Moscow"})).expect("an account"), clock);
        let call = |id: i64, phone: &str, start: &str, finish: &str| json!({"id": id, "contact_phone_number": phone, "start_time": start, "finish_time": finish, "direction": "in", "is_lost": false});
        let report = json!({"calls": [
            call(1, "79161234567", "2026-11-27 11:59:00", "2026-11-27 12:05:00"),
            call(2, "79161234567", "2026-11-27 12:10:00", "2026-11-27 12:15:00"),
            call(3, "79260000001", "2026-11-27 11:00:00", "2026-11-27 11:05:00"),
        ]});
        account.state().merge_report(&report, chrono_tz::Europe::Moscow, at("2026-11-27T15:00:00+03:00")).expect("rows");
        let key = DigestKey::new(&[7; DIGEST_BYTES]);
        let person = Person { phones: ["79161234567".to_owned()].into(), ..Person::default() };
        let tombstones = Tombstones::default();
        tombstones.add(&key.tombstones("main", &person, [Appeal::Chat(9)].iter(), at("2026-11-27T12:00:00+03:00")));
        ReportsWithoutErased { reports: Arc::new(account), guard: Guard { integration: "main".into(), key, tombstones } }
    }

    #[tokio::test]
    async fn calls_that_began_before_the_erasure_are_left_out() {
        let (calls, next) = reports().finished_calls(0, None, 100).await.expect("a page");
        let sessions: Vec<i64> = calls.iter().map(|call| call.call.session_id).collect();
        assert_eq!((sessions, next), (vec![3, 2], None));
    }
}
