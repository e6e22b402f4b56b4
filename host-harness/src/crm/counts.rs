//! Counts the entities of a simulator in another process without holding them: what it contains after a million events is larger than all
//! that the host needs.

use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result};
use bytes::{Buf, Bytes};
use reqwest::Response;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How many pieces of an answer wait to be read.
const PIECES: usize = 8;

/// The length of each list in an answer's object. Members that are no lists are left out.
pub(super) async fn lengths(mut answer: Response) -> Result<Map<String, Value>> {
    let (sender, pieces) = sync_channel::<io::Result<Bytes>>(PIECES);
    let counting = tokio::task::spawn_blocking(move || serde_json::from_reader::<_, Lengths>(Pieces { pieces, piece: Bytes::new() }));
    loop {
        let piece = match answer.chunk().await {
            Ok(None) => break,
            Ok(Some(piece)) => Ok(piece),
            Err(error) => Err(io::Error::other(error)),
        };
        let failed = piece.is_err();
        let sender = sender.clone();
        // A full channel would block this thread. An error of sending: the reader has ended, because the answer is no JSON.
        let sent = tokio::task::spawn_blocking(move || sender.send(piece)).await;
        if failed || !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    drop(sender);
    Ok(counting.await?.context("the simulator's state cannot be read")?.0)
}

/// Reads pieces as one stream.
struct Pieces {
    pieces: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.recv() {
                Ok(piece) => self.piece = piece?,
                Err(_) => return Ok(0),
            }
        }
        let length = into.len().min(self.piece.len());
        self.piece.split_to(length).copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

struct Lengths(Map<String, Value>);

impl<'de> Deserialize<'de> for Lengths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lengths, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Lengths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of lists")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Lengths, A::Error> {
        let mut lengths = Map::new();
        while let Some((name, Length(length))) = members.next_entry::<String, Length>()? {
            lengths.extend(length.map(|length| (name, length.into())));
        }
        Ok(Lengths(lengths))
    }
}

/// The length of a list; none for anything else.
struct Length(Option<u64>);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Length;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Length, A::Error> {
        let mut length = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Length(Some(length)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Length, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Length(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Length, E> {
        Ok(Length(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Length, E> {
        Ok(Length(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Length, E> {
        Ok(Length(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Length, E> {
        Ok(Length(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Length, E> {
        Ok(Length(None))
    }

    fn visit_unit<E>(self) -> Result<Length, E> {
        Ok(Length(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&'static str]) -> serde_json::Result<Map<String, Value>> {
        let (sender, receiver) = sync_channel(pieces.len() + 1);
        pieces.iter().for_each(|piece| sender.send(Ok(Bytes::from_static(piece.as_bytes()))).expect("room"));
        drop(sender);
        serde_json::from_reader::<_, Lengths>(Pieces { pieces: receiver, piece: Bytes::new() }).map(|lengths| lengths.0)
    }

    #[test]
    fn lists_are_counted_however_the_answer_is_cut() {
        let found =
            read(&["{\"calls\":[{\"a\":[1]},", "", "{}],\"settings\":{\"x\":{}}", ",\"n\":1.5,\"s\":\"[\",\"t\":null,\"tasks\":[]}"]);
        assert_eq!(Value::Object(found.expect("readable")), serde_json::json!({"calls": 2, "tasks": 0}));
        assert!(read(&["{\"calls\":[1,"]).is_err() && read(&["<html>"]).is_err());
    }
}
