//! The contract's import `phones`.

use uis_phones::Country;

use super::EventScope;
use crate::bindings::uis::integration::phones::{Host, Phone};

/// The country with this code; without one, only international numbers are read.
fn country(code: &str) -> Country {
    code.parse().unwrap_or(Country::NONE)
}

fn phone(read: uis_phones::Phone) -> Phone {
    Phone { number: read.number, extension: read.extension }
}

impl Host for EventScope {
    fn of_system(&mut self, text: String) -> wasmtime::Result<Option<Phone>> {
        Ok(uis_phones::of_system(&text).map(phone))
    }

    fn typed(&mut self, text: String, code: String) -> wasmtime::Result<Vec<Phone>> {
        Ok(uis_phones::typed(&text, country(&code)).into_iter().map(phone).collect())
    }

    fn in_text(&mut self, text: String, code: String) -> wasmtime::Result<Vec<Phone>> {
        Ok(uis_phones::in_text(&text, country(&code)).into_iter().map(|(_, found)| phone(found)).collect())
    }

    fn national(&mut self, number: String) -> wasmtime::Result<String> {
        Ok(uis_phones::national(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn a_plugin_reads_phones_by_a_country_it_names() {
        let mut scope = EventScope::detached(&Limits::default());
        let mut typed = |text: &str, country: &str| {
            let phones = scope.typed(text.to_owned(), country.to_owned()).expect("no trap");
            phones.into_iter().map(|phone| phone.number + &phone.extension.unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(typed("8 916 123-45-67", "RU"), ["79161234567"]);
        assert_eq!(typed("020 7183 8750", "gb"), ["442071838750"]);
        assert_eq!(typed("8 916 123-45-67, +7 812 555-01-39 доб. 15", "nowhere"), ["7812555013915"]);
    }
}
