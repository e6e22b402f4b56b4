//! The example of embedding: it runs with the smallest plugin, and what it stores survives it.

use std::path::{Path, PathBuf};
use std::process::Command;

use uis_harness::build;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the example stands in the repository")
}

fn run(component: &Path, folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_embedding-example")).arg(component).arg(folder).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn a_host_of_ones_own_handles_a_notification_and_survives_a_restart() {
    let component = build::component(&root().join("examples/echo-plugin"), &|_| {}).expect("the smallest plugin builds").wasm;
    let folder = tempfile::tempdir().expect("a folder");
    let first = run(&component, folder.path());
    for line in [
        "plugin echo 0.1.0",
        "journal: 0 changes",
        "activate : attempt 1, accepted",
        "call_session_finished: Kept",
        "call_session_finished call 1001 79161234567: attempt 1, accepted",
        "  info: on_call_finished",
        "waiting: 0",
    ] {
        assert!(first.lines().any(|found| found.starts_with(line)), "{line:?} in\n{first}");
    }

    // A process that is killed while it writes leaves half a line behind.
    let journal = folder.path().join("journal.jsonl");
    let whole = std::fs::read_to_string(&journal).expect("a journal");
    std::fs::write(&journal, format!("{whole}{{\"owner\":\"ma")).expect("written");
    let second = run(&component, folder.path());
    assert!(second.contains(&format!("journal: {} changes", whole.lines().count())), "{second}");
    assert!(!second.contains("activate"), "it is active since the first run:\n{second}");
    assert!(second.contains("waiting: 0"), "{second}");
    let both = std::fs::read_to_string(&journal).expect("a journal");
    assert!(both.starts_with(&whole) && both.len() > whole.len());
}

/// The example is shown as the way to embed the library, so it stays short enough to be read.
#[test]
fn the_program_is_short() {
    let main = std::fs::read_to_string(root().join("examples/embedding/src/main.rs")).expect("readable");
    assert!(main.lines().count() <= 150, "{} lines", main.lines().count());
}

#[path = "../examples/embedding/src/journal.rs"]
mod journal;

mod suite {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use uis_host::ports::Store;
    use uis_host::suites;

    use super::journal::JournalStore;

    #[tokio::test]
    async fn the_journal_is_a_durable_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let last = AtomicUsize::new(0);
        let path = |number: usize| folder.path().join(format!("{number}.jsonl"));
        let open = async || -> Arc<dyn Store> {
            let store: Arc<dyn Store> =
                Arc::new(JournalStore::open(&path(last.fetch_add(1, Ordering::SeqCst) + 1)).await.expect("opens").0);
            store
        };
        suites::store::conforms(&*open().await).await;
        let reopen = async |_: Arc<dyn Store>| -> Arc<dyn Store> {
            let before = last.load(Ordering::SeqCst);
            std::fs::copy(path(before), path(before + 1)).expect("copied");
            open().await
        };
        suites::store::survives(open, reopen).await;
    }
}
