//! Writes a recording of very many events to standard output, for measuring a replay: `cargo run --example many-events -- 1000000 > FILE`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(events) = std::env::args().nth(1).and_then(|number| number.parse().ok()) else {
        eprintln!("usage: many-events NUMBER, with the number of events");
        return ExitCode::from(2);
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match uis_test_support::many::write(&mut out, events).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the recording cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}
