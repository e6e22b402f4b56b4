//! An order for an appeal. Its `externalId` is the appeal's id, so a second create is refused instead of making a second order.

use serde_json::{Map, Value};

use super::assignee::{Assignee, Responsibles};
use super::lookup::Lookup;
use super::progress;
use crate::appeal::Appeal;
use crate::appeals::{field_values, fields, whole_lists};
use crate::base::appeal_id::{AppealId, AppealKind};
use crate::base::template;
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::{Context, choice};
use crate::crm_state::statuses;
use crate::retailcrm::corporate::{self, Company};
use crate::retailcrm::custom_fields::Entity;
use crate::retailcrm::customers::Customer;
use crate::retailcrm::orders::{self, NewOrder, OrderSummary};
use crate::retailcrm::reference::Status;
use crate::retailcrm::{CrmError, Refusal, answer};
use crate::rules::{self, AssigneeFor, Fields, Reviewed};
use crate::settings::common::{ExtraFieldRow, Repeat};

/// The longest comment, in characters `[inferred]`.
pub const COMMENT_MAX: usize = 2000;
const HOUR_MS: i64 = 3_600_000;

/// How the order is created.
pub struct OrderPlan<'a> {
    /// When an existing customer gets another order.
    pub repeat: Repeat,
    /// The hours of [`Repeat::AfterHours`].
    pub after_hours: u32,
    /// Code of the order's type; none: the account's default.
    pub order_type: Option<String>,
    /// Code of the order's method; none: [`OrderPlan::stock_method`].
    pub order_method: Option<String>,
    /// RetailCRM's built-in method for such appeals. If the account has removed it, the order gets the default method.
    pub stock_method: &'a str,
    /// Code of the order's first status.
    pub status: Option<String>,
    /// The assignee.
    pub assignee: Assignee,
    /// «Ответственные»: the assignee if that names nobody.
    pub responsibles: Responsibles<'a>,
    /// Template of the manager's comment.
    pub comment: &'a str,
    /// What the customer wrote.
    pub customer_comment: Option<String>,
    /// Fields that the account added to orders.
    pub fields: Map<String, Value>,
    /// The rows that the fields come from.
    pub rows: Vec<ExtraFieldRow>,
}

/// Values for the order's custom fields, and the rows that were skipped.
pub fn fields(context: &Context<'_>, appeal: &Appeal<'_>, rows: &[ExtraFieldRow]) -> Result<(Map<String, Value>, Vec<Skipped>), Failure> {
    if rows.is_empty() { Ok((Map::new(), Vec::new())) } else { field_values::values(context, Entity::Order, rows.iter(), appeal) }
}

/// Why an attempt to create the order failed.
enum MakeError {
    /// The customer no longer exists in RetailCRM.
    CustomerGone(Failure),
    /// Another reason.
    Other(Failure),
}

impl From<CrmError> for MakeError {
    fn from(error: CrmError) -> MakeError {
        let is_gone = error.is_refused_for(Refusal::CustomerNotFound);
        if is_gone { MakeError::CustomerGone(error.into()) } else { MakeError::Other(error.into()) }
    }
}

impl From<Failure> for MakeError {
    fn from(failure: Failure) -> MakeError {
        MakeError::Other(failure)
    }
}

impl From<MakeError> for Failure {
    fn from(stop: MakeError) -> Failure {
        match stop {
            MakeError::CustomerGone(failure) | MakeError::Other(failure) => failure,
        }
    }
}

/// Creates the order of an existing customer, unless the customer's other orders forbid it.
pub fn make(context: &Context<'_>, appeal: &Appeal<'_>, plan: &OrderPlan<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    match attempt(context, appeal, plan, lookup) {
        // The customer was merged into another one, who now has the phone.
        Err(MakeError::CustomerGone(failure)) => {
            if lookup.find_successor(appeal.id)?.is_none() {
                return Err(failure);
            }
            Ok(attempt(context, appeal, plan, lookup)?)
        }
        other => Ok(other?),
    }
}

