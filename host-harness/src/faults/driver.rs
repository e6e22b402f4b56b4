//! Runs many cells of many recordings on all cores.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::runtime::{Builder, Runtime};
use uis_host::sync::lock;

use super::bench::Bench;
use super::judge::{Finding, findings};
use super::permitted::Permitted;
use super::story::{Placed, Story};

/// A recording's file and text.
pub type Source = (PathBuf, String);

/// Which cells are run.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// One of this many cells; 1: all.
    pub one_in: u32,
    /// The seed by which cells are drawn.
    pub seed: u64,
}

impl Sample {
    /// All cells.
    pub const ALL: Sample = Sample { one_in: 1, seed: 0 };

    /// The cells that are run, of all those of a recording. What is drawn does not depend on the other recordings.
    pub fn of(self, story: &str, cells: Vec<Placed>) -> Vec<Placed> {
        if self.one_in <= 1 {
            return cells;
        }
        // The name's bytes, so that every recording draws others.
        let name = story.bytes().fold(self.seed, |sum, byte| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
        let mut generator = ChaCha8Rng::seed_from_u64(name);
        cells.into_iter().filter(|_| generator.next_u32() % self.one_in == 0).collect()
    }
}

/// What is decided about a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The same as without faults.
    Same,
    /// Everything that is different is permitted.
    Permitted,
    /// Something is different that is not permitted.
    Bad,
}

/// The result of a cell.
#[derive(Debug, Clone)]
pub struct CellResult {
    /// The recording's place among those that were given.
    pub story: usize,
    /// The cell.
    pub placed: Placed,
    /// What is different, each with the number of the line of the permitted differences that permits it.
    pub findings: Vec<(Finding, Option<usize>)>,
    /// The decision.
    pub verdict: Verdict,
    /// The result was another one when the cell was run again. The verdict is that of the second run.
    pub unsteady: bool,
}

/// Runs `work` for the numbers below `count` on `jobs` threads. Each thread has a runtime of its own, because a replay waits for nothing but
/// itself.
fn on_all_cores<T: Send>(jobs: usize, count: usize, work: impl Fn(&Runtime, usize) -> T + Sync) -> Result<Vec<T>, String> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::default();
    let failed: Mutex<Option<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return *lock(&failed) = Some(format!("no runtime: {error}")),
                };
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= count {
                        return;
                    }
                    let one = work(&runtime, index);
                    lock(&done).push((index, one));
                }
            });
        }
    });
    if let Some(error) = lock(&failed).take() {
        return Err(error);
    }
    let mut all = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, one)| one).collect())
}

/// Replays every recording without faults. The error names the file that cannot be used.
pub fn open(bench: &Bench, sources: &[Source], jobs: usize) -> Result<Vec<Story>, String> {
    let opened = on_all_cores(jobs, sources.len(), |runtime, index| {
        let (path, text) = sources.get(index)?;
        let name = path.display().to_string();
        Some(runtime.block_on(Story::open(bench, &name, text)).map_err(|error| format!("{name}: {error}")))
    })?;
    opened.into_iter().flatten().collect()
}

/// The cells that a sample has, each with its recording's place.
pub fn drawn(stories: &[Story], sample: Sample) -> Vec<(usize, Placed)> {
    let of = |(index, story): (usize, &Story)| {
        let cells = sample.of(&story.name, story.cells());
        cells.into_iter().map(move |placed| (index, placed))
    };
    stories.iter().enumerate().flat_map(of).collect()
}

/// Runs cells. `progress` is called after each one, on any thread, with the number of those that are done.
pub fn run(
    bench: &Bench,
    stories: &[Story],
    cells: &[(usize, Placed)],
    permitted: &Permitted,
    jobs: usize,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<CellResult>, String> {
    let done = AtomicUsize::new(0);
    let results = on_all_cores(jobs, cells.len(), |runtime, index| {
        let (place, placed) = cells.get(index)?;
        let story = stories.get(*place)?;
        let once = || decided(runtime, bench, story, *place, placed, permitted);
        let mut result = once();
        if result.as_ref().is_ok_and(|result| result.verdict == Verdict::Bad) {
            // Only what happens again can be repeated by anybody.
            let again = once();
            let unsteady = match (&result, &again) {
                (Ok(one), Ok(other)) => one.findings != other.findings,
                _ => true,
            };
            result = again.map(|again| CellResult { unsteady, ..again });
        }
        progress(done.fetch_add(1, Ordering::SeqCst) + 1);
        Some(result.map_err(|error| format!("{}: {error}", story.name)))
    })?;
    results.into_iter().flatten().collect()
}

fn decided(
    runtime: &Runtime,
    bench: &Bench,
    story: &Story,
    place: usize,
    placed: &Placed,
    permitted: &Permitted,
) -> Result<CellResult, String> {
    let played = runtime.block_on(story.play(bench, &placed.cell))?;
    let findings: Vec<(Finding, Option<usize>)> = findings(&story.calm, &played)
        .into_iter()
        .map(|finding| {
            let by = permitted.permits(&story.name, placed, &finding);
            (finding, by)
        })
        .collect();
    let verdict = match findings.as_slice() {
        [] => Verdict::Same,
        some if some.iter().all(|(_, by)| by.is_some()) => Verdict::Permitted,
        _ => Verdict::Bad,
    };
    Ok(CellResult { story: place, placed: placed.clone(), findings, verdict, unsteady: false })
}

#[cfg(test)]
mod tests {
    use super::super::cell::{Cell, RequestFault};
    use super::*;

    #[test]
    fn a_sample_draws_about_its_share_and_always_the_same() {
        let cells: Vec<Placed> =
            (1..=1000).map(|number| Placed { cell: Cell::Request(number, RequestFault::Slow), place: String::new() }).collect();
        let drawn = |seed, story| Sample { one_in: 10, seed }.of(story, cells.clone());
        assert!((60..140).contains(&drawn(1, "a").len()), "{}", drawn(1, "a").len());
        assert_eq!(drawn(1, "a"), drawn(1, "a"));
        assert!(drawn(1, "a") != drawn(2, "a") && drawn(1, "a") != drawn(1, "b"));
        assert_eq!(Sample::ALL.of("a", cells.clone()).len(), 1000);
    }
}
