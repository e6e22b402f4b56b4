//! Checks the floors of a crate: a file may import only from its own room and from rooms on lower floors.
//!
//! A room is a top-level module. Its floor is in a table in the crate's documentation. Code that is compiled only for tests may import
//! anything. The check does not see paths that a procedural macro generates, files that `include!` inserts, and macros that `#[macro_use]`
//! makes available in other rooms without a path.

mod floors;
mod made_up;
mod paths;
mod resolve;
mod tree;

use std::path::Path;

use floors::Floors;
use tree::{Module, Tree};

/// Returns what is wrong with the imports of the package in `folder`, one line each. `library` is the name of its library in other crates.
pub fn problems(repository: &Path, folder: &str, library: &str) -> Vec<String> {
    let mut tree = Tree::read(repository, folder, library);
    let mut problems = std::mem::take(&mut tree.problems);
    if tree.roots.is_empty() {
        return problems;
    }
    let Some(floors) = Floors::read(&tree, &mut problems) else { return problems };
    for (id, module) in tree.modules.iter().enumerate() {
        // `lib.rs` and `main.rs` are above all floors and may import anything.
        if let (Some(room), false) = (module.room(), module.test) {
            imports_of(&tree, &floors, id, room, &mut problems);
        }
    }
    problems
}

fn imports_of(tree: &Tree, floors: &Floors, id: usize, room: &str, problems: &mut Vec<String>) {
    let module = &tree.modules[id];
    let Some(floor) = floors.of(room) else { return };
    for used in &module.used {
        // Where the first name of a path leads was already checked where that name was imported.
        let seen = match used.path.as_slice() {
            [first, _, ..] if !["crate", "self", "super"].contains(&first.as_str()) => resolve::reached(tree, id, &used.path[..1]),
            _ => Vec::new(),
        };
        let mut rooms: Vec<Option<&str>> = seen.into_iter().map(|id| tree.modules[id].room()).chain([Some(room)]).collect();
        // The last module comes first, so that a message names the file that has the imported item.
        for target in resolve::reached(tree, id, &used.path).into_iter().rev().map(|id| &tree.modules[id]) {
            if rooms.contains(&target.room()) {
                continue;
            }
            rooms.push(target.room());
            if let Some(wrong) = wrong(floors, module, floor, target) {
                let (importer, imported) = (tree.shown(&module.file), tree.shown(&target.file));
                let (line, path) = (used.line, used.shown());
                problems.push(format!("{importer}:{line} (floor {floor}) imports {path} from {imported} {wrong}"));
            }
        }
    }
}

/// What is wrong with an import from `target`; none if it is allowed.
fn wrong(floors: &Floors, module: &Module, floor: u32, target: &Module) -> Option<String> {
    let Some(room) = target.room() else {
        // A program may import the library of its package.
        return (target.root == module.root).then(|| "(above all floors): imports go down only".to_owned());
    };
    let other = floors.of(room)?;
    match other.cmp(&floor) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(format!("(floor {other}): rooms of one floor do not import each other")),
        std::cmp::Ordering::Greater => Some(format!("(floor {other}): imports go down only")),
    }
}
