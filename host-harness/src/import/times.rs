//! When a request came.

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;
use uis_host::notification::params::{Params, time_of};

use super::kind::Kind;
use super::request::Arrival;

/// A time, and where it is from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Time {
    /// In milliseconds since 1970.
    pub(super) at: i64,
    /// It was written without a zone.
    pub(super) is_naive: bool,
    /// It is the time at which the file was last changed.
    pub(super) is_of_the_file: bool,
    /// It is the time at which UIS sent the request, whatever its body says.
    is_exact: bool,
}

fn is_naive(written: &str) -> bool {
    DateTime::parse_from_rfc3339(written.trim()).is_err() && written.trim().parse::<f64>().is_err()
}

/// The time that was written down beside a request. The error quotes a text that is no time.
pub(super) fn arrival(arrival: &Arrival, zone: Tz) -> Result<Time, String> {
    let (value, is_of_uis) = match arrival {
        Arrival::Noted(value) => (value, false),
        Arrival::OfUis(value) => (value, true),
    };
    let whole = match value.as_f64() {
        // Seconds with a fraction.
        Some(number) if number.fract() != 0.0 => Value::from((number * 1000.0) as i64),
        _ => value.clone(),
    };
    let at = time_of(&whole, zone, 0).ok_or_else(|| format!("the time beside it is {value}; expected RFC 3339 or YYYY-MM-DD hh:mm:ss"))?;
    let is_naive = value.as_str().is_some_and(is_naive);
    Ok(Time { at, is_naive, is_of_the_file: false, is_exact: is_of_uis || !is_naive })
}

/// When a request came: at the time that was written down beside it; else when its body says that it was sent, or that what it reports
/// happened; else when its file was last changed. The error: nothing says when.
pub(super) fn of(params: &Params, kind: &Kind, arrival: Option<Time>, modified: Option<i64>) -> Result<Time, String> {
    if let Some(exact) = arrival.filter(|time| time.is_exact) {
        return Ok(exact);
    }
    if let Some(own) = in_body(params, kind).or(arrival) {
        return Ok(own);
    }
    let modified = modified.map(|at| Time { at, is_naive: false, is_of_the_file: true, is_exact: false });
    modified.ok_or_else(|| "nothing says when it came: its body has no notification_time, and there is no time beside it".into())
}

fn in_body(params: &Params, kind: &Kind) -> Option<Time> {
    let of = |name: &str| {
        let written = params.peek_text(name)?;
        Some(Time { at: params.time(name)?, is_naive: is_naive(&written), is_of_the_file: false, is_exact: false })
    };
    let sent = of("notification_time").or_else(|| of("notification_timestamp"));
    let of_text = || of("created_at").or_else(|| of("date_time"));
    let ends = matches!(kind, Kind::Notification("call_session_finished" | "lost_call_session" | "talk_finished" | "record_ready"));
    let ended = || of("finish_time").or_else(|| Some(later(of("start_time")?, params.seconds("total_time_duration")?)));
    let began = || of("start_time");
    match ends {
        true => sent.or_else(ended).or_else(began),
        false => sent.or_else(of_text).or_else(began),
    }
}

fn later(time: Time, seconds: u32) -> Time {
    Time { at: time.at + i64::from(seconds) * 1000, ..time }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ZONE: Tz = chrono_tz::Asia::Yekaterinburg;

    fn time(body: Value, mnemonic: &'static str, noted: Option<Value>, modified: Option<i64>) -> Result<(String, bool), String> {
        let params = Params::from_body(&body, ZONE, 0).expect("an object");
        let beside = noted.map(|value| arrival(&Arrival::Noted(value), ZONE)).transpose()?;
        let time = of(&params, &Kind::Notification(mnemonic), beside, modified)?;
        Ok((uis_host::clock::instant(time.at).to_rfc3339(), time.is_naive))
    }

    #[test]
    fn a_time_with_a_zone_beside_the_body_counts_first_then_the_bodys_own() {
        let body =
            json!({"notification_time": "2026-11-23 10:00:00", "start_time": "2026-11-23 09:58:00", "finish_time": "2026-11-23 09:59:59"});
        let of = |noted| time(body.clone(), "call_session_finished", noted, None).expect("a time");
        assert_eq!(of(None), ("2026-11-23T05:00:00+00:00".into(), true));
        assert_eq!(of(Some(json!("2026-11-23T05:00:02Z"))), ("2026-11-23T05:00:02+00:00".into(), false));
        assert_eq!(of(Some(json!(1_795_410_003))), ("2026-11-23T05:00:03+00:00".into(), false));
        assert_eq!(of(Some(json!("2026-11-23 07:00:00"))).0, "2026-11-23T05:00:00+00:00", "in a zone that nobody knows");
    }

    #[test]
    fn without_the_time_of_sending_the_event_says_when_it_happened() {
        let call = json!({"start_time": "2026-11-23 10:00:00", "total_time_duration": "90"});
        assert_eq!(time(call.clone(), "call_session_finished", None, None).expect("a time").0, "2026-11-23T05:01:30+00:00");
        assert_eq!(time(call, "out_call", None, None).expect("a time").0, "2026-11-23T05:00:00+00:00");
        let message = json!({"created_at": "2025-03-21T05:00:00.248137+00:00"});
        assert_eq!(time(message, "chat_message", None, None).expect("a time"), ("2025-03-21T05:00:00.248+00:00".into(), false));
    }

    #[test]
    fn a_time_is_never_made_up() {
        let nothing = json!({"call_session_id": 1, "notification_time": "yesterday"});
        assert_eq!(time(nothing.clone(), "out_call", None, Some(0)).expect("the file's").0, "1970-01-01T00:00:00+00:00");
        assert!(time(nothing.clone(), "out_call", None, None).expect_err("no time").contains("nothing says when"));
        assert!(time(nothing, "out_call", Some(json!("soon")), None).expect_err("no time").contains("\"soon\""));
    }
}
