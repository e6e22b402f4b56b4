//! Custom fields of an appeal's customer and order. A row is written when the plugin creates the customer or the order; on later appeals only
//! if the row's «Обновлять всегда» is on. For an order, a later appeal writes to the customer's newest open one.

use serde_json::{Map, Value};

use super::lookup::Lookup;
use super::progress;
use crate::appeal::Appeal;
use crate::appeals::filled_fields::{self, Filled, OwnTexts};
use crate::appeals::progress::Progress;
use crate::appeals::{field_values, order};
use crate::base::outcome::skipped;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::crm_state::known_fields;
use crate::retailcrm::custom_fields::{Entity, Field};
use crate::retailcrm::orders::OrderSummary;
use crate::retailcrm::{CrmError, customers, orders};
use crate::rules::{self, Fields, Reviewed};
use crate::settings::common::ExtraFieldRow;

/// Values for a customer that this appeal creates, from the parameters known so far. Rows that fail are not reported here but when the
/// appeal ends.
pub fn of_new(context: &Context<'_>, appeal: &Appeal<'_>, rows: &[ExtraFieldRow]) -> Result<Map<String, Value>, Failure> {
    if rows.is_empty() { Ok(Map::new()) } else { Ok(field_values::values(context, Entity::Customer, rows.iter(), appeal)?.0) }
}

