//! A configuration: lines `$NAME=value` set variables, the rest is the file.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use hourgate::config::{self, Config, KeySource};
use hourgate::keys::client::{Choice, ClientKeys};
use hourgate::policy::settings::layer::SettingsLayer;
use hourgate::policy::settings::live::{LiveSettings, Scope};
use hourgate::policy::settings::table::{Called, Kind, TABLE};
use hourgate::provider::settings::{
    ClientAuthentication, PushedRequests, ResponseMode, Rotation, Settings as Provider,
};
use hourgate::session::id::Lane;
use hourgate::session::origin::Scheme;
use hourgate::store::settings::Settings as StoreSettings;
use hourgate::telemetry::LogFormat;
use secrecy::ExposeSecret;
use toml::Value;

/// What stands for a secret.
const SECRET: &str = "hunter2";
const NAME: &str = "fuzz.toml";
const HOUR: Duration = Duration::from_secs(3600);
const SECRET_KEYS: [&str; 4] = ["client_secret", "private_key", "ring", "url"];

/// What is accepted lies within what the manual allows, and means the same when it is written down and read again; what is
/// refused is named by place and key; a secret is never shown.
pub fn run(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    // Values in files of their own would be read from this machine's, devices among them.
    if text.to_lowercase().contains("_file") || text.contains('\\') && text.contains("u00") {
        return false;
    }
    let (variables, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('$'));
    let variables: Vec<(String, String)> = variables
        .iter()
        .filter_map(|line| line[1..].split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let file = lines.join("\n");
    match config::parse(NAME, &file, variables.iter().cloned()) {
        Ok(mut config) => {
            assert_within_limits(&config);
            // One network may be given by two names; written down, it stands twice, which is refused.
            config.server.trusted_proxies.sort();
            config.server.trusted_proxies.dedup();
            assert!(!is_secret_there(&file, &variables) || !format!("{config:?}").contains(SECRET));
            let written = written(&config, &texts(&file, &variables));
            let again = config::parse(NAME, &written, std::iter::empty())
                .unwrap_or_else(|problems| panic!("written down, it is refused:\n{written}\n{problems}"));
            assert_eq!(
                format!("{again:?}"),
                format!("{config:?}"),
                "written down, it means something else:\n{written}"
            );
            assert_eq!(secrets(&again), secrets(&config));
            true
        }
        Err(problems) => {
            let told = problems.to_string();
            assert!(problems.len() > 0);
            // Excerpts are indented, those of line 1000 by one blank.
            let places = told.lines().filter(|line| !line.starts_with(' '));
            let is_place = |line: &str| {
                line.starts_with(&format!("{NAME}:"))
                    || line.strip_prefix("environment variable HOURGATE__").is_some()
            };
            assert!(places.clone().count() > 0 && places.clone().all(is_place), "no place: {told}");
            assert!(
                !is_secret_there(&file, &variables) || !told.contains(SECRET),
                "a secret is shown: {told}"
            );
            false
        }
    }
}

/// Does the secret stand where secrets stand, and nowhere else?
fn is_secret_there(file: &str, variables: &[(String, String)]) -> bool {
    let is_secret_key = |key: &str| SECRET_KEYS.contains(&key);
    let of_variables = |(name, value): &(String, String)| {
        let last = name.rsplit("__").next().unwrap_or_default().to_lowercase();
        !name.contains(SECRET) && (!value.contains(SECRET) || is_secret_key(&last))
    };
    let in_file = match file.parse::<toml::Table>() {
        Ok(table) => count(&Value::Table(table), false) == file.matches(SECRET).count(),
        // Then the text tells: a line for each secret, begun by its key.
        Err(_) => file.lines().filter(|line| line.contains(SECRET)).all(|line| {
            line.split_once('=').is_some_and(|(key, _)| is_secret_key(key.trim()) && !key.contains(SECRET))
        }),
    };
    in_file && variables.iter().all(of_variables)
}

/// How often the secret stands in the values of secret keys.
fn count(value: &Value, is_secret: bool) -> usize {
    match value {
        Value::String(text) if is_secret => text.matches(SECRET).count(),
        Value::Array(items) => items.iter().map(|item| count(item, is_secret)).sum(),
        Value::Table(table) => {
            table.iter().map(|(key, value)| count(value, SECRET_KEYS.contains(&key.as_str()))).sum()
        }
        _ => 0,
    }
}

/// All texts of the input: what a value came from is among them.
fn texts(file: &str, variables: &[(String, String)]) -> Vec<String> {
    fn of(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().flat_map(of).collect(),
            Value::Table(table) => table.iter().flat_map(|(_, value)| of(value)).collect(),
            _ => Vec::new(),
        }
    }
    let mut texts = file.parse::<toml::Table>().map_or_else(|_| Vec::new(), |table| of(&Value::Table(table)));
    texts.extend(variables.iter().map(|(_, value)| value.clone()));
    texts
}

