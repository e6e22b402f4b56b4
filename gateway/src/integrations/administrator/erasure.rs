//! Erasing a person, with the book and whoever delivers events.

use std::collections::HashSet;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Administrator, Deliverer};
use crate::control::erasure::{ErasureView, WhomToErase};
use crate::control::{Answer, ControlError, Erasure};
use crate::integrations::erasures::{self, Lanes};

/// The lanes of a deliverer.
struct Its<'a, D>(&'a D);

impl<D: Deliverer> Lanes for Its<'_, D> {
    fn forget<'a>(&'a self, integration: &'a str, ids: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>> {
        self.0.forget(integration, ids)
    }
}

impl<D: Deliverer> Erasure for Administrator<D> {
    fn find_person<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView> {
        async move { erasures::preview(&self.0.book(), whom).await }.boxed()
    }

    fn erase<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView> {
        async move { erasures::erase(&self.0.book(), &Its(&self.0), whom).await }.boxed()
    }
}
