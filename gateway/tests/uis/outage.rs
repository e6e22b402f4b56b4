//! A UIS that is away, and sessions that end meanwhile, cost lateness only.

use serde_json::json;
use uis_gateway::uis::Credentials;
use uis_host::bindings::uis::integration::deals::{Deal, DealsError, Funnel, Stage, StageStatus};
use uis_host::clock::Clock;
use uis_host::ports::{DealsApi, Directory, Reports};
use uis_host::suites::samples::NOW;

use super::scripted::{Server, good};
use super::suites::{Fixture, fixture};

const HOUR: i64 = 3_600_000;

fn login() -> Credentials {
    Credentials::Login { name: "api@example.com".to_owned(), password: "p4ss".to_owned().into() }
}

fn funnel() -> Funnel {
    let stage = |ext_id: &str, status, order| Stage { ext_id: ext_id.to_owned(), name: ext_id.to_owned(), status, order };
    let stages = vec![stage("a", StageStatus::InProcess, 1), stage("won", StageStatus::Success, 0), stage("lost", StageStatus::Failed, 0)];
    Funnel { ext_id: "f".to_owned(), name: "Воронка".to_owned(), stages }
}

fn deal() -> Deal {
    Deal {
        ext_id: "order-1".to_owned(),
        name: "Заказ".to_owned(),
        created: NOW - HOUR,
        stage_modified: NOW - HOUR,
        modified: None,
        closed: None,
        funnel_ext_id: "f".to_owned(),
        stage_ext_id: "a".to_owned(),
        contact_ext_ids: Vec::new(),
        employee_ext_id: None,
        revenue: None,
        comments: None,
        source: None,
        communication: None,
        user_fields: Vec::new(),
        page: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_logs_in_again_hour_after_hour() {
    let users = json!([{"login": "api@example.com", "password": "p4ss"}]);
    let Fixture { twin, live, clock } = fixture(json!({"api_users": users, "name": "Магазин"}), login()).await;
    for hour in 0..4 {
        clock.advance_to(NOW + hour * HOUR);
        assert_eq!(live.account().await.name, "Магазин");
        live.tags(0).await.expect("tags");
        // The administrator ends all sessions; the next request begins another one.
        twin.state().sessions = Default::default();
        assert_eq!(live.funnels(0).await.expect("funnels").len(), 0);
    }
    let Fixture { live, .. } = fixture(json!({"api_users": users}), Credentials::Token("no such key".to_owned().into())).await;
    assert!(live.tags(0).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_without_uis_costs_lateness_only() {
    let server = Server::start().await;
    let (live, clock) = server.account(Credentials::Token("k".to_owned().into()));
    assert_eq!(live.employees(0).await.expect("employees").len(), 2);
    server.answers(|_| (502, "<html>Bad Gateway</html>".to_owned()));
    for minute in (10..60).step_by(10) {
        clock.advance_to(NOW + minute * 60_000);
        assert_eq!(live.employees(0).await.expect("the employees of before").len(), 2);
        let waits = live.upload_history(vec![deal()]).await;
        assert!(matches!(waits, Err(DealsError::Busy(after_ms)) if after_ms <= 60_000), "{waits:?}");
        assert!(live.create_funnel(funnel()).await.is_err());
        assert!(live.finished_calls(NOW - HOUR, None, 10).await.is_err());
        let problems = live.client().problems();
        assert!(problems.len() == 1 && problems[0].contains("502"), "the administrator sees why: {problems:?}");
    }
    server.requests();
    server.answers(|request| (200, good(request).to_string()));
    clock.advance_to(clock.now_ms() + 60_000);
    live.upload_history(vec![deal()]).await.expect("it is uploaded");
    live.finished_calls(NOW - HOUR, None, 10).await.expect("the report is there");
    assert_eq!(live.client().problems(), Vec::<String>::new());
    let uploads = server.methods().iter().filter(|method| *method == "upload.deals_history").count();
    assert_eq!(uploads, 1);
}
