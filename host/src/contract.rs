//! The version of the contract and the text of its WIT files, so that a program can write them out for authors of components.

/// The contract's version that this host implements. It ends with `-dev` while the version is not frozen (`contracts/README.md`).
pub const CONTRACT_VERSION: &str = "0.2.0";
/// The earlier series whose rules this host runs. The interfaces of rules have not changed since.
pub const RULE_SERIES: [&str; 1] = ["0.1"];
/// The WIT package of the contract.
pub const CONTRACT_PACKAGE: &str = "uis:integration";

/// The files of `wit/`: name and text.
pub const FILES: [(&str, &str); 29] = [
    ("call-events.wit", include_str!("../../wit/call-events.wit")),
    ("calls.wit", include_str!("../../wit/calls.wit")),
    ("chat-events.wit", include_str!("../../wit/chat-events.wit")),
    ("chats.wit", include_str!("../../wit/chats.wit")),
    ("clock.wit", include_str!("../../wit/clock.wit")),
    ("communications.wit", include_str!("../../wit/communications.wit")),
    ("connections.wit", include_str!("../../wit/connections.wit")),
    ("deals.wit", include_str!("../../wit/deals.wit")),
    ("decision.wit", include_str!("../../wit/decision.wit")),
    ("directory.wit", include_str!("../../wit/directory.wit")),
    ("endpoints.wit", include_str!("../../wit/endpoints.wit")),
    ("log.wit", include_str!("../../wit/log.wit")),
    ("orders.wit", include_str!("../../wit/orders.wit")),
    ("phones.wit", include_str!("../../wit/phones.wit")),
    ("rule-deal.wit", include_str!("../../wit/rule-deal.wit")),
    ("rule-diagnostics.wit", include_str!("../../wit/rule-diagnostics.wit")),
    ("rule-draft.wit", include_str!("../../wit/rule-draft.wit")),
    ("rule-responsible.wit", include_str!("../../wit/rule-responsible.wit")),
    ("rule-routing.wit", include_str!("../../wit/rule-routing.wit")),
    ("rules.wit", include_str!("../../wit/rules.wit")),
    ("schedule.wit", include_str!("../../wit/schedule.wit")),
    ("settings.wit", include_str!("../../wit/settings.wit")),
    ("setup.wit", include_str!("../../wit/setup.wit")),
    ("site-request-events.wit", include_str!("../../wit/site-request-events.wit")),
    ("site-requests.wit", include_str!("../../wit/site-requests.wit")),
    ("storage.wit", include_str!("../../wit/storage.wit")),
    ("timers.wit", include_str!("../../wit/timers.wit")),
    ("types.wit", include_str!("../../wit/types.wit")),
    ("worlds.wit", include_str!("../../wit/worlds.wit")),
];

/// The versions that are compatible with each other: `0.1` for `0.1.7`. While the major version is 0, each minor version is incompatible
/// with the others.
fn series(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(series, _)| series)
}

/// Whether this host runs plugins of a version: its own, or another of the same series. A version that is not frozen fits only itself.
pub fn runs_plugins_of(version: &str) -> bool {
    let frozen = !version.contains('-') && !CONTRACT_VERSION.contains('-');
    version == CONTRACT_VERSION || (frozen && series(version) == series(CONTRACT_VERSION))
}

/// Whether this host runs rules of a version: those of [`runs_plugins_of`], and those of [`RULE_SERIES`].
pub fn runs_rules_of(version: &str) -> bool {
    runs_plugins_of(version) || (!version.contains('-') && RULE_SERIES.contains(&series(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_fits_its_own_series_and_one_that_is_not_frozen_fits_nothing_else() {
        let runs = |version: &str| (runs_plugins_of(version), runs_rules_of(version));
        assert_eq!(runs(CONTRACT_VERSION), (true, true));
        assert_eq!([runs("0.1.0"), runs("0.1.7")], [(false, true); 2]);
        assert_eq!(runs("0.2.7"), (true, true));
        for other in ["0.1.0-dev", "0.2.0-dev", "0.2.1-dev", "0.3.0", "1.0.0", "", "x"] {
            assert_eq!(runs(other), (false, false), "{other}");
        }
    }

    #[test]
    fn every_wit_file_is_listed() {
        let files =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit")).expect("wit/").map(|entry| entry.expect("an entry").path());
        let mut names: Vec<String> = files.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
        names.sort();
        assert_eq!(names, FILES.map(|(name, _)| name.to_owned()));
    }
}
