//! One reading of one sequence of digits by the numbering plans. Only this file knows the library.

use rlibphonenumber::{
    CountryCodeSource, NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region, get_national_significant_number_owned,
};

use crate::country::Country;

/// The longest number of E.164, with the country code.
const E164_DIGITS: usize = 15;
/// The fewest digits of a foreign number that is written without anything that says so.
const FOREIGN_DIGITS: usize = 10;
/// International prefixes that people of any country write: as dialled from Russia, and from most of the world. With each, the fewest digits
/// that follow it: national numbers begin with these digits too.
const PREFIXES: [(&str, usize); 2] = [("810", 10), ("00", 8)];

/// The kind of a number that the plan assigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of a mobile phone.
    Mobile,
    /// Of a landline.
    Fixed,
    /// The plan does not distinguish mobile phones and landlines.
    FixedOrMobile,
    /// Free for whoever calls.
    Free,
    /// Any other.
    Other,
}

/// How much says that digits are a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Only its length.
    Length,
    /// Its length, and that it is written like a phone number: with a prefix for dialling, or grouped.
    Form,
    /// It is marked as international, or the plan assigns it.
    Sure,
}

/// A sequence of digits that may be a phone number.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The digits.
    pub digits: &'a str,
    /// The lengths of the groups in which the digits are written.
    pub groups: &'a [usize],
    /// Whether a plus stands before them.
    pub plus: bool,
    /// Whether parentheses or hyphens stand between the groups.
    pub grouped: bool,
}

/// What digits were read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Digits of E.164, without a plus.
    pub number: String,
    /// How much says that this is a phone number.
    pub evidence: Evidence,
    /// Whether the country code, or a prefix for dialling, was written.
    pub marked: bool,
}

/// Reads digits as a person of this country means them; none when no number of this length is possible.
pub fn read(written: &Written<'_>, country: Country) -> Option<Reading> {
    if written.plus {
        return international(written.digits)
            .map(|known| known.reading(Evidence::Sure))
            // «+8 916 …»: no country code begins so, and the plus does not make it another number.
            .or_else(|| at_home(written, country).filter(|reading| reading.marked).map(|reading| reading.capped(Evidence::Form)));
    }
    abroad(written).or_else(|| at_home(written, country)).or_else(|| foreign(written))
}

/// The digits after the country code; the digits themselves if this is no international number.
pub fn national(number: &str) -> String {
    international(number).filter(|known| known.number == number).map_or(number, |known| &number[known.country_code..]).to_owned()
}

/// The kind of number that the plan assigns; none for digits that it does not assign.
pub fn assigned(number: &str) -> Option<Kind> {
    let found = parsed(number).filter(|found| PHONE_NUMBER_UTIL.is_valid_number(found))?;
    let kept = format!("{}{}", found.country_code, get_national_significant_number_owned(&found)) == number;
    kept.then(|| match PHONE_NUMBER_UTIL.get_number_type(&found) {
        PhoneNumberType::Mobile => Kind::Mobile,
        PhoneNumberType::FixedLine => Kind::Fixed,
        PhoneNumberType::FixedLineOrMobile => Kind::FixedOrMobile,
        PhoneNumberType::TollFree => Kind::Free,
        _ => Kind::Other,
    })
}

/// Whether these are digits of E.164 with a possible length.
pub fn is_international(number: &str) -> bool {
    international(number).is_some_and(|known| known.number == number)
}

/// A number whose length the plan has.
struct Known {
    number: String,
    country_code: usize,
    valid: bool,
}

impl Known {
    fn of(found: &PhoneNumber) -> Option<Known> {
        let valid = PHONE_NUMBER_UTIL.is_valid_number(found);
        let digits = get_national_significant_number_owned(found);
        let number = format!("{}{digits}", found.country_code);
        // Plans grow, so the length decides. But in few countries a number begins with a zero; elsewhere it is a slip, or nobody's number.
        let possible = valid || (!digits.starts_with('0') && has_possible_length(found));
        let country_code = number.len() - digits.len();
        (possible && number.len() <= E164_DIGITS).then_some(Known { number, country_code, valid })
    }

    fn reading(self, evidence: Evidence) -> Reading {
        Reading { number: self.number, evidence, marked: true }
    }
}

