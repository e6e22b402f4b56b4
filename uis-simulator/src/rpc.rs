//! JSON-RPC 2.0 as UIS speaks it: the request's envelope, answers, and the table of errors. Errors come with HTTP status 200.

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value, json};

/// A request whose envelope is in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The request's id, a string or a number. The answer repeats it.
    pub id: Value,
    /// The method's name.
    pub method: String,
    /// The parameters.
    pub params: Map<String, Value>,
}

/// An error of the table. Its parts are behind a pointer, so that results stay small.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError(Box<Parts>);

/// The parts of an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// JSON-RPC's code. Several mnemonics share one.
    pub code: i64,
    /// What clients dispatch on.
    pub mnemonic: String,
    /// The table's text for the mnemonic.
    pub message: String,
    /// The dotted path of the parameter.
    pub field: Option<String>,
    /// The parameter's value as it was sent.
    pub value: Option<Value>,
    /// What the message's placeholders stand for.
    pub params: Map<String, Value>,
    /// What exactly is wrong. Our addition: UIS leaves `extended_helper` null.
    pub explanation: Option<String>,
    /// `metadata` of the error, with the limits.
    pub metadata: Option<Value>,
}

/// The documented errors: mnemonic, code, message. `{…}` in a message stands for a member of the error's `params`.
const ERRORS: &[(&str, i64, &str)] = &[
    ("parse_error", -32700, "Invalid JSON was received by the server."),
    ("invalid_request", -32600, "Invalid Request The JSON sent is not a valid Request object"),
    // So misspelt in the documentation.
    ("batch_opreations_not_supported", -32099, "Batch operations not supported"),
    ("notifications_not_supported", -32099, "Notifications not supported"),
    ("method_not_found", -32601, "The method does not exist / is not available"),
    ("data_type_error", -32602, "Data supplied is of wrong type"),
    ("required_parameter_missed", -32602, "The required parameter has been missed"),
    ("invalid_parameter_value", -32602, "Invalid parameter value"),
    ("unexpected_parameters", -32602, "Unexpected method parameter(s)"),
    ("invalid_parameters_combination", -32602, "The combination of parameters is not permitted"),
    ("error", -32602, "{error_message}"),
    ("internal_error", -32603, "Internal error, contact the support service"),
    ("access_token_expired", -32001, "Access token has been expired"),
    ("access_token_blocked", -32001, "Access token has been blocked"),
    ("access_token_invalid", -32001, "Access token is invalid"),
    ("auth_error", -32001, "Login or password is wrong"),
    ("ip_not_whitelisted", -32003, "Your IP {ip} is not whitelisted"),
    ("forbidden", -32003, "Permission denied"),
    // As recorded; the documentation has -32008 and "on of".
    ("method_component_disabled", -32602, "You need at least one of the following components to access this method: {components}"),
    ("parameter_component_disabled", -32008, "You need at least on of the following components to access this paremeter: {components}"),
    ("component_disabled", -32008, "Component {component_name} has been disabled"),
    ("account_inactive", -32009, "Your account has been disabled, contact the support service"),
    ("limit_exceeded", -32029, "Limit per {limit_type} has been exceeded. Value of current limit per {limit_type} is {limit_max_value}"),
    ("sort_prohibited", -32602, "Sort by parameter is prohibited"),
    ("filter_prohibited", -32602, "Filter by parameter is prohibited"),
    ("date_interval_limit_reached", -32602, "Max value of requested date interval is 3 months"),
    ("entity_not_found", -32602, "Entity not found"),
    // So misspelt in the documentation.
    ("dependency_error", -32602, "You have interdependet entities"),
    ("duplicate_entity", -32602, "Duplicate entity"),
    ("campaign_is_inactive", -32602, "Campaign is inactive"),
    ("invalid_date_time", -32602, "Invalid date time"),
    ("data_limit_exceeded", -32602, "A new data limit has been exceeded"),
    (
        "tariff_restrictions",
        -32602,
        "Action is not allowed for your tariff plan. You need contact support service or change your tariff plan settings in your account",
    ),
    ("already_in_use", -32602, "This value is already used by another entity"),
    ("call_session_not_found", -32602, "Call session not found"),
    // The documentation gives no texts for those that follow; the texts are ours.
    ("tts_text_exceeded", -32602, "The text is too long"),
    ("media_file_not_found", -32602, "Media file not found"),
    ("employee_not_found", -32602, "Employee not found"),
    ("no_active_phone_number", -32602, "The employee has no active phone number"),
    ("own_virtual_phone_number_not_allowed", -32602, "Own virtual phone number is not allowed"),
    ("character_encoding_not_allowed", -32602, "Character encoding is not allowed"),
    ("virtual_phone_number_not_found", -32007, "Virtual phone number not found"),
    ("contact_in_blacklist", -32002, "Contact is in the black list"),
    // The documentation has the code and no mnemonic [inferred].
    ("direction_forbidden", -32002, "The direction is forbidden"),
];

