//! How a call ended, in RetailCRM's terms. Only UIS decides whether a call is lost; the finish reason only says why.

use super::story::Story;

/// How a call ended. RetailCRM spells "no answer" differently in events and in the history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Somebody talked.
    Answered,
    /// The line was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// The call could not be connected.
    Failed,
    /// The call was not allowed.
    NotAllowed,
}

impl Verdict {
    /// `calls/upload.result`.
    pub fn result(self) -> &'static str {
        match self {
            Verdict::Answered => "answered",
            Verdict::Busy => "busy",
            Verdict::NoAnswer => "no answer",
            Verdict::Failed => "failed",
            Verdict::NotAllowed => "not allowed",
        }
    }

    /// `call/event.hangupStatus`.
    pub fn hangup_status(self) -> &'static str {
        match self {
            Verdict::Answered => "answered",
            Verdict::Busy => "busy",
            Verdict::NoAnswer => "no answered",
            Verdict::Failed | Verdict::NotAllowed => "failed",
        }
    }
}

/// How the story's call ended.
pub fn of(story: &Story) -> Verdict {
    let Some(end) = &story.end else { return Verdict::NoAnswer };
    let talked = talk_seconds(story) > 0 || (end.talk.is_none() && !story.talks.is_empty());
    let answered = match end.is_lost {
        Some(true) => false,
        // Not lost and incoming: the scenario handled the call, even if no employee talked.
        Some(false) if !story.is_outgoing() => true,
        _ => talked,
    };
    if answered { Verdict::Answered } else { by_reason(end.reason.as_deref().unwrap_or_default()) }
}

/// The employee whose call it is, in the history, for the customer's manager and in templates alike: who talked last; if nobody did, who was
/// responsible, else whose phone rang last. An id.
pub fn employee(story: &Story) -> Option<i64> {
    match &story.end {
        Some(end) if of(story) != Verdict::Answered => end.employee_id.or_else(|| story.rung_last()),
        Some(_) => story.talker(),
        None => story.talker().or_else(|| story.rung_last()),
    }
}

/// The seconds of talk: as reported, else the total without the waiting.
pub fn talk_seconds(story: &Story) -> u32 {
    let Some(end) = &story.end else { return 0 };
    end.talk.or_else(|| Some(end.total?.saturating_sub(end.wait?))).unwrap_or(0)
}

/// The seconds of waiting: as reported, else the total without the talk.
pub fn wait_seconds(story: &Story) -> Option<u32> {
    let end = story.end.as_ref()?;
    end.wait.or_else(|| Some(end.total?.saturating_sub(end.talk?)))
}

/// The verdict for a UIS finish reason. UIS may add reasons; an unknown one means "no answer".
fn by_reason(reason: &str) -> Verdict {
    match reason {
        "numa_in_black_list" | "numa_in_spam_list" | "not_enough_money" | "limit_exceeded" | "locked_numb" | "max_out_call_reached" => {
            Verdict::NotAllowed
        }
        "max_in_call_reached" => Verdict::Busy,
        "subscriber_number_problems"
        | "operator_number_problems"
        | "no_resources"
        | "internal_error"
        | "scenario_not_found"
        | "no_active_scenario"
        | "no_operation" => Verdict::Failed,
        _ if reason.split('_').any(|word| word == "busy") => Verdict::Busy,
        _ => Verdict::NoAnswer,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bindings::uis::integration::call_events::{Call, CallFinished, Direction, FinishKind};
    use crate::bindings::uis::integration::types::PhoneNumber;
    use crate::telephony::merge::EndEmployees;

    /// A finish event of call 1 with a customer's number and nothing else.
    pub(crate) fn finished(kind: FinishKind) -> CallFinished {
        CallFinished {
            call: Call {
                session_id: 1,
                at: 20_000,
                direction: None,
                contact: Some(PhoneNumber { digits: "79161234567".into(), extension: None }),
                contact_name: None,
                virtual_number: None,
                employee: None,
                is_internal: false,
                is_transfer: false,
                started_at: None,
                external_id: None,
                call_source: None,
                tags: Vec::new(),
                attributes: Vec::new(),
            },
            kind,
            is_lost: None,
            finished_at: 20_000,
            talk_seconds: None,
            wait_seconds: None,
            total_seconds: None,
            finish_reason: None,
            last_talked_employee: None,
            rung_employee_ids: Vec::new(),
            recordings: Vec::new(),
        }
    }

    #[test]
    fn uis_decides_what_is_lost() {
        use Direction::{Incoming, Outgoing};
        // direction, is_lost, talk, reason -> verdict
        let table = [
            (Incoming, None, Some(12), None, Verdict::Answered),
            (Incoming, Some(true), Some(12), None, Verdict::NoAnswer),
            (Incoming, Some(false), Some(0), None, Verdict::Answered),
            (Incoming, None, Some(0), None, Verdict::NoAnswer),
            (Incoming, None, Some(0), Some("employee_busy_after_call"), Verdict::Busy),
            (Incoming, Some(true), None, Some("numa_in_black_list"), Verdict::NotAllowed),
            (Outgoing, Some(false), Some(0), Some("subscriber_not_responsible"), Verdict::NoAnswer),
            (Outgoing, Some(false), Some(0), Some("subscriber_busy"), Verdict::Busy),
            (Outgoing, None, Some(0), Some("subscriber_number_problems"), Verdict::Failed),
            (Outgoing, None, Some(5), Some("something_new"), Verdict::Answered),
        ];
        for (direction, is_lost, talk, reason, expected) in table {
            let mut event = finished(FinishKind::Finished);
            event.call.direction = Some(direction);
            (event.is_lost, event.talk_seconds, event.finish_reason) = (is_lost, talk, reason.map(str::to_owned));
            let mut story = Story::default();
            story.merge_end(&event, EndEmployees::default());
            assert_eq!(of(&story), expected, "{direction:?} {is_lost:?} {talk:?} {reason:?}");
        }
    }

    #[test]
    fn missing_durations_are_computed_from_the_total() {
        let mut event = finished(FinishKind::Finished);
        (event.total_seconds, event.talk_seconds) = (Some(23), Some(12));
        let mut story = Story::default();
        story.merge_end(&event, EndEmployees::default());
        assert_eq!((wait_seconds(&story), talk_seconds(&story)), (Some(11), 12));
    }
}
