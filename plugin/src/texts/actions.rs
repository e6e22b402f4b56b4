//! What the settings require for a site request or a chat: a customer, an order, a task, fields. A refusal of one does not block the
//! others.

use crate::appeal::Appeal;
use crate::appeals::assignee::Assignee;
use crate::appeals::lookup::Lookup;
use crate::appeals::steps::StepResults;
use crate::appeals::{customer, fields, order, progress, task};
use crate::base::keys::Key;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::custom_fields::Entity;
use crate::settings::texts::{Method, TextAssignee, TextSettings};
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
    /// Whether a task is created as well.
    pub with_task: bool,
}

impl AppealActions<'_> {
    fn assignee(&self, choice: TextAssignee, user: Option<i64>) -> Assignee {
        match choice {
            TextAssignee::Operator => Assignee::Employee(self.employee),
            TextAssignee::Manager => Assignee::Manager,
            TextAssignee::Default => Assignee::User(None),
            TextAssignee::Fixed => Assignee::User(user),
        }
    }

    /// Does everything that is required and not done yet.
    pub fn carry_out(&self, context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
        let (block, default) = (self.block, self.settings.text_default_assignee);
        let mut steps = StepResults::default();
        let known_before = progress::read(context, appeal.id)?;
        if block.only_first && !known_before.created && !known_before.creating && lookup.customer()?.is_some() {
            return Ok(Vec::new());
        }
        let assignee = self.assignee(block.assignee, block.assignee_user);
        if block.method != Method::Task {
            let rows = block.rows(Entity::Customer);
            let manager = |lookup: &mut Lookup<'_>| assignee.user(context, lookup, default);
            steps.add(customer::ensure(context, appeal, manager, &rows, lookup))?;
            steps.add(fields::update(context, appeal, &rows, lookup))?;
        }
        if block.method == Method::ClientAndOrder {
            steps.add(self.order(context, appeal, assignee, lookup))?;
        }
        if self.wants_task() {
            steps.add(self.task(context, appeal, lookup))?;
        }
        steps.into_skipped()
    }

    /// For a person without contacts: creates only the task, if one is required.
    pub fn task_alone(&self, context: &Context<'_>, appeal: &Appeal<'_>) -> Result<Vec<Skipped>, Failure> {
        if !self.wants_task() {
            return Ok(Vec::new());
        }
        self.task(context, appeal, &mut Lookup::without_customer(context))
    }

    fn wants_task(&self) -> bool {
        self.with_task || self.block.method == Method::Task
    }

    fn task(&self, context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
        let block = self.block;
        let plan = task::TaskPlan {
            key: Key::AppealTask(appeal.id),
            once: true,
            name: &block.task_name,
            due_hours: block.task_due_hours,
            assignee: self.assignee(block.task_assignee, block.task_user),
            default_assignee: self.settings.text_default_assignee,
        };
        task::make(context, appeal, &plan, lookup)
    }

    fn order(
        &self,
        context: &Context<'_>,
        appeal: &Appeal<'_>,
        assignee: Assignee,
        lookup: &mut Lookup<'_>,
    ) -> Result<Vec<Skipped>, Failure> {
        let block = self.block;
        let created = progress::read(context, appeal.id)?.created;
        let repeat = match block.repeat.order() {
            Some(repeat) => repeat,
            // The first appeal of a customer always gets an order.
            None if created => Repeat::Always,
            None => return Ok(Vec::new()),
        };
        let (values, mut left_out) = order::fields(context, appeal, &block.rows(Entity::Order))?;
        let plan = order::OrderPlan {
            repeat,
            after_hours: block.after_hours,
            order_type: block.order_type.clone(),
            order_method: block.order_method.clone(),
            stock_method: self.stock_method,
            status: block.order_status.clone(),
            assignee,
            default_assignee: self.settings.text_default_assignee,
            comment: &block.order_comment,
            customer_comment: self.customer_comment.clone(),
            fields: values,
        };
        left_out.extend(order::make(context, appeal, &plan, lookup)?);
        Ok(left_out)
    }
}
