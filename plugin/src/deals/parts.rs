//! What must be in UIS before a deal: its funnel, fields, employee, contacts. Each is sent once, and again when it changed.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{self, Contact, Draft};
use super::funnels::{self, Stages};
use super::uis::{ROWS, words};
use crate::base::keys::{DealPart, Family, Key};
use crate::base::{digest, stored};
use crate::bindings::uis::integration::deals::{DealContact, DealEmployee, Funnel, Refusal, Stage, StageStatus, UserField, UserFieldType};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::deals::run::Run;
use crate::platform::Platform;
use crate::retailcrm::custom_fields::Field;
use crate::settings::Settings;

/// The funnel of «Дефолтная воронка».
const DEFAULT_FUNNEL: (&str, &str) = ("default", "RetailCRM");
/// Rows of a call whose rows UIS takes one at a time.
const SINGLE_ROWS: usize = 20;

/// A funnel as it is remembered.
#[derive(serde::Serialize, serde::Deserialize, Default, PartialEq, Clone)]
struct Known {
    name: String,
    /// Id, title, meaning (`p`, `s`, `f`), place.
    stages: Vec<(String, String, char, u32)>,
}

impl Known {
    fn of(funnel: &Funnel) -> Known {
        let letter = |status: StageStatus| match status {
            StageStatus::InProcess => 'p',
            StageStatus::Success => 's',
            StageStatus::Failed => 'f',
        };
        let stages = funnel.stages.iter().map(|stage| (stage.ext_id.clone(), stage.name.clone(), letter(stage.status), stage.order));
        Known { name: funnel.name.clone(), stages: stages.collect() }
    }

    fn funnel(&self, ext_id: &str) -> Funnel {
        let stages = self.stages.iter().map(|(ext_id, name, letter, order)| Stage {
            ext_id: ext_id.clone(),
            name: name.clone(),
            status: match letter {
                's' => StageStatus::Success,
                'f' => StageStatus::Failed,
                _ => StageStatus::InProcess,
            },
            order: *order,
        });
        Funnel { ext_id: ext_id.to_owned(), name: self.name.clone(), stages: stages.collect() }
    }
}

/// So many of them are remembered.
const REFUSED_MAX: usize = 8;

/// The funnel of a shop's deals: id and title.
pub fn funnel_of(settings: &Settings, site: &str, title: &str) -> (String, String) {
    if settings.deal_default_funnel {
        return (DEFAULT_FUNNEL.0.to_owned(), DEFAULT_FUNNEL.1.to_owned());
    }
    let title = if site.is_empty() { "Без магазина" } else { title };
    (format!("shop-{site}"), title.to_owned())
}

/// Funnels that UIS has of us.
pub fn known_funnels(platform: &dyn Platform) -> Vec<String> {
    stored::names(platform, Family::DealFunnels)
}

