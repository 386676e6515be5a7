//! An app that says what it was sent. It knows nothing of sign-in.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Serves on a port of its own until the test's process ends; returns the port.
///
/// The answer is the request line and the headers as they came, with names in lower case. `/status/500` is answered with
/// that status.
pub(crate) fn start() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(connection));
        }
    });
    port
}

fn answer(mut connection: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut lines = reader.by_ref().lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut body = format!("{request}\n");
    let mut sent = 0;
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        let (name, value) = (name.to_lowercase(), value.trim());
        if name == "content-length" {
            sent = value.parse().unwrap_or(0);
        }
        let _ = writeln!(body, "{name}: {value}");
    }
    // A connection that is closed with something unread in it is reset, and the answer may be lost.
    std::io::copy(&mut reader.take(sent), &mut std::io::sink())?;
    let path = request.split(' ').nth(1).unwrap_or_default();
    let status = path.split("/status/").nth(1).unwrap_or("200");
    write!(
        connection,
        "HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
