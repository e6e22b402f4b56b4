//! The exit statuses of the program, the same for every command.

/// Everything went well.
pub const OK: u8 = 0;
/// Something of what was run failed.
pub const FAILED: u8 = 1;
/// The input cannot be used; nothing was run.
pub const UNUSABLE: u8 = 2;
