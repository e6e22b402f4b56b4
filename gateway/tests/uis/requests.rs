//! What a live account asks of UIS, and what it does not ask twice.

use serde_json::{Value, json};
use uis_gateway::uis::Credentials;
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::bindings::uis::integration::deals::{DealContact, DealsError, StageStatus};
use uis_host::bindings::uis::integration::directory::{DirectoryError, EmployeeFields};
use uis_host::clock::Clock;
use uis_host::ports::{DealsApi, DialError, Dialler, Directory, Reports};
use uis_host::suites::samples::NOW;

use super::scripted::{Server, error, good, token};

fn login() -> Credentials {
    Credentials::Login { name: "api@example.com".to_owned(), password: "p4ss".to_owned().into() }
}

fn order() -> DialOrder {
    DialOrder {
        contact: "79161234567".to_owned(),
        employee_id: 1,
        employee_phone: None,
        virtual_number: "74951112233".to_owned(),
        extension: None,
        virtual_number_rule: None,
        show_virtual_number: true,
        external_id: None,
    }
}

fn contact(name: &str) -> DealContact {
    DealContact { ext_id: "c1".to_owned(), name: name.to_owned(), created: NOW, phone_numbers: Vec::new(), emails: Vec::new() }
}

#[tokio::test]
async fn a_list_is_read_once_and_names_its_columns() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    for _ in 0..3 {
        assert_eq!(account.employees(0).await.expect("employees").iter().map(|one| one.id).collect::<Vec<_>>(), [1, 2]);
    }
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("one request: {requests:?}") };
    assert_eq!((&request["method"], &request["params"]["access_token"]), (&json!("get.employees"), &json!("k3y")));
    assert_eq!(request["params"]["limit"], 10_000);
    assert!(request["params"]["fields"].as_array().expect("columns").contains(&json!("phone_numbers")));
    assert!(account.is_extension("101").await && !account.is_extension("102").await && !account.is_extension("").await);
    assert_eq!(server.methods(), Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_employee_costs_a_request_each_minute_and_a_new_one_is_found() {
    let server = Server::start().await;
    let (account, clock) = server.account(token());
    assert_eq!(account.find_employee(3).await.expect("an answer"), None);
    assert_eq!(server.methods(), ["get.employees"], "the list was read just now");
    clock.advance_to(NOW + 60_000);
    for _ in 0..3 {
        assert_eq!(account.find_employee(3).await.expect("an answer"), None);
    }
    assert_eq!(server.methods(), ["get.employees"]);
    account.create_employee(&fields(Some("Новая"))).await.expect("created");
    assert_eq!(account.find_employee(1).await.expect("an answer").expect("known").last_name, "Иванова");
    assert_eq!(server.methods(), ["create.employees", "get.employees"], "a write outdates the list");
}

fn fields(last_name: Option<&str>) -> EmployeeFields {
    let last_name = last_name.map(str::to_owned);
    EmployeeFields { last_name, first_name: Some("Анна".to_owned()), patronymic: None, email: None, status: None }
}

#[tokio::test]
async fn an_update_is_completed_only_when_uis_asks_for_it() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    account.update_employee(1, &fields(None)).await.expect("updated");
    assert_eq!(server.methods(), ["update.employees"]);
    server.answers(|request| {
        let incomplete = request["method"] == "update.employees" && request["params"]["phone_numbers"].is_null();
        let answer = if incomplete { error(request, -32602, "required_parameter_missed") } else { good(request) };
        (200, answer.to_string())
    });
    account.update_employee(1, &fields(None)).await.expect("updated");
    let requests = server.requests();
    let last = requests.last().expect("a request");
    assert_eq!(last["params"]["last_name"], "Иванова");
    assert_eq!(last["params"]["phone_numbers"], json!([{"phone_number": "79000000101", "status": "active"}]));
    let unknown = account.update_employee(5, &fields(None)).await;
    assert!(matches!(unknown, Err(DirectoryError::Refused((why, _))) if why == "entity_not_found"));
}

#[tokio::test]
async fn an_employee_whose_creation_was_not_answered_is_looked_for() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    server.answers(|_| (502, "<html>".to_owned()));
    let anna = fields(Some("Иванова"));
    assert!(matches!(account.create_employee(&anna).await, Err(DirectoryError::Busy(_))));
    server.requests();
    server.answers(|request| (200, good(request).to_string()));
    assert_eq!(account.create_employee(&anna).await, Ok(1), "UIS had created her");
    assert_eq!(server.methods(), ["get.employees"]);
}