/// The ranges of the manual (session-policy, rows C1 to C19; `example.toml`).
fn assert_within_limits(config: &Config) {
    assert!(config.server.listen.port() == 0 || config.server.listen != config.management.listen);
    let limits = &config.limits;
    let one_to = |most: u64| Duration::from_secs(1)..=Duration::from_secs(most);
    assert!((100..=1_000_000).contains(&limits.connections));
    assert!([limits.request_within, limits.answer_within].iter().all(|span| one_to(60).contains(span)));
    assert!(one_to(3600).contains(&limits.idle));
    assert!((1..=10_000).contains(&limits.sign_in_rate_per_address));
    assert!((10..=100_000).contains(&limits.sign_in_rate));
    assert!(config.server.trusted_proxies.iter().all(|net| net.prefix_len() > 0), "everybody is believed");
    let insecure = config.danger.insecure_http;
    assert!(!config.providers.is_empty() && !config.environments.is_empty());
    for (place, provider) in config.providers.iter().enumerate() {
        let others = &config.providers[..place];
        assert!(others.iter().all(|other| other.id != provider.id), "an id twice");
        assert!(
            others.iter().all(|other| Lane::of(&other.id) != Lane::of(&provider.id)),
            "one queue for two"
        );
        let issuer = url::Url::parse(&provider.issuer).expect("an issuer is a URL");
        assert!(issuer.scheme() == "https" || insecure || is_loopback(&issuer), "{issuer}");
        assert!(issuer.query().is_none() && issuer.fragment().is_none() && issuer.username().is_empty());
        assert!(!provider.client_id.is_empty());
        match &provider.client_authentication {
            ClientAuthentication::ClientSecretBasic(secret)
            | ClientAuthentication::ClientSecretPost(secret) => {
                assert!(!secret.expose_secret().is_empty());
            }
            ClientAuthentication::PrivateKeyJwt(keys) => {
                assert!(!keys.key_id().is_empty() && (1..=2).contains(&keys.published().len()));
            }
        }
        assert!((1..=10_000).contains(&provider.checks_per_second));
        if let Rotation::Grace(span) = provider.rotation {
            assert!((Duration::from_secs(1)..=HOUR).contains(&span));
        }
        assert!(provider.scopes.iter().any(|scope| scope == "openid") && !provider.algorithms.is_empty());
        assert!((Duration::from_secs(1)..=Duration::from_secs(30)).contains(&provider.timeout));
        let lifetime = provider.refresh_token_lifetime.unwrap_or(HOUR);
        assert!((HOUR / 60..=HOUR * 24 * 365).contains(&lifetime));
    }
    let mut hosts: Vec<&str> = Vec::new();
    for environment in &config.environments {
        assert!(!environment.hosts.is_empty() && !environment.providers.is_empty());
        assert!(environment.providers.iter().all(|id| config.providers.iter().any(|known| known.id == *id)));
        for host in &environment.hosts {
            assert!(!hosts.contains(&host.host()), "{host} has two environments");
            assert!(host.scheme() == Scheme::Https || insecure || host.is_loopback(), "{host}");
            let covered =
                |domain: &String| host.host() == domain || host.host().ends_with(&format!(".{domain}"));
            assert!(environment.cookie_domain.as_ref().is_none_or(covered), "{host} is outside its domain");
            let posts = |provider: &&Provider| {
                provider.response_mode == ResponseMode::FormPost
                    && environment.providers.contains(&provider.id)
            };
            assert!(
                host.scheme() == Scheme::Https
                    || host.is_loopback()
                    || !config.providers.iter().any(|it| posts(&it)),
                "browsers keep no cookie for a POST to {host}"
            );
        }
        hosts.extend(environment.hosts.iter().map(|host| host.host()));
        make_sense(config, Some(environment.id.clone()));
    }
}