fn attempt(context: &Context<'_>, appeal: &Appeal<'_>, plan: &OrderPlan<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, MakeError> {
    let known = progress::read(context, appeal.id)?;
    // If a rule skipped the customer, this appeal has no order, even if another appeal has created the customer since.
    if known.ordered || known.skipped {
        return Ok(Vec::new());
    }
    let Some(customer) = lookup.customer()? else { return Ok(Vec::new()) };
    // An order from a company's contact belongs to the company.
    let company = if customer.is_contact { corporate::of_contact(context.crm, customer.id)? } else { None };
    let buyer = company.as_ref().map_or(customer.id, |company| company.id);
    let others_matter = plan.repeat != Repeat::Always;
    if others_matter && !allows_another(context, appeal, plan, &orders::of_customer(context.crm, buyer, company.is_some())?)? {
        let why = format!(
            "it is {}, and customer {buyer} has an open order, or one closed less than {} h ago",
            choice(&plan.repeat),
            plan.after_hours
        );
        context.decided(format_args!("order of {}", appeal.id), "repeat", Decided::LeftOut, why);
        progress::update(context, appeal.id, |progress| progress.ordered = true)?;
        return Ok(Vec::new());
    }
    let plain = propose(context, appeal, plan, (&customer, company.as_ref()), lookup)?;
    let Some(order) = reviewed(context, appeal, &plain) else {
        progress::update(context, appeal.id, |progress| progress.ordered = true)?;
        return Ok(Vec::new());
    };
    let mut left_out = Vec::new();
    let what = format!("order of {}", appeal.id);
    rules::send_or_fall_back(context, &what, (&order, &plain), &mut left_out, |order| create(context, plan, order.clone()))?;
    let sent = if left_out.is_empty() { &order.fields } else { &plain.fields };
    fields::remember_of_order(context, &appeal.id.to_string(), &plan.rows, sent)?;
    progress::update(context, appeal.id, |progress| {
        progress.ordered = true;
        progress.order_created = true;
        progress.sent_order_fields.extend(sent.clone());
        progress.order_site.clone_from(&plain.site);
        progress.order_fields.extend(plain.fields.clone());
    })?;
    Ok(left_out)
}

/// The order according to the settings.
fn propose(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    plan: &OrderPlan<'_>,
    (customer, company): (&Customer, Option<&Company>),
    lookup: &mut Lookup<'_>,
) -> Result<NewOrder, Failure> {
    let comment = whole_lists::render(plan.comment, appeal.parameters, COMMENT_MAX, |_| {});
    // The order belongs to the customer's shop, unless the appeal is about another shop.
    let site = company.map_or(&customer.site, |company| &company.site);
    let site = appeal.own_site.clone().or_else(|| Some(site.clone()).filter(|site| !site.is_empty())).or_else(|| appeal.site.clone());
    Ok(NewOrder {
        external_id: appeal.id.to_string(),
        customer: customer.id,
        company: company.map(|company| company.id),
        site,
        phone: appeal.identity.written_phone(),
        email: appeal.identity.email.clone(),
        order_type: plan.order_type.clone(),
        order_method: plan.order_method.clone().or_else(|| Some(plan.stock_method.to_owned())),
        status: plan.status.clone(),
        manager_id: plan.assignee.user(context, appeal, lookup, plan.responsibles)?,
        customer_comment: plan.customer_comment.as_ref().map(|text| {
            if text.chars().count() > COMMENT_MAX {
                template::log_whole(context.platform, "customer's comment", text);
            }
            template::lines(text, COMMENT_MAX)
        }),
        source: appeal.source.clone(),
        fields: plan.fields.clone(),
        manager_comment: template::fit(context.platform, "order's comment", &comment, COMMENT_MAX),
    })
}

/// The order as the rules left it; none if a rule skipped it.
fn reviewed(context: &Context<'_>, appeal: &Appeal<'_>, plain: &NewOrder) -> Option<NewOrder> {
    let mut order = NewOrder { manager_id: rules::assignee(context, appeal, AssigneeFor::Order, plain.manager_id), ..plain.clone() };
    match rules::review(context, appeal, DraftKind::Order, || drafted(&order)) {
        Reviewed::Keep => {}
        Reviewed::Changed(changed) => {
            order.order_type = changed.text("type");
            order.order_method = changed.text("method");
            order.status = changed.text("status");
            order.manager_id = changed.integer("manager");
            order.manager_comment = changed.lines("manager-comment").unwrap_or_default();
            order.customer_comment = changed.lines("customer-comment");
            order.source = changed.source();
            order.fields = changed.own();
        }
        Reviewed::Skip(_) => return None,
    }
    Some(order)
}

/// Parts of an order that a setting chooses: RetailCRM's name, the end of the setting's name, and its title.
const CHOSEN: [(&str, &str, &str); 3] = [
    ("status", "order-status", "Статус заказа"),
    ("orderType", "order-type", "Тип заказа"),
    ("orderMethod", "order-method", "Способ оформления"),
];

/// Creates the order. If the account has removed RetailCRM's built-in method, the order is created without a method. A refusal of what a
/// setting chose names the setting; the order waits until it is corrected.
fn create(context: &Context<'_>, plan: &OrderPlan<'_>, mut order: NewOrder) -> Result<(), CrmError> {
    match orders::create(context.crm, &order) {
        Err(CrmError::Refused { message, .. }) if plan.order_method.is_none() && only_names_the_method(&message) => {
            context.platform.log(
                Level::Warn,
                "the account has no such order method any more; the order is created without it",
                &[("method", plan.stock_method), ("error", &message)],
            );
            order.order_method = None;
            orders::create(context.crm, &order).map_err(|error| with_settings(error, &order))
        }
        other => other.map_err(|error| with_settings(error, &order)),
    }
}

fn only_names_the_method(message: &str) -> bool {
    answer::names_field(message, "orderMethod") && CHOSEN[..2].iter().all(|(field, ..)| !answer::names_field(message, field))
}

/// Adds to a refusal which settings to correct.
fn with_settings(error: CrmError, order: &NewOrder) -> CrmError {
    let CrmError::Refused { title, status, message, why } = error else { return error };
    let prefix = match AppealId::parse(&order.external_id).map(|id| id.kind) {
        Some(AppealKind::Chat) => "chat",
        Some(AppealKind::SiteRequest) => "request",
        _ => "call",
    };
    let named = CHOSEN.iter().filter(|(field, ..)| answer::names_field(&message, field));
    let named: Vec<String> = named.map(|(_, setting, title)| format!("«{title}» ({prefix}-{setting})")).collect();
    let message = if named.is_empty() { message } else { format!("{message}. Choose another value in {}", named.join(" and ")) };
    CrmError::Refused { title, status, message, why }
}

/// A new order as a draft for rules.
fn drafted(order: &NewOrder) -> Fields {
    Fields::default()
        .text("type", order.order_type.clone())
        .text("method", order.order_method.clone())
        .text("status", order.status.clone())
        .text("shop", order.site.clone())
        .text("phone", order.phone.clone())
        .text("email", order.email.clone())
        .integer("customer", Some(order.customer))
        .integer("manager", order.manager_id)
        .text("manager-comment", Some(order.manager_comment.clone()))
        .text("customer-comment", order.customer_comment.clone())
        .source(order.source.as_ref())
        .own(&order.fields)
}

/// The order whose custom fields an appeal updates: the appeal's own, or the customer's newest open one.
pub fn to_update(context: &Context<'_>, appeal: &Appeal<'_>, own: bool, lookup: &mut Lookup<'_>) -> Result<Option<OrderSummary>, Failure> {
    let Some(customer) = lookup.customer()? else { return Ok(None) };
    let company = if customer.is_contact { corporate::of_contact(context.crm, customer.id)? } else { None };
    let buyer = company.as_ref().map_or(customer.id, |company| company.id);
    let orders = orders::of_customer(context.crm, buyer, company.is_some())?;
    let id = appeal.id.to_string();
    if own {
        return Ok(orders.into_iter().find(|order| order.external_id == id));
    }
    let statuses = statuses::all(context.platform)?;
    Ok(orders.into_iter().find(|order| !is_ended(&statuses, order)))
}

/// Whether an order's status is one of the groups that end orders.
fn is_ended(statuses: &[Status], order: &OrderSummary) -> bool {
    statuses.iter().any(|status| status.code == order.status && matches!(status.group.as_str(), "complete" | "cancel"))
}

/// Whether the customer's other orders allow one more.
fn allows_another(context: &Context<'_>, appeal: &Appeal<'_>, plan: &OrderPlan<'_>, orders: &[OrderSummary]) -> Result<bool, Failure> {
    let statuses: Vec<Status> = statuses::all(context.platform)?;
    let ended = |order: &&OrderSummary| is_ended(&statuses, order);
    // An order created by an earlier attempt of this appeal does not count.
    let id = appeal.id.to_string();
    let others = || orders.iter().filter(|order| order.external_id != id);
    let none_open = others().all(|order| ended(&order));
    Ok(match plan.repeat {
        Repeat::Nothing => false,
        Repeat::Always => true,
        Repeat::NoOpen => none_open,
        Repeat::AfterHours => {
            // Both are local times of the account in the same format, so they can be compared as text.
            let latest = context.crm_date_time(appeal.at - i64::from(plan.after_hours) * HOUR_MS)?;
            none_open && others().filter(ended).all(|order| order.since <= latest)
        }
    })
}
