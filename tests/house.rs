//! The rules of the house, held by tests.

#[path = "house/imports.rs"]
mod imports;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use uis_test_support::root;
use wit_parser::{Docs, Resolve, TypeDefKind};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "wit") {
            found.push(path);
        }
    }
}

/// Nothing of one CRM lives in the host library: another plugin must load into it unchanged. Nor in the UIS side's simulator.
#[test]
fn the_host_library_knows_no_crm() {
    let mut library = Vec::new();
    for folder in ["host/src", "uis-simulator/src", "wit"] {
        let before = library.len();
        sources(&root().join(folder), &mut library);
        assert!(library.len() > before, "{folder} holds nothing");
    }
    assert!(library.len() > 40, "the library is there");
    for file in library {
        let text = std::fs::read_to_string(&file).expect("readable").to_lowercase();
        for word in ["retailcrm", "simla", "x-api-key", "apikey", "/api/v5", "uis_retailcrm", "clientid"] {
            assert!(!text.contains(word), "{} holds {word:?}", file.display());
        }
    }
}

/// The packages of the workspace, as Cargo reads their manifests.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let Some(Value::Array(packages)) = metadata.get_mut("packages").map(Value::take) else { panic!("cargo metadata lists no packages") };
    packages
}

fn members<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

/// What a package is built from, by way of other packages of the workspace too. Its tests may know more.
fn needed<'a>(packages: &'a [Value], package: &'a str) -> BTreeSet<&'a str> {
    let mut needed = BTreeSet::new();
    let mut open = vec![package];
    while let Some(name) = open.pop() {
        let Some(found) = packages.iter().find(|found| found["name"] == name) else { continue };
        for dependency in members(found, "dependencies").iter().filter(|dependency| dependency["kind"] != "dev") {
            let name = dependency["name"].as_str().expect("a dependency has a name");
            if needed.insert(name) {
                open.push(name);
            }
        }
    }
    needed
}

/// Arrows point one way: plugin → contract ← host. Simulators implement the host's ports or stand alone; only programs and tests know
/// all of them.
#[test]
fn arrows_point_one_way() {
    let packages = packages();
    let rules: [(&str, &[&str]); 4] = [
        ("uis-retailcrm", &["uis-host", "uis-harness", "uis-simulator", "retailcrm-simulator", "wasmtime"]),
        ("retailcrm-simulator", &["uis-host", "uis-harness", "uis-simulator", "uis-retailcrm", "wasmtime"]),
        (
            "uis-host",
            &["uis-harness", "uis-simulator", "retailcrm-simulator", "uis-retailcrm", "anyhow", "axum", "clap", "indicatif", "rusqlite"],
        ),
        ("uis-simulator", &["uis-harness", "retailcrm-simulator", "uis-retailcrm"]),
    ];
    let mut wrong = Vec::new();
    for (package, strangers) in rules {
        if !packages.iter().any(|found| found["name"] == package) {
            wrong.push(format!("no package {package} in the workspace"));
        }
        let needed = needed(&packages, package);
        wrong.extend(strangers.iter().filter(|name| needed.contains(*name)).map(|name| format!("{package} depends on {name}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Imports go down only: the floors are in the table in the crate's documentation.
fn holds_its_floors(folder: &str) {
    let packages = packages();
    let manifest = root().join(folder).join("Cargo.toml");
    let package = packages.iter().find(|package| package["manifest_path"].as_str().map(Path::new) == Some(&manifest));
    let package = package.unwrap_or_else(|| panic!("{folder}/ is not a package of the workspace"));
    let library =
        members(package, "targets").iter().find(|target| members(target, "kind").iter().any(|kind| kind == "lib" || kind == "rlib"));
    let library = library.and_then(|target| target["name"].as_str()).unwrap_or_default().replace('-', "_");
    let problems = imports::problems(&root(), folder, &library);
    assert!(problems.is_empty(), "the floors of {folder}/src do not hold ({}):\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_plugin_holds_its_floors() {
    holds_its_floors("plugin");
}

#[test]
fn the_host_holds_its_floors() {
    holds_its_floors("host");
}

#[test]
fn the_uis_simulator_holds_its_floors() {
    holds_its_floors("uis-simulator");
}

#[test]
fn the_retailcrm_simulator_holds_its_floors() {
    holds_its_floors("retailcrm-simulator");
}

#[test]
fn the_harness_holds_its_floors() {
    holds_its_floors("host-harness");
}

fn documented(docs: &Docs) -> bool {
    docs.contents.as_deref().is_some_and(|text| !text.trim().is_empty())
}

/// The contract is the product's public face: every item of it is documented.
#[test]
fn every_item_of_the_contract_is_documented() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract parses");
    let mut silent = Vec::new();
    let mut items = 0;
    for (name, id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*id];
        let mut check = |what: String, docs: &Docs| {
            items += 1;
            if !documented(docs) {
                silent.push(what);
            }
        };
        check(name.clone(), &interface.docs);
        for (function, found) in &interface.functions {
            check(format!("{name}.{function}"), &found.docs);
        }
        for (kind, id) in &interface.types {
            let found = &resolve.types[*id];
            // A type taken over from another interface is documented there.
            if let TypeDefKind::Type(wit_parser::Type::Id(_)) = found.kind {
                continue;
            }
            check(format!("{name}.{kind}"), &found.docs);
            match &found.kind {
                TypeDefKind::Record(record) => {
                    record.fields.iter().for_each(|field| check(format!("{name}.{kind}.{}", field.name), &field.docs))
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().for_each(|case| check(format!("{name}.{kind}.{}", case.name), &case.docs))
                }
                TypeDefKind::Enum(choices) => {
                    choices.cases.iter().for_each(|case| check(format!("{name}.{kind}.{}", case.name), &case.docs))
                }
                _ => {}
            }
        }
    }
    for (name, id) in &resolve.packages[package].worlds {
        items += 1;
        if !documented(&resolve.worlds[*id].docs) {
            silent.push(name.clone());
        }
    }
    assert!(items > 300, "the whole contract was looked at: {items}");
    assert!(silent.is_empty(), "undocumented: {silent:#?}");
    assert!(documented(&resolve.packages[package].docs), "the package says what it is");
}

/// Partners' rules import nothing; the plugin imports only the contract.
#[test]
fn rule_worlds_import_nothing() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract parses");
    for (name, id) in &resolve.packages[package].worlds {
        if !name.ends_with("-rule") {
            continue;
        }
        for import in resolve.worlds[*id].imports.values() {
            // Interfaces of types alone come as imports without a single function.
            let wit_parser::WorldItem::Interface { id, .. } = import else { panic!("{name} imports a function") };
            assert!(resolve.interfaces[*id].functions.is_empty(), "{name} imports {:?}", resolve.interfaces[*id].name);
        }
    }
}
