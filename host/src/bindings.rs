//! Generated from `wit/`. Nothing else lives here.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: {
        // Whatever an implementation of a port may have to wait for.
        "uis:integration/communications": async | trappable,
        "uis:integration/connections": async | trappable,
        "uis:integration/deals": async | trappable,
        "uis:integration/directory": async | trappable,
        "uis:integration/storage": async | trappable,
        "uis:integration/timers": async | trappable,
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
