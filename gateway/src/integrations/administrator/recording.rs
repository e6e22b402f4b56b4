//! What a recording from life needs of an integration: its account as a header has it, and what the administrator did, stored among the
//! requests with its time.

use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use uis_host::bindings::exports::uis::integration::setup::CallbackRole;
use uis_host::integration::UisAccount;
use uis_host::ports::{IntegrationState, Store};

use super::{Administrator, Deliverer, store_failed};
use crate::audit::{Act, AuditEntry};
use crate::control::export::{Exports, RecordedCallback, RecordedRole, RecordingSubject};
use crate::control::{Answer, ControlError};
use crate::integrations::record::{Record, StoredAccount};
use crate::requests::Kind;
use crate::store::NewRequest;

/// Members of an account's file that are no part of a recording: its secrets, and who may use its APIs.
const SECRETS: [&str; 4] = ["client_id", "api_keys", "api_users", "api_ip_allowed"];

impl<D: Deliverer> Administrator<D> {
    /// Stores what the administrator does, so that a recording has it at its time. It is stored before anything follows from it.
    pub(super) fn did(&self, name: &str, kind: Kind, what: &str, body: &Value) {
        let book = self.0.book();
        book.store.receive(NewRequest {
            owner: name.to_owned(),
            at: book.workshop.clock.now_ms(),
            kind: kind.name().to_owned(),
            what: what.to_owned(),
            method: String::new(),
            query: String::new(),
            content_type: Some("application/json".to_owned()),
            body: body.to_string().into_bytes(),
        });
    }

    /// Stores that an integration is switched on or off.
    pub(super) async fn did_switch(&self, name: &str, kind: Kind) -> Result<(), ControlError> {
        let before = self.0.book().store.state(name).await.map_err(store_failed)? != IntegrationState::Inactive;
        self.did(name, kind, "", &json!({ "before": before }));
        Ok(())
    }

    /// Stores that settings were saved; if they are the same, something else was saved, after which an active integration is activated again.
    pub(super) async fn did_save(&self, before: &Record, after: &Record) -> Result<(), ControlError> {
        if (&before.settings, &before.settings_version) != (&after.settings, &after.settings_version) {
            let body = json!({
                "settings": after.settings, "settings-version": after.settings_version,
                "before": { "settings": before.settings, "settings-version": before.settings_version },
            });
            self.did(&after.name, Kind::Settings, "", &body);
        } else if self.0.book().store.state(&after.name).await.map_err(store_failed)? != IntegrationState::Inactive {
            self.did_switch(&after.name, Kind::Activate).await?;
        }
        Ok(())
    }

    async fn subject(&self, name: &str) -> Result<RecordingSubject, ControlError> {
        let book = self.0.book();
        let record = book.find(name).await?;
        let workshop = &book.workshop;
        let account = match &record.account {
            StoredAccount::File(path) => {
                let open = workshop.accounts.open(path, &workshop.clock).map_err(ControlError::Failed)?;
                let mut account = serde_json::to_value(&open.account.state().account).unwrap_or_default();
                if let Some(members) = account.as_object_mut() {
                    members.retain(|member, _| !SECRETS.contains(&member.as_str()));
                }
                account
            }
            StoredAccount::Live(_) => {
                let built = workshop.build(&record, &book.store).await.map_err(ControlError::Failed)?;
                described(&built.integration.account, &built.zone.to_string()).await?
            }
        };
        let about = workshop.plugin.description();
        let callbacks = about.callbacks.iter().map(|need| RecordedCallback {
            name: need.name.clone(),
            role: match need.role {
                CallbackRole::MakeCall => RecordedRole::ClickToCall,
                CallbackRole::OrderWebhook => RecordedRole::OrderWebhook,
                CallbackRole::Callback => RecordedRole::Callback,
            },
            secret_parameter: need.secret_parameter.clone(),
        });
        Ok(RecordingSubject {
            active: book.store.state(name).await.map_err(store_failed)? != IntegrationState::Inactive,
            account,
            base_url: record.connections.values().next().map(|connection| connection.url.as_str().trim_end_matches('/').to_owned()),
            public_url: workshop.public_url.clone(),
            callbacks: callbacks.collect(),
            store: book.store.path().to_owned(),
            settings: record.settings,
            settings_version: record.settings_version,
            name: record.name,
        })
    }
}

