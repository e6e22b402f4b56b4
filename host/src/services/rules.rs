//! The contract's import `rules`: decisions of the account's rules. Their time counts towards the event's deadline, but not towards the
//! plugin's fuel.

use std::sync::Arc;
use std::time::Duration;

use super::EventScope;
use crate::bindings::uis::integration::rules::{Appeal, DealDraft, Draft, Host, Points, Routing, Verdict};
use crate::decision::Point;
use crate::ports::{Decisions, RuleContext};

/// Time that rules must leave to the plugin, which still has work to do after them.
const RESERVE: Duration = Duration::from_millis(100);

impl EventScope {
    /// The account's rules, and the event's context for them.
    async fn rule_context(&mut self) -> (Arc<dyn Decisions>, RuleContext<'_>) {
        self.turn().await;
        let deadline = self.deadline.checked_sub(RESERVE).unwrap_or(self.deadline);
        let (rules, now) = (self.integration.rules.clone(), self.now());
        (rules, RuleContext { deadline, now, trace: &mut self.trace })
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
        let (rules, context) = self.rule_context().await;
        rules.responsible(&about, proposed, context).await
    }

    async fn review_draft(&mut self, about: Appeal, draft: Draft) -> Verdict {
        let (rules, context) = self.rule_context().await;
        rules.review_draft(&about, draft, context).await
    }

    async fn route(&mut self, about: Appeal, proposed: Routing) -> Routing {
        let (rules, context) = self.rule_context().await;
        rules.route(&about, proposed, context).await
    }

    async fn review_deal(&mut self, deal: DealDraft) -> Option<DealDraft> {
        let (rules, context) = self.rule_context().await;
        rules.review_deal(deal, context).await
    }
}
