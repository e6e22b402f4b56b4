//! The contract's import `log`: log lines go into the event's trace.

use super::EventScope;
use crate::bindings::uis::integration::log::{Host, Level, Verdict};
use crate::limits::{DECISIONS, LOG_BYTES, LOG_FIELDS, REASON_BYTES, SKIPPED_WHAT_BYTES, cut};
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

    fn decision(&mut self, subject: String, decided_by: String, verdict: Verdict, why: String) -> wasmtime::Result<()> {
        self.decisions += 1;
        if self.decisions == DECISIONS + 1 {
            self.trace.push(Step::Withheld {
                what: "decisions".into(),
                limit: Limit { name: "decisions", value: DECISIONS.into() },
                why: "further decisions of this event are dropped",
            });
        }
        if self.decisions <= DECISIONS {
            let verdict = match verdict {
                Verdict::Done => "done",
                Verdict::LeftOut => "left out",
                Verdict::Changed => "changed",
            };
            self.trace.push(Step::Decision {
                subject: cut(&subject, SKIPPED_WHAT_BYTES).to_owned(),
                decided_by: cut(&decided_by, SKIPPED_WHAT_BYTES).to_owned(),
                verdict,
                why: cut(&why, REASON_BYTES).to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn decisions_are_kept_up_to_a_limit() {
        let mut scope = EventScope::detached(&Limits::default());
        for number in 0..DECISIONS + 5 {
            let subject = format!("order of call {number}");
            scope.decision(subject, "incoming-first".into(), Verdict::LeftOut, "the value is nothing".into()).expect("no trap");
        }
        let steps = scope.trace.into_steps();
        assert_eq!(steps.len(), DECISIONS as usize + 1);
        assert_eq!(
            steps.first(),
            Some(&Step::Decision {
                subject: "order of call 0".into(),
                decided_by: "incoming-first".into(),
                verdict: "left out",
                why: "the value is nothing".into()
            })
        );
        assert!(matches!(steps.last(), Some(Step::Withheld { limit: Limit { name: "decisions", .. }, .. })));
    }
}
