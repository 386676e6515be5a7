//! Signing in with WS-Federation.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Method;
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::house::{Browser, House, nothing};
use crate::relying_party::{CONTEXT, METADATA, Posted, REALM, REPLY, asking, judged};

const KINDS: [(&str, &str); 4] =
    [("saml11", "2005/02"), ("saml11", "1.3"), ("saml20", "2005/02"), ("saml20", "1.3")];

#[tokio::test]
async fn a_person_presses_a_button_and_the_token_is_posted() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let page = browser.ask(&[]).await;
    assert!(page.status == 200 && page.body.contains("user-alice") && Posted::read(&page).is_none());
    let posted = Posted::read(&browser.choose(("user", "alice"), &[]).await).unwrap();
    assert_eq!(posted.action, REPLY);
    assert_eq!((posted.get("wa"), posted.get("wctx")), (Some("wsignin1.0"), Some(CONTEXT)));
    assert_eq!(posted.fields.len(), 3);
    let token = posted.token();
    assert_eq!(token.name_id().as_deref(), Some("alice"));
    assert_eq!(token.text("Audience").as_deref(), Some(REALM));
    assert_eq!(token.attribute("Assertion", "Issuer"), Some(format!("{}/wsfed", house.issuer())));
    assert_eq!(token.attribute("RequestSecurityTokenResponse", "Context").as_deref(), Some(CONTEXT));
}

#[tokio::test]
async fn what_comes_back_is_locked_down() {
    let house = House::open().await;
    let page = Browser::new(&house).ask(&[("login_hint", "alice"), ("hourgate_auto", "1")]).await;
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'nonce-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.body.contains(CONTEXT), "nothing raw");
}

#[tokio::test]
async fn every_kind_of_token_comes_in_every_kind_of_response() {
    let house = House::open().await;
    for (kind, rstr) in KINDS {
        house.set(Method::PUT, "/wsfed-tokens", json!({ "type": kind, "rstr": rstr })).await;
        let token = house.token("alice", &[]).await;
        let root = match rstr {
            "1.3" => {
                ("http://docs.oasis-open.org/ws-sx/ws-trust/200512", "RequestSecurityTokenResponseCollection")
            }
            _ => ("http://schemas.xmlsoap.org/ws/2005/02/trust", "RequestSecurityTokenResponse"),
        };
        assert_eq!(token.root(), (root.0.to_owned(), root.1.to_owned()));
        assert_eq!(token.count("Assertion"), 1);
        let version = if kind == "saml20" { ("Version", "2.0") } else { ("MajorVersion", "1") };
        assert_eq!(token.attribute("Assertion", version.0).as_deref(), Some(version.1));
        for (name, at) in [("NotBefore", "2027-01-15T08:00:00Z"), ("NotOnOrAfter", "2027-01-15T09:00:00Z")] {
            assert_eq!(token.attribute("Conditions", name).as_deref(), Some(at), "{kind}");
        }
        let claims = token.claims();
        let claim = |uri: &str| claims[uri].join(" ");
        assert_eq!(claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"), "alice@t1.example");
        assert_eq!(claim("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"), "staff finance");
        assert_eq!(claims.len(), 6);
    }
}

/// The signature as another implementation sees it.
#[tokio::test]
async fn xmlsec1_takes_every_token_and_none_that_was_changed() {
    let house = House::at_real_time().await;
    for alg in ["ES256", "RS256"] {
        house.set(Method::POST, "/keys/rotate", json!({ "alg": alg, "overlap": false })).await;
        let certificate = house.certificates().await.remove(0);
        for (kind, rstr) in KINDS {
            house.set(Method::PUT, "/wsfed-tokens", json!({ "type": kind, "rstr": rstr })).await;
            let token = house.token("alice", &[]).await;
            assert_eq!(judged(&token.0, &certificate), Ok(()), "{alg} {kind} {rstr}");
            for (from, to) in
                [("alice@", "admin@"), ("urn:app</saml:A", "urn:bpp</saml:A"), ("claims/upn", "claims/upm")]
            {
                let changed = token.0.replacen(from, to, 2);
                assert!(changed == token.0 || judged(&changed, &certificate).is_err(), "{alg} {kind} {from}");
            }
        }
        let metadata = house.get(METADATA).await.body;
        assert_eq!(judged(&metadata, &certificate), Ok(()), "{alg}");
        assert!(judged(&metadata.replacen("wsfed", "wsfid", 1), &certificate).is_err());
    }
}

/// As AD FS shows names that were typed with care, or without.
#[tokio::test]
async fn no_text_breaks_a_signature() {
    let house = House::at_real_time().await;
    let odd = "\"<a>&amp;]]>'\t\r\n\u{1}\u{FFFE} é \u{1F600}";
    house
        .set(
            Method::PUT,
            "/users/odd",
            json!({ "claims": { "name": odd, "email": "", "groups": [odd, 1, null] } }),
        )
        .await;
    let certificate = house.certificates().await.remove(0);
    for (kind, rstr) in KINDS {
        house
            .set(Method::PUT, "/wsfed-tokens", json!({ "type": kind, "rstr": rstr, "name_id": "name" }))
            .await;
        let context = "a\r\n\t\"<>&' \u{1F600}";
        let realm = "https://app.example/?a=1&b=\"<'>";
        let changes = [("login_hint", "odd"), ("hourgate_auto", "1"), ("wctx", context), ("wtrealm", realm)];
        let posted = Posted::read(&Browser::new(&house).ask(&changes).await).unwrap();
        assert_eq!(posted.get("wctx"), Some(context));
        let token = posted.token();
        assert_eq!(judged(&token.0, &certificate), Ok(()), "{kind} {rstr}");
        let clean = "\"<a>&amp;]]>' é \u{1F600}";
        assert_eq!(token.name_id().as_deref(), Some(clean));
        let groups = &token.claims()["http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"];
        assert_eq!(groups, &[clean, "1", "null"]);
        assert_eq!(token.text("Audience").as_deref(), Some(realm));
        assert_eq!(token.attribute("RequestSecurityTokenResponse", "Context").as_deref(), Some(context));
    }
    // What XML cannot say stays out of the response, and comes back in the form all the same.
    let changes = [("login_hint", "odd"), ("hourgate_auto", "1"), ("wctx", "\u{1}")];
    let posted = Posted::read(&Browser::new(&house).ask(&changes).await).unwrap();
    assert_eq!(posted.get("wctx"), Some("\u{1}"));
    assert_eq!(posted.token().attribute("RequestSecurityTokenResponse", "Context"), None);
}

#[tokio::test]
async fn the_second_relying_party_signs_in_silently_and_is_told_when_the_first_did() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[]).await;
    house.clock.advance(Duration::from_secs(600));
    let other = [("wtrealm", "urn:other"), ("wreply", "https://other.example/")];
    let posted = Posted::read(&browser.ask(&other).await).unwrap();
    assert_eq!(posted.action, "https://other.example/");
    let token = posted.token();
    let at = token.attribute("AuthenticationStatement", "AuthenticationInstant");
    assert_eq!(at.as_deref(), Some("2027-01-15T08:00:00Z"));
    assert_eq!(token.attribute("Assertion", "IssueInstant").as_deref(), Some("2027-01-15T08:10:00Z"));
    // OpenID Connect knows the same session.
    assert!(browser.authorize(&[("prompt", "none")]).await.returned("code").is_some());
    let sessions = house.control(Method::GET, "/sessions", nothing()).await.json();
    assert_eq!(sessions[0]["realms"], json!([REALM, "urn:other"]));
}

