//! `/orders/history`: changes of orders, one record per field, oldest first. Only what deals need is read, because the record of a new
//! order contains the whole order.

use serde::Deserialize;
use serde_json::Value;

use super::{ApiRequest, Crm, CrmError, answer};

/// Page sizes: the largest first, smaller ones if the records are too long for the host.
const LIMITS: [u32; 3] = [100, 50, 20];

/// Where to start reading the history.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryStart {
    /// After a record.
    After(i64),
    /// At a time, `Y-m-d H:i:s` of the account.
    At(String),
}

/// A change of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record's id; ids only grow.
    pub id: i64,
    /// When it happened, `Y-m-d H:i:s` of the account.
    pub at: String,
    /// The order.
    pub order: i64,
    /// What happened.
    pub kind: RecordKind,
}

/// The kinds of changes that deals need.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordKind {
    /// The order's status changed.
    Status {
        /// The status before; none: the order was created with the new one.
        from: Option<String>,
        /// The new status.
        to: String,
    },
    /// The order was deleted; with the order it was merged into, if known.
    Deleted(Option<i64>),
    /// Another change.
    Other,
}

#[derive(Deserialize)]
struct Page {
    success: Option<bool>,
    #[serde(default)]
    history: Vec<RawRecord>,
}

impl answer::PartialAnswer for Page {
    fn success(&self) -> Option<bool> {
        self.success
    }
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct RawRecord {
    id: Value,
    created_at: Value,
    deleted: Value,
    field: Value,
    old_value: Value,
    new_value: Value,
    order: OrderId,
    combined_to: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OrderId {
    id: Value,
}

/// A page of the history.
#[derive(Debug, Default)]
pub struct HistoryPage {
    /// Oldest first.
    pub records: Vec<Record>,
    /// The id of the last record, even if that record could not be read.
    pub last: Option<i64>,
    /// Whether there are more records.
    pub more: bool,
}

/// Reads a page of the history with at most `most` records.
pub fn page(crm: Crm<'_>, from: &HistoryStart, most: usize) -> Result<HistoryPage, CrmError> {
    let mut last = None;
    for limit in LIMITS.into_iter().filter(|limit| *limit as usize <= most) {
        let request = ApiRequest::get("/api/v5/orders/history").with("limit", limit.to_string());
        // `sinceId` is a cursor and must be sent without a page number.
        let request = match from {
            HistoryStart::After(id) => request.with("filter[sinceId]", id.to_string()),
            HistoryStart::At(time) => request.with("filter[startDate]", time),
        };
        match crm.send_partial::<Page>(request) {
            Ok(page) => {
                let more = page.history.len() >= limit as usize;
                let last = page.history.iter().filter_map(|raw| answer::id(&raw.id)).max();
                return Ok(HistoryPage { records: page.history.into_iter().filter_map(record).collect(), last, more });
            }
            Err(error @ CrmError::TooLarge { .. }) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| CrmError::Denied("the page size for the history is too small".into())))
}

/// A code, given as text or inside an object.
fn code(value: &Value) -> Option<String> {
    let code = answer::text(if value.is_object() { &value["code"] } else { value });
    Some(code).filter(|code| !code.is_empty())
}

fn record(raw: RawRecord) -> Option<Record> {
    let kind = match (raw.deleted.as_bool(), raw.field.as_str()) {
        (Some(true), _) => RecordKind::Deleted(answer::id(&raw.combined_to["id"])),
        (_, Some("status")) => match code(&raw.new_value) {
            Some(to) => RecordKind::Status { from: code(&raw.old_value), to },
            None => RecordKind::Other,
        },
        _ => RecordKind::Other,
    };
    Some(Record { id: answer::id(&raw.id)?, at: answer::text(&raw.created_at), order: answer::id(&raw.order.id)?, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_deals_need_is_read_from_a_record() {
        let text = r#"{"success":true,"history":[
            {"id":1,"createdAt":"2026-11-23 10:00:00","created":true,"field":"status","oldValue":null,"newValue":{"code":"new"},"order":{"id":7,"items":[{"id":1}]}},
            {"id":"2","createdAt":"2026-11-23 10:01:00","field":"status","oldValue":{"code":"new"},"newValue":{"code":"complete"},"order":{"id":"7"}},
            {"id":3,"createdAt":"2026-11-23 10:02:00","field":"manager","newValue":{"id":5},"order":{"id":7}},
            {"id":4,"createdAt":"2026-11-23 10:03:00","deleted":true,"field":"id","oldValue":7,"order":{"id":7},"combinedTo":{"id":8}},
            {"id":5,"createdAt":"2026-11-23 10:04:00","field":"status","newValue":null,"order":[]}
        ]}"#;
        let page: Page = serde_json::from_str(&text.replace(r#""order":[]"#, r#""order":{}"#)).expect("readable");
        let read: Vec<(i64, RecordKind)> = page.history.into_iter().filter_map(record).map(|record| (record.id, record.kind)).collect();
        let status = |from: Option<&str>, to: &str| RecordKind::Status { from: from.map(str::to_owned), to: to.to_owned() };
        assert_eq!(
            read,
            [(1, status(None, "new")), (2, status(Some("new"), "complete")), (3, RecordKind::Other), (4, RecordKind::Deleted(Some(8)))]
        );
    }
}
