//! Deals, with the rules of the Data API: everything that a history refers to must exist, stage times must not go back, and one invalid row
//! refuses the whole call. Times are compared as instants `[inferred]`.

use std::collections::HashMap;

use uis_host::bindings::uis::integration::deals::{
    Deal, DealContact, DealEmployee, Funnel, Refusal, Stage, StageStatus, UserField, UserFieldType,
};

/// Most rows of one call.
const ROWS: usize = 1000;
/// Most rows of a call for which the Data API accepts one row at a time.
const SINGLE_ROWS: usize = 100;
/// How many stages in process a funnel may have.
const IN_PROCESS: std::ops::RangeInclusive<usize> = 1..=100;
/// The positions that stages in process may have.
const ORDERS: std::ops::RangeInclusive<u32> = 1..=10_000;
/// Longest id, name or other short text, in characters `[inferred]`.
const SHORT: usize = 255;
/// Longest comment, in characters `[inferred]`.
const LONG: usize = 4000;
/// Kinds of communications that a deal may come from.
const COMMUNICATIONS: [&str; 5] = ["chat", "offline_message", "call", "goal", "email"];

/// Everything that was uploaded.
#[derive(Debug, Default)]
pub struct Deals {
    /// Sales funnels.
    pub funnels: Vec<Funnel>,
    /// Employees to whom deals are assigned.
    pub employees: Vec<DealEmployee>,
    /// Contacts of deals.
    pub contacts: Vec<DealContact>,
    /// User fields of deals.
    pub user_fields: Vec<UserField>,
    /// Deals, in the order of their first upload.
    pub deals: Vec<History>,
    /// The index of each row in its list, by the list's name and the row's id.
    places: HashMap<(&'static str, String), usize>,
}

/// The states of a deal.
#[derive(Debug)]
pub struct History {
    /// The states, oldest first. The last one is the current state.
    pub states: Vec<State>,
}

/// A state of a deal.
#[derive(Debug)]
pub struct State {
    /// The deal as it was uploaded.
    pub deal: Deal,
    /// UIS added this state, because the deal skipped its stage.
    pub is_generated: bool,
}

type Done = Result<(), Refusal>;

fn refuse<T>(mnemonic: &str, message: impl Into<String>, field: impl Into<String>, value: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { mnemonic: mnemonic.into(), message: message.into(), field: Some(field.into()), value: Some(value.into()) })
}

fn invalid<T>(field: impl Into<String>, value: impl Into<String>, message: impl Into<String>) -> Result<T, Refusal> {
    refuse("invalid_parameter_value", message, field, value)
}

fn short(field: &str, value: &str) -> Done {
    if value.trim().is_empty() {
        return refuse("required_parameter_missed", format!("{field} is required"), field, value);
    }
    if value.chars().count() > SHORT { invalid(field, value, format!("{field} has at most {SHORT} characters")) } else { Ok(()) }
}

fn rows(list: &str, given: usize, most: usize) -> Done {
    if given > most { refuse("data_limit_exceeded", format!("{list} has at most {most} rows"), list, given.to_string()) } else { Ok(()) }
}