/// What results for one environment, or for all, is in range and has no contradiction.
fn make_sense(config: &Config, scope: Scope) {
    let configured = config.settings();
    let resolved = LiveSettings::default().resolved(&configured, &scope);
    let settings = resolved.settings();
    let shortest = if config.danger.short_policy_check { Duration::from_secs(2) } else { HOUR / 12 };
    assert!((shortest..=HOUR * 24).contains(&settings.policy_check_interval));
    assert!((HOUR..=HOUR * 24).contains(&settings.max_length));
    assert!((HOUR..=HOUR * 24 * 90).contains(&settings.lifetime));
    assert!((HOUR..=HOUR * 24 * 30).contains(&settings.dormant_after));
    assert!((HOUR / 12..=HOUR * 24).contains(&settings.inactivity_timeout));
    assert!(settings.outage_grace <= HOUR * 24);
    assert!(HOUR / 60 <= settings.warn_before && settings.warn_before < settings.max_length);
    assert!(!settings.custom_duration || settings.inactivity_timeout < settings.max_length);
    for setting in &TABLE {
        let value = resolved.values[setting.key as usize];
        assert_eq!(
            setting.parse(&setting.text(value), Called::Name, configured.leave),
            Ok(value),
            "{}",
            setting.name
        );
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn secrets(config: &Config) -> Vec<String> {
    let ring = match &config.keys {
        KeySource::Ring(ring) => Some(ring),
        KeySource::File(_) => None,
    };
    let url = match &config.store {
        StoreSettings::Redis { url, .. } => Some(url),
        StoreSettings::Embedded { .. } => None,
    };
    let of_providers = config.providers.iter().map(|provider| match &provider.client_authentication {
        ClientAuthentication::ClientSecretBasic(secret) | ClientAuthentication::ClientSecretPost(secret) => {
            secret.expose_secret().to_owned()
        }
        ClientAuthentication::PrivateKeyJwt(keys) => format!("{:?}", keys.published()),
    });
    let of_gateway = ring.into_iter().chain(url).map(|secret| secret.expose_secret().to_owned());
    of_providers.chain(of_gateway).collect()
}

/// The text, among these, that keys were read from.
fn text_of<'t>(keys: &Arc<ClientKeys>, texts: &'t [String]) -> &'t str {
    let choice = Choice { algorithm: Some(keys.algorithm()), key_id: Some(keys.key_id().to_owned()) };
    let is_it = |text: &&String| {
        let read = ClientKeys::parse(&text.to_string().into(), &choice);
        read.is_ok_and(|read| read.published() == keys.published())
    };
    texts.iter().find(is_it).expect("the keys came from the input")
}

