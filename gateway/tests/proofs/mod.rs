//! What the proofs of `docs/proofs.md` and the programs in `examples/` share.

pub mod components;
pub mod fleet;
pub mod order;
pub mod scripted;
