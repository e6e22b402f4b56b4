//! Reading whole lists of the Data API, and keeping them for a while.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use uis_host::sync::lock;

use super::error::CallError;
use super::points::Purpose;
use super::rows::Row;
use super::rpc::Rpc;

/// Rows of one request: the most that UIS gives, because each request costs a point.
const PAGE: usize = 10_000;
/// The highest offset that UIS accepts.
const OFFSET_MAX: usize = 100_000;
/// How long a list that cannot be read anew is used, in milliseconds.
const STALE_MS: i64 = 24 * 3_600_000;
/// How long after a failure the list is not asked for again, in milliseconds: while UIS is away, every event would wait for it.
const FAILED_MS: i64 = 10_000;

impl Rpc {
    /// All rows of a list, at most `most`. Only these columns are asked for, without those that UIS refuses; when it does not name the one
    /// that it refuses, those that it gives by itself. Most lists have no order that can be asked for, so the caller sorts them.
    pub async fn rows(
        &self,
        method: &str,
        params: Map<String, Value>,
        fields: &[&str],
        purpose: Purpose,
        most: usize,
    ) -> Result<Vec<Row>, CallError> {
        let mut columns = self.granted_columns(method, fields);
        let mut all: Vec<Row> = Vec::new();
        let mut offset = 0;
        loop {
            let mut page = params.clone();
            page.insert("limit".to_owned(), PAGE.min(most).into());
            page.insert("offset".to_owned(), offset.into());
            if !columns.is_empty() {
                page.insert("fields".to_owned(), columns.clone().into());
            }
            let answer = match self.call(method, page, purpose).await {
                Err(error) if !columns.is_empty() && error.is_about_columns() => {
                    columns = self.refuse_columns(method, columns, &error);
                    continue;
                }
                answer => answer?,
            };
            let total = answer.total;
            let rows = answer.rows()?;
            let count = rows.len();
            offset += count;
            all.extend(rows);
            let whole = total.map_or(count < PAGE, |total| offset as u64 >= total);
            if whole || count == 0 || all.len() >= most || offset > OFFSET_MAX {
                return Ok(all);
            }
        }
    }
}

/// The columns without those that an error names; none when it names none or all of them.
fn without_refused<'a>(columns: Vec<&'a str>, error: &CallError) -> Vec<&'a str> {
    let named = error.value().unwrap_or_default();
    let words: Vec<&str> = named.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let left: Vec<&str> = columns.iter().filter(|column| !words.contains(*column)).copied().collect();
    if left.len() < columns.len() { left } else { Vec::new() }
}

impl Rpc {
    /// The columns that UIS has not refused so far.
    fn granted_columns<'a>(&self, method: &str, fields: &[&'a str]) -> Vec<&'a str> {
        let refused = lock(&self.refused_columns);
        let refused = refused.get(method);
        fields.iter().filter(|field| refused.is_none_or(|refused| !refused.contains(**field))).copied().collect()
    }

    /// Remembers which columns UIS refuses, so that each costs a point only once, and gives the others.
    fn refuse_columns<'a>(&self, method: &str, columns: Vec<&'a str>, error: &CallError) -> Vec<&'a str> {
        let left = without_refused(columns.clone(), error);
        let refused = columns.iter().filter(|column| !left.contains(*column));
        lock(&self.refused_columns).entry(method.to_owned()).or_default().extend(refused.map(|column| (*column).to_owned()));
        tracing::warn!(method, columns = columns.len() - left.len(), %error, "UIS does not give these columns; the list is read without them");
        left
    }
}

/// A filter by one column.
pub fn filter(field: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({"field": field, "operator": operator, "value": value.into()})
}

/// A list that is kept for a while.
pub struct Cached<T> {
    /// How long it is kept, in milliseconds.
    ttl_ms: i64,
    state: Mutex<State<T>>,
    /// Held while the list is read, so that it is read once however many ask for it.
    reading: tokio::sync::Mutex<()>,
}

struct State<T> {
    rows: Option<Arc<Vec<T>>>,
    /// When the rows were read, in milliseconds since 1970.
    at: i64,
    /// Something was written since the rows were read.
    outdated: bool,
    /// Counts what was written, so that a reading that began before is not taken for a later one.
    writes: u64,
    failure: Option<(CallError, i64)>,
}

impl<T> Cached<T> {
    /// A list that is kept for so many milliseconds.
    pub fn new(ttl_ms: i64) -> Cached<T> {
        let state = State { rows: None, at: 0, outdated: false, writes: 0, failure: None };
        Cached { ttl_ms, state: Mutex::new(state), reading: tokio::sync::Mutex::default() }
    }

    /// The rows that were read last, however old they are.
    pub fn known(&self) -> Option<Arc<Vec<T>>> {
        lock(&self.state).rows.clone()
    }

    /// Whether the rows that are known cannot be used at all: there are none, or something was written since they were read.
    pub fn is_unusable(&self) -> bool {
        let state = lock(&self.state);
        state.rows.is_none() || state.outdated
    }

    /// The rows, if they need not be read anew: they are not older than `age` and nothing was written since.
    fn fresh(&self, now: i64, age: i64) -> Option<Arc<Vec<T>>> {
        let state = lock(&self.state);
        let fresh = !state.outdated && (0..age).contains(&(now - state.at));
        state.rows.clone().filter(|_| fresh)
    }

    /// Notes that the account was written to.
    pub fn outdate(&self) {
        let mut state = lock(&self.state);
        state.outdated = true;
        state.writes += 1;
        state.failure = None;
    }

    /// The rows, from `read` when they are older than the list is kept. `read` is not run otherwise.
    pub async fn get(&self, rpc: &Rpc, read: impl Future<Output = Result<Vec<T>, CallError>> + Send) -> Result<Arc<Vec<T>>, CallError> {
        self.younger_than(self.ttl_ms, rpc, read).await
    }

