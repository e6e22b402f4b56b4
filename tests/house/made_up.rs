//! Tests the check of floors on small crates that each test makes.

use std::path::Path;

use super::problems;

/// Three rooms: `ground` on floor 1, `left` and `right` on floor 2.
const LIB: &str = "//! A crate.\n//!\n//! | floor | room | what |\n//! |---|---|---|\n//! | 1 | [`ground`] | below |\n\
                   //! | 2 | [`left`] | one side |\n//! | 2 | `right` | the other |\n\npub mod ground;\npub mod left;\nmod right;\n";

/// Checks a crate with these files. `lib.rs` is `LIB` if it is not given, and a room that is not given is empty.
fn check(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let given = |name: &str| files.iter().any(|(file, _)| Path::new(file).with_extension("").starts_with(name));
    let mut all = files.to_vec();
    if !given("lib") {
        all.push(("lib.rs", LIB));
    }
    for (room, file) in [("ground", "ground.rs"), ("left", "left.rs"), ("right", "right.rs")] {
        if !given(room) {
            all.push((file, ""));
        }
    }
    for (file, text) in all {
        let path = folder.path().join("crate/src").join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    problems(folder.path(), "crate", "made_up")
}

/// Asserts that the check finds exactly this problem.
#[track_caller]
fn refused(files: &[(&str, &str)], message: &str) {
    assert_eq!(check(files), [message], "{files:#?}");
}

/// Asserts that the check finds no problem.
#[track_caller]
fn passes(files: &[(&str, &str)]) {
    assert_eq!(check(files), [""; 0], "{files:#?}");
}

const UP: &str = "(floor 2): imports go down only";
const SIDEWAYS: &str = "(floor 2): rooms of one floor do not import each other";
const ABOVE: &str = "(above all floors): imports go down only";

#[test]
fn a_crate_whose_imports_go_down_passes() {
    passes(&[
        ("ground.rs", "use std::fmt; use serde::Serialize; pub struct Thing; pub mod own { pub use super::Thing; }"),
        (
            "left/mod.rs",
            "mod inner; use crate::ground::{self, Thing as Other, own::*}; pub struct Left; fn f(x: ground::Thing) -> inner::Inner { todo!() }",
        ),
        ("left/inner.rs", "use super::Left; pub struct Inner(Left, super::super::ground::Thing, crate::left::Left);"),
        ("right.rs", "pub(in crate::right) fn f() { let left = 1; left::<u8>(); std::mem::drop(crate::ground::Thing) }"),
    ]);
}

#[test]
fn an_import_upwards_is_refused() {
    refused(
        &[("ground.rs", "\nuse crate::left::Left;"), ("left.rs", "pub struct Left;")],
        &format!("crate/src/ground.rs:2 (floor 1) imports crate::left::Left from crate/src/left.rs {UP}"),
    );
}

#[test]
fn an_import_sideways_is_refused() {
    let message = format!("crate/src/left.rs:3 (floor 2) imports crate::right::deep::Right from crate/src/right/deep.rs {SIDEWAYS}");
    let files = [("left.rs", "use crate::{\n  ground,\n  right::deep::Right as Other,\n};"), ("right/mod.rs", "pub mod deep;")];
    refused(&[files[0], files[1], ("right/deep.rs", "pub struct Right;")], &message);
}

#[test]
fn super_and_self_are_resolved() {
    refused(
        &[("ground/mod.rs", "mod deep;"), ("ground/deep.rs", "use super::super::left;")],
        &format!("crate/src/ground/deep.rs:1 (floor 1) imports super::super::left from crate/src/left.rs {UP}"),
    );
    refused(
        &[("ground.rs", "mod deep { use self::super::super::{left::{self}}; }")],
        &format!("crate/src/ground.rs:1 (floor 1) imports self::super::super::left from crate/src/left.rs {UP}"),
    );
}

#[test]
fn re_exports_are_followed() {
    // The re-export goes through two files of a room that `#[path]` puts into another folder.
    let lib = LIB.replace("mod right;", "#[path = \"elsewhere/right.rs\"]\nmod right;").replace("| 2 | [`left`]", "| 3 | [`left`]");
    let found = check(&[
        ("lib.rs", &lib),
        ("ground.rs", "use crate::right::Through;"),
        ("elsewhere/right.rs", "mod part; pub use part::*;"),
        ("elsewhere/part.rs", "pub use crate::left::Left as Through;"),
        ("left.rs", "pub struct Left;"),
        ("right/unused.rs", ""),
    ]);
    let left = "from crate/src/left.rs (floor 3): imports go down only";
    assert_eq!(
        found,
        [
            "crate/src/right/unused.rs belongs to no module: declare it with `mod`, or delete it".to_owned(),
            format!("crate/src/ground.rs:1 (floor 1) imports crate::right::Through {left}"),
            format!("crate/src/ground.rs:1 (floor 1) imports crate::right::Through from crate/src/elsewhere/part.rs {UP}"),
            format!("crate/src/elsewhere/part.rs:1 (floor 2) imports crate::left::Left {left}"),
        ]
    );
}

#[test]
fn re_exports_of_the_crate_are_followed() {
    let lib = format!("{LIB}pub use left::Left; pub use right::*; use ground::Low;");
    let rooms = [("left.rs", "pub struct Left;"), ("right.rs", "pub struct Right;")];
    refused(
        &[("lib.rs", &lib), ("ground.rs", "pub struct Low; use crate::Left;"), rooms[0], rooms[1]],
        &format!("crate/src/ground.rs:1 (floor 1) imports crate::Left from crate/src/left.rs {UP}"),
    );
    refused(
        &[("lib.rs", &lib), ("ground.rs", "pub struct Low; use super::Right;"), rooms[0], rooms[1]],
        &format!("crate/src/ground.rs:1 (floor 1) imports super::Right from crate/src/right.rs {UP}"),
    );
    passes(&[("lib.rs", &lib), ("ground.rs", "pub struct Low;"), ("left.rs", "pub struct Left(crate::Low);"), rooms[1]]);
}

#[test]
fn items_of_lib_rs_are_above_all_floors() {
    let lib = format!("{LIB}pub struct Whole;");
    refused(
        &[("lib.rs", &lib), ("left.rs", "fn f() -> crate::Whole { todo!() }")],
        &format!("crate/src/left.rs:1 (floor 2) imports crate::Whole from crate/src/lib.rs {ABOVE}"),
    );
    refused(&[("left.rs", "use super::*;")], &format!("crate/src/left.rs:1 (floor 2) imports super::* from crate/src/lib.rs {ABOVE}"));
}

#[test]
fn glob_imports_are_resolved() {
    refused(
        &[("ground.rs", "use crate::left::*;")],
        &format!("crate/src/ground.rs:1 (floor 1) imports crate::left::* from crate/src/left.rs {UP}"),
    );
    refused(
        &[("ground.rs", "fn f() { use crate::left::Kind::*; }"), ("left.rs", "pub enum Kind { A }")],
        &format!("crate/src/ground.rs:1 (floor 1) imports crate::left::Kind::* from crate/src/left.rs {UP}"),
    );
    // Glob imports may form a circle.
    passes(&[("ground.rs", "pub mod a { pub use super::b::*; } pub mod b { pub use super::a::*; } use self::a::Nothing;")]);
}

#[test]
fn paths_in_code_count_as_imports() {
    for code in [
        "fn f() { crate::left::f() }",
        "fn f() -> Option<Vec<crate::left::f>> { None }",
        "fn f<T: crate::left::f>() {}",
        "impl crate::left::f for u8 {}",
        "fn f() { match 1 { crate::left::f => {} _ => {} } }",
        "#[derive(Debug, crate::left::f)] struct Thing;",
        "struct Thing { #[serde(with = \"crate::left::f\")] a: u8 }",
        "#[expect(unused)] type Thing = <u8 as crate::left::f>::Out;",
        "use crate as whole; use super as up; fn f() { crate::left::f(whole, up) }",
    ] {
        let found = check(&[("ground.rs", code), ("left.rs", "pub fn f() {}")]);
        let path = if code.contains("::Out") { "crate::left::f::Out" } else { "crate::left::f" };
        let expected = format!("crate/src/ground.rs:1 (floor 1) imports {path} from crate/src/left.rs {UP}");
        assert_eq!(found.last(), Some(&expected), "{code}");
    }
}

#[test]
fn a_path_through_an_imported_name_is_followed_to_its_end() {
    let files = [("ground.rs", "pub use crate::left as up;"), ("left.rs", "pub struct Left;")];
    let found = check(&[files[0], files[1], ("right.rs", "use crate::ground;\n\nfn f() { ground::up::Left; ground::down() }")]);
    assert_eq!(
        found,
        [
            format!("crate/src/ground.rs:1 (floor 1) imports crate::left from crate/src/left.rs {UP}"),
            format!("crate/src/right.rs:3 (floor 2) imports ground::up::Left from crate/src/left.rs {SIDEWAYS}"),
        ]
    );
}

#[test]
fn paths_in_macros_count_as_imports() {
    for code in [
        "fn f() { println!(\"{}\", crate::left::f); }",
        "fn f() { vec![(1, { crate::left::f })]; }",
        "macro_rules! m { ($x:ident) => { $crate::left::f::<$x>($x::y, ::other::left::f) } }",
        "macro_rules! m { () => { use crate::{ground, left::{f as other}}; } }",
        "make! { struct Thing { #[serde(with = \"crate::left::f\")] a: u8, #[doc = \"crate::left::g\"] b: u8 } }",
        "crate::left::f!();",
    ] {
        refused(
            &[("ground.rs", code), ("left.rs", "")],
            &format!("crate/src/ground.rs:1 (floor 1) imports crate::left::f from crate/src/left.rs {UP}"),
        );
    }
    refused(
        &[
            ("ground.rs", "fn f() { crate::m!() }"),
            ("left/mod.rs", "mod deep;"),
            ("left/deep.rs", "#[macro_export] macro_rules! m { () => {} }"),
        ],
        &format!("crate/src/ground.rs:1 (floor 1) imports crate::m from crate/src/left/deep.rs {UP}"),
    );
}

#[test]
fn code_compiled_only_for_tests_may_import_anything() {
    let lib = format!("{LIB}#[cfg(test)] mod fake;");
    passes(&[
        ("lib.rs", &lib),
        ("fake.rs", "use crate::{left::f, right};"),
        (
            "ground/mod.rs",
            "#[cfg(test)] use crate::fake::Fake; #[cfg(test)] mod tests; #[cfg(all(test, unix))] mod more { use crate::right::*; }
             struct S; impl S { #[cfg(test)] fn f() { crate::left::f() } } #[cfg_attr(test, derive(crate::left::D))] struct T;
             #[test] fn works() { crate::left::f() }",
        ),
        ("ground/tests.rs", "use crate::left::f;"),
    ]);
    refused(
        &[("ground.rs", "#[cfg(any(test, unix))] use crate::left;"), ("left.rs", "")],
        &format!("crate/src/ground.rs:1 (floor 1) imports crate::left from crate/src/left.rs {UP}"),
    );
}

#[test]
fn the_table_and_the_modules_must_agree() {
    let lib = format!("{LIB}mod attic;");
    refused(
        &[("lib.rs", &lib), ("attic.rs", "")],
        "crate/src/attic.rs: the room `attic` is not in the table of floors: add `//! | <floor> | [`attic`] | <what it is for> |` to the \
         documentation in crate/src/lib.rs",
    );
    let lib = LIB.replace("| 2 | `right`", "| 3 | `roof` | gone |\n//! | 2 | `right`");
    refused(
        &[("lib.rs", &lib)],
        "crate/src/lib.rs:7: the table has a room `roof`, but there is no `mod roof`: delete the row or add the module",
    );
    let lib = LIB.replace("| 2 | `right`", "| 2 | [`left`] | again |\n//! | 2 | `right`");
    refused(&[("lib.rs", &lib)], "crate/src/lib.rs:7: the table has the room `left` twice: keep one row");
    let lib = LIB.replace("| 2 | `right` | the other |", "| 2 | [`left`], [`right`] | both |");
    assert!(check(&[("lib.rs", &lib)])[0].starts_with("crate/src/lib.rs:7: the row \"| 2 | [`left`], [`right`] | both |\" is not like"));
}

#[test]
fn a_crate_without_a_table_is_refused() {
    let found = check(&[("lib.rs", "//! A crate.\nmod ground; mod left; mod right;"), ("ground.rs", "use crate::left::f;")]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("no table of floors: the documentation of the crate in crate/src/lib.rs needs"), "{found:#?}");
    passes(&[("lib.rs", "pub struct Whole;"), ("ground/x.txt", ""), ("left/x.txt", ""), ("right/x.txt", "")]);
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(problems(empty.path(), "host", "uis_host"), ["host/src has neither lib.rs nor main.rs"]);
}

#[test]
fn a_program_is_checked_together_with_the_library_of_its_package() {
    let main = "//! | floor | room | what |\n//! |---|---|---|\n//! | 2 | `commands` | the program |\nmod commands;\nstruct Options;";
    let lib = format!("{LIB}pub struct Whole;");
    passes(&[("lib.rs", &lib), ("main.rs", main), ("commands.rs", "use made_up::{Whole, ground::Thing}; fn f() { made_up::ground::f() }")]);
    refused(
        &[("lib.rs", &lib), ("main.rs", main), ("commands.rs", "use made_up::left::f;"), ("left.rs", "")],
        &format!("crate/src/commands.rs:1 (floor 2) imports made_up::left::f from crate/src/left.rs {SIDEWAYS}"),
    );
    refused(
        &[("lib.rs", &lib), ("main.rs", main), ("commands.rs", "use crate::Options;")],
        &format!("crate/src/commands.rs:1 (floor 2) imports crate::Options from crate/src/main.rs {ABOVE}"),
    );
}

#[test]
fn files_that_cannot_be_read_are_reported() {
    let found = check(&[("ground.rs", "mod gone;"), ("left.rs", "fn {")]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("crate/src/ground/gone/mod.rs cannot be read: "), "{found:#?}");
    assert!(found[1].starts_with("crate/src/left.rs cannot be read: line 1: "), "{found:#?}");
}