impl Deref for ApiError {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for ApiError {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl ApiError {
    /// The error with this mnemonic. A mnemonic that the table does not have becomes `error`.
    pub fn of(mnemonic: &str) -> ApiError {
        ApiError::known(mnemonic).unwrap_or_else(|| ApiError::of("error").with("error_message", mnemonic))
    }

    /// The error with this mnemonic; none when the table does not have it.
    pub fn known(mnemonic: &str) -> Option<ApiError> {
        let (mnemonic, code, message) = ERRORS.iter().find(|(known, ..)| *known == mnemonic)?;
        Some(ApiError(Box::new(Parts {
            code: *code,
            mnemonic: (*mnemonic).into(),
            message: (*message).into(),
            field: None,
            value: None,
            params: Map::new(),
            explanation: None,
            metadata: None,
        })))
    }

    /// An error about a parameter, given by its dotted path, and the value that was sent.
    pub fn about(mnemonic: &str, field: impl Into<String>, value: &Value) -> ApiError {
        let mut error = ApiError::of(mnemonic);
        error.field = Some(field.into());
        error.value = (!value.is_null()).then(|| value.clone());
        error
    }

    /// Adds a value for a placeholder of the message.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> ApiError {
        self.params.insert(name.into(), value.into());
        self
    }

    /// Adds what exactly is wrong.
    pub fn because(mut self, explanation: impl Into<String>) -> ApiError {
        self.explanation = Some(explanation.into());
        self
    }

    fn text(&self) -> String {
        self.params.iter().fold(self.message.clone(), |text, (name, value)| {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.replace(&format!("{{{name}}}"), &shown)
        })
    }

    /// The answer with this error.
    pub fn answer(&self, id: &Value) -> Value {
        let mut data = json!({
            "mnemonic": self.mnemonic,
            "field": self.field,
            "value": self.value,
            "params": self.params,
            "extended_helper": self.explanation,
        });
        if let Some(metadata) = &self.metadata {
            data["metadata"] = metadata.clone();
        }
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": self.code, "message": self.text(), "data": data}})
    }
}

/// The answer of a method that succeeded.
pub fn success(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// Reads a body. The error comes with the id that the answer repeats, null when there is none.
pub fn read(body: &[u8]) -> Result<Call, (Value, ApiError)> {
    let refuse = |id: &Value, mnemonic: &str| Err((id.clone(), ApiError::of(mnemonic)));
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return refuse(&Value::Null, "parse_error") };
    let members = match body {
        Value::Object(members) => members,
        Value::Array(_) => return refuse(&Value::Null, "batch_opreations_not_supported"),
        _ => return refuse(&Value::Null, "invalid_request"),
    };
    let Some(id) = members.get("id") else { return refuse(&Value::Null, "notifications_not_supported") };
    if !(id.is_string() || id.is_number()) {
        return refuse(&Value::Null, "invalid_request");
    }
    let params = match members.get("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(_) => return refuse(id, "invalid_request"),
    };
    match (members.get("jsonrpc").and_then(Value::as_str), members.get("method").and_then(Value::as_str)) {
        (Some("2.0"), Some(method)) => Ok(Call { id: id.clone(), method: method.to_owned(), params }),
        _ => refuse(id, "invalid_request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mnemonic(body: &str) -> String {
        read(body.as_bytes()).expect_err("it is refused").1.mnemonic.clone()
    }

    #[test]
    fn an_envelope_is_checked_in_the_documented_order() {
        assert_eq!(mnemonic("{"), "parse_error");
        assert_eq!(mnemonic("[]"), "batch_opreations_not_supported");
        assert_eq!(mnemonic("17"), "invalid_request");
        assert_eq!(mnemonic(r#"{"jsonrpc":"2.0","method":"get.account"}"#), "notifications_not_supported");
        assert_eq!(mnemonic(r#"{"jsonrpc":"2.0","id":null,"method":"get.account"}"#), "invalid_request");
        assert_eq!(mnemonic(r#"{"jsonrpc":"1.0","id":1,"method":"get.account"}"#), "invalid_request");
        assert_eq!(mnemonic(r#"{"jsonrpc":"2.0","id":1}"#), "invalid_request");
        assert_eq!(mnemonic(r#"{"jsonrpc":"2.0","id":1,"method":"get.account","params":[]}"#), "invalid_request");
        let call = read(br#"{"jsonrpc":"2.0","id":"number","method":"get.account"}"#).expect("a request without parameters");
        assert_eq!((call.id, call.method.as_str()), (json!("number"), "get.account"));
    }

    #[test]
    fn placeholders_of_a_message_are_filled() {
        let error = ApiError::of("limit_exceeded").with("limit_type", "minute").with("limit_max_value", 60);
        let answer = error.answer(&json!(7));
        assert_eq!(answer["error"]["message"], "Limit per minute has been exceeded. Value of current limit per minute is 60");
        assert_eq!(answer["error"]["data"]["params"], json!({"limit_type": "minute", "limit_max_value": 60}));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32029)));
    }

    #[test]
    fn an_unknown_mnemonic_becomes_the_general_error() {
        assert_eq!(ApiError::of("strange").answer(&Value::Null)["error"]["message"], "strange");
        assert_eq!(ApiError::known("strange"), None);
    }
}
