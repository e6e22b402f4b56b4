//! A phone.

use std::fmt;

use crate::plan;

/// A phone number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone {
    /// The main number: digits of E.164 without a plus, such as `74951234567`. What a system gives may also be a short, internal or SIP
    /// number. 1 to 32 digits.
    pub number: String,
    /// What is dialled after the connection. 1 to 12 digits.
    pub extension: Option<String>,
}

/// A spelling that each of the readers reads as the same phone: `+74951234567 доб. 15`; without the plus for short and internal numbers.
impl fmt::Display for Phone {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus = if plan::is_international(&self.number) { "+" } else { "" };
        write!(to, "{plus}{}", self.number)?;
        self.extension.as_ref().map_or(Ok(()), |extension| write!(to, " доб. {extension}"))
    }
}
