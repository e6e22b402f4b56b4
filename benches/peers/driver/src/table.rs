//! The results for people.

use std::fmt::Write;

use crate::PeerResult;

/// What the columns mean, and what to keep in mind.
const LEGEND: &str = "\
events/s   routing requests and notifications, from the first request until all effects are in RetailCRM (looked at every 0.1 s)
route      from a routing request to its answer, with three requests to RetailCRM
ack        from a notification to its acknowledgement. The gateway acknowledges when the event is on disk; the peers at once, and lose it
           when they end before it is handled. The gateway is not tuned against them
memory     resident memory of all processes at the end
cold start from the start of the process to the first card. The gateway starts with its store and its compiled component, as after every
           start but the first; the peers read users and statuses from RetailCRM each time
The load, RetailCRM's simulator and the contestant share this machine's cores.
";

/// The table, its legend, and what differs.
pub fn print(results: &[PeerResult]) -> String {
    let mut text = String::new();
    let columns = ["", "events/s", "route p50", "p99 ms", "ack p50", "p99 ms", "memory MiB", "cold start ms"];
    let widths = [20, 9, 10, 8, 8, 8, 11, 14];
    let mut line = |cells: [String; 8]| {
        let first = format!("{:<width$}", cells[0], width = widths[0]);
        let rest = cells.iter().zip(widths).skip(1).map(|(cell, width)| format!("{cell:>width$}"));
        let _ = writeln!(text, "{}", std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" "));
    };
    line(columns.map(str::to_owned));
    for result in results {
        line([
            result.name.to_owned(),
            format!("{:.0}", result.events_per_second),
            format!("{:.2}", result.routes.p50_ms),
            format!("{:.2}", result.routes.p99_ms),
            format!("{:.2}", result.acknowledgements.p50_ms),
            format!("{:.2}", result.acknowledgements.p99_ms),
            format!("{:.0}", result.memory_kib as f64 / 1024.0),
            format!("{:.0}", result.cold_start_ms),
        ]);
    }
    let _ = write!(text, "\n{LEGEND}\n{}", effects(results));
    text
}

fn effects(results: &[PeerResult]) -> String {
    let Some(first) = results.first() else { return "nobody took part\n".to_owned() };
    let counts: Vec<String> = first.counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let mut text = format!("effects of {} events: {}\n", first.events, counts.join(", "));
    for result in &results[1..] {
        if result.differences.is_empty() {
            let _ = writeln!(text, "{}: equal to those of {}", result.name, first.name);
        }
        for difference in &result.differences {
            let _ = writeln!(text, "{} DIFFERS from {}: {difference}", result.name, first.name);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Times;

    fn result(name: &'static str, differences: &[&str]) -> PeerResult {
        let times = Times { p50_ms: 1.0, p99_ms: 2.5 };
        PeerResult {
            name,
            events: 5,
            events_per_second: 1234.4,
            routes: times,
            acknowledgements: times,
            memory_kib: 2048,
            cold_start_ms: 7.0,
            counts: [("calls".to_owned(), 2)].into(),
            differences: differences.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn a_difference_is_not_overlooked() {
        let text = print(&[result("a", &[]), result("b", &[]), result("c", &["calls: 1 instead of 2"])]);
        assert!(text.contains("b: equal to those of a\n") && text.contains("c DIFFERS from a: calls: 1 instead of 2\n"), "{text}");
        assert!(text.contains("1234") && text.contains("effects of 5 events: 2 calls"), "{text}");
    }
}
