//! The port [`DealsApi`] over the Data API.
//!
//! What is put (contacts, employees, fields) is looked up first: UIS has one method to create and another to update, and an update that
//! changes nothing is saved. A request for up to 1000 contacts costs a point to look up, one to create all new ones, and one for each that
//! has changed.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, UserField};
use uis_host::limits::DIRECTORY_PAGE;
use uis_host::ports::DealsApi;

use super::LiveAccount;
use super::deal_params::{self, check_rows, members};
use super::error::{CallError, Refusal};
use super::lists::filter;
use super::points::Purpose;
use super::rows::{self, Row};
use super::times::written;

impl LiveAccount {
    async fn deals_call(&self, method: &str, params: Map<String, Value>) -> Result<(), CallError> {
        self.client.data.call(method, params, Purpose::Work).await.map(drop)
    }

    /// The rows that have one of these ids.
    async fn with_ids(&self, method: &str, ids: Vec<&str>) -> Result<Vec<Row>, CallError> {
        let params = [("filter".to_owned(), filter("ext_id", "in", ids))].into_iter().collect();
        self.client.data.rows(method, params, &[], Purpose::Work, usize::MAX).await
    }

    /// Whether a call without rows would be answered at all.
    fn nothing_to_do(&self) -> Result<(), CallError> {
        self.client.data.points().check(self.client.now(), Purpose::Work).map_err(CallError::Busy)
    }

    async fn list_funnels(&self, offset: u32) -> Result<Vec<Funnel>, CallError> {
        let sort = json!([{"field": "ext_id", "order": "asc"}]);
        let params = members(json!({"limit": DIRECTORY_PAGE, "offset": offset, "sort": sort}));
        let rows = self.client.data.call("get.sales_funnel", params, Purpose::Work).await?.rows()?;
        Ok(rows.iter().filter_map(rows::funnel).take(DIRECTORY_PAGE).collect())
    }

    async fn change_funnel(&self, wanted: &Funnel) -> Result<(), CallError> {
        let rows = self.with_ids("get.sales_funnel", vec![&wanted.ext_id]).await?;
        let Some(known) = rows.iter().filter_map(rows::funnel).find(|funnel| funnel.ext_id == wanted.ext_id) else {
            return Err(CallError::Refused(Refusal::of("entity_not_found", "there is no such funnel", "ext_id", wanted.ext_id.clone())));
        };
        for (method, params) in deal_params::funnel_changes(&known, wanted)? {
            self.deals_call(method, params).await?;
        }
        Ok(())
    }

    /// New contacts are created by one request, which UIS takes whole or not at all; then those that changed are updated one by one.
    async fn write_contacts(&self, contacts: &[DealContact]) -> Result<(), CallError> {
        check_rows("contacts", contacts.len())?;
        if contacts.is_empty() {
            return self.nothing_to_do();
        }
        let zone = self.zone().await;
        let rows = self.with_ids("get.deal_contacts", contacts.iter().map(|contact| contact.ext_id.as_str()).collect()).await?;
        let known: HashMap<String, (DealContact, Option<String>)> =
            rows.iter().filter_map(rows::contact).map(|known| (known.0.ext_id.clone(), known)).collect();
        // Of two with one id the last counts; the first must not be created twice.
        let last: HashMap<&str, &DealContact> = contacts.iter().map(|contact| (contact.ext_id.as_str(), contact)).collect();
        let mut seen = HashSet::new();
        let once: Vec<&DealContact> =
            contacts.iter().filter_map(|one| last.get(one.ext_id.as_str()).filter(|_| seen.insert(&one.ext_id))).copied().collect();
        let new: Vec<Value> = once
            .iter()
            .filter(|contact| !known.contains_key(&contact.ext_id))
            .map(|contact| Value::Object(deal_params::contact(contact, zone)))
            .collect();
        if !new.is_empty() {
            self.deals_call("create.deal_contacts", members(json!({ "contacts": new }))).await?;
        }
        for contact in once {
            let Some((has, created)) = known.get(&contact.ext_id) else { continue };
            let same = has.name == contact.name
                && has.phone_numbers == contact.phone_numbers
                && has.emails == contact.emails
                && created.as_deref() == Some(&written(zone, contact.created));
            if !same {
                self.deals_call("update.deal_contacts", deal_params::contact(contact, zone)).await?;
            }
        }
        Ok(())
    }

