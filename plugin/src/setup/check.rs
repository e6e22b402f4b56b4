//! The check of the connection, in words for the account's owner.

use crate::bindings::exports::uis::integration::setup::ConnectionReport;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::{Ask, Crm, CrmError};

/// Asks RetailCRM what the key may do. A wrong key and a wrong address are findings, not failures; only what may pass is one.
pub fn check_connection(platform: &dyn Platform) -> Result<ConnectionReport, Failure> {
    match Crm::new(platform).ask(Ask::get("/api/credentials")) {
        Ok(credentials) => {
            let mut findings = Vec::new();
            let no_shop =
                credentials["siteAccess"] == "access_selective" && credentials["sitesAvailable"].as_array().is_none_or(Vec::is_empty);
            if no_shop {
                findings.push("The key has access to no shop: allow it all shops in RetailCRM's settings.".to_owned());
            }
            Ok(ConnectionReport { usable: !no_shop, findings })
        }
        Err(CrmError::Unauthorized(message)) => Ok(unusable(format!("RetailCRM does not accept the key: {message}"))),
        Err(CrmError::NoAccount(message) | CrmError::Denied(message)) => Ok(unusable(message)),
        Err(error) => Err(error.into()),
    }
}

fn unusable(finding: String) -> ConnectionReport {
    ConnectionReport { usable: false, findings: vec![finding] }
}
