//! Overwriting the unused space within pages. SQLite overwrites a row that is deleted; but when pages are divided or joined, copies of rows that
//! were moved stay in the space between a page's index of rows and its rows, and nothing overwrites them when the row is deleted elsewhere.
//!
//! The format of pages is that of <https://sqlite.org/fileformat2.html#b_tree_pages>. Only bytes are written that belong to no row, so a
//! process that is killed meanwhile leaves every row as it was.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use uis_host::sync::lock;

/// Pages that are read at once.
const AT_ONCE: u64 = 1024;
/// From so many pages on (128 GiB), the number of a page may begin with the byte by which a page of a tree is recognised.
const MOST_PAGES: u64 = 1 << 25;
/// Bytes of the file's header, which is the beginning of the first page.
const HEADER: usize = 100;

/// Files by device and number.
type Files = HashMap<(u64, u64), Arc<File>>;

/// The files that are open here, by device and number. They are never closed: closing one would end the locks that SQLite has on it in this
/// process, so that another program might remove the log.
static OPEN: LazyLock<Mutex<Files>> = LazyLock::new(Mutex::default);

fn file(path: &Path) -> io::Result<Arc<File>> {
    let about = std::fs::metadata(path)?;
    let mut open = lock(&OPEN);
    if let Some(known) = open.get(&(about.dev(), about.ino())) {
        return Ok(known.clone());
    }
    let file = Arc::new(File::options().read(true).write(true).open(path)?);
    let about = file.metadata()?;
    open.insert((about.dev(), about.ino()), file.clone());
    Ok(file)
}

/// The size of pages; none when the file is no database.
fn page_size(file: &File) -> io::Result<Option<usize>> {
    let mut header = [0; HEADER];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65536,
        size => usize::from(size),
    };
    Ok((header.starts_with(b"SQLite format 3\0") && size.is_power_of_two() && size >= 512).then_some(size))
}

/// The numbers of pages, from 0, whose unused space is not empty. The file may change meanwhile.
pub fn pages_with_traces(path: &Path) -> io::Result<Vec<u64>> {
    let file = file(path)?;
    let Some(size) = page_size(&file)? else { return Ok(Vec::new()) };
    let pages = file.metadata()?.len() / size as u64;
    if pages >= MOST_PAGES {
        return Err(io::Error::other("the file is too large for its unused space to be overwritten; run VACUUM while no service runs"));
    }
    let (mut found, mut buffer) = (Vec::new(), vec![0; size * AT_ONCE as usize]);
    let mut first = 0;
    while first < pages {
        let count = AT_ONCE.min(pages - first);
        let some = &mut buffer[..size * count as usize];
        match file.read_exact_at(some, first * size as u64) {
            Ok(()) => {}
            // The file has become shorter.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        let numbered = (first..).zip(some.chunks_exact(size));
        found.extend(numbered.filter(|(number, page)| has_traces(page, *number == 0)).map(|(number, _)| number));
        first += count;
    }
    Ok(found)
}

/// Overwrites the unused space of pages with zeros. Nothing else may write the file, and its log must be empty.
pub fn scrub(path: &Path, pages: &[u64]) -> io::Result<()> {
    let file = file(path)?;
    let Some(size) = page_size(&file)? else { return Ok(()) };
    let mut page = vec![0; size];
    for number in pages {
        let at = number * size as u64;
        match file.read_exact_at(&mut page, at) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
            Err(error) => return Err(error),
        }
        for unused in unused(&page, *number == 0) {
            file.write_all_at(&vec![0; unused.len()], at + unused.start as u64)?;
        }
    }
    file.sync_data()
}

fn has_traces(page: &[u8], first: bool) -> bool {
    unused(page, first).into_iter().any(|unused| page[unused].iter().any(|byte| *byte != 0))
}

/// The bytes of a page that belong to no row: between its index of rows and its rows, and freed blocks among them. None of a page that is no
/// part of a tree: its first byte is the highest one of a page's number, which is 0 or 1. None of a page whose numbers make no sense.
fn unused(page: &[u8], first: bool) -> Vec<Range<usize>> {
    let start = if first { HEADER } else { 0 };
    let number = |at: usize| page.get(at..at + 2).map_or(usize::MAX, |two| usize::from(u16::from_be_bytes([two[0], two[1]])));
    let head = match page.get(start) {
        Some(0x0d | 0x0a) => 8,
        Some(0x05 | 0x02) => 12,
        _ => return Vec::new(),
    };
    let rows = match number(start + 5) {
        0 => 65536,
        rows => rows,
    };
    let index_end = start + head + 2 * number(start + 3);
    if index_end > rows || rows > page.len() {
        return Vec::new();
    }
    let between = index_end..rows;
    let mut all = vec![between];
    let mut block = number(start + 1);
    // The blocks are in the order of their places, each with the place of the next and its own size.
    while block != 0 {
        let (next, length) = (number(block), number(block.saturating_add(2)));
        let end = block.saturating_add(length);
        if block < rows || length < 4 || end > page.len() || next != 0 && next < end {
            return Vec::new();
        }
        all.push(block + 4..end);
        block = next;
    }
    all
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn count(path: &Path, text: &str) -> usize {
        memchr::memmem::find_iter(&std::fs::read(path).expect("readable"), text.as_bytes()).count()
    }

    /// A file whose rows were moved about, and of which four of five rows are deleted.
    fn moved(path: &Path) -> Connection {
        let connection = Connection::open(path).expect("a file");
        connection
            .execute_batch(
                "PRAGMA secure_delete = ON; CREATE TABLE t (key TEXT PRIMARY KEY, body TEXT);
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
                 INSERT INTO t SELECT iif(i % 5, 'planted-', 'stays-') || (i * 7919 % 4001), iif(i % 5, 'planted ', 'stays ') || hex(randomblob(i % 90)) FROM n;
                 UPDATE t SET body = body || body; VACUUM; DELETE FROM t WHERE key LIKE 'planted%';",
            )
            .expect("filled");
        connection
    }

    #[test]
    fn nothing_of_deleted_rows_is_left_and_all_others_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file.db");
        let connection = moved(&path);
        let all = |connection: &Connection| -> (i64, i64) {
            connection.query_row("SELECT count(*), sum(length(body)) FROM t", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows")
        };
        let before = all(&connection);
        assert!(count(&path, "planted") > 0, "SQLite leaves copies; without them this test shows nothing");
        let pages = pages_with_traces(&path).expect("read");
        scrub(&path, &pages).expect("written");
        assert_eq!((count(&path, "planted"), pages_with_traces(&path).expect("read")), (0, Vec::new()));
        connection.execute_batch("PRAGMA shrink_memory").expect("forgotten");
        assert_eq!((before.0, all(&connection)), (800, before));
        let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
        assert_eq!(sound, "ok");
    }

    #[test]
    fn pages_that_make_no_sense_stay_as_they_are() {
        for page in [vec![0; 512], vec![0xff; 512], vec![0x0d; 512], Vec::new(), [&[0x0d, 1, 144, 0, 1, 0, 200][..], &[9; 505]].concat()] {
            assert!(unused(&page, false).is_empty(), "{page:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("text");
        std::fs::write(&path, "no database").expect("written");
        assert_eq!(pages_with_traces(&path).expect("read"), Vec::<u64>::new());
        scrub(&path, &[0]).expect("nothing to do");
    }
}
