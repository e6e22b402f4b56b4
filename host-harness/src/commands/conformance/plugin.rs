//! A plugin that attacks through its imports and its replies. Each attack is an event of a separate replay. It is followed by a harmless
//! event that must be handled.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_harness::report::Report;
use uis_host::limits::{LOG_BYTES, LOG_FIELDS, Limits, REQUESTS_SIDE_BY_SIDE, SKIPPED};
use uis_host::plugin::Plugin;
use uis_host::ports::{Entry, Observer};
use uis_host::sync::lock;
use uis_host::trace::Step;

use super::Verdict;
use super::remote::{BIG, Seen, WatchedRemote};

/// An attack: its action, what it tries, texts of which the host's message must contain one, and a further check. The check returns what is
/// wrong.
struct Attack {
    name: &'static str,
    tries: &'static str,
    expected: &'static [&'static str],
    holds: fn(&After) -> Option<String>,
}

/// The state after an attack.
struct After {
    report: Report,
    seen: Arc<Seen>,
    trace: Vec<Step>,
    uis: Value,
    limits: Limits,
}

/// No further check.
fn nothing(_: &After) -> Option<String> {
    None
}

/// Too many requests were sent, or too many at the same time.
fn within_requests(after: &After) -> Option<String> {
    let (sent, at_once) = (after.seen.requests.load(Ordering::Relaxed), after.seen.at_once.load(Ordering::Relaxed));
    (sent > after.limits.requests as usize)
        .then(|| format!("{sent} requests left the host"))
        .or_else(|| (at_once > REQUESTS_SIDE_BY_SIDE).then(|| format!("{at_once} requests were in flight at the same time")))
}

/// Too many bytes were received: more than the limit and the answers that were in flight when it was exceeded.
fn within_bytes(after: &After) -> Option<String> {
    let given = after.seen.given.load(Ordering::Relaxed);
    (given > after.limits.bytes_in + REQUESTS_SIDE_BY_SIDE * BIG).then(|| format!("{given} bytes were received"))
}

/// A request was sent although all should have been denied.
fn nothing_sent(after: &After) -> Option<String> {
    let sent = after.seen.requests.load(Ordering::Relaxed);
    (sent > 0).then(|| format!("{sent} requests left the host"))
}

/// A redirect was followed.
fn one_request(after: &After) -> Option<String> {
    let sent = after.seen.requests.load(Ordering::Relaxed);
    (sent != 1).then(|| format!("{sent} requests left the host in place of one"))
}

/// A log line or field is longer than the contract allows.
fn short_lines(after: &After) -> Option<String> {
    let long = after.trace.iter().find_map(|step| match step {
        Step::Log { message, fields, .. } => {
            let longest = fields.iter().flat_map(|(name, value)| [name.len(), value.len()]).max().unwrap_or(0).max(message.len());
            (longest > LOG_BYTES || fields.len() > LOG_FIELDS).then_some(longest)
        }
        _ => None,
    });
    long.map(|bytes| format!("{bytes} bytes of a log line were recorded"))
}

/// Bodies that were denied were recorded in full.
fn short_trace(after: &After) -> Option<String> {
    let of = |step: &Step| match step {
        Step::Request { form, .. } => form.iter().map(|(_, value)| value.len()).sum(),
        _ => 0,
    };
    let bytes: usize = after.trace.iter().map(of).sum();
    (bytes > after.limits.bytes_out).then(|| format!("{bytes} bytes of denied bodies were recorded"))
}

/// More of a reply was used than the contract allows.
fn short_answer(after: &After) -> Option<String> {
    let reported = after.report.problems.len();
    // One more: the problem that the verdict is read from.
    (reported > SKIPPED + 1).then(|| format!("{reported} problems were reported for one event"))
}

/// UIS received links to other hosts, or forwarding numbers that are not numbers.
fn clean_answer(after: &After) -> Option<String> {
    let answers = after.uis["answers"].to_string();
    ["evil.example", "rm -rf", "+7"].iter().find(|evil| answers.contains(**evil)).map(|evil| format!("{evil} reached UIS"))
}

