//! Parsers of single values. Each says what is wrong as the rest of a sentence: `… is not an address`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::context::Leaf;
use super::problem::{Refusal, nearest};
use super::tree::Value;
use crate::policy::settings::table::span_of;
use crate::session::origin::Origin;
use crate::time::human;

/// A string, perhaps empty.
fn any_string(leaf: &Leaf) -> Result<&str, Refusal> {
    match &leaf.value {
        Value::Text(text) | Value::String(text) => Ok(text),
        other => {
            let refusal = Refusal::new(format!("is {}, expected a string", other.kind()));
            Err(match &leaf.mark.shown {
                Some(shown) => refusal.fix(format!("put it in quotes: \"{shown}\"")),
                None => refusal,
            })
        }
    }
}

/// A string that is not empty.
pub(super) fn text(leaf: &Leaf) -> Result<&str, Refusal> {
    match any_string(leaf)? {
        "" => Err(Refusal::new("is empty")),
        text => Ok(text),
    }
}

/// An owned string that is not empty.
pub(super) fn string(leaf: &Leaf) -> Result<String, Refusal> {
    text(leaf).map(str::to_owned)
}

/// A secret that is not empty.
pub(super) fn secret(leaf: &Leaf) -> Result<SecretString, Refusal> {
    text(leaf).map(SecretString::from)
}

/// A path; whether the file is there shows when it is used.
pub(super) fn path(leaf: &Leaf) -> Result<PathBuf, Refusal> {
    text(leaf).map(PathBuf::from)
}

/// `true` or `false`.
pub(super) fn boolean(leaf: &Leaf) -> Result<bool, Refusal> {
    match &leaf.value {
        Value::Boolean(flag) => Ok(*flag),
        Value::Text(text) if text == "true" => Ok(true),
        Value::Text(text) if text == "false" => Ok(false),
        Value::String(text) if text == "true" || text == "false" => {
            Err(Refusal::new("is a string, expected true or false")
                .fix(format!("leave out the quotes: {text}")))
        }
        _ => Err(Refusal::new("is neither true nor false")),
    }
}

/// A whole number in `range`.
pub(super) fn number(range: RangeInclusive<u32>) -> impl Fn(&Leaf) -> Result<u32, Refusal> {
    move |leaf| {
        let text = match &leaf.value {
            Value::Integer(text) | Value::Text(text) => text,
            other => return Err(Refusal::new(format!("is {}, expected a whole number", other.kind()))),
        };
        // What is too large for the type is too large for every range.
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            Refusal::new(format!("is not a whole number from {} to {}", range.start(), range.end()))
        })
    }
}

/// One of some words.
pub(super) fn one_of<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&Leaf) -> Result<T, Refusal> {
    move |leaf| {
        let text = any_string(leaf)?;
        let words = choices.iter().map(|(word, _)| *word);
        choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice).ok_or_else(|| {
            let list: Vec<_> = words.clone().map(|word| format!("\"{word}\"")).collect();
            Refusal::new(format!("is not one of {}", list.join(", "))).did_you_mean(nearest(text, words))
        })
    }
}

/// An IP address and a port.
pub(super) fn address(leaf: &Leaf) -> Result<SocketAddr, Refusal> {
    let text = match &leaf.value {
        Value::Integer(port) => port,
        _ => any_string(leaf)?,
    };
    text.parse().map_err(|_| {
        let refusal = Refusal::new("is not an address: expected ip:port such as 127.0.0.1:4180");
        let port = Some(("127.0.0.1", text.strip_prefix("localhost:").unwrap_or(text)));
        let port = port.filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let guess = port.or_else(|| text.strip_prefix(':').map(|port| ("0.0.0.0", port)));
        let guess = guess
            .map(|(ip, port)| format!("{ip}:{port}"))
            .filter(|guess| guess.parse::<SocketAddr>().is_ok());
        refusal.did_you_mean(guess.as_deref())
    })
}

/// An absolute http or https URL. Plain http only for loopback names, or where `insecure_http` allows it.
pub(super) fn web_url(insecure_http: bool) -> impl Fn(&Leaf) -> Result<Url, Refusal> {
    move |leaf| {
        let text = any_string(leaf)?;
        let not_a_url = || Refusal::new("is not a URL such as https://login.example.com");
        // The parser forgives blanks around a URL; an issuer is compared byte for byte.
        let url = Url::parse(text).ok().filter(|_| text.trim() == text).ok_or_else(not_a_url)?;
        let origin = Origin::of(&url).ok_or_else(not_a_url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::new("holds a user or a password, which belongs in no URL"));
        }
        plain_http_is_fine(&origin, insecure_http).map(|()| url)
    }
}

/// Plain http needs a loopback name or the operator's word.
pub(super) fn plain_http_is_fine(origin: &Origin, insecure_http: bool) -> Result<(), Refusal> {
    if origin.scheme().as_str() == "https" || origin.is_loopback() || insecure_http {
        return Ok(());
    }
    let what = "is plain http, which is for localhost and its sub-domains only";
    Err(Refusal::new(what)
        .fix("use https, or set danger.insecure_http = true if nothing else can reach that network"))
}

/// A span of time in `range`, such as `"30m"`.
pub(super) fn span(
    range: RangeInclusive<Duration>,
    example: &str,
) -> impl Fn(&Leaf) -> Result<Duration, Refusal> {
    move |leaf| {
        let span = any_span(leaf)?;
        if range.contains(&span) {
            return Ok(span);
        }
        let what = format!("is out of range: {} to {}", bound(*range.start()), bound(*range.end()));
        Err(Refusal::new(what).fix(format!("use a value such as \"{example}\"")))
    }
}

/// A span of time: whole numbers with units.
pub(super) fn any_span(leaf: &Leaf) -> Result<Duration, Refusal> {
    let text = match &leaf.value {
        Value::Integer(text) => text,
        _ => any_string(leaf)?,
    };
    Ok(span_of(text)?)
}

/// `90 d (2160 h)`: days are also given in hours, as some know their limits by.
fn bound(span: Duration) -> String {
    let hours = span.as_secs() / 3600;
    if hours >= 24 && span.as_secs().is_multiple_of(3600) {
        format!("{} ({hours} h)", human(span))
    } else {
        human(span)
    }
}
