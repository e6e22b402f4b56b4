//! Types and traits generated for the worlds of partners' rules: from `wit/`, and from the frozen contracts whose rules this host runs. The
//! records are those of the plugin's bindings; they have not changed between these versions.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

/// The bindings of one version's worlds.
macro_rules! version {
    ($version:ident, $path:literal) => {
        pub mod $version {
            version!(responsible, $path, "responsible-rule");
            version!(draft, $path, "draft-rule");
            version!(routing, $path, "routing-rule");
            version!(deal, $path, "deal-rule");
        }
    };
    ($module:ident, $path:literal, $world:literal) => {
        pub mod $module {
            wasmtime::component::bindgen!({
                path: $path,
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

version!(current, "../wit");
version!(v0_1, "../contracts/0.1.0/wit");