/// The configuration as a file that says everything.
fn written(config: &Config, texts: &[String]) -> String {
    let text = |text: &str| Value::String(text.to_owned()).to_string();
    let list = |items: Vec<String>| Value::Array(items.into_iter().map(Value::String).collect()).to_string();
    let path = |path: &std::path::Path| text(&path.to_string_lossy());
    let span = |span: Duration| text(&format!("{}s", span.as_secs()));
    let mut out = String::new();
    let mut line = |key: &str, value: String| writeln!(out, "{key} = {value}").unwrap();
    line("danger.insecure_http", config.danger.insecure_http.to_string());
    line("danger.short_policy_check", config.danger.short_policy_check.to_string());
    line("danger.insecure_test_idp", config.danger.insecure_test_idp.to_string());
    session(&config.session, "session.", &mut line);
    let limits = &config.limits;
    line("limits.connections", limits.connections.to_string());
    line("limits.request_within", span(limits.request_within));
    line("limits.answer_within", span(limits.answer_within));
    line("limits.idle", span(limits.idle));
    line("limits.sign_in_rate_per_address", limits.sign_in_rate_per_address.to_string());
    line("limits.sign_in_rate", limits.sign_in_rate.to_string());
    line("server.listen", text(&config.server.listen.to_string()));
    line(
        "server.trusted_proxies",
        list(config.server.trusted_proxies.iter().map(ToString::to_string).collect()),
    );
    line("management.listen", text(&config.management.listen.to_string()));
    line("management.socket", path(&config.management.socket));
    let formats = [(LogFormat::Auto, "auto"), (LogFormat::Json, "json"), (LogFormat::Pretty, "pretty")];
    let format = formats.iter().find(|(format, _)| *format == config.log.format).unwrap().1;
    line("log.format", text(format));
    line("log.level", text(&config.log.level.to_string().to_lowercase()));
    match &config.keys {
        KeySource::File(file) => line("keys.file", path(file)),
        KeySource::Ring(ring) => line("keys.ring", text(ring.expose_secret())),
    }
    match &config.store {
        StoreSettings::Redis { url, ca_file } => {
            line("store.url", text(url.expose_secret()));
            ca_file.iter().for_each(|file| line("store.ca_file", path(file)));
        }
        StoreSettings::Embedded { path: file } => {
            line("store.kind", text("embedded"));
            line("store.path", path(file));
        }
    }
    for provider in &config.providers {
        out.push_str("[[provider]]\n");
        let mut line = |key: &str, value: String| writeln!(out, "{key} = {value}").unwrap();
        line("id", text(provider.id.as_str()));
        line("name", text(&provider.display_name));
        line("issuer", text(&provider.issuer));
        provider.discovery_url.iter().for_each(|url| line("discovery_url", text(url.as_str())));
        line("client_id", text(&provider.client_id));
        match &provider.client_authentication {
            ClientAuthentication::ClientSecretBasic(secret) => {
                line("client_authentication", text("client_secret_basic"));
                line("client_secret", text(secret.expose_secret()));
            }
            ClientAuthentication::ClientSecretPost(secret) => {
                line("client_authentication", text("client_secret_post"));
                line("client_secret", text(secret.expose_secret()));
            }
            ClientAuthentication::PrivateKeyJwt(keys) => {
                line("client_authentication", text("private_key_jwt"));
                line("private_key", text(text_of(keys, texts)));
                line("key_id", text(keys.key_id()));
                line("key_algorithm", text(keys.algorithm().as_str()));
            }
        }
        let pushed = match provider.pushed_authorization_requests {
            PushedRequests::Auto => "auto",
            PushedRequests::Always => "always",
            PushedRequests::Never => "never",
        };
        line("pushed_authorization_requests", text(pushed));
        let mode = match provider.response_mode {
            ResponseMode::Query => "query",
            ResponseMode::FormPost => "form_post",
        };
        line("response_mode", text(mode));
        let (rotation, grace) = match provider.rotation {
            Rotation::Auto => ("auto", None),
            Rotation::None => ("none", None),
            Rotation::Grace(grace) => ("grace", Some(grace)),
            Rotation::Strict => ("strict", None),
        };
        line("refresh_token_rotation", text(rotation));
        grace.iter().for_each(|grace| line("refresh_token_grace", span(*grace)));
        line("checks_per_second", provider.checks_per_second.to_string());
        line("revoke_tokens", provider.revoke_tokens.to_string());
        line("scopes", list(provider.scopes.clone()));
        line("algorithms", list(provider.algorithms.iter().map(|it| it.as_str().to_owned()).collect()));
        line("userinfo", provider.userinfo.to_string());
        line("refresh_without_id_token", provider.refresh_without_id_token.to_string());
        provider.refresh_token_lifetime.iter().for_each(|it| line("refresh_token_lifetime", span(*it)));
        provider.ca_file.iter().for_each(|file| line("ca_file", path(file)));
        line("timeout", span(provider.timeout));
        let claims = &provider.claims;
        line("claims.email", text(&claims.email));
        line("claims.preferred_username", text(&claims.preferred_username));
        line("claims.name", text(&claims.name));
        line("claims.groups", text(&claims.groups));
        line("claims.policy_check_interval", list(claims.policy_check_interval.clone()));
    }
    for environment in &config.environments {
        writeln!(out, "[environment.{}]", environment.id).unwrap();
        let mut line = |key: &str, value: String| writeln!(out, "{key} = {value}").unwrap();
        line("hosts", list(environment.hosts.iter().map(ToString::to_string).collect()));
        line("providers", list(environment.providers.iter().map(ToString::to_string).collect()));
        environment.cookie_domain.iter().for_each(|domain| line("cookie_domain", text(domain)));
        session(&environment.settings, "session.", &mut line);
    }
    out
}

fn session(layer: &SettingsLayer, prefix: &str, line: &mut impl FnMut(&str, String)) {
    for setting in &TABLE {
        let Some(value) = layer.get(setting.key) else { continue };
        let value = match setting.kind {
            Kind::Flag => setting.text(value),
            Kind::Span { .. } | Kind::Word(_) => Value::String(setting.text(value)).to_string(),
        };
        line(&format!("{prefix}{}", setting.name), value);
    }
}
