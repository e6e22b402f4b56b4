//! Why a component is no rule, and why a rule was not heard.

use std::path::{Path, PathBuf};

use super::limits::RuleLimits;
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION};
use crate::plugin::cache;

/// Why a component is not taken as a rule. Nothing of it has run.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// It is no component.
    #[error("{path} is not a WebAssembly component: {error}")]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// The engine's words.
        error: String,
    },
    /// It asks for more than a rule may have before it begins.
    #[error("it asks from the start for more than limit {name} = {value}: {error}")]
    TooLarge {
        /// The limit's name.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The engine's words.
        error: String,
    },
    /// It brings more modules, memories or tables than a rule may.
    #[error("the rule is made of more parts than one may be: {0}")]
    TooManyParts(String),
    /// It imports something.
    #[error(
        "a rule imports nothing, and this one imports {0}: build it without a standard library that reaches out (Rust: no_std, as uis-host rules new --lang rust makes it; JavaScript: all features of componentize-js off; Python: --stub-wasi)"
    )]
    Imports(String),
    /// It was built to another version of the contract.
    #[error("the rule was built to {CONTRACT_PACKAGE} {0}, this host serves {CONTRACT_VERSION}; build it against this host's wit/")]
    OtherContract(String),
    /// It exports no decision point.
    #[error("the component exports none of rule-responsible, rule-draft, rule-routing, rule-deal; it exports: {0}")]
    NoRule(String),
    /// An export has another shape than the contract's.
    #[error("the rule does not fit {CONTRACT_PACKAGE} {CONTRACT_VERSION}: {0}")]
    DoesNotFit(String),
    /// The engine cannot be set up.
    #[error("the rules' engine cannot be set up: {0}")]
    Engine(String),
}

/// Why a rule gave no answer. The plugin goes on as if it were not there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RuleFault {
    /// It trapped.
    #[error("it trapped: {0}")]
    Trap(String),
    /// It used up what it may use.
    #[error("limit {name} = {value} was passed")]
    Limit {
        /// The limit's name.
        name: &'static str,
        /// Its value.
        value: u64,
    },
    /// What it gave back cannot be.
    #[error("what it gave back cannot be: {0}")]
    InvalidAnswer(String),
    /// It was not heard, and that was not its fault: others took the places, the time, or the turns.
    #[error("it was not heard: {0}")]
    Starved(String),
}

impl RuleFault {
    /// Whether it counts against the rule.
    pub fn counts_against_rule(&self) -> bool {
        !matches!(self, RuleFault::Starved(_))
    }
}

/// Why a file cannot be compiled: it is no component, or it asks for more from the start than a rule may have.
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
