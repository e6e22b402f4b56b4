//! Rules that attack from within the sandbox. They are hand-written core modules, which no compiler would produce, wrapped into components
//! of the contract. After each attack, a good rule in the same sandbox must still give its answer.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use uis_host::bindings::uis::integration::decision::Appeal;
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::contract;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::{Rule, RuleFault, Sandbox};
use uis_host::rules::set::checked_assignee;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{Resolve, UnresolvedPackageGroup};

use super::{Attack, Verdict, scratch};

macro_rules! kit {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../conformance/rules/", $name, ".wat")))),*]
    };
}

const KIT: [(&str, &str); 17] = kit![
    "infinite-loop",
    "loop-at-start",
    "loop-while-arguments-are-given",
    "loop-after-its-answer",
    "memory-bomb",
    "memory-bomb-at-start",
    "table-bomb",
    "stack-overflow",
    "trap",
    "huge-answer",
    "answer-beyond-memory",
    "answer-before-its-end",
    "answer-not-text",
    "answer-of-no-kind",
    "answer-askew",
    "arguments-beyond-memory",
    "empty-answer",
];

/// A rule that always decides for the user 7.
const GOOD: &str = include_str!("../../../conformance/good-rule.wat");

/// Runs each attack.
pub async fn attack(limits: &RuleLimits, wanted: &dyn Fn(&str) -> bool, report: &mut dyn FnMut(Verdict)) -> Result<()> {
    let folder = scratch()?;
    let cache = folder.path().join("cache");
    let sandbox = Sandbox::new(limits.clone())?;
    let good = sandbox.load(&folder.put("good-rule", &component(GOOD)?)?, &cache)?;
    for (name, text) in KIT.into_iter().filter(|(name, _)| wanted(name)) {
        let attack = Attack::read(name, text)?;
        let path = folder.put(name, &component(text).with_context(|| name.to_owned())?)?;
        let said = match sandbox.load(&path, &cache) {
            Err(error) => error.to_string().replace(&format!("{} ", path.display()), ""),
            Ok(rule) => match ask(&sandbox, &rule).await {
                Ok(answer) => format!("it answered {}", answer.map_or("nothing".to_owned(), |text| format!("{} bytes", text.len()))),
                Err(fault) => fault.to_string(),
            },
        };
        let went_on = ask(&sandbox, &good).await == Ok(Some("7".to_owned()));
        report(attack.verdict("rule", said, went_on));
    }
    Ok(())
}

/// Asks a rule for the assignee, and checks the answer as the host does.
async fn ask(sandbox: &Sandbox, rule: &Rule) -> Result<Option<String>, RuleFault> {
    let about = Appeal {
        kind: CommunicationKind::Call,
        id: 1,
        phone: Some("79161234567".into()),
        email: None,
        virtual_number: None,
        employee_email: None,
        attributes: vec![("utm_campaign".into(), "vip".into())],
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    rule.responsible(sandbox, deadline, &about, Some("5"))
        .await
        .unwrap_or(Ok(None))
        .and_then(|decided| checked_assignee(decided, Some("5")))
}

/// Wraps a core module, given as text, into a component of the world `responsible-rule`.
fn component(text: &str) -> Result<Vec<u8>> {
    let mut files: Vec<(&str, &str)> = contract::FILES.to_vec();
    // Only one file declares the package; in a single document that file must come first.
    files.sort_by_key(|(_, text)| !text.lines().any(|line| line.starts_with("package ")));
    let document: String = files.iter().map(|(_, text)| format!("{text}\n")).collect();
    let mut resolve = Resolve::default();
    let parsed = UnresolvedPackageGroup::parse("contract.wit", &document);
    let package = resolve.push_group(parsed.map_err(|(_, error)| anyhow::anyhow!("the contract: {error:?}"))?)?;
    let world = resolve.select_world(&[package], Some("responsible-rule"))?;
    let mut module = wat::parse_str(text)?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().module(&module)?.encode()
}
