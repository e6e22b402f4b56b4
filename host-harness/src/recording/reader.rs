//! Reads a recording line by line.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead};

use chrono::{DateTime, Utc};

use super::{Header, Line, foreign, years};

/// A longer line cannot be valid; a transcript of 100 000 messages is shorter.
const LINE_BYTES: usize = 64 << 20;

/// How many lines are looked at to find the first whose time can be trusted.
const LOOKED_AT: usize = 1000;

/// The lines after the header. A line that cannot be read, or whose year is mistyped, gives an error with its number; reading continues with
/// the next line.
pub struct Lines<R> {
    source: R,
    number: u64,
    /// Bytes read from the source.
    read_bytes: u64,
    /// Bytes up to the end of the line that was given out last.
    bytes: u64,
    /// Lines that were read already, to find when the recording begins.
    ahead: VecDeque<Ahead>,
    looked: bool,
    /// The time of the line before.
    before: Option<DateTime<Utc>>,
    /// The times of lines that have a readable `at` and cannot be read otherwise, by the line's number.
    times: BTreeMap<u64, DateTime<Utc>>,
}

/// A line that was read already.
struct Ahead {
    line: Result<Line, (u64, String)>,
    /// The bytes of the source up to its end.
    end: u64,
}

/// Opens a recording and reads its header. The error gives the line's number and what was expected.
pub fn open<R: BufRead>(source: R) -> Result<(Header, Lines<R>), (u64, String)> {
    let mut lines =
        Lines { source, number: 0, read_bytes: 0, bytes: 0, ahead: VecDeque::new(), looked: false, before: None, times: BTreeMap::new() };
    let text = match lines.text() {
        Some(Ok(text)) => text,
        Some(Err(error)) => return Err((lines.number.max(1), error)),
        None => return Err((1, "the recording is empty; expected a header, {\"recording\":1,…}".into())),
    };
    let header = super::header(&text).map_err(|error| (lines.number, error))?;
    Ok((header, lines))
}

impl<R: BufRead> Lines<R> {
    /// When the recording begins: the time of its first readable line.
    pub fn begins(&mut self) -> Option<DateTime<Utc>> {
        self.look_at_the_first();
        self.ahead.iter().flat_map(|ahead| &ahead.line).next().map(|line| line.at)
    }

    /// Reads ahead to the first three readable lines. If the first is years away from the other two, its year is mistyped.
    fn look_at_the_first(&mut self) {
        if std::mem::replace(&mut self.looked, true) {
            return;
        }
        while self.ahead.iter().filter(|ahead| ahead.line.is_ok()).count() < 3 && self.ahead.len() < LOOKED_AT {
            let Some(line) = self.read() else { break };
            self.ahead.push_back(Ahead { line, end: self.read_bytes });
        }
        let times: Vec<(u64, DateTime<Utc>)> = self.ahead.iter().flat_map(|ahead| &ahead.line).map(|line| (line.number, line.at)).collect();
        if let [(number, first), (_, second), (_, third)] = times[..]
            && years::apart(first, second)
            && !years::apart(second, third)
            && let Some(place) = self.ahead.iter_mut().map(|ahead| &mut ahead.line).find(|line| line.is_ok())
        {
            *place = Err((number, years::odd(first, second)));
        }
    }

