//! The audit log as administrators see it.

use futures_util::FutureExt;
use uis_host::clock::instant;

use super::events::time;
use super::{Administrator, Deliverer, store_failed};
use crate::audit::{Act, AuditEntry};
use crate::control::{Answer, AuditLogQuery, AuditPage, AuditView, Audits, ControlError};
use crate::store::{AuditQuery, Audited};

/// Entries of an answer, unless the request says how many.
const ENTRIES: u16 = 100;
/// Most entries of an answer.
const MOST_ENTRIES: u16 = 1000;

/// An entry.
pub fn entry_view(entry: &Audited) -> AuditView {
    AuditView {
        number: entry.number,
        at: instant(entry.at).to_rfc3339(),
        who: entry.who.clone(),
        what: entry.what.clone(),
        integration: entry.integration.clone(),
        subject: entry.subject.clone(),
        detail: entry.detail.clone(),
        damaged: !entry.sound,
    }
}

impl<D: Deliverer> Administrator<D> {
    async fn log(&self, query: AuditLogQuery) -> Result<AuditPage, ControlError> {
        let limit = query.limit.unwrap_or(ENTRIES);
        if limit == 0 || limit > MOST_ENTRIES {
            return Err(ControlError::Invalid(vec![format!("limit: {limit} is not from 1 to {MOST_ENTRIES}")]));
        }
        let from = query.from.as_deref().map(|from| time("from", from)).transpose()?;
        let to = query.to.as_deref().map(|to| time("to", to)).transpose()?;
        let query = AuditQuery { from, to, subject: query.subject, before: query.before };
        let entries = self.0.book().store.audited(query, limit.into()).await.map_err(store_failed)?;
        let next = entries.last().filter(|_| entries.len() == usize::from(limit)).map(|entry| entry.number);
        Ok(AuditPage { entries: entries.iter().map(entry_view).collect(), next })
    }
}

impl<D: Deliverer> Audits for Administrator<D> {
    fn audit_log(&self, query: AuditLogQuery) -> Answer<'_, AuditPage> {
        self.log(query).boxed()
    }

    fn token_changed<'a>(&'a self, name: &'a str, added: bool) -> Answer<'a, ()> {
        let entry = AuditEntry::new(if added { Act::AddToken } else { Act::RemoveToken }).about(name);
        async move { self.0.book().store.audit(entry).await.map_err(store_failed) }.boxed()
    }
}
