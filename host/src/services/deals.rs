//! The contract's import `deals`: sales funnels and deals of the UIS account.

use super::EventScope;
use crate::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, Host, Refusal, UserField};
use crate::trace::{Step, UisAnswer};

type Done = wasmtime::Result<Result<(), DealsError>>;

impl EventScope {
    /// Records a Data API call and its answer in the trace, and passes the answer on.
    fn uis_answered<T>(&mut self, method: &str, subject: String, answer: Result<T, DealsError>) -> wasmtime::Result<Result<T, DealsError>> {
        let shown = match &answer {
            Ok(_) => UisAnswer::Taken,
            Err(DealsError::Busy(after_ms)) => UisAnswer::Busy(*after_ms),
            Err(DealsError::Refused(refusal)) => UisAnswer::Refused(refusal.clone()),
        };
        self.trace.push(Step::Uis { method: method.to_owned(), subject, answer: shown });
        Ok(answer)
    }

    /// The full address of a deal's page. Refused unless it belongs to the host of its connection.
    fn page_of(&self, deal: &Deal) -> Result<Option<String>, Refusal> {
        let Some(page) = &deal.page else { return Ok(None) };
        let connection = self.integration.connections.get(&page.connection);
        let own = connection
            .ok_or_else(|| format!("there is no connection {:?}", page.connection))
            .and_then(|connection| connection.own_link(&page.url));
        own.map(Some).map_err(|why| Refusal {
            mnemonic: "invalid_parameter_value".into(),
            message: why,
            field: Some("page".into()),
            value: Some(deal.ext_id.clone()),
        })
    }
}

/// Up to ten ids, separated by spaces.
fn ids<'a>(all: impl Iterator<Item = &'a String>) -> String {
    let mut all: Vec<&str> = all.map(String::as_str).collect();
    all.dedup();
    let more = all.len().saturating_sub(10);
    all.truncate(10);
    if more == 0 { all.join(" ") } else { format!("{} and {more} more", all.join(" ")) }
}

fn stages(funnel: &Funnel) -> String {
    format!("{} with {} stages", funnel.ext_id, funnel.stages.len())
}

impl Host for EventScope {
    async fn funnels(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Funnel>, DealsError>> {
        self.turn().await;
        let answer = self.integration.account.deals.funnels(offset).await;
        self.uis_answered("get.sales_funnels", String::new(), answer)
    }

    async fn create_funnel(&mut self, funnel: Funnel) -> Done {
        self.before_effect().await?;
        let subject = stages(&funnel);
        let answer = self.integration.account.deals.create_funnel(funnel).await;
        self.uis_answered("create.sales_funnel", subject, answer)
    }

    async fn update_funnel(&mut self, funnel: Funnel) -> Done {
        self.before_effect().await?;
        let subject = stages(&funnel);
        let answer = self.integration.account.deals.update_funnel(funnel).await;
        self.uis_answered("update.sales_funnel", subject, answer)
    }

    async fn put_employees(&mut self, employees: Vec<DealEmployee>) -> Done {
        self.before_effect().await?;
        let subject = ids(employees.iter().map(|employee| &employee.ext_id));
        let answer = self.integration.account.deals.put_employees(employees).await;
        self.uis_answered("create.deal_employees", subject, answer)
    }

    async fn put_contacts(&mut self, contacts: Vec<DealContact>) -> Done {
        self.before_effect().await?;
        let subject = ids(contacts.iter().map(|contact| &contact.ext_id));
        let answer = self.integration.account.deals.put_contacts(contacts).await;
        self.uis_answered("create.deal_contacts", subject, answer)
    }

    async fn put_user_fields(&mut self, fields: Vec<UserField>) -> Done {
        self.before_effect().await?;
        let subject = ids(fields.iter().map(|field| &field.ext_id));
        let answer = self.integration.account.deals.put_user_fields(fields).await;
        self.uis_answered("create.deal_user_field", subject, answer)
    }

    async fn upload_history(&mut self, mut deals: Vec<Deal>) -> Done {
        self.before_effect().await?;
        let subject = format!("{} states of {}", deals.len(), ids(deals.iter().map(|deal| &deal.ext_id)));
        let mut bad = None;
        for deal in &mut deals {
            match self.page_of(deal) {
                Ok(Some(url)) => {
                    if let Some(page) = &mut deal.page {
                        page.url = url;
                    }
                }
                Ok(None) => {}
                Err(refusal) => bad = bad.or(Some(refusal)),
            }
        }
        let answer = match bad {
            Some(refusal) => Err(DealsError::Refused(refusal)),
            None => self.integration.account.deals.upload_history(deals).await,
        };
        self.uis_answered("upload.deals_history", subject, answer)
    }

    async fn delete_deal(&mut self, ext_id: String) -> Done {
        self.before_effect().await?;
        let answer = self.integration.account.deals.delete_deal(&ext_id).await;
        self.uis_answered("delete.deals", ext_id, answer)
    }
}
