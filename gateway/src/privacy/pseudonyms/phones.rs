//! Phones, and other long numbers. Each becomes one of the same length that is read in the same way: an assigned mobile number of Russia
//! becomes a mobile number of Russia, digits that are no phone stay none. Two numbers never become one.
//!
//! No number is given out that can belong to somebody, as far as the plans say so:
//!
//! | of | numbers |
//! |---|---|
//! | mobile phones in Russia | codes 943 to 948 and 972 to 976, which no operator has |
//! | landlines in Russia | subscribers' numbers that begin with 0 or 1, which no exchange gives out: 0 and 1 lead to services |
//! | North America | `555-01xx`, which is kept free for fiction |
//! | elsewhere | subscribers' numbers that begin with zeros, where the plan allows it; otherwise any of the same kind |

use std::collections::{HashMap, HashSet};

use uis_phones::{Country, Kind};

use super::harmless::LONG;
use super::keyed::{Drawn, Key};

/// How many numbers are drawn until one is read in the same way.
const TRIES: usize = 400;
/// Codes of mobile phones in Russia that no operator has.
pub(super) const FREE_CODES: [&str; 11] = ["943", "944", "945", "946", "947", "948", "972", "973", "974", "975", "976"];
/// Codes of places in Russia.
const PLACES: [&str; 24] = [
    "341", "342", "343", "345", "351", "381", "383", "391", "395", "421", "472", "473", "482", "495", "498", "812", "831", "843", "846",
    "861", "862", "863", "865", "878",
];

/// The numbers of a run.
#[derive(Default)]
pub struct Phones {
    /// The country by whose plan people's numbers are read.
    pub country: Country,
    known: HashMap<String, String>,
    taken: HashSet<String>,
    replaced: u64,
}

/// How digits are read. Numbers with the same reading are decided about in the same way.
#[derive(PartialEq, Eq)]
struct Reading {
    kind: Option<Kind>,
    /// What the digits of a Russian number, as it is written in Russia, are to a system that writes no prefixes.
    abroad: [Option<Kind>; 2],
    /// How many numbers people's spellings of a Russian number are read as.
    spelled: [usize; 2],
    /// How the number that a person types relates to the digits.
    typed: u8,
    in_text: bool,
    national: usize,
}

fn reading(digits: &str, country: Country) -> Reading {
    let typed = uis_phones::typed(digits, country);
    let typed = match typed.first().map(|phone| phone.number.as_str()) {
        None => 0,
        Some(number) if number == digits => 1,
        Some(number) if number.ends_with(digits) => 2,
        Some(number) if number.get(1..) == digits.get(1..) => 3,
        Some(_) => 4,
    };
    let in_text = !uis_phones::in_text(digits, country).is_empty();
    let national = uis_phones::national(digits).len();
    let abroad = spellings(digits).map(|spelling| uis_phones::assigned(&spelling?));
    let spelled = spellings(digits).map(|spelling| spelling.map_or(0, |spelling| uis_phones::typed(&spelling, country).len()));
    Reading { kind: uis_phones::assigned(digits), abroad, spelled, typed, in_text, national }
}

/// A Russian number as people write it in Russia: with an eight, and without. The digits may be those of another country's number too.
fn spellings(number: &str) -> [Option<String>; 2] {
    let rest = number.strip_prefix('7').filter(|rest| rest.len() == 10);
    [rest.map(|rest| format!("8{rest}")), rest.map(str::to_owned)]
}

/// The number that digits mean, and how many of the last digits are its own: `89161234567` and `9161234567` mean `79161234567`.
fn canonical(digits: &str, country: Country) -> (String, usize) {
    if digits.len() == 11 && digits.starts_with('8') {
        return (format!("7{}", &digits[1..]), 10);
    }
    let typed = uis_phones::typed(digits, country).into_iter().next().map(|phone| phone.number);
    let common = |number: &str| number.bytes().rev().zip(digits.bytes().rev()).take_while(|(one, other)| one == other).count();
    // Another country's number that says nothing of it, and is none of this country's.
    let abroad = |number: &str| number != digits && uis_phones::assigned(digits).is_some() && uis_phones::assigned(number).is_none();
    match typed.filter(|number| !abroad(number)).map(|number| (common(&number), number)) {
        Some((own, number)) if own >= LONG && number.len() - own <= 3 && own < digits.len() + 1 => (number, own),
        _ => (digits.to_owned(), digits.len()),
    }
}

impl Phones {
    /// How many different numbers were replaced.
    pub fn count(&self) -> u64 {
        self.replaced
    }

