//! Faults of events: a recording whose lines come twice, not at all, or in another order. They are changes of the text, so that the recording
//! that results repeats the fault by itself.

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use super::cell::EventFault;

/// How much later a late event comes, in minutes. Longer than the minute after which live events are dropped.
pub const LATE_MINUTES: i64 = 5;

/// How long before its first line a recording begins, in minutes, so that an activation that fails is done when the first event comes.
const BEGINS_MINUTES: i64 = 2;

/// How long a recording goes on after its last line, in hours, so that UIS's reports are read again and what is left undone is found.
const GOES_ON_HOURS: i64 = 2;

/// The members of lines that are events from outside. What an owner does is none: nobody but the owner repeats it.
const EVENTS: [&str; 5] = ["notification", "route", "click-to-call", "order-webhook", "callback"];

/// A recording as text, line by line.
#[derive(Debug, Clone)]
pub struct Text {
    lines: Vec<String>,
    /// A line that comes right after the header and has no number: the numbers of the others are those in the file.
    opening: Option<String>,
}

/// An event of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// The line's number, from 1.
    pub line: u64,
    /// The notification's type, or the member that says what happened.
    pub what: String,
}

impl Text {
    /// A recording. It is read whole, because it is replayed many times.
    pub fn new(text: &str) -> Text {
        Text { lines: text.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect(), opening: None }
    }

    /// The same recording, beginning two minutes earlier and going on for two more hours, so that everything that repeats by itself has time to
    /// find what is missing.
    pub fn prolonged(mut self) -> Text {
        let times: Vec<DateTime<FixedOffset>> = (1..self.lines.len()).filter_map(|index| self.time(index)).collect();
        let nothing = |at: DateTime<FixedOffset>| json!({"at": written(at), "report": {}}).to_string();
        if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) {
            self.opening = Some(nothing(*first - TimeDelta::minutes(BEGINS_MINUTES)));
            self.lines.push(nothing(*last + TimeDelta::hours(GOES_ON_HOURS)));
        }
        self
    }

    /// The text.
    pub fn text(&self) -> String {
        let header = self.lines.iter().position(|line| !line.trim().is_empty()).map_or(0, |index| index + 1);
        let (before, after) = self.lines.split_at(header);
        before.iter().chain(&self.opening).chain(after).map(|line| format!("{line}\n")).collect()
    }

    /// The text with a member of the header that names the fault.
    pub fn text_with_fault(&self, name: &str) -> String {
        let mut named = self.clone();
        if let Some(first) = named.lines.iter_mut().find(|line| !line.trim().is_empty())
            && let Ok(Value::Object(mut header)) = serde_json::from_str(first)
        {
            header.insert("fault".into(), name.into());
            *first = Value::Object(header).to_string();
        }
        named.text()
    }

    fn value(&self, index: usize) -> Option<Value> {
        serde_json::from_str(self.lines.get(index)?).ok()
    }

    fn time(&self, index: usize) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.value(index)?["at"].as_str()?).ok()
    }

    /// The events, in order.
    pub fn events(&self) -> Vec<EventLine> {
        let read = |index: usize| {
            let value = self.value(index)?;
            let kind = EVENTS.into_iter().find(|kind| value.get(kind).is_some())?;
            let what = if kind == "notification" { value[kind].as_str().unwrap_or(kind) } else { kind };
            self.time(index).map(|_| EventLine { line: index as u64 + 1, what: what.to_owned() })
        };
        (1..self.lines.len()).filter_map(read).collect()
    }

    /// The recording with a fault at an event. None if the line is no event, or the last one and is to be swapped.
    pub fn with(&self, line: u64, fault: EventFault) -> Option<Text> {
        let events = self.events();
        let place = events.iter().position(|event| event.line == line)?;
        let index = usize::try_from(line).ok()? - 1;
        let mut lines = self.lines.clone();
        match fault {
            EventFault::Doubled => lines.insert(index + 1, lines.get(index)?.clone()),
            EventFault::Dropped => self.drop_line(&mut lines, index)?,
            // UIS has what happened at once, however late it says so.
            EventFault::Swapped => {
                let next = usize::try_from(events.get(place + 1)?.line).ok()? - 1;
                let moved = self.moved_to(index, self.time(next)?)?;
                lines.insert(next + 1, moved);
                self.drop_line(&mut lines, index)?;
            }
            EventFault::Late => {
                let at = self.time(index)? + TimeDelta::minutes(LATE_MINUTES);
                let after = (index + 1..lines.len()).take_while(|later| self.time(*later).is_none_or(|time| time <= at)).last();
                lines.insert(after.unwrap_or(index) + 1, self.moved_to(index, at)?);
                self.drop_line(&mut lines, index)?;
            }
        }
        Some(Text { lines, opening: self.opening.clone() })
    }

    /// A notification that does not come happened all the same; whatever else does not come has never been.
    fn drop_line(&self, lines: &mut Vec<String>, index: usize) -> Option<()> {
        match self.value(index)? {
            Value::Object(mut members) if members.contains_key("notification") => {
                members.insert("lost".into(), true.into());
                *lines.get_mut(index)? = Value::Object(members).to_string();
            }
            _ => drop(lines.remove(index)),
        }
        Some(())
    }

    /// A line at another time.
    fn moved_to(&self, index: usize, at: DateTime<FixedOffset>) -> Option<String> {
        let mut value = self.value(index)?;
        value["at"] = written(at).into();
        Some(value.to_string())
    }
}

