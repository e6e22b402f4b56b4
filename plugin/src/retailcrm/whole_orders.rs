//! `/orders`, whole, as far as a deal needs them: in packs, and without their goods, of which an order may have hundreds.

use serde::Deserialize;
use serde_json::Value;

use super::{ApiRequest, Crm, CrmError, answer};

/// How many one request may bring: the most, and fewer for accounts whose orders are long.
pub const BATCH_SIZES: [usize; 3] = [100, 50, 20];

/// An order. Members are as RetailCRM writes them; ids may be text, empty maps lists.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WholeOrder {
    /// Id.
    pub id: Value,
    /// What people call it.
    pub number: Value,
    /// Ours, of orders that we made.
    pub external_id: Value,
    /// Status code.
    pub status: Value,
    /// When it came into it.
    pub status_updated_at: Value,
    /// When it was created.
    pub created_at: Value,
    /// Shop code.
    pub site: Value,
    /// Who answers for it.
    pub manager_id: Value,
    /// Goods after discounts.
    pub summ: Value,
    /// With delivery.
    pub total_summ: Value,
    /// Of the sums.
    pub currency: Value,
    /// Whose it is: a person, or a company.
    pub customer: Value,
    /// Who speaks for the company.
    pub contact: Value,
    /// The customer's phone as the order has it.
    pub phone: Value,
    /// And his e-mail.
    pub email: Value,
    /// First name as the order has it.
    pub first_name: Value,
    /// Last name as the order has it.
    pub last_name: Value,
    /// Where the customer came from.
    pub source: Value,
    /// What managers wrote on it.
    pub manager_comment: Value,
    /// Fields that the account added.
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

/// Orders by their ids, `pack` at a time; those that are not there are left out. A smallest pack that is too long for one answer is asked for
/// in halves; a larger one is the caller's to make smaller, who knows how much he can take in all.
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

/// A page of a hundred orders that were created on a day, `Y-m-d`, and whether there is more. One that is too long for an answer is asked for
/// in smaller ones.
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