    /// The pseudonym of digits, which may be written with the prefixes for dialling.
    pub fn number(&mut self, key: &Key, digits: &str) -> String {
        if let Some(known) = self.known.get(digits) {
            return known.clone();
        }
        let (number, own) = canonical(digits, self.country);
        let other = match self.known.get(&number) {
            Some(known) => known.clone(),
            None => self.find(key, &number),
        };
        format!("{}{}", &digits[..digits.len() - own], &other[other.len() - own..])
    }

    fn find(&mut self, key: &Key, number: &str) -> String {
        let mut drawn = key.draw("number", number);
        let wanted = reading(number, self.country);
        let mut found = None;
        let same = number.bytes().all(|digit| Some(digit) == number.bytes().next());
        // A number of equal digits, such as zeros, is nobody's.
        let tries = if same { 0 } else { TRIES };
        for attempt in 0..tries {
            let candidate = candidate(&mut drawn, number, &wanted, attempt);
            if self.taken.contains(&candidate) || candidate == number {
                continue;
            }
            let mut read = reading(&candidate, self.country);
            if attempt > TRIES / 4 * 3 {
                // That the digits may be another country's number matters less than that nobody has the number.
                read.abroad = wanted.abroad;
            }
            if read == wanted {
                found = Some(candidate);
                break;
            }
        }
        let found = found.unwrap_or_else(|| match same && !self.taken.contains(number) {
            true => number.to_owned(),
            false => self.any(&mut drawn, number),
        });
        self.replaced += 1;
        self.taken.insert(found.clone());
        // RetailCRM is searched for the digits after the country code.
        let written = |number: &str| std::iter::once(Some(number.to_owned())).chain(spellings(number)).flatten().collect::<Vec<_>>();
        for (whole, other) in written(number).iter().zip(written(&found)) {
            let (national, others) = (uis_phones::national(whole), uis_phones::national(&other));
            if national.len() >= LONG && national.len() == others.len() {
                self.known.entry(national).or_insert(others);
            }
        }
        // So it may be read where people type.
        let typed = |digits: &str| uis_phones::typed(digits, self.country).into_iter().next().map(|phone| phone.number);
        if let Some((typed, other)) = typed(number).zip(typed(&found))
            && typed != number
            && typed.len() == other.len()
        {
            self.known.entry(typed).or_insert(other);
        }
        self.known.insert(number.to_owned(), found.clone());
        found
    }

    /// Digits of the same length that are not in use yet, however they are read.
    fn any(&self, drawn: &mut Drawn<'_>, number: &str) -> String {
        loop {
            let candidate = drawn.digits(number.len());
            if !self.taken.contains(&candidate) && !candidate.starts_with('0') {
                return candidate;
            }
        }
    }
}

/// Digits that may do in place of a number.
fn candidate(drawn: &mut Drawn<'_>, number: &str, wanted: &Reading, attempt: usize) -> String {
    let of = |drawn: &mut Drawn<'_>, list: &[&str]| list[drawn.below(list.len())].to_owned();
    let first = |count: usize| number.get(..count).unwrap_or(number).to_owned();
    let early = attempt < TRIES / 2;
    let abroad = wanted.abroad.iter().any(Option::is_some);
    let russian = number.len() == 11;
    let begin = match wanted.kind {
        Some(Kind::Mobile) if russian && number.starts_with("79") => format!("7{}", of(drawn, &FREE_CODES)),
        Some(Kind::Fixed) if russian && matches!(number.get(..2), Some("73" | "74" | "78")) => match abroad && attempt.is_multiple_of(2) {
            true => format!("{}{}", first(4), drawn.below(2)),
            false => format!("7{}{}", of(drawn, &PLACES), drawn.below(2)),
        },
        _ if abroad => first(if early { 4 } else { 3 }),
        Some(_) if early && number.len() == 11 && number.starts_with('1') => {
            format!("1{}{}55501", drawn.below(8) + 2, drawn.digits(2))
        }
        Some(_) if attempt < TRIES / 4 => format!("{}00", first(4)),
        Some(_) if early => format!("{}0", first(4)),
        Some(_) => first([4, 3, 2][attempt % 3]),
        // Digits that are assigned to nobody: those of an internal number, of a document, of a number that was typed wrongly.
        None if number.len() >= 10 && early => first(if attempt.is_multiple_of(2) { 4 } else { 2 }),
        None if early => first(1),
        None => String::new(),
    };
    let begin = begin.get(..number.len()).unwrap_or(&begin).to_owned();
    let rest = drawn.digits(number.len().saturating_sub(begin.len()));
    format!("{begin}{rest}")
}
