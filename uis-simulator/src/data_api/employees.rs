//! Creating and changing employees.

use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::directory::{DirectoryError, EmployeeFields};
use uis_host::data_api::{Employee, EmployeePhone};

use crate::account::AccountState;
use crate::context::{Answer, Context, integer};
use crate::rpc::ApiError;

/// The names and the address, for the account's own rules.
fn fields(context: &Context<'_>) -> EmployeeFields {
    let text = |name: &str| context.text(name).map(str::to_owned);
    EmployeeFields {
        last_name: text("last_name"),
        first_name: text("first_name"),
        patronymic: text("patronymic"),
        email: text("email"),
        status: text("status"),
    }
}

/// A refusal of the account as an error of the API. The refusal's text begins with the name of the parameter.
fn refused(context: &Context<'_>, error: DirectoryError) -> ApiError {
    match error {
        DirectoryError::Busy(_) => ApiError::of("internal_error"),
        DirectoryError::Refused((mnemonic, text)) => {
            let name = ["last_name", "email"].into_iter().find(|name| text.starts_with(name)).unwrap_or("id");
            ApiError::about(&mnemonic, name, context.value(name)).because(text)
        }
    }
}

/// `create.employees`.
pub(crate) fn create(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    check_extension(context, None)?;
    let fields = fields(context);
    let id = context.state.create_employee(&fields).map_err(|error| refused(context, error))?;
    write_rest(context, id);
    Ok(Answer::Data(json!({"id": id})))
}

/// `update.employees`: only the given members change; a list is replaced whole.
pub(crate) fn update(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let id = context.integer("id").unwrap_or_default();
    if !context.state.account.employees.iter().any(|employee| employee.id == id) {
        return context.refuse("entity_not_found", "id");
    }
    check_extension(context, Some(id))?;
    let fields = fields(context);
    context.state.update_employee(id, &fields).map_err(|error| refused(context, error))?;
    write_rest(context, id);
    Ok(Answer::Data(json!({})))
}

/// Checks that an extension has at most 5 digits and belongs to nobody else.
fn check_extension(context: &Context<'_>, id: Option<i64>) -> Result<(), ApiError> {
    let given = &context.value("extension")["extension_phone_number"];
    let Some(number) = given.as_str() else { return Ok(()) };
    let field = "extension.extension_phone_number";
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::about("invalid_parameter_value", field, given));
    }
    let has_it = |employee: &Employee| Some(employee.id) != id && employee.extension_number().as_deref() == Some(number);
    if context.state.account.employees.iter().any(has_it) {
        return Err(ApiError::about("already_in_use", field, given));
    }
    Ok(())
}

/// Writes the members for which the account has no rules.
fn write_rest(context: &mut Context<'_>, id: i64) {
    let params = context.params;
    let names = group_names(context.state);
    let Some(employee) = context.state.account.employees.iter_mut().find(|employee| employee.id == id) else { return };
    for (name, value) in params {
        match name.as_str() {
            "access_token" | "user_id" | "id" | "last_name" | "first_name" | "patronymic" | "status" => {}
            "email" => {
                if value.is_null() {
                    employee.email = None;
                }
            }
            "phone_numbers" => employee.phone_numbers = phones(employee, value),
            "extension" => employee.extension = serde_json::from_value(value.clone()).ok(),
            "groups" => drop(employee.rest.insert(name.clone(), groups(value, &names))),
            "operator" => drop(employee.rest.insert(name.clone(), operator(value))),
            _ => drop(employee.rest.insert(name.clone(), value.clone())),
        }
    }
}

/// The phones of an employee as they were given. A phone that the employee has keeps what the request does not name.
fn phones(employee: &Employee, given: &Value) -> Vec<EmployeePhone> {
    let phone = |given: &Value| {
        let number = given["phone_number"].as_str()?;
        let known = employee.phone_numbers.iter().find(|known| {
            let id = integer(&given["phone_id"]);
            if id.is_some() { known.rest.get("phone_id").and_then(Value::as_i64) == id } else { known.phone_number == number }
        });
        let mut phone = known.cloned().unwrap_or_default();
        phone.phone_number = number.to_owned();
        for (name, value) in given.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "phone_number" => {}
                "status" => phone.status = value.as_str().map(str::to_owned),
                _ => drop(phone.rest.insert(name.clone(), value.clone())),
            }
        }
        Some(phone)
    };
    given.as_array().into_iter().flatten().filter_map(phone).collect()
}

/// The names of the groups that employees are in, by their ids.
fn group_names(state: &AccountState) -> Map<String, Value> {
    let groups = state.account.employees.iter().filter_map(|employee| employee.rest.get("groups")?.as_array());
    let pairs = groups.flatten().filter_map(|group| Some((group["group_id"].as_i64()?.to_string(), group["group_name"].clone())));
    pairs.collect()
}

/// Groups are written as ids and read as objects.
fn groups(ids: &Value, names: &Map<String, Value>) -> Value {
    let group = |id: &Value| {
        let name = names.get(&integer(id)?.to_string()).cloned().unwrap_or(Value::Null);
        Some(json!({"group_id": integer(id)?, "group_name": name}))
    };
    ids.as_array().into_iter().flatten().filter_map(group).collect::<Vec<_>>().into()
}

/// An operator as it is read: without the password.
fn operator(given: &Value) -> Value {
    let Value::Object(members) = given else { return Value::Null };
    let mut members = members.clone();
    members.remove("operator_password");
    if let Some(Value::Array(ids)) = members.get("operator_sites").cloned() {
        let sites: Vec<Value> = ids.iter().map(|id| json!({"site_id": id})).collect();
        members.insert("operator_sites".into(), sites.into());
    }
    members.into()
}
