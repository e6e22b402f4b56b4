//! The rules about the structure of this repository: which crate may know which, which module may import which, and that the contract is
//! documented.

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

/// Neither the host library nor the simulator of UIS may contain anything about a particular CRM, so that the host can load a plugin for
/// another CRM unchanged.
#[test]
fn the_host_library_knows_no_crm() {
    let mut library = Vec::new();
    for folder in ["host/src", "uis-simulator/src", "wit"] {
        let before = library.len();
        sources(&root().join(folder), &mut library);
        assert!(library.len() > before, "{folder} has no sources");
    }
    assert!(library.len() > 40, "too few sources were found");
    for file in library {
        let text = std::fs::read_to_string(&file).expect("readable").to_lowercase();
        for word in ["retailcrm", "simla", "x-api-key", "apikey", "/api/v5", "uis_retailcrm", "clientid"] {
            assert!(!text.contains(word), "{} contains {word:?}", file.display());
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

/// The packages on which a package depends, directly or through other packages of the workspace. Dependencies of tests do not count.
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

/// Dependencies point one way: plugin → contract ← host. Simulators implement the host's ports or depend on nothing of the workspace. Only
/// programs and tests depend on all of them.
#[test]
fn dependencies_between_packages_point_one_way() {
    let packages = packages();
    let rules: [(&str, &[&str]); 5] = [
        ("uis-phones", &["uis-host", "uis-harness", "uis-simulator", "retailcrm-simulator", "uis-retailcrm", "wasmtime"]),
        ("uis-retailcrm", &["uis-host", "uis-harness", "uis-simulator", "retailcrm-simulator", "uis-phones", "wasmtime"]),
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

/// Checks that every module imports only from modules on lower floors. The table in the crate's documentation has the floors.
fn check_floors(folder: &str) {
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
fn imports_of_the_reader_of_phones_go_down_only() {
    check_floors("phones");
}

#[test]
fn the_plugins_imports_go_down_only() {
    check_floors("plugin");
}

#[test]
fn the_hosts_imports_go_down_only() {
    check_floors("host");
}

#[test]
fn the_uis_simulators_imports_go_down_only() {
    check_floors("uis-simulator");
}

#[test]
fn the_retailcrm_simulators_imports_go_down_only() {
    check_floors("retailcrm-simulator");
}

#[test]
fn imports_of_the_harness_go_down_only() {
    check_floors("host-harness");
}

#[test]
fn imports_of_the_gateway_go_down_only() {
    check_floors("gateway");
}

#[test]
fn imports_of_the_measurements_go_down_only() {
    check_floors("benches");
}

fn documented(docs: &Docs) -> bool {
    docs.contents.as_deref().is_some_and(|text| !text.trim().is_empty())
}

/// Plugin authors work from the contract alone, so every item of it must be documented.
#[test]
fn every_item_of_the_contract_is_documented() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract parses");
    let mut undocumented = Vec::new();
    let mut items = 0;
    for (name, id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*id];
        let mut check = |what: String, docs: &Docs| {
            items += 1;
            if !documented(docs) {
                undocumented.push(what);
            }
        };
        check(name.clone(), &interface.docs);
        for (function, found) in &interface.functions {
            check(format!("{name}.{function}"), &found.docs);
        }
        for (kind, id) in &interface.types {
            let found = &resolve.types[*id];
            // A type that comes from another interface is documented there.
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
            undocumented.push(name.clone());
        }
    }
    assert!(items > 300, "too few items were checked: {items}");
    assert!(undocumented.is_empty(), "undocumented: {undocumented:#?}");
    assert!(documented(&resolve.packages[package].docs), "the package itself is undocumented");
}

/// Partners' rules must not import any function.
#[test]
fn rule_worlds_import_nothing() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("the contract parses");
    for (name, id) in &resolve.packages[package].worlds {
        if !name.ends_with("-rule") {
            continue;
        }
        for import in resolve.worlds[*id].imports.values() {
            // An interface that has only types is an import without functions.
            let wit_parser::WorldItem::Interface { id, .. } = import else { panic!("{name} imports a function") };
            assert!(resolve.interfaces[*id].functions.is_empty(), "{name} imports {:?}", resolve.interfaces[*id].name);
        }
    }
}