/// Sees to it that a funnel is there with its stages; gives it as it is in force. Stages that deals were in stay, if UIS says so.
pub fn funnel(run: &Run<'_>, (ext_id, name): &(String, String), stages: &Stages, met: &[String]) -> Result<Funnel, Failure> {
    let (platform, uis) = (run.context.platform, &run.uis);
    let key = Key::DealFunnel(ext_id);
    let wanted = funnels::funnel(ext_id, name, stages);
    let Some(known) = stored::load::<Known>(platform, key)? else {
        return match uis.ask(1, || platform.create_funnel(&wanted))? {
            Ok(()) => remember(platform, key, wanted),
            // It is there, and nobody remembers it.
            Err(refusal) if refusal.mnemonic == "duplicate_entity" => match uis.ask(1, || platform.update_funnel(&wanted))? {
                Ok(()) => remember(platform, key, wanted),
                Err(refusal) => Err(no_funnel(name, &refusal)),
            },
            Err(refusal) => Err(no_funnel(name, &refusal)),
        };
    };
    // Stages that orders were in stay. On a deal's way UIS puts it into those between as well, so where it refuses, all others stay, too.
    let before = known.funnel(ext_id);
    let with = |used: &dyn Fn(&str) -> bool| {
        let mut wanted = wanted.clone();
        funnels::keep(&mut wanted, &before, used);
        wanted
    };
    let refused_key = Key::DealFunnelRefused(ext_id);
    let mut refused: Vec<u64> = stored::load(platform, refused_key)?.unwrap_or_default();
    let mut told = None;
    for wanted in [with(&|status| met.iter().any(|known| known == status)), with(&|_| true)] {
        if known == Known::of(&wanted) {
            return Ok(wanted);
        }
        // What UIS refused it refuses again, and that was told.
        let content = digest::of(&wanted);
        if refused.contains(&content) {
            continue;
        }
        match uis.ask(1, || platform.update_funnel(&wanted))? {
            Ok(()) => return remember(platform, key, wanted),
            Err(refusal) => {
                refused.push(content);
                let older = refused.len().saturating_sub(REFUSED_MAX);
                refused.drain(..older);
                stored::put(platform, refused_key, &refused, None)?;
                told = Some(refusal);
            }
        }
    }
    if let Some(refusal) = told {
        run.leave_out(format!("stages of the funnel {name}"), format!("{}; the stages before stay", words(&refusal)));
    }
    Ok(before)
}

fn remember(platform: &dyn Platform, key: Key<'_>, funnel: Funnel) -> Result<Funnel, Failure> {
    stored::put(platform, key, &Known::of(&funnel), None)?;
    Ok(funnel)
}

fn no_funnel(name: &str, refusal: &Refusal) -> Failure {
    Failure::Rejected(format!("the funnel {name} cannot be made, so its deals wait: {}", words(refusal)))
}

/// What becomes of rows that UIS refuses.
#[derive(Clone, Copy, PartialEq)]
enum Refused {
    /// They are sent again with the next news of whatever they belong to.
    Again,
    /// They are not sent again until they change, and stand under `<prefix>-refused/` so long.
    Remembered,
}

/// A row, its id, and the digest of what it says.
type Row<T> = (String, u64, T);

/// Rows that UIS has already, by what they were: those that are news are sent, and remembered. Gives the ids of those of them that are
/// refused, or were before.
fn send<T>(
    platform: &dyn Platform,
    part: DealPart,
    then: Refused,
    rows: Vec<Row<T>>,
    put: impl FnOnce(&[Row<T>]) -> Result<BTreeSet<String>, Failure>,
) -> Result<BTreeSet<String>, Failure> {
    let mut news: Vec<Row<T>> = Vec::new();
    for row in rows {
        if stored::load::<u64>(platform, Key::DealPart(part, &row.0))? != Some(row.1) {
            news.push(row);
        }
    }
    let mut refused = if news.is_empty() { BTreeSet::new() } else { put(&news)? };
    for (id, content, _) in &news {
        let key = Key::DealPart(part, id);
        match (refused.contains(id), then) {
            (true, Refused::Again) => {
                stored::forget(platform, key)?;
                continue;
            }
            // Before the row counts as known: what is refused must not be named by a deal.
            (true, Refused::Remembered) => stored::put(platform, Key::DealPartRefused(part, id), &true, None)?,
            (false, Refused::Remembered) => stored::forget(platform, Key::DealPartRefused(part, id))?,
            (false, Refused::Again) => {}
        }
        stored::put(platform, key, content, None)?;
    }
    if then == Refused::Remembered {
        refused.extend(stored::names(platform, Family::DealPartsRefused(part)));
    }
    Ok(refused)
}

