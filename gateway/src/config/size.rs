//! A number of bytes as it is written: `"200 MiB"`, `"1 GiB"`, or a whole number.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Units with the power of two that each stands for.
const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];

impl Size {
    fn parse(text: &str) -> Result<Size, String> {
        let wrong = || format!("{text:?} is no size; write a whole number with KiB, MiB, GiB or TiB, such as \"200 MiB\"");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit = unit.trim();
        let shift = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, shift)| *shift).ok_or_else(wrong)?;
        number.checked_mul(1 << shift).map(Size).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(member: D) -> Result<Size, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Size;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a size such as \"200 MiB\", or a number of bytes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Size, E> {
                u64::try_from(number).map(Size).map_err(|_| E::custom(format!("{number} is too small; write 0 or more")))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Size, E> {
                Ok(Size(number))
            }
        }
        member.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_whole_number_and_a_unit() {
        for (text, bytes) in [("1 GiB", 1 << 30), ("200MiB", 200 << 20), ("0 KiB", 0)] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)));
        }
        for text in ["", "1", "1 GB", "1.5 GiB", "-1 GiB", "GiB", "99999999999 TiB", "1 gib"] {
            assert!(Size::parse(text).expect_err(text).contains("200 MiB"), "{text}");
        }
    }
}
