//! Finds the numbers in a text: among the groups of digits that may belong together, those readings are chosen that leave the least unread.

use std::ops::Range;

use crate::country::Country;
use crate::extension::{self, Place};
use crate::groups::{self, Group};
use crate::phone::Phone;
use crate::plan::{self, Evidence, Reading, Written};
use crate::prose;

/// How many groups of digits of a text are looked at.
const GROUPS_MAX: usize = 2000;
/// How many numbers are taken from a text.
const PHONES_MAX: usize = 32;
/// More digits than any number has, with the prefixes for dialling it.
const DIGITS_MAX: usize = 20;

/// How much was read, compared from the left: digits of numbers that are sure, of those that have a number's form, of others; fewer numbers.
type Score = (usize, usize, usize, std::cmp::Reverse<usize>);

/// The best choice from a group on.
#[derive(Clone)]
struct Choice {
    score: Score,
    /// The number that begins with this group, and the group after it; none when the group belongs to no number.
    taken: Option<(Reading, usize)>,
}

/// The numbers in a text, from left to right, and where they stand.
pub fn numbers(text: &str, country: Country, place: Place) -> Vec<(Range<usize>, Phone)> {
    let mut groups = groups::groups(text, GROUPS_MAX);
    prose::mask(text, &mut groups, place);
    let mut found = Vec::new();
    let mut read_to = 0;
    let mut at = 0;
    while at < groups.len() && found.len() < PHONES_MAX {
        if groups[at].masked || groups[at].start < read_to {
            at += 1;
            continue;
        }
        let further = groups[at + 1..].iter().take_while(|group| group.joined && !group.masked).count();
        let run = &groups[at..=at + further];
        at += run.len();
        read_to = take(text, run, country, place, &mut found);
    }
    found.truncate(PHONES_MAX);
    found
}

/// Adds the numbers of groups that may belong together. Returns to where the text has been read.
fn take(text: &str, run: &[Group], country: Country, place: Place, found: &mut Vec<(Range<usize>, Phone)>) -> usize {
    let choices = choose(text, run, country, place);
    let (mut at, mut read_to) = (0, 0);
    while let Some(choice) = choices.get(at) {
        let Some((reading, next)) = &choice.taken else {
            at += 1;
            continue;
        };
        let mut range = run[at].start..run[next - 1].end;
        let extension = extension::after(&text[range.end..], place).filter(|_| *next == run.len());
        let extension = extension.map(|(digits, length)| {
            range.end += length;
            digits
        });
        read_to = range.end;
        found.push((range, Phone { number: reading.number.clone(), extension }));
        at = *next;
    }
    read_to
}

/// For every group the best choice from it on, found from the end.
fn choose(text: &str, run: &[Group], country: Country, place: Place) -> Vec<Choice> {
    let nothing = Choice { score: Score::default(), taken: None };
    let mut choices = vec![nothing.clone(); run.len() + 1];
    for first in (0..run.len()).rev() {
        let mut best = Choice { taken: None, ..choices[first + 1].clone() };
        for (reading, count) in readings(text, &run[first..], country, place) {
            let next = first + count;
            let digits = run[first..next].iter().map(|group| group.digits.len()).sum();
            let score = sum(&reading, digits, &choices[next].score);
            // On a tie the number that begins earlier, with its prefix.
            if score >= best.score {
                best = Choice { score, taken: Some((reading, next)) };
            }
        }
        choices[first] = best;
    }
    choices.pop();
    choices
}

fn sum(reading: &Reading, digits: usize, further: &Score) -> Score {
    let (mut sure, mut form, mut length, std::cmp::Reverse(count)) = *further;
    *match reading.evidence {
        Evidence::Sure => &mut sure,
        Evidence::Form => &mut form,
        Evidence::Length => &mut length,
    } += digits;
    (sure, form, length, std::cmp::Reverse(count + 1))
}

/// The numbers that begin with the first of these groups, each with the count of its groups.
fn readings(text: &str, groups: &[Group], country: Country, place: Place) -> Vec<(Reading, usize)> {
    let Some(first) = groups.first() else { return Vec::new() };
    let mut found = Vec::new();
    let (mut digits, mut lengths, mut grouped) = (String::new(), Vec::new(), false);
    for group in groups {
        digits.push_str(&group.digits);
        if digits.len() > DIGITS_MAX {
            break;
        }
        grouped |= group.grouped && !lengths.is_empty();
        lengths.push(group.digits.len());
        let written = Written { digits: &digits, groups: &lengths, plus: first.plus, grouped };
        let usable = |reading: &Reading| match place {
            Place::Prose => prose::is_phone(text, first.start..group.end, reading, first.plus),
            Place::System | Place::Field => prose::is_no_email(text, first.start..group.end),
        };
        found.extend(plan::read(&written, country).filter(usable).map(|reading| (reading, lengths.len())));
    }
    found
}