impl Reading {
    fn capped(self, most: Evidence) -> Reading {
        Reading { evidence: self.evidence.min(most), ..self }
    }
}

/// Lengths of ordinary numbers. Those of special services differ: in Russia some have 14 digits.
fn has_possible_length(found: &PhoneNumber) -> bool {
    let length = PHONE_NUMBER_UTIL.is_possible_number_for_type_with_reason(found, PhoneNumberType::FixedLineOrMobile);
    matches!(length, Ok(NumberLengthType::IsPossible))
}

fn parsed(digits: &str) -> Option<PhoneNumber> {
    PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()
}

fn international(digits: &str) -> Option<Known> {
    let mut known = Known::of(&parsed(digits)?)?;
    if known.number.len() > digits.len() {
        // The plan added an area code that may be left out (San Marino). An international number stays as it was written.
        known.number = digits.to_owned();
    }
    // The plan may have dropped a prefix («+44 (0)20 …»). What remains must be read as itself.
    let stable = known.number == digits || Known::of(&parsed(&known.number)?)?.number == known.number;
    stable.then_some(known)
}

/// An international prefix, then an international number.
fn abroad(written: &Written<'_>) -> Option<Reading> {
    PREFIXES.into_iter().find_map(|(prefix, least)| {
        let rest = written.digits.strip_prefix(prefix).filter(|rest| rest.len() >= least)?;
        let known = international(rest)?;
        let evidence = if known.valid { Evidence::Sure } else { Evidence::Form };
        prefix_stands_apart(written.groups, prefix.len(), known.country_code).then(|| known.reading(evidence))
    })
}

/// Whether groups end where a prefix and a country code end, as far as they are not written together with what follows. So «00-18.00 8 916 …»
/// is no call to the country code 1.
fn prefix_stands_apart(groups: &[usize], prefix: usize, country_code: usize) -> bool {
    let mut before = 0;
    for &length in groups {
        if before >= prefix {
            return length == country_code || length > 3;
        }
        before += length;
        if before > prefix {
            return before - prefix >= country_code;
        }
    }
    false
}

/// A number of this country: as dialled within it, with the country code, or dialled to another country with this country's prefix.
fn at_home(written: &Written<'_>, country: Country) -> Option<Reading> {
    let region = country.region()?;
    let found = PHONE_NUMBER_UTIL.parse_and_keep_raw_input(written.digits, Some(region)).ok();
    found.and_then(|found| as_parsed(written, region, &found)).or_else(|| with_country_code(written, region))
}

fn as_parsed(written: &Written<'_>, region: Region, found: &PhoneNumber) -> Option<Reading> {
    let known = Known::of(found)?;
    let stable = is_international(&known.number);
    if found.country_code_source() == CountryCodeSource::FromNumberWithIdd {
        return (stable && known.valid).then(|| known.reading(Evidence::Sure));
    }
    let marked = known.number.len() - known.country_code != written.digits.len();
    let assigned = if marked { known.valid } else { PHONE_NUMBER_UTIL.is_valid_number_for_region(found, region) };
    let evidence = match (assigned, marked || written.grouped) {
        (true, _) => Evidence::Sure,
        (false, true) => Evidence::Form,
        (false, false) => Evidence::Length,
    };
    stable.then_some(Reading { number: known.number, evidence, marked })
}

/// The country code and a number that the plan has not assigned yet.
fn with_country_code(written: &Written<'_>, region: Region) -> Option<Reading> {
    let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region)?.to_string();
    let known = written.digits.starts_with(&code).then(|| international(written.digits)).flatten()?;
    Some(known.reading(Evidence::Form))
}

/// An international number without anything that says so. Only its being assigned distinguishes it from other digits.
fn foreign(written: &Written<'_>) -> Option<Reading> {
    let known = (written.digits.len() >= FOREIGN_DIGITS).then(|| international(written.digits)).flatten()?;
    let apart = written.groups.first().is_some_and(|first| *first >= known.country_code);
    // Freephone numbers of the whole world begin like slips of a Russian: «8 000 …».
    let of_a_country = PHONE_NUMBER_UTIL.get_region_for_number(&parsed(&known.number)?).is_some_and(|region| region != Region::World);
    (known.valid && apart && of_a_country).then_some(Reading { number: known.number, evidence: Evidence::Length, marked: false })
}
