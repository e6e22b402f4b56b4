//! Why a component was not loaded as a rule, and why a rule gave no answer.

use std::path::{Path, PathBuf};

use super::limits::RuleLimits;
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION, RULE_SERIES};
use crate::plugin::cache;

/// Why a component was not loaded as a rule. No code of it has run.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The file is not a component.
    #[error("{path} is not a WebAssembly component: {error}")]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// The engine's error.
        error: String,
    },
    /// The component's initial memory or table exceeds a limit.
    #[error("the rule's initial memory or table exceeds limit {name} = {value}: {error}")]
    TooLarge {
        /// The limit's name.
        name: &'static str,
        /// The limit's value, in the unit that its name gives.
        value: u64,
        /// The engine's error.
        error: String,
    },
    /// The component has more core modules, memories or tables than a rule may have.
    #[error("the rule has more core modules, memories or tables than a rule may have: {0}")]
    TooManyParts(String),
    /// The component imports something.
    #[error(
        "a rule must import nothing, but this one imports {0}: build it without a standard library that needs imports (Rust: no_std, as `uis-host rules new --lang rust` sets it up; JavaScript: all features of componentize-js off; Python: --stub-wasi)"
    )]
    Imports(String),
    /// The component was built for a version of the contract whose rules this host does not run.
    #[error(
        "{path} was built for the contract {CONTRACT_PACKAGE} {rule}, and this host runs rules of {CONTRACT_VERSION} and {older}; build the rule for {CONTRACT_VERSION}, against this host's wit/",
        older = older()
    )]
    OtherContract {
        /// The file.
        path: PathBuf,
        /// The version that the component was built for.
        rule: String,
    },
    /// The component exports no interface of a decision point.
    #[error("the component exports none of rule-responsible, rule-draft, rule-routing, rule-deal; it exports: {0}")]
    NoRule(String),
    /// The type of an export differs from the contract.
    #[error("the rule's exports differ from {CONTRACT_PACKAGE} {CONTRACT_VERSION}: {0}")]
    DoesNotFit(String),
    /// The rules' engine could not be created.
    #[error("the rules' engine cannot be set up: {0}")]
    Engine(String),
}

/// Why a rule gave no answer. The plugin continues as if the rule did not exist.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RuleFault {
    /// The rule trapped.
    #[error("it trapped: {0}")]
    Trap(String),
    /// The rule exceeded a limit.
    #[error("limit {name} = {value} was exceeded")]
    Limit {
        /// The limit's name.
        name: &'static str,
        /// The limit's value, in the unit that its name gives.
        value: u64,
    },
    /// The rule raised an exception and reported it; one line, with the file and the line of the rule's source.
    #[error("{0}")]
    Exception(String),
    /// The rule returned an invalid answer.
    #[error("invalid answer: {0}")]
    InvalidAnswer(String),
    /// The rule did not get the time it may have, because other rules took the places or the processor, or because its event had no time
    /// left.
    #[error("the rule could not run: {0}")]
    Starved(String),
}

impl RuleFault {
    /// Whether the fault counts towards the rule's quarantine.
    pub fn counts_against_rule(&self) -> bool {
        !matches!(self, RuleFault::Starved(_))
    }
}

/// The earlier versions whose rules this host runs: `0.1.*`.
fn older() -> String {
    RULE_SERIES.map(|series| format!("{series}.*")).join(", ")
}

/// Why a file cannot be compiled: it is not a component, or its initial memory or table exceeds a limit.
pub(super) fn unusable(path: &Path, error: &wasmtime::Error, limits: &RuleLimits) -> RuleError {
    let error = format!("{error:#}");
    if cache::too_many_parts(&error) {
        return RuleError::TooManyParts(error);
    }
    let limit = match () {
        () if error.contains("memory") && error.contains("exceeds") => Some(("rule-memory-bytes", limits.memory_bytes as u64)),
        () if error.contains("table") && error.contains("exceeds") => Some(("rule-table-elements", limits.table_elements as u64)),
        () => None,
    };
    match limit {
        Some((name, value)) => RuleError::TooLarge { name, value, error },
        None => RuleError::NotAComponent { path: path.to_owned(), error },
    }
}
