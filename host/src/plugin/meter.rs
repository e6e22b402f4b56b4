//! Counts the memory and the tables of an instance, and enforces their limits.

use wasmtime::ResourceLimiter;

use crate::trace::Limit;

/// Enforces the limits of memory and tables for all memories and tables of an instance together, since a component may have several.
pub(crate) struct Meter {
    memory: Limit,
    tables: Limit,
    held: usize,
    elements: usize,
    refused: Option<Limit>,
}

impl Meter {
    /// The meter of a new instance: `memory` limits the bytes of all memories, `tables` the elements of all tables. Each limit is given as
    /// name and value.
    pub fn new(memory: (&'static str, usize), tables: (&'static str, usize)) -> Meter {
        let limit = |(name, value): (&'static str, usize)| Limit { name, value: value as u64 };
        Meter { memory: limit(memory), tables: limit(tables), held: 0, elements: 0, refused: None }
    }

    /// The instance's linear memory, in bytes. It never shrinks.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The limit that was exceeded.
    pub fn refused(&self) -> Option<Limit> {
        self.refused
    }
}

/// What all memories, or all tables, hold after one of them has grown; or the limit that they exceed.
fn grown(held: usize, current: usize, desired: usize, limit: Limit) -> Result<usize, Limit> {
    let held = held.saturating_add(desired.saturating_sub(current));
    if held as u64 > limit.value { Err(limit) } else { Ok(held) }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        match grown(self.held, current, desired, self.memory) {
            Ok(held) => self.held = held,
            Err(limit) => {
                self.refused = Some(limit);
                // Refusing the growth would also abort the guest, but without the limit's name.
                return Err(wasmtime::Error::msg("memory limit"));
            }
        }
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        match grown(self.elements, current, desired, self.tables) {
            Ok(elements) => self.elements = elements,
            Err(limit) => {
                self.refused = Some(limit);
                return Err(wasmtime::Error::msg("table limit"));
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_share_one_limit() {
        let mut meter = Meter::new(("memory", 10), ("tables", 5));
        assert!(meter.memory_growing(0, 6, None).is_ok_and(|allowed| allowed));
        assert!(meter.memory_growing(0, 4, None).is_ok_and(|allowed| allowed));
        assert_eq!((meter.held(), meter.refused()), (10, None));
        assert!(meter.memory_growing(4, 5, None).is_err());
        assert_eq!((meter.held(), meter.refused()), (10, Some(Limit { name: "memory", value: 10 })));
        assert!(meter.table_growing(0, 5, None).is_ok_and(|allowed| allowed));
        assert!(meter.table_growing(0, usize::MAX, None).is_err());
        assert_eq!(meter.refused(), Some(Limit { name: "tables", value: 5 }));
    }
}
