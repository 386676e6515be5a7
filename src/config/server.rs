//! `[server]`, `[management]`, `[log]`, `[danger]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use super::context::Leaf;
use super::problem::Refusal;
use super::reader::Table;
use super::values::{address, boolean, one_of, path, text};
use super::{Danger, Log, Management, Server};
use crate::telemetry::LogFormat;

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4180);
const MANAGEMENT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4181);
const SOCKET: &str = "/run/hourgate/admin.sock";

pub(super) fn danger(mut table: Table<'_>) -> Danger {
    let danger = Danger {
        insecure_http: table.get_or("insecure_http", false, boolean),
        short_policy_check: table.get_or("short_policy_check", false, boolean),
        insecure_test_idp: table.get_or("insecure_test_idp", false, boolean),
    };
    table.finish();
    danger
}

pub(super) fn log(mut table: Table<'_>) -> Log {
    let formats = [("auto", LogFormat::Auto), ("json", LogFormat::Json), ("pretty", LogFormat::Pretty)];
    let levels = [
        ("error", tracing::Level::ERROR),
        ("warn", tracing::Level::WARN),
        ("info", tracing::Level::INFO),
        ("debug", tracing::Level::DEBUG),
        ("trace", tracing::Level::TRACE),
    ];
    let log = Log {
        format: table.get_or("format", LogFormat::default(), one_of(&formats)),
        level: table.get_or("level", tracing::Level::INFO, one_of(&levels)),
    };
    table.finish();
    log
}

/// Both listeners: they must not be one.
pub(super) fn listeners(root: &mut Table<'_>, env: &BTreeMap<String, String>) -> (Server, Management) {
    let mut table = root.table("server");
    let listen = table.get("listen", address);
    let trusted = table.list("trusted_proxies", networks);
    table.finish();
    let trusted =
        trusted.map_or_else(Vec::new, |list| list.value.into_iter().flat_map(|item| item.value).collect());
    let server =
        Server { listen: listen.as_ref().map_or(LISTEN, |given| given.value), trusted_proxies: trusted };

    let mut table = root.table("management");
    let management_listen = table.get("listen", address);
    let management = Management {
        listen: management_listen.as_ref().map_or(MANAGEMENT_LISTEN, |given| given.value),
        socket: table.get_or("socket", default_socket(env), path),
    };
    let clash = match (&management_listen, &listen) {
        (Some(given), _) => Some((given, "server", server.listen)),
        (None, given) => given.as_ref().map(|given| (given, "management", management.listen)),
    };
    if let Some((given, other, taken)) = clash
        && meet(server.listen, management.listen)
    {
        let what = format!("collides with {other}.listen, {taken}");
        table.context.refuse(&given.mark, &Refusal::new(what).fix("give each its own port"));
    }
    table.finish();
    (server, management)
}

/// Would the second listener find its port taken?
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let same_ip = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && same_ip
}

/// In systemd's `RuntimeDirectory=` (the first, if there are several).
fn default_socket(env: &BTreeMap<String, String>) -> PathBuf {
    match env
        .get("RUNTIME_DIRECTORY")
        .and_then(|list| list.split(':').next())
        .filter(|first| !first.is_empty())
    {
        Some(directory) => PathBuf::from(directory).join("admin.sock"),
        None => SOCKET.into(),
    }
}

/// A network, an address, or one of two words for several networks.
fn networks(leaf: &Leaf) -> Result<Vec<IpNet>, Refusal> {
    let text = text(leaf)?;
    let list: &[&str] = match text {
        "loopback" => &["127.0.0.0/8", "::1/128"],
        "private_ranges" => &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
        single => &[single],
    };
    list.iter().map(|text| network(text)).collect()
}

fn network(text: &str) -> Result<IpNet, Refusal> {
    let parsed = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let net = parsed.ok_or_else(|| {
        Refusal::new("is not a network such as 10.0.0.0/8, an address, \"loopback\" or \"private_ranges\"")
    })?;
    if net.prefix_len() == 0 {
        return Err(
            Refusal::new("would believe everybody's forwarded headers").fix("name the proxies' own networks")
        );
    }
    if net != net.trunc() {
        return Err(Refusal::new("has bits to the right of its mask").fix(format!(
            "did you mean \"{}\" or \"{}\"?",
            net.trunc(),
            net.addr()
        )));
    }
    Ok(net)
}
