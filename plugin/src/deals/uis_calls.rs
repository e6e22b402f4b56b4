//! Calls to UIS for deals, limited in number. UIS refuses a whole call because of one bad record and does not say which one, so a refused
//! call is repeated in halves until the bad record is alone.

use std::cell::Cell;

use crate::bindings::uis::integration::deals::{DealsError, Refusal};
use crate::bindings::uis::integration::types::{Failure, RetryLater};

/// The most records per call.
pub const RECORDS_MAX: usize = 1000;
/// UIS accepts 60 calls a minute. One run makes at most this many; the next run waits one second per call.
const CALLS_MAX: u32 = 30;

/// The calls of one run.
#[derive(Default)]
pub struct UisCalls {
    calls: Cell<u32>,
}

impl UisCalls {
    /// How many calls were made.
    pub fn calls_made(&self) -> u32 {
        self.calls.get()
    }

    /// Makes a call that counts as `calls`, if the limit allows it. The inner error is UIS's refusal of the data; the outer one means that
    /// the event is retried.
    pub fn call(&self, calls: u32, request: impl FnOnce() -> Result<(), DealsError>) -> Result<Result<(), Refusal>, Failure> {
        let later = |after_ms: u32, reason: &str| Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: reason.into() });
        if self.calls.get() >= CALLS_MAX {
            return Err(later(CALLS_MAX * 1000, "the limit of calls to UIS per run is reached; the run continues later"));
        }
        self.calls.set(self.calls.get() + calls);
        match request() {
            Ok(()) => Ok(Ok(())),
            Err(DealsError::Refused(refusal)) => Ok(Err(refusal)),
            Err(DealsError::Busy(after_ms)) => Err(later(after_ms, "UIS is busy with deals")),
        }
    }

    /// Sends records in calls of at most `most`. `refused` is called for each record that UIS refuses on its own.
    pub fn send_each<T>(
        &self,
        records: &[T],
        most: usize,
        calls: impl Fn(&[T]) -> u32,
        send: impl Fn(&[T]) -> Result<(), DealsError>,
        mut refused: impl FnMut(&T, Refusal),
    ) -> Result<(), Failure> {
        let mut batches: Vec<&[T]> = records.chunks(most).rev().collect();
        while let Some(batch) = batches.pop() {
            match (self.call(calls(batch), || send(batch))?, batch) {
                (Ok(()), _) => {}
                (Err(refusal), [record]) => refused(record, refusal),
                (Err(_), _) => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.extend([second, first]);
                }
            }
        }
        Ok(())
    }
}

/// UIS's refusal as text.
pub fn describe_refusal(refusal: &Refusal) -> String {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("UIS refuses: {}: {} ({} {})", refusal.mnemonic, refusal.message, text(&refusal.field), text(&refusal.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Refusal {
        Refusal { mnemonic: "error".into(), message: String::new(), field: None, value: None }
    }

    #[test]
    fn a_bad_record_is_found_and_all_others_are_sent() {
        let (uis, records, taken) = (UisCalls::default(), (0..200).collect::<Vec<i32>>(), std::cell::RefCell::new(Vec::new()));
        let mut bad = Vec::new();
        let send = |batch: &[i32]| {
            if batch.contains(&137) {
                return Err(DealsError::Refused(refusal()));
            }
            taken.borrow_mut().extend(batch.to_vec());
            Ok(())
        };
        uis.send_each(&records, 100, |_| 1, send, |record, _| bad.push(*record)).expect("done");
        assert_eq!((bad.as_slice(), taken.borrow().len()), (&[137][..], 199));
        assert!(uis.calls_made() <= 16, "{}", uis.calls_made());
    }

    #[test]
    fn a_run_does_not_use_all_calls_of_a_minute() {
        let uis = UisCalls::default();
        let all_bad = uis.send_each(&(0..1000).collect::<Vec<i32>>(), 1000, |_| 1, |_| Err(DealsError::Refused(refusal())), |_, _| {});
        assert!(matches!(all_bad, Err(Failure::Retry(_))));
        assert_eq!(uis.calls_made(), CALLS_MAX);
    }
}
