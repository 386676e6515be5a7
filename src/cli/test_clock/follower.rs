//! Asks a test identity provider again and again what time it is.

use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hourgate::time::{Clock, ClusterClock, Timestamp};
use url::Url;

/// How far this node may be behind when a test has moved the clock.
const ASK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer; a time is far shorter.
const LARGEST: usize = 64 * 1024;
/// A smaller difference is the way of the answer, not a move of the clock.
const IS_MOVED: Duration = Duration::from_millis(250);

/// The clock of a tenant of `hourgate-idp`. It does not follow the store's.
#[derive(Debug)]
pub(crate) struct TestClock(ClusterClock);

impl TestClock {
    /// Reads the clock, and follows it from then on.
    ///
    /// # Errors
    ///
    /// Where nobody answers there with a time.
    pub(super) fn start(source: Source) -> Result<Arc<Self>, String> {
        let clock = Arc::new(Self(ClusterClock::new()));
        let first = source.read().map_err(|error| format!("cannot read the test clock {source}: {error}"))?;
        clock.0.set(first);
        eprintln!(
            "hourgate: TEST CLOCK: this gateway goes by the time of {source}; never use it in production"
        );
        let followed = clock.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(ASK_EVERY);
                let asked = Instant::now();
                // With the IdP away the clock goes on by itself.
                let Ok(shown) = source.read() else { continue };
                let now = followed.now();
                // An answer that was long on its way is as much behind.
                if shown.since(now).max(now.since(shown)) > IS_MOVED + asked.elapsed() {
                    tracing::info!(from = %now, to = %shown, "test_clock_moved");
                    followed.0.set(shown);
                }
            }
        });
        Ok(clock)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Where the time is asked for: `hourgate-idp` has it at `/_control/{tenant}/clock`.
pub(super) struct Source {
    host: String,
    port: u16,
    path: String,
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.path)
    }
}

impl Source {
    /// # Errors
    ///
    /// Where that is no plain-HTTP URL of a path alone.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let no_clock =
            || "HOURGATE_TEST_CLOCK is no test clock; one is at http://idp:9400/_control/t1/clock".to_owned();
        let url = Url::parse(text).map_err(|_| no_clock())?;
        let has_more = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        let host = url.host_str().filter(|_| url.scheme() == "http" && !has_more).ok_or_else(no_clock)?;
        Ok(Self {
            host: host.to_owned(),
            port: url.port_or_known_default().ok_or_else(no_clock)?,
            path: url.path().to_owned(),
        })
    }

    /// Plain HTTP/1.0 over a socket, as for a health check.
    fn read(&self) -> io::Result<Timestamp> {
        let Self { host, port, path } = self;
        let addresses = (host.trim_matches(['[', ']']), *port).to_socket_addrs()?;
        let until = Instant::now() + PATIENCE;
        let mut connected = Err(io::Error::other("its host has no address"));
        for address in addresses {
            connected = connected.or_else(|_| TcpStream::connect_timeout(&address, PATIENCE));
        }
        let mut stream = connected?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n")?;
        let mut answer = Vec::new();
        // A server that dribbles must not hold up a start.
        loop {
            let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
            stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
            let mut piece = [0; 1024];
            match stream.read(&mut piece)? {
                0 => break,
                read => answer.extend_from_slice(&piece[..read]),
            }
            if answer.len() > LARGEST {
                break;
            }
        }
        time_in(&answer).ok_or_else(|| io::Error::other("the answer is not that of hourgate-idp's clock"))
    }
}

fn time_in(answer: &[u8]) -> Option<Timestamp> {
    let (head, body) = std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")?;
    let answer: serde_json::Value =
        serde_json::from_str(body).ok().filter(|_| head.split(' ').nth(1) == Some("200"))?;
    let now: jiff::Timestamp = answer.get("now")?.as_str()?.parse().ok()?;
    Some(Timestamp::from_millis(now.as_millisecond()))
}
