//! RetailCRM's simulator, a fresh one for each contestant, and what is in it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::processes::{self, Process};
use crate::workload::Workload;

/// How long the looks at the account are apart; the end of a measurement is as inexact as this.
const NAP: Duration = Duration::from_millis(100);

/// Lists of the account that are compared.
const COMPARED: [&str; 5] = ["calls", "tasks", "customers", "orders", "notes"];

/// Members that are left out of the comparison: RetailCRM makes them when it stores an entity, by its own clock and in the order of requests.
const GENERATED: [&str; 3] = ["id", "createdAt", "updatedAt"];

/// The simulator in a process of its own.
#[derive(Debug)]
pub struct Crm {
    /// Its address, without a slash at the end.
    pub url: String,
    client: reqwest::Client,
    _process: Process,
}

impl Crm {
    /// Starts a simulator with this account, without limits of requests. Its files are in the folder.
    pub fn start(account: &Value, folder: &Path) -> Result<Crm> {
        let file = folder.join("crm.json");
        std::fs::write(&file, account.to_string())?;
        let mut command = processes::own("simulator")?;
        command.args(["--port", "0", "--json", "--quiet", "--rate-limit", "off", "--account"]).arg(&file).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let output = process.child().stdout.take().context("the simulator's output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let first: Value = serde_json::from_str(&line).context("the simulator's first line")?;
        let url = first["url"].as_str().context("the simulator names no address")?.to_owned();
        Ok(Crm { url, client: crate::load::client()?, _process: process })
    }

    /// The whole account.
    pub async fn state(&self) -> Result<Value> {
        let answer = self.client.get(format!("{}/_simulator/state", self.url)).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// Waits until all calls and tasks are there; gives the account, and when it was complete.
    pub async fn until_complete(&self, work: &Workload, patience: Duration) -> Result<(Value, Instant)> {
        let until = Instant::now() + patience;
        loop {
            let asked = Instant::now();
            let state = self.state().await?;
            let (calls, tasks) = (list(&state, "calls").len(), list(&state, "tasks").len());
            if calls >= work.calls && tasks >= work.tasks {
                return Ok((state, asked));
            }
            if Instant::now() > until {
                bail!("{calls} of {} calls and {tasks} of {} tasks are in RetailCRM after {patience:?}", work.calls, work.tasks);
            }
            tokio::time::sleep(NAP).await;
        }
    }
}

/// A member of a JSON object that is a list; an empty one if there is none.
fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

/// What came of the calls.
#[derive(Debug)]
pub struct Effects {
    /// Entities by list, without what RetailCRM generates.
    lists: BTreeMap<&'static str, BTreeSet<String>>,
    counts: BTreeMap<String, usize>,
}

impl Effects {
    /// The effects: what is in RetailCRM, and the answers to routing requests by call, whose links lead to this address.
    pub fn of(state: &Value, answers: BTreeMap<i64, Value>, url: &str) -> Effects {
        let mut lists: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for name in COMPARED {
            counts.insert(name.to_owned(), list(state, name).len());
            lists.insert(name, list(state, name).iter().map(|entity| without_generated(name, entity)).collect());
        }
        counts.insert("cards".to_owned(), answers.values().filter(|answer| answer["card"].is_object()).count());
        let answer = |(session, answer): (i64, Value)| format!("{session} {}", answer.to_string().replace(url, ""));
        lists.insert("answers", answers.into_iter().map(answer).collect());
        Effects { lists, counts }
    }

    /// How many of each there are.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.counts.clone()
    }

    /// What differs in others, a line for each list: how many entities, and one of each side.
    pub fn differences(&self, others: &Effects) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, own) in &self.lists {
            let other = &others.lists[name];
            let (only, added): (Vec<_>, Vec<_>) = (own.difference(other).collect(), other.difference(own).collect());
            if let (None, None) = (only.first(), added.first()) {
                continue;
            }
            let (only_count, added_count) = (only.len(), added.len());
            differences.push(format!(
                "{name}: {only_count} missing, such as {:?}; {added_count} others, such as {:?}",
                only.first(),
                added.first()
            ));
        }
        for (name, count) in &self.counts {
            if others.counts[name] != *count {
                differences.push(format!("{name}: {} instead of {count}", others.counts[name]));
            }
        }
        differences
    }
}

/// An entity as text. Customers and orders are those of the account from the beginning, so that their ids count.
fn without_generated(list: &str, entity: &Value) -> String {
    let mut entity = entity.clone();
    if let (true, Some(members)) = (matches!(list, "calls" | "tasks" | "notes"), entity.as_object_mut()) {
        members.retain(|name, _| !GENERATED.contains(&name.as_str()));
    }
    entity.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn effects(task: &Value, link: &str) -> Effects {
        let answers = BTreeMap::from([(1, json!({"card": {"url": link}}))]);
        Effects::of(&json!({"tasks": [task], "calls": []}), answers, "http://127.0.0.1:1")
    }

    #[test]
    fn ids_times_and_addresses_make_no_difference_and_everything_else_does() {
        let one = effects(&json!({"id": 1, "createdAt": "2026-11-23 10:00:00", "text": "a"}), "http://127.0.0.1:1/customers/5");
        let same = effects(&json!({"id": 2, "createdAt": "2026-11-23 11:00:00", "text": "a"}), "/customers/5");
        assert_eq!(one.differences(&same), Vec::<String>::new());
        let other = effects(&json!({"id": 1, "text": "b"}), "/customers/6");
        let differences = one.differences(&other);
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].starts_with("answers: 1 missing") && differences[1].starts_with("tasks: 1 missing"));
    }
}
