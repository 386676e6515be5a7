//! `[[provider]]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Danger;
use super::client_authentication::client_authentication;
use super::context::Leaf;
use super::problem::{Mark, Problem, Refusal};
use super::reader::Table;
use super::values::{boolean, number, one_of, path, span, string, text, web_url};
use crate::provider::settings::{
    ClaimNames, PolicyCheck, PushedRequests, ResponseMode, Rotation, Settings, SigningAlgorithm,
};
use crate::provider::ws_federation::settings as ws_federation;
use crate::session::id::Lane;
use crate::session::names::ProviderId;

pub(super) const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30);
const REFRESH_TOKEN_LIFETIME: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(365 * 86_400);
const REFRESH_TOKEN_GRACE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
const CHECKS_PER_SECOND: RangeInclusive<u32> = 1..=10_000;
const ROTATIONS: [(&str, Rotation); 4] = [
    ("auto", Rotation::Auto),
    ("none", Rotation::None),
    ("grace", Rotation::Grace(Duration::ZERO)),
    ("strict", Rotation::Strict),
];
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
const PUSHED: [(&str, PushedRequests); 3] =
    [("auto", PushedRequests::Auto), ("always", PushedRequests::Always), ("never", PushedRequests::Never)];
const RESPONSE_MODES: [(&str, ResponseMode); 2] =
    [("query", ResponseMode::Query), ("form_post", ResponseMode::FormPost)];
pub(super) const POLICY_CHECKS: [(&str, PolicyCheck); 2] =
    [("background", PolicyCheck::Background), ("browser", PolicyCheck::Browser)];
const ALGORITHMS: [(&str, SigningAlgorithm); 9] = [
    ("RS256", SigningAlgorithm::Rs256),
    ("RS384", SigningAlgorithm::Rs384),
    ("RS512", SigningAlgorithm::Rs512),
    ("PS256", SigningAlgorithm::Ps256),
    ("PS384", SigningAlgorithm::Ps384),
    ("PS512", SigningAlgorithm::Ps512),
    ("ES256", SigningAlgorithm::Es256),
    ("ES384", SigningAlgorithm::Es384),
    ("EdDSA", SigningAlgorithm::EdDsa),
];

/// A provider as far as it could be read. The id is known apart from the rest, for those who refer to it.
pub(super) struct Read {
    pub(super) id: Option<ProviderId>,
    /// `None` only after a problem was noted.
    pub(super) settings: Option<Spoken>,
}

/// What is said of a provider, by what it speaks.
#[derive(Clone, Debug)]
pub(super) enum Spoken {
    Oidc(Box<Settings>),
    WsFederation(Box<ws_federation::Settings>),
}

impl Spoken {
    fn issuer(&self) -> &str {
        match self {
            Self::Oidc(settings) => &settings.issuer,
            Self::WsFederation(settings) => &settings.issuer,
        }
    }

