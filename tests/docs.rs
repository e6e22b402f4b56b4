//! What the documentation names exists: files and folders, settings, recordings, limits.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::rules::limits::RuleLimits;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::{recordings, root};

/// The documents for people, without the components' own READMEs.
fn documents() -> Vec<PathBuf> {
    let of = |folder: PathBuf| std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = of(root()).chain(of(root().join("docs"))).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Text between backticks, outside of blocks of code.
fn in_backticks(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.lines()).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Where links lead, without their fragments; addresses outside of the repository are left out.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let targets = targets.map(|target| target.split_once('#').map_or(target, |(file, _)| file));
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

/// Links to a heading: the file, empty for the same one, and the fragment.
fn fragments(text: &str) -> Vec<(&str, &str)> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets.filter(|target| !target.contains("://")).filter_map(|target| target.split_once('#')).collect()
}

/// What leads to a heading: its words in lower case, joined by hyphens, without other signs.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = text.split("```").step_by(2);
    let headings = prose.flat_map(str::lines).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let sign = |sign: char| match sign {
        ' ' => Some('-'),
        sign if sign.is_alphanumeric() || sign == '-' || sign == '_' => Some(sign),
        _ => None,
    };
    headings.map(|heading| heading.to_lowercase().chars().filter_map(sign).collect()).collect()
}

#[test]
fn links_to_headings_lead_to_one() {
    let (mut missing, mut seen) = (Vec::new(), 0);
    for document in documents() {
        let text = read(&document);
        for (file, fragment) in fragments(&text) {
            let target = if file.is_empty() { document.clone() } else { document.parent().expect("a folder").join(file) };
            seen += 1;
            if target.extension().is_some_and(|extension| extension == "md") && !anchors(&read(&target)).contains(fragment) {
                missing.push(format!("{}: {file}#{fragment}", document.display()));
            }
        }
    }
    assert!(seen > 10 && missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// The commands of a page's blocks, without remarks and without the language of the steps.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```sh").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
    let plain = |line: &str| line.split("  #").next().unwrap_or_default().replace(" --language en", "").trim_end().to_owned();
    let is_command = |line: &&str| line.starts_with(|first: char| first.is_ascii_alphabetic());
    blocks.flat_map(str::lines).filter(is_command).map(plain).collect()
}

#[test]
fn both_pages_about_installing_have_the_same_commands() {
    let [english, russian] = ["docs/install.md", "docs/install.ru.md"].map(|page| commands(&read(&root().join(page))));
    assert!(english.len() > 40, "{english:?}");
    assert_eq!(english, russian);
}

/// Folders of the repository that a path begins with when it is written from the root.
fn rooms() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root()).expect("the repository").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_dir()).filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

#[test]
fn links_and_paths_lead_to_files_of_the_repository() {
    let rooms = rooms();
    let mut missing = Vec::new();
    for document in documents() {
        let (text, folder) = (read(&document), document.parent().expect("a folder").to_owned());
        let name = document.strip_prefix(root()).expect("inside").display().to_string();
        missing.extend(links(&text).into_iter().filter(|link| !folder.join(link).exists()).map(|link| format!("{name}: ({link})")));
        let is_path = |word: &&str| {
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
            // What is built is not in the repository.
            plain && word.split_once('/').is_some_and(|(first, _)| rooms.contains(first) && first != "target")
        };
        let paths = in_backticks(&text).into_iter().filter(is_path).filter(|path| !root().join(path).exists());
        missing.extend(paths.map(|path| format!("{name}: `{path}`")));
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// Whether a name with `*` for any characters fits.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after),
        None => pattern == name,
    }
}

#[tokio::test]
async fn behaviours_name_every_setting_and_only_files_and_recordings_that_exist() {
    let schema: Value = serde_json::from_str(&NativePlugin::new().settings_schema().await.expect("a schema")).expect("JSON");
    let properties = schema["properties"].as_object().expect("properties");
    let mut unnamed: BTreeSet<&str> =
        properties.iter().filter(|(_, property)| property["readOnly"] != Value::Bool(true)).map(|(name, _)| name.as_str()).collect();
    let mut recordings: Vec<String> = recordings().into_iter().map(|(name, _)| name.replace('.', "/")).collect();
    for folder in ["settings/calls", "settings/texts"] {
        let files = std::fs::read_dir(root().join("tests/recordings").join(folder)).expect("a folder").map(|file| file.expect("a file"));
        recordings.extend(files.filter_map(|file| Some(format!("{folder}/{}", file.path().file_stem()?.to_str()?))));
    }
    let text = read(&root().join("docs/behaviours.md"));
    let rows =
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| behaviour") && !line.starts_with("| UIS's setting"));
    // The tables of differences have two columns and name settings that no longer exist.
    let rows = rows.filter(|row| row.split(" | ").count() > 2);
    let mut wrong = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [behaviour, settings, code, shown] = cells[..] else { panic!("four cells: {row}") };
        for setting in in_backticks(settings).into_iter().filter(|setting| *setting != "rmo" && !setting.starts_with("setup.")) {
            unnamed.remove(setting);
            if !properties.contains_key(setting) {
                wrong.push(format!("{behaviour}: setting {setting}"));
            }
        }
        for path in in_backticks(code) {
            if !root().join("plugin/src").join(path).exists() && !root().join(path).exists() {
                wrong.push(format!("{behaviour}: file {path}"));
            }
        }
        for name in in_backticks(shown) {
            if !root().join(name).exists() && !recordings.iter().any(|recording| fits(name, recording)) {
                wrong.push(format!("{behaviour}: recording {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not there:\n{}", wrong.join("\n"));
    assert!(unnamed.is_empty(), "settings that no behaviour names: {unnamed:?}");
}

#[test]
fn the_table_of_limits_is_that_of_the_code() {
    let text = read(&root().join("docs/limits.md"));
    let (table, _) = text.split_once("\n## ").expect("the table stands before the first heading");
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?.to_owned();
        Some((name, cells.next()?.replace(' ', "").parse::<u64>().ok()?))
    });
    let written: Vec<(String, u64)> = rows.collect();
    let (plugin, rules) = (Limits::default(), RuleLimits::default());
    let named: Vec<(String, u64)> = plugin.named().into_iter().chain(rules.named()).map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(written, named);
}
