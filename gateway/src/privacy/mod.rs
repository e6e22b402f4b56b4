//! Personal data: whose it is, where it stands, what of it may be shown, and what is remembered of an erasure.
//!
//! | file | what |
//! |---|---|
//! | [`person`] | what identifies a person |
//! | [`appeals`] | what an event says about whose it is |
//! | [`layers`] | texts within texts: percent-encoding, JSON within strings, base64, lists of bytes |
//! | [`search`] | finding a person in stored bytes |
//! | [`tombstones`] | keyed digests of who was erased |
//! | [`journal`] | the file of erasures beside the store |
//! | [`masking`] | what listings show in place of personal data |
//! | [`words`] | the names and words that listings may show |
//! | [`pseudonyms`] | what stands for personal data in a masked export |

pub mod appeals;
pub mod journal;
pub mod layers;
pub mod masking;
pub mod person;
pub mod pseudonyms;
pub mod search;
pub mod tombstones;
pub mod words;
