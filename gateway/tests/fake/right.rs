//! What the gateway in memory answers about events and the audit log.

use futures_util::FutureExt;
use uis_gateway::control::{
    Answer, AuditLogQuery, AuditPage, AuditView, Audits, ControlError, DeadLetterView, Edit, EventDetail, EventPage, EventQuery, EventView,
    Events, IntegrationView, PauseView, ReasonView, Reasons, RedriveReport, RedriveRequest,
};

use super::{Fake, lock};

fn event() -> EventView {
    EventView {
        id: "7/a b".to_owned(),
        integration: "main".to_owned(),
        state: "dead".to_owned(),
        what: "call_session_finished".to_owned(),
        session: Some(5001),
        phone: Some("+7•••••••67".to_owned()),
        received: "2026-11-27T06:00:00Z".to_owned(),
        ended: Some("2026-11-27T06:01:00Z".to_owned()),
        next_attempt: None,
        attempts: 5,
        reason: Some("a trap".to_owned()),
    }
}

impl Events for Fake {
    fn events(&self, query: EventQuery) -> Answer<'_, EventPage> {
        async move {
            let name = query.integration.clone();
            lock(&self.queries).push(query);
            let events: Vec<EventView> =
                vec![event()].into_iter().filter(|found| name.as_ref().is_none_or(|name| *name == found.integration)).collect();
            let next = (!events.is_empty()).then(|| "7.1".to_owned());
            Ok(EventPage { events, next, out_of_time: false })
        }
        .boxed()
    }

    fn event<'a>(&'a self, id: &'a str, reveal: bool) -> Answer<'a, EventDetail> {
        async move {
            let event = event();
            if id != event.id {
                return Err(ControlError::Unknown(format!("there is no event {id}")));
            }
            Ok(EventDetail {
                event,
                delivery_id: Some("main-19c-1".to_owned()),
                ordering_key: Some("phone:+7•••••••67".to_owned()),
                request: None,
                original: None,
                normalised: Some(serde_json::json!({ "revealed": reveal })),
                attempts: Vec::new(),
                not_captured: Some("5 of 5 attempts were not captured".to_owned()),
                audit: Vec::new(),
                remedy: Some("upgrade the plugin".to_owned()),
            })
        }
        .boxed()
    }

    fn reasons(&self, query: EventQuery) -> Answer<'_, Reasons> {
        async move {
            lock(&self.queries).push(query);
            let reason = ReasonView {
                reason: "a trap".to_owned(),
                count: 2,
                integrations: vec!["main".to_owned()],
                types: vec!["call_session_finished".to_owned()],
                oldest: "2026-11-27T06:00:00Z".to_owned(),
                newest: "2026-11-27T07:00:00Z".to_owned(),
                remedy: "upgrade the plugin".to_owned(),
            };
            Ok(Reasons { reasons: vec![reason], out_of_time: false })
        }
        .boxed()
    }

    fn redrive_all(&self, request: RedriveRequest) -> Answer<'_, RedriveReport> {
        async move {
            let report = match (request.preview, request.after.as_deref()) {
                (true, _) => RedriveReport { count: 3, oldest: Some("2026-11-27T06:00:00Z".to_owned()), ..RedriveReport::default() },
                (false, None) => RedriveReport { count: 2, next: Some("7.0".to_owned()), ..RedriveReport::default() },
                (false, Some("7.0")) => RedriveReport { count: 1, ..RedriveReport::default() },
                (false, Some(other)) => return Err(ControlError::Invalid(vec![format!("after: {other}")])),
            };
            lock(&self.redrives).push(request);
            Ok(report)
        }
        .boxed()
    }

    fn edit<'a>(&'a self, id: &'a str, edit: Edit) -> Answer<'a, DeadLetterView> {
        async move {
            lock(&self.edits).push((id.to_owned(), edit));
            Ok(self.letter())
        }
        .boxed()
    }

    fn pause<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        let pause = PauseView { who: "user olga".to_owned(), since: "2026-11-27T06:00:00Z".to_owned() };
        async move { self.change(name, |view| view.held = Some(pause)) }.boxed()
    }

    fn resume<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.change(name, |view| view.held = None) }.boxed()
    }
}

impl Audits for Fake {
    fn audit_log(&self, query: AuditLogQuery) -> Answer<'_, AuditPage> {
        async move {
            let who = uis_gateway::audit::actor();
            let entry = AuditView {
                number: query.before.unwrap_or(8) - 1,
                at: "2026-11-27T06:00:00Z".to_owned(),
                who,
                what: "redrive".to_owned(),
                integration: "main".to_owned(),
                subject: "17".to_owned(),
                detail: String::new(),
                damaged: false,
            };
            Ok(AuditPage { entries: vec![entry], next: None })
        }
        .boxed()
    }

    fn token_changed<'a>(&'a self, name: &'a str, added: bool) -> Answer<'a, ()> {
        async move {
            lock(&self.tokens).push((name.to_owned(), added));
            Ok(())
        }
        .boxed()
    }
}