    async fn write_employees(&self, employees: &[DealEmployee]) -> Result<(), CallError> {
        check_rows("employees", employees.len())?;
        if employees.is_empty() {
            return self.nothing_to_do();
        }
        let rows = self.with_ids("get.deal_employees", employees.iter().map(|employee| employee.ext_id.as_str()).collect()).await?;
        let mut known: HashMap<String, String> =
            rows.iter().filter_map(|row| Some((rows::text(row.get("ext_id"))?, rows::text(row.get("name")).unwrap_or_default()))).collect();
        for DealEmployee { ext_id, name } in employees {
            let method = match known.get(ext_id) {
                Some(has) if has == name => continue,
                Some(_) => "update.deal_employees",
                None => "create.deal_employees",
            };
            self.deals_call(method, members(json!({"ext_id": ext_id, "name": name}))).await?;
            known.insert(ext_id.clone(), name.clone());
        }
        Ok(())
    }

    async fn write_fields(&self, fields: &[UserField]) -> Result<(), CallError> {
        check_rows("user_fields", fields.len())?;
        if fields.is_empty() {
            return self.nothing_to_do();
        }
        let rows = self.with_ids("get.deal_user_fields", fields.iter().map(|field| field.ext_id.as_str()).collect()).await?;
        let mut known: HashMap<String, (UserField, bool)> =
            rows.iter().filter_map(rows::user_field).map(|known| (known.0.ext_id.clone(), known)).collect();
        for field in fields {
            let named = json!({"ext_id": field.ext_id, "name": field.name});
            match known.get(&field.ext_id) {
                Some((has, true)) if has.data_type != field.data_type => {
                    let text = format!("the type of the field {} cannot be changed", field.ext_id);
                    let refusal = Refusal::of("invalid_parameter_value", text, "data_type", deal_params::field_type(field));
                    return Err(CallError::Refused(refusal));
                }
                Some((has, _)) if has.name == field.name => continue,
                Some(_) => self.deals_call("update.deal_user_field", members(named)).await?,
                None => {
                    let mut all = members(named);
                    all.insert("data_type".to_owned(), deal_params::field_type(field).into());
                    self.deals_call("create.deal_user_field", all).await?;
                }
            }
            known.insert(field.ext_id.clone(), (field.clone(), true));
        }
        Ok(())
    }

    async fn upload(&self, deals: &[Deal]) -> Result<(), CallError> {
        check_rows("deals", deals.len())?;
        if deals.is_empty() {
            return self.nothing_to_do();
        }
        let zone = self.zone().await;
        let rows = deals.iter().map(|deal| deal_params::deal(deal, zone)).collect::<Result<Vec<_>, _>>()?;
        self.deals_call("upload.deals_history", members(json!({ "deals": rows }))).await
    }

    async fn delete(&self, ext_id: &str) -> Result<(), CallError> {
        match self.deals_call("delete.deals", members(json!({ "ext_id": ext_id }))).await {
            // It is gone, which is what was asked for.
            Err(CallError::Refused(refusal)) if refusal.mnemonic == "entity_not_found" => Ok(()),
            answer => answer,
        }
    }
}

/// Only UIS's refusal of the data is `refused`. While UIS is away, or a person must put something right (the key, the list of addresses,
/// the tariff), the answer is `busy`, so that no deal is given up.
impl DealsApi for LiveAccount {
    fn funnels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Funnel>, DealsError>> {
        async move { self.list_funnels(offset).await.map_err(CallError::of_deals) }.boxed()
    }

    fn create_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>> {
        async move {
            self.nothing_to_do().map_err(CallError::of_deals)?;
            let params = deal_params::new_funnel(&funnel).map_err(CallError::of_deals)?;
            self.deals_call("create.sales_funnel", params).await.map_err(CallError::of_deals)
        }
        .boxed()
    }

    fn update_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>> {
        async move { self.change_funnel(&funnel).await.map_err(CallError::of_deals) }.boxed()
    }

    fn put_employees(&self, employees: Vec<DealEmployee>) -> BoxFuture<'_, Result<(), DealsError>> {
        async move { self.write_employees(&employees).await.map_err(CallError::of_deals) }.boxed()
    }

    fn put_contacts(&self, contacts: Vec<DealContact>) -> BoxFuture<'_, Result<(), DealsError>> {
        async move { self.write_contacts(&contacts).await.map_err(CallError::of_deals) }.boxed()
    }

    fn put_user_fields(&self, fields: Vec<UserField>) -> BoxFuture<'_, Result<(), DealsError>> {
        async move { self.write_fields(&fields).await.map_err(CallError::of_deals) }.boxed()
    }

    fn upload_history(&self, deals: Vec<Deal>) -> BoxFuture<'_, Result<(), DealsError>> {
        async move { self.upload(&deals).await.map_err(CallError::of_deals) }.boxed()
    }

    fn delete_deal<'a>(&'a self, ext_id: &'a str) -> BoxFuture<'a, Result<(), DealsError>> {
        async move { self.delete(ext_id).await.map_err(CallError::of_deals) }.boxed()
    }
}
