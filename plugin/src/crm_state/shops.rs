//! Shops: whose a call is, by the number that was dialled («Внешние номера магазинов»), or by the site that it came
//! from («Магазины сайтов»).

use crate::base::{links, phone, stored};
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::reference::Site;
use crate::settings::Settings;
use crate::settings::telephony::ShopNumber;

/// Where RetailCRM's shops are remembered, the main one first.
const SITES_KEY: &str = "retailcrm/sites";

/// Remembers the shops that the key sees.
pub fn remember(platform: &dyn Platform, sites: &[Site]) -> Result<(), Failure> {
    stored::put(platform, SITES_KEY, &sites, None)
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
    of_number(settings, number).or_else(|| sites(platform).into_iter().next().map(|site| site.code))
}

fn sites(platform: &dyn Platform) -> Vec<Site> {
    stored::load(platform, SITES_KEY).unwrap_or_default()
}

/// The shop of a site of UIS, if one is its; and the shop for what is created: that one, else the main one.
pub fn of_domain(platform: &dyn Platform, settings: &Settings, site: Option<&str>) -> (Option<String>, Option<String>) {
    let sites = sites(platform);
    let own = site.map(links::domain).filter(|domain| !domain.is_empty()).and_then(|wanted| {
        let by_row = settings.site_domains.iter().find(|row| row.domain == wanted).map(|row| row.site.clone());
        by_row.or_else(|| sites.iter().find(|site| links::domain(&site.url) == wanted).map(|site| site.code.clone()))
    });
    let usual = own.clone().or_else(|| sites.into_iter().next().map(|site| site.code));
    (own, usual)
}

/// Who answers for the customers of a number's shop.
pub fn responsible(settings: &Settings, number: Option<&str>) -> Option<i64> {
    row(settings, number)?.responsible
}
