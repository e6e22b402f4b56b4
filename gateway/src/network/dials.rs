//! A dial order is on disk before it is sent, and never sent twice: somebody would be called a second time.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::ports::{DialError, Dialler};

use crate::store::{DialRecord, SqliteStore};

/// A dialler whose orders are on disk before they are sent.
pub struct DurableDialler {
    store: Arc<SqliteStore>,
    owner: String,
    inner: Arc<dyn Dialler>,
}

impl DurableDialler {
    /// For one integration. `inner` sends the orders.
    pub fn new(store: Arc<SqliteStore>, owner: &str, inner: Arc<dyn Dialler>) -> DurableDialler {
        DurableDialler { store, owner: owner.to_owned(), inner }
    }

    async fn start(&self, id: &str, order: &DialOrder) -> Result<(), DialError> {
        let failed = |error: uis_host::ports::StoreError| DialError::Refused("not_stored".into(), error.to_string());
        let stored = serde_json::to_value(order).unwrap_or(Value::Null).to_string();
        match self.store.dial(&self.owner, id, stored).await.map_err(failed)? {
            DialRecord::New => {}
            DialRecord::Known(Some(outcome)) => return read(&outcome),
            // The process ended between the order and its answer.
            DialRecord::Known(None) => return Err(DialError::OutcomeUnknown("the order was sent before, and no answer is known".into())),
        }
        let outcome = self.inner.start_call(id, order).await;
        // The call was ordered or not, whatever becomes of this note: without it a repetition is answered "unknown".
        if let Err(error) = self.store.dialled(&self.owner, id, write(&outcome)).await {
            tracing::error!(%error, "the answer to a dial order was not stored");
        }
        outcome
    }
}

impl Dialler for DurableDialler {
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
        self.start(id, order).boxed()
    }
}

/// The outcome of an order as it is stored.
fn write(outcome: &Result<(), DialError>) -> String {
    match outcome {
        Ok(()) => json!({ "started": true }),
        Err(DialError::Refused(mnemonic, message)) => json!({ "refused": [mnemonic, message] }),
        Err(DialError::OutcomeUnknown(message)) => json!({ "unknown": message }),
    }
    .to_string()
}

fn read(stored: &str) -> Result<(), DialError> {
    let value: Value = serde_json::from_str(stored).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if value["started"] == true {
        return Ok(());
    }
    match value["refused"].as_array().map(Vec::as_slice) {
        Some([mnemonic, message]) => Err(DialError::Refused(text(mnemonic), text(message))),
        _ => Err(DialError::OutcomeUnknown(text(&value["unknown"]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_read_as_it_was_written() {
        for outcome in [Ok(()), Err(DialError::Refused("no_money".into(), "x".into())), Err(DialError::OutcomeUnknown("cut".into()))] {
            assert_eq!(read(&write(&outcome)), outcome);
        }
        assert!(matches!(read("{"), Err(DialError::OutcomeUnknown(_))), "what cannot be read is never a start");
    }
}
