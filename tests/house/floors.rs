//! Reads the table of floors from a crate's documentation.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Binding, Tree};

/// The first line of the table.
const HEAD: &str = "| floor | room | what |";

/// The floor of each room.
pub struct Floors {
    rows: BTreeMap<String, u32>,
}

impl Floors {
    /// Reads the table in the documentation of `lib.rs`, `main.rs` or both, and compares it with the modules of the crate. A crate without
    /// modules needs no table.
    pub fn read(tree: &Tree, problems: &mut Vec<String>) -> Option<Self> {
        let mut floors = Self { rows: BTreeMap::new() };
        let mut tables = 0;
        for root in &tree.roots {
            let root = &tree.modules[*root];
            let file = tree.shown(&root.file);
            let Some(head) = root.docs.iter().position(|(_, text)| text == HEAD) else { continue };
            tables += 1;
            for (line, text) in root.docs[head + 1..].iter().take_while(|(_, text)| text.starts_with('|')) {
                if text.chars().all(|letter| "|-: ".contains(letter)) {
                    continue;
                }
                if let Err(problem) = floors.row(tree, text) {
                    problems.push(format!("{file}:{line}: {problem}"));
                }
            }
        }
        if tables == 0 {
            let rooms = tree.modules.iter().filter(|module| module.names.len() == 1 && !module.test);
            let files: BTreeSet<String> = rooms.map(|room| tree.shown(&tree.modules[room.root].file)).collect();
            if files.is_empty() {
                return Some(floors);
            }
            let files = Vec::from_iter(files).join(" or ");
            problems.push(format!(
                "no table of floors: the documentation of the crate in {files} needs `//! {HEAD}` and a row for each room, \
                 like `//! | 1 | [`bindings`] | generated from the contract |`"
            ));
            return None;
        }
        floors.find_missing(tree, problems);
        Some(floors)
    }

    /// The floor of a room; none if it is not in the table, which `read` has already reported.
    pub fn of(&self, room: &str) -> Option<u32> {
        self.rows.get(room).copied()
    }

    fn row(&mut self, tree: &Tree, text: &str) -> Result<(), String> {
        let cells: Vec<&str> = text.split('|').map(str::trim).collect();
        let floor = cells.get(1).and_then(|cell| cell.parse::<u32>().ok());
        let room = cells.get(2).map(|cell| cell.trim_start_matches('[').trim_end_matches(']'));
        let room = room.and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        let (Some(floor), Some(room)) = (floor, room.filter(|room| !room.contains('`'))) else {
            return Err(format!("the row {text:?} is not like \"| 1 | [`bindings`] | what it is |\": one floor and one room in each row"));
        };
        let declared = tree.roots.iter().any(|root| {
            let found = tree.modules[*root].bindings.get(room);
            found.is_some_and(|found| found.iter().any(|binding| matches!(binding, Binding::Child(_))))
        });
        if !declared {
            return Err(format!("the table has a room `{room}`, but there is no `mod {room}`: delete the row or add the module"));
        }
        match self.rows.insert(room.to_owned(), floor) {
            Some(_) => Err(format!("the table has the room `{room}` twice: keep one row")),
            None => Ok(()),
        }
    }

    /// Reports rooms that have no row in the table. A room that is compiled only for tests needs none.
    fn find_missing(&self, tree: &Tree, problems: &mut Vec<String>) {
        for module in &tree.modules {
            let [room] = module.names.as_slice() else { continue };
            if !module.test && self.of(room).is_none() {
                let root = tree.shown(&tree.modules[module.root].file);
                problems.push(format!(
                    "{}: the room `{room}` is not in the table of floors: add `//! | <floor> | [`{room}`] | <what it is for> |` to the \
                     documentation in {root}",
                    tree.shown(&module.file)
                ));
            }
        }
    }
}
