//! The methods of the Call API.

mod start;

use serde_json::Value;

use crate::context::{Answer, Context, Handler};
use crate::rpc::ApiError;

/// The method with this name; none when the Call API or this server does not have it.
pub(crate) fn handler(method: &str) -> Option<Handler> {
    Some(match method {
        "start.employee_call" => start::employee_call,
        "start.simple_call" => start::simple_call,
        "list.calls" => list,
        _ => return None,
    })
}

/// `list.calls`: the calls that go on.
fn list(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let now = context.now;
    context.state.ongoing.retain(|call| call.until.is_none_or(|until| until > now));
    let number = context.value("virtual_phone_number");
    if number.as_str().is_some_and(|number| !number.starts_with('7')) {
        return context.refuse("invalid_parameter_value", "virtual_phone_number");
    }
    let direction = context.value("direction");
    let asked = |row: &&Value| {
        (direction.is_null() || row["direction"] == *direction) && (number.is_null() || row["virtual_phone_number"] == *number)
    };
    Ok(Answer::Rows(context.state.ongoing.iter().map(|call| &call.row).filter(asked).cloned().collect()))
}

#[cfg(test)]
mod tests {
    use crate::shapes::Api;

    #[test]
    fn every_method_of_the_table_is_there() {
        let own = ["login.user", "logout.user"];
        let missing: Vec<_> =
            Api::Call.methods().keys().filter(|name| !own.contains(&name.as_str()) && super::handler(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
