//! Merging customers: one remains and takes over what the others had.

use serde_json::{Value, json};

use super::write::changed;
use super::{reference, shown};
use crate::context::Context;
use crate::entity::{Entity, phones_of};
use crate::history::{Deed, Subject, gone, reduced_customer, stays};
use crate::phone;
use crate::state::table::Table;
use crate::wire::{ApiError, ApiResult, Success};

/// Members that the remaining customer takes from the others where it has none.
const INHERITED: [&str; 12] = [
    "firstName",
    "lastName",
    "patronymic",
    "email",
    "sex",
    "birthday",
    "address",
    "source",
    "managerId",
    "externalId",
    "browserId",
    "commentary",
];

/// Merges customers into one.
pub fn combine(context: &mut Context<'_>) -> ApiResult {
    let (others, result) = (context.call.objects("customers", 50)?, context.call.object("resultCustomer")?);
    let id = |row: &Entity| row.get("id").and_then(crate::entity::whole);
    let known = |context: &Context<'_>, id: Option<i64>| {
        id.filter(|id| context.state.customers.get(*id).is_some_and(|customer| crate::state::in_sites(customer, &context.sites)))
    };
    let Some(stays) = known(context, id(&result)) else {
        return Err(ApiError::refused("Customers are not combined", json!({"resultCustomer": "Customer not found."})));
    };
    let mut going = Vec::new();
    for (index, row) in others.iter().enumerate() {
        match known(context, id(row)) {
            Some(other) if other == stays => {
                return Err(ApiError::refused(
                    "Customers are not combined",
                    json!({format!("customers[{index}]"): "It is the result customer."}),
                ));
            }
            Some(other) => going.push(other),
            None => {
                return Err(ApiError::refused("Customers are not combined", json!({format!("customers[{index}]"): "Customer not found."})));
            }
        }
    }
    if going.is_empty() {
        return Err(ApiError::entity(json!({"customers": "This collection should contain 1 elements or more."})));
    }
    going.dedup();
    for other in going {
        merge_into(context, stays, other);
    }
    Success::ok(json!({}))
}

fn merge_into(context: &mut Context<'_>, stays: i64, other: i64) {
    let (Some(mut customer), Some(from)) = (context.state.customers.get(stays).cloned(), context.state.customers.get(other).cloned())
    else {
        return;
    };
    for name in INHERITED {
        let missing = customer.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some(""));
        if let (true, Some(value)) = (missing, from.get(name)) {
            customer.insert(name.into(), value.clone());
        }
    }
    let mut phones: Vec<String> = phones_of(&customer).map(str::to_owned).collect();
    for number in phones_of(&from) {
        if !phones.iter().any(|known| phone::key(known) == phone::key(number)) {
            phones.push(number.to_owned());
        }
    }
    customer.insert("phones".into(), phones.into_iter().map(|number| json!({"number": number})).collect());
    if let Some(fields) = from.get("customFields").and_then(Value::as_object) {
        let mut known = customer.get("customFields").and_then(Value::as_object).cloned().unwrap_or_default();
        for (code, value) in fields {
            if known.get(code).is_none_or(Value::is_null) {
                known.insert(code.clone(), value.clone());
            }
        }
        customer.insert("customFields".into(), known.into());
    }
    let kept = reference(&customer);
    for table in [&mut context.state.orders, &mut context.state.tasks, &mut context.state.notes] {
        move_all(table, other, &kept);
    }
    go(context, other, Some(stays));
    changed(context, stays, customer);
}

/// Moves what belongs to one customer to another.
fn move_all(table: &mut Table, from: i64, to: &Value) {
    let moved: Vec<Entity> = table.of_customer(from).cloned().collect();
    for mut entity in moved {
        entity.insert("customer".into(), to.clone());
        if entity.get("contact").is_some_and(|contact| contact["id"] == from) {
            entity.insert("contact".into(), to.clone());
        }
        table.put(crate::state::own_id(&entity), entity);
    }
}

fn go(context: &mut Context<'_>, id: i64, into: Option<i64>) {
    let Some(customer) = context.state.customers.remove(id) else { return };
    let into = into.and_then(|id| context.state.customers.get(id)).map(stays);
    let (recorded, shown) = (reduced_customer(&customer), shown(context.state, &customer));
    context.happened(Subject::Customer, Deed::Deleted, vec![gone(&customer, into)], &recorded, &shown);
}

/// A user deletes a customer; the API cannot. The orders stay and keep their reference to the customer.
pub fn remove(context: &mut Context<'_>, id: i64) -> Result<(), String> {
    context.state.customers.get(id).ok_or_else(|| format!("there is no customer {id}"))?;
    go(context, id, None);
    Ok(())
}
