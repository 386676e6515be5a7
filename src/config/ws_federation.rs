//! The keys of a `[[provider]]` with `protocol = "ws_federation"`.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::Danger;
use super::context::Leaf;
use super::problem::Refusal;
use super::provider::{POLICY_CHECKS, TIMEOUT};
use super::reader::Table;
use super::secret_files::read_text;
use super::values::{boolean, one_of, path, secret, span, string, text, web_url};
use crate::provider::settings::{PolicyCheck, Settings as OidcSettings};
use crate::provider::ws_federation::settings::{ClaimUris, Settings, SubjectSource, Trust};
use crate::saml::{DecryptionKeys, TrustedKeys};
use crate::session::names::ProviderId;

const LONGEST_TOKEN: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 86_400);

/// `None` only after a problem was noted.
pub(super) fn settings(table: &mut Table<'_>, id: Option<ProviderId>, danger: Danger) -> Option<Settings> {
    let name = table.get("name", string);
    let issuer = table.need("issuer", "issuer = \"http://adfs.example.com/adfs/services/trust\"", string);
    let realm = table.need("realm", "realm = \"urn:hourgate:prod\"", string);
    let trust = trust(table, danger, issuer.as_ref().map(|given| given.value.as_str()));
    let subject = table.get_or("subject", SubjectSource::NameId, subject);
    let home_realm = table.get("home_realm", string);
    let method = table.get("method", string);
    let credentials_method = table.get("credentials_method", string);
    let claims = claims(table.table("claims"));
    let requires_signed_context = table.get_or("signed_context", false, boolean);
    let requires_bearer = table.get_or("bearer_confirmation", true, boolean);
    let accepts_sha1 = table.get_or("sha1", false, boolean);
    let accepts_cbc = table.get_or("cbc", false, boolean);
    let decryption = decryption(table);
    let longest_token =
        table.get_or("longest_token", Settings::DEFAULT_LONGEST_TOKEN, span(LONGEST_TOKEN, "24h"));
    let policy_check = table.get_or("policy_check", PolicyCheck::default(), one_of(&POLICY_CHECKS));
    let ca_file = table.get("ca_file", path);
    let timeout = table.get_or("timeout", OidcSettings::DEFAULT_TIMEOUT, span(TIMEOUT, "10s"));
    let id = id?;
    Some(Settings {
        display_name: name.map_or_else(|| id.to_string(), |given| given.value),
        id,
        issuer: issuer?.value,
        realm: realm?.value,
        trust: trust?,
        home_realm: home_realm.map(|given| given.value),
        method: method.map(|given| given.value),
        credentials_method: credentials_method.map(|given| given.value),
        subject,
        claims,
        requires_signed_context,
        requires_bearer,
        accepts_sha1,
        accepts_cbc,
        decryption: decryption?,
        longest_token,
        policy_check,
        ca_file: ca_file.map(|given| given.value),
        timeout,
    })
}

/// `metadata_url`, or `endpoint` and `signing_certificate_file`.
fn trust(table: &mut Table<'_>, danger: Danger, issuer: Option<&str>) -> Option<Trust> {
    let is_silent = !table.has("metadata_url") && !table.has("endpoint");
    if is_silent {
        table.missing(
            "metadata_url",
            "metadata_url = \"https://adfs.example.com/FederationMetadata/2007-06/FederationMetadata.xml\"",
        );
    }
    let by_metadata = is_silent || table.has("metadata_url");
    let url = table.get("metadata_url", web_url(danger.insecure_http));
    let signed_by = table.get("metadata_certificate_file", certificates);
    let endpoint = table.get("endpoint", web_url(danger.insecure_http));
    if by_metadata {
        let strays = [
            endpoint.map(|given| given.mark),
            table.get("signing_certificate_file", string).map(|given| given.mark),
        ];
        for mark in strays.into_iter().flatten() {
            let refusal = Refusal::new("has no use beside metadata_url, which says it");
            table.context.refuse(&mark, &refusal.fix("keep one of the two ways"));
        }
        return Some(Trust::Metadata { url: url?.value, signed_by: signed_by.map(|given| given.value) });
    }
    if let Some(stray) = signed_by {
        let refusal = Refusal::new("has no use without metadata_url");
        table.context.refuse(&stray.mark, &refusal.fix("leave it out"));
    }
    let line = "signing_certificate_file = \"/etc/hourgate/adfs.pem\"";
    let keys = table.need("signing_certificate_file", line, certificates);
    Some(Trust::pinned(issuer?.to_owned(), endpoint?.value, keys?.value))
}

/// The keys in a PEM file of certificates.
fn certificates(leaf: &Leaf) -> Result<TrustedKeys, Refusal> {
    let pem = read_text(text(leaf)?)?;
    TrustedKeys::from_pem(&pem)
        .map_err(|error| Refusal::new(format!("holds no usable certificates: {error}")))
}

/// `None` only after a problem was noted. A file may hold two keys, while one takes the place of the other.
fn decryption(table: &mut Table<'_>) -> Option<Option<Arc<DecryptionKeys>>> {
    let is_there = table.has("decryption_key");
    let Some(pem) = table.get("decryption_key", secret) else { return (!is_there).then_some(None) };
    let begin = "-----BEGIN";
    let each = pem.value.expose_secret().split(begin).skip(1).map(|key| format!("{begin}{key}").into());
    match DecryptionKeys::from_pem(&each.collect::<Vec<SecretString>>()) {
        Ok(keys) => Some(Some(Arc::new(keys))),
        Err(error) => {
            let refusal = Refusal::new(format!("holds no usable key: {error}"));
            table.context.refuse(&pem.mark, &refusal.fix("give an RSA key of at least 2048 bits, in PKCS#8"));
            None
        }
    }
}

fn subject(leaf: &Leaf) -> Result<SubjectSource, Refusal> {
    Ok(match text(leaf)? {
        "name_id" => SubjectSource::NameId,
        uri if uri.contains(':') => SubjectSource::Claim(uri.to_owned()),
        _ => {
            let fix = "write \"name_id\", or the whole URI of a claim";
            return Err(Refusal::new("is neither \"name_id\" nor the URI of a claim").fix(fix));
        }
    })
}

/// The name of a claim: here they are URIs, whole.
fn claim_uri(leaf: &Leaf) -> Result<String, Refusal> {
    let text = string(leaf)?;
    if text.contains(':') {
        Ok(text)
    } else {
        Err(Refusal::new("is not the URI of a claim").fix("write it whole, as the identity provider does"))
    }
}

fn claims(mut table: Table<'_>) -> ClaimUris {
    let default = ClaimUris::default();
    let claims = ClaimUris {
        email: table.get_or("email", default.email, claim_uri),
        preferred_username: table.get_or("preferred_username", default.preferred_username, claim_uri),
        name: table.get_or("name", default.name, claim_uri),
        groups: table.get_or("groups", default.groups, claim_uri),
    };
    table.finish();
    claims
}
