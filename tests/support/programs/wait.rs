//! Waiting for something to become true. How long it takes is not asserted: the limit only ends a test that hangs.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < end, "still not: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The same for what cannot be awaited.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "still not: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Returns when somebody listens on a port of this machine.
pub(crate) fn until_listening(who: &str, port: u16) {
    until(&format!("{who} listens on port {port}"), || TcpStream::connect(("127.0.0.1", port)).ok());
}

/// A port that is free and that nobody gets by chance: below those that the system hands out.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(61);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(20_000 + begin.wrapping_add(step) % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