/// All rows of a paged list.
macro_rules! all {
    ($page:expr) => {{
        let mut all = Vec::new();
        loop {
            let page = $page(u32::try_from(all.len()).unwrap_or(u32::MAX)).await;
            let page =
                page.map_err(|error| ControlError::Failed(format!("UIS did not give its lists, which the header has: {error:?}")))?;
            if page.is_empty() {
                break all;
            }
            all.extend(page);
        }
    }};
}

/// A live account in the form of a recording's header, by the Data API's names.
async fn described(account: &UisAccount, zone: &str) -> Result<Value, ControlError> {
    let directory = &account.directory;
    let about = directory.account().await;
    let lines = all!(|offset| directory.lines(offset));
    let employees: Vec<Value> = all!(|offset| directory.employees(offset))
        .into_iter()
        .map(|employee| {
            let own = lines.iter().filter(|line| line.employee_id == employee.id).map(|line| {
                json!({
                    "virtual_phone_number": line.virtual_number, "registered": line.registered, "virtual_phone_usage_rule": line.usage_rule,
                })
            });
            let phones = employee
                .phones
                .iter()
                .map(|phone| json!({ "phone_number": phone.number, "status": if phone.active { "active" } else { "inactive" } }));
            json!({
                "id": employee.id, "last_name": employee.last_name, "first_name": employee.first_name, "patronymic": employee.patronymic,
                "full_name": employee.full_name, "email": employee.email, "status": employee.status,
                "extension": employee.extension.map(|number| json!({ "extension_phone_number": number })),
                "phone_numbers": phones.collect::<Vec<_>>(), "sip_lines": own.collect::<Vec<_>>(), "licences": employee.licences,
            })
        })
        .collect();
    let status = |active: bool| if active { "active" } else { "inactive" };
    let numbers = all!(|offset| directory.virtual_numbers(offset)).into_iter();
    let numbers =
        numbers.map(|row| json!({ "id": row.id, "virtual_phone_number": row.number, "name": row.name, "status": status(row.active) }));
    let channels = all!(|offset| directory.chat_channels(offset)).into_iter();
    let channels = channels.map(|row| json!({ "id": row.id, "name": row.name, "type": row.kind, "status": status(row.active) }));
    let sites =
        all!(|offset| directory.sites(offset)).into_iter().map(|row| json!({ "id": row.id, "domain_name": row.domain, "name": row.name }));
    let tags = all!(|offset| directory.tags(offset)).into_iter().map(|row| json!({ "id": row.id, "name": row.name }));
    let scenarios = all!(|offset| directory.scenarios(offset)).into_iter().map(|row| json!({ "id": row.id, "name": row.name }));
    let campaigns = all!(|offset| directory.campaigns(offset)).into_iter().map(|row| json!({ "id": row.id, "name": row.name }));
    let sources = all!(|offset| directory.sources(offset)).into_iter().map(|row| json!({ "id": row.id, "name": row.name }));
    let mut described = Map::new();
    let lists = [
        ("employees", employees),
        ("virtual_numbers", numbers.collect()),
        ("chat_channels", channels.collect()),
        ("sites", sites.collect()),
        ("tags", tags.collect()),
        ("scenarios", scenarios.collect()),
        ("campaigns", campaigns.collect()),
        ("sources", sources.collect::<Vec<_>>()),
    ];
    described.extend([
        ("app_id".to_owned(), about.app_id.into()),
        ("name".to_owned(), about.name.into()),
        ("timezone".to_owned(), zone.into()),
        ("extensions".to_owned(), about.extensions.into()),
    ]);
    described.extend(about.workplace_url.map(|url| ("workplace_url".to_owned(), url.into())));
    described.extend(lists.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, rows)| (name.to_owned(), rows.into())));
    Ok(described.into())
}

impl<D: Deliverer> Exports for Administrator<D> {
    fn recording_subject<'a>(&'a self, name: &'a str, plain: bool) -> Answer<'a, RecordingSubject> {
        async move {
            let subject = self.subject(name).await?;
            let how = if plain { "plain: with personal data" } else { "masked" };
            self.0.book().store.audit(AuditEntry::new(Act::Export).of(name).with(how)).await.map_err(store_failed)?;
            Ok(subject)
        }
        .boxed()
    }
}