    /// Bytes up to the end of the line that was given out last.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&mut self) -> Option<Result<Line, (u64, String)>> {
        let text = self.text()?;
        let number = self.number;
        let line = text.and_then(|text| {
            super::line(number, &text).inspect_err(|_| {
                self.times.extend(super::time(&text).map(|at| (number, at)));
            })
        });
        Some(line.map_err(|error| (number, error)))
    }

    /// When a line happened that could not be read, if its `at` can be. Asked once per line.
    pub fn time_of_unreadable(&mut self, number: u64) -> Option<DateTime<Utc>> {
        self.times.remove(&number)
    }

    /// The next line that is not blank.
    fn text(&mut self) -> Option<Result<String, String>> {
        loop {
            let mut bytes = Vec::new();
            let read = io::Read::take(&mut self.source, LINE_BYTES as u64 + 1).read_until(b'\n', &mut bytes);
            self.number += 1;
            let count = match read {
                Ok(0) => return None,
                Ok(count) => count,
                // Nothing can follow after this; the next call finds the end of the file or the same error.
                Err(error) => return Some(Err(format!("the file cannot be read: {error}"))),
            };
            self.read_bytes += count as u64;
            if count > LINE_BYTES {
                self.skip_line();
                return Some(Err(format!("the line is longer than {LINE_BYTES} bytes")));
            }
            let text = match std::str::from_utf8(&bytes) {
                Ok(text) => text.trim_start_matches('\u{feff}').trim(),
                Err(error) => return Some(Err(foreign::named(&bytes).unwrap_or_else(|| format!("the line is not UTF-8: {error}")))),
            };
            if text.contains('\0')
                && let Some(name) = foreign::named(&bytes)
            {
                return Some(Err(name));
            }
            if !text.is_empty() {
                return Some(Ok(text.to_owned()));
            }
        }
    }

    /// Skips the rest of a line that is too long to be kept in memory.
    fn skip_line(&mut self) {
        loop {
            let (used, done) = match self.source.fill_buf() {
                Ok([]) | Err(_) => return,
                Ok(buffer) => match buffer.iter().position(|byte| *byte == b'\n') {
                    Some(end) => (end + 1, true),
                    None => (buffer.len(), false),
                },
            };
            self.source.consume(used);
            self.read_bytes += used as u64;
            if done {
                return;
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line, (u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.look_at_the_first();
        let next = match self.ahead.pop_front() {
            Some(Ahead { line, end }) => {
                self.bytes = end;
                line
            }
            None => {
                let line = self.read()?;
                self.bytes = self.read_bytes;
                line
            }
        };
        let line = match next {
            Ok(line) => line,
            Err(unreadable) => return Some(Err(unreadable)),
        };
        if let Some(before) = self.before
            && years::apart(line.at, before)
        {
            return Some(Err((line.number, years::odd(line.at, before))));
        }
        self.before = Some(line.at);
        Some(Ok(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_of_lines_that_were_given_out_are_counted() {
        let line = "{\"at\":\"2026-11-23T10:00:00Z\",\"activate\":true}\n";
        let text = format!("{{\"recording\":1}}\n{}", line.repeat(5));
        let (_, mut lines) = open(text.as_bytes()).map_err(|(line, error)| format!("{line}: {error}")).expect("a header");
        assert!(lines.begins().is_some());
        let mut ends = Vec::new();
        while lines.next().is_some() {
            ends.push(lines.bytes());
        }
        let header = "{\"recording\":1}\n".len();
        assert_eq!(ends, (1..=5).map(|count| (header + count * line.len()) as u64).collect::<Vec<_>>());
    }

    #[test]
    fn blank_lines_byte_order_marks_and_crlf_are_accepted() {
        let text = "\u{feff}{\"recording\":1,\"name\":\"x\"}\r\n\r\nbroken\r\n{\"at\":\"2026-11-23T10:00:00Z\",\"activate\":true}";
        let (header, mut lines) = open(text.as_bytes()).map_err(|(line, error)| format!("{line}: {error}")).expect("a header");
        assert_eq!(header.name, "x");
        assert_eq!(lines.begins().map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-23T10:00:00+00:00"));
        let numbers: Vec<Result<u64, u64>> = lines.map(|line| line.map(|line| line.number).map_err(|(number, _)| number)).collect();
        assert_eq!(numbers, [Err(3), Ok(4)]);
    }

    #[test]
    fn a_line_with_a_mistyped_year_is_an_error_wherever_it_stands() {
        let played = |years: &[u32]| -> Vec<u64> {
            let line = |year| format!("{{\"at\":\"{year}-11-23T10:00:00Z\",\"activate\":true}}\n");
            let text: String = std::iter::once("{\"recording\":1}\n".to_owned()).chain(years.iter().map(line)).collect();
            let (_, mut lines) = open(text.as_bytes()).map_err(|(line, error)| format!("{line}: {error}")).expect("a header");
            let begins = lines.begins();
            let read: Vec<Line> = lines.flatten().collect();
            assert_eq!(begins, read.first().map(|line| line.at));
            read.iter().map(|line| line.number).collect()
        };
        for (years, expected) in [
            (&[2026, 4026, 2026][..], &[2, 4][..]),
            (&[2026, 1026, 2026], &[2, 4]),
            (&[2026, 2026, 4026], &[2, 3]),
            (&[4026, 2026, 2026], &[3, 4]),
            (&[1026, 2026, 2026], &[3, 4]),
            (&[2026, 4026], &[2]),
            (&[2026, 2027, 2026], &[2, 4]),
            (&[2026, 2027, 2027], &[3, 4]),
            (&[4026], &[2]),
            (&[], &[]),
        ] {
            assert_eq!(played(years), expected, "{years:?}");
        }
        let text =
            "{\"recording\":1}\n{\"at\":\"2026-11-23T10:00:00Z\",\"activate\":true}\n{\"at\":\"4026-11-23T10:00:00Z\",\"activate\":true}";
        let (_, lines) = open(text.as_bytes()).map_err(|(line, error)| format!("{line}: {error}")).expect("a header");
        let (line, error) = lines.filter_map(Result::err).next().expect("an error");
        assert!(line == 3 && error.contains("2000 years after") && error.contains("correct the year"), "{line}: {error}");
    }

    #[test]
    fn a_line_that_cannot_be_read_keeps_its_time() {
        let text = "{\"recording\":1}\n{\"at\":\"2026-11-23T10:00:00Z\",\"notificaton\":\"x\"}\n{\"at\":\"soon\"}\n";
        let (_, mut lines) = open(text.as_bytes()).map_err(|(line, error)| format!("{line}: {error}")).expect("a header");
        assert_eq!(lines.by_ref().filter(Result::is_err).count(), 2);
        let shown = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
        assert_eq!(shown(lines.time_of_unreadable(2)).as_deref(), Some("2026-11-23T10:00:00+00:00"));
        assert_eq!((shown(lines.time_of_unreadable(2)), shown(lines.time_of_unreadable(3))), (None, None));
    }

    #[test]
    fn an_unreadable_header_names_its_line() {
        assert_eq!(open("\n\n{}".as_bytes()).err().map(|(line, _)| line), Some(3));
        assert_eq!(open("".as_bytes()).err().map(|(line, _)| line), Some(1));
        assert_eq!(open(&b"\xff\xfe\n"[..]).err().map(|(line, _)| line), Some(1));
    }
}
