//! The port [`Reports`] over the Data API's reports.

use std::collections::HashSet;
use std::sync::Arc;

use chrono_tz::Tz;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::call_events::CallFinished;
use uis_host::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::notification::params::Params;
use uis_host::notification::{Unreadable, calls, texts};
use uis_host::ports::{ReportPage, Reports};

use super::LiveAccount;
use super::columns;
use super::error::CallError;
use super::pages::{self, DAY_MS, Kept, Period, Place, Snapshot};
use super::points::Purpose;
use super::rows::{self, Row};
use super::times;

/// The longest call, in milliseconds. UIS's report is asked for by the beginning of a call, the port by its end `[inferred: no page says
/// that UIS takes the end]`. A longer call is found only when its beginning is in the period that is asked for.
const LONGEST_CALL_MS: i64 = 12 * 3_600_000;
/// The longest chat, in milliseconds. In messengers they stay open for days.
const LONGEST_CHAT_MS: i64 = 3 * DAY_MS;
/// How far back reports are read, in milliseconds. A plugin that asks for more gets the last year.
const OLDEST_MS: i64 = 366 * DAY_MS;
/// The most rows of one period: the highest offset of the Data API, and one page more.
const ROWS_MAX: usize = 110_000;

/// What a row is: a record at its place; none for what has not ended.
type Reading<T> = Result<Option<(Place, T)>, Unreadable>;

/// One of UIS's reports: how it is asked for, and what its rows are.
struct Report<T: 'static> {
    method: &'static str,
    /// The columns, with spaces between them.
    columns: &'static str,
    /// The column to sort by, when the report can be sorted by its time.
    sort: Option<&'static str>,
    longest_ms: i64,
    kept: fn(&LiveAccount) -> &Kept<T>,
    /// Reads a row.
    read: fn(&Params) -> Reading<T>,
}

const CALLS: Report<CallFinished> = Report {
    method: "get.calls_report",
    columns: columns::CALLS,
    sort: Some("start_time"),
    longest_ms: LONGEST_CALL_MS,
    kept: |account| &account.client.reports.calls,
    read: |params| Ok(calls::reported(params)?.map(|call| ((call.finished_at, call.call.session_id), call))),
};

const CHATS: Report<ChatFinished> = Report {
    method: "get.chats_report",
    columns: columns::CHATS,
    sort: Some("date_time"),
    longest_ms: LONGEST_CHAT_MS,
    kept: |account| &account.client.reports.chats,
    read: |params| {
        // A chat in progress has no end yet. The status stays readable for the mapping.
        if matches!(params.peek_text("status").as_deref(), Some("new" | "active")) {
            return Ok(None);
        }
        let chat = texts::reported_chat(params)?;
        Ok(Some(((chat.chat.at, chat.chat.chat_id), chat)))
    },
};

const SITE_REQUESTS: Report<SiteRequest> = Report {
    method: "get.offline_messages_report",
    columns: columns::SITE_REQUESTS,
    sort: None,
    longest_ms: 0,
    kept: |account| &account.client.reports.site_requests,
    read: |params| texts::site_request(params).map(|request| Some(((request.at, request.communication_id), request))),
};

/// A page, and the cursor of the next one.
fn page_of<T>(rows: Vec<(Place, T)>, more: bool) -> (Vec<T>, Option<String>) {
    let next = rows.last().filter(|_| more).map(|((at, id), _)| format!("{at}/{id}"));
    (rows.into_iter().map(|(_, row)| row).collect(), next)
}

/// A message's attached file has other names in the report than in the Chat API. UIS writes an object without members where there is none.
fn with_chat_api_names(row: &mut Row) {
    let Some(Value::Object(resource)) = row.get_mut("resource") else { return };
    if resource.values().all(Value::is_null) {
        row.remove("resource");
    } else if let Some(name) = resource.get("file_name").cloned() {
        resource.entry("name").or_insert(name);
    }
}

