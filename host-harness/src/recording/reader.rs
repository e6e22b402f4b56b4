//! Reads a recording line by line.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use chrono::{DateTime, Utc};

use super::{Header, Line};

/// A longer line cannot be valid; a transcript of 100 000 messages is shorter.
const LINE_BYTES: usize = 64 << 20;

/// The lines after the header. A line that cannot be read gives an error with its number; reading continues with the next line.
pub struct Lines<R> {
    source: R,
    number: u64,
    bytes: u64,
    /// Lines that `begins` has read already.
    ahead: VecDeque<Result<Line, (u64, String)>>,
}

/// Opens a recording and reads its header. The error gives the line's number and what was expected.
pub fn open<R: BufRead>(source: R) -> Result<(Header, Lines<R>), (u64, String)> {
    let mut lines = Lines { source, number: 0, bytes: 0, ahead: VecDeque::new() };
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
        if let Some(Ok(line)) = self.ahead.iter().find(|line| line.is_ok()) {
            return Some(line.at);
        }
        loop {
            let next = self.read()?;
            let at = next.as_ref().ok().map(|line| line.at);
            self.ahead.push_back(next);
            if at.is_some() {
                return at;
            }
        }
    }

    /// Bytes read so far, for a progress bar.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&mut self) -> Option<Result<Line, (u64, String)>> {
        let text = self.text()?;
        let number = self.number;
        Some(text.and_then(|text| super::line(number, &text)).map_err(|error| (number, error)))
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
            self.bytes += count as u64;
            if count > LINE_BYTES {
                self.skip_line();
                return Some(Err(format!("the line is longer than {LINE_BYTES} bytes")));
            }
            let text = match std::str::from_utf8(&bytes) {
                Ok(text) => text.trim_start_matches('\u{feff}').trim(),
                Err(error) => return Some(Err(format!("the line is not UTF-8: {error}"))),
            };
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
            self.bytes += used as u64;
            if done {
                return;
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line, (u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.ahead.pop_front().or_else(|| self.read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_unreadable_header_names_its_line() {
        assert_eq!(open("\n\n{}".as_bytes()).err().map(|(line, _)| line), Some(3));
        assert_eq!(open("".as_bytes()).err().map(|(line, _)| line), Some(1));
        assert_eq!(open(&b"\xff\xfe\n"[..]).err().map(|(line, _)| line), Some(1));
    }
}
