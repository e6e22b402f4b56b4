//! A client of HTTP/1.1 that sends exactly the bytes it is given.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The header lines, in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    /// What was read and does not belong to an answer yet.
    rest: Vec<u8>,
}

/// A request with a body of known length.
pub fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: gateway\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A notification in JSON.
pub fn notification(path: &str, body: &str) -> Vec<u8> {
    request("POST", path, "Content-Type: application/json\r\n", body.as_bytes())
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.expect("the gateway listens");
        stream.set_nodelay(true).expect("a socket");
        Client { stream, rest: Vec::new() }
    }

    /// Sends bytes. False when the gateway has closed the connection.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// The next answer; none when the connection is closed first. Fails when neither happens.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.next()).await.expect("an answer, or the end of the connection")
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, bytes: &[u8]) -> Option<Answer> {
        self.send(bytes).await;
        self.answer().await
    }

    /// As [`Client::answer`], however long it takes.
    pub async fn next(&mut self) -> Option<Answer> {
        let end = loop {
            match self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.more().await?,
            }
        };
        let head = String::from_utf8_lossy(&self.rest[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = field("content-length:").map_or(0, |length| length.parse().expect("a length"));
        while self.rest.len() < end + length {
            self.more().await?;
        }
        let body = self.rest[end..end + length].to_vec();
        self.rest.drain(..end + length);
        Some(Answer { status, head, body })
    }

    async fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(count) => {
                self.rest.extend_from_slice(&buffer[..count]);
                Some(())
            }
        }
    }
}

/// Sends bytes over a connection of their own, and gives the first answer; none when the connection was closed without one.
pub async fn once(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    Client::connect(address).await.ask(bytes).await
}

/// The status of a request over a connection of its own; 0 when it was closed without an answer.
pub async fn status(address: SocketAddr, bytes: &[u8]) -> u16 {
    once(address, bytes).await.map_or(0, |answer| answer.status)
}
