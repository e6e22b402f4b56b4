//! The decisions of partners' rules, for the plugin's import `rules`.

use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt, ready};

use crate::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, Routing, Verdict};
use crate::decision::Point;
use crate::trace::Trace;

/// What a decision needs of the event that it belongs to.
pub struct RuleContext<'a> {
    /// When the decision must be made.
    pub deadline: Instant,
    /// The current time, in milliseconds since 1970.
    pub now: i64,
    /// Records the rules' answers.
    pub trace: &'a mut Trace,
}

/// The rules of one account. A rule that gives no answer counts as "keep".
pub trait Decisions: Send + Sync {
    /// The decision points that at least one rule implements.
    fn decided(&self) -> Vec<Point>;

    /// Decides the assignee, a CRM user's id. `proposed` is the plugin's choice. None: no assignee.
    fn responsible<'a>(&'a self, about: &'a Appeal, proposed: Option<String>, context: RuleContext<'a>) -> BoxFuture<'a, Option<String>>;

    /// Reviews a draft.
    fn review_draft<'a>(&'a self, about: &'a Appeal, draft: Draft, context: RuleContext<'a>) -> BoxFuture<'a, Verdict>;

    /// Decides where a call is forwarded. `proposed` is the plugin's choice.
    fn route<'a>(&'a self, about: &'a Appeal, proposed: Routing, context: RuleContext<'a>) -> BoxFuture<'a, Routing>;

    /// Reviews a deal. None: the deal is not uploaded.
    fn review_deal<'a>(&'a self, deal: DealDraft, context: RuleContext<'a>) -> BoxFuture<'a, Option<DealDraft>>;
}

/// An account without rules: every proposal is accepted.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoRules;

impl Decisions for NoRules {
    fn decided(&self) -> Vec<Point> {
        Vec::new()
    }
    fn responsible<'a>(&'a self, _: &'a Appeal, proposed: Option<String>, _: RuleContext<'a>) -> BoxFuture<'a, Option<String>> {
        ready(proposed).boxed()
    }
    fn review_draft<'a>(&'a self, _: &'a Appeal, _: Draft, _: RuleContext<'a>) -> BoxFuture<'a, Verdict> {
        ready(Verdict::Keep).boxed()
    }
    fn route<'a>(&'a self, _: &'a Appeal, proposed: Routing, _: RuleContext<'a>) -> BoxFuture<'a, Routing> {
        ready(proposed).boxed()
    }
    fn review_deal<'a>(&'a self, deal: DealDraft, _: RuleContext<'a>) -> BoxFuture<'a, Option<DealDraft>> {
        ready(Some(deal)).boxed()
    }
}
