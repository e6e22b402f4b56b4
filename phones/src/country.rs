//! The country whose national forms are read.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// The country by whose numbering plan a person's number is read. Without a choice it is Russia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(Option<Region>);

/// A code that no numbering plan has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the two-letter code of a country (ISO 3166-1 alpha-2, such as RU)")]
pub struct UnknownCountry(String);

impl Country {
    /// Russia.
    pub const RUSSIA: Country = Country(Some(Region::RU));
    /// No country: only numbers that say of themselves that they are international are read.
    pub const NONE: Country = Country(None);

    /// The two capital letters of ISO 3166-1; none for [`Country::NONE`].
    pub fn code(self) -> Option<String> {
        self.0.map(|region| region.as_region_str().as_str().to_owned())
    }

    pub(crate) fn region(self) -> Option<Region> {
        self.0
    }
}

impl Default for Country {
    fn default() -> Self {
        Country::RUSSIA
    }
}

impl fmt::Display for Country {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.code().as_deref().unwrap_or("none"))
    }
}

/// Reads the two letters of ISO 3166-1 alpha-2, large or small, with spaces around them. Error: no numbering plan has this code.
impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, UnknownCountry> {
        let letters = text.trim();
        let unknown = || UnknownCountry(letters.chars().take(16).collect());
        if letters.len() != 2 || !letters.bytes().all(|letter| letter.is_ascii_alphabetic()) {
            return Err(unknown());
        }
        let region = Region::from_str(&letters.to_ascii_uppercase()).map_err(|_| unknown())?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| Country(Some(region))).ok_or_else(unknown)
    }
}