    /// Does its answer to a sign-in come as a form?
    pub(super) fn answers_by_post(&self) -> bool {
        match self {
            Self::Oidc(settings) => settings.response_mode == ResponseMode::FormPost,
            Self::WsFederation(_) => true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Oidc,
    WsFederation,
}

const PROTOCOLS: [(&str, Protocol); 2] =
    [("oidc", Protocol::Oidc), ("ws_federation", Protocol::WsFederation)];

pub(super) fn all(root: &mut Table<'_>, danger: Danger) -> Vec<Read> {
    let tables = root.tables("provider");
    if tables.is_empty() {
        let fix = "add [[provider]] with id, issuer, client_id and client_secret_file";
        root.context.note(Problem::about(&root.place, "there is no provider", false, Some(fix)));
    }
    let mut providers: Vec<Read> = Vec::new();
    for mut table in tables {
        let id = table.need("id", "id = \"entra\"", id);
        if let Some(given) = &id
            && providers.iter().any(|other| other.id.as_ref() == Some(&given.value))
        {
            table.context.refuse(&given.mark, &Refusal::new("is the id of another provider, too"));
        } else if let Some(given) = &id
            && let Some(other) = providers
                .iter()
                .filter_map(|other| other.id.as_ref())
                .find(|other| is_on_one_lane(other, &given.value))
        {
            let what = format!("has the same 16-bit hash as {other}, by which sessions queue");
            table.context.refuse(&given.mark, &Refusal::new(what).fix("choose another id for one of them"));
        }
        let id = id.map(|given| given.value);
        let settings = match protocol(&mut table) {
            Protocol::Oidc => one(&mut table, id.clone(), danger).map(|one| Spoken::Oidc(Box::new(one))),
            Protocol::WsFederation => super::ws_federation::settings(&mut table, id.clone(), danger)
                .map(|one| Spoken::WsFederation(Box::new(one))),
        };
        table.finish();
        providers.push(Read { id, settings });
    }
    if let Some((one, other)) = of_one_issuer(&providers) {
        let sentence = format!("the providers {one} and {other} have one issuer, and not one protocol");
        let fix = "people are told apart by issuer and subject, and each protocol has subjects of its own: keep one of them";
        root.context.note(Problem::about(&root.place, &sentence, false, Some(fix)));
    }
    providers
}

/// OpenID Connect, unless it is said or shows otherwise; what shows must be said.
fn protocol(table: &mut Table<'_>) -> Protocol {
    if let Some(given) = table.get("protocol", one_of(&PROTOCOLS)) {
        return given.value;
    }
    if table.has("protocol") || !(table.has("realm") && (table.has("metadata_url") || table.has("endpoint")))
    {
        return Protocol::Oidc;
    }
    table.missing("protocol", "protocol = \"ws_federation\"");
    Protocol::WsFederation
}

/// Two providers whose people would be taken for each other.
fn of_one_issuer(providers: &[Read]) -> Option<(&ProviderId, &ProviderId)> {
    let known: Vec<_> = providers.iter().filter_map(|it| it.id.as_ref().zip(it.settings.as_ref())).collect();
    known.iter().enumerate().find_map(|(at, (id, settings))| {
        let before = known[..at].iter().find(|(_, other)| {
            let is_one_protocol = std::mem::discriminant(*settings) == std::mem::discriminant(*other);
            settings.issuer() == other.issuer() && !is_one_protocol
        })?;
        Some((before.0, *id))
    })
}

/// An IdP that is away must hold up no other's policy checks.
fn is_on_one_lane(one: &ProviderId, other: &ProviderId) -> bool {
    Lane::of(one) == Lane::of(other)
}

fn one(table: &mut Table<'_>, id: Option<ProviderId>, danger: Danger) -> Option<Settings> {
    let name = table.get("name", string);
    let issuer = table.need("issuer", "issuer = \"https://login.example.com\"", issuer(danger.insecure_http));
    let discovery_url = table.get("discovery_url", web_url(danger.insecure_http));
    let client_id = table.need("client_id", "client_id = \"hourgate\"", string);
    let client_authentication = client_authentication(table);
    let pushed = table.get_or("pushed_authorization_requests", PushedRequests::default(), one_of(&PUSHED));
    let response_mode = table.get_or("response_mode", ResponseMode::default(), one_of(&RESPONSE_MODES));
    let scopes = strings(table, "scopes", scope).unwrap_or_else(|| SCOPES.map(String::from).to_vec());
    let algorithms = algorithms(table);
    let claims = claims(table.table("claims"));
    let unverified_email = table.get_or("unverified_email", false, boolean);
    let policy_check = table.get_or("policy_check", PolicyCheck::default(), one_of(&POLICY_CHECKS));
    let userinfo = table.get_or("userinfo", false, boolean);
    let refresh_without_id_token = table.get_or("refresh_without_id_token", false, boolean);
    let refresh_token_lifetime = table.get("refresh_token_lifetime", span(REFRESH_TOKEN_LIFETIME, "30m"));
    let rotation = rotation(table);
    let checks_per_second =
        table.get_or("checks_per_second", Settings::DEFAULT_CHECKS_PER_SECOND, number(CHECKS_PER_SECOND));
    let revoke_tokens = table.get_or("revoke_tokens", true, boolean);
    let ca_file = table.get("ca_file", path);
    let timeout = table.get_or("timeout", Settings::DEFAULT_TIMEOUT, span(TIMEOUT, "10s"));
    let id = id?;
    Some(Settings {
        display_name: name.map_or_else(|| id.to_string(), |given| given.value),
        id,
        issuer: issuer?.value,
        discovery_url: discovery_url.map(|given| given.value),
        client_id: client_id?.value,
        client_authentication: client_authentication?,
        pushed_authorization_requests: pushed,
        response_mode,
        scopes: with_openid(scopes),
        algorithms,
        claims,
        unverified_email,
        policy_check,
        userinfo,
        refresh_without_id_token,
        refresh_token_lifetime: refresh_token_lifetime.map(|given| given.value),
        rotation,
        checks_per_second,
        revoke_tokens,
        ca_file: ca_file.map(|given| given.value),
        timeout,
    })
}

fn id(leaf: &Leaf) -> Result<ProviderId, Refusal> {
    text(leaf)?.parse().map_err(|error| Refusal::new(format!("is not a name: {error}")))
}

/// The issuer as it is spelt: URL parsers add a slash, and issuers are compared byte for byte (Discovery section 4.3).
fn issuer(insecure_http: bool) -> impl Fn(&Leaf) -> Result<String, Refusal> {
    move |leaf| {
        let url = web_url(insecure_http)(leaf)?;
        let text = text(leaf)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Refusal::new("has a query or a fragment, which no issuer has"));
        }
        match text.split_once("/.well-known/") {
            Some((issuer, _)) => {
                Err(Refusal::new("is the address of the metadata, not the issuer").did_you_mean(Some(issuer)))
            }
            None => Ok(text.to_owned()),
        }
    }
}

