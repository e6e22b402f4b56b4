//! The product's one reader of phone numbers.
//!
//! A phone is a main number in digits of E.164 without a plus, and perhaps an extension. Where a number comes from decides how it is read:
//!
//! - what a *system* gives is in E.164 already ([`of_system`]). Its digits are never rewritten, so `84938550164` stays a number of Vietnam;
//! - what a *person* typed into a field is read by the numbering plan of a country ([`typed`]): `8 916 123-45-67` and `916 123 45 67` are
//!   numbers of Russia, `+84 938 550 164` is one of Vietnam anywhere;
//! - in *running text* phones are found wherever they stand ([`in_text`]), and distinguished from dates, prices and the numbers of orders.
//!
//! "Possible" means that the plan has numbers of this length, never that the number is assigned: plans grow. Being assigned only decides
//! between several ways to read the same digits, and whether bare digits of running text are a phone.
//!
//! ```
//! use uis_phones::{Country, in_text, of_system, typed};
//!
//! let phone = of_system("74955140578...2345").expect("a number");
//! assert_eq!((phone.number.as_str(), phone.extension.as_deref()), ("74955140578", Some("2345")));
//! let phones = typed("8 (812) 555-01-39 доб. 15, 8 903 111-02-20 после 18", Country::RUSSIA);
//! let numbers: Vec<&str> = phones.iter().map(|phone| phone.number.as_str()).collect();
//! assert_eq!(numbers, ["78125550139", "79031110220"]);
//! assert_eq!(in_text("мой номер 9030000001", Country::RUSSIA)[0].1.number, "79030000001");
//! ```
//!
//! # The library of numbering plans
//!
//! Both ports of Google's libphonenumber to Rust were compared, for rustc 1.95 on two cores:
//!
//! | | `rlibphonenumber` 2.2.15 | `phonenumber` 0.3.10 |
//! |---|---|---|
//! | plans of libphonenumber | 9.0.42, a release for each of Google's | 9.0.33 |
//! | coverage | all of the C++ library, with its tests; possible lengths by kind of number | parsing, formatting, validity; no possible lengths |
//! | `+65 8255 0437`, read in Russia | 6582550437 | 652550437: takes the Russian trunk prefix off a number of Singapore |
//! | `0000000000`, read in Russia | a number of zeros, which this crate refuses | an error of integer parsing |
//! | time of one reading, optimised | 1.0 µs | 8.7 µs |
//! | first reading, optimised | 8 ms | 80 ms |
//! | size of a stripped program, optimised | + 2.3 MB (+ 0.6 MB with `regex-lite`, which reads 7 times slower) | + 3.3 MB |
//! | cold build, processor time, debug and optimised | 45 s and 64 s | 21 s and 48 s |
//!
//! So `rlibphonenumber` is used. It misreads nothing that was tried and is the faster one at work; its build is longer because it compiles the
//! description of its data format. Only `plan.rs` knows it. The plans are in the host, never in a plugin.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | `groups` | groups of digits in a text |
//! | 1 | `country` | the country whose national forms are read |
//! | 2 | `plan` | one reading of digits by the numbering plans |
//! | 2 | `extension` | the extension after a number |
//! | 3 | `phone` | a phone |
//! | 3 | `prose` | how phones differ from other digits of running text |
//! | 4 | `reading` | choosing the numbers of a text |
//! | 4 | `system` | numbers that a system gives |

mod country;
mod extension;
mod groups;
mod phone;
mod plan;
mod prose;
mod reading;
mod system;

use std::ops::Range;

pub use country::{Country, UnknownCountry};
pub use extension::EXTENSION_DIGITS;
pub use phone::Phone;
pub use plan::Kind;
pub use system::NUMBER_DIGITS;

/// How many bytes of a text are read. What follows is ignored.
pub const TEXT_BYTES: usize = 64 << 10;
/// What the exchange waits for before it dials an extension: a second for each dot.
const DTMF_PAUSE: &str = "...";

/// The number that UIS or another system gives: digits of E.164 without a plus, or a short, internal or SIP number. Its digits stay as they
/// are. An extension is split off, as in `74955140578...2345`, `74955140578,2345`, `tel:+7-495-514-05-78;ext=2345`. None for words, for
/// zeros, and for more than 32 digits.
pub fn of_system(text: &str) -> Option<Phone> {
    system::read(cut(text))
}

/// The numbers that a person typed into a field for a phone; the first is the phone. `+`, `00` and `810` begin an international number;
/// everything else is read by the country's plan, and if its length is not possible there, as an international number without a plus.
/// Extensions are split off; words and what is no possible number are ignored. At most 32 numbers.
pub fn typed(text: &str, country: Country) -> Vec<Phone> {
    let mut phones: Vec<Phone> = Vec::new();
    for (_, phone) in reading::numbers(cut(text), country, extension::Place::Field) {
        if !phones.contains(&phone) {
            phones.push(phone);
        }
    }
    phones
}

/// The numbers that stand in running text, with their places in bytes, from left to right: of this country in every form, and international
/// ones that say so. Bare digits are a phone if the plan has assigned it. Dates, hours, amounts, and what stands after words such as «ИНН»
/// and «заказ» are no phones. At most 32 numbers.
pub fn in_text(text: &str, country: Country) -> Vec<(Range<usize>, Phone)> {
    reading::numbers(cut(text), country, extension::Place::Prose)
}

/// Loads the numbering plans. Without it, the first reading of a process does, which takes 8 ms longer then.
pub fn load_plans() {
    let _ = plan::assigned("79161234567");
}

/// Whether two phones have the same main number. The extension only picks among people who share it.
pub fn same(left: &Phone, right: &Phone) -> bool {
    left.number == right.number
}

/// The digits of a number after its country code, which every spelling of it contains in most countries: `9161234567` of `79161234567`. A
/// number that is not international stays as it is.
pub fn national(number: &str) -> String {
    plan::national(number)
}

/// The kind of number that the plan of its country assigns, for digits of E.164 without a plus; none when it assigns no such number. Whether
/// somebody has the number is not known.
pub fn assigned(number: &str) -> Option<Kind> {
    plan::assigned(number)
}

/// What UIS's Call API dials after the connection (`dtmf_string`: digits, `*`, `#`, and `.` for a second's pause): a pause of three seconds,
/// then the extension. A comma, `p` or `w` within it is a pause too; anything else is dropped. Empty if nothing is left to dial.
pub fn dtmf(extension: &str) -> String {
    let dialled = |c: char| match c {
        '*' | '#' | '.' => Some(c),
        ',' | 'p' | 'P' | 'w' | 'W' => Some('.'),
        other => groups::digit(other),
    };
    let tones: String = extension.chars().filter_map(dialled).collect();
    if tones.chars().all(|c| c == '.') { String::new() } else { format!("{DTMF_PAUSE}{tones}") }
}

/// The beginning of a text, in whole characters.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}
