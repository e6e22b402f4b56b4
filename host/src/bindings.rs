//! Types and traits generated from `wit/`.
#![allow(missing_docs, clippy::all, clippy::unwrap_used)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: {
        // Async, because an implementation of a port may wait: for a network, a database or a disk.
        "uis:integration/communications": async | trappable,
        "uis:integration/connections": async | trappable,
        "uis:integration/deals": async | trappable,
        "uis:integration/directory": async | trappable,
        "uis:integration/storage": async | trappable,
        "uis:integration/timers": async | trappable,
        // Async, because an evaluation of a rule may wait for one of the `rule-instances` places.
        "uis:integration/rules.responsible": async,
        "uis:integration/rules.review-draft": async,
        "uis:integration/rules.route": async,
        "uis:integration/rules.review-deal": async,
        default: trappable,
    },
    exports: { default: async },
    // Tests convert values between the component's types and those of a plugin that runs natively, by way of serde.
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
