//! Finding an event and putting it right.

use futures_util::FutureExt;
use http::Method;
use serde::Serialize;

use super::{Client, encoded, integration, with_query};
use crate::control::{
    Answer, ControlError, DeadLetterView, Edit, EventDetail, EventPage, EventQuery, Events, IntegrationView, Reasons, RedriveReport,
    RedriveRequest,
};

fn value(body: &impl Serialize) -> Result<serde_json::Value, ControlError> {
    serde_json::to_value(body).map_err(|error| ControlError::Invalid(vec![error.to_string()]))
}

impl Events for Client {
    fn events(&self, query: EventQuery) -> Answer<'_, EventPage> {
        async move { self.get(&with_query("/v1/events", &query)).await }.boxed()
    }

    fn event<'a>(&'a self, id: &'a str, reveal: bool) -> Answer<'a, EventDetail> {
        let reveal = if reveal { "?reveal=true" } else { "" };
        async move { self.get(&format!("/v1/events/{}{reveal}", encoded(id))).await }.boxed()
    }

    fn reasons(&self, query: EventQuery) -> Answer<'_, Reasons> {
        async move { self.get(&with_query("/v1/dead-letters/reasons", &query)).await }.boxed()
    }

    fn redrive_all(&self, request: RedriveRequest) -> Answer<'_, RedriveReport> {
        async move { self.send(Method::POST, "/v1/dead-letters/redrive", Some(value(&request)?)).await }.boxed()
    }

    fn edit<'a>(&'a self, id: &'a str, edit: Edit) -> Answer<'a, DeadLetterView> {
        async move { self.send(Method::POST, &format!("/v1/dead-letters/{}/edit", encoded(id)), Some(value(&edit)?)).await }.boxed()
    }

    fn pause<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.post(&integration(name, "/pause")).await }.boxed()
    }

    fn resume<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.post(&integration(name, "/resume")).await }.boxed()
    }
}
