//! Requests as bytes, for what no HTTP client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// What came back: head and body as they are.
#[derive(Debug)]
pub(crate) struct Raw {
    /// 0 where the connection was closed without an answer.
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Raw {
    /// The app answered, not somebody before it. It repeats the request.
    pub(crate) fn is_the_apps(&self) -> bool {
        self.text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.contains("\nhost: "))
    }
}

/// Sends bytes to a port of this machine and reads until the other side closes.
pub(crate) fn send(port: u16, request: &[u8]) -> Raw {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = Vec::new();
    // It may be refused before it was sent, and closed by a reset.
    let _ = stream.write_all(request);
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Raw { status, text }
}

/// A request of these header lines, for a host, on a connection that closes after it.
pub(crate) fn request(method: &str, target: &str, host: &str, lines: &[&str]) -> Vec<u8> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
    let closes = lines.iter().any(|line| line.to_ascii_lowercase().starts_with("connection:"));
    for line in lines.iter().copied().chain((!closes).then_some("Connection: close")) {
        request.extend_from_slice(line.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}
