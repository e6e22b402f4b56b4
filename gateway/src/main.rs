//! The program `uis-gateway`: the gateway as a service, and the commands of its administrators.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 8 | `commands` | the commands of the command line |

mod commands;

/// Events are allocated by the threads that accept them and freed by the thread of the store. The system's allocator (glibc) makes threads wait
/// for each other then: a fifth of the work of an acknowledgement.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    commands::main()
}
