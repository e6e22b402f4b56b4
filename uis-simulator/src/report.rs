//! UIS's reports of calls, chats and site requests. They contain every communication, even if no notification about it was received.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use serde_json::{Value, json};

use uis_host::bindings::uis::integration::call_events::{CallFinished, FinishKind};
use uis_host::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage, MessageSource};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::event::Event;
use uis_host::notification::params::Params;
use uis_host::notification::{calls, texts};

/// The reports of an account.
#[derive(Debug, Default)]
pub struct Report {
    /// Calls, ordered by their end.
    pub calls: Table<CallFinished>,
    /// Chats, ordered by their end.
    pub chats: Table<ChatFinished>,
    /// Site requests, ordered by the time they were received.
    pub site_requests: Table<SiteRequest>,
    /// Messages, by the id of their chat.
    pub messages: HashMap<i64, Table<ChatMessage>>,
    /// All rows as they were given, by the list's name and the row's id.
    rows: BTreeMap<String, BTreeMap<i64, Row>>,
    /// How many rows there were when old ones were forgotten last.
    left: usize,
}

/// Below this number of rows none are forgotten.
const FORGET_FROM: usize = 1000;

/// A row of a report, with the Data API's names.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When the communication began, or the message was sent, in milliseconds since 1970. Reports are asked for by this time.
    pub at: i64,
    /// The row as it was given.
    pub row: Value,
}

/// Rows, ordered by time and id. A row replaces an earlier one with the same id.
#[derive(Debug)]
pub struct Table<T> {
    rows: BTreeMap<(i64, i64), T>,
    times: HashMap<i64, i64>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), times: HashMap::new() }
    }
}

impl<T: Clone> Table<T> {
    fn put(&mut self, at: i64, id: i64, row: T) {
        if let Some(before) = self.times.insert(id, at) {
            self.rows.remove(&(before, id));
        }
        self.rows.insert((at, id), row);
    }

    /// Removes the rows before a time (milliseconds since 1970).
    fn forget_before(&mut self, time: i64) {
        let kept = self.rows.split_off(&(time, i64::MIN));
        for (_, id) in std::mem::replace(&mut self.rows, kept).into_keys() {
            self.times.remove(&id);
        }
    }

    fn has(&self, id: i64) -> bool {
        self.times.contains_key(&id)
    }

    /// At most `limit` rows at or after `since` (milliseconds since 1970), and the cursor of the next page. A cursor is a position in the
    /// order, so rows that are added later are not skipped.
    pub fn page(&self, since: i64, cursor: Option<&str>, limit: usize) -> (Vec<T>, Option<String>) {
        let after: Option<(i64, i64)> =
            cursor.and_then(|cursor| cursor.split_once('/')).and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
        let from = after.map_or((since, i64::MIN), |(at, id)| (at, id.saturating_add(1)));
        let mut found = self.rows.range(from..);
        let page: Vec<(&(i64, i64), &T)> = found.by_ref().take(limit).collect();
        let next = page.last().filter(|_| found.next().is_some()).map(|((at, id), _)| format!("{at}/{id}"));
        (page.into_iter().map(|(_, row)| row.clone()).collect(), next)
    }
}

impl Report {
    /// Adds what UIS reported in a notification: messages of chats.
    pub fn notified(&mut self, event: &Event) {
        if let Event::ChatMessage(message) = event {
            self.messages.entry(message.chat.chat_id).or_default().put(message.chat.at, message.message_id, message.clone());
            let row = Row { at: message.chat.at, row: message_row(message) };
            self.rows.entry("chat_messages".into()).or_default().insert(message.message_id, row);
        }
    }

    /// Forgets rows before a time (milliseconds since 1970), whenever as many were added as were left after the last time. So it may be
    /// called after every row.
    pub fn forget_before(&mut self, time: i64) {
        if self.len() < (self.left * 2).max(FORGET_FROM) {
            return;
        }
        self.calls.forget_before(time);
        self.chats.forget_before(time);
        self.site_requests.forget_before(time);
        self.messages.retain(|_, messages| {
            messages.forget_before(time);
            !messages.rows.is_empty()
        });
        for rows in self.rows.values_mut() {
            rows.retain(|_, row| row.at >= time);
        }
        self.left = self.len();
    }

    /// How many rows there are. Every row is in `rows`.
    fn len(&self) -> usize {
        self.rows.values().map(BTreeMap::len).sum()
    }

    /// Adds what UIS has of an event whose notification got lost: the communication that ended or came, or the message. A row that was given
    /// stays.
    pub fn lost(&mut self, event: &Event) {
        match event {
            Event::CallFinished(finished) if !self.calls.has(finished.call.session_id) => {
                let reported = CallFinished { kind: FinishKind::Reported, ..finished.clone() };
                self.calls.put(finished.finished_at, finished.call.session_id, reported);
            }
            Event::ChatFinished(finished) if !self.chats.has(finished.chat.chat_id) => {
                self.chats.put(finished.chat.at, finished.chat.chat_id, finished.clone());
            }
            Event::SiteRequest(request) if !self.site_requests.has(request.communication_id) => {
                self.site_requests.put(request.at, request.communication_id, request.clone());
            }
            other => self.notified(other),
        }
    }

