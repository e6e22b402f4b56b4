//! `/customers-corporate`: companies. A company's phones are those of its contacts, who are ordinary customers marked `isContact`.

use super::{ApiRequest, Crm, CrmError, answer};

/// Selected fields of a company.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Company {
    /// Id; corporate customers have their own numbering.
    pub id: i64,
    /// Code of its shop.
    pub site: String,
    /// Its manager, a CRM user.
    pub manager_id: Option<i64>,
}

/// The company of a contact: the oldest if there are several.
pub fn of_contact(crm: Crm<'_>, contact: i64) -> Result<Option<Company>, CrmError> {
    let found =
        crm.send(ApiRequest::get("/api/v5/customers-corporate").with("filter[contactIds][]", contact.to_string()).with("limit", "100"))?;
    let companies = answer::members(&found, "customersCorporate")?.into_iter().filter_map(|company| {
        Some(Company {
            id: answer::id(&company["id"])?,
            site: answer::text(&company["site"]),
            manager_id: answer::id(&company["managerId"]),
        })
    });
    Ok(companies.min_by_key(|company| company.id))
}
