//! Shorthands for handlers' results.

use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Outcome, RetryLater, Skipped};

/// What a handler returns.
pub type Handled = Result<Outcome, Failure>;

/// Done; nothing was skipped.
pub fn done() -> Handled {
    Ok(Outcome { skipped: Vec::new() })
}

/// The most skipped items that the host takes of one event.
const SKIPPED_MAX: usize = 64;
/// The longest name of a skipped thing that the host shows, in bytes.
pub const WHAT_BYTES: usize = 256;
/// The longest reason that the host shows, in bytes, is a little longer.
pub const REASON_BYTES: usize = 1000;

/// Done, with some things skipped. Of a longer list than the host takes, the last item says how many more there are.
pub fn done_with_skipped(skipped: Vec<Skipped>) -> Handled {
    Ok(Outcome { skipped: shortened(skipped) })
}

/// A text of at most this many bytes. One that is cut ends with `…`.
pub fn fitted(text: &str, bytes: usize) -> String {
    const CUT: &str = "…";
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes.saturating_sub(CUT.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}{CUT}", &text[..end])
}

/// At most as many items as the host takes, each at most as long as the host shows it.
pub fn shortened(mut all: Vec<Skipped>) -> Vec<Skipped> {
    for one in &mut all {
        *one = skipped(fitted(&one.what, WHAT_BYTES), fitted(&one.why, REASON_BYTES));
    }
    if all.len() > SKIPPED_MAX {
        let more = all.len() - (SKIPPED_MAX - 1);
        all.truncate(SKIPPED_MAX - 1);
        all.push(skipped(format!("{more} more"), "more was skipped than can be listed here"));
    }
    all
}

/// Words of a person that have no place in RetailCRM, for the owner: the whole text, in as many items as it needs.
pub fn skipped_words(what: &str, why: &str, words: &str) -> Vec<Skipped> {
    let line: Vec<&str> = words.split_whitespace().collect();
    let (mut items, mut reason) = (Vec::new(), format!("{why}: "));
    for word in line {
        for piece in pieces(word, REASON_BYTES / 2) {
            if reason.len() + piece.len() + 1 > REASON_BYTES {
                items.push(skipped(what, std::mem::replace(&mut reason, "… ".to_owned())));
            }
            reason += piece;
        }
        reason.push(' ');
    }
    items.push(skipped(what, reason.trim_end().trim_end_matches(':')));
    items
}

/// A text in pieces of at most `most` bytes.
fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = (0..=rest.len().min(most)).rev().find(|at| rest.is_char_boundary(*at))?;
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Something that is skipped for good.
pub fn skipped(what: impl Into<String>, why: impl Into<String>) -> Skipped {
    Skipped { what: what.into(), why: why.into() }
}

/// The event is retried when the host decides.
pub fn retry(reason: impl Into<String>) -> Failure {
    Failure::Retry(RetryLater { after_ms: None, reason: reason.into() })
}

/// The event is retried, no earlier than after `after_ms`.
pub fn retry_after(after_ms: u32, reason: impl Into<String>) -> Failure {
    Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: reason.into() })
}

/// A setting prevents the work.
pub fn misconfigured(setting: impl Into<String>, message: impl Into<String>) -> Failure {
    Failure::Misconfigured(Misconfiguration { setting: setting.into(), message: message.into() })
}

/// Whether the event is retried after this failure: by the host, once the key is accepted, or once somebody has paid.
pub fn is_retried(failure: &Failure) -> bool {
    matches!(failure, Failure::Retry(_) | Failure::Unauthorized(_) | Failure::Suspended(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_says_how_many_more_there_are() {
        let list = |count: usize| (0..count).map(|number| skipped(number.to_string(), "refused")).collect::<Vec<_>>();
        assert_eq!(shortened(list(64)), list(64));
        let short = shortened(list(100));
        assert_eq!((short.len(), &short[62].what, &short[63].what), (64, &"62".to_owned(), &"37 more".to_owned()));
        let long = &shortened(vec![skipped("поле ".repeat(100), "причина ".repeat(1000))])[0];
        assert!(long.what.len() <= 256 && long.what.ends_with('…') && long.why.len() <= REASON_BYTES && long.why.ends_with('…'));
    }

    #[test]
    fn no_word_of_a_long_text_is_lost() {
        let words: Vec<String> = (0..1000).map(|number| format!("слово{number}")).collect();
        let items = skipped_words("request 1", "it has no contact", &format!("{}\n{}", words.join(" "), "й".repeat(2000)));
        assert!(items.iter().all(|item| item.what == "request 1" && item.why.len() <= REASON_BYTES), "{items:?}");
        let shown: String = items.iter().map(|item| item.why.replacen("… ", "", 1)).collect();
        assert!(words.iter().all(|word| shown.contains(word)) && shown.matches('й').count() == 2000);
        let silent = skipped_words("request 1", "it has no contact", " ");
        assert_eq!(silent, [skipped("request 1", "it has no contact")]);
    }
}
