//! Whether the test IdP may start at all: it lets anyone in, so it must never be mistaken for a real one.

use std::net::SocketAddr;

/// Why it does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `HOURGATE_ENV` names production.
    #[error(
        "HOURGATE_ENV={0}: this is a test identity provider where anyone signs in as anyone; it does not run in production"
    )]
    Production(String),
    /// Others could reach it.
    #[error(
        "{0} is not a loopback address: anyone who reaches this test identity provider signs in as anyone; --allow-non-loopback permits it, in a closed network"
    )]
    NotLoopback(SocketAddr),
}

/// Decides by the address, the flag `--allow-non-loopback` and the variable `HOURGATE_ENV`.
///
/// # Errors
///
/// Says why not. No flag permits production.
pub fn may_start(
    listen: SocketAddr,
    allow_non_loopback: bool,
    environment: Option<&str>,
) -> Result<(), Refusal> {
    if let Some(name) = environment
        && ["production", "prod"].contains(&name.trim().to_ascii_lowercase().as_str())
    {
        return Err(Refusal::Production(name.to_owned()));
    }
    if !listen.ip().to_canonical().is_loopback() && !allow_non_loopback {
        return Err(Refusal::NotLoopback(listen));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(listen: &str, allow: bool, environment: Option<&str>) -> bool {
        may_start(listen.parse().unwrap(), allow, environment).is_ok()
    }

    #[test]
    fn ops_13_only_loopback_without_the_flag() {
        for loopback in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(ask(loopback, false, None), "{loopback}");
        }
        for open in ["0.0.0.0:9400", "[::]:9400", "10.0.0.1:9400"] {
            assert!(!ask(open, false, None), "{open}");
            assert!(ask(open, true, Some("staging")), "{open}");
        }
    }

    #[test]
    fn ops_13_never_in_production() {
        for name in ["production", "Production", " prod "] {
            assert!(!ask("127.0.0.1:0", true, Some(name)), "{name}");
        }
    }
}
