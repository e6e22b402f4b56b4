//! HTTP in: notifications, routing requests, callbacks, assets, health.