const ATTACKS: [Attack; 23] = [
    Attack { name: "infinite-loop", tries: "Never ends.", expected: &["limit fuel", "limit wall-kept-ms"], holds: nothing },
    Attack {
        name: "wait-for-ever",
        tries: "Waits for a remote system that never answers, again and again, while a caller hears ringing.",
        expected: &["limit wall-live-ms"],
        holds: nothing,
    },
    Attack {
        name: "slow-loop",
        tries: "Sends requests one after another in an endless loop.",
        expected: &["limit requests", "limit wall-kept-ms"],
        holds: within_requests,
    },
    Attack {
        name: "request-flood",
        tries: "Opens thousands of connections, 64 at a time.",
        expected: &["limit requests", "limit wall-kept-ms"],
        holds: within_requests,
    },
    Attack {
        name: "big-requests",
        tries: "Sends bodies of 4 MiB in an endless loop.",
        expected: &["limit bytes-out", "limit requests"],
        holds: within_requests,
    },
    Attack {
        name: "big-answers",
        tries: "Requests answers of 300 KiB, 64 at a time, in an endless loop.",
        expected: &["limit bytes-in", "limit requests", "limit memory-bytes"],
        holds: within_bytes,
    },
    Attack {
        name: "denied-flood",
        tries: "Sends requests that are denied, again and again, each with a body of more than 4 MiB.",
        expected: &["limit requests", "limit wall-kept-ms"],
        holds: short_trace,
    },
    Attack { name: "memory-bomb", tries: "Allocates memory without end.", expected: &["limit memory-bytes"], holds: nothing },
    Attack { name: "stack-overflow", tries: "Calls itself without end.", expected: &["call stack exhausted"], holds: nothing },
    Attack { name: "log-flood", tries: "Writes 100 000 log lines.", expected: &["limit log-lines"], holds: nothing },
    Attack { name: "huge-log-lines", tries: "Writes log lines of a megabyte.", expected: &["was handled"], holds: short_lines },
    Attack {
        name: "storage-flood",
        tries: "Fills the storage.",
        expected: &["limit storage-written-bytes", "limit storage-bytes"],
        holds: nothing,
    },
    Attack { name: "timer-flood", tries: "Sets timers without end.", expected: &["limit timers", "limit timer-bytes"], holds: nothing },
    Attack {
        name: "huge-answer",
        tries: "Replies with a list of 50 000 skipped things.",
        expected: &["was handled", "fuel allocated for hostcalls"],
        holds: short_answer,
    },
    Attack { name: "half-written", tries: "Traps between two writes that belong together.", expected: &["half-way"], holds: nothing },
    Attack {
        name: "half-written-found",
        tries: "Reads in the next event what was written before the trap: writes are kept, nothing is rolled back.",
        expected: &["written before it fell over"],
        holds: nothing,
    },
    Attack {
        name: "re-entry",
        tries: "Calls the host while the host is calling it.",
        expected: &["cannot leave component instance", "cannot enter component instance"],
        holds: nothing,
    },
    Attack {
        name: "forged-paths",
        tries: "Puts other hosts, `..`, queries and line breaks into paths.",
        expected: &["all 16 were denied"],
        holds: nothing_sent,
    },
    Attack {
        name: "forged-headers",
        tries: "Puts line breaks and headers into queries and forms.",
        expected: &["answered 200"],
        holds: one_request,
    },
    Attack {
        name: "foreign-connections",
        tries: "Sends requests over connections that it did not describe.",
        expected: &["all 7 were denied"],
        holds: nothing_sent,
    },
    Attack {
        name: "look-alike-hosts",
        tries: "Proposes addresses that look like the described ones.",
        expected: &["all 15 were refused"],
        holds: nothing_sent,
    },
    Attack {
        name: "redirect",
        tries: "Is redirected to another host.",
        expected: &["the answer 302 was given as it is"],
        holds: one_request,
    },
    Attack {
        name: "forged-answer",
        tries: "Answers a call with links to other hosts, fifty numbers, and texts that are not numbers.",
        expected: &["does not lead to", "does not consist of 1 to 32 digits"],
        holds: clean_answer,
    },
];

/// Runs each attack.
pub async fn attack(kit: &Path, limits: &Limits, wanted: &dyn Fn(&str) -> bool, report: &mut dyn FnMut(Verdict)) -> Result<()> {
    if !ATTACKS.iter().any(|attack| wanted(attack.name)) {
        return Ok(());
    }
    let plugin: Arc<dyn Plugin> = Arc::new(super::super::load(kit, limits).await?);
    for attack in ATTACKS.iter().filter(|attack| wanted(attack.name)) {
        let after = play(attack.name, &plugin, limits).await?;
        report(verdict(attack, &after));
    }
    Ok(())
}

