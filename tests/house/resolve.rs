//! Finds the modules to which a path leads. It follows re-exports.

use super::tree::{Binding, Tree};

/// Follows paths through the modules of a crate.
pub struct Walk<'a> {
    tree: &'a Tree,
    /// All modules through which the path leads, and those that have what it names. `lib.rs` and `main.rs` are included only if the path ends
    /// there or they have what it names, because they are not rooms.
    touched: Vec<usize>,
    /// The paths that are being followed, to stop when imports form a circle.
    under_way: Vec<(usize, Vec<String>)>,
}

/// The modules that a path in the code of `module` leads to, in the order in which it goes through them.
pub fn reached(tree: &Tree, module: usize, path: &[String]) -> Vec<usize> {
    let mut walk = Walk { tree, touched: Vec::new(), under_way: Vec::new() };
    walk.follow(module, path);
    walk.touched
}

impl Walk<'_> {
    /// Follows a path in the code of module `at`. Returns the modules that it names; it may also name other items.
    fn follow(&mut self, at: usize, path: &[String]) -> Vec<usize> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let step = (at, path.to_vec());
        if self.under_way.contains(&step) {
            return Vec::new();
        }
        self.under_way.push(step);
        let mut here = self.begin(at, first);
        for name in rest {
            self.touch_rooms(&here);
            here = here.into_iter().flat_map(|module| self.step(at, module, name)).collect();
        }
        self.touched.extend(&here);
        self.under_way.pop();
        here
    }

    fn begin(&mut self, at: usize, name: &str) -> Vec<usize> {
        match name {
            "crate" => vec![self.tree.modules[at].root],
            "self" => vec![at],
            "super" => self.tree.modules[at].parent.into_iter().collect(),
            name => match self.look_up(at, at, name) {
                Some(found) => found,
                // The library of the same package, or another crate.
                None => self.tree.library.iter().filter(|(library, _)| library == name).map(|(_, root)| *root).collect(),
            },
        }
    }

    fn step(&mut self, viewer: usize, module: usize, name: &str) -> Vec<usize> {
        match name {
            "self" => vec![module],
            "super" => self.tree.modules[module].parent.into_iter().collect(),
            name => self.look_up(viewer, module, name).unwrap_or_else(|| {
                // A macro made the name, or it belongs to a type. It is in this module, wherever it came from.
                self.touched.push(module);
                Vec::new()
            }),
        }
    }

    /// The modules that a name in `module` stands for, as seen from the module `viewer`; `None` if there is no such name.
    fn look_up(&mut self, viewer: usize, module: usize, name: &str) -> Option<Vec<usize>> {
        let step = (module, vec!["names".to_owned(), viewer.to_string(), name.to_owned()]);
        if self.under_way.contains(&step) {
            return None;
        }
        self.under_way.push(step);
        let found = self.named(viewer, module, name).or_else(|| self.among_everything(viewer, module, name));
        self.under_way.pop();
        found
    }

    fn named(&mut self, viewer: usize, module: usize, name: &str) -> Option<Vec<usize>> {
        let tree = self.tree;
        let inside = self.inside(viewer, module);
        let mut found = None;
        for binding in tree.modules[module].bindings.get(name)? {
            let modules = match binding {
                Binding::Here => {
                    self.touched.push(module);
                    Vec::new()
                }
                Binding::Child(child) => vec![*child],
                Binding::Import { path, public } if *public || inside => self.follow(module, path),
                Binding::Import { .. } => continue,
            };
            found.get_or_insert_with(Vec::new).extend(modules);
        }
        found
    }

    /// Like `named`, for names that come from `use path::*`.
    fn among_everything(&mut self, viewer: usize, module: usize, name: &str) -> Option<Vec<usize>> {
        let tree = self.tree;
        let inside = self.inside(viewer, module);
        let mut found: Option<Vec<usize>> = None;
        for (path, public) in &tree.modules[module].globs {
            if !public && !inside {
                continue;
            }
            let before = self.touched.len();
            let mut missing = true;
            for target in self.follow(module, path) {
                if let Some(modules) = self.look_up(module, target, name) {
                    missing = false;
                    found.get_or_insert_with(Vec::new).extend(modules);
                }
            }
            if missing {
                self.touched.truncate(before);
            }
        }
        found
    }

    /// Whether `viewer` sees private names of `module`: it is that module or inside it.
    fn inside(&self, viewer: usize, module: usize) -> bool {
        std::iter::successors(Some(viewer), |id| self.tree.modules[*id].parent).any(|id| id == module)
    }

    fn touch_rooms(&mut self, modules: &[usize]) {
        self.touched.extend(modules.iter().filter(|id| self.tree.modules[**id].parent.is_some()));
    }
}
