//! The requests of a replay: recording them with their answers, and comparing a later replay with what was recorded.
//!
//! | file | what |
//! |---|---|
//! | [`exchange`] | an `exchange` line: a request, its answer, and the run of a handler that sent it |
//! | [`runs`] | numbers the runs of handlers, so that each request is known to belong to one |
//! | [`recorder`] | notes what a replay sends |
//! | [`writer`] | writes a recording together with what was noted |
//! | [`strict`] | answers requests as recorded, and finds the first that differs |
//! | [`difference`] | shows how two requests differ |

pub mod difference;
pub mod exchange;
pub mod recorder;
pub mod runs;
pub mod strict;
pub mod writer;
