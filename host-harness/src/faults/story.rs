//! A recording on the bench: its replay without faults, and the cells that follow from it.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::{Bench, Plan, Played};
use super::cell::{Cell, EventFault, RequestFault};
use super::lines::Text;
use super::requests::Sent;

/// How often as many attempts as without faults are too many, and how many more in any case.
const RUNAWAY: (u32, u32) = (10, 200);

/// The handler of timers.
const TIMER: &str = "on-schedule";

/// A cell, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The cell.
    pub cell: Cell,
    /// What the fault hits: `POST /api/v5/tasks/create`, `out_call`, `on-call-finished`. Ids in paths are `*`.
    pub place: String,
}

/// A recording that is replayed with faults.
pub struct Story {
    /// Its file, as it was given.
    pub name: String,
    /// Its text, two hours longer.
    pub text: Text,
    /// Its replay without faults.
    pub calm: Played,
}

impl Story {
    /// Replays a recording without faults. The error says why it cannot be used.
    pub async fn open(bench: &Bench, name: &str, text: &str) -> Result<Story, String> {
        let text = Text::new(text).prolonged();
        let calm = bench.play(&text.text(), &Plan::default()).await?;
        Ok(Story { name: name.to_owned(), text, calm })
    }

    /// All cells: requests in the order of sending, then events, then crashes in the order of attempts. An attempt of a timer that only does
    /// what an earlier one did, request for request, has none: repeating timers do so for hours.
    pub fn cells(&self) -> Vec<Placed> {
        let mut known: BTreeSet<(u32, Vec<String>)> = BTreeSet::new();
        let (mut requests, mut crashes) = (Vec::new(), Vec::new());
        for (attempt, ran) in (1..).zip(&self.calm.attempts) {
            let sent = self.sent_in(attempt);
            let places: Vec<String> = sent.iter().map(|(_, sent)| format!("{} {}", sent.method, without_ids(&sent.path))).collect();
            if ran.handler == TIMER && !known.insert((ran.writes, places.clone())) {
                continue;
            }
            for ((number, sent), place) in sent.into_iter().zip(places) {
                let faults = RequestFault::ALL.iter().filter(|fault| fault.concerns(&sent.method, sent.answered));
                requests.extend(faults.map(|fault| Placed { cell: Cell::Request(number, *fault), place: place.clone() }));
            }
            let place = ran.handler.to_owned();
            crashes.extend((1..=ran.writes).map(|writes| Placed { cell: Cell::Crash { attempt, writes }, place: place.clone() }));
        }
        let events = self.text.events();
        let last = events.last().map(|event| event.line);
        let events = events.into_iter().flat_map(|event| {
            let faults = EventFault::ALL.iter().filter(move |fault| **fault != EventFault::Swapped || Some(event.line) != last);
            faults.map(move |fault| Placed { cell: Cell::Event(event.line, *fault), place: event.what.clone() })
        });
        requests.into_iter().chain(events).chain(crashes).collect()
    }

    /// A cell and its place, whether or not it is among [`cells`](Self::cells). The error says that it does not exist in this recording.
    pub fn placed(&self, cell: &Cell) -> Result<Placed, String> {
        let place = match *cell {
            Cell::Request(number, _) => {
                let sent = self.calm.sent.get(number as usize - 1);
                sent.map(|sent| format!("{} {}", sent.method, without_ids(&sent.path)))
            }
            Cell::Event(line, _) => self.text.events().into_iter().find(|event| event.line == line).map(|event| event.what),
            Cell::Crash { attempt, .. } => self.calm.attempts.get(attempt as usize - 1).map(|ran| ran.handler.to_owned()),
        };
        Ok(Placed { cell: *cell, place: place.ok_or_else(|| self.no_such(cell))? })
    }

    /// The requests of an attempt, with their numbers. Handlers run one after the other, so those are between its beginning and the next one's.
    fn sent_in(&self, attempt: u32) -> Vec<(u32, &Sent)> {
        let begins = |attempt: u32| self.calm.attempts.get(attempt as usize - 1).map(|attempt| attempt.sent_before);
        let from = begins(attempt).unwrap_or(0);
        let until = begins(attempt + 1).unwrap_or(u32::MAX);
        let all = (1..).zip(&self.calm.sent);
        all.filter(|(number, _)| *number > from && *number <= until).collect()
    }

    /// Replays the recording with a cell's fault. The error says that the cell does not exist in this recording.
    pub async fn play(&self, bench: &Bench, cell: &Cell) -> Result<Played, String> {
        let attempts = u32::try_from(self.calm.attempts.len()).unwrap_or(u32::MAX);
        let most = attempts.saturating_mul(RUNAWAY.0).saturating_add(RUNAWAY.1);
        let plan = Plan { attempts: Some(most), ..Plan::of(cell) };
        let played = bench.play(&self.faulty_text(cell)?, &plan).await?;
        let happened = match *cell {
            Cell::Request(number, _) => played.sent.len() >= number as usize,
            Cell::Crash { attempt, .. } => played.attempts.get(attempt as usize - 1).is_some_and(|attempt| attempt.crashed),
            Cell::Event(..) => true,
        };
        if happened || played.ran_away { Ok(played) } else { Err(self.no_such(cell)) }
    }

    /// The recording to replay for a cell. The fault of an event is one of the recording; the others are not in this text.
    fn faulty_text(&self, cell: &Cell) -> Result<String, String> {
        match *cell {
            Cell::Event(line, fault) => Ok(self.text.with(line, fault).ok_or_else(|| self.no_such(cell))?.text()),
            _ => Ok(self.text.text()),
        }
    }

    /// A recording that repeats a cell by itself, with any command that replays: the fault of an event is in its lines, another one is named in
    /// its header.
    pub fn recording_of(&self, cell: &Cell) -> Result<String, String> {
        match cell {
            Cell::Event(..) => self.faulty_text(cell),
            _ => Ok(self.text.text_with_fault(&cell.to_string())),
        }
    }

    fn no_such(&self, cell: &Cell) -> String {
        let (requests, attempts) = (self.calm.sent.len(), self.calm.attempts.len());
        let most = self.calm.attempts.iter().map(|attempt| attempt.writes).max().unwrap_or(0);
        let events = self.text.events().iter().map(|event| event.line.to_string()).collect::<Vec<_>>().join(", ");
        format!(
            "{cell}: there is nothing to fail in this recording; without faults it has {requests} requests, events in the lines {events}, and \
             {attempts} attempts with at most {most} writes each"
        )
    }
}

/// A path in which ids are `*`: whole segments of digits, or after the first segments that name something.
fn without_ids(path: &str) -> String {
    let is_id = |segment: &str| segment.bytes().any(|byte| byte.is_ascii_digit()) && !is_version(segment);
    path.split('/').map(|segment| if is_id(segment) { "*" } else { segment }).collect::<Vec<_>>().join("/")
}

/// Whether a segment is an API's version, such as `v5`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How many cells each kind of fault has.
pub fn by_fault<'a>(cells: impl IntoIterator<Item = &'a Placed>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for placed in cells {
        *counts.entry(placed.cell.fault()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_paths_are_left_out_and_versions_stay() {
        assert_eq!(without_ids("/api/v5/orders/17/edit"), "/api/v5/orders/*/edit");
        assert_eq!(without_ids("/api/v5/integration-modules/uis-3f2a/edit"), "/api/v5/integration-modules/*/edit");
        assert_eq!(without_ids("/api/v5/telephony/calls/upload"), "/api/v5/telephony/calls/upload");
    }
}
