//! `[keys]` and `[store]`.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::KeySource;
use super::context::Leaf;
use super::problem::{Problem, Refusal};
use super::reader::Table;
use super::values::{one_of, path, secret};
use crate::store::settings::Settings;

/// Exactly one source of keys.
pub(super) fn keys(mut table: Table<'_>) -> Option<KeySource> {
    let (has_file, has_ring) = (table.has("file"), table.has("ring"));
    let file = table.get("file", path);
    let ring = table.get("ring", secret);
    if has_file && has_ring {
        let sentence = "keys.file and keys.ring are both set";
        table.context.note(Problem::about(&table.place, sentence, false, Some("keep one of them")));
    } else if !has_file && !has_ring {
        table.missing("file", "file = \"/etc/hourgate/keys\"");
    }
    table.finish();
    file.map(|given| KeySource::File(given.value)).or(ring.map(|given| KeySource::Ring(given.value)))
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Redis,
    Embedded,
}

pub(super) fn store(mut table: Table<'_>) -> Option<Settings> {
    let kind =
        table.get_or("kind", Kind::Redis, one_of(&[("redis", Kind::Redis), ("embedded", Kind::Embedded)]));
    let settings = match kind {
        Kind::Redis => redis(&mut table),
        Kind::Embedded => embedded(&mut table),
    };
    table.finish();
    settings
}

fn redis(table: &mut Table<'_>) -> Option<Settings> {
    let url = table.need("url", "url = \"redis://127.0.0.1:6379\"", redis_url);
    let ca_file = table.get("ca_file", path);
    if let Some(stray) = table.get("path", path) {
        table.context.refuse(&stray.mark, &Refusal::new("is for store.kind = \"embedded\" only"));
    }
    let url = url?.value;
    if let Some(given) = &ca_file
        && !url.expose_secret().starts_with("rediss:")
    {
        let refusal =
            Refusal::new("has no use: store.url does not speak TLS").fix("write rediss:// in store.url");
        table.context.refuse(&given.mark, &refusal);
    }
    Some(Settings::Redis { url, ca_file: ca_file.map(|given| given.value) })
}

fn embedded(table: &mut Table<'_>) -> Option<Settings> {
    let file = table.need("path", "path = \"/var/lib/hourgate/sessions.redb\"", path);
    let strays = [
        table.get("url", secret).map(|given| given.mark),
        table.get("ca_file", path).map(|given| given.mark),
    ];
    for mark in strays.iter().flatten() {
        table.context.refuse(mark, &Refusal::new("is for store.kind = \"redis\" only"));
    }
    Some(Settings::Embedded { path: file?.value })
}

fn redis_url(leaf: &Leaf) -> Result<SecretString, Refusal> {
    let text = secret(leaf)?;
    let is_redis = |url: &Url| {
        matches!(url.scheme(), "redis" | "rediss") && url.host_str().is_some_and(|host| !host.is_empty())
    };
    match Url::parse(text.expose_secret()) {
        Ok(url) if is_redis(&url) => Ok(text),
        _ => Err(Refusal::new(
            "is not a Redis URL such as redis://127.0.0.1:6379 or rediss://user:password@host:6379",
        )),
    }
}
