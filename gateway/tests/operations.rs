//! The configuration is read again, and versions of the plugin and of rules are put into use and taken back, in a gateway in this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use uis_gateway::config::Config;
use uis_gateway::control::operations::{Operations, ReloadCause, RuleView, VersionView};
use uis_gateway::service::operator::{Operator, Start};
use uis_harness::build;
use uis_host::bindings::uis::integration::decision::Appeal;
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::ports::{Decisions, RuleContext};
use uis_host::trace::Trace;
use uis_test_support::root;

use crate::proofs::components;
use crate::proofs::components::{FIRST, SECOND, digest, other_digest, other_version};

/// A gateway's folder.
struct Place(TempDir);

impl Place {
    /// A folder with the plugin in `p.wasm`. All versions of it are compiled already.
    async fn new() -> Place {
        let (place, first) = (Place(tempfile::tempdir().expect("a folder")), plugin());
        let second = other_version(&first);
        components::compiled(place.0.path(), &[&first, &second, &other_digest(&second)]).await;
        place.write("p.wasm", first);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("written");
    }

    /// Writes the configuration: the plugin in `p.wasm`, and these lines.
    fn configure(&self, lines: &str) {
        let plugin = "[plugin]\npath = \"p.wasm\"\n";
        self.write("gateway.toml", format!("public-url = \"http://127.0.0.1:1\"\nlisten = \"127.0.0.1:1\"\n{plugin}{lines}"));
    }

    async fn start(&self) -> Operator {
        let path = self.path("gateway.toml");
        let config = Config::read(&path).expect("a configuration");
        Operator::start(Start { path, config, adapt: |_| {}, level: None }).await.expect("it starts")
    }
}

fn plugin() -> Vec<u8> {
    let built = build::component(&root().join("plugin"), &|line| eprintln!("{line}")).expect("the plugin's component");
    std::fs::read(built.wasm).expect("read")
}

fn version(operator: &Operator) -> String {
    operator.gateway().plugin().description().version.clone()
}

async fn in_use(operator: &Operator) -> VersionView {
    let versions = operator.versions().await.expect("the store works");
    versions.into_iter().find(|version| version.in_use && version.subject == "plugin").expect("a plugin is in use")
}

