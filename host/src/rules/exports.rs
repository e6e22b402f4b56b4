//! What a rule exports: each decision point under this host's version of the contract, or under an earlier one whose rules it runs. The names
//! of exports carry the version, so each version has its own bindings.

use wasmtime::component::{InstancePre, Linker};

use super::bindings::{current, v0_1};
use super::sandbox::State;
use crate::contract::CONTRACT_PACKAGE;
use crate::decision::Point;

pub use current::deal::exports::uis::integration::rule_deal::DealVerdict;
use v0_1::deal::exports::uis::integration::rule_deal::DealVerdict as DealVerdictV0_1;

/// The frozen version whose bindings serve all rules of 0.1.
const FROZEN_0_1: &str = "0.1.0";

/// An export under one of the versions.
#[derive(Clone)]
pub(super) enum Export<Current, V0_1> {
    /// Under this host's version.
    Current(Current),
    /// Under 0.1.
    V0_1(V0_1),
}

type Responsible = Export<current::responsible::ResponsibleRulePre<State>, v0_1::responsible::ResponsibleRulePre<State>>;
type Draft = Export<current::draft::DraftRulePre<State>, v0_1::draft::DraftRulePre<State>>;
type Routing = Export<current::routing::RoutingRulePre<State>, v0_1::routing::RoutingRulePre<State>>;
type Deal = Export<current::deal::DealRulePre<State>, v0_1::deal::DealRulePre<State>>;

/// The decision points of one rule; none: the rule does not export the point.
pub(super) struct Exports {
    pub(super) responsible: Option<Responsible>,
    pub(super) draft: Option<Draft>,
    pub(super) routing: Option<Routing>,
    pub(super) deal: Option<Deal>,
}

/// Finds an export by its world's bindings in each version.
macro_rules! find {
    ($pre:expr, $points:expr, $point:expr, $module:ident :: $world:ident) => {
        match $points.iter().find(|(point, _)| *point == $point) {
            None => None,
            Some((_, true)) => Some(Export::V0_1(v0_1::$module::$world::new($pre.clone())?)),
            Some((_, false)) => Some(Export::Current(current::$module::$world::new($pre.clone())?)),
        }
    };
}

impl Exports {
    /// Finds what a rule exports. `names` are the names of its exports. Fails when an export lacks a function of its interface.
    pub(super) fn find(pre: &InstancePre<State>, names: &[String]) -> wasmtime::Result<Exports> {
        let points = exported(names);
        Ok(Exports {
            responsible: find!(pre, points, Point::Responsible, responsible::ResponsibleRulePre),
            draft: find!(pre, points, Point::Draft, draft::DraftRulePre),
            routing: find!(pre, points, Point::Routing, routing::RoutingRulePre),
            deal: find!(pre, points, Point::Deal, deal::DealRulePre),
        })
    }
}

/// The decision points among the names of exports, each with whether it is exported under 0.1 only.
pub(super) fn exported(names: &[String]) -> Vec<(Point, bool)> {
    let versions = |interface: &str| -> Vec<bool> {
        let version = |name: &String| name.strip_prefix(interface)?.strip_prefix('@').map(|version| version.starts_with("0.1."));
        names.iter().filter_map(version).collect()
    };
    let all = Point::ALL.into_iter().map(|(point, interface)| (point, versions(interface)));
    all.filter(|(_, versions)| !versions.is_empty()).map(|(point, versions)| (point, versions.iter().all(|old| *old))).collect()
}

/// Lets rules of 0.1 import the interfaces that contain only types.
pub(super) fn link_0_1(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    for interface in ["types", "decision"] {
        linker.instance(&format!("{CONTRACT_PACKAGE}/{interface}@{FROZEN_0_1}"))?;
    }
    Ok(())
}

impl From<DealVerdictV0_1> for DealVerdict {
    fn from(verdict: DealVerdictV0_1) -> DealVerdict {
        match verdict {
            DealVerdictV0_1::Keep => DealVerdict::Keep,
            DealVerdictV0_1::Change(deal) => DealVerdict::Change(deal),
            DealVerdictV0_1::Skip(why) => DealVerdict::Skip(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::CONTRACT_VERSION;

    #[test]
    fn a_point_is_found_under_every_version_and_the_hosts_own_comes_first() {
        let (old, own) =
            (|name: &str| format!("{CONTRACT_PACKAGE}/{name}@0.1.3"), format!("{CONTRACT_PACKAGE}/rule-draft@{CONTRACT_VERSION}"));
        assert_eq!(exported(&[old("rule-draft"), own, old("rule-deal")]), [(Point::Draft, false), (Point::Deal, true)]);
        assert_eq!(exported(&[old("rule-drafts"), "rule-draft".to_owned(), "wasi:cli/run@0.2.0".to_owned()]), []);
    }
}
