//! The program `hourgate-idp`: the bundled test identity provider.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use hourgate::idp::{Config, TestIdp, startup};
use hourgate::time::SystemClock;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

/// `EX_CONFIG` of sysexits.h: what is wrong is the configuration, and starting again will not help.
const EXIT_CONFIG: u8 = 78;

/// A test identity provider (OpenID Connect, WS-Federation) where anyone signs in as anyone. Never for production.
#[derive(Debug, Parser)]
#[command(name = "hourgate-idp", version)]
struct Cli {
    /// The address to listen on
    #[arg(long, env = "HOURGATE_IDP_LISTEN", default_value = "127.0.0.1:9400", global = true)]
    listen: SocketAddr,
    /// Where browsers reach it, if not at the address it listens on; becomes the issuer's base
    #[arg(long, env = "HOURGATE_IDP_PUBLIC_URL", value_parser = public_url)]
    public_url: Option<Url>,
    /// Only registered clients with their secrets and exact redirect URIs, a nonce in every request, and only registered
    /// relying parties
    #[arg(long, env = "HOURGATE_IDP_STRICT")]
    strict: bool,
    /// Listen where others can reach it; anyone who does can sign in as anyone
    #[arg(long, env = "HOURGATE_IDP_ALLOW_NON_LOOPBACK")]
    allow_non_loopback: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask the one that runs at --listen whether it is well; exit code 0 says yes
    Healthcheck,
}

fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if ["http", "https"].contains(&url.scheme()) && url.has_host() && plain {
        Ok(url)
    } else {
        Err("must be an http or https URL without user, query and fragment".to_owned())
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Some(Command::Healthcheck)) {
        return match check(cli.listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&format!("{} is not well: {error}", cli.listen), 1),
        };
    }
    let environment = std::env::var("HOURGATE_ENV").ok();
    if let Err(refusal) = startup::may_start(cli.listen, cli.allow_non_loopback, environment.as_deref()) {
        return complain(&refusal.to_string(), EXIT_CONFIG);
    }
    match serve(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string(), 1),
    }
}

fn complain(message: &str, code: u8) -> ExitCode {
    // Where standard error is closed, the exit code says it alone.
    let _ = writeln!(io::stderr(), "hourgate-idp: {message}");
    ExitCode::from(code)
}

#[tokio::main]
async fn serve(cli: Cli) -> io::Result<()> {
    let clock = Arc::new(SystemClock);
    let config = Config { listen: cli.listen, public_url: cli.public_url, strict: cli.strict, clock };
    let bound = TestIdp::bind(config)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {}: {error}", cli.listen)))?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let idp = bound.start();
    io::stdout().write_all(banner(&idp.issuer("t1"), idp.address()).as_bytes())?;
    io::stdout().flush()?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    idp.stop().await
}

fn banner(issuer: &str, address: SocketAddr) -> String {
    format!(
        r#"hourgate-idp: a TEST identity provider. Anyone can sign in as anyone. Keys are new at each start.

listening   {address}
discovery   {issuer}/.well-known/openid-configuration
metadata    {issuer}/FederationMetadata/2007-06/FederationMetadata.xml (WS-Federation)
users       alice, bob, admin
tenants     the first path segment; any name makes one
control     http://{address}/_control/t1/

For hourgate's configuration:

[[provider]]
id = "test"
issuer = "{issuer}"
client_id = "hourgate"
client_secret = "any"

# Or by WS-Federation:
[[provider]]
id = "test-wsfed"
protocol = "ws_federation"
issuer = "{issuer}/wsfed"
realm = "urn:hourgate:test"
metadata_url = "{issuer}/FederationMetadata/2007-06/FederationMetadata.xml"

[danger]
insecure_test_idp = true

"#
    )
}

/// One request by hand: a client library would be the larger half of this program.
fn check(listen: SocketAddr) -> io::Result<()> {
    let mut address = listen;
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    let limit = Duration::from_secs(3);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(stream, "GET /_control/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("it answers, but not with 200")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_pasted_is_a_configuration_for_either_protocol() {
        let address = "127.0.0.1:9400".parse().unwrap();
        let banner = banner(&format!("http://{address}/t1"), address);
        let pasted = &banner[banner.find("[[provider]]").unwrap()..];
        let rest = "[keys]\nring = \"2026-01-01T00:00:00Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n\
            [store]\nurl = \"redis://127.0.0.1:6379\"\n[environment.prod]\nhosts = [\"http://app.localhost:8081\"]\n";
        let config =
            hourgate::config::parse("pasted", &format!("{rest}{pasted}"), std::iter::empty()).unwrap();
        assert_eq!((config.providers.len(), config.ws_federation.len()), (1, 1));
    }
}
