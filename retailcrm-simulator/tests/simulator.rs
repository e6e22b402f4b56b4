//! The tests of the simulator. Each file is a module of this one test binary, so that it is linked only once.

mod checklist;
mod endpoints;
mod late_commits;
mod official_answers;
mod official_client;
mod orders;
mod other_half;
mod program;
mod records;
mod robust;
mod support;
mod tls;