/// Reads the configuration again, which is refused; gives why.
async fn refused(operator: &Operator) -> String {
    operator.reload(ReloadCause::Command).await.expect_err("it is refused").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_a_new_configuration_is_used_or_nothing() {
    let place = Place::new().await;
    place.configure("");
    let operator = place.start().await;
    place.configure(&format!("digest = \"sha256:{}\"\n[intake]\nbody-bytes = 7\n", "0".repeat(64)));
    assert!(refused(&operator).await.contains("p.wasm has the digest sha256:"));
    place.configure("[intake]\nbody-bites = 7\n");
    assert!(refused(&operator).await.contains("gateway.toml:6: intake: there is no member body-bites; did you mean body-bytes?"));
    place.configure("[intake]\nbody-bytes = 7\n[store]\npath = \"other.db\"\n");
    assert!(refused(&operator).await.contains("restart the service to change store.path"));
    place.configure("[intake]\nbody-bytes = 7\n[[rules]]\nname = \"vip\"\npath = \"gateway.toml\"\n");
    assert!(refused(&operator).await.contains("rule vip: "));
    let last = operator.last_reload().expect("it was read again");
    assert!(!last.applied && last.problem.is_some_and(|problem| problem.contains("is not a WebAssembly component")));
    assert_ne!(operator.gateway().limits().body_bytes, 7, "nothing of it is used");
    place.configure("[intake]\nbody-bytes = 7\n[store]\ncaptures-days = 3\n");
    let view = operator.reload(ReloadCause::Signal).await.expect("it is used");
    assert_eq!((view.applied, view.changed.as_slice()), (true, ["intake", "store"].map(str::to_owned).as_slice()));
    let parts = operator.gateway().parts();
    assert_eq!((parts.limits.body_bytes, parts.captures_days), (7, 3));
    assert_eq!(operator.last_reload(), Some(view));
    operator.gateway().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_has_changed_is_read_again_by_itself() {
    let place = Place::new().await;
    place.configure("");
    let operator = place.start().await;
    tokio::spawn(operator.clone().watch_file());
    place.configure("[intake]\nbody-bytes = 7\n");
    until("it is read", async || operator.gateway().limits().body_bytes == 7).await;
    assert_eq!(operator.last_reload().map(|last| last.cause), Some(ReloadCause::File));
    operator.gateway().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plugin_before_is_used_again_although_its_file_was_overwritten_and_that_holds_over_a_restart() {
    let (place, first) = (Place::new().await, plugin());
    place.configure("");
    let operator = place.start().await;
    assert!(operator.rollback(None).await.expect_err("the first").to_string().contains("there is no earlier version of the plugin"));
    place.write("p.wasm", other_version(&first));
    assert_eq!(operator.reload(ReloadCause::Command).await.expect("it is used").changed, ["plugin"]);
    assert_eq!(version(&operator), SECOND);
    place.write("p.wasm", "overwritten by something else");
    let back = operator.rollback(None).await.expect("rolled back");
    assert_eq!((back.version.as_deref(), back.digest), (Some(FIRST), digest(&first)));
    assert_eq!(back.rolled_back_from, Some(digest(b"overwritten by something else")));
    assert_eq!(version(&operator), FIRST);
    operator.gateway().stop().await;

    let operator = place.start().await;
    assert_eq!(version(&operator), FIRST, "it holds");
    assert!(refused(&operator).await.contains("is not a WebAssembly component"));
    assert_eq!(in_use(&operator).await.digest, digest(&first));
    place.write("p.wasm", other_version(&first));
    operator.reload(ReloadCause::Command).await.expect("it is used");
    assert_eq!((version(&operator).as_str(), in_use(&operator).await.rolled_back_from), (SECOND, None));
    operator.gateway().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_ends_when_another_component_is_configured_or_a_reload_is_asked_for() {
    let (place, first) = (Place::new().await, plugin());
    let second = other_version(&first);
    place.configure("");
    let operator = place.start().await;
    place.write("p.wasm", &second);
    let pinned = format!("digest = \"{}\"\n", digest(&second));
    place.configure(&pinned);
    operator.reload(ReloadCause::File).await.expect("it is used");
    operator.rollback(None).await.expect("rolled back");
    place.configure(&format!("{pinned}[intake]\nbody-bytes = 7\n"));
    operator.reload(ReloadCause::File).await.expect("it is used");
    assert_eq!((version(&operator).as_str(), operator.gateway().limits().body_bytes), (FIRST, 7), "only other members have changed");
    place.write("p.wasm", other_digest(&second));
    place.configure(&format!("digest = \"{}\"\n", digest(&other_digest(&second))));
    operator.reload(ReloadCause::File).await.expect("it is used");
    assert_eq!(version(&operator), SECOND, "another component is configured");
    operator.rollback(None).await.expect("rolled back");
    assert_eq!(version(&operator), FIRST);
    operator.reload(ReloadCause::Command).await.expect("it is used");
    assert_eq!(version(&operator), SECOND, "somebody asked for it");
    operator.gateway().stop().await;
}

/// Waits until something is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !so().await {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn rule(operator: &Operator) -> RuleView {
    operator.rules().await.expect("known").into_iter().next().expect("a rule")
}

/// Asks the rules for the assignee. The rule appends the appeal's id to the user's.
async fn ask(operator: &Operator, proposed: &str) -> Option<String> {
    let rules: Arc<dyn Decisions> = operator.gateway().parts().workshop.rules.clone();
    let about = Appeal {
        kind: CommunicationKind::Call,
        id: 7,
        phone: None,
        email: None,
        virtual_number: None,
        employee_email: None,
        attributes: Vec::new(),
    };
    let mut trace = Trace::new(1 << 20);
    let context = RuleContext { deadline: Instant::now() + Duration::from_secs(30), now: 0, trace: &mut trace };
    rules.responsible(&about, Some(proposed.to_owned()), context).await
}

/// A rule as a gateway is started with it: a new version gives two answers before it is put into use.
async fn with_rule() -> (Place, Operator, Vec<u8>) {
    let (place, component) = (Place::new().await, std::fs::read(root().join("contracts/0.1.0/rule-of-all.wasm")).expect("read"));
    place.write("rule.wasm", &component);
    place.configure("[trial]\nevaluations = 2\n[[rules]]\nname = \"vip\"\npath = \"rule.wasm\"\n");
    let operator = place.start().await;
    (place, operator, component)
}

/// An id so long that the rule's answer, which is longer, is no id: the rule fails.
const TOO_LONG: &str = "1234567890123456789012345678901234567890123456789012345678901234";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_rule_is_tried_before_it_is_used_and_a_failing_version_is_set_aside() {
    let (place, operator, component) = with_rule().await;
    assert_eq!(rule(&operator).await.in_use, None);
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("5"), "its answer is not applied");
    assert_eq!(rule(&operator).await.trial.map(|trial| (trial.answered, trial.needed)), Some((1, 2)));
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("5"));
    until("it is put into use", async || rule(&operator).await.in_use.is_some()).await;
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("57"));

    let second = other_digest(&component);
    place.write("rule.wasm", &second);
    operator.reload(ReloadCause::Command).await.expect("it is used");
    assert_eq!(ask(&operator, TOO_LONG).await.as_deref(), Some(TOO_LONG));
    let set_aside = async || rule(&operator).await.trial.is_some_and(|trial| trial.set_aside.is_some());
    until("it is set aside", set_aside).await;
    let view = rule(&operator).await;
    assert_eq!((view.in_use, view.trial.as_ref().map(|trial| trial.digest.clone())), (Some(digest(&component)), Some(digest(&second))));
    assert!(view.trial.and_then(|trial| trial.set_aside).is_some_and(|failure| failure.why.contains("invalid answer")));
    operator.reload(ReloadCause::Command).await.expect("nothing is wrong with it");
    assert!(set_aside().await, "a reload of the same component is no new trial");
    operator.gateway().stop().await;

    let operator = place.start().await;
    assert!(rule(&operator).await.trial.is_some_and(|trial| trial.set_aside.is_some()), "it is known after a restart");
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("57"), "the version before is in use");
    operator.release_rule("vip").await.expect("released");
    for _ in 0..2 {
        ask(&operator, "5").await;
    }
    until("it is put into use", async || rule(&operator).await.in_use == Some(digest(&second))).await;
    let back = operator.rollback(Some("vip")).await.expect("rolled back");
    assert_eq!((back.digest, back.subject.as_str()), (digest(&component), "rule vip"));
    let view = rule(&operator).await;
    assert_eq!((view.in_use, view.rolled_back, view.trial), (Some(digest(&component)), true, None));
    operator.gateway().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantine_survives_a_restart_and_ends_with_another_version_or_a_release() {
    let (place, operator, component) = with_rule().await;
    assert_eq!(operator.promote_rule("vip").await.expect("promoted").in_use, Some(digest(&component)));
    assert!(operator.promote_rule("vip").await.expect_err("none").to_string().contains("no version of the rule vip is tried"));
    assert!(operator.release_rule("vip").await.is_err_and(|error| error.to_string().contains("neither in quarantine nor set aside")));
    for _ in 0..5 {
        ask(&operator, TOO_LONG).await;
    }
    until("it is in quarantine", async || rule(&operator).await.quarantined.is_some()).await;
    operator.gateway().stop().await;

    let operator = place.start().await;
    assert!(rule(&operator).await.quarantined.is_some_and(|failure| failure.why.contains("it failed too often")));
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("5"), "it is not evaluated");
    assert_eq!(operator.release_rule("vip").await.expect("released").quarantined, None);
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("57"));
    for _ in 0..5 {
        ask(&operator, TOO_LONG).await;
    }
    until("it is in quarantine", async || rule(&operator).await.quarantined.is_some()).await;
    place.write("rule.wasm", other_digest(&component));
    operator.reload(ReloadCause::Command).await.expect("it is used");
    assert_eq!(ask(&operator, "5").await.as_deref(), Some("5"), "the one in use is in quarantine, the new one is tried");
    ask(&operator, "5").await;
    until("it is put into use", async || rule(&operator).await.in_use == Some(digest(&other_digest(&component)))).await;
    assert_eq!((rule(&operator).await.quarantined, ask(&operator, "5").await.as_deref()), (None, Some("57")));
    operator.gateway().stop().await;
}
