//! Replays a recording of `tests/recordings/` and gives what is in RetailCRM and UIS afterwards.

use std::sync::Arc;

use serde_json::Value;

use crate::native_plugin::NativePlugin;
use crate::play::play_reported;
use crate::program::{replay_json, root};

/// A recording of `tests/recordings/`, by its folder and name: `telephony/missed-task`.
pub fn story(name: &str) -> Story {
    Story { name: name.to_owned(), arguments: Vec::new() }
}

/// A recording that can be replayed.
#[derive(Debug, Clone)]
pub struct Story {
    name: String,
    arguments: Vec<String>,
}

impl Story {
    /// Adds an argument for `uis-host replay`.
    pub fn with(mut self, argument: &str) -> Story {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Replays the recording and returns the result. Panics if a failure was reported.
    pub fn replay(self) -> Replayed {
        let name = self.name.clone();
        let (status, replayed) = self.replay_with_status();
        assert_eq!(status, 0, "{name}: {:#?}", replayed.problems());
        replayed
    }

    /// Replays the recording within this process, with the plugin's logic run natively, which is many times faster. `tests/native.rs` checks that
    /// the component does the same.
    pub fn replay_natively(self) -> Replayed {
        let path = root().join(format!("tests/recordings/{}.jsonl", self.name));
        let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let plugin = Arc::new(NativePlugin::new());
        Replayed { value: runtime.block_on(play_reported(std::io::BufReader::new(file), plugin)) }
    }

    /// Replays the recording and returns the exit status as well.
    pub fn replay_with_status(self) -> (i32, Replayed) {
        let path = root().join(format!("tests/recordings/{}.jsonl", self.name));
        let path = path.to_str().expect("UTF-8");
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).chain([path]).collect();
        let (status, value) = replay_json(&arguments);
        (status, Replayed { value })
    }
}

/// What is in RetailCRM and in UIS after a replay, and the problems that were reported. RetailCRM's records have the field names of its
/// API, UIS's those of the Data API.
#[derive(Debug, Clone)]
pub struct Replayed {
    value: Value,
}

/// Defines the methods that return a list of one of the two systems.
macro_rules! lists {
    ($($(#[$docs:meta])* $name:ident = $system:literal . $member:literal;)*) => {
        impl Replayed {
            $($(#[$docs])* pub fn $name(&self) -> &[Value] { self.list($system, $member) })*
        }
    };
}

lists! {
    /// RetailCRM's customers.
    customers = "crm"."customers";
    /// RetailCRM's orders.
    orders = "crm"."orders";
    /// RetailCRM's tasks.
    tasks = "crm"."tasks";
    /// RetailCRM's notes.
    notes = "crm"."notes";
    /// Calls in RetailCRM's history.
    calls = "crm"."calls";
    /// Pop-ups that RetailCRM's users saw.
    popups = "crm"."popups";
    /// Integration modules in RetailCRM.
    modules = "crm"."modules";
    /// UIS's employees.
    employees = "uis"."employees";
    /// UIS's funnels.
    funnels = "uis"."funnels";
    /// UIS's deals.
    deals = "uis"."deals";
    /// Calls that UIS was asked to start.
    dialled = "uis"."dialled";
    /// Answers to UIS's call scenario.
    answers = "uis"."answers";
}

impl Replayed {
    /// Everything in RetailCRM.
    pub fn crm(&self) -> &Value {
        &self.value["crm"]
    }

    /// Everything in UIS.
    pub fn uis(&self) -> &Value {
        &self.value["uis"]
    }

    /// UIS and RetailCRM.
    pub fn systems(self) -> (Value, Value) {
        (self.value["uis"].clone(), self.value["crm"].clone())
    }

    /// How many attempts beyond the first there were.
    pub fn retried(&self) -> u64 {
        self.value["events"]["retried"].as_u64().expect("a count")
    }

    /// The problems that were reported.
    pub fn problems(&self) -> &[Value] {
        self.value["problems"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The messages of the problems that were reported.
    pub fn messages(&self) -> Vec<&str> {
        self.problems().iter().filter_map(|problem| problem["message"].as_str()).collect()
    }

    fn list(&self, system: &str, member: &str) -> &[Value] {
        self.value[system][member].as_array().unwrap_or_else(|| panic!("{system}.{member} is a list"))
    }
}