    /// The rows of a list (`calls`, `chats`, `chat_messages`, `offline_messages`, `call_legs`) as they were given, by ascending id.
    pub fn rows(&self, kind: &str) -> impl Iterator<Item = &Row> {
        self.rows.get(kind).into_iter().flat_map(BTreeMap::values)
    }

    /// A row by the list's name and the row's id.
    pub fn row(&self, kind: &str, id: i64) -> Option<&Row> {
        self.rows.get(kind)?.get(&id)
    }

    /// All rows in the form that [`merge`](Self::merge) reads.
    pub fn to_json(&self) -> Value {
        let list = |rows: &BTreeMap<i64, Row>| rows.values().map(|row| row.row.clone()).collect::<Vec<_>>();
        self.rows.iter().map(|(kind, rows)| (kind.clone(), list(rows).into())).collect::<serde_json::Map<_, _>>().into()
    }

    /// The greatest id of a call; 0 when there is none.
    pub fn last_call(&self) -> i64 {
        self.rows.get("calls").and_then(|rows| rows.keys().next_back()).copied().unwrap_or(0)
    }

    /// Adds rows: `{"calls":[…],"chats":[…],"chat_messages":[…],"offline_messages":[…],"call_legs":[…]}`, with the Data API's field names. `is_extension`
    /// says whether a number is an extension of the account; a call with such a number is internal. The error names the list, the row's
    /// index and the reason.
    pub fn merge(&mut self, rows: &Value, zone: Tz, now: i64, is_extension: &dyn Fn(&str) -> bool) -> Result<(), String> {
        let Some(members) = rows.as_object() else {
            return Err("a report must be an object with lists: calls, chats, chat_messages, offline_messages".into());
        };
        for (kind, rows) in members {
            let Some(rows) = rows.as_array() else { return Err(format!("report.{kind} must be a list of rows")) };
            for (index, row) in rows.iter().enumerate() {
                let place = |error: String| format!("report.{kind}[{index}]: {error}");
                let params = Params::from_body(row, zone, now).map_err(|error| place(error.to_string()))?;
                self.merge_row(kind, &params, is_extension).map_err(place)?;
                self.keep(kind, row, &params);
            }
        }
        Ok(())
    }

    fn merge_row(&mut self, kind: &str, params: &Params, is_extension: &dyn Fn(&str) -> bool) -> Result<(), String> {
        match kind {
            "calls" => {
                // A call in progress has no end; a later row will have it.
                if let Some(mut call) = calls::reported(params).map_err(|error| error.to_string())? {
                    call.call.is_internal |= call.call.contact.as_ref().is_some_and(|number| is_extension(&number.digits));
                    self.calls.put(call.finished_at, call.call.session_id, call);
                }
            }
            "chats" => {
                // A chat in progress has no end either.
                if !matches!(params.text("status").as_deref(), Some("new" | "active")) {
                    let chat = texts::reported_chat(params).map_err(|error| error.to_string())?;
                    self.chats.put(chat.chat.at, chat.chat.chat_id, chat);
                }
            }
            "chat_messages" => {
                let message = texts::message(params).map_err(|error| error.to_string())?;
                self.messages.entry(message.chat.chat_id).or_default().put(message.chat.at, message.message_id, message);
            }
            "offline_messages" => {
                let request = texts::site_request(params).map_err(|error| error.to_string())?;
                self.site_requests.put(request.at, request.communication_id, request);
            }
            // Legs are rows of the Data API only; the contract has none.
            "call_legs" => drop(params.integer("id").filter(|id| *id > 0).ok_or("id is missing or not a positive number")?),
            other => return Err(format!("unknown list {other}; known lists: calls, chats, chat_messages, offline_messages, call_legs")),
        }
        Ok(())
    }

    /// Keeps a row as it was given.
    fn keep(&mut self, kind: &str, row: &Value, params: &Params) {
        let names: (&[&str], &[&str]) = match kind {
            "calls" => (&["id", "call_session_id"], &["start_time", "finish_time"]),
            "chats" => (&["id", "chat_id"], &["date_time"]),
            "offline_messages" => (&["id", "communication_id"], &["date_time"]),
            "call_legs" => (&["id"], &["start_time", "connect_time"]),
            _ => (&["id", "message_id"], &["date_time"]),
        };
        let (Value::Object(members), Some(id)) = (row, params.integer_of_any(names.0)) else { return };
        let at = names.1.iter().find_map(|name| params.time(name)).unwrap_or(params.received());
        let mut row = members.clone();
        row.entry("id").or_insert_with(|| id.into());
        self.rows.entry(kind.to_owned()).or_default().insert(id, Row { at, row: row.into() });
    }
}

