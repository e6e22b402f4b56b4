//! Generated from `wit/`. Nothing else lives here.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: {
        "uis:integration/connections.send": async,
        // A rule runs in a store of its own, which may have to wait for a place.
        "uis:integration/rules.responsible": async,
        "uis:integration/rules.review-draft": async,
        "uis:integration/rules.route": async,
        "uis:integration/rules.review-deal": async,
        default: trappable,
    },
    exports: { default: async },
    // serde carries values between the component's types and a natively run plugin's, in tests.
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
