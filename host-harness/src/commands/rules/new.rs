//! `uis-host rules new --lang LANGUAGE FOLDER`: writes an example of this repository as a folder that needs nothing else of it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::SAMPLE_FILE;
use super::toolchain::Language;
use crate::commands::say;
use crate::commands::scaffold::{Scaffold, package};
use crate::exit_status::OK;

/// Create a folder with a rule that builds and has a test
#[derive(Debug, Args)]
pub struct NewArguments {
    /// The rule's language
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    lang: Language,
    /// The folder to create; it must not exist
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Path from the examples to the contract; in a new folder the contract is in `wit/`.
const EXAMPLES_WIT: &str = "../../../wit";

macro_rules! example {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../examples/rules/", $path)))),*]
    };
}

/// The files of a language's example. Each path begins with the example's folder.
fn files(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Rust => example!["rust/Cargo.toml", "rust/src/lib.rs", "rust/src/memory.rs"],
        Language::Javascript => example![
            "javascript/.gitignore",
            "javascript/build.mjs",
            "javascript/diagnostics.js",
            "javascript/package.json",
            "javascript/rule.js",
            "javascript/rule.test.js",
        ],
        Language::Python => {
            example!["python/.gitignore", "python/app.py", "python/diagnostics.py", "python/requirements.txt", "python/test_app.py",]
        }
    }
}

/// Runs the command.
pub fn run(arguments: &NewArguments) -> Result<u8> {
    let folder = &arguments.folder;
    Scaffold::create(folder, |scaffold, name| write(arguments.lang, name, scaffold))?;
    let folder = folder.display();
    say(&format!("{folder} was created. Try it: uis-host rules test {folder}\n"));
    Ok(OK)
}

fn write(language: Language, name: &str, scaffold: &Scaffold) -> Result<()> {
    for (path, text) in files(language) {
        let path = path.split_once('/').map_or(*path, |(_, path)| path);
        scaffold.put(path, &alone(path, text, name))?;
    }
    let sample = SAMPLE.replace("@TEXT@", marked(language)).replace("@USER@", assignee(language));
    scaffold.put(SAMPLE_FILE, &sample)?;
    scaffold.put_contract()?;
    scaffold.put("README.md", &readme(language, name))
}

/// A recording of site requests, with what must come of them when the rule is used.
const SAMPLE: &str = include_str!("../../../templates/rule/sample.jsonl");

/// What the examples put before the text of a task.
fn marked(language: Language) -> &'static str {
    match language {
        Language::Rust => "VIP!",
        Language::Javascript => "JS:",
        Language::Python => "PY:",
    }
}

/// The user whom the examples choose for the task: those that only review drafts leave the plugin's choice.
fn assignee(language: Language) -> &'static str {
    match language {
        Language::Rust => "7",
        Language::Javascript | Language::Python => "5",
    }
}

/// Adapts a file of an example to a folder outside this repository.
fn alone(path: &str, text: &str, name: &str) -> String {
    let wit = if path == "build.mjs" { "./wit" } else { "wit" };
    let text = text.replace(EXAMPLES_WIT, wit);
    match path {
        "Cargo.toml" => {
            let package = package("rule", name);
            format!("{}\n[workspace]\n", text.replacen("name = \"example-rule\"", &format!("name = \"{package}\""), 1))
        }
        "package.json" => text.replacen("\"example-rule\"", &format!("\"{}\"", package("rule", name)), 1),
        _ => text,
    }
}

fn readme(language: Language, name: &str) -> String {
    let (decides, tests) = match language {
        Language::Rust => ("src/lib.rs", "cargo test"),
        Language::Javascript => ("rule.js", "npm install && npm test"),
        Language::Python => ("app.py", "python3 -m venv venv && venv/bin/pip install -r requirements.txt, then what `rules test` prints"),
    };
    format!(
        "# {name}\n\nA partner's rule, implemented in {decides}. The comments in wit/ (decision.wit, rule-*.wit) describe what a rule receives and what it may decide.\n\n\
         ```sh\nuis-host rules test .    # run its tests, build it, show what it would change in sample.jsonl, and whether the sample's `expect` lines are met\n\
         uis-host rules test . RECORDING.jsonl    # the same with recordings of your own\n\
         uis-host replay RECORDING.jsonl --rule {}=. --watch    # replay a recording with the rule, again whenever a file is saved\n```\n\nTo run only its tests: {tests}.\n",
        package("rule", name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_needs_nothing_of_the_repository() {
        let folder = tempfile::tempdir().expect("a folder");
        for (language, name) in [(Language::Rust, "Мой rule"), (Language::Javascript, "js"), (Language::Python, "py")] {
            let path = folder.path().join(name);
            let arguments = NewArguments { lang: language, folder: path.clone() };
            run(&arguments).expect("written");
            assert!(run(&arguments).expect_err("the folder exists").to_string().contains("exists already"));
            for file in ["Cargo.toml", "src/lib.rs", "build.mjs", "README.md"] {
                let text = std::fs::read_to_string(path.join(file)).unwrap_or_default();
                assert!(!text.contains("../"), "{name}/{file}");
            }
            assert!(path.join("wit/decision.wit").is_file());
            assert_eq!(Language::of(&path), Some(language));
        }
    }
}
