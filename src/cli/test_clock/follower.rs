//! Asks a test identity provider again and again what time it is.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use hourgate::time::{Clock, ClusterClock, Timestamp};
use url::Url;

/// How far this node may be behind when a test has moved the clock.
const ASK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(2);
/// A smaller difference is the way of the answer, not a move of the clock.
const IS_MOVED: Duration = Duration::from_millis(250);

/// The clock of a tenant of `hourgate-idp`. It does not follow the store's.
#[derive(Debug)]
pub(crate) struct TestClock(ClusterClock);

impl TestClock {
    /// Reads the clock at `url`, which `hourgate-idp` has at `/_control/{tenant}/clock`, and follows it from then on.
    ///
    /// # Errors
    ///
    /// Where that is no plain-HTTP URL, or nobody answers there with a time.
    pub(crate) fn start(url: &str) -> Result<Arc<Self>, String> {
        let source = Source::new(url)?;
        let clock = Arc::new(Self(ClusterClock::new()));
        let first = source.read().map_err(|error| format!("cannot read the test clock {url}: {error}"))?;
        clock.0.follow(first);
        eprintln!("hourgate: TEST CLOCK: this gateway goes by the time of {url}; never use it in production");
        let followed = clock.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(ASK_EVERY);
                // With the IdP away the clock goes on by itself.
                if let Ok(shown) = source.read()
                    && shown.since(followed.now()).max(followed.now().since(shown)) > IS_MOVED
                {
                    followed.0.follow(shown);
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

/// Where the time is asked for.
struct Source {
    host: String,
    port: u16,
    path: String,
}

impl Source {
    fn new(text: &str) -> Result<Self, String> {
        let no_clock = || format!("{text:?} is no test clock; one is at http://idp:9400/_control/t1/clock");
        let url = Url::parse(text).map_err(|_| no_clock())?;
        let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(no_clock)?;
        Ok(Self {
            host: host.to_owned(),
            port: url.port_or_known_default().ok_or_else(no_clock)?,
            path: url.path().to_owned(),
        })
    }

    /// Plain HTTP/1.0 over a socket, as for a health check.
    fn read(&self) -> io::Result<Timestamp> {
        let Self { host, port, path } = self;
        let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), *port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(64 * 1024).read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        time_in(body).ok_or_else(|| io::Error::other("the answer is not that of hourgate-idp's clock"))
    }
}

fn time_in(body: &str) -> Option<Timestamp> {
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let now: jiff::Timestamp = answer.get("now")?.as_str()?.parse().ok()?;
    Some(Timestamp::from_millis(now.as_millisecond()))
}
