//! Order under failure: customers whose events never succeed hold up nobody else, and nobody is overtaken. `examples/order.rs` measures it with
//! a hundred thousand customers.

use crate::proofs::order;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poisoned_customers_hold_up_nobody_and_nobody_is_overtaken() {
    let shown = order::run(2000, 50, 1000, true).await;
    assert!(shown.overtaken.is_empty(), "{} customers, such as {:?}", shown.overtaken.len(), shown.overtaken.first());
    assert!(shown.delays.len() > 5000, "{} events of healthy customers", shown.delays.len());
    println!("healthy customers: p50 {:?}, p99 {:?}", shown.percentile(0.5), shown.percentile(0.99));
}
