//! Conformance suites of the ports: what every implementation must do, however it is made.
//!
//! Each suite is an ordinary asynchronous function without a test framework. An implementation's own tests call it with the implementation,
//! or with a small fixture that says what stands behind it; it returns when every promise of the port holds and panics with a message that
//! names the first broken one.
//!
//! | port | suite | what an implementation's tests provide |
//! |---|---|---|
//! | [`Store`](crate::ports::Store) | [`store::conforms`], and [`store::survives`] where it is durable | an empty store; how to open it again |
//! | [`Directory`](crate::ports::Directory) | [`directory::reads`], [`directory::writes`] | what the account holds |
//! | [`Reports`](crate::ports::Reports) | [`reports::conforms`] | the rows' times and ids; how to add one |
//! | [`DealsApi`](crate::ports::DealsApi) | [`deals::conforms`], [`deals::without_points`] | a prefix for ids that nobody used |
//! | [`Dialler`](crate::ports::Dialler) | [`dialler::conforms`] | an order that UIS takes, and those that it refuses |
//! | [`Egress`](crate::ports::Egress) | [`egress::conforms`] | a small server, described there |
//! | [`Clock`](crate::clock::Clock) | [`clock::turned_by_hand`] or [`clock::runs_by_itself`] | nothing |
//! | [`Observer`](crate::ports::Observer) | [`observer::takes_everything`] | nothing |

pub mod clock;
pub mod deals;
pub mod dialler;
pub mod directory;
pub mod egress;
pub mod observer;
pub mod reports;
pub mod samples;
pub mod store;

use std::future::poll_fn;
use std::task::Poll;

/// Lets whatever else is at work in the same task go on once.
async fn step_aside() {
    let mut stepped = false;
    poll_fn(|context| {
        if std::mem::replace(&mut stepped, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a suite against a wrong double and gives what the suite says of it.
#[cfg(test)]
fn broken(suite: impl Future<Output = ()>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let run = std::panic::AssertUnwindSafe(|| runtime.block_on(suite));
    let panic = std::panic::catch_unwind(run).expect_err("the suite found nothing");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