/// One scope (RFC 6749 section 3.3).
fn scope(leaf: &Leaf) -> Result<String, Refusal> {
    let text = string(leaf)?;
    if text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
        Ok(text)
    } else {
        Err(Refusal::new("is not one scope").fix("write each scope as an element of its own"))
    }
}

fn with_openid(mut scopes: Vec<String>) -> Vec<String> {
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".into());
    }
    scopes
}

fn algorithms(table: &mut Table<'_>) -> Vec<SigningAlgorithm> {
    match table.list("algorithms", one_of(&ALGORITHMS)) {
        Some(list) if list.value.is_empty() => {
            refuse_empty(table, &list.mark);
            Vec::new()
        }
        Some(list) => list.value.into_iter().map(|item| item.value).collect(),
        None => Settings::DEFAULT_ALGORITHMS.to_vec(),
    }
}

fn refuse_empty(table: &Table<'_>, mark: &Mark) {
    table.context.refuse(
        mark,
        &Refusal::new("is empty: no ID token would be accepted").fix("leave it out for the default"),
    );
}

/// `refresh_token_rotation`, and `refresh_token_grace` with the value `grace` and no other.
fn rotation(table: &mut Table<'_>) -> Rotation {
    let rotation = table.get("refresh_token_rotation", one_of(&ROTATIONS));
    let grace = table.get("refresh_token_grace", span(REFRESH_TOKEN_GRACE, "30s"));
    match (rotation, grace) {
        (Some(given), Some(grace)) if matches!(given.value, Rotation::Grace(_)) => {
            Rotation::Grace(grace.value)
        }
        (Some(given), None) if matches!(given.value, Rotation::Grace(_)) => {
            let refusal = Refusal::new("does not say for how long").fix("add refresh_token_grace = \"30s\"");
            table.context.refuse(&given.mark, &refusal);
            Rotation::default()
        }
        (_, Some(grace)) => {
            let refusal =
                Refusal::new("means nothing here").fix("set refresh_token_rotation = \"grace\" too");
            table.context.refuse(&grace.mark, &refusal);
            Rotation::default()
        }
        (given, None) => given.map_or_else(Rotation::default, |given| given.value),
    }
}

fn claims(mut table: Table<'_>) -> ClaimNames {
    let default = ClaimNames::default();
    let claims = ClaimNames {
        email: table.get_or("email", default.email, string),
        preferred_username: table.get_or("preferred_username", default.preferred_username, string),
        name: table.get_or("name", default.name, string),
        groups: table.get_or("groups", default.groups, string),
        policy_check_interval: strings(&mut table, "policy_check_interval", string)
            .unwrap_or(default.policy_check_interval),
    };
    table.finish();
    claims
}

fn strings(
    table: &mut Table<'_>,
    key: &'static str,
    parse: impl Fn(&Leaf) -> Result<String, Refusal>,
) -> Option<Vec<String>> {
    Some(table.list(key, parse)?.value.into_iter().map(|item| item.value).collect())
}
