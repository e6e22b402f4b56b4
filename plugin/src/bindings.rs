//! Generated from `wit/`: the contract's types and functions. Nothing else lives here.
//!
//! The types exist natively as well; the imported functions only work inside a component and are called by `component.rs` alone.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin",
    // Equality and serde are for native tests, which hand the same values to the host library; the component never uses them,
    // so the linker drops them.
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    generate_unused_types: true,
    pub_export_macro: true,
});
