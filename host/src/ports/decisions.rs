//! The answers of partners' rules, as the imports of a plugin ask for them.

use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt, ready};

use crate::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, Routing, Verdict};
use crate::decision::Point;
use crate::trace::Trace;

/// The event that a rule is asked for.
pub struct RuleContext<'a> {
    /// When the event must be done.
    pub deadline: Instant,
    /// The host's time, in milliseconds since 1970.
    pub now: i64,
    /// Where the rules' answers are written down.
    pub trace: &'a mut Trace,
}

/// Partners' rules of one account. A rule that gives no answer counts as "keep".
pub trait Decisions: Send + Sync {
    /// The points that some rule decides.
    fn decided(&self) -> Vec<Point>;

    /// The assignee: the proposed one, or another.
    fn responsible<'a>(&'a self, about: &'a Appeal, proposed: Option<String>, asking: RuleContext<'a>) -> BoxFuture<'a, Option<String>>;

    /// What becomes of a draft.
    fn review_draft<'a>(&'a self, about: &'a Appeal, draft: Draft, asking: RuleContext<'a>) -> BoxFuture<'a, Verdict>;

    /// Where a call goes.
    fn route<'a>(&'a self, about: &'a Appeal, proposed: Routing, asking: RuleContext<'a>) -> BoxFuture<'a, Routing>;

    /// The deal as it is to be uploaded; none: it is not uploaded.
    fn review_deal<'a>(&'a self, deal: DealDraft, asking: RuleContext<'a>) -> BoxFuture<'a, Option<DealDraft>>;
}

/// An account without rules.
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