/// When the appeal is over: writes new values to a customer that this appeal created; to any other customer only the rows that are always
/// written.
pub fn update(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    rows: &[ExtraFieldRow],
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let known = progress::read(context, appeal.id)?;
    let wanted = rows.iter().filter(|row| row.always || known.created);
    let (mut values, mut left_out) = field_values::values(context, Entity::Customer, wanted, appeal)?;
    values.retain(|code, value| known.fields.get(code) != Some(value));
    if values.is_empty() {
        return Ok(left_out);
    }
    let Some(customer) = lookup.customer()? else { return Ok(left_out) };
    let proposed = values.clone();
    let guard = Guard::of_customer(context, rows, &values, (&known, customer.id))?;
    match rules::review_field_update(context, appeal, || Fields::default().own(&values)) {
        Reviewed::Keep => {}
        Reviewed::Changed(changed) => values = changed.own(),
        Reviewed::Skip(_) => values.clear(),
    }
    let what = format!("fields of the customer of {}", appeal.id);
    let ((of_rules, stays), (plain, _)) = (guard.beside(&values), guard.beside(&proposed));
    let mut refused = Vec::new();
    let written = rules::send_or_fall_back(context, &what, (&of_rules, &plain), &mut refused, |values| {
        if values.is_empty() { Ok(()) } else { customers::set_fields(lookup.crm(), &customer, values) }
    });
    let sent = if refused.is_empty() { values } else { proposed.clone() };
    left_out.extend(stays.into_iter().chain(refused));
    match written {
        // The proposed values are marked, even those that rules changed, so that they are not proposed again.
        Ok(()) => {
            guard.remember(context, &sent)?;
            progress::update(context, appeal.id, |progress| {
                progress.fields.extend(proposed.clone());
                progress.sent_fields.extend(sent.clone());
            })?;
        }
        // RetailCRM may refuse its fields; everything else continues.
        Err(error @ CrmError::Refused { .. }) => {
            let codes: Vec<&str> = proposed.keys().map(String::as_str).collect();
            left_out.push(skipped(format!("fields {}", codes.join(", ")), error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(left_out)
}

/// When the appeal is over: writes new values to the order that this appeal created; if it created none, the rows that are always written, to
/// the customer's newest open order.
pub fn update_order(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    rows: &[ExtraFieldRow],
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let known = progress::read(context, appeal.id)?;
    let wanted: Vec<&ExtraFieldRow> = rows.iter().filter(|row| row.always || known.order_created).collect();
    if wanted.is_empty() || known.skipped {
        return Ok(Vec::new());
    }
    let (mut values, mut left_out) = field_values::values(context, Entity::Order, wanted.into_iter(), appeal)?;
    values.retain(|code, value| known.order_fields.get(code) != Some(value));
    if known.order_created {
        // Values that cannot be converted were reported when the order was created.
        left_out.clear();
    }
    if values.is_empty() {
        return Ok(left_out);
    }
    let Some(order) = order::to_update(context, appeal, known.order_created, lookup)? else { return Ok(left_out) };
    let guard = Guard::of_order(context, rows, (&known, &order))?;
    let (written, stays) = guard.beside(&values);
    left_out.extend(stays);
    let sent = if written.is_empty() { Ok(()) } else { orders::set_fields(context.crm, &order, &written) };
    match sent {
        Ok(()) => {
            guard.remember(context, &values)?;
            progress::update(context, appeal.id, |progress| {
                progress.order_fields.extend(values.clone());
                progress.sent_order_fields.extend(values.clone());
            })?;
        }
        Err(error @ CrmError::Refused { .. }) => {
            let codes: Vec<&str> = values.keys().map(String::as_str).collect();
            left_out.push(skipped(format!("order fields {}", codes.join(", ")), error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(left_out)
}

/// Keeps what people wrote into the fields of one customer or order.
struct Guard<'a> {
    rows: &'a [ExtraFieldRow],
    known: Vec<Field>,
    /// Under this name the texts that we wrote are stored.
    record: String,
    now: Map<String, Value>,
    own: OwnTexts,
}

impl<'a> Guard<'a> {
    /// Of the customer with this id, who is read again only if one of the values needs it.
    fn of_customer(
        context: &Context<'_>,
        rows: &'a [ExtraFieldRow],
        values: &Map<String, Value>,
        (progress, id): (&Progress, i64),
    ) -> Result<Guard<'a>, Failure> {
        let (known, record) = (known_fields::of(context.platform, Entity::Customer)?, customer_record(id));
        let guarded = rows.iter().any(|row| values.contains_key(&row.field) && filled_fields::is_guarded(&known, row));
        let now = if guarded { customers::by_id(context.crm, id)? } else { None };
        let own = filled_fields::own_texts(context, &record)?.into_iter().chain(progress.own_fields()).collect();
        Ok(Guard { rows, known, record, now: now.map(|customer| customer.custom_fields).unwrap_or_default(), own })
    }

    /// Of an order that was just read.
    fn of_order(
        context: &Context<'_>,
        rows: &'a [ExtraFieldRow],
        (progress, order): (&Progress, &OrderSummary),
    ) -> Result<Guard<'a>, Failure> {
        let record = if order.external_id.is_empty() { order_record(&order.id) } else { order_record(&order.external_id) };
        let own = filled_fields::own_texts(context, &record)?.into_iter().chain(progress.own_order_fields()).collect();
        Ok(Guard { rows, known: known_fields::of(context.platform, Entity::Order)?, record, now: order.custom_fields.clone(), own })
    }

    /// As [`filled_fields::beside`].
    fn beside(&self, values: &Map<String, Value>) -> (Map<String, Value>, Vec<Skipped>) {
        filled_fields::beside(&Filled { known: &self.known, now: &self.now, own: &self.own }, self.rows, values)
    }

    /// As [`filled_fields::remember`].
    fn remember(&self, context: &Context<'_>, written: &Map<String, Value>) -> Result<(), Failure> {
        filled_fields::remember(context, &self.record, &self.known, self.rows, written)
    }
}

/// Remembers what a new customer's fields were created with.
pub fn remember_of_customer(context: &Context<'_>, id: i64, rows: &[ExtraFieldRow], written: &Map<String, Value>) -> Result<(), Failure> {
    let known = known_fields::of(context.platform, Entity::Customer)?;
    filled_fields::remember(context, &customer_record(id), &known, rows, written)
}

/// Remembers what a new order's fields were created with.
pub fn remember_of_order(
    context: &Context<'_>,
    external_id: &str,
    rows: &[ExtraFieldRow],
    written: &Map<String, Value>,
) -> Result<(), Failure> {
    if written.is_empty() {
        return Ok(());
    }
    let known = known_fields::of(context.platform, Entity::Order)?;
    filled_fields::remember(context, &order_record(&external_id), &known, rows, written)
}

fn customer_record(id: i64) -> String {
    format!("customer/{id}")
}

fn order_record(id: &dyn std::fmt::Display) -> String {
    format!("order/{id}")
}
