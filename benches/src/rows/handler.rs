//! `handler`: one event of a kind, with RetailCRM's simulator in this process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use uis_host::plugin::Plugin;
use uis_test_support::metered::{HandlerRun, replayed};

use super::{Group, Round, Setup};
use crate::table::{Row, median};

const fn row(name: &'static str, input: &'static str) -> Row {
    Row { name, input, unit: "µs", target: None }
}

pub static GROUP: Group = Group {
    name: "handler",
    rows: &[
        row("incoming-call-native", "answered, on-incoming-call"),
        row("incoming-call-component", "answered, on-incoming-call"),
        row("finished-call-native", "outgoing, on-call-finished"),
        row("finished-call-component", "outgoing, on-call-finished"),
        row("record-ready-native", "answered, on-recording-ready"),
        row("record-ready-component", "answered, on-recording-ready"),
        row("missed-call-native", "everything-missed, on-call-finished"),
        row("missed-call-component", "everything-missed, on-call-finished"),
        row("chat-message-native", "chat-started, on-chat-message"),
        row("chat-message-component", "chat-started, on-chat-message"),
        row("order-trigger-native", "on-trigger, on-order-webhook"),
        row("order-trigger-component", "on-trigger, on-order-webhook"),
    ],
    programs: &[],
    fixed: false,
    measure,
};

/// A kind of event.
struct Kind {
    native: &'static str,
    component: &'static str,
    recording: &'static str,
    handler: &'static str,
}

const fn kind(native: &'static str, component: &'static str, recording: &'static str, handler: &'static str) -> Kind {
    Kind { native, component, recording, handler }
}

const KINDS: [Kind; 6] = [
    kind("incoming-call-native", "incoming-call-component", "answered", "on-incoming-call"),
    kind("finished-call-native", "finished-call-component", "outgoing", "on-call-finished"),
    kind("record-ready-native", "record-ready-component", "answered", "on-recording-ready"),
    kind("missed-call-native", "missed-call-component", "telephony/everything-missed", "on-call-finished"),
    kind("chat-message-native", "chat-message-component", "text/chat-started", "on-chat-message"),
    kind("order-trigger-native", "order-trigger-component", "deals/on-trigger", "on-order-webhook"),
];

/// Replays before the first that counts.
const WARM_UP: usize = 5;
const REPLAYS: usize = 60;

fn measure(setup: &Setup, _: u32) -> Result<Round> {
    let mut round = Round::new();
    for kind in &KINDS {
        round.push((kind.native, setup.tokio.block_on(timed(kind, &setup.native))?));
        round.push((kind.component, setup.tokio.block_on(timed(kind, &setup.component))?));
    }
    Ok(round)
}

/// The median time of the handler, in microseconds.
async fn timed(kind: &Kind, plugin: &Arc<dyn Plugin>) -> Result<f64> {
    let mut times = Vec::new();
    for number in 0..WARM_UP + REPLAYS {
        let runs = replayed(kind.recording, plugin).await;
        let took = chosen(&runs, kind.handler).with_context(|| format!("{}: {} did not run", kind.recording, kind.handler))?;
        if number >= WARM_UP {
            times.push(took.as_secs_f64() * 1e6);
        }
    }
    Ok(median(&times).unwrap_or_default())
}

/// The time of the handler's run that sent the most requests; of equals, the first.
fn chosen(runs: &[HandlerRun], handler: &str) -> Option<Duration> {
    let of_handler = runs.iter().filter(|run| run.handler == handler);
    // The last of equals is the largest, so the order is reversed.
    of_handler.rev().max_by_key(|run| run.requests).map(|run| run.took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_with_the_most_requests_is_chosen() {
        let run =
            |handler, took, requests| HandlerRun { handler, took: Duration::from_micros(took), fuel: None, memory_bytes: None, requests };
        let runs = [run("a", 1, 0), run("a", 2, 3), run("b", 3, 9), run("a", 4, 3)];
        assert_eq!(chosen(&runs, "a"), Some(Duration::from_micros(2)));
        assert_eq!(chosen(&runs, "c"), None);
    }

    #[test]
    fn every_kind_has_its_rows() {
        let of_kinds: Vec<&str> = KINDS.iter().flat_map(|kind| [kind.native, kind.component]).collect();
        assert_eq!(GROUP.rows.iter().map(|row| row.name).collect::<Vec<_>>(), of_kinds);
    }
}
