//! The contract's import `log`: log lines go into the event's trace.

use super::EventScope;
use crate::bindings::uis::integration::log::{Host, Level};
use crate::limits::{LOG_BYTES, LOG_FIELDS, cut};
use crate::trace::{Limit, Step};

impl Host for EventScope {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.log_lines += 1;
        let limit = self.integration.limits.log_lines;
        if self.log_lines == limit + 1 {
            self.trace.push(Step::Withheld {
                what: "log lines".into(),
                limit: Limit { name: "log-lines", value: limit.into() },
                why: "further lines of this event are dropped",
            });
        }
        if self.log_lines > limit {
            return Ok(());
        }
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let fields = fields
            .into_iter()
            .take(LOG_FIELDS)
            .map(|(name, value)| (cut(&name, LOG_BYTES).to_owned(), cut(&value, LOG_BYTES).to_owned()))
            .collect();
        self.trace.push(Step::Log { level: level.into(), message: cut(&message, LOG_BYTES).to_owned(), fields });
        Ok(())
    }
}
