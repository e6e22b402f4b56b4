//! The rules of the house, held by tests.

mod support;

use std::path::{Path, PathBuf};

use support::root;
use wit_parser::{Docs, Resolve, TypeDefKind};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "wit") {
            found.push(path);
        }
    }
}

/// Nothing of one CRM lives in the host library: another plugin must load into it unchanged.
#[test]
fn the_host_library_knows_no_crm() {
    let folder = root().join("host-harness/src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    sources(&root().join("wit"), &mut files);
    let program = [folder.join("main.rs"), folder.join("commands")];
    let library: Vec<&PathBuf> = files.iter().filter(|file| !program.iter().any(|part| file.starts_with(part))).collect();
    assert!(library.len() > 40, "the library is there");
    for file in library {
        let text = std::fs::read_to_string(file).expect("readable").to_lowercase();
        for word in ["retailcrm", "simla", "x-api-key", "apikey", "/api/v5", "uis_retailcrm", "clientid"] {
            assert!(!text.contains(word), "{} holds {word:?}", file.display());
        }
    }
}

/// Arrows point one way: the plugin knows neither host nor simulator, the simulator neither plugin nor host.
#[test]
fn arrows_point_one_way() {
    for (package, strangers) in
        [("plugin", ["uis-host", "retailcrm-simulator", "wasmtime"]), ("retailcrm-simulator", ["uis-host", "uis-retailcrm", "wasmtime"])]
    {
        let manifest = std::fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        for stranger in strangers {
            assert!(
                !manifest.lines().any(|line| line.starts_with(&format!("{stranger} ")) || line.starts_with(&format!("{stranger}."))),
                "{package} depends on {stranger}"
            );
        }
    }
}

fn told(docs: &Docs) -> bool {
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
            if !told(docs) {
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
        if !told(&resolve.worlds[*id].docs) {
            silent.push(name.clone());
        }
    }
    assert!(items > 300, "the whole contract was looked at: {items}");
    assert!(silent.is_empty(), "undocumented: {silent:#?}");
    assert!(told(&resolve.packages[package].docs), "the package says what it is");
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
