//! An app whose page includes the page script, under a policy that forbids all that is not its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hourgate::time::{Clock, ManualClock};

const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'";
const PAGE: &str = include_str!("app/page.html");
/// The page's clock; before the page script, it takes the place of the browser's.
const CLOCK: &str = include_str!("app/clock.js");
const SCRIPT: &str = include_str!("app/app.js");
const STYLE: &str = include_str!("app/app.css");

/// Serves on a port of its own until the test's process ends.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) port: u16,
    polls: Arc<AtomicUsize>,
}

impl App {
    /// Its pages begin at the instant that `clock` shows.
    pub(crate) fn start(clock: Arc<ManualClock>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (port, polls) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = polls.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (clock, polls) = (clock.clone(), counted.clone());
                std::thread::spawn(move || answer(connection, &clock, &polls));
            }
        });
        Self { port, polls }
    }

    /// How many polls have got past the gateway.
    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Ordering::SeqCst)
    }
}

fn answer(mut connection: TcpStream, clock: &ManualClock, polls: &AtomicUsize) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, kind, body) = match request.split(' ').nth(1).unwrap_or_default() {
        "/" => (200, "text/html", PAGE.replace("{now}", &clock.now().as_millis().to_string())),
        "/clock.js" => (200, "text/javascript", CLOCK.to_owned()),
        "/app.js" => (200, "text/javascript", SCRIPT.to_owned()),
        "/app.css" => (200, "text/css", STYLE.to_owned()),
        "/api/news" => {
            polls.fetch_add(1, Ordering::SeqCst);
            (200, "text/plain", "no news".to_owned())
        }
        _ => (404, "text/plain", "nothing here".to_owned()),
    };
    write!(
        connection,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Security-Policy: {POLICY}\r\n\
         Cache-Control: no-store\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
