//! Custom fields of an appeal's customer and order. A row is written when the plugin creates the customer or the order; on later appeals only
//! if the row's «Обновлять всегда» is on. For an order, a later appeal writes to the customer's newest open one.

use serde_json::{Map, Value};

use super::lookup::Lookup;
use super::progress;
use crate::appeal::Appeal;
use crate::appeals::{field_values, order};
use crate::base::outcome::skipped;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::custom_fields::Entity;
use crate::retailcrm::{CrmError, customers, orders};
use crate::rules::{self, Fields, Reviewed};
use crate::settings::common::ExtraFieldRow;

/// Values for a customer that this appeal creates, from the parameters known so far. Rows that fail are not reported here but when the
/// appeal ends.
pub fn of_new(context: &Context<'_>, appeal: &Appeal<'_>, rows: &[ExtraFieldRow]) -> Result<Map<String, Value>, Failure> {
    if rows.is_empty() { Ok(Map::new()) } else { Ok(field_values::values(context, Entity::Customer, rows.iter(), appeal.parameters)?.0) }
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
    let (mut values, mut left_out) = field_values::values(context, Entity::Customer, wanted, appeal.parameters)?;
    values.retain(|code, value| known.fields.get(code) != Some(value));
    if values.is_empty() {
        return Ok(left_out);
    }
    let Some(customer) = lookup.customer()? else { return Ok(left_out) };
    let proposed = values.clone();
    match rules::review_field_update(context, appeal, || Fields::default().own(&values)) {
        Reviewed::Keep => {}
        Reviewed::Changed(changed) => values = changed.own(),
        Reviewed::Skip(_) => values.clear(),
    }
    let what = format!("fields of the customer of {}", appeal.id);
    let written = rules::send_or_fall_back(context, &what, (&values, &proposed), &mut left_out, |values| {
        if values.is_empty() { Ok(()) } else { customers::set_fields(lookup.crm(), &customer, values) }
    });
    match written {
        // The proposed values are marked, even those that rules changed, so that they are not proposed again.
        Ok(()) => progress::update(context, appeal.id, |progress| progress.fields.extend(proposed.clone()))?,
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
    let (mut values, mut left_out) = field_values::values(context, Entity::Order, wanted.into_iter(), appeal.parameters)?;
    values.retain(|code, value| known.order_fields.get(code) != Some(value));
    if known.order_created {
        // Values that cannot be converted were reported when the order was created.
        left_out.clear();
    }
    if values.is_empty() {
        return Ok(left_out);
    }
    let Some(order) = order::to_update(context, appeal, known.order_created, lookup)? else { return Ok(left_out) };
    match orders::set_fields(context.crm, &order, &values) {
        Ok(()) => progress::update(context, appeal.id, |progress| progress.order_fields.extend(values.clone()))?,
        Err(error @ CrmError::Refused { .. }) => {
            let codes: Vec<&str> = values.keys().map(String::as_str).collect();
            left_out.push(skipped(format!("order fields {}", codes.join(", ")), error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(left_out)
}
