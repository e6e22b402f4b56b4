//! Order under failure at full size: a hundred thousand customers of a thousand accounts, without and with one poisoned in a hundred, in one run.
//!
//! ```sh
//! cargo run --release -p uis-gateway --example order
//! ```

#[path = "../tests/proofs/order.rs"]
mod order;
#[path = "../tests/proofs/scripted.rs"]
mod scripted;

/// Events a second.
const RATE: u64 = 4000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    for poisoned in [false, true, false, true] {
        let shown = order::run(100_000, 1000, RATE, poisoned).await;
        println!(
            "{} poisoned customers: {} events of healthy ones, p50 {:?}, p99 {:?}, p99.9 {:?}; {} overtaken",
            if poisoned { 1000 } else { 0 },
            shown.delays.len(),
            shown.percentile(0.5),
            shown.percentile(0.99),
            shown.percentile(0.999),
            shown.overtaken.len(),
        );
    }
}
