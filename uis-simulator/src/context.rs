//! The context of one request: the account, the parameters, the time.

use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::account::AccountState;
use crate::rpc::ApiError;
use crate::times;

/// What a method gets. Its parameters were checked against the method's table.
pub(crate) struct Context<'a> {
    /// The account, locked.
    pub state: &'a mut AccountState,
    /// The parameters.
    pub params: &'a Map<String, Value>,
    /// The current time, in milliseconds since 1970.
    pub now: i64,
    /// The account's time zone.
    pub zone: Tz,
    /// The rights of whoever asks; none: all rights.
    pub rights: Option<Vec<String>>,
}

/// What a method answers.
pub(crate) enum Answer {
    /// All rows of a list: the page, the columns and the filter are applied to them.
    List(Vec<Value>),
    /// Rows that are answered as they are.
    Rows(Vec<Value>),
    /// An object.
    Data(Value),
}

/// A method.
pub(crate) type Handler = fn(&mut Context<'_>) -> Result<Answer, ApiError>;

/// A whole number.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64))
}

impl Context<'_> {
    /// A text parameter; none when it is absent or null.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    /// A numeric parameter.
    pub fn integer(&self, name: &str) -> Option<i64> {
        integer(self.params.get(name)?)
    }

    /// A flag; absent means false.
    pub fn flag(&self, name: &str) -> bool {
        self.params.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A parameter's value; null when it is absent.
    pub fn value(&self, name: &str) -> &Value {
        self.params.get(name).unwrap_or(&Value::Null)
    }

    /// A time parameter, in milliseconds since 1970.
    pub fn time(&self, name: &str) -> Option<i64> {
        times::parse(self.zone, self.text(name)?)
    }

    /// A time as the account shows it.
    pub fn shown(&self, at: i64) -> String {
        times::show(self.zone, at)
    }

    /// An error about a parameter.
    pub fn refuse<T>(&self, mnemonic: &str, name: &str) -> Result<T, ApiError> {
        Err(ApiError::about(mnemonic, name, self.value(name)))
    }
}
