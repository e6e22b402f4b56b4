//! Recordings from life.

use futures_util::FutureExt;

use super::{Client, integration};
use crate::control::Answer;
use crate::control::export::{Exports, RecordingSubject};

impl Exports for Client {
    fn recording_subject<'a>(&'a self, name: &'a str, plain: bool) -> Answer<'a, RecordingSubject> {
        async move { self.post(&integration(name, &format!("/recording-subject?plain={plain}"))).await }.boxed()
    }
}