/// A message of a notification as a row of `get.chat_messages_report`. Its time is in [`Row::at`], because a report knows no time zone.
fn message_row(message: &ChatMessage) -> Value {
    let chat = &message.chat;
    let source = match message.source {
        MessageSource::Visitor => "visitor",
        MessageSource::Operator => "operator",
        MessageSource::System => "system",
        MessageSource::Bot => "chatbot",
        MessageSource::Other => "chat_channel",
    };
    let file =
        message.attachment.as_ref().map(|file| json!({"type": file.kind, "file_name": file.name, "file_url": file.url, "size": file.size}));
    json!({
        "id": message.message_id,
        "chat_id": chat.chat_id,
        "channel_id": chat.channel_id,
        "channel_type": chat.channel_type,
        "visitor_id": chat.visitor.id,
        "text": message.text,
        "source": source,
        "resource": file,
        "employee_id": chat.employee.as_ref().and_then(|employee| employee.id),
        "employee_full_name": chat.employee.as_ref().and_then(|employee| employee.full_name.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOSCOW: Tz = chrono_tz::Europe::Moscow;

    #[test]
    fn pages_contain_every_row_once() {
        let mut report = Report::default();
        let rows: Vec<Value> = (1..=7)
            .map(|id| json!({"id": id, "finish_time": format!("2026-11-23 10:00:0{}", id / 2), "talk_duration": "5", "call_records": "[\"a\"]"}))
            .collect();
        report.merge(&json!({ "calls": rows }), MOSCOW, 0, &|_| false).expect("readable");
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (page, next) = report.calls.page(0, cursor.as_deref(), 2);
            seen.extend(page.iter().map(|call| call.call.session_id));
            match next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
        let (page, _) = report.calls.page(0, None, 1);
        assert_eq!(page[0].recordings[0].url.as_deref(), Some("https://app.comagic.ru/system/media/talk/1/a/"));
        assert_eq!(page[0].talk_seconds, Some(5));
    }

    #[test]
    fn a_row_replaces_an_earlier_one_with_the_same_id() {
        let mut report = Report::default();
        for (finish, talk) in [("10:00:00", 5), ("10:00:09", 9)] {
            let row = json!({"id": 1, "finish_time": format!("2026-11-23 {finish}"), "talk_duration": talk});
            report.merge(&json!({"calls": [row]}), MOSCOW, 0, &|_| false).expect("readable");
        }
        let (page, next) = report.calls.page(0, None, 10);
        assert_eq!((page.len(), page[0].talk_seconds, next), (1, Some(9), None));
    }

    #[test]
    fn rows_are_kept_as_they_were_given() {
        let mut report = Report::default();
        let call = json!({"id": 7, "start_time": "2026-11-23 10:00:00", "finish_time": "2026-11-23 10:01:00", "source": "va", "colour": 1});
        let ongoing = json!({"id": 8, "start_time": "2026-11-23 10:02:00"});
        let rows = json!({"calls": [call, ongoing], "call_legs": [{"id": 1, "call_session_id": 7}]});
        report.merge(&rows, MOSCOW, 5, &|_| false).expect("readable");
        let kept: Vec<&Row> = report.rows("calls").collect();
        assert_eq!(kept[0], &Row { at: 1_795_417_200_000, row: call });
        assert_eq!((kept[1].row.clone(), report.last_call()), (ongoing, 8), "a call in progress is kept too");
        assert_eq!(report.row("call_legs", 1).map(|row| row.at), Some(5));
        let mut again = Report::default();
        again.merge(&report.to_json(), MOSCOW, 5, &|_| false).expect("readable");
        assert_eq!(again.to_json(), rows);
    }

    #[test]
    fn old_rows_can_be_forgotten() {
        let mut report = Report::default();
        let mut most = 0;
        for second in 0..20_000 {
            let at = crate::times::show(MOSCOW, 1_795_417_200_000 + second * 1000);
            let rows = json!({"calls": [{"id": second + 1, "start_time": at, "finish_time": at}],
                "chat_messages": [{"id": second + 1, "chat_id": second + 1, "date_time": at, "text": "x", "source": "visitor"}]});
            report.merge(&rows, MOSCOW, 0, &|_| false).expect("readable");
            report.forget_before(1_795_417_200_000 + (second - 100) * 1000);
            most = most.max(report.len());
        }
        assert!(most <= FORGET_FROM, "{most}");
        assert!(report.messages.len() <= FORGET_FROM && report.calls.times.len() <= FORGET_FROM);
        assert_eq!(report.last_call(), 20_000);
        assert_eq!(report.calls.rows.len(), report.calls.times.len());
    }

    #[test]
    fn an_invalid_row_is_named_in_the_error() {
        let mut report = Report::default();
        let error = report.merge(&json!({"calls": [{"finish_time": "2026-11-23 10:00:00"}]}), MOSCOW, 0, &|_| false).expect_err("no id");
        assert!(error.starts_with("report.calls[0]: id is missing"), "{error}");
        assert!(report.merge(&json!({"mails": [{}]}), MOSCOW, 0, &|_| false).is_err());
    }
}
