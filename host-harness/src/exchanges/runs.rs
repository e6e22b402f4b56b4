//! Numbers the runs of handlers. The dispatch knows which event a handler runs for, the egress knows which request is sent; the number that
//! the wrapped plugin's scope carries joins the two.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use uis_host::bindings::uis::integration::types::Delivery;
use uis_host::event::Event;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Run};
use uis_host::services::EventScope;

/// What is known of a run when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The integration's name.
    pub integration: String,
    /// The line of the recording that caused the event.
    pub line: u64,
    /// The handler, and what its event is about.
    pub event: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
}

/// Receives the beginning and the end of each run.
pub trait Watcher: Send + Sync {
    /// A run begins. Returns its number, which its requests carry; never 0.
    fn begins(&self, cause: Cause) -> u64;

    /// A run ended, whatever its result.
    fn ends(&self, run: u64);
}

/// A plugin whose runs are numbered.
pub struct Numbered {
    plugin: Arc<dyn Plugin>,
    watcher: Arc<dyn Watcher>,
}

impl Numbered {
    /// Wraps a plugin.
    pub fn new(plugin: Arc<dyn Plugin>, watcher: Arc<dyn Watcher>) -> Numbered {
        Numbered { plugin, watcher }
    }
}

impl Around for Numbered {
    fn inner(&self) -> &dyn Plugin {
        self.plugin.as_ref()
    }

    fn handled(&self, mut scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        let about = event.subject();
        let cause = Cause {
            integration: scope.integration.name.clone(),
            line: scope.origin.0,
            event: if about.is_empty() { event.handler().to_owned() } else { format!("{} {about}", event.handler()) },
            attempt: delivery.attempt,
        };
        Box::pin(async move {
            let number = self.watcher.begins(cause);
            scope.run = number;
            let run = self.plugin.handle(scope, delivery, event).await;
            self.watcher.ends(number);
            run
        })
    }
}
