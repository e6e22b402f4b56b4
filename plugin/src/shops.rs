//! Shops: whose a call is, by the number that was dialled («Внешние номера магазинов»).

use crate::bindings::uis::integration::types::Failure;
use crate::memory;
use crate::phone;
use crate::platform::Platform;
use crate::settings::Settings;
use crate::settings::telephony::ShopNumber;

/// Where the codes of RetailCRM's shops are remembered, the main one first.
const SITES_KEY: &str = "retailcrm/sites";

/// Remembers the shops that the key sees.
pub fn remember(platform: &dyn Platform, sites: &[String]) -> Result<(), Failure> {
    memory::put(platform, SITES_KEY, &sites, None)
}

/// The row of a virtual number.
fn row<'a>(settings: &'a Settings, number: Option<&str>) -> Option<&'a ShopNumber> {
    let number = number?;
    settings.shop_numbers.iter().find(|row| phone::same(&row.number, number))
}

/// The shop that owns a virtual number, if one does.
pub fn of_number(settings: &Settings, number: Option<&str>) -> Option<String> {
    row(settings, number).map(|row| row.site.clone())
}

/// The shop for what is created on a call: the number's, else the main one. RetailCRM wants one where there are several.
pub fn of_call(platform: &dyn Platform, settings: &Settings, number: Option<&str>) -> Option<String> {
    of_number(settings, number).or_else(|| memory::load::<Vec<String>>(platform, SITES_KEY)?.into_iter().next())
}

/// Who answers for the customers of a number's shop.
pub fn responsible(settings: &Settings, number: Option<&str>) -> Option<i64> {
    row(settings, number)?.responsible
}
