//! Plays the lines of a recording in several replays at the same time, each on a thread of its own.

use std::io::BufRead;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::effects::Recorder;
use crate::recording::Lines;
use crate::replay::{Part, Replay, ReplayBuilder};

/// How often it is reported how far the replays are.
const REPORTED_EVERY: Duration = Duration::from_millis(100);

/// The stack of a thread, in bytes: that of a program's first thread, on which one replay runs.
const STACK_BYTES: usize = 8 << 20;

/// How far a replay is. Only its own thread writes it.
#[derive(Debug, Default)]
pub(super) struct Position {
    lines: AtomicU64,
    bytes: AtomicU64,
}

impl Position {
    /// Lines and bytes that were played.
    pub(super) fn get(&self) -> (u64, u64) {
        (self.lines.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    fn advance(&self, bytes: u64) {
        self.lines.fetch_add(1, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}

/// What the replay of a part needs.
pub(super) struct Seat<'a, 'w> {
    pub(super) builder: ReplayBuilder<'a>,
    pub(super) part: &'a Part,
    pub(super) recorder: &'a mut Recorder<'w>,
    pub(super) position: &'a Position,
}

/// Plays all lines in every replay. None if the replays were given up, or one of them failed. Meanwhile `reached` receives the lines and bytes
/// of the one that is least far.
pub(super) fn play<'a, R: BufRead>(
    seats: Vec<Seat<'a, '_>>,
    lines: &(impl Fn() -> anyhow::Result<Lines<R>> + Sync),
    mut reached: impl FnMut(u64, u64),
) -> Option<Vec<Replay<'a>>> {
    let positions: Vec<&Position> = seats.iter().map(|seat| seat.position).collect();
    thread::scope(|scope| {
        let (running, ended) = channel();
        let mut threads = Vec::new();
        for seat in seats {
            let (running, part) = (running.clone(), seat.part);
            let spawned = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, move || played(seat, lines, running));
            match spawned {
                Ok(thread) => threads.push(thread),
                Err(_) => part.give_up(),
            }
        }
        let all = threads.len() == positions.len();
        drop(running);
        // Nothing is ever sent: the channel closes when the last thread has dropped its sender.
        while ended.recv_timeout(REPORTED_EVERY) == Err(RecvTimeoutError::Timeout) {
            let (lines, bytes) = least(&positions);
            reached(lines, bytes);
        }
        let (lines, bytes) = least(&positions);
        reached(lines, bytes);
        let replays: Option<Vec<Replay<'a>>> = threads.into_iter().map(|thread| thread.join().ok().flatten()).collect();
        replays.filter(|_| all)
    })
}

fn least(positions: &[&Position]) -> (u64, u64) {
    positions.iter().map(|position| position.get()).min().unwrap_or_default()
}

/// Plays all lines in one replay. None if it was given up or failed; then the others are given up too.
fn played<'a, R: BufRead>(seat: Seat<'a, '_>, lines: &impl Fn() -> anyhow::Result<Lines<R>>, running: Sender<()>) -> Option<Replay<'a>> {
    let Seat { builder, part, recorder, position } = seat;
    let playing = async {
        let lines = lines().ok()?;
        let mut replay = builder.ready(recorder).await.ok()?;
        if !replay.is_given_up() {
            replay.play(lines, |bytes| position.advance(bytes)).await.ok()?;
        }
        (!replay.is_given_up()).then_some(replay)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok();
    let replay = runtime.and_then(|runtime| runtime.block_on(playing));
    if replay.is_none() {
        part.give_up();
    }
    drop(running);
    replay
}
