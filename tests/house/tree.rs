//! Reads the modules of a crate from its files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

use super::paths::{Used, only_for_tests, used};

/// What a name stands for in a module.
pub enum Binding {
    /// An item of the module itself.
    Here,
    /// A module declared in it.
    Child(usize),
    /// Something imported.
    Import { path: Vec<String>, public: bool },
}

/// A module: a file, or an inline `mod name { … }`.
pub struct Module {
    /// The module's path from the crate's root; empty for `lib.rs` and `main.rs`.
    pub names: Vec<String>,
    pub parent: Option<usize>,
    /// The root that `crate::` means in this module: `lib.rs` or `main.rs`.
    pub root: usize,
    pub file: PathBuf,
    /// Compiled only for tests.
    pub test: bool,
    pub bindings: BTreeMap<String, Vec<Binding>>,
    /// Glob imports: the path, and whether other modules see the imported names.
    pub globs: Vec<(Vec<String>, bool)>,
    /// The imports and the paths in its code, without code that is compiled only for tests.
    pub used: Vec<Used>,
    /// The lines of its documentation (`//!`).
    pub docs: Vec<(usize, String)>,
    /// The folder with the files of the modules that it declares.
    folder: PathBuf,
    inline: bool,
}

impl Module {
    /// The top-level module to which it belongs; none for `lib.rs` and `main.rs`.
    pub fn room(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
    }
}

/// All modules of a package.
pub struct Tree {
    pub modules: Vec<Module>,
    /// The modules of `lib.rs` and `main.rs`.
    pub roots: Vec<usize>,
    /// The library's name in `main.rs`, and the library's root.
    pub library: Option<(String, usize)>,
    /// Messages about what could not be read.
    pub problems: Vec<String>,
    repository: PathBuf,
    files: BTreeSet<PathBuf>,
}

/// Where the code of a module is.
struct Place {
    file: PathBuf,
    folder: PathBuf,
    inline: bool,
}

impl Tree {
    /// Reads `folder/src` of a repository. `library` is the name of the package's library in other crates.
    pub fn read(repository: &Path, folder: &str, library: &str) -> Self {
        let src = repository.join(folder).join("src");
        let mut tree = Self {
            modules: Vec::new(),
            roots: Vec::new(),
            library: None,
            problems: Vec::new(),
            repository: repository.to_owned(),
            files: BTreeSet::new(),
        };
        for name in ["lib.rs", "main.rs"] {
            let file = src.join(name);
            if !file.is_file() {
                continue;
            }
            let root = tree.modules.len();
            tree.roots.push(root);
            if name == "lib.rs" {
                tree.library = Some((library.to_owned(), root));
            }
            tree.file(None, Place { file, folder: src.clone(), inline: false }, false);
        }
        if tree.roots.is_empty() {
            tree.problems.push(format!("{folder}/src has neither lib.rs nor main.rs"));
        }
        tree.find_strays(&src);
        tree
    }

    /// A file's path from the repository's folder, for messages.
    pub fn shown(&self, file: &Path) -> String {
        file.strip_prefix(&self.repository).unwrap_or(file).display().to_string()
    }

    /// Adds a module that has a file of its own.
    fn file(&mut self, named: Option<(usize, String)>, place: Place, test: bool) {
        let shown = self.shown(&place.file);
        if let Ok(whole) = place.file.canonicalize() {
            self.files.insert(whole);
        }
        let text = std::fs::read_to_string(&place.file).map_err(|error| error.to_string());
        match text.and_then(|text| syn::parse_file(&text).map_err(|error| format!("line {}: {error}", line(error.span())))) {
            Ok(parsed) => {
                let test = test || only_for_tests(&parsed.attrs);
                let id = self.module(named, place, test, parsed.items);
                self.modules[id].docs = documentation(&parsed.attrs);
            }
            Err(error) => {
                self.problems.push(format!("{shown} cannot be read: {error}"));
                self.module(named, place, test, Vec::new());
            }
        }
    }

