//! An account that answers within the process.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::sync::Arc;

use serde_json::{Value, json};
use uis_host::clock::{Clock, VirtualClock, instant};
use uis_simulator::server::TwinServer;
use uis_simulator::shapes::Api;
use uis_simulator::{Account, SimulatedAccount};

/// The present of the tests: 2026-11-23, 10:00 in Moscow.
pub const NOW: i64 = 1_795_417_200_000;

/// An account, its server and its clock.
pub struct Served {
    /// The account.
    pub account: Arc<SimulatedAccount>,
    /// The server.
    pub server: TwinServer,
    /// The clock.
    pub clock: Arc<VirtualClock>,
}

/// An account with these members.
pub fn served(members: Value) -> Served {
    let clock = Arc::new(VirtualClock::at(instant(NOW)));
    let account = Account::read(&members).expect("an account");
    let account = Arc::new(SimulatedAccount::new(account, clock.clone()));
    Served { server: TwinServer::new(account.clone(), clock.clone()), account, clock }
}

/// A small company: two employees, two numbers.
pub fn company() -> Served {
    served(json!({
        "app_id": 10042,
        "name": "Магазин",
        "employees": [
            {"id": 31001, "last_name": "Иванова", "first_name": "Анна", "email": "ivanova@example.ru",
             "phone_numbers": [{"phone_number": "79000000101", "status": "active"}, {"phone_number": "79000000102", "status": "inactive"}],
             "extension": {"extension_phone_number": "101"},
             "sip_lines": [{"virtual_phone_number": "74950000101", "registered": true}]},
            {"id": 31002, "last_name": "Кузнецов", "first_name": "Олег", "groups": [{"group_id": 4101, "group_name": "Отдел продаж"}]},
        ],
        "virtual_numbers": [
            {"id": 501, "virtual_phone_number": "74950000101", "name": "Основной", "scenarios": [{"scenario_id": 9001, "scenario_name": "Входящие"}]},
            {"id": 502, "virtual_phone_number": "74950000102", "status": "limit_lock"},
        ],
        "scenarios": [{"scenario_id": 9001, "scenario_name": "Входящие"}],
        "campaigns": [{"campaign_id": 3001, "campaign_name": "Наружная реклама"}],
        "sites": [{"site_id": 2001, "site_domain_name": "shop.example"}],
        "tags": [{"id": 88, "name": "Нецелевой"}],
        "black_list": ["79000000666"],
        "media_files": [2701],
    }))
}

impl Served {
    /// Asks a method, with a token unless the parameters have one.
    pub fn ask(&self, api: Api, method: &str, params: Value) -> Value {
        let mut whole = json!({"access_token": "token"});
        for (name, value) in params.as_object().expect("parameters") {
            whole[name] = value.clone();
        }
        let request = json!({"jsonrpc": "2.0", "id": "req-1", "method": method, "params": whole});
        self.server.twin().answer(api, request.to_string().as_bytes(), None)
    }

    /// Asks a method of the Data API, which must succeed, for its data.
    pub fn data(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(Api::Data, method, params);
        assert!(answer.get("result").is_some(), "{method}: {answer}");
        answer["result"]["data"].clone()
    }

    /// Asks a method of the Data API, which must be refused, for the mnemonic and the field.
    pub fn refused(&self, method: &str, params: Value) -> (String, String) {
        refusal(&self.ask(Api::Data, method, params))
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.clock.advance_to(self.clock.now_ms() + ms);
    }
}

/// The mnemonic and the field of an answer; empty when it has none.
pub fn refusal(answer: &Value) -> (String, String) {
    let data = &answer["error"]["data"];
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    (text("mnemonic"), text("field"))
}
