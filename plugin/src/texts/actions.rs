//! What the settings require for a site request or a chat: a client, an order, a task, fields. A refusal of one does not block the others.

use crate::appeal::Appeal;
use crate::appeals::assignee::{Assignee, Responsibles};
use crate::appeals::lookup::Lookup;
use crate::appeals::steps::StepResults;
use crate::appeals::{customer, fields, order, progress, task};
use crate::base::appeal_id::{AppealId, AppealKind};
use crate::base::keys::Key;
use crate::base::template;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::{Context, choice};
use crate::crm_state::switch;
use crate::retailcrm::custom_fields::Entity;
use crate::settings::common::First;
use crate::settings::texts::{TextAssignee, TextSettings};
use crate::settings::{Repeat, Settings};

/// What has to be done for one appeal.
pub struct AppealActions<'a> {
    /// The settings for this kind of appeal.
    pub block: &'a TextSettings,
    /// All settings.
    pub settings: &'a Settings,
    /// The UIS employee who handled the appeal.
    pub employee: Option<i64>,
    /// RetailCRM's built-in method for orders of this kind.
    pub stock_method: &'a str,
    /// The customer's comment for the order.
    pub customer_comment: Option<String>,
    /// Titles and values that the manager's comment on the order names, unless its template does.
    pub facts: Vec<(&'static str, &'a str)>,
    /// The same for the order of a client whom RetailCRM knew.
    pub facts_of_known: Vec<(&'static str, &'a str)>,
    /// Whether it is time for the client.
    pub client_due: bool,
    /// Whether it is time for the order, and the appeal's type creates one.
    pub order_due: bool,
    /// The assignee of the order by the type of the request; none: as the settings say otherwise.
    pub type_assignee: Option<i64>,
    /// Whether a task is created as well.
    pub with_task: bool,
    /// Whether the task has settings of its own, whatever else the appeal creates.
    pub task_is_apart: bool,
}

/// Notes which setting has the effect that a chat or a request is not handled at all. `send` is the setting for its kind.
pub fn note_not_handled(context: &Context<'_>, appeal: AppealId, send: &str) -> Result<(), Failure> {
    let (by, why) = if switch::switched_off(context.platform)? {
        ("", "the module is switched off in RetailCRM")
    } else if context.settings()?.texts {
        (send, "it is off")
    } else {
        ("texts", "it is off")
    };
    context.decided(appeal, by, Decided::LeftOut, why);
    Ok(())
}