    fn module(&mut self, named: Option<(usize, String)>, place: Place, test: bool, items: Vec<Item>) -> usize {
        let id = self.modules.len();
        let (parent, root, names) = match named {
            Some((parent, name)) => {
                let above = &self.modules[parent];
                (Some(parent), above.root, above.names.iter().cloned().chain([name]).collect())
            }
            None => (None, id, Vec::new()),
        };
        let Place { file, folder, inline } = place;
        let (bindings, globs, used, docs) = Default::default();
        self.modules.push(Module { names, parent, root, file, test, bindings, globs, used, docs, folder, inline });
        let (modules, items): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| matches!(item, Item::Mod(_)));
        if !test {
            self.bind(id, &items);
        }
        for item in modules {
            if let Item::Mod(item) = item {
                self.declared(id, item);
            }
        }
        id
    }

    /// Stores what the items of a module declare, import and use.
    fn bind(&mut self, id: usize, items: &[Item]) {
        for item in items {
            let Some(name) = declares(item) else { continue };
            self.modules[id].bindings.entry(name.clone()).or_default().push(Binding::Here);
            if matches!(item, Item::Macro(found) if found.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))) {
                // A macro with `#[macro_export]` is called as `crate::name!`, in whichever module it is.
                let path = ["crate"].into_iter().map(String::from).chain(self.modules[id].names.clone()).chain([name.clone()]).collect();
                let root = self.modules[id].root;
                if root != id {
                    self.modules[root].bindings.entry(name).or_default().push(Binding::Import { path, public: true });
                }
            }
        }
        let module = &mut self.modules[id];
        module.used = used(items);
        for used in &module.used {
            let Some(import) = &used.import else { continue };
            match &import.name {
                Some(name) => module
                    .bindings
                    .entry(name.clone())
                    .or_default()
                    .push(Binding::Import { path: used.path.clone(), public: import.public }),
                None => module.globs.push((used.path.clone(), import.public)),
            }
        }
    }

    /// Adds the module that a `mod` item declares: inline, in a file with its name, or in the file that `#[path]` names.
    fn declared(&mut self, parent: usize, item: ItemMod) {
        let name = item.ident.to_string();
        let above = &self.modules[parent];
        let test = above.test || only_for_tests(&item.attrs);
        let beside = above.file.parent().unwrap_or(&above.folder).to_owned();
        let (inline, folder, file) = (above.inline, above.folder.clone(), above.file.clone());
        let child = self.modules.len();
        self.modules[parent].bindings.entry(name.clone()).or_default().push(Binding::Child(child));
        let named = Some((parent, name.clone()));
        if let Some((_, items)) = item.content {
            self.module(named, Place { file, folder: folder.join(name), inline: true }, test, items);
            return;
        }
        let place = match item.attrs.iter().find_map(|attribute| text_of(attribute, "path")) {
            Some(path) => {
                let file = if inline { folder } else { beside }.join(path);
                Place { folder: file.parent().map(Path::to_owned).unwrap_or_default(), file, inline: false }
            }
            None => {
                let folder = folder.join(&name);
                let file = folder.with_file_name(format!("{name}.rs"));
                let file = if file.is_file() { file } else { folder.join("mod.rs") };
                Place { file, folder, inline: false }
            }
        };
        self.file(named, place, test);
    }

    /// Reports files that no `mod` declares: the compiler would ignore them.
    fn find_strays(&mut self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.find_strays(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.canonicalize().is_ok_and(|whole| self.files.contains(&whole))
            {
                self.problems.push(format!("{} belongs to no module: declare it with `mod`, or delete it", self.shown(&path)));
            }
        }
    }
}

/// The line of a span.
pub fn line(span: Span) -> usize {
    span.start().line
}

/// The text of `#[name = "…"]`.
fn text_of(attribute: &Attribute, name: &str) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(found) if pair.path.is_ident(name) => match &found.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn documentation(attributes: &[Attribute]) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for attribute in attributes {
        let first = line(attribute.pound_token.span);
        if let Some(text) = text_of(attribute, "doc") {
            lines.extend(text.lines().enumerate().map(|(more, text)| (first + more, text.trim().to_owned())));
        }
    }
    lines
}

/// The name that an item declares in its module.
fn declares(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