#[tokio::test]
async fn a_session_begins_once_and_is_renewed_a_minute_before_its_end() {
    let server = Server::start().await;
    let (account, clock) = server.account(login());
    account.tags(0).await.expect("tags");
    account.sites(0).await.expect("sites");
    assert_eq!(server.methods(), ["login.user", "get.tags", "get.sites"]);
    clock.advance_to(NOW + 3_600_000 - 60_000);
    account.chat_channels(0).await.expect("channels");
    assert_eq!(server.methods(), ["login.user", "get.chat_channels"]);
}

#[tokio::test]
async fn an_ended_session_is_replaced_once_and_a_fixed_key_is_not_tried_again() {
    let server = Server::start().await;
    let invalid = |request: &Value| {
        let answer = if request["method"] == "login.user" { good(request) } else { error(request, -32001, "access_token_invalid") };
        (200, answer.to_string())
    };
    let (account, _) = server.account(login());
    server.answers(invalid);
    let refused = account.tags(0).await;
    assert!(matches!(refused, Err(DirectoryError::Refused((why, _))) if why == "access_token_invalid"));
    assert_eq!(server.methods(), ["login.user", "get.tags", "login.user", "get.tags"]);
    let (account, _) = server.account(token());
    assert!(account.tags(0).await.is_err());
    assert_eq!(server.methods(), ["get.tags"]);
    assert!(account.client().problems()[0].contains("access_token_invalid"));
}

#[tokio::test]
async fn a_refused_login_is_not_repeated_for_a_minute() {
    let server = Server::start().await;
    server.answers(|request| (200, error(request, -32001, "auth_error").to_string()));
    let (account, clock) = server.account(login());
    for _ in 0..3 {
        assert!(matches!(account.delete_deal("d").await, Err(DealsError::Busy(_))), "a deal is not given up");
    }
    assert_eq!(server.methods(), ["login.user"]);
    clock.advance_to(NOW + 60_000);
    assert!(account.delete_deal("d").await.is_err());
    assert_eq!(server.methods(), ["login.user"]);
}

/// An answer after which so many points of the minute are left.
fn with_points(request: &Value, remaining: i64) -> (u16, String) {
    let mut answer = good(request);
    answer["result"]["metadata"]["limits"] = json!({"minute_limit": 60, "minute_remaining": remaining, "minute_reset": 20,
        "day_limit": 3000, "day_remaining": 2000, "day_reset": 9000});
    (200, answer.to_string())
}

#[tokio::test]
async fn without_points_nothing_is_asked_and_lists_to_choose_from_leave_some() {
    let server = Server::start().await;
    let (account, clock) = server.account(token());
    server.answers(|request| with_points(request, 5));
    account.delete_deal("d").await.expect("deleted");
    assert_eq!(account.tags(0).await, Err(DirectoryError::Busy(20_000)), "six points are kept for work");
    server.answers(|request| with_points(request, 0));
    account.delete_deal("d").await.expect("deleted");
    server.methods();
    assert!(matches!(account.delete_deal("d").await, Err(DealsError::Busy(20_000))));
    assert!(matches!(account.put_contacts(Vec::new()).await, Err(DealsError::Busy(20_000))));
    assert_eq!(server.methods(), Vec::<String>::new());
    clock.advance_to(NOW + 20_000);
    account.delete_deal("d").await.expect("deleted");
}

#[tokio::test]
async fn a_contact_is_written_only_when_it_differs() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    account.put_contacts(vec![contact("Анна")]).await.expect("created");
    assert_eq!(server.methods(), ["get.account", "get.deal_contacts", "create.deal_contacts"]);
    server.answers(|request| {
        let mut answer = good(request);
        if request["method"] == "get.deal_contacts" {
            answer["result"]["data"] =
                json!([{"ext_id": "c1", "name": "Анна", "created_date_time": "2026-11-23 10:00:00", "phone_numbers": null}]);
        }
        (200, answer.to_string())
    });
    let anna = DealContact { created: 1_795_417_200_500, ..contact("Анна") };
    account.put_contacts(vec![anna.clone(), anna.clone()]).await.expect("nothing to do");
    assert_eq!(server.methods(), ["get.deal_contacts"]);
    account.put_contacts(vec![DealContact { name: "Мария".to_owned(), ..anna }]).await.expect("updated");
    assert_eq!(server.methods(), ["get.deal_contacts", "update.deal_contacts"]);
}

#[tokio::test]
async fn a_funnel_s_stage_is_renamed_by_its_own_method() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    let mut funnel = account.funnels(0).await.expect("funnels").remove(0);
    assert_eq!(funnel.stages.iter().filter(|stage| stage.status == StageStatus::InProcess).count(), 1);
    funnel.stages[0].name = "Иначе".to_owned();
    account.update_funnel(funnel).await.expect("changed");
    assert_eq!(server.methods(), ["get.sales_funnel", "get.sales_funnel", "update.sales_funnel_stages"]);
}

