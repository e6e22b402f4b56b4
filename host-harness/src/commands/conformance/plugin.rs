//! A plugin that attacks through its host calls and its answers. Each attack is an event of a replay of its own, followed by one that does no
//! harm and must be handled.

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

/// An attack: its action, what it tries, words of which one must be in what the host says, and what else must hold.
struct Attack {
    name: &'static str,
    tries: &'static str,
    expected: &'static [&'static str],
    holds: fn(&After) -> Option<String>,
}

/// What stands after an attack.
struct After {
    report: Report,
    seen: Arc<Seen>,
    trace: Vec<Step>,
    uis: Value,
    limits: Limits,
}

/// Nothing else.
fn nothing(_: &After) -> Option<String> {
    None
}

/// A request too many, or too many at once.
fn within_requests(after: &After) -> Option<String> {
    let (sent, at_once) = (after.seen.requests.load(Ordering::Relaxed), after.seen.at_once.load(Ordering::Relaxed));
    (sent > after.limits.requests as usize)
        .then(|| format!("{sent} requests left the host"))
        .or_else(|| (at_once > REQUESTS_SIDE_BY_SIDE).then(|| format!("{at_once} requests went side by side")))
}

/// More was received than may be: the limit, and what was on its way when it was passed.
fn within_bytes(after: &After) -> Option<String> {
    let given = after.seen.given.load(Ordering::Relaxed);
    (given > after.limits.bytes_in + REQUESTS_SIDE_BY_SIDE * BIG).then(|| format!("{given} bytes came in"))
}

/// Something left the host, though all should have been denied.
fn nothing_sent(after: &After) -> Option<String> {
    let sent = after.seen.requests.load(Ordering::Relaxed);
    (sent > 0).then(|| format!("{sent} requests left the host"))
}

/// A redirect was followed.
fn one_request(after: &After) -> Option<String> {
    let sent = after.seen.requests.load(Ordering::Relaxed);
    (sent != 1).then(|| format!("{sent} requests left the host in place of one"))
}

/// A log line or field that is longer than the contract says.
fn short_lines(after: &After) -> Option<String> {
    let long = after.trace.iter().find_map(|step| match step {
        Step::Log { message, fields, .. } => {
            let longest = fields.iter().flat_map(|(name, value)| [name.len(), value.len()]).max().unwrap_or(0).max(message.len());
            (longest > LOG_BYTES || fields.len() > LOG_FIELDS).then_some(longest)
        }
        _ => None,
    });
    long.map(|bytes| format!("{bytes} bytes were kept of a log line"))
}

/// Bodies that were denied are written down all the same.
fn short_trace(after: &After) -> Option<String> {
    let of = |step: &Step| match step {
        Step::Request { form, .. } => form.iter().map(|(_, value)| value.len()).sum(),
        _ => 0,
    };
    let bytes: usize = after.trace.iter().map(of).sum();
    (bytes > after.limits.bytes_out).then(|| format!("{bytes} bytes of denied bodies were kept"))
}

/// More of an answer than the contract says.
fn short_answer(after: &After) -> Option<String> {
    let reported = after.report.problems.len();
    // One more is the problem that the attack's verdict is read from.
    (reported > SKIPPED + 1).then(|| format!("{reported} problems were reported for one event"))
}

/// Links to other hosts, or numbers that are none, in what UIS was answered.
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
        tries: "Sends request after request, as a loop that forgot to end.",
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
        tries: "Sends bodies of 4 MiB without end.",
        expected: &["limit bytes-out", "limit requests"],
        holds: within_requests,
    },
    Attack {
        name: "big-answers",
        tries: "Has itself answered by 300 KiB, 64 times at once, without end.",
        expected: &["limit bytes-in", "limit requests", "limit memory-bytes"],
        holds: within_bytes,
    },
    Attack {
        name: "denied-flood",
        tries: "Asks for what is denied, again and again, each time with a body of more than 4 MiB.",
        expected: &["limit requests", "limit wall-kept-ms"],
        holds: short_trace,
    },
    Attack { name: "memory-bomb", tries: "Takes all memory there is.", expected: &["limit memory-bytes"], holds: nothing },
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
        tries: "Answers with 50 000 things that it left out.",
        expected: &["was handled", "fuel allocated for hostcalls"],
        holds: short_answer,
    },
    Attack { name: "half-written", tries: "Falls over between a write and what belongs to it.", expected: &["half-way"], holds: nothing },
    Attack {
        name: "half-written-found",
        tries: "Looks, in the next event, for what was written before: a write is durable, and nothing is rolled back.",
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
        tries: "Names other hosts, `..`, queries and line breaks in a path.",
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
        tries: "Sends by connections that it did not describe.",
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
        tries: "Answers a call with links to other hosts, fifty numbers, and numbers that are none.",
        expected: &["does not lead to", "is not 1 to 32 digits"],
        holds: clean_answer,
    },
];

/// Lets each attack.
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
    // The event after the attack.
    let went_on = after.report.delivered > 0;
    let (contained, held) = match (expected, broken, went_on) {
        (false, ..) => (false, format!("expected {}, but: {said}", attack.expected.join(" or "))),
        (_, Some(broken), _) => (false, broken),
        (_, _, false) => (false, format!("{said}; and then the host did not go on")),
        (true, None, true) => (true, said),
    };
    Verdict { against: "plugin", attack: attack.name.to_owned(), tries: attack.tries.to_owned(), contained, held }
}

/// What the host said of the attack, in a line: of all that it said the part that was expected, if there is one.
fn said(attack: &Attack, after: &After) -> String {
    if after.report.failed == 0 && after.report.problems.len() >= SKIPPED {
        return format!("it was handled, {SKIPPED} of its lines were kept");
    }
    let withheld = after.trace.iter().filter_map(|step| match step {
        Step::Withheld { limit, why, .. } => Some(format!("{limit}; {why}")),
        _ => None,
    });
    let all: Vec<String> = withheld.chain(after.report.problems.iter().map(|problem| problem.message.clone())).collect();
    let expected = all.iter().find(|said| attack.expected.iter().any(|words| said.contains(words)));
    expected.or(all.first()).map_or_else(|| "it was handled".to_owned(), |said| said.chars().take(300).collect())
}

/// Everything that handlers did.
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
    // Answering the route is the attack itself; the event after it must be there too.
    if name == "forged-answer" {
        report.delivered = report.delivered.saturating_sub(1);
    }
    Ok(After { report, seen: remote.0, trace: watch.0, uis, limits: limits.clone() })
}
