//! The calls, as UIS sends them, and the RetailCRM account that they meet. Equal seeds make equal calls.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Moscow;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// The key of the RetailCRM account.
pub const KEY: &str = "peers-key-0123456789abcdefghijkl";
/// How many people call; a person calls several times.
const PEOPLE: u64 = 600;
/// How many of them RetailCRM knows.
const KNOWN: u64 = 300;
/// The company's number.
const NUMBER: &str = "74951112233";
/// The UIS employees of `account.json`.
const EMPLOYEES: [i64; 2] = [323_409, 323_410];
/// The call session id before the first.
const BEFORE_FIRST: i64 = 900_000_000;

/// A call: a routing request, and then the notifications about its end.
#[derive(Debug, Clone)]
pub struct Call {
    /// UIS's id of the call.
    pub session: i64,
    /// The query of the routing request.
    pub route: String,
    /// The notifications, in order: their names and bodies.
    pub notifications: Vec<(&'static str, String)>,
}

/// Everything that is sent to a contestant, and what must come of it.
#[derive(Debug)]
pub struct Workload {
    /// The calls by the connection that sends them. A person's calls are on one connection, so that their order is the same for everybody.
    pub connections: Vec<Vec<Call>>,
    /// The account of RetailCRM's simulator.
    pub account: Value,
    /// How many calls the history must have at the end.
    pub calls: usize,
    /// How many tasks there must be at the end: one for each person who missed somebody, because no task is ever completed.
    pub tasks: usize,
}

impl Workload {
    /// Calls that ended in the hour before `now`: answered and missed ones by turns.
    pub fn new(calls: usize, concurrency: usize, seed: u64, now: DateTime<Utc>) -> Workload {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut connections = vec![Vec::new(); concurrency.max(1)];
        let mut missed = BTreeSet::new();
        let from = now - TimeDelta::hours(1);
        for index in 0..calls {
            let person = random.next_u64() % PEOPLE;
            let employee = EMPLOYEES[(random.next_u64() % 2) as usize];
            let seconds = i64::try_from(random.next_u64() % 600).unwrap_or(0);
            let began = from + TimeDelta::milliseconds(i64::try_from(index * 1_800_000 / calls).unwrap_or(0));
            let connection = usize::try_from(person).unwrap_or(0) % connections.len();
            let session = BEFORE_FIRST + i64::try_from(index).unwrap_or(0);
            let is_missed = index % 2 == 1;
            if is_missed {
                missed.insert(person);
            }
            connections[connection].push(call(session, person, began, if is_missed { None } else { Some(1 + seconds) }, employee));
        }
        Workload { connections, account: account(), calls, tasks: missed.len() }
    }
}

fn phone(person: u64) -> String {
    format!("7916{:07}", 1_000_003 + person * 7919)
}

/// A phone as people type it, in one of three ways.
fn typed(person: u64) -> String {
    let digits = phone(person);
    let (code, rest) = (&digits[1..4], &digits[4..]);
    match person % 3 {
        0 => digits.clone(),
        1 => format!("+7 ({code}) {}-{}-{}", &rest[..3], &rest[3..5], &rest[5..]),
        _ => format!("8{code}{rest}"),
    }
}

/// A call that began at this time. `talk`: seconds of talk; none if nobody answered.
fn call(session: i64, person: u64, began: DateTime<Utc>, talk: Option<i64>, employee: i64) -> Call {
    const WAIT: i64 = 12;
    let total = WAIT + talk.unwrap_or(0);
    let local = |at: DateTime<Utc>| at.with_timezone(&Moscow).format("%Y-%m-%d %H:%M:%S").to_string();
    let ended = local(began + TimeDelta::seconds(total));
    let mut body = json!({
        "call_session_id": session, "direction": "in", "contact_phone_number": phone(person), "virtual_phone_number": NUMBER,
        "start_time": local(began), "finish_time": ended, "notification_time": ended, "is_lost": talk.is_none(),
        "talk_time_duration": talk.unwrap_or(0), "wait_time_duration": WAIT, "total_time_duration": total, "employee_ids": [employee],
    });
    let route = format!("cdr_id={session}&numa={}&numb={NUMBER}", phone(person));
    let mut notifications = Vec::new();
    if talk.is_some() {
        body["last_talked_employee_id"] = employee.into();
        body["finish_reason"] = "subscriber_disconnects".into();
        body["record_file_links"] = json!([format!("https://records.example/{session}.mp3")]);
        notifications.push(("call_session_finished", body.to_string()));
    } else {
        // UIS sends two notifications about the end of a call that nobody answered.
        body["finish_reason"] = "operator_busy".into();
        notifications.push(("call_session_finished", body.to_string()));
        notifications.push(("lost_call_session", body.to_string()));
    }
    Call { session, route, notifications }
}

fn account() -> Value {
    let users = json!([
        {"id": 5, "email": "anna@shop.example", "firstName": "Анна", "lastName": "Иванова", "active": true, "online": true, "status": "free", "isManager": true},
        {"id": 6, "email": "boris@shop.example", "firstName": "Борис", "lastName": "Петров", "active": true, "online": true, "status": "free", "isManager": true},
        {"id": 7, "email": "vera@shop.example", "firstName": "Вера", "lastName": "Смирнова", "active": true, "isAdmin": true},
    ]);
    let customer = |person: u64| {
        json!({"id": 1000 + person, "site": "main", "firstName": format!("Имя{person}"), "lastName": format!("Фамилия{person}"),
            "managerId": 5 + person % 2, "createdAt": "2026-03-02 12:00:00", "phones": [{"number": typed(person)}]})
    };
    let order = |id: u64, person: u64, status: &str| {
        json!({"id": id, "number": format!("{id}A"), "status": status, "site": "main", "customer": {"id": 1000 + person}, "phone": phone(person),
            "createdAt": "2026-03-02 12:05:00"})
    };
    let orders = (0..KNOWN).filter(|person| person % 2 == 0).flat_map(|person| {
        let open = order(10_000 + person, person, "new");
        [open].into_iter().chain((person % 4 == 0).then(|| order(20_000 + person, person, "complete")))
    });
    json!({
        "apiKey": KEY,
        "settings": {"timezone": {"value": "Europe/Moscow"}},
        "users": users,
        "customers": (0..KNOWN).map(customer).collect::<Vec<_>>(),
        "orders": orders.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_make_equal_calls() {
        let now = DateTime::from_timestamp(1_795_417_200, 0).expect("a time");
        let text = |seed| format!("{:?}", Workload::new(50, 4, seed, now));
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn every_second_call_is_missed_and_a_persons_calls_are_on_one_connection() {
        let now = DateTime::from_timestamp(1_795_417_200, 0).expect("a time");
        let work = Workload::new(1000, 7, 3, now);
        let all: Vec<&Call> = work.connections.iter().flatten().collect();
        assert_eq!(all.len(), 1000);
        assert_eq!(all.iter().map(|call| call.notifications.len()).sum::<usize>(), 1500);
        assert!(work.tasks > 1 && work.tasks <= 500, "{}", work.tasks);
        let numa = |call: &Call| call.route.split('&').nth(1).map(str::to_owned);
        for (index, one) in work.connections.iter().enumerate() {
            let people: BTreeSet<_> = one.iter().map(numa).collect();
            for other in &work.connections[index + 1..] {
                assert!(other.iter().all(|call| !people.contains(&numa(call))));
            }
        }
    }
}
