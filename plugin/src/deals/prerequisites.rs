//! What must exist in UIS before a deal: its funnel, fields, assignee and contacts. Each is sent once, and again when it changed.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{self, Contact, Draft};
use super::funnels::{self, Stages};
use super::uis_calls::{RECORDS_MAX, describe_refusal};
use crate::base::keys::{DealPrerequisite, Family, Key};
use crate::base::{digest, stored};
use crate::bindings::uis::integration::deals::{DealContact, DealEmployee, Funnel, Refusal, Stage, StageStatus, UserField, UserFieldType};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::deals::run::Run;
use crate::platform::Platform;
use crate::retailcrm::custom_fields::Field;
use crate::settings::Settings;

/// The funnel of «Дефолтная воронка».
const DEFAULT_FUNNEL: (&str, &str) = ("default", "RetailCRM");
/// Records per call where UIS counts each record as a call.
const SINGLE_RECORDS: usize = 20;

/// A funnel as it is stored.
#[derive(serde::Serialize, serde::Deserialize, Default, PartialEq, Clone)]
struct StoredFunnel {
    name: String,
    /// Id, title, meaning (`p`, `s`, `f`), position.
    stages: Vec<(String, String, char, u32)>,
}

impl StoredFunnel {
    fn of(funnel: &Funnel) -> StoredFunnel {
        let letter = |status: StageStatus| match status {
            StageStatus::InProcess => 'p',
            StageStatus::Success => 's',
            StageStatus::Failed => 'f',
        };
        let stages = funnel.stages.iter().map(|stage| (stage.ext_id.clone(), stage.name.clone(), letter(stage.status), stage.order));
        StoredFunnel { name: funnel.name.clone(), stages: stages.collect() }
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

/// How many refused versions of a funnel are stored.
const REFUSED_MAX: usize = 8;

/// The id and title of the funnel for a shop's deals.
pub fn funnel_of(settings: &Settings, site: &str, title: &str) -> (String, String) {
    if settings.deal_default_funnel {
        return (DEFAULT_FUNNEL.0.to_owned(), DEFAULT_FUNNEL.1.to_owned());
    }
    let title = if site.is_empty() { "Без магазина" } else { title };
    (format!("shop-{site}"), title.to_owned())
}

/// The ids of our funnels in UIS.
pub fn known_funnels(platform: &dyn Platform) -> Vec<String> {
    stored::names(platform, Family::DealFunnels)
}

/// Makes sure that a funnel exists with its stages, and returns it as it is in UIS. UIS may require that stages which deals were in are
/// kept.
pub fn funnel(run: &Run<'_>, (ext_id, name): &(String, String), stages: &Stages, used_statuses: &[String]) -> Result<Funnel, Failure> {
    let (platform, uis) = (run.context.platform, &run.uis);
    let key = Key::DealFunnel(ext_id);
    let wanted = funnels::funnel(ext_id, name, stages);
    let Some(known) = stored::load::<StoredFunnel>(platform, key)? else {
        return match uis.call(1, || platform.create_funnel(&run.ids.funnel(&wanted)))? {
            Ok(()) => remember(platform, key, wanted),
            // The funnel exists in UIS, but its state is not stored here.
            Err(refusal) if refusal.mnemonic == "duplicate_entity" => {
                match uis.call(1, || platform.update_funnel(&run.ids.funnel(&wanted)))? {
                    Ok(()) => remember(platform, key, wanted),
                    Err(refusal) => Err(no_funnel(name, &refusal)),
                }
            }
            Err(refusal) => Err(no_funnel(name, &refusal)),
        };
    };
    // Stages that orders were in are kept. UIS also moves deals through the stages in between, so if it refuses the update, all other
    // stages are kept, too.
    let before = known.funnel(ext_id);
    let with = |used: &dyn Fn(&str) -> bool| {
        let mut wanted = wanted.clone();
        funnels::keep_used_stages(&mut wanted, &before, used);
        wanted
    };
    let refused_key = Key::DealFunnelRefused(ext_id);
    let mut refused: Vec<u64> = stored::load(platform, refused_key)?.unwrap_or_default();
    let mut new_refusal = None;
    for wanted in [with(&|status| used_statuses.iter().any(|known| known == status)), with(&|_| true)] {
        if known == StoredFunnel::of(&wanted) {
            return Ok(wanted);
        }
        // UIS would refuse the same version again, and the refusal was reported.
        let content = digest::of(&wanted);
        if refused.contains(&content) {
            continue;
        }
        match uis.call(1, || platform.update_funnel(&run.ids.funnel(&wanted)))? {
            Ok(()) => return remember(platform, key, wanted),
            Err(refusal) => {
                refused.push(content);
                let older = refused.len().saturating_sub(REFUSED_MAX);
                refused.drain(..older);
                stored::put(platform, refused_key, &refused, None)?;
                new_refusal = Some(refusal);
            }
        }
    }
    if let Some(refusal) = new_refusal {
        run.leave_out(format!("stages of the funnel {name}"), format!("{}; the earlier stages are kept", describe_refusal(&refusal)));
    }
    Ok(before)
}

fn remember(platform: &dyn Platform, key: Key<'_>, funnel: Funnel) -> Result<Funnel, Failure> {
    stored::put(platform, key, &StoredFunnel::of(&funnel), None)?;
    Ok(funnel)
}

fn no_funnel(name: &str, refusal: &Refusal) -> Failure {
    Failure::Rejected(format!("the funnel {name} cannot be created, so its deals wait: {}", describe_refusal(refusal)))
}

/// What happens with records that UIS refuses.
#[derive(Clone, Copy, PartialEq)]
enum OnRefusal {
    /// They are sent again with the next deals that need them.
    SendAgain,
    /// They are not sent again until they change, and are listed under `<prefix>-refused/` until then.
    Remember,
}

/// A record with its id and the digest of its content.
type Record<T> = (String, u64, T);

/// Uploads the records that are new or changed, and stores their digests. Returns the ids of the records that UIS refuses, now or in an
/// earlier run.
fn send<T>(
    platform: &dyn Platform,
    kind: DealPrerequisite,
    on_refusal: OnRefusal,
    records: Vec<Record<T>>,
    upload: impl FnOnce(&[Record<T>]) -> Result<BTreeSet<String>, Failure>,
) -> Result<BTreeSet<String>, Failure> {
    let mut changed: Vec<Record<T>> = Vec::new();
    for record in records {
        if stored::load::<u64>(platform, Key::DealPrerequisite(kind, &record.0))? != Some(record.1) {
            changed.push(record);
        }
    }
    let mut refused = if changed.is_empty() { BTreeSet::new() } else { upload(&changed)? };
    for (id, content, _) in &changed {
        let key = Key::DealPrerequisite(kind, id);
        match (refused.contains(id), on_refusal) {
            (true, OnRefusal::SendAgain) => {
                stored::forget(platform, key)?;
                continue;
            }
            // Store the refusal before the digest: a deal must not refer to a refused record.
            (true, OnRefusal::Remember) => stored::put(platform, Key::DealPrerequisiteRefused(kind, id), &true, None)?,
            (false, OnRefusal::Remember) => stored::forget(platform, Key::DealPrerequisiteRefused(kind, id))?,
            (false, OnRefusal::SendAgain) => {}
        }
        stored::put(platform, key, content, None)?;
    }
    if on_refusal == OnRefusal::Remember {
        refused.extend(stored::names(platform, Family::DealPrerequisitesRefused(kind)));
    }
    Ok(refused)
}

/// Makes sure that the deals' fields exist in UIS; returns the ids of those that UIS refuses.
pub fn fields(run: &Run<'_>, known: &[Field]) -> Result<BTreeSet<String>, Failure> {
    let platform = run.context.platform;
    let own = [(draft::SITE_FIELD, "Магазин"), (draft::CURRENCY_FIELD, "Валюта")];
    let mut records: Vec<UserField> = own
        .iter()
        .map(|(ext_id, name)| UserField { ext_id: (*ext_id).to_owned(), name: (*name).to_owned(), data_type: UserFieldType::Text })
        .collect();
    for code in run.settings.deal_fields() {
        let Some(field) = known.iter().find(|field| field.code == *code) else { continue };
        let name = if field.name.trim().is_empty() { code.clone() } else { crate::base::template::line(&field.name, 255) };
        let data_type = if draft::is_numeric(&field.kind) { UserFieldType::Numeric } else { UserFieldType::Text };
        records.push(UserField { ext_id: draft::field_ext_id(code), name, data_type });
    }
    let records = records.into_iter().map(|record| (record.ext_id.clone(), digest::of(&record), record)).collect();
    send(platform, DealPrerequisite::Field, OnRefusal::Remember, records, |records| {
        let mut refused = BTreeSet::new();
        let records: Vec<UserField> = records.iter().map(|(_, _, record)| record.clone()).collect();
        run.uis.send_each(
            &records,
            SINGLE_RECORDS,
            count,
            |batch| platform.put_deal_fields(&run.ids.fields(batch)),
            |record, refusal| {
                refused.insert(record.ext_id.clone());
                run.leave_out(format!("field {} of deals", record.name), describe_refusal(&refusal));
            },
        )?;
        Ok(refused)
    })
}

fn count<T>(batch: &[T]) -> u32 {
    u32::try_from(batch.len()).unwrap_or(u32::MAX)
}

/// UIS's id of a CRM user as a deal's employee.
pub fn employee_ext_id(user: i64) -> String {
    format!("user-{user}")
}

/// Makes sure that the employees exist in UIS; returns the ids of those that UIS refuses.
pub fn employees(run: &Run<'_>, names: &BTreeMap<i64, String>) -> Result<BTreeSet<String>, Failure> {
    let platform = run.context.platform;
    let record =
        |(user, name): (&i64, &String)| DealEmployee { ext_id: employee_ext_id(*user), name: crate::base::template::line(name, 255) };
    let records = names.iter().map(record).map(|record| (record.ext_id.clone(), digest::of(&record.name), record)).collect();
    send(platform, DealPrerequisite::Employee, OnRefusal::Remember, records, |records| {
        let mut refused = BTreeSet::new();
        let records: Vec<DealEmployee> = records.iter().map(|(_, _, record)| record.clone()).collect();
        run.uis.send_each(
            &records,
            SINGLE_RECORDS,
            count,
            |batch| platform.put_deal_employees(&run.ids.employees(batch)),
            |record, refusal| {
                refused.insert(record.ext_id.clone());
                run.leave_out(format!("employee {} of deals", record.name), describe_refusal(&refusal));
            },
        )?;
        Ok(refused)
    })
}

/// Makes sure that the contacts exist in UIS; returns the ids of those that UIS refuses. `created` gives a contact's creation time.
pub fn contacts(run: &Run<'_>, drafts: &[Draft], created: impl Fn(&Draft, &Contact) -> Instant) -> Result<BTreeSet<String>, Failure> {
    let platform = run.context.platform;
    let mut records: BTreeMap<&str, DealContact> = BTreeMap::new();
    for draft in drafts {
        for contact in &draft.contacts {
            records.entry(&contact.ext_id).or_insert_with(|| DealContact {
                ext_id: contact.ext_id.clone(),
                name: contact.name.clone(),
                created: created(draft, contact),
                phone_numbers: contact.phones.clone(),
                emails: contact.emails.clone(),
            });
        }
    }
    let content = |record: &DealContact| digest::of(&(&record.name, &record.phone_numbers, &record.emails));
    let records = records.into_values().map(|record| (record.ext_id.clone(), content(&record), record)).collect();
    send(platform, DealPrerequisite::Contact, OnRefusal::SendAgain, records, |records| {
        let mut refused = BTreeSet::new();
        let records: Vec<DealContact> = records.iter().map(|(_, _, record)| record.clone()).collect();
        run.uis.send_each(
            &records,
            RECORDS_MAX,
            |_| 1,
            |batch| platform.put_deal_contacts(&run.ids.contacts(batch)),
            |record, refusal| {
                refused.insert(record.ext_id.clone());
                run.leave_out(format!("contact {} of deals", record.name), describe_refusal(&refusal));
            },
        )?;
        Ok(refused)
    })
}