    /// As [`get`](Self::get), with another age. While UIS is away, rows that are up to a day old are used, unless something was written
    /// since.
    pub async fn younger_than(
        &self,
        age: i64,
        rpc: &Rpc,
        read: impl Future<Output = Result<Vec<T>, CallError>> + Send,
    ) -> Result<Arc<Vec<T>>, CallError> {
        if let Some(rows) = self.fresh(rpc.now(), age) {
            return Ok(rows);
        }
        let _reading = self.reading.lock().await;
        let now = rpc.now();
        if let Some(rows) = self.fresh(now, age) {
            return Ok(rows);
        }
        let (writes, failure) = {
            let state = lock(&self.state);
            (state.writes, state.failure.clone().filter(|(_, until)| now < *until).map(|(error, _)| error))
        };
        let (answer, asked) = match failure {
            Some(error) => (Err(error), false),
            None => (read.await, true),
        };
        let mut state = lock(&self.state);
        match answer {
            Ok(rows) => {
                let rows = Arc::new(rows);
                let outdated = state.writes != writes;
                *state = State { rows: Some(rows.clone()), at: now, outdated, writes: state.writes, failure: None };
                Ok(rows)
            }
            Err(error) => {
                if asked {
                    state.failure = Some((error.clone(), now + FAILED_MS));
                }
                let usable = error.passes() && !state.outdated && (0..STALE_MS).contains(&(now - state.at));
                state.rows.clone().filter(|_| usable).ok_or(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uis::session::Credentials;
    use uis_host::clock::{Clock, VirtualClock, instant};

    /// Nothing is sent in these tests.
    struct Unsent;

    impl uis_host::ports::Egress for Unsent {
        fn send(
            &self,
            _: http::Request<bytes::Bytes>,
            _: usize,
        ) -> futures_util::future::BoxFuture<'_, Result<http::Response<bytes::Bytes>, uis_host::ports::EgressError>> {
            Box::pin(std::future::ready(Err(uis_host::ports::EgressError::NotSent("a test".to_owned()))))
        }
    }

    fn rpc() -> (Rpc, Arc<VirtualClock>) {
        let clock = Arc::new(VirtualClock::at(instant(1_000_000)));
        let url = "http://127.0.0.1:9/v2.0".parse().expect("a URL");
        let unsent: Arc<dyn uis_host::ports::Egress> = Arc::new(Unsent);
        (Rpc::new(unsent, url, Credentials::Token("t".to_owned().into()), clock.clone()), clock)
    }

    #[test]
    fn columns_that_an_error_names_are_left_out() {
        let error = |value: &str| CallError::Refused(crate::uis::error::Refusal::of("unexpected_parameters", "m", "fields", value));
        let left = |value: &str| without_refused(vec!["id", "tags", "tags_old"], &error(value)).join(" ");
        assert_eq!(left("tags"), "id tags_old");
        assert_eq!(left("[\"tags_old\",\"new\"]"), "id tags");
        assert_eq!(left(""), "", "not named");
        assert_eq!(left("[\"id\",\"tags\",\"tags_old\"]"), "", "all that was asked for");
    }

    async fn busy() -> Result<Vec<i64>, CallError> {
        Err(CallError::Busy(5))
    }

    #[tokio::test]
    async fn a_list_is_read_once_and_again_when_it_is_old_or_outdated() {
        let ((rpc, clock), list) = (rpc(), Cached::new(1000));
        assert_eq!(*list.get(&rpc, async { Ok(vec![1]) }).await.expect("read"), [1]);
        assert_eq!(*list.get(&rpc, async { Ok(vec![2]) }).await.expect("kept"), [1]);
        clock.advance_to(rpc.now() + 1000);
        assert_eq!(*list.get(&rpc, async { Ok(vec![3]) }).await.expect("read"), [3]);
        list.outdate();
        assert_eq!(*list.get(&rpc, async { Ok(vec![4]) }).await.expect("read"), [4]);
        assert_eq!(*list.younger_than(0, &rpc, async { Ok(vec![5]) }).await.expect("read"), [5]);
    }

    #[tokio::test]
    async fn while_uis_is_away_the_last_rows_are_used_unless_something_was_written() {
        let ((rpc, clock), list) = (rpc(), Cached::new(1000));
        assert_eq!(list.get(&rpc, busy()).await, Err(CallError::Busy(5)));
        clock.advance_to(rpc.now() + FAILED_MS);
        list.get(&rpc, async { Ok(vec![1]) }).await.expect("read");
        clock.advance_to(rpc.now() + 2000);
        assert_eq!(*list.get(&rpc, busy()).await.expect("the last rows"), [1]);
        assert_eq!(*list.get(&rpc, async { Ok(vec![2]) }).await.expect("it is not asked again at once"), [1]);
        list.outdate();
        assert_eq!(list.get(&rpc, busy()).await, Err(CallError::Busy(5)));
        clock.advance_to(rpc.now() + FAILED_MS);
        let refused = async { Err(CallError::NotAdmitted(crate::uis::error::Refusal::of("auth_error", "", "", ""))) };
        assert!(list.get(&rpc, refused).await.is_err());
    }

    #[tokio::test]
    async fn what_is_written_while_a_list_is_read_outdates_it() {
        let ((rpc, _), list) = (rpc(), Cached::new(1000));
        let read = async {
            list.outdate();
            Ok(vec![1])
        };
        assert_eq!(*list.get(&rpc, read).await.expect("read"), [1]);
        assert_eq!(*list.get(&rpc, async { Ok(vec![2]) }).await.expect("read anew"), [2]);
    }
}
