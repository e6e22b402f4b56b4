//! `/orders` as deals need them: read in batches, and without the goods, which can be hundreds.

use serde::Deserialize;
use serde_json::Value;

use super::{ApiRequest, Crm, CrmError, answer};

/// How many orders one request reads: the largest first, smaller ones for accounts whose orders are long.
pub const BATCH_SIZES: [usize; 3] = [100, 50, 20];

/// An order. The members are as RetailCRM writes them: ids may be text, empty maps may be lists.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WholeOrder {
    /// Id.
    pub id: Value,
    /// The number that people use.
    pub number: Value,
    /// The `externalId`; set by the plugin on orders that it created.
    pub external_id: Value,
    /// Status code.
    pub status: Value,
    /// When the status last changed.
    pub status_updated_at: Value,
    /// When it was created.
    pub created_at: Value,
    /// Shop code.
    pub site: Value,
    /// The manager, a CRM user.
    pub manager_id: Value,
    /// The sum of the goods after discounts.
    pub summ: Value,
    /// The sum with delivery.
    pub total_summ: Value,
    /// The currency of the sums.
    pub currency: Value,
    /// The customer: a person or a company.
    pub customer: Value,
    /// The company's contact.
    pub contact: Value,
    /// The customer's phone on the order.
    pub phone: Value,
    /// The customer's e-mail on the order.
    pub email: Value,
    /// The first name on the order.
    pub first_name: Value,
    /// The last name on the order.
    pub last_name: Value,
    /// The advertising source.
    pub source: Value,
    /// The manager's comment.
    pub manager_comment: Value,
    /// Custom fields.
    pub custom_fields: Value,
}

#[derive(Deserialize)]
struct Page {
    success: Option<bool>,
    #[serde(default)]
    orders: Vec<WholeOrder>,
}

impl answer::PartialAnswer for Page {
    fn success(&self) -> Option<bool> {
        self.success
    }
}

/// Reads orders by their ids, `batch_size` at a time; missing orders are left out. If a batch of the smallest size is too long for one
/// answer, it is split in halves. If a larger batch is, the error is returned, because only the caller knows how many orders it can hold.
pub fn by_ids(crm: Crm<'_>, ids: &[i64], batch_size: usize) -> Result<Vec<WholeOrder>, CrmError> {
    let smallest = BATCH_SIZES.iter().min().is_some_and(|smallest| batch_size <= *smallest);
    let mut found = Vec::new();
    let mut batches: Vec<&[i64]> = ids.chunks(batch_size).rev().collect();
    while let Some(batch) = batches.pop() {
        let mut request = ApiRequest::get("/api/v5/orders").with("limit", "100");
        for id in batch {
            request = request.with("filter[ids][]", id.to_string());
        }
        match crm.send_partial::<Page>(request) {
            Ok(page) => found.extend(page.orders),
            Err(CrmError::TooLarge { .. }) if smallest && batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                batches.extend([second, first]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Page `page` of the orders created on a day (`Y-m-d`), 100 per page, and whether there are more. If a page is too long for one answer, it
/// is read in smaller pages.
pub fn created_on(crm: Crm<'_>, day: &str, page: u32) -> Result<(Vec<WholeOrder>, bool), CrmError> {
    const SMALL: u32 = 20;
    const WHOLE: u32 = 100;
    let request = |limit: u32, page: u32| {
        let request = ApiRequest::get("/api/v5/orders").with("filter[createdAtFrom]", day).with("filter[createdAtTo]", day);
        crm.send_partial::<Page>(request.with("limit", limit.to_string()).with("page", page.to_string())).map(|page| page.orders)
    };
    let found = match request(WHOLE, page) {
        Err(CrmError::TooLarge { .. }) => {
            let mut found = Vec::new();
            for small in (page - 1) * (WHOLE / SMALL) + 1..=page * (WHOLE / SMALL) {
                let some = request(SMALL, small)?;
                let last = some.len() < SMALL as usize;
                found.extend(some);
                if last {
                    break;
                }
            }
            found
        }
        other => other?,
    };
    let more = found.len() >= WHOLE as usize;
    Ok((found, more))
}