#[tokio::test]
async fn wfresh_asks_again_and_the_new_instant_proves_it() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[]).await;
    assert!(Posted::read(&browser.ask(&[("wfresh", "0")]).await).is_none());
    house.clock.advance(Duration::from_secs(61));
    assert!(Posted::read(&browser.ask(&[("wfresh", "2")]).await).is_some());
    assert!(Posted::read(&browser.ask(&[("wfresh", "1")]).await).is_none());
    let posted = Posted::read(&browser.choose(("user", "alice"), &[("wfresh", "0")]).await).unwrap();
    let at = posted.token().attribute("AuthenticationStatement", "AuthenticationInstant");
    assert_eq!(at.as_deref(), Some("2027-01-15T08:01:01Z"));
    // The same without a page.
    house.clock.advance(Duration::from_secs(1));
    let auto = [("wfresh", "0"), ("login_hint", "alice"), ("hourgate_auto", "1")];
    let token = Posted::read(&browser.ask(&auto).await).unwrap().token();
    let at = token.attribute("AuthenticationStatement", "AuthenticationInstant");
    assert_eq!(at.as_deref(), Some("2027-01-15T08:01:02Z"));
}

#[tokio::test]
async fn wauth_is_honoured_or_refused() {
    let house = House::open().await;
    let microsofts = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password";
    for (kind, default) in [
        ("saml11", "urn:oasis:names:tc:SAML:1.0:am:password"),
        ("saml20", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
    ] {
        house.set(Method::PUT, "/wsfed-tokens", json!({ "type": kind })).await;
        for (asked, told) in [("", default), (microsofts, microsofts)] {
            let token = house.token("alice", &[("wauth", asked)]).await;
            let method = token.attribute("AuthenticationStatement", "AuthenticationMethod");
            assert_eq!(method.or(token.text("AuthnContextClassRef")).as_deref(), Some(told));
        }
    }
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[]).await;
    let more = browser.ask(&[("wauth", "http://schemas.microsoft.com/claims/multipleauthn")]).await;
    assert!(more.status == 400 && Posted::read(&more).is_none());
}

