//! Types and traits generated from `wit/` for the worlds of partners' rules. The records are those of the plugin's bindings.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

/// The bindings of one world.
macro_rules! world {
    ($module:ident, $world:literal) => {
        pub mod $module {
            wasmtime::component::bindgen!({
                path: "../wit",
                world: $world,
                with: {
                    "uis:integration/types": crate::bindings::uis::integration::types,
                    "uis:integration/decision": crate::bindings::uis::integration::decision,
                },
                exports: { default: async },
            });
        }
    };
}

world!(responsible, "responsible-rule");
world!(draft, "draft-rule");
world!(routing, "routing-rule");
world!(deal, "deal-rule");
