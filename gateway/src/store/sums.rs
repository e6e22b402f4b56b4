//! Checksums of what is stored: CRC-32 over the parts, each with its length, so that nothing can move from one part to another.

/// A checksum that is being made.
pub struct Sum(crc32fast::Hasher);

impl Sum {
    /// Begins with the table's name, so that a row of one table never passes for a row of another.
    pub fn of(table: &str) -> Sum {
        Sum(crc32fast::Hasher::new()).bytes(table.as_bytes())
    }

    /// Adds bytes.
    pub fn bytes(mut self, part: &[u8]) -> Sum {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Adds text.
    pub fn text(self, part: &str) -> Sum {
        self.bytes(part.as_bytes())
    }

    /// Adds a number.
    pub fn number(self, part: i64) -> Sum {
        self.bytes(&part.to_le_bytes())
    }

    /// Adds a part that may be absent.
    pub fn maybe(self, part: Option<&str>) -> Sum {
        match part {
            None => self.number(0),
            Some(part) => self.number(1).text(part),
        }
    }

    /// The checksum.
    pub fn done(self) -> i64 {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let sums = [
            Sum::of("t").text("ab").text("c").done(),
            Sum::of("t").text("a").text("bc").done(),
            Sum::of("u").text("ab").text("c").done(),
            Sum::of("t").text("ab").maybe(Some("c")).done(),
            Sum::of("t").text("ab").maybe(None).done(),
        ];
        assert!((0..sums.len()).all(|at| sums.iter().filter(|sum| **sum == sums[at]).count() == 1), "{sums:?}");
    }
}
