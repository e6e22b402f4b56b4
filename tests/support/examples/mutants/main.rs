//! Checks `uis-host compare` with mutants of the plugin: copies of its source with one change each, drawn by a seed.
//!
//! Every mutant is built natively in a copy of the repository, and replays the recordings. Its results are compared with the original's twice:
//! plainly, as the JSON that `replay --json` prints, and by effect, as `compare` does. Of the mutants whose JSON differs, `compare` must report
//! at least 95 %; the rest is listed.
//!
//! ```sh
//! cargo run -p uis-test-support --example mutants -- --seed 1 --count 100 --folder /tmp/mutants
//! ```
//!
//! A mutant replays the recordings in an order drawn by the seed until one of them shows it both ways. `--sample N` stops after N recordings.

mod judge;
mod operators;
mod play;
mod workshop;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use operators::{Mutation, OPERATORS};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use workshop::{Tried, Workshop};

/// The share of differing mutants that must be reported, in percent.
const WANTED_PERCENT: usize = 95;

/// What is asked for on the command line.
struct Options {
    seed: u64,
    count: usize,
    sample: usize,
    folder: PathBuf,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options { seed: 1, count: 100, sample: usize::MAX, folder: std::env::temp_dir().join("uis-mutants") };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{name} {value}: expected a number"));
            match name.as_str() {
                "--seed" => options.seed = number()?,
                "--count" => options.count = number()? as usize,
                "--sample" => options.sample = number()? as usize,
                "--folder" => options.folder = value.into(),
                _ => return Err(format!("{name} is not known; give --seed N, --count N, --sample N or --folder PATH")),
            }
        }
        Ok(options)
    }
}

/// How many mutants ended in which way.
#[derive(Default)]
struct Counts {
    not_compiled: usize,
    made: usize,
    equal: usize,
    endless: usize,
    differ: usize,
    reported: usize,
    rest: Vec<String>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    // The copy's own program runs the mutated plugin.
    if std::env::args().nth(1).as_deref() == Some("play") {
        arguments.next();
        play::recordings(arguments);
        return ExitCode::SUCCESS;
    }
    let options = match Options::read(arguments) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    run(&options)
}

fn run(options: &Options) -> ExitCode {
    let mut draw = ChaCha8Rng::seed_from_u64(options.seed);
    let mut workshop = Workshop::open(&options.folder);
    shuffle(&mut workshop.recordings, &mut draw);
    workshop.recordings.truncate(options.sample);
    println!("seed {}, {} mutants, {} recordings", options.seed, options.count, workshop.recordings.len());
    let candidates = operators::candidates(&workshop.plugin_sources());
    for operator in OPERATORS {
        println!("operator {:<11} {:>5} places: {}", operator.name, candidates[operator.name].len(), operator.what);
    }
    let original = workshop.original();
    println!("the original has replayed {} recordings", original.len());
    let mut counts = Counts::default();
    let mut drawn = HashSet::new();
    while counts.made < options.count && drawn.len() < options.count * 20 {
        let operator = &OPERATORS[(draw.next_u64() % OPERATORS.len() as u64) as usize];
        let places = &candidates[operator.name];
        let mutation = &places[(draw.next_u64() % places.len() as u64) as usize];
        if drawn.insert(mutation.to_string()) {
            count(&mut counts, mutation, workshop.try_out(mutation, &original));
        }
    }
    summary(&counts)
}

fn shuffle<T>(list: &mut [T], draw: &mut ChaCha8Rng) {
    for last in (1..list.len()).rev() {
        list.swap(last, (draw.next_u64() % (last as u64 + 1)) as usize);
    }
}

fn count(counts: &mut Counts, mutation: &Mutation, tried: Tried) {
    let seconds = tried.seconds();
    let result = match &tried {
        Tried::NotCompiled { .. } => "does not compile".to_owned(),
        Tried::Endless { .. } => "does not end".to_owned(),
        Tried::Ran { plain: 0, .. } => "equal".to_owned(),
        Tried::Ran { plain, reported, first, .. } => match first {
            Some(first) => format!("reported: {first}"),
            None => format!("NOT REPORTED: {plain} recordings differ, {reported} are reported"),
        },
    };
    match tried {
        Tried::NotCompiled { .. } => counts.not_compiled += 1,
        Tried::Endless { .. } => counts.endless += 1,
        Tried::Ran { plain: 0, .. } => counts.equal += 1,
        Tried::Ran { first, example, .. } => {
            counts.differ += 1;
            counts.reported += usize::from(first.is_some());
            if first.is_none() {
                counts.rest.push(format!("{mutation}\n      {}", example.unwrap_or_default()));
            }
        }
    }
    counts.made = counts.equal + counts.endless + counts.differ;
    println!("{:>3} {mutation}: {result} ({seconds} s)", counts.made);
}

fn summary(counts: &Counts) -> ExitCode {
    let Counts { not_compiled, made, equal, endless, differ, reported, rest } = counts;
    println!("{made} mutants made ({not_compiled} more did not compile): {equal} equal, {endless} do not end, {differ} differ");
    let percent = if *differ == 0 { 100.0 } else { *reported as f64 * 100.0 / *differ as f64 };
    println!("of the {differ} that differ, {reported} are reported: {percent:.1} %");
    for one in rest {
        println!("  not reported: {one}");
    }
    if reported * 100 >= differ * WANTED_PERCENT { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
