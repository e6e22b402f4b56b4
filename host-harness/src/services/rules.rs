//! `rules`. No rule is loaded, so every decision is to keep what the plugin proposes.

use super::EventScope;
use crate::bindings::uis::integration::rules::{Appeal, DealDraft, Draft, Host, Routing, Verdict};

impl Host for EventScope {
    fn responsible(&mut self, _: Appeal, proposed: Option<String>) -> wasmtime::Result<Option<String>> {
        Ok(proposed)
    }

    fn review_draft(&mut self, _: Appeal, _: Draft) -> wasmtime::Result<Verdict> {
        Ok(Verdict::Keep)
    }

    fn route(&mut self, _: Appeal, proposed: Routing) -> wasmtime::Result<Routing> {
        Ok(proposed)
    }

    fn review_deal(&mut self, deal: DealDraft) -> wasmtime::Result<Option<DealDraft>> {
        Ok(Some(deal))
    }
}