/// Sees to it that the deals' fields are there; gives those that UIS does not take.
pub fn fields(run: &Run<'_>, known: &[Field]) -> Result<BTreeSet<String>, Failure> {
    let platform = run.context.platform;
    let own = [(draft::SITE_FIELD, "Магазин"), (draft::CURRENCY_FIELD, "Валюта")];
    let mut rows: Vec<UserField> = own
        .iter()
        .map(|(ext_id, name)| UserField { ext_id: (*ext_id).to_owned(), name: (*name).to_owned(), data_type: UserFieldType::Text })
        .collect();
    for code in run.settings.deal_fields() {
        let Some(field) = known.iter().find(|field| field.code == *code) else { continue };
        let name = if field.name.trim().is_empty() { code.clone() } else { crate::base::template::line(&field.name, 255) };
        let data_type = if draft::is_numeric(&field.kind) { UserFieldType::Numeric } else { UserFieldType::Text };
        rows.push(UserField { ext_id: draft::field_ext_id(code), name, data_type });
    }
    let rows = rows.into_iter().map(|row| (row.ext_id.clone(), digest::of(&row), row)).collect();
    send(platform, DealPart::Field, Refused::Remembered, rows, |rows| {
        let mut refused = BTreeSet::new();
        let rows: Vec<UserField> = rows.iter().map(|(_, _, row)| row.clone()).collect();
        run.uis.each(
            &rows,
            SINGLE_ROWS,
            count,
            |part| platform.put_deal_fields(part),
            |row, refusal| {
                refused.insert(row.ext_id.clone());
                run.leave_out(format!("field {} of deals", row.name), words(&refusal));
            },
        )?;
        Ok(refused)
    })
}

fn count<T>(part: &[T]) -> u32 {
    u32::try_from(part.len()).unwrap_or(u32::MAX)
}

/// UIS's id of a CRM user as a deal's employee.
pub fn employee_ext_id(user: i64) -> String {
    format!("user-{user}")
}

/// Sees to it that the employees are there; gives those that UIS does not take.
pub fn employees(run: &Run<'_>, names: &BTreeMap<i64, String>) -> Result<BTreeSet<String>, Failure> {
    let platform = run.context.platform;
    let row = |(user, name): (&i64, &String)| DealEmployee { ext_id: employee_ext_id(*user), name: crate::base::template::line(name, 255) };
    let rows = names.iter().map(row).map(|row| (row.ext_id.clone(), digest::of(&row.name), row)).collect();
    send(platform, DealPart::Employee, Refused::Remembered, rows, |rows| {
        let mut refused = BTreeSet::new();
        let rows: Vec<DealEmployee> = rows.iter().map(|(_, _, row)| row.clone()).collect();
        run.uis.each(
            &rows,
            SINGLE_ROWS,
            count,
            |part| platform.put_deal_employees(part),
            |row, refusal| {
                refused.insert(row.ext_id.clone());
                run.leave_out(format!("employee {} of deals", row.name), words(&refusal));
            },
        )?;
        Ok(refused)
    })
}

/// Sees to it that the contacts are there; gives those that UIS does not take. `created`: when each is said to have been created.
pub fn contacts(run: &Run<'_>, drafts: &[Draft], created: impl Fn(&Draft, &Contact) -> Instant) -> Result<BTreeSet<String>, Failure> {
    let platform = run.context.platform;
    let mut rows: BTreeMap<&str, DealContact> = BTreeMap::new();
    for draft in drafts {
        for contact in &draft.contacts {
            rows.entry(&contact.ext_id).or_insert_with(|| DealContact {
                ext_id: contact.ext_id.clone(),
                name: contact.name.clone(),
                created: created(draft, contact),
                phone_numbers: contact.phones.clone(),
                emails: contact.emails.clone(),
            });
        }
    }
    let content = |row: &DealContact| digest::of(&(&row.name, &row.phone_numbers, &row.emails));
    let rows = rows.into_values().map(|row| (row.ext_id.clone(), content(&row), row)).collect();
    send(platform, DealPart::Contact, Refused::Again, rows, |rows| {
        let mut refused = BTreeSet::new();
        let rows: Vec<DealContact> = rows.iter().map(|(_, _, row)| row.clone()).collect();
        run.uis.each(
            &rows,
            ROWS,
            |_| 1,
            |part| platform.put_deal_contacts(part),
            |row, refusal| {
                refused.insert(row.ext_id.clone());
                run.leave_out(format!("contact {} of deals", row.name), words(&refusal));
            },
        )?;
        Ok(refused)
    })
}
