//! A server that greets like Redis and then says what it is told to say.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// How it answers each command after the greeting.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Script {
    /// With these bytes.
    Say(&'static str),
    /// With these bytes, and hangs up.
    HangUpAfter(&'static str),
    /// With the bytes of the command itself, from the greeting on.
    Echo,
}

/// Starts it on a free port and returns its address as a URL with a password; it ends with the test process.
pub(crate) fn start(script: Script, password: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://:{password}@{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = Arc::new(connection.unwrap());
            std::thread::spawn(move || serve(&connection, script));
        }
    });
    url
}

/// Ends with the connection.
fn serve(connection: &TcpStream, script: Script) -> Option<()> {
    let (mut reader, mut writer) = (BufReader::new(connection), connection);
    loop {
        let (name, raw) = command(&mut reader)?;
        let answer = match (script, name.as_slice()) {
            (Script::Echo, _) => raw,
            (_, b"HELLO") => b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n".to_vec(),
            (_, b"CLIENT") => b"+OK\r\n".to_vec(),
            (Script::Say(bytes) | Script::HangUpAfter(bytes), _) => bytes.as_bytes().to_vec(),
        };
        writer.write_all(&answer).ok()?;
        if matches!(script, Script::HangUpAfter(_)) && name != b"HELLO" && name != b"CLIENT" {
            return None; // bytes of the client may be unread: then the kernel resets the connection
        }
    }
}

/// One command in the wire format of clients, an array of strings: its name, and all its bytes.
fn command(reader: &mut impl BufRead) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut raw = Vec::new();
    let number = |reader: &mut dyn BufRead, raw: &mut Vec<u8>| -> Option<usize> {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        raw.extend_from_slice(&line);
        std::str::from_utf8(line.get(1..)?).ok()?.trim().parse().ok()
    };
    let parts = number(reader, &mut raw)?;
    let mut name = None;
    for _ in 0..parts {
        let length = number(reader, &mut raw)?;
        let mut part = vec![0; length + 2];
        reader.read_exact(&mut part).ok()?;
        raw.extend_from_slice(&part);
        part.truncate(length);
        name.get_or_insert(part);
    }
    Some((name?, raw))
}
