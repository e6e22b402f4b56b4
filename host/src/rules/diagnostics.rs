//! What a rule printed and the exceptions that it caught: the optional export `rule-diagnostics`, which is called in the rule's instance after
//! a decision.

use std::sync::{Arc, Mutex};

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, ComponentType, Instance, Lift};

use super::sandbox::State;
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION};
use crate::sync::lock;

/// How much of what a rule printed, and of an exception's stack, is kept, in bytes.
const KEPT_BYTES: usize = 4096;

/// How much of an exception's first line is kept, in bytes.
const MESSAGE_BYTES: usize = 500;

/// The contract's record `diagnostics`.
#[derive(Debug, Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Diagnosed {
    printed: String,
    failure: Option<String>,
}

impl Diagnosed {
    /// Passes on what was printed and the stack of an exception. Returns the exception's first line.
    pub(super) fn pass_on(self, printed: Option<&Printed>) -> Option<String> {
        let (failure, stack) = match self.failure.as_deref().map(|failure| failure.split_once('\n').unwrap_or((failure, ""))) {
            None => (None, ""),
            Some((message, stack)) => (Some(cut(message, MESSAGE_BYTES)), stack),
        };
        if let Some(to) = printed {
            let parts = [cut(&self.printed, KEPT_BYTES), cut(stack, KEPT_BYTES)];
            let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
            *lock(&to.0) = parts.join("\n");
        }
        failure
    }
}

/// Text of a rule, cut to a size. Characters that would move a terminal's cursor are replaced.
fn cut(text: &str, bytes: usize) -> String {
    let end = text.floor_char_boundary(bytes);
    let cut = if end < text.len() { "…" } else { "" };
    let shown = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text[..end].chars().map(shown).chain(cut.chars()).collect()
}

/// Receives what a rule prints during a decision.
#[derive(Debug, Clone, Default)]
pub(super) struct Printed(Arc<Mutex<String>>);

impl Printed {
    /// What was printed; none if nothing.
    pub(super) fn into_text(self) -> Option<String> {
        Some(std::mem::take(&mut *lock(&self.0))).filter(|text| !text.is_empty())
    }
}

/// Where a component exports its diagnostics.
#[derive(Clone)]
pub(super) struct Taker(ComponentExportIndex);

impl Taker {
    /// Finds the export; none if the component has none.
    pub(super) fn find(component: &Component) -> Option<Taker> {
        let interface = component.get_export_index(None, format!("{CONTRACT_PACKAGE}/rule-diagnostics@{CONTRACT_VERSION}"))?;
        component.get_export_index(Some(&interface), "take").map(Taker)
    }

    /// Takes the diagnostics of the last decision in this instance.
    pub(super) async fn take(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Diagnosed> {
        let take = instance.get_typed_func::<(), (Diagnosed,)>(&mut *store, self.0)?;
        Ok(take.call_async(&mut *store, ()).await?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_message_and_the_rest_is_printed() {
        let printed = Printed::default();
        let diagnosed = Diagnosed { printed: "seen\u{1b}[2J\n".into(), failure: Some("rule.js:7: Error: no\nreview@rule.js:7".into()) };
        assert_eq!(diagnosed.pass_on(Some(&printed)).as_deref(), Some("rule.js:7: Error: no"));
        assert_eq!(printed.into_text().as_deref(), Some("seen [2J\nreview@rule.js:7"));
        let silent = Printed::default();
        assert_eq!(Diagnosed { printed: String::new(), failure: None }.pass_on(Some(&silent)), None);
        assert_eq!(silent.into_text(), None);
        let long = Diagnosed { printed: "ж".repeat(5000), failure: Some("x".repeat(5000)) };
        let printed = Printed::default();
        assert_eq!(long.pass_on(Some(&printed)).map(|failure| failure.len()), Some(MESSAGE_BYTES + "…".len()));
        assert!(printed.into_text().is_some_and(|text| text.len() <= KEPT_BYTES + "…".len()));
    }
}
