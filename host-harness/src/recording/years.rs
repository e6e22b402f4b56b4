//! Finds lines with a mistyped year. A replay runs every timer between two lines, so one line in the year 4026 would take hours.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest time between two lines, in days. So many days of repeating timers take a replay about twenty seconds; and a year that is wrong by
/// one is found.
pub const GAP_DAYS: i64 = 180;

/// Whether two lines lie further apart than a recording may have them.
pub fn apart(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    (one - other).abs() > TimeDelta::days(GAP_DAYS)
}

/// The message about a line that is too far from the line beside it.
pub fn odd(at: DateTime<Utc>, beside: DateTime<Utc>) -> String {
    let days = (at - beside).num_days().abs();
    let far = if days < 730 { format!("{days} days") } else { format!("{} years", days * 400 / 146_097) };
    let side = if at > beside { "after" } else { "before" };
    format!(
        "\"at\" is {}, {far} {side} the line beside it ({}); correct the year. Lines may be at most {GAP_DAYS} days apart, because a replay runs \
         every timer in between: split a recording that is longer",
        at.format("%Y-%m-%d %H:%M"),
        beside.format("%Y-%m-%d %H:%M")
    )
}