impl AppealActions<'_> {
    fn responsibles(&self) -> Responsibles<'_> {
        Responsibles { rules: &self.block.rules, default: self.settings.default_of_texts() }
    }

    fn assignee(&self, choice: TextAssignee, user: Option<i64>) -> Assignee {
        match choice {
            TextAssignee::Operator => Assignee::Employee(self.employee),
            TextAssignee::Manager => Assignee::Manager,
            TextAssignee::Settings | TextAssignee::AsClient | TextAssignee::AsFirst => Assignee::Settings,
            TextAssignee::Default => Assignee::Default,
            TextAssignee::Fixed => Assignee::User(user),
        }
    }

    /// The assignee of a new client.
    fn client_assignee(&self) -> Assignee {
        self.assignee(self.block.assignee, self.block.assignee_user)
    }

    /// The assignee of an order. `first`: RetailCRM did not know the customer when the appeal began.
    fn order_assignee(&self, first: bool) -> Assignee {
        let block = self.block;
        let of_first = match block.order_assignee {
            TextAssignee::AsClient | TextAssignee::AsFirst => self.client_assignee(),
            choice => self.assignee(choice, block.order_user),
        };
        match (self.type_assignee, first, block.repeat_assignee) {
            (Some(user), ..) => Assignee::User(Some(user)),
            (None, true, _) | (None, false, TextAssignee::AsFirst) => of_first,
            (None, false, TextAssignee::AsClient) => self.client_assignee(),
            (None, false, choice) => self.assignee(choice, block.repeat_user),
        }
    }

    /// Does everything that is required and due, and not done yet.
    pub fn carry_out(
        &self,
        context: &Context<'_>,
        appeal: &Appeal<'_>,
        lookup: &mut Lookup<'_>,
        steps: &mut StepResults<'_>,
    ) -> Result<(), Failure> {
        let block = self.block;
        let creates = self.client_due && block.first.client() && !block.only_first;
        if creates {
            self.client(context, appeal, lookup, steps)?;
        }
        let first = customer::is_first(context, appeal, lookup)?;
        if block.only_first && !first {
            context.decided(appeal.id, "request-only-first", Decided::LeftOut, "RetailCRM knew the person");
            return Ok(());
        }
        let repeat = match first {
            true if block.first.order() => Repeat::Always,
            true => Repeat::Nothing,
            false => block.repeat,
        };
        let ordering = self.order_due && repeat != Repeat::Nothing;
        self.note_decision(context, appeal, (first, repeat));
        // An order needs a client; a known client is only found and remembered.
        if !creates && ((self.client_due && (block.first.client() || !first)) || ordering) {
            self.client(context, appeal, lookup, steps)?;
        }
        if ordering {
            steps.add(self.order(context, appeal, first, repeat, lookup))?;
        }
        if self.order_due || appeal.ended {
            let rows = block.rows(Entity::Order);
            steps.add(fields::update_order(context, appeal, &rows, lookup))?;
        }
        if self.makes_task(first) {
            steps.add(self.task(context, appeal, lookup))?;
        }
        Ok(())
    }

    /// Notes what the settings decide about the order.
    fn note_decision(&self, context: &Context<'_>, appeal: &Appeal<'_>, (first, repeat): (bool, Repeat)) {
        let kind = kind_of(appeal);
        let (by, known) = match first {
            true => ("first", format!("RetailCRM did not know the person; it is {}", choice(&self.block.first))),
            false => ("repeat", format!("RetailCRM knew the person; it is {}", choice(&self.block.repeat))),
        };
        let verdict = if self.order_due && repeat != Repeat::Nothing { Decided::Done } else { Decided::LeftOut };
        let due = if self.order_due { "" } else { "; the event that creates the order has not come, or the type creates none" };
        context.decided(format_args!("order of {}", appeal.id), &format!("{kind}-{by}"), verdict, format_args!("{known}{due}"));
    }

    /// Whether the appeal makes a task. «Ничего не создавать» for repeated appeals covers the task as well, unless the task has settings of
    /// its own (a lost chat), or tasks are all that the settings make.
    fn makes_task(&self, first: bool) -> bool {
        let nothing = !first && self.block.repeat == Repeat::Nothing && self.block.first != First::Nothing;
        self.with_task && (self.task_is_apart || !nothing)
    }

    /// Makes sure that the person is a client, and writes the client's fields.
    fn client(&self, context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>, steps: &mut StepResults) -> Result<(), Failure> {
        if self.block.first.client() {
            let (by, why) = (format!("{}-first", kind_of(appeal)), format!("it is {}", choice(&self.block.first)));
            context.decided(format_args!("client of {}", appeal.id), &by, Decided::Done, why);
        }
        let rows = self.block.rows(Entity::Customer);
        let manager = |lookup: &mut Lookup<'_>| self.client_assignee().user(context, appeal, lookup, self.responsibles());
        steps.add(customer::ensure(context, appeal, manager, &rows, lookup))?;
        steps.add(fields::update(context, appeal, &rows, lookup))
    }

    /// For a person without contacts: creates only the task, if one is required.
    pub fn task_alone(&self, context: &Context<'_>, appeal: &Appeal<'_>) -> Result<Vec<Skipped>, Failure> {
        if !self.with_task {
            return Ok(Vec::new());
        }
        self.task(context, appeal, &mut Lookup::without_customer(context))
    }

    /// While neither a client nor an order is due: creates only the task, if one is required.
    pub fn only_task(&self, context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
        if !self.with_task {
            return Ok(Vec::new());
        }
        let first = customer::is_first(context, appeal, lookup)?;
        if (self.block.only_first && !first) || !self.makes_task(first) {
            return Ok(Vec::new());
        }
        self.task(context, appeal, lookup)
    }

    fn task(&self, context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
        let block = self.block;
        context.decided(format_args!("task of {}", appeal.id), &format!("{}-task", kind_of(appeal)), Decided::Done, "it is on");
        let plan = task::TaskPlan {
            key: Key::AppealTask(appeal.id),
            once: true,
            name: &block.task_name,
            due_hours: block.task_due_hours,
            assignee: self.assignee(block.task_assignee, block.task_user),
            responsibles: self.responsibles(),
        };
        task::make(context, appeal, &plan, lookup)
    }

    /// The template of the manager's comment, with the facts that it does not name itself.
    fn order_comment(&self, appeal: &Appeal<'_>, first: bool) -> String {
        let mut comment = self.block.order_comment.clone();
        let rendered = template::render(&comment, |name| appeal.parameters.get(name), |_| {});
        let of_known = self.facts_of_known.iter().filter(|_| !first);
        for (title, value) in self.facts.iter().chain(of_known).filter(|(_, value)| !rendered.contains(value)) {
            // Braces in what a visitor sent are no placeholder.
            comment += &format!("; {}: {}", title.to_lowercase(), value.replace("{{", "{ {"));
        }
        comment
    }

    fn order(
        &self,
        context: &Context<'_>,
        appeal: &Appeal<'_>,
        first: bool,
        repeat: Repeat,
        lookup: &mut Lookup<'_>,
    ) -> Result<Vec<Skipped>, Failure> {
        let block = self.block;
        if progress::read(context, appeal.id)?.ordered {
            return Ok(Vec::new());
        }
        let rows = block.rows(Entity::Order);
        let (values, mut left_out) = order::fields(context, appeal, &rows)?;
        let comment = self.order_comment(appeal, first);
        let plan = order::OrderPlan {
            repeat,
            after_hours: block.after_hours,
            order_type: block.order_type.clone(),
            order_method: block.order_method.clone(),
            stock_method: self.stock_method,
            status: block.order_status.clone(),
            assignee: self.order_assignee(first),
            responsibles: self.responsibles(),
            comment: &comment,
            customer_comment: self.customer_comment.clone(),
            fields: values,
            rows,
        };
        left_out.extend(order::make(context, appeal, &plan, lookup)?);
        Ok(left_out)
    }
}

/// What the names of the settings for this kind of appeal begin with.
fn kind_of(appeal: &Appeal<'_>) -> &'static str {
    if appeal.id.kind == AppealKind::Chat { "chat" } else { "request" }
}
