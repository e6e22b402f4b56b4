//! The program `uis-gateway`.

fn main() {}
