//! `rules`: the account's rules, asked in their sandboxes. Their time is inside the event's deadline and outside the plugin's fuel.

use std::time::Duration;

use super::EventScope;
use crate::bindings::uis::integration::rules::{Appeal, DealDraft, Draft, Host, Points, Routing, Verdict};
use crate::rules::Point;
use crate::rules::set::Asking;

/// Kept back from rules for what the plugin does after them.
const RESERVE: Duration = Duration::from_millis(100);

impl EventScope {
    /// The rules, and what an evaluation needs.
    fn asking(&mut self) -> (std::sync::Arc<crate::rules::RuleSet>, Asking<'_>) {
        let deadline = self.deadline.checked_sub(RESERVE).unwrap_or(self.deadline);
        let (rules, now) = (self.integration.rules.clone(), self.integration.clock.now_ms());
        (rules, Asking { deadline, now, trace: &mut self.trace })
    }
}

impl Host for EventScope {
    fn decided(&mut self) -> wasmtime::Result<Points> {
        let mut points = Points::empty();
        for point in self.integration.rules.decided() {
            points |= match point {
                Point::Responsible => Points::RESPONSIBLE,
                Point::Draft => Points::DRAFT,
                Point::Routing => Points::ROUTING,
                Point::Deal => Points::DEAL,
            };
        }
        Ok(points)
    }

    async fn responsible(&mut self, about: Appeal, proposed: Option<String>) -> Option<String> {
        let (rules, mut asking) = self.asking();
        rules.responsible(&about, proposed, &mut asking).await
    }

    async fn review_draft(&mut self, about: Appeal, draft: Draft) -> Verdict {
        let (rules, mut asking) = self.asking();
        rules.review_draft(&about, draft, &mut asking).await
    }

    async fn route(&mut self, about: Appeal, proposed: Routing) -> Routing {
        let (rules, mut asking) = self.asking();
        rules.route(&about, proposed, &mut asking).await
    }

    async fn review_deal(&mut self, deal: DealDraft) -> Option<DealDraft> {
        let (rules, mut asking) = self.asking();
        rules.review_deal(deal, &mut asking).await
    }
}
