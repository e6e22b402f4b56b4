//! Generated from `wit/`: the contract's types and functions, nothing else.
//!
//! The types exist natively as well. The imported functions work only inside a component; only `component.rs` calls them.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin",
    // Native tests need equality and serde to pass the same values to the host library. The component does not use them, so the linker
    // drops them.
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    generate_unused_types: true,
    pub_export_macro: true,
});
