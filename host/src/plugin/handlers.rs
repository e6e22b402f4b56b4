//! The handlers that a component exports, found once when it is loaded, and the call of the one that an event needs.

use std::collections::BTreeMap;

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, TypedFunc};

use super::engine::StoreState;
use crate::bindings::uis::integration::types::{Delivery, Failure, Outcome};
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION};
use crate::event::{Event, Handled, Reply};

/// The contract's interfaces with handlers, and the handlers of each.
const HANDLERS: [(&str, &[&str]); 6] = [
    (
        "calls",
        &[
            "on-incoming-call",
            "on-leg-ringing",
            "on-outgoing-call",
            "on-call-answered",
            "on-talk-finished",
            "on-call-finished",
            "on-recording-ready",
            "on-tags-changed",
            "on-click-to-call",
        ],
    ),
    ("chats", &["on-chat-started", "on-chat-accepted", "on-chat-message", "on-chat-unanswered", "on-chat-finished"]),
    ("site-requests", &["on-site-request"]),
    ("orders", &["on-order-webhook"]),
    ("schedule", &["on-schedule"]),
    ("setup", &["on-callback", "on-activate", "on-deactivate", "run-action", "erase"]),
];

/// Where a component exports each handler, by the handler's name.
///
/// The generated `bindings::Plugin` has all functions of an instance, and compares the type of each with the contract whenever it is made
/// from an instance. An event needs one function, and only this one is compared; all of them would take some microseconds more.
pub(super) struct Handlers(BTreeMap<&'static str, ComponentExportIndex>);

/// A handler's function. `P` are its parameters, `R` is its result when it succeeds.
type Handler<P, R> = TypedFunc<P, (Result<R, Failure>,)>;

impl Handlers {
    /// Finds the handlers of a component.
    pub fn of(component: &Component) -> Handlers {
        let found = HANDLERS.into_iter().flat_map(|(interface, handlers)| {
            let interface = component.get_export_index(None, format!("{CONTRACT_PACKAGE}/{interface}@{CONTRACT_VERSION}").as_str());
            handlers.iter().filter_map(move |handler| Some((*handler, component.get_export_index(Some(interface.as_ref()?), *handler)?)))
        });
        Handlers(found.collect())
    }

    /// Calls the handler that belongs to the event.
    pub async fn call(
        &self,
        instance: &Instance,
        store: &mut Store<StoreState>,
        delivery: &Delivery,
        event: &Event,
    ) -> wasmtime::Result<Handled> {
        let to = Call { handler: event.handler(), index: self.0.get(event.handler()), instance, store };
        let done = |result: Result<Outcome, Failure>| result.map(Reply::Done);
        Ok(match event {
            Event::IncomingCall(event) => to.call((delivery, event)).await?.map(Reply::Answer),
            Event::LegRinging(event) => done(to.call((delivery, event)).await?),
            Event::OutgoingCall(event) => done(to.call((delivery, event)).await?),
            Event::CallAnswered(event) => done(to.call((delivery, event)).await?),
            Event::TalkFinished(event) => done(to.call((delivery, event)).await?),
            Event::CallFinished(event) => done(to.call((delivery, event)).await?),
            Event::RecordingReady(event) => done(to.call((delivery, event)).await?),
            Event::TagsChanged(event) => done(to.call((delivery, event)).await?),
            Event::ClickToCall(event) => to.call((delivery, event)).await?.map(Reply::Dial),
            Event::ChatStarted(event) => done(to.call((delivery, event)).await?),
            Event::ChatAccepted(event) => done(to.call((delivery, event)).await?),
            Event::ChatMessage(event) => done(to.call((delivery, event)).await?),
            Event::ChatUnanswered(event) => done(to.call((delivery, event)).await?),
            Event::ChatFinished(event) => done(to.call((delivery, event)).await?),
            Event::SiteRequest(event) => done(to.call((delivery, event)).await?),
            Event::OrderWebhook(event) => done(to.call((delivery, event)).await?),
            Event::TimerDue(event) => done(to.call((delivery, event)).await?),
            Event::Callback(event) => done(to.call((delivery, event)).await?),
            Event::Activate | Event::Deactivate => done(to.call((delivery,)).await?),
            Event::Erase(who) => done(to.call((delivery, who)).await?),
            Event::Action(name) => done(to.call((delivery, name.as_str())).await?),
        })
    }
}

/// A call of a handler in an instance.
struct Call<'a> {
    handler: &'static str,
    index: Option<&'a ComponentExportIndex>,
    instance: &'a Instance,
    store: &'a mut Store<StoreState>,
}

impl Call<'_> {
    async fn call<P, R>(self, params: P) -> wasmtime::Result<Result<R, Failure>>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Send + Sync + 'static,
        (Result<R, Failure>,): ComponentNamedList + Lift,
    {
        let index = self.index.ok_or_else(|| wasmtime::Error::msg(format!("the plugin does not export {}", self.handler)))?;
        let function: Handler<P, R> = self.instance.get_typed_func(&mut *self.store, index)?;
        Ok(function.call_async(self.store, params).await?.0)
    }
}
