//! The cookies of a request: one `Cookie` header a line, in which `{session}`, `{old}`, `{ended}` and `{nonce}` stand for
//! minted values; or `e` and a script that changes the minted session cookie.

use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::test::TestRequest;
use hourgate::edge::cookie;
use hourgate::journeys::cookies::{SessionCookie, session_cookie};

use super::edits::edited;
use super::text::base64url;
use super::world::{BEFORE, NOW, ring, world};

/// So many cookies of one name are looked at.
const MOST: usize = 4;

/// A session cookie counts if and only if it is, byte for byte, one that was minted; a neighbour hides nothing.
pub fn run(data: &[u8]) -> bool {
    let world = world();
    match data.split_first() {
        Some((b'e', script)) => {
            let value = edited(world.session.as_bytes(), script);
            check(&[[b"__Host-hourgate=", &value[..]].concat()])
        }
        _ => {
            let lines = data.split(|byte| *byte == b'\n').take(20);
            let headers: Vec<_> = lines.map(|line| filled(line).into_bytes()).collect();
            // Bytes that are no text reach the gateway too.
            check(&data.split(|byte| *byte == b'\n').take(20).map(<[u8]>::to_vec).collect::<Vec<_>>());
            check(&headers)
        }
    }
}

/// Puts the minted values into a text.
pub fn filled(text: &[u8]) -> String {
    let world = world();
    String::from_utf8_lossy(text)
        .replace("{session}", &world.session)
        .replace("{old}", &world.session_of_old_key)
        .replace("{ended}", &world.ended)
        .replace("{nonce}", &world.nonce)
        .replace("{state}", &world.state)
        .replace("{posted}", &world.posted_state)
        .replace("{bye}", &world.sign_out_state)
        .replace("{logout}", &world.logout_token)
}

fn check(headers: &[Vec<u8>]) -> bool {
    let world = world();
    let headers: Vec<_> = headers.iter().filter_map(|header| HeaderValue::from_bytes(header).ok()).collect();
    let mut request = TestRequest::default();
    for header in &headers {
        request = request.append_header((COOKIE, header.clone()));
    }
    let site = world.edge.site_at("app.example.com", None).unwrap();
    let presented = cookie::presented(&request.to_http_request(), &site, ring());

    let all: Vec<&[u8]> = headers.iter().map(HeaderValue::as_bytes).collect();
    let sessions = values(&all, "__Host-hourgate=");
    let minted = [&world.session, &world.session_of_old_key, &world.ended];
    let authentic = sessions.iter().find(|value| minted.contains(value));
    match &presented.session {
        SessionCookie::Absent => assert!(sessions.is_empty(), "a cookie was overlooked: {sessions:?}"),
        SessionCookie::NotAuthentic => {
            assert!(
                !sessions.is_empty() && authentic.is_none(),
                "an authentic cookie was hidden: {sessions:?}"
            );
        }
        SessionCookie::Authentic(id) => {
            let again = [NOW, BEFORE].map(|at| session_cookie(id, ring(), at));
            let authentic = authentic.expect("nobody minted such a cookie");
            assert!(again.contains(authentic), "another session than the first authentic cookie's");
        }
    }
    let nonces = values(&all, "__Host-hourgate-nonce=");
    let nonce =
        nonces.into_iter().find(|value| base64url(value.as_bytes()).is_some_and(|raw| raw.len() == 32));
    assert_eq!(presented.nonce.map(|nonce| nonce.value()), nonce);
    presented.session.id().is_some()
}

/// The first values behind a name (RFC 6265 section 4.2.1).
pub fn values(headers: &[&[u8]], name: &str) -> Vec<String> {
    headers
        .iter()
        .flat_map(|header| header.split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(|pair| pair.starts_with(name.as_bytes()))
        .filter_map(|pair| String::from_utf8(pair[name.len()..].to_vec()).ok())
        .take(MOST)
        .collect()
}