/// Writes rows; a row replaces the one with the same id.
fn put<T>(places: &mut HashMap<(&'static str, String), usize>, kind: &'static str, rows: &mut Vec<T>, new: Vec<T>, id: fn(&T) -> &String) {
    for row in new {
        match places.get(&(kind, id(&row).clone())) {
            Some(place) => rows[*place] = row,
            None => {
                places.insert((kind, id(&row).clone()), rows.len());
                rows.push(row);
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(part)
}

impl Deals {
    fn place(&self, kind: &'static str, id: &str) -> Option<usize> {
        self.places.get(&(kind, id.to_owned())).copied()
    }

    /// A funnel by its id.
    pub fn funnel(&self, id: &str) -> Option<&Funnel> {
        self.place("funnel", id).and_then(|place| self.funnels.get(place))
    }

    /// An employee by their id.
    pub fn employee(&self, id: &str) -> Option<&DealEmployee> {
        self.place("employee", id).and_then(|place| self.employees.get(place))
    }

    /// A contact by its id.
    pub fn contact(&self, id: &str) -> Option<&DealContact> {
        self.place("contact", id).and_then(|place| self.contacts.get(place))
    }

    /// A user field by its id.
    pub fn user_field(&self, id: &str) -> Option<&UserField> {
        self.place("field", id).and_then(|place| self.user_fields.get(place))
    }

    /// The states of a deal; none when it was not uploaded.
    pub fn deal(&self, id: &str) -> Option<&History> {
        self.place("deal", id).and_then(|place| self.deals.get(place))
    }

    /// `create.sales_funnel`. Refuses an id that exists.
    pub fn create_funnel(&mut self, funnel: Funnel) -> Done {
        if self.funnel(&funnel.ext_id).is_some() {
            return refuse("duplicate_entity", "the funnel exists already", "ext_id", funnel.ext_id);
        }
        check_funnel(&funnel)?;
        put(&mut self.places, "funnel", &mut self.funnels, vec![funnel], |funnel| &funnel.ext_id);
        Ok(())
    }

    /// `update.sales_funnel` with its stages. Refuses to remove a stage that a deal is or was in.
    pub fn update_funnel(&mut self, funnel: Funnel) -> Done {
        let Some(known) = self.funnel(&funnel.ext_id) else {
            return refuse("entity_not_found", "there is no such funnel", "ext_id", funnel.ext_id);
        };
        check_funnel(&funnel)?;
        let goes = |stage: &&Stage| !funnel.stages.iter().any(|kept| kept.ext_id == stage.ext_id);
        let in_use = |stage: &&Stage| {
            let states = self.deals.iter().flat_map(|history| &history.states);
            states.into_iter().any(|state| state.deal.funnel_ext_id == funnel.ext_id && state.deal.stage_ext_id == stage.ext_id)
        };
        if let Some(stage) = known.stages.iter().filter(goes).find(in_use) {
            return refuse("dependency_error", "deals are or were in this stage", "stages", stage.ext_id.clone());
        }
        put(&mut self.places, "funnel", &mut self.funnels, vec![funnel], |funnel| &funnel.ext_id);
        Ok(())
    }

    /// `create.deal_employees` and `update.deal_employees`: creates or renames.
    pub fn put_employees(&mut self, employees: Vec<DealEmployee>) -> Done {
        rows("employees", employees.len(), SINGLE_ROWS)?;
        for employee in &employees {
            short("ext_id", &employee.ext_id)?;
            short("name", &employee.name)?;
        }
        put(&mut self.places, "employee", &mut self.employees, employees, |employee| &employee.ext_id);
        Ok(())
    }

    /// `create.deal_contacts` and `update.deal_contacts`: creates or replaces. `now` is in milliseconds since 1970.
    pub fn put_contacts(&mut self, contacts: Vec<DealContact>, now: i64) -> Done {
        rows("contacts", contacts.len(), ROWS)?;
        for contact in &contacts {
            short("ext_id", &contact.ext_id)?;
            short("name", &contact.name)?;
            if contact.created > now {
                return invalid("created_date_time", contact.ext_id.clone(), "a contact cannot be created in the future");
            }
            for phone in &contact.phone_numbers {
                if !(3..=15).contains(&phone.len()) || !phone.bytes().all(|byte| byte.is_ascii_digit()) {
                    return invalid("phone_numbers", phone.clone(), "a phone number has 3 to 15 digits and nothing else");
                }
            }
            for email in &contact.emails {
                if email.contains(char::is_whitespace)
                    || email.split_once('@').is_none_or(|(name, host)| name.is_empty() || host.is_empty())
                {
                    return invalid("emails", email.clone(), "this is not an e-mail address");
                }
            }
        }
        put(&mut self.places, "contact", &mut self.contacts, contacts, |contact| &contact.ext_id);
        Ok(())
    }

    /// `create.deal_user_field` and `update.deal_user_field`: creates or renames. A field's type cannot change.
    pub fn put_user_fields(&mut self, fields: Vec<UserField>) -> Done {
        rows("user_fields", fields.len(), SINGLE_ROWS)?;
        for field in &fields {
            short("ext_id", &field.ext_id)?;
            short("name", &field.name)?;
            let known = self.place("field", &field.ext_id).and_then(|place| self.user_fields.get(place));
            if known.is_some_and(|known| known.data_type != field.data_type) {
                return invalid("data_type", field.ext_id.clone(), "a field's type cannot be changed");
            }
        }
        put(&mut self.places, "field", &mut self.user_fields, fields, |field| &field.ext_id);
        Ok(())
    }

    /// `upload.deals_history`: uploads all states or, if one is refused, none.
    pub fn upload_history(&mut self, deals: Vec<Deal>, now: i64) -> Done {
        rows("deals", deals.len(), ROWS)?;
        let mut last: HashMap<&str, i64> = HashMap::new();
        for deal in &deals {
            self.check_deal(deal, now)?;
            let known = || self.deal(&deal.ext_id).and_then(|history| history.states.last()).map(|state| state.deal.stage_modified);
            if last.get(deal.ext_id.as_str()).copied().or_else(known).is_some_and(|before| deal.stage_modified < before) {
                return invalid(
                    "modified_stage_date_time",
                    deal.ext_id.clone(),
                    "the stage's time is before that of the last stage that was uploaded",
                );
            }
            last.insert(&deal.ext_id, deal.stage_modified);
        }
        for deal in deals {
            self.add(deal);
        }
        Ok(())
    }

    fn add(&mut self, deal: Deal) {
        let place = match self.place("deal", &deal.ext_id) {
            Some(place) => place,
            None => {
                self.places.insert(("deal", deal.ext_id.clone()), self.deals.len());
                self.deals.push(History { states: Vec::new() });
                self.deals.len() - 1
            }
        };
        let skipped = self.skipped(place, &deal);
        let Some(history) = self.deals.get_mut(place) else { return };
        // An upload of the same stage updates the last state.
        if let Some(last) = history.states.last_mut().filter(|last| same_stage(&last.deal, &deal)) {
            last.deal = deal;
            return;
        }
        history.states.extend(skipped.into_iter().map(|deal| State { deal, is_generated: true }));
        history.states.push(State { deal, is_generated: false });
    }

    /// The stages in process that the deal skipped since its last state. UIS adds a state for each.
    fn skipped(&self, place: usize, deal: &Deal) -> Vec<Deal> {
        let Some(before) = self.deals.get(place).and_then(|history| history.states.last()).map(|state| &state.deal) else {
            return Vec::new();
        };
        let funnel = self.funnel(&deal.funnel_ext_id).filter(|_| before.funnel_ext_id == deal.funnel_ext_id);
        let Some(funnel) = funnel else { return Vec::new() };
        let order = |id: &str| funnel.stages.iter().find(|stage| stage.ext_id == id && stage.status == StageStatus::InProcess);
        let (Some(from), Some(to)) = (order(&before.stage_ext_id), order(&deal.stage_ext_id)) else { return Vec::new() };
        let mut between: Vec<&Stage> = funnel
            .stages
            .iter()
            .filter(|stage| stage.status == StageStatus::InProcess && stage.order > from.order && stage.order < to.order)
            .collect();
        between.sort_by_key(|stage| stage.order);
        between.into_iter().map(|stage| Deal { stage_ext_id: stage.ext_id.clone(), ..deal.clone() }).collect()
    }

    fn check_deal(&self, deal: &Deal, now: i64) -> Done {
        short("ext_id", &deal.ext_id)?;
        short("name", &deal.name)?;
        if deal.created > now {
            return invalid("created_date_time", deal.ext_id.clone(), "a deal cannot be created in the future");
        }
        if deal.stage_modified < deal.created {
            return invalid("modified_stage_date_time", deal.ext_id.clone(), "a stage cannot begin before the deal was created");
        }
        if deal.closed.is_some_and(|closed| closed < deal.created) {
            return invalid("closed_date_time", deal.ext_id.clone(), "a deal cannot be closed before it was created");
        }
        let Some(funnel) = self.funnel(&deal.funnel_ext_id) else {
            return refuse("entity_not_found", "there is no such funnel", "sales_funnel_ext_id", deal.funnel_ext_id.clone());
        };
        if !funnel.stages.iter().any(|stage| stage.ext_id == deal.stage_ext_id) {
            return refuse("entity_not_found", "the funnel has no such stage", "stage_ext_id", deal.stage_ext_id.clone());
        }
        for contact in &deal.contact_ext_ids {
            if self.place("contact", contact).is_none() {
                return refuse("entity_not_found", "there is no such contact", "contact_ext_ids", contact.clone());
            }
        }
        if let Some(employee) = deal.employee_ext_id.as_deref().filter(|employee| self.place("employee", employee).is_none()) {
            return refuse("entity_not_found", "there is no such employee", "employee_ext_id", employee);
        }
        if let Some(revenue) = deal.revenue.as_deref().filter(|revenue| !is_number(revenue)) {
            return refuse("data_type_error", "revenue is not a number", "revenue", revenue);
        }
        for (field, text) in [("comments", &deal.comments), ("source", &deal.source)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > LONG) {
                return invalid(field, deal.ext_id.clone(), format!("{field} has at most {LONG} characters"));
            }
        }
        if let Some((kind, _)) = deal.communication.as_ref().filter(|(kind, id)| *id <= 0 || !COMMUNICATIONS.contains(&kind.as_str())) {
            return invalid("communication_type", kind.clone(), "there is no such communication");
        }
        for (id, value) in &deal.user_fields {
            let Some(field) = self.place("field", id).and_then(|place| self.user_fields.get(place)) else {
                return refuse("entity_not_found", "there is no such user field", "user_fields", id.clone());
            };
            if field.data_type == UserFieldType::Numeric && !is_number(value) {
                return refuse("data_type_error", format!("{id} is not a number"), "user_fields", value.clone());
            }
        }
        Ok(())
    }

    /// `delete.deals`: deletes a deal; an unknown id is ignored.
    pub fn delete_deal(&mut self, id: &str) {
        if let Some(place) = self.forget("deal", id) {
            self.deals.remove(place);
        }
    }

    /// `delete.sales_funnel`. Refuses to delete a funnel that deals are or were in.
    pub fn delete_funnel(&mut self, id: &str) -> Done {
        if self.funnel(id).is_none() {
            return refuse("entity_not_found", "there is no such funnel", "ext_id", id);
        }
        if self.deals.iter().flat_map(|history| &history.states).any(|state| state.deal.funnel_ext_id == id) {
            return refuse("dependency_error", "deals are or were in this funnel", "ext_id", id);
        }
        if let Some(place) = self.forget("funnel", id) {
            self.funnels.remove(place);
        }
        Ok(())
    }

    /// Forgets the place of a row, which must be removed from its list then.
    fn forget(&mut self, list: &'static str, id: &str) -> Option<usize> {
        let place = self.places.remove(&(list, id.to_owned()))?;
        for ((kind, _), known) in &mut self.places {
            if *kind == list && *known > place {
                *known -= 1;
            }
        }
        Some(place)
    }
}

fn same_stage(left: &Deal, right: &Deal) -> bool {
    left.funnel_ext_id == right.funnel_ext_id && left.stage_ext_id == right.stage_ext_id && left.stage_modified == right.stage_modified
}

fn check_funnel(funnel: &Funnel) -> Done {
    short("ext_id", &funnel.ext_id)?;
    short("name", &funnel.name)?;
    let of = |status: StageStatus| funnel.stages.iter().filter(move |stage| stage.status == status);
    for (name, status) in [("success", StageStatus::Success), ("failed", StageStatus::Failed)] {
        let count = of(status).count();
        if count != 1 {
            return invalid(format!("stages.{name}"), count.to_string(), "a funnel has exactly one such stage");
        }
    }
    let in_process = of(StageStatus::InProcess).count();
    if !IN_PROCESS.contains(&in_process) {
        return invalid("stages.in_process", in_process.to_string(), "a funnel has 1 to 100 stages in process");
    }
    for (index, stage) in funnel.stages.iter().enumerate() {
        short("stages.ext_id", &stage.ext_id)?;
        short("stages.name", &stage.name)?;
        if stage.status == StageStatus::InProcess && !ORDERS.contains(&stage.order) {
            return invalid("stages.order", stage.order.to_string(), "a stage's place is 1 to 10000");
        }
        if funnel.stages[..index].iter().any(|known| known.ext_id == stage.ext_id) {
            return refuse("duplicate_entity", "two stages have one id", "stages.ext_id", stage.ext_id.clone());
        }
    }
    Ok(())
}
