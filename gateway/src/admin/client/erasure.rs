//! Erasing a person.

use futures_util::FutureExt;
use http::Method;
use serde_json::json;

use super::Client;
use crate::control::erasure::{ErasureView, WhomToErase};
use crate::control::{Answer, Erasure};

impl Erasure for Client {
    fn find_person<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView> {
        async move { self.send(Method::POST, "/v1/erasures/preview", Some(json!(whom))).await }.boxed()
    }

    fn erase<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView> {
        async move { self.send(Method::POST, "/v1/erasures", Some(json!(whom))).await }.boxed()
    }
}
