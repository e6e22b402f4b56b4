//! Writes a recording together with the exchanges of its replay. The source is read again beside the replay, line by line, so a recording
//! may have any length.

use std::io::{self, BufRead, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::exchange::{Exchange, Placed};

/// Copies a recording and inserts exchanges. Exchange lines that the source has already are left out.
pub struct Writer<R, W> {
    source: R,
    out: W,
    /// Bytes read from the source.
    read: u64,
    /// Lines read from the source.
    number: u64,
    /// Lines written.
    written: u64,
    /// The number in the output of each line of the source, from the first.
    numbers: Vec<u64>,
    /// Whether the recording has several integrations, so that an exchange must name its own.
    several: bool,
}

/// What decides where a line stands.
#[derive(Deserialize)]
struct Peek {
    at: Option<DateTime<Utc>>,
    exchange: Option<IgnoredAny>,
}

/// A line that is inserted.
#[derive(Serialize)]
struct Inserted<'a> {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration: Option<&'a str>,
    exchange: &'a Exchange,
}

impl<R: BufRead, W: Write> Writer<R, W> {
    /// Copies the header of the recording. `several`: it has several integrations.
    pub fn new(source: R, out: W, several: bool) -> io::Result<Self> {
        let mut writer = Writer { source, out, read: 0, number: 0, written: 0, numbers: Vec::new(), several };
        while writer.written == 0 && writer.copy(&mut Vec::new())? {}
        Ok(writer)
    }

    /// The replay has read `bytes` of the source and played what it read; these exchanges have happened meanwhile.
    pub fn follow(&mut self, bytes: u64, exchanges: Vec<Placed>) -> io::Result<()> {
        let mut exchanges = exchanges;
        while self.read < bytes && self.copy(&mut exchanges)? {}
        self.insert(exchanges)
    }

    /// Ends the output: copies what is left of the source, and the exchanges after its last line.
    pub fn finish(mut self, exchanges: Vec<Placed>) -> io::Result<W> {
        self.follow(u64::MAX, exchanges)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Copies the next line, after those of the exchanges that happened before it. Returns whether there was a line.
    fn copy(&mut self, exchanges: &mut Vec<Placed>) -> io::Result<bool> {
        let mut line = Vec::new();
        let count = self.source.read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(false);
        }
        self.read += count as u64;
        self.number += 1;
        let peek: Option<Peek> = serde_json::from_slice(&line).ok();
        if let Some(at) = peek.as_ref().and_then(|peek| peek.at) {
            let number = self.number;
            let earlier = |placed: &Placed| placed.at <= at && placed.exchange.line.is_none_or(|line| line < number);
            let count = exchanges.iter().take_while(|placed| earlier(placed)).count();
            self.insert(exchanges.drain(..count).collect())?;
        }
        let left_out = line.iter().all(u8::is_ascii_whitespace) || peek.is_some_and(|peek| peek.exchange.is_some());
        self.written += u64::from(!left_out);
        self.numbers.push(self.written);
        if !left_out {
            if !line.ends_with(b"\n") {
                line.push(b'\n');
            }
            self.out.write_all(&line)?;
        }
        Ok(true)
    }

    fn insert(&mut self, exchanges: Vec<Placed>) -> io::Result<()> {
        for Placed { at, integration, mut exchange, .. } in exchanges {
            let place = |line: u64| usize::try_from(line.saturating_sub(1)).ok().and_then(|index| self.numbers.get(index).copied());
            exchange.line = exchange.line.map(|line| place(line).unwrap_or(line).max(1));
            let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let integration = self.several.then_some(integration.as_str());
            serde_json::to_writer(&mut self.out, &Inserted { at, integration, exchange: &exchange })?;
            self.out.write_all(b"\n")?;
            self.written += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::exchange;
    use serde_json::json;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-23T{time}Z").parse().expect("a time")
    }

    fn exchange(time: &str, line: u64) -> Placed {
        let value = json!({"line": line, "request": {"method": "GET", "path": "/"}, "error": "not-sent"});
        Placed { line: 0, at: at(time), integration: "main".into(), exchange: exchange::exchange(value).expect("readable") }
    }

    #[test]
    fn exchanges_stand_at_their_time_and_name_the_line_in_the_new_file() {
        let source = "\u{feff}{\"recording\":1}\n\n{\"at\":\"2026-11-23T10:00:00Z\",\"route\":\"a\"}\nbroken\n\
                      {\"at\":\"2026-11-23T10:00:00Z\",\"exchange\":{}}\n{\"at\":\"2026-11-23T11:00:00Z\",\"route\":\"b\"}";
        let mut writer = Writer::new(source.as_bytes(), Vec::new(), false).expect("a header");
        let first = source.find("broken").expect("there") as u64;
        writer.follow(first, vec![exchange("10:00:00", 1), exchange("10:00:00", 3)]).expect("written");
        // A timer of line 3 fires before line 6, and line 6 sends something itself.
        writer.follow(source.len() as u64, vec![exchange("10:30:00", 3), exchange("11:00:00", 6)]).expect("written");
        let written = String::from_utf8(writer.finish(vec![exchange("12:00:00", 6)]).expect("written")).expect("UTF-8");
        let shown: Vec<String> = written
            .lines()
            .map(|line| match serde_json::from_str::<serde_json::Value>(line) {
                Ok(line) if line["exchange"].is_object() => {
                    let read: Exchange = exchange::exchange(line["exchange"].clone()).expect("readable");
                    format!("{} of {}", line["at"].as_str().expect("a time"), read.line.expect("a line"))
                }
                Ok(line) => line["route"].as_str().expect("a route").to_owned(),
                Err(_) => line.trim_start_matches('\u{feff}').to_owned(),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "{\"recording\":1}",
                "2026-11-23T10:00:00Z of 1",
                "a",
                "2026-11-23T10:00:00Z of 3",
                "broken",
                "2026-11-23T10:30:00Z of 3",
                "b",
                "2026-11-23T11:00:00Z of 7",
                "2026-11-23T12:00:00Z of 7",
            ]
        );
    }
}