fn verdict(attack: &Attack, after: &After) -> Verdict {
    let said = said(attack, after);
    let expected = attack.expected.iter().any(|words| said.contains(words));
    let broken = (attack.holds)(after).or_else(|| {
        let foreign = lock(&after.seen.foreign);
        (!foreign.is_empty()).then(|| format!("the remote system saw {}", foreign.iter().cloned().collect::<Vec<_>>().join(", ")))
    });
    // The harmless event after the attack.
    let went_on = after.report.delivered > 0;
    let (contained, held) = match (expected, broken, went_on) {
        (false, ..) => (false, format!("expected {}, but: {said}", attack.expected.join(" or "))),
        (_, Some(broken), _) => (false, broken),
        (_, _, false) => (false, format!("{said}; but afterwards the host did not work")),
        (true, None, true) => (true, said),
    };
    Verdict { against: "plugin", attack: attack.name.to_owned(), tries: attack.tries.to_owned(), contained, held }
}

/// The host's message about the attack, on one line. Of several messages, the first that contains an expected text.
fn said(attack: &Attack, after: &After) -> String {
    if after.report.failed == 0 && after.report.problems.len() >= SKIPPED {
        return format!("it was handled, {SKIPPED} of its lines were reported");
    }
    let withheld = after.trace.iter().filter_map(|step| match step {
        Step::Withheld { limit, why, .. } => Some(format!("{limit}; {why}")),
        _ => None,
    });
    let all: Vec<String> = withheld.chain(after.report.problems.iter().map(|problem| problem.message.clone())).collect();
    let expected = all.iter().find(|said| attack.expected.iter().any(|words| said.contains(words)));
    expected.or(all.first()).map_or_else(|| "it was handled".to_owned(), |said| said.chars().take(300).collect())
}

/// Collects the steps of all handlers.
#[derive(Default)]
struct Watch(Vec<Step>);

impl Observer for Watch {
    fn entry(&mut self, entry: Entry<'_>) {
        self.0.extend(entry.trace);
    }
}

async fn play(name: &str, plugin: &Arc<dyn Plugin>, limits: &Limits) -> Result<After> {
    let call = |mnemonic: &str| {
        let body = json!({"call_session_id": 1, "direction": "in", "contact_phone_number": "79161234567", "employee_id": 1,
            "virtual_phone_number": "74951112233", "notification_time": "2026-11-23 10:00:00"});
        json!({"at": "2026-11-23T10:00:00+03:00", "notification": mnemonic, "body": body})
    };
    let action = |name: &str| json!({"at": "2026-11-23T10:00:00+03:00", "action": name});
    let attack = match name {
        "wait-for-ever" => vec![call("out_call")],
        "forged-answer" => vec![json!({"at": "2026-11-23T10:00:00+03:00", "route": "cdr_id=1&numa=79161234567&numb=74951112233"})],
        "half-written-found" => vec![action("half-written"), action(name)],
        _ => vec![action(name)],
    };
    let well = json!({"at": "2026-11-23T10:00:01+03:00", "action": "well"});
    let header = json!({"recording": 1, "name": name});
    let lines: Vec<String> = [header].into_iter().chain(attack).chain([well]).map(|line| line.to_string()).collect();
    let text = lines.join("\n");
    let (header, mut lines) = recording::open(text.as_bytes()).map_err(|(line, error)| anyhow!("line {line}: {error}"))?;
    let clock = clock_for(&mut lines);
    let remote = WatchedRemote::default();
    let mut watch = Watch::default();
    let builder = ReplayBuilder::new(&header, plugin.clone(), Arc::new(remote.clone()), clock).limits(limits);
    let (mut report, uis) = builder.ready(&mut watch).await?.run(lines, Duration::from_secs(60), |_| {}).await?;
    // The attack itself is a routing request that is accepted; count only the event after it.
    if name == "forged-answer" {
        report.delivered = report.delivered.saturating_sub(1);
    }
    Ok(After { report, seen: remote.0, trace: watch.0, uis, limits: limits.clone() })
}
