//! Opens recordings: files, and standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _};
use std::path::Path;
use std::sync::OnceLock;

/// A recording that is open for reading.
pub type Source = Box<dyn BufRead + Send>;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// Opens a recording. `-` is standard input, which is read whole: a recording may be read more than once.
pub fn open(path: &Path) -> io::Result<Source> {
    if path.as_os_str() == STANDARD_INPUT {
        return Ok(Box::new(Cursor::new(standard_input()?)));
    }
    let file = File::open(path)?;
    if path.is_dir() {
        let why = format!("this is a folder; give its files, like {}/*.jsonl", path.display());
        return Err(io::Error::new(io::ErrorKind::IsADirectory, why));
    }
    Ok(Box::new(BufReader::new(file)))
}

fn standard_input() -> io::Result<&'static [u8]> {
    static READ: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(bytes) = READ.get() {
        return Ok(bytes);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(READ.get_or_init(|| bytes))
}
