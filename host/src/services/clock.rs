//! The contract's import `clock`.

use std::time::Instant;

use chrono::{Datelike, NaiveDate, Timelike};

use super::EventScope;
use crate::bindings::uis::integration::clock::{Host, LocalTime};
use crate::clock;

impl Host for EventScope {
    fn now(&mut self) -> wasmtime::Result<i64> {
        Ok(self.integration.clock.now_ms())
    }

    fn time_left(&mut self) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.usable_until().saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u32::MAX))
    }

    fn to_local(&mut self, at: i64, zone: String) -> wasmtime::Result<Result<LocalTime, String>> {
        Ok(clock::zone(&zone).and_then(|zone| {
            let time = clock::dated(at).ok_or_else(|| format!("{at} ms is outside the years 1 to 9999"))?;
            let local = time.with_timezone(&zone);
            let part = |value: u32| u8::try_from(value).unwrap_or(0);
            Ok(LocalTime {
                year: local.year(),
                month: part(local.month()),
                day: part(local.day()),
                hour: part(local.hour()),
                minute: part(local.minute()),
                second: part(local.second()),
            })
        }))
    }

    fn from_local(&mut self, local: LocalTime, zone: String) -> wasmtime::Result<Result<i64, String>> {
        Ok(clock::zone(&zone).and_then(|zone| {
            let naive = NaiveDate::from_ymd_opt(local.year, local.month.into(), local.day.into())
                .filter(|date| (1..=9999).contains(&date.year()))
                .and_then(|date| date.and_hms_opt(local.hour.into(), local.minute.into(), local.second.into()))
                .ok_or_else(|| format!("this date does not exist: {local:?}"))?;
            clock::from_local(zone, naive).map(|time| time.timestamp_millis()).ok_or_else(|| format!("{naive} is out of range"))
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::{ANSWER_RESERVE, Limits};

    #[test]
    fn the_reserve_for_the_answer_is_not_left_for_requests() {
        let mut scope = EventScope::detached(&Limits::default());
        assert_eq!(scope.time_left().expect("no trap"), 0, "its deadline has passed");
        scope.deadline = Instant::now() + ANSWER_RESERVE + Duration::from_secs(3600);
        let left = scope.time_left().expect("no trap");
        assert!((3_590_000..=3_600_000).contains(&left), "{left}");
    }
}