#[tokio::test]
async fn auto_login_signs_in_without_a_page_and_switches_people() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    house.set(Method::PUT, "/auto-login", json!({ "user": "alice" })).await;
    let token = Posted::read(&browser.ask(&[]).await).unwrap().token();
    assert_eq!(token.name_id().as_deref(), Some("alice"));
    let bob = [("login_hint", "bob@t1.example"), ("hourgate_auto", "1")];
    let token = Posted::read(&browser.ask(&bob).await).unwrap().token();
    assert_eq!(token.name_id().as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_request_by_post_is_a_request() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let form = [
        ("wa", "wsignin1.0"),
        ("wtrealm", REALM),
        ("wreply", REPLY),
        ("login_hint", "alice"),
        ("hourgate_auto", "1"),
    ];
    let page = browser.go(Method::POST, "/t1/wsfed", &form).await;
    let posted = Posted::read(&page).unwrap();
    assert_eq!((posted.action.as_str(), posted.get("wctx")), (REPLY, None));
    assert_eq!(posted.token().attribute("RequestSecurityTokenResponse", "Context"), None);
}

#[tokio::test]
async fn a_disabled_user_gets_a_page_and_no_token() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[]).await;
    house.set(Method::POST, "/users/alice/disable", nothing()).await;
    let page = browser.ask(&[]).await;
    assert!(page.status == 200 && Posted::read(&page).is_none() && page.body.contains("(disabled)"));
    for refused in [
        browser.choose(("user", "alice"), &[]).await,
        browser.ask(&[("login_hint", "alice"), ("hourgate_auto", "1")]).await,
        browser.choose(("user", "<script>mallory"), &[]).await,
        browser.choose(("deny", "1"), &[]).await,
    ] {
        assert!(refused.status == 403 && Posted::read(&refused).is_none(), "{refused:?}");
        assert!(!refused.body.contains("<script>"));
    }
}

#[tokio::test]
async fn nothing_is_posted_for_a_request_that_makes_no_sense() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[]).await;
    let long = "c".repeat(8193);
    for changes in [
        ("wa", ""),
        ("wa", "wattr1.0"),
        ("wa", "WSIGNIN1.0"),
        ("wtrealm", ""),
        ("wtrealm", "app"),
        ("wreply", "http://evil.example/"),
        ("wreply", "javascript:alert(1)"),
        ("wreply", "https://app.example/#x"),
        ("wreply", "https://user@app.example/"),
        ("wreply", ""),
        ("wfresh", "soon"),
        ("wreqptr", "http://127.0.0.1/"),
        ("wctx", &long),
    ] {
        let page = browser.ask(&[changes]).await;
        assert!(page.status == 400 && Posted::read(&page).is_none(), "{changes:?} {page:?}");
        let pressed = browser.choose(("user", "alice"), &[changes]).await;
        assert!(pressed.status == 400 && Posted::read(&pressed).is_none(), "{changes:?}");
    }
    let twice = browser.go(Method::GET, &format!("/t1/wsfed?{}&wctx=2", asking(&[])), &[]).await;
    assert_eq!(twice.status, 400);
    let harmless = [
        ("whr", "urn:home"),
        ("wct", "tomorrow"),
        ("wreq", "<wst:RequestSecurityToken/>"),
        ("wencoding", "x"),
    ];
    assert!(Posted::read(&browser.ask(&harmless).await).is_some(), "these are ignored");
    let longest = "c".repeat(8192);
    let posted = Posted::read(&browser.ask(&[("wctx", &longest)]).await).unwrap();
    assert_eq!(posted.get("wctx"), Some(longest.as_str()));
    // Whoever is an address itself need not name one.
    let itself = browser.ask(&[("wtrealm", "https://app.example/"), ("wreply", "")]).await;
    assert_eq!(Posted::read(&itself).unwrap().action, "https://app.example/");
}

#[tokio::test]
async fn the_echo_is_the_hash_of_what_the_relying_party_sent() {
    let house = House::open().await;
    assert!(!house.token("alice", &[]).await.0.contains("wctx-s256"), "only where it is switched on");
    for kind in ["saml11", "saml20"] {
        house.set(Method::PUT, "/wsfed-tokens", json!({ "type": kind, "echo": true })).await;
        let claims = house.token("alice", &[]).await.claims();
        let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, CONTEXT.as_bytes()));
        assert_eq!(claims["urn:hourgate:wctx-s256"], [hash]);
        assert!(!house.token("alice", &[("wctx", "")]).await.claims().contains_key("urn:hourgate:wctx-s256"));
    }
}