#[tokio::test]
async fn reports_are_asked_for_by_the_beginning_and_what_cannot_be_read_is_left_out() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    server.answers(|request| {
        let mut answer = good(request);
        if request["method"] == "get.calls_report" {
            let call = |id: Value, finish: &str| json!({"id": id, "finish_time": finish, "contact_phone_number": "101", "direction": "in"});
            answer["result"]["data"] = json!([
                call(json!(3), "2026-11-23 10:00:02"),
                call(json!(null), "2026-11-23 10:00:01"),
                call(json!(2), "2026-11-23 10:00:01")
            ]);
        }
        (200, answer.to_string())
    });
    let since = 1_795_417_200_000;
    let (calls, next) = account.finished_calls(since, None, 10).await.expect("calls");
    assert_eq!(calls.iter().map(|call| (call.call.session_id, call.call.is_internal)).collect::<Vec<_>>(), [(2, true), (3, true)]);
    assert_eq!(next, None);
    let requests = server.requests();
    let report = requests.iter().find(|request| request["method"] == "get.calls_report").expect("a report");
    assert_eq!(report["params"]["date_from"], "2026-11-22 22:00:00", "twelve hours before");
    assert_eq!(report["params"]["sort"], json!([{"field": "start_time", "order": "asc"}]));
}

#[tokio::test]
async fn columns_that_uis_does_not_give_cost_the_list_nothing_else() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    server.answers(|request| {
        let answer = if request["params"]["fields"].is_null() { good(request) } else { error(request, -32602, "unexpected_parameters") };
        (200, answer.to_string())
    });
    assert_eq!(account.tags(0).await.expect("tags").len(), 1);
}

#[tokio::test]
async fn an_account_without_a_component_has_empty_lists_or_those_of_its_numbers() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    server.answers(|request| {
        let answer = match request["method"].as_str().unwrap_or_default() {
            "get.sites" | "get.campaigns" => error(request, -32602, "method_component_disabled"),
            "get.scenarios" => error(request, -32601, "method_not_found"),
            "get.chat_channels" | "get.chats_report" => error(request, -32008, "method_component_disabled"),
            _ => good(request),
        };
        (200, answer.to_string())
    });
    assert_eq!(account.sites(0).await.expect("sites").iter().map(|site| site.id).collect::<Vec<_>>(), [4, 6]);
    assert_eq!(account.campaigns(0).await.expect("campaigns").iter().map(|one| one.id).collect::<Vec<_>>(), [3]);
    assert_eq!(account.scenarios(0).await.expect("scenarios").iter().map(|one| one.id).collect::<Vec<_>>(), [9]);
    assert_eq!(account.chat_channels(0).await, Ok(Vec::new()));
    assert_eq!(account.finished_chats(NOW, None, 10).await.expect("chats").0.len(), 0);
}

#[tokio::test]
async fn before_uis_has_answered_the_account_is_the_configured_one() {
    let server = Server::start().await;
    server.answers(|_| (503, String::new()));
    let (account, clock) = server.account(token());
    let described = account.account().await;
    assert_eq!((described.app_id, described.name.as_str(), described.timezone.as_str()), (0, "", "Europe/Moscow"));
    assert!(!account.is_extension("101").await);
    server.answers(|request| (200, good(request).to_string()));
    clock.advance_to(clock.now_ms() + 10_000);
    assert_eq!(account.account().await.name, "Магазин");
    assert!(account.is_extension("101").await);
    server.answers(|_| (503, String::new()));
    clock.advance_to(clock.now_ms() + 7_200_000);
    assert_eq!(account.account().await.name, "Магазин", "what was known last");
    assert!(account.is_extension("101").await);
}

#[tokio::test]
async fn a_call_is_started_once_and_an_unusable_answer_is_no_refusal() {
    let server = Server::start().await;
    let (account, _) = server.account(token());
    assert_eq!(account.start_call("order-1", &order()).await, Ok(()));
    let requests = server.requests();
    assert_eq!((&requests[0]["params"]["external_id"], &requests[0]["params"]["direction"]), (&json!("order-1"), &json!("out")));
    for (code, mnemonic) in [(-32602, "no_active_phone_number"), (-32007, "virtual_phone_number_not_found"), (-32029, "limit_exceeded")] {
        server.answers(move |request| (200, error(request, code, mnemonic).to_string()));
        let (account, _) = server.account(token());
        let refused = account.start_call("order-2", &order()).await;
        assert!(matches!(&refused, Err(DialError::Refused(why, _)) if why == mnemonic), "{refused:?}");
    }
    for script in [(502, "<html>".to_owned()), (200, "{\"jsonrpc\":".to_owned())] {
        server.answers(move |_| script.clone());
        let (account, _) = server.account(token());
        assert!(matches!(account.start_call("order-3", &order()).await, Err(DialError::OutcomeUnknown(_))));
    }
}
