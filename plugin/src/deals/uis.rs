//! Asking UIS for deals: no more often than it takes, and so that one bad record holds up no other. UIS refuses a whole call for one record
//! and does not say which, so a refused call is asked again in halves until the bad one stands alone.

use std::cell::Cell;

use crate::bindings::uis::integration::deals::{DealsError, Refusal};
use crate::bindings::uis::integration::types::{Failure, RetryLater};

/// Rows of one call.
pub const ROWS: usize = 1000;
/// Of the 60 calls that UIS takes a minute one run uses at most so many, and the next one waits a second for each.
const CALLS_MAX: u32 = 30;

/// One run's calls.
#[derive(Default)]
pub struct Uis {
    calls: Cell<u32>,
}

impl Uis {
    /// Calls so far.
    pub fn calls(&self) -> u32 {
        self.calls.get()
    }

    /// Asks, if the run may still. The inner error is UIS's refusal of the data; the outer one means to come again.
    pub fn ask(&self, calls: u32, ask: impl FnOnce() -> Result<(), DealsError>) -> Result<Result<(), Refusal>, Failure> {
        let later = |after_ms: u32, reason: &str| Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: reason.into() });
        if self.calls.get() >= CALLS_MAX {
            return Err(later(CALLS_MAX * 1000, "UIS is asked no more than so often; what was done stays done"));
        }
        self.calls.set(self.calls.get() + calls);
        match ask() {
            Ok(()) => Ok(Ok(())),
            Err(DealsError::Refused(refusal)) => Ok(Err(refusal)),
            Err(DealsError::Busy(after_ms)) => Err(later(after_ms, "UIS is busy with deals")),
        }
    }

    /// Sends rows in calls of at most `most`; each that is refused alone is told to `refused`.
    pub fn each<T>(
        &self,
        rows: &[T],
        most: usize,
        calls: impl Fn(&[T]) -> u32,
        send: impl Fn(&[T]) -> Result<(), DealsError>,
        mut refused: impl FnMut(&T, Refusal),
    ) -> Result<(), Failure> {
        let mut parts: Vec<&[T]> = rows.chunks(most).rev().collect();
        while let Some(part) = parts.pop() {
            match (self.ask(calls(part), || send(part))?, part) {
                (Ok(()), _) => {}
                (Err(refusal), [row]) => refused(row, refusal),
                (Err(_), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
        Ok(())
    }
}

/// UIS's refusal in words.
pub fn words(refusal: &Refusal) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("UIS refuses: {}: {} ({} {})", refusal.mnemonic, refusal.message, part(&refusal.field), part(&refusal.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Refusal {
        Refusal { mnemonic: "error".into(), message: String::new(), field: None, value: None }
    }

    #[test]
    fn a_bad_record_is_found_and_the_rest_goes_through() {
        let (uis, rows, taken) = (Uis::default(), (0..200).collect::<Vec<i32>>(), std::cell::RefCell::new(Vec::new()));
        let mut bad = Vec::new();
        let send = |part: &[i32]| {
            if part.contains(&137) {
                return Err(DealsError::Refused(refusal()));
            }
            taken.borrow_mut().extend(part.to_vec());
            Ok(())
        };
        uis.each(&rows, 100, |_| 1, send, |row, _| bad.push(*row)).expect("done");
        assert_eq!((bad.as_slice(), taken.borrow().len()), (&[137][..], 199));
        assert!(uis.calls() <= 16, "{}", uis.calls());
    }

    #[test]
    fn a_run_does_not_use_up_the_minute() {
        let uis = Uis::default();
        let all_bad = uis.each(&(0..1000).collect::<Vec<i32>>(), 1000, |_| 1, |_| Err(DealsError::Refused(refusal())), |_, _| {});
        assert!(matches!(all_bad, Err(Failure::Retry(_))));
        assert_eq!(uis.calls(), CALLS_MAX);
    }
}
