//! Shops: which shop a call or an appeal belongs to, by the dialled number («Магазины» of «Телефония») or by the web site («Магазины» of
//! «Текстовые коммуникации»); else the main one («Основной магазин»).

use crate::base::keys::Key;
use crate::base::{links, stored};
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::reference::Site;
use crate::settings::Settings;
use crate::settings::telephony::ShopNumber;

/// Stores the shops that the key can see.
pub fn remember(platform: &dyn Platform, sites: &[Site]) -> Result<(), Failure> {
    stored::put(platform, Key::Sites, &sites, None)
}

/// The row of a virtual number.
fn row<'a>(settings: &'a Settings, number: Option<&str>) -> Option<&'a ShopNumber> {
    let number = number?;
    settings.shop_numbers.iter().find(|row| row.number == number)
}

/// Whether RetailCRM has a shop, as far as is known. RetailCRM refuses everything that names another one.
fn exists(sites: &[Site], code: &str) -> bool {
    sites.is_empty() || sites.iter().any(|site| site.code == code)
}

/// The rows of «Магазины» of calls whose shops exist.
pub fn numbers<'a>(platform: &dyn Platform, settings: &'a Settings) -> Result<Vec<&'a ShopNumber>, Failure> {
    let sites = sites(platform)?;
    Ok(settings.shop_numbers.iter().filter(|row| exists(&sites, &row.site)).collect())
}

/// Shops that settings in use name and that RetailCRM does not have: the setting, and the shop's code.
pub fn gone<'a>(platform: &dyn Platform, settings: &'a Settings) -> Result<Vec<(&'static str, &'a str)>, Failure> {
    let sites = sites(platform)?;
    let mut named: Vec<(&str, &str)> = Vec::new();
    if settings.telephony {
        named.extend(settings.main_shop.iter().map(|code| ("main-shop", code.as_str())));
        named.extend(settings.shop_numbers.iter().map(|row| ("shop-numbers", row.site.as_str())));
    }
    if settings.handles_requests() || settings.handles_chats() {
        named.extend(settings.text_main_shop.iter().map(|code| ("text-main-shop", code.as_str())));
        named.extend(settings.site_domains.iter().map(|row| ("site-domains", row.site.as_str())));
    }
    named.retain(|(_, code)| !exists(&sites, code));
    named.dedup();
    Ok(named)
}

/// The shop that owns a virtual number: that of its row, else «Основной магазин» if one is chosen. Shops that are gone are passed over.
pub fn of_number(platform: &dyn Platform, settings: &Settings, number: Option<&str>) -> Result<Option<String>, Failure> {
    let chosen = row(settings, number).map(|row| &row.site).into_iter().chain(&settings.main_shop);
    first_that_exists(platform, chosen)
}

fn first_that_exists<'a>(platform: &dyn Platform, mut codes: impl Iterator<Item = &'a String>) -> Result<Option<String>, Failure> {
    let Some(first) = codes.next() else { return Ok(None) };
    let sites = sites(platform)?;
    Ok(std::iter::once(first).chain(codes).find(|code| exists(&sites, code)).cloned())
}

/// The shop for records created from a call: the number's shop, else the main one. If an account has several shops, RetailCRM requires one.
pub fn of_call(platform: &dyn Platform, settings: &Settings, number: Option<&str>) -> Result<Option<String>, Failure> {
    match of_number(platform, settings, number)? {
        Some(own) => Ok(Some(own)),
        None => Ok(sites(platform)?.into_iter().next().map(|site| site.code)),
    }
}

/// The shops that the key can see, the main one first; none while they have not been read yet.
pub fn sites(platform: &dyn Platform) -> Result<Vec<Site>, Failure> {
    Ok(stored::load(platform, Key::Sites)?.unwrap_or_default())
}

/// The shop of a web site of UIS: that of its row, else «Основной магазин» if one is chosen, else the one with the site's address; and the
/// shop for created records: the same, else RetailCRM's main one.
pub fn of_domain(platform: &dyn Platform, settings: &Settings, site: Option<&str>) -> Result<(Option<String>, Option<String>), Failure> {
    let sites = sites(platform)?;
    let main = settings.text_main_shop.clone().filter(|code| exists(&sites, code));
    let own = site.map(links::site_address).filter(|address| !address.is_empty()).and_then(|wanted| {
        let by_row = settings.site_domains.iter().find(|row| row.domain == wanted && exists(&sites, &row.site)).map(|row| row.site.clone());
        // A chosen main shop has all sites that are in no row.
        let by_address = || sites.iter().find(|site| links::site_address(&site.url) == wanted).map(|site| site.code.clone());
        by_row.or_else(|| by_address().filter(|_| main.is_none()))
    });
    let own = own.or(main);
    let usual = own.clone().or_else(|| sites.into_iter().next().map(|site| site.code));
    Ok((own, usual))
}

/// The assignee for customers of a number's shop.
pub fn assignee(settings: &Settings, number: Option<&str>) -> Option<i64> {
    row(settings, number)?.assignee
}