impl LiveAccount {
    /// The records of rows. One that cannot be read is logged and left out: it must not keep all the others away.
    fn records<T>(&self, method: &str, rows: Vec<Row>, zone: Tz, read: impl Fn(&Params) -> Reading<T>) -> Vec<(Place, T)> {
        let now = self.client.now();
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let id = rows::integer(row.get("id"));
            let record = Params::from_body(&Value::Object(row), zone, now).and_then(|params| read(&params));
            match record {
                Ok(record) => all.extend(record),
                Err(error) if self.client.reports.first_report(method, id) => {
                    tracing::warn!(method, id, %error, "a row of the report cannot be read and is left out");
                }
                Err(_) => {}
            }
        }
        all
    }

    async fn read_period<T>(&self, report: &Report<T>, period: Period) -> Result<Vec<(Place, T)>, CallError> {
        let zone = self.zone().await;
        let mut params = Map::new();
        params.insert("date_from".to_owned(), times::written(zone, period.from).into());
        params.insert("date_till".to_owned(), times::written(zone, period.till).into());
        if let Some(column) = report.sort {
            params.insert("sort".to_owned(), json!([{"field": column, "order": "asc"}]));
        }
        let columns: Vec<&str> = report.columns.split(' ').collect();
        let rows = match self.client.data.rows(report.method, params, &columns, Purpose::Work, ROWS_MAX).await {
            // The account has no chats, or no sites: there is nothing to report.
            Err(error) if error.is_not_there() => Vec::new(),
            rows => rows?,
        };
        Ok(self.records(report.method, rows, zone, report.read))
    }

    /// A page of a report. Periods that are empty are passed over.
    async fn page<T: Clone + Send + Sync>(
        &self,
        report: &Report<T>,
        since: i64,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<T>, Option<String>), CallError> {
        let (now, kept) = (self.client.now(), (report.kept)(self));
        let mut from = pages::begin(since, cursor).max((now - OLDEST_MS, i64::MIN));
        if let Some(rows) = cursor.and_then(|_| kept.page(0, from, limit, now)) {
            return Ok(page_of(rows, true));
        }
        loop {
            let period = pages::period(from.0, report.longest_ms, now);
            let rows = self.read_period(report, period).await?;
            let snapshot = Snapshot::new(0, from, period.end, now, rows);
            let (rows, more) = snapshot.page(from, limit);
            if more {
                kept.keep(Arc::new(snapshot));
            }
            if period.last || !rows.is_empty() {
                return Ok(page_of(rows, more || !period.last));
            }
            from = (period.end, i64::MIN);
        }
    }

    /// A page of one chat's messages.
    async fn messages(&self, chat: i64, cursor: Option<&str>, limit: usize) -> Result<(Vec<ChatMessage>, Option<String>), CallError> {
        let (now, kept) = (self.client.now(), &self.client.reports.messages);
        let from = pages::begin(i64::MIN, cursor);
        if let Some(rows) = cursor.and_then(|_| kept.page(chat, from, limit, now)) {
            return Ok(page_of(rows, true));
        }
        let zone = self.zone().await;
        let params = [("chat_id".to_owned(), chat.into())].into_iter().collect();
        let mut rows = match self.client.data.rows("get.chat_messages_report", params, &[], Purpose::Work, ROWS_MAX).await {
            Err(error) if error.is_not_there() => Vec::new(),
            // There is no such chat.
            Err(CallError::Refused(refusal)) if refusal.mnemonic == "entity_not_found" => Vec::new(),
            rows => rows?,
        };
        rows.iter_mut().for_each(with_chat_api_names);
        let read = |params: &Params| texts::message(params).map(|message| Some(((message.chat.at, message.message_id), message)));
        let snapshot = Snapshot::new(chat, from, i64::MAX, now, self.records("get.chat_messages_report", rows, zone, read));
        let (rows, more) = snapshot.page(from, limit);
        if more {
            kept.keep(Arc::new(snapshot));
        }
        Ok(page_of(rows, more))
    }

    async fn calls(&self, since: i64, cursor: Option<&str>, limit: usize) -> Result<(Vec<CallFinished>, Option<String>), CallError> {
        let (mut calls, next) = self.page(&CALLS, since, cursor, limit).await?;
        let mut known: HashSet<String> = HashSet::new();
        if !calls.is_empty() {
            // A call with a short number is internal. Whether it is cannot be left open: such a call must not become a customer's.
            let everybody = self.client.everybody().await?;
            known.extend(everybody.iter().filter_map(|row| row.employee.extension.clone()));
        }
        for call in &mut calls {
            call.call.is_internal |= call.call.contact.as_ref().is_some_and(|number| known.contains(&number.digits));
        }
        Ok((calls, next))
    }
}

/// Calls and chats are ordered by their end; UIS's reports are asked for by the beginning. So a call that lasted longer than 12 hours, or a
/// chat longer than 3 days, can be missing from a report that begins after it began.
impl Reports for LiveAccount {
    fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>> {
        async move { self.calls(since, cursor, limit).await.map_err(CallError::of_report) }.boxed()
    }

    fn finished_chats<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatFinished>> {
        async move { self.page(&CHATS, since, cursor, limit).await.map_err(CallError::of_report) }.boxed()
    }

    fn received_site_requests<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<SiteRequest>> {
        async move { self.page(&SITE_REQUESTS, since, cursor, limit).await.map_err(CallError::of_report) }.boxed()
    }

    fn transcript<'a>(&'a self, chat: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatMessage>> {
        async move { self.messages(chat, cursor, limit).await.map_err(CallError::of_report) }.boxed()
    }
}
