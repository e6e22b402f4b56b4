//! `uis-host rules new --lang LANGUAGE FOLDER`: writes an example of this repository as a folder that needs nothing else of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use uis_host::contract;

use super::toolchain::Language;
use crate::commands::say;
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
            "javascript/package.json",
            "javascript/rule.js",
            "javascript/rule.test.js",
        ],
        Language::Python => example!["python/.gitignore", "python/app.py", "python/requirements.txt", "python/test_app.py"],
    }
}

/// Runs the command.
pub fn run(arguments: &NewArguments) -> Result<u8> {
    let folder = &arguments.folder;
    if folder.exists() {
        bail!("{} exists already; give a folder that does not", folder.display());
    }
    let name = folder.file_name().context("give the folder a name")?.to_string_lossy().into_owned();
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    // Write to a temporary folder and rename it, so that a half-written folder is never found.
    let beside = parent.join(format!(".{name}.new"));
    if beside.exists() {
        std::fs::remove_dir_all(&beside).with_context(|| beside.display().to_string())?;
    }
    let written = write(arguments.lang, &name, &beside);
    let moved = written.and_then(|()| std::fs::rename(&beside, folder).with_context(|| folder.display().to_string()));
    if let Err(error) = moved {
        let _ = std::fs::remove_dir_all(&beside);
        return Err(error);
    }
    say(&format!("{} was created. Try it: uis-host rules test {} RECORDING\n", folder.display(), folder.display()));
    Ok(OK)
}

fn write(language: Language, name: &str, folder: &Path) -> Result<()> {
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text)).with_context(|| path.display().to_string())
    };
    for (path, text) in files(language) {
        let path = path.split_once('/').map_or(*path, |(_, path)| path);
        put(path, &alone(path, text, name))?;
    }
    for (file, text) in contract::FILES {
        put(&format!("wit/{file}"), text)?;
    }
    put("README.md", &readme(language, name))
}

/// Adapts a file of an example to a folder outside this repository.
fn alone(path: &str, text: &str, name: &str) -> String {
    let wit = if path == "build.mjs" { "./wit" } else { "wit" };
    let text = text.replace(EXAMPLES_WIT, wit);
    match path {
        "Cargo.toml" => {
            let package = package(name);
            format!("{}\n[workspace]\n", text.replacen("name = \"example-rule\"", &format!("name = \"{package}\""), 1))
        }
        "package.json" => text.replacen("\"example-rule\"", &format!("\"{}\"", package(name)), 1),
        _ => text,
    }
}

/// A package name from a folder's name: lower-case letters, digits and hyphens, beginning with a letter.
fn package(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let package: String = name.chars().map(kept).collect();
    let package = package.trim_matches('-');
    if package.starts_with(|c: char| c.is_ascii_alphabetic()) {
        package.to_owned()
    } else {
        format!("rule-{package}").trim_end_matches('-').to_owned()
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
         ```sh\nuis-host rules test . RECORDING.jsonl    # run its tests, build it, show what it would change in a recording\n\
         uis-host replay RECORDING.jsonl --rule {}=.    # replay the recording with the rule\n```\n\nTo run only its tests: {tests}.\n",
        package(name)
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
        assert_eq!([package("Мой rule"), package("2nd"), package("VIP_one")], ["rule", "rule-2nd", "vip-one"]);
    }
}
