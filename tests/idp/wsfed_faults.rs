//! Tokens and metadata that are wrong on purpose: what is wrong with each is in it, and nothing else is.

use reqwest::Method;
use roxmltree::Document;
use serde_json::json;

use crate::house::{Browser, House, nothing};
use crate::relying_party::{METADATA, Posted, Token, judged};

async fn broken(house: &House, mode: &str) -> Token {
    house.fault(json!({ "endpoint": "wsfed", "mode": mode, "times": 1 })).await;
    house.token("alice", &[]).await
}

async fn of_kinds(house: &House, mut what: impl AsyncFnMut(&str)) {
    for kind in ["saml11", "saml20"] {
        house.set(Method::PUT, "/wsfed-tokens", json!({ "type": kind })).await;
        what(kind).await;
    }
}

/// Those that only the relying party's own rules are against: xmlsec1 has nothing to say.
#[tokio::test]
async fn a_good_signature_is_on_tokens_that_say_the_wrong_thing() {
    let house = House::at_real_time().await;
    let certificate = house.certificates().await.remove(0);
    of_kinds(&house, async |kind| {
        for mode in [
            "wrong_iss",
            "wrong_aud",
            "missing_aud",
            "wrong_sub",
            "missing_sub",
            "expired",
            "not_yet",
            "too_long",
            "stale_instant",
            "future_instant",
            "no_conditions",
            "unknown_condition",
            "no_confirmation",
            "holder_of_key",
            "no_authn",
            "wrong_echo",
            "no_echo",
            "comment_in_name_id",
            "processing_instruction",
            "two_assertions",
            "two_rstr",
        ] {
            let token = broken(&house, mode).await;
            assert_eq!(judged(&token.0, &certificate), Ok(()), "{mode} {kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_good_signature_is_on_the_others() {
    let house = House::at_real_time().await;
    for alg in ["ES256", "RS256"] {
        house.set(Method::POST, "/keys/rotate", json!({ "alg": alg, "overlap": false })).await;
        let certificate = house.certificates().await.remove(0);
        of_kinds(&house, async |kind| {
            for mode in ["unsigned", "bad_sig", "embedded_key", "hs256"] {
                let token = broken(&house, mode).await;
                assert!(judged(&token.0, &certificate).is_err(), "{mode} {kind}");
                assert_eq!(token.count("Signature"), usize::from(mode != "unsigned"), "{mode}");
            }
        })
        .await;
    }
}

/// Debian's xmlsec1 still takes SHA-1: it is a good signature, of its kind.
#[tokio::test]
async fn sha1_is_in_the_digest_and_with_an_rsa_key_in_the_signature() {
    let house = House::at_real_time().await;
    for (alg, methods) in [("ES256", "ecdsa-sha256"), ("RS256", "xmldsig#rsa-sha1")] {
        house.set(Method::POST, "/keys/rotate", json!({ "alg": alg, "overlap": false })).await;
        let certificate = house.certificates().await.remove(0);
        let token = broken(&house, "sha1").await;
        assert!(token.attribute("SignatureMethod", "Algorithm").unwrap().ends_with(methods));
        assert!(token.attribute("DigestMethod", "Algorithm").unwrap().ends_with("xmldsig#sha1"));
        assert_eq!(judged(&token.0, &certificate), Ok(()), "{alg}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_in_the_token() {
    let house = House::open().await;
    house.set(Method::PUT, "/wsfed-tokens", json!({ "echo": true })).await;
    let good = house.token("alice", &[]).await;
    of_kinds(&house, async |kind| {
        let says = async |mode: &str, element: &str, attribute: &str| {
            broken(&house, mode).await.attribute(element, attribute)
        };
        let instant = |text: &str| Some(format!("2027-01-{text}Z"));
        assert_eq!(says("expired", "Conditions", "NotOnOrAfter").await, instant("15T07:00:00"));
        assert_eq!(says("not_yet", "Conditions", "NotBefore").await, instant("15T09:00:00"));
        assert_eq!(says("too_long", "Conditions", "NotOnOrAfter").await, Some("2027-02-14T08:00:00Z".into()));
        assert_eq!(says("stale_instant", "Assertion", "IssueInstant").await, instant("15T07:50:00"));
        assert_eq!(says("future_instant", "Assertion", "IssueInstant").await, instant("15T08:10:00"));
        assert_eq!(
            broken(&house, "wrong_aud").await.text("Audience").as_deref(),
            Some("urn:another-relying-party")
        );
        assert_eq!(broken(&house, "missing_aud").await.count("Audience"), 0);
        assert_eq!(broken(&house, "no_conditions").await.count("Conditions"), 0);
        assert_eq!(broken(&house, "unknown_condition").await.count("OnlyOnSundays"), 1);
        assert_eq!(broken(&house, "missing_sub").await.name_id(), None);
        assert_eq!(broken(&house, "no_confirmation").await.count("SubjectConfirmation"), 0);
        assert!(broken(&house, "holder_of_key").await.0.contains(":cm:holder-of-key"));
        let authn = broken(&house, "no_authn").await;
        assert_eq!(authn.count("AuthnStatement") + authn.count("AuthenticationStatement"), 0);
        let mallory = broken(&house, "wrong_sub").await;
        assert_eq!(mallory.name_id().as_deref(), Some("mallory"));
        assert!(!mallory.0.contains("alice"), "{kind}");
        let issuer = broken(&house, "wrong_iss").await;
        assert!(issuer.0.contains("https://wrong-issuer.invalid") && !issuer.0.contains(&house.issuer()));
        let echo = |token: &Token| token.claims().get("urn:hourgate:wctx-s256").cloned();
        assert_eq!(echo(&broken(&house, "no_echo").await), None);
        assert!(echo(&good).is_some());
        assert!(echo(&broken(&house, "wrong_echo").await).is_some_and(|wrong| Some(wrong) != echo(&good)));
        assert!(broken(&house, "comment_in_name_id").await.0.contains(">a<!---->lice<"));
        assert!(broken(&house, "processing_instruction").await.0.contains(">a<?name ends?>lice<"));
        let doctype = broken(&house, "doctype").await.0;
        assert!(doctype.starts_with("<!DOCTYPE t [") && doctype.ends_with("Response>"));
        assert_eq!(broken(&house, "two_rstr").await.count("RequestSecurityTokenResponse"), 2);
        assert_eq!(broken(&house, "two_assertions").await.count("Assertion"), 2);
        assert_eq!(broken(&house, "soap_fault").await.root().1, "Envelope");
        assert_eq!(broken(&house, "jwt").await.count("BinarySecurityToken"), 1);
        assert_eq!(broken(&house, "bare_jwt").await.0.split('.').count(), 3);
        assert_eq!(broken(&house, "encrypted_gcm").await.count("EncryptedData"), 1);
    })
    .await;
    assert_eq!(house.token("alice", &[]).await.name_id().as_deref(), Some("alice"));
}

/// In each, the signature is of the assertion that says alice, and there is another that says mallory. A judge who
/// looks for the signed element by its name finds it, wherever it stands.
#[tokio::test]
async fn signatures_are_wrapped_in_eight_ways() {
    let house = House::at_real_time().await;
    let certificate = house.certificates().await.remove(0);
    of_kinds(&house, async |kind| {
        for n in 1..=8 {
            let token = broken(&house, &format!("xsw{n}")).await;
            assert_eq!((token.count("Assertion"), token.count("Signature")), (2, 1), "xsw{n} {kind}");
            let document = Document::parse(&token.0).unwrap();
            let names: Vec<&str> = document
                .descendants()
                .filter(|node| node.tag_name().name().starts_with("NameI"))
                .filter_map(|node| node.text())
                .collect();
            assert!(names.contains(&"alice") && names.contains(&"mallory"), "xsw{n} {kind}");
            let reference =
                document.descendants().find(|node| node.tag_name().name() == "Reference").unwrap();
            let id = reference.attribute("URI").unwrap().trim_start_matches('#');
            let signed = document
                .descendants()
                .find(|node| node.attribute("ID").or(node.attribute("AssertionID")) == Some(id));
            let signed = &token.0[signed.unwrap().range()];
            assert!(signed.contains(">alice<") && !signed.contains(">mallory<"), "xsw{n} {kind}");
            // The enveloped-signature transform takes out the signature that it is part of, and where the signed
            // element lies in that, nothing is left: all others are good to a judge who asks for the signature alone.
            let verdict = judged(&token.0, &certificate);
            assert_eq!(verdict.is_ok(), ![1, 6, 8].contains(&n), "xsw{n} {kind} {verdict:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_form_and_the_question_can_be_wrong_too() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[]).await;
    let mut form = async |mode: &str, changes: &[(&str, &str)]| {
        house.fault(json!({ "endpoint": "wsfed", "mode": mode, "times": 1 })).await;
        Posted::read(&browser.ask(changes).await).unwrap()
    };
    assert_eq!(form("wrong_wctx", &[]).await.get("wctx"), Some("another"));
    assert_eq!(form("missing_wctx", &[]).await.get("wctx"), None);
    let pointer = form("wresultptr", &[]).await;
    assert_eq!(pointer.get("wresult"), None);
    assert!(pointer.get("wresultptr").is_some_and(|url| url.starts_with("http://")));
    house.clock.advance(std::time::Duration::from_secs(3600));
    let old = form("old_authn", &[("wfresh", "0")]).await.token();
    let at = old.attribute("AuthenticationStatement", "AuthenticationInstant");
    assert_eq!(at.as_deref(), Some("2027-01-15T08:00:00Z"));
    let more = [("wauth", "http://schemas.microsoft.com/claims/multipleauthn")];
    let password = form("ignores_wauth", &more).await.token();
    let method = password.attribute("AuthenticationStatement", "AuthenticationMethod").unwrap();
    assert!(method.ends_with("password"));
}

#[tokio::test]
async fn the_metadata_can_be_wrong_too() {
    let house = House::at_real_time().await;
    let certificate = house.certificates().await.remove(0);
    let broken = async |mode: &str| {
        house.fault(json!({ "endpoint": "federation_metadata", "mode": mode, "times": 1 })).await;
        house.get(METADATA).await.body
    };
    let entity = broken("wrong_entity").await;
    assert!(
        entity.contains("entityID=\"https://wrong-issuer.invalid\"") && judged(&entity, &certificate).is_ok()
    );
    assert!(!broken("unsigned").await.contains("Signature"));
    let bad = broken("bad_sig").await;
    assert!(bad.contains("SignatureValue") && judged(&bad, &certificate).is_err());
    assert!(broken("doctype").await.starts_with("<!DOCTYPE"));
    let oversize = broken("oversize").await;
    assert!(oversize.len() > 8 << 20 && oversize.trim_end().ends_with("-->"));
    assert!(judged(&house.get(METADATA).await.body, &certificate).is_ok());
}

#[tokio::test]
async fn the_general_faults_are_here_too_and_those_of_openid_connect_are_not() {
    let house = House::open().await;
    for (endpoint, path) in [("wsfed", "/t1/wsfed?wa=wsignin1.0"), ("federation_metadata", METADATA)] {
        house.fault(json!({ "endpoint": endpoint, "mode": "status", "status": 502, "times": 1 })).await;
        assert_eq!(house.get(path).await.status, 502);
        house.fault(json!({ "endpoint": endpoint, "mode": "reset", "times": 1 })).await;
        assert!(house.send(house.request(Method::GET, path)).await.is_err());
        let journal =
            house.control(Method::GET, &format!("/requests?endpoint={endpoint}"), nothing()).await.json();
        assert_eq!(journal.as_array().unwrap().len(), 2);
    }
    for (endpoint, mode) in [
        ("wsfed", "wrong_nonce"),
        ("wsfed", "wrong_state"),
        ("wsfed", "ignores_prompt"),
        ("wsfed", "oversize"),
        ("token", "xsw1"),
        ("token", "unsigned"),
        ("authorize", "old_authn"),
        ("end_session", "missing_wctx"),
        ("federation_metadata", "expired"),
        ("federation_metadata", "sha1"),
        ("jwks", "wrong_entity"),
    ] {
        let reply =
            house.control(Method::POST, "/faults", json!({ "endpoint": endpoint, "mode": mode })).await;
        assert_eq!((reply.status, &reply.json()["field"]), (400, &json!("mode")), "{endpoint} {mode}");
    }
    assert_eq!(house.control(Method::GET, "/faults", nothing()).await.json(), json!([]));
}