fn written(at: DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// Scrambles what was sent: some of it gets lost, some comes twice, in any order; the result is what is received, at most `most`. Each member of
/// `order` chooses one of those that are left, by their number, which goes behind the others, and says whether it comes twice. Before that,
/// `losses` are assigned to what was sent in turn, from the start again when they run out, and 0 means lost.
pub fn scramble<T: Clone, P: FnOnce(usize) -> usize>(
    mut sent: Vec<T>,
    order: impl IntoIterator<Item = (P, bool)>,
    losses: &[u8],
    most: usize,
) -> Vec<T> {
    let mut losses = losses.iter().cycle();
    sent.retain(|_| losses.next() != Some(&0));
    for (choose, twice) in order {
        let Some(last) = sent.len().checked_sub(1) else { break };
        let one = sent.remove(choose(sent.len()).min(last));
        if twice && sent.len() < most {
            sent.push(one.clone());
        }
        sent.push(one);
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"recording":1}
{"at":"2026-11-23T10:00:00+03:00","notification":"out_call","body":{"n":1}}
{"at":"2026-11-23T10:00:30+03:00","report":{}}
{"at":"2026-11-23T10:01:00+03:00","notification":"talk_finished","body":{"n":2}}
{"at":"2026-11-23T10:20:00+03:00","click-to-call":"code=1"}"#;

    /// The lines after the header: the time, and the event or the first member.
    fn shown(text: &Text) -> Vec<String> {
        let line = |index: usize| {
            let value = text.value(index).expect("JSON");
            let lost = if value["lost"] == true { " lost" } else { "" };
            let what = value["notification"].as_str().map_or_else(
                || value.as_object().and_then(|members| members.keys().find(|name| *name != "at").cloned()).unwrap_or_default(),
                str::to_owned,
            );
            format!("{} {what}{lost}", text.time(index).expect("a time").format("%H:%M:%S"))
        };
        (1..text.lines.len()).map(line).collect()
    }

    #[test]
    fn an_event_is_doubled_dropped_swapped_and_delayed() {
        let text = Text::new(LINES);
        let with = |line, fault| shown(&text.with(line, fault).expect("an event"));
        let rest = ["10:00:30 report", "10:01:00 talk_finished", "10:20:00 click-to-call"];
        assert_eq!(with(2, EventFault::Doubled), [&["10:00:00 out_call", "10:00:00 out_call"][..], &rest].concat());
        assert_eq!(with(2, EventFault::Dropped), [&["10:00:00 out_call lost"][..], &rest].concat());
        assert_eq!(with(5, EventFault::Dropped), ["10:00:00 out_call", "10:00:30 report", "10:01:00 talk_finished"]);
        let lost = "10:00:00 out_call lost";
        assert_eq!(with(2, EventFault::Swapped), [lost, rest[0], rest[1], "10:01:00 out_call", rest[2]]);
        assert_eq!(with(2, EventFault::Late), [lost, rest[0], rest[1], "10:05:00 out_call", rest[2]]);
        assert_eq!(with(5, EventFault::Late).last().expect("a line"), "10:25:00 click-to-call");
    }

    #[test]
    fn what_is_no_event_has_no_faults_and_the_last_event_no_next_one() {
        let text = Text::new(LINES);
        assert_eq!(text.events().iter().map(|event| event.line).collect::<Vec<_>>(), [2, 4, 5]);
        assert!(text.with(3, EventFault::Doubled).is_none() && text.with(5, EventFault::Swapped).is_none());
        assert!(text.with(1, EventFault::Late).is_none() && text.with(99, EventFault::Late).is_none());
    }

    #[test]
    fn a_prolonged_recording_begins_earlier_and_ends_later_and_a_fault_stands_in_the_header() {
        let text = Text::new(LINES).prolonged();
        assert_eq!(shown(&text).last().expect("a line"), "12:20:00 report");
        assert_eq!(text.text().lines().nth(1), Some(r#"{"at":"2026-11-23T09:58:00+03:00","report":{}}"#));
        assert_eq!(text.events(), Text::new(LINES).events());
        let named = text.text_with_fault("crash:1:1");
        assert!(named.starts_with("{\"fault\":\"crash:1:1\",\"recording\":1}\n"), "{named}");
        assert_eq!(Text::new("{\"recording\":1}").prolonged().text(), "{\"recording\":1}\n");
    }

    #[test]
    fn scrambling_loses_doubles_and_reorders() {
        type Order = Vec<(fn(usize) -> usize, bool)>;
        assert_eq!(scramble(vec!['a', 'b', 'c', 'd'], Order::new(), &[1, 0], 9), ['a', 'c']);
        // Each is taken out and comes behind the others.
        let first: fn(usize) -> usize = |_| 0;
        assert_eq!(scramble(vec!['a', 'b'], [(first, true)], &[1], 9), ['b', 'a', 'a']);
        let last: fn(usize) -> usize = |count| count;
        assert_eq!(scramble(vec!['a', 'b', 'c'], [(last, false), (first, false)], &[1], 9), ['b', 'c', 'a']);
    }
}
