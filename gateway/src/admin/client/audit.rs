//! The audit log.

use futures_util::FutureExt;

use super::{Client, encoded, with_query};
use crate::admin::wire::Noted;
use crate::control::{Answer, AuditLogQuery, AuditPage, Audits};

impl Audits for Client {
    fn audit_log(&self, query: AuditLogQuery) -> Answer<'_, AuditPage> {
        async move { self.get(&with_query("/v1/audit", &query)).await }.boxed()
    }

    fn token_changed<'a>(&'a self, name: &'a str, added: bool) -> Answer<'a, ()> {
        let change = if added { "added" } else { "removed" };
        async move { self.post::<Noted>(&format!("/v1/audit/tokens/{}/{change}", encoded(name))).await.map(drop) }.boxed()
    }
}
