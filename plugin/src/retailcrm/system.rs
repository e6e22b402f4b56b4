//! `/api/system-info`: the account itself.

use super::{ApiRequest, Crm, CrmError, answer};

/// The host of the account's technical address. RetailCRM gives it once; the account's public domain may change any time. None: RetailCRM does
/// not say it.
pub fn technical_host(crm: Crm<'_>) -> Result<Option<String>, CrmError> {
    let found = crm.send(ApiRequest::get("/api/system-info"))?;
    Ok(host(&answer::text(&found["technicalUrl"])))
}

/// The host of an address, in lower case.
fn host(address: &str) -> Option<String> {
    let address = address.trim();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.trim().to_lowercase();
    Some(host).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_taken_out_of_the_address() {
        for address in
            ["https://S-17.retailcrm.io", "https://s-17.retailcrm.io/", "s-17.retailcrm.io:443/x", " http://s-17.retailcrm.io?a "]
        {
            assert_eq!(host(address).as_deref(), Some("s-17.retailcrm.io"), "{address}");
        }
        assert_eq!(host(""), None);
    }
}
