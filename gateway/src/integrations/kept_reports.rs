//! UIS's reports as the plugin reads them, with the rows kept among the requests while everything is captured: a recording from life has what
//! only the reports knew. Rows of erased people do not come so far.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::CallFinished;
use uis_host::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::clock::Clock;
use uis_host::ports::{ReportPage, Reports};
use uis_host::sync::lock;

use crate::requests::Kind;
use crate::store::{NewRequest, SqliteStore};
use crate::uis::written;

/// How many rows are remembered as kept; then all are forgotten, and kept once more when they are read again.
const REMEMBERED: usize = 100_000;

/// Reports whose rows are kept.
pub struct KeptReports {
    /// The reports.
    reports: Arc<dyn Reports>,
    store: Arc<SqliteStore>,
    clock: Arc<dyn Clock>,
    integration: String,
    /// Digests of the rows that were kept, by list and id: reports are read again and again.
    kept: Mutex<HashMap<(&'static str, i64), u64>>,
}

impl KeptReports {
    /// Keeps the rows that an integration reads.
    pub fn new(reports: Arc<dyn Reports>, store: Arc<SqliteStore>, clock: Arc<dyn Clock>, integration: &str) -> KeptReports {
        KeptReports { reports, store, clock, integration: integration.to_owned(), kept: Mutex::default() }
    }

    fn keep<T>(&self, list: &'static str, page: &ReportPage<T>, row: impl Fn(&T) -> (i64, Value)) {
        let (Ok((rows, _)), true) = (page, self.store.keeps_reports()) else { return };
        let mut kept = lock(&self.kept);
        if kept.len() > REMEMBERED {
            kept.clear();
        }
        let new: Vec<Value> = rows
            .iter()
            .map(row)
            .filter(|(id, row)| {
                let mut digest = DefaultHasher::new();
                row.to_string().hash(&mut digest);
                let digest = digest.finish();
                kept.insert((list, *id), digest) != Some(digest)
            })
            .map(|(_, row)| row)
            .collect();
        if new.is_empty() {
            return;
        }
        self.store.receive(NewRequest {
            owner: self.integration.clone(),
            // A replay adds the rows before the timer runs that reads them.
            at: self.clock.now_ms() - 1,
            kind: Kind::Report.name().to_owned(),
            what: list.to_owned(),
            method: String::new(),
            query: String::new(),
            content_type: Some("application/json".to_owned()),
            body: json!({ list: new }).to_string().into_bytes(),
        });
    }
}

impl Reports for KeptReports {
    fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>> {
        async move {
            let page = self.reports.finished_calls(since, cursor, limit).await;
            self.keep("calls", &page, |row| (row.call.session_id, written::call(row)));
            page
        }
        .boxed()
    }

    fn finished_chats<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatFinished>> {
        async move {
            let page = self.reports.finished_chats(since, cursor, limit).await;
            self.keep("chats", &page, |row| (row.chat.chat_id, written::chat(row)));
            page
        }
        .boxed()
    }

    fn received_site_requests<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<SiteRequest>> {
        async move {
            let page = self.reports.received_site_requests(since, cursor, limit).await;
            self.keep("offline_messages", &page, |row| (row.communication_id, written::site_request(row)));
            page
        }
        .boxed()
    }

    fn transcript<'a>(&'a self, chat: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatMessage>> {
        async move {
            let page = self.reports.transcript(chat, cursor, limit).await;
            self.keep("chat_messages", &page, |row| (row.message_id, written::message(row)));
            page
        }
        .boxed()
    }
}
