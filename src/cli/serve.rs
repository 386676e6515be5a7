//! `hourgate serve` and `hourgate healthcheck`.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use hourgate::config::Config;
use hourgate::gateway::{Background, Gateway, follow_the_store, install_tls};
use hourgate::store::{self, TimeSource};
use hourgate::telemetry::start_logging;
use hourgate::time::{Clock, ClusterClock};
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;

const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the gateway until it is told to stop (SIGTERM, SIGINT). Its clock is the store's, or the test clock.
pub(crate) fn serve(
    config: Config,
    forget_live_settings: bool,
    test_clock: Option<Arc<dyn Clock>>,
) -> Result<(), Failure> {
    start_logging(config.log.format, &config.log.level.to_string()).map_err(Failure::new)?;
    install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
    runtime.block_on(async {
        let (clock, time): (Arc<dyn Clock>, _) = match test_clock {
            Some(clock) => (clock, TimeSource::Caller),
            None => (Arc::new(ClusterClock::new()), TimeSource::Server),
        };
        let store = store::open(&config.store, clock.clone(), time).await.map_err(Failure::new)?;
        // With the store away there is nobody to serve until it is back, and the clock is asked for again.
        let _ = follow_the_store(&*store, &*clock).await;
        let gateway = Gateway::new(config, store, clock).map_err(Failure::config)?;
        if forget_live_settings {
            gateway.forget_live_settings().await.map_err(Failure::new)?;
        }
        gateway.read_live_settings().await.map_err(Failure::config)?;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let running = gateway.start(workers, Background::Runs).map_err(Failure::new)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    })
}

/// Asks the management listener of this machine. Plain HTTP/1.0 over a socket: nothing else must be working for it.
pub(crate) fn healthcheck(config: &Config, live: bool) -> Result<String, Failure> {
    let address = reachable(config.management.listen);
    let path = if live { "/livez" } else { "/readyz" };
    let answer = ask(address, path).map_err(|cause| {
        Failure::new(format!("the gateway's management listener {address} does not answer: {cause}"))
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let body = body.trim().to_owned();
    if head.split_whitespace().nth(1) == Some("200") { Ok(body) } else { Err(Failure::new(body)) }
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTHCHECK_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTHCHECK_TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}

/// "All addresses" is where one listens, not where one calls.
const fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
