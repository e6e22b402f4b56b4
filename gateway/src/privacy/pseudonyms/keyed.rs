//! Numbers drawn from the key: the same for the same subject, and useless without the key.

use sha2::{Digest, Sha256};

/// The key of a run.
pub struct Key(pub [u8; 32]);

impl Key {
    /// Numbers for a subject of a kind.
    pub fn draw(&self, kind: &str, subject: &str) -> Drawn<'_> {
        Drawn { key: self, kind: kind.to_owned(), subject: subject.to_owned(), block: 0, bytes: [0; 32], used: 32 }
    }
}

/// A sequence of numbers.
pub struct Drawn<'k> {
    key: &'k Key,
    kind: String,
    subject: String,
    block: u64,
    bytes: [u8; 32],
    used: usize,
}

impl Drawn<'_> {
    fn byte(&mut self) -> u8 {
        if self.used == self.bytes.len() {
            let digest = Sha256::new()
                .chain_update(self.key.0)
                .chain_update(self.block.to_le_bytes())
                .chain_update((self.kind.len() as u64).to_le_bytes())
                .chain_update(&self.kind)
                .chain_update(&self.subject);
            self.bytes = digest.finalize().into();
            self.block += 1;
            self.used = 0;
        }
        self.used += 1;
        self.bytes[self.used - 1]
    }

    /// A number below this one, each with the same probability. `below` is from 1 to 65 536.
    pub fn below(&mut self, below: usize) -> usize {
        let below = below.clamp(1, 1 << 16);
        // Higher draws would prefer small numbers.
        let fair = (1 << 16) / below * below;
        loop {
            let drawn = usize::from(self.byte()) << 8 | usize::from(self.byte());
            if drawn < fair {
                return drawn % below;
            }
        }
    }

    /// So many digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// The numbers below this one in a drawn order.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, self.below(at + 1));
        }
        order
    }
}
