//! Relying parties that are registered, and signing out of them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::house::{Browser, House, nothing};
use crate::relying_party::{METADATA, Posted, REALM, REPLY, Token, judged};

/// The control API's path of a relying party.
fn party(realm: &str) -> String {
    format!("/relying-parties/{}", form_urlencoded::byte_serialize(realm.as_bytes()).collect::<String>())
}

fn out(pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/t1/wsfed?{query}")
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.authorize(&[("prompt", "none")]).await.returned("code").is_some()
}

#[tokio::test]
async fn a_registered_party_gets_its_tokens_at_its_addresses_and_nowhere_else() {
    let house = House::open().await;
    let realm = "https://app.example/?a=1&b=%2F";
    let urls = json!(["https://app.example/one", "https://app.example/two?x=1"]);
    house.set(Method::PUT, &party(realm), json!({ "reply_urls": urls })).await;
    let goes = async |reply: &str| {
        let auto = [("login_hint", "alice"), ("hourgate_auto", "1")];
        let page =
            Browser::new(&house).ask(&[&auto[..], &[("wtrealm", realm), ("wreply", reply)]].concat()).await;
        Posted::read(&page).map(|posted| posted.action).ok_or(page.status)
    };
    assert_eq!(goes("").await.as_deref(), Ok("https://app.example/one"));
    assert_eq!(goes("https://app.example/two?x=1").await.as_deref(), Ok("https://app.example/two?x=1"));
    for wrong in
        ["https://app.example/two", "https://app.example/one/", "https://APP.example/one", REPLY, realm]
    {
        assert_eq!(goes(wrong).await, Err(400), "{wrong}");
    }
    house.set(Method::PUT, &party(realm), json!({ "reply_urls": [] })).await;
    assert_eq!(goes("").await, Err(400));
    house.set(Method::DELETE, &party(realm), nothing()).await;
    assert_eq!(goes("https://elsewhere.example/").await.as_deref(), Ok("https://elsewhere.example/"));
    assert_eq!(house.control(Method::GET, &party(realm), nothing()).await.status, 404);
}

#[tokio::test]
async fn a_strict_tenant_knows_registered_parties_only() {
    let house = House::strict().await;
    let auto = [("login_hint", "alice"), ("hourgate_auto", "1")];
    assert_eq!(Browser::new(&house).ask(&auto).await.status, 400);
    house.set(Method::PUT, &party(REALM), json!({ "reply_urls": [REPLY] })).await;
    assert_eq!(house.token("alice", &[]).await.name_id().as_deref(), Some("alice"));
}

#[tokio::test]
async fn its_tokens_are_as_it_wants_them_and_the_rest_is_as_for_all() {
    let house = House::open().await;
    house.set(Method::PUT, "/wsfed-tokens", json!({ "lifetime": "10m", "echo": true, "rstr": "1.3" })).await;
    let tokens = json!({
        "type": "saml20", "session": "8h", "name_id": "oid", "claims": { "urn:mail": "email", "a/who": "sub", "a/b": "no" },
    });
    house.set(Method::PUT, &party(REALM), json!({ "reply_urls": [REPLY], "tokens": tokens })).await;
    let shown = house.control(Method::GET, &party(REALM), nothing()).await.json();
    assert_eq!(
        (&shown["realm"], &shown["tokens"], &shown["encryption"]),
        (&json!(REALM), &tokens, &Value::Null)
    );
    let token = house.token("alice", &[]).await;
    assert_eq!(token.root().1, "RequestSecurityTokenResponseCollection");
    assert_eq!(
        token.attribute("AuthnStatement", "SessionNotOnOrAfter").as_deref(),
        Some("2027-01-15T16:00:00Z")
    );
    assert_eq!(token.attribute("Conditions", "NotOnOrAfter").as_deref(), Some("2027-01-15T08:10:00Z"));
    assert_eq!(token.name_id().unwrap().len(), 36);
    let claims = token.claims();
    assert_eq!(
        (&claims["urn:mail"], &claims["a/who"]),
        (&vec!["alice@t1.example".into()], &vec!["alice".into()])
    );
    let names: Vec<&str> = claims.keys().map(String::as_str).collect();
    assert_eq!(names, ["a/who", "urn:hourgate:wctx-s256", "urn:mail"]);

    house
        .set(Method::PUT, &party(REALM), json!({ "reply_urls": [REPLY], "tokens": { "name_id": null } }))
        .await;
    let nameless = house.token("alice", &[]).await;
    assert_eq!((nameless.name_id(), nameless.count("Subject")), (None, 2));
    let others = house.token("alice", &[("wtrealm", "urn:other")]).await;
    assert_eq!(others.name_id().as_deref(), Some("alice"));
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name_and_changes_nothing() {
    let house = House::open().await;
    let before = house.control(Method::GET, "/wsfed-tokens", nothing()).await.json();
    for (path, body, field) in [
        (party("urn:a"), json!({ "reply_urls": ["/cb"] }), "reply_urls[0]"),
        (party("urn:a"), json!({ "reply_urls": [REPLY, "https://a/#f"] }), "reply_urls[1]"),
        (party("urn:a"), json!({ "reply_urls": [], "cleanup_url": "x" }), "cleanup_url"),
        (party("urn:a"), json!({ "reply_urls": [], "tokens": { "type": "saml" } }), "tokens.type"),
        (party("urn:a"), json!({ "reply_urls": [], "tokens": { "lifetime": "0s" } }), "tokens.lifetime"),
        (party("urn:a"), json!({ "reply_urls": [], "tokens": { "claims": { "": "x" } } }), "tokens.claims"),
        (
            party("urn:a"),
            json!({ "reply_urls": [], "encryption": { "certificate": "x" } }),
            "encryption.certificate",
        ),
        (
            party("urn:a"),
            json!({ "reply_urls": [], "encryption": { "certificate": "x", "cipher": "aes128-cbc" } }),
            "encryption.cipher",
        ),
        ("/wsfed-tokens".into(), json!({ "rstr": "1.4" }), "rstr"),
        ("/wsfed-tokens".into(), json!({ "lifetimes": "1h" }), "lifetimes"),
        ("/wsfed-tokens".into(), json!({ "echo": true, "lifetime": "0s" }), "lifetime"),
    ] {
        let reply = house.control(Method::PUT, &path, body.clone()).await;
        assert_eq!((reply.status, &reply.json()["field"]), (400, &json!(field)), "{body}");
    }
    assert_eq!(house.control(Method::GET, &party("urn:a"), nothing()).await.status, 404);
    assert_eq!(house.control(Method::GET, "/wsfed-tokens", nothing()).await.json(), before);
}

/// xmlsec1 has the private key, decrypts, and then judges the signature inside.
#[tokio::test]
async fn a_token_is_encrypted_for_the_party_that_has_a_certificate() {
    let house = House::at_real_time().await;
    let (pem, private) = key_pair();
    let trusted = house.certificates().await.remove(0);
    for cipher in ["aes256-cbc", "aes256-gcm"] {
        let encryption = json!({ "certificate": pem, "cipher": cipher });
        for kind in ["saml11", "saml20"] {
            let body = json!({ "reply_urls": [REPLY], "encryption": encryption, "tokens": { "type": kind } });
            house.set(Method::PUT, &party(REALM), body).await;
            let token = house.token("alice", &[]).await;
            assert_eq!((token.count("Assertion"), token.count("EncryptedData")), (0, 1));
            assert_eq!(token.count("EncryptedAssertion"), usize::from(kind == "saml20"));
            let opened = Token(decrypted(&token.0, &private));
            assert_eq!(opened.name_id().as_deref(), Some("alice"), "{cipher} {kind}");
            assert_eq!(judged(&opened.0, &trusted), Ok(()), "{cipher} {kind}");
        }
    }
    let shown = house.control(Method::GET, &party(REALM), nothing()).await.json();
    assert_eq!(shown["encryption"], json!({ "certificate": pem, "cipher": "aes256-gcm" }));
    for (mode, cipher, transport) in [
        ("encrypted_cbc", "aes256-cbc", "rsa-oaep-mgf1p"),
        ("encrypted_gcm", "aes256-gcm", "rsa-oaep-mgf1p"),
        ("rsa15", "aes256-gcm", "rsa-1_5"),
        ("encrypted_unsigned", "aes256-gcm", "rsa-oaep-mgf1p"),
    ] {
        house.fault(json!({ "endpoint": "wsfed", "mode": mode, "times": 1 })).await;
        let token = house.token("alice", &[]).await;
        assert!(token.0.contains(cipher) && token.0.contains(transport), "{mode}");
        let opened = Token(decrypted(&token.0, &private));
        assert_eq!(opened.count("Signature"), usize::from(mode != "encrypted_unsigned"), "{mode}");
    }
}

/// A certificate, and the private key as PEM.
fn key_pair() -> (String, String) {
    let key = rsa::RsaPrivateKey::new(&mut hourgate::random::Source, 2048).unwrap();
    let private = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let pair = rcgen::KeyPair::from_pem_and_sign_algo(&private, &rcgen::PKCS_RSA_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap();
    let der = BASE64_STANDARD.encode(certificate.der());
    let lines: Vec<&str> = der.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    (format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n")), private)
}

fn decrypted(document: &str, private: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("document.xml"), folder.path().join("key.pem"));
    std::fs::write(&file, document).unwrap();
    std::fs::write(&key, private).unwrap();
    let output = std::process::Command::new("xmlsec1")
        .arg("--decrypt")
        .arg("--privkey-pem")
        .arg(key)
        .arg(file)
        .output();
    let output = output.unwrap_or_else(|error| panic!("xmlsec1: {error}; tests/run installs it"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn signing_out_ends_the_session_and_leads_back_where_the_party_is() {
    let house = House::open().await;
    house.set(Method::PUT, &party(REALM), json!({ "reply_urls": [REPLY, "https://app.example/bye"] })).await;
    let mut browser = Browser::new(&house);
    for (realm, reply) in
        [(REALM, "https://evil.example/"), ("", "https://evil.example/"), ("urn:a", "javascript:1")]
    {
        let pairs = [("wa", "wsignout1.0"), ("wtrealm", realm), ("wreply", reply)];
        browser.choose(("user", "alice"), &[]).await;
        let refused = browser.go(Method::GET, &out(&pairs), &[]).await;
        assert_eq!((refused.status, refused.header("location")), (400, ""), "{realm} {reply}");
        assert!(is_signed_in(&mut browser).await);
    }
    for realm in [REALM, ""] {
        browser.choose(("user", "alice"), &[]).await;
        let pairs = [("wa", "wsignout1.0"), ("wtrealm", realm), ("wreply", "https://app.example/bye")];
        let reply = browser.go(Method::GET, &out(&pairs), &[]).await;
        assert_eq!((reply.status, reply.header("location")), (303, "https://app.example/bye"));
        assert!(!is_signed_in(&mut browser).await);
    }
    browser.choose(("user", "alice"), &[]).await;
    let page = browser.go(Method::POST, "/t1/wsfed", &[("wa", "wsignout1.0")]).await;
    assert!(page.status == 200 && page.body.contains("signed-out"));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn all_parties_of_the_session_clean_up_in_frames() {
    let house = House::open().await;
    let clean = "https://one.example/wsfed?x=%26";
    house.set(Method::PUT, &party("urn:one"), json!({ "reply_urls": [REPLY], "cleanup_url": clean })).await;
    house
        .set(
            Method::PUT,
            &party("urn:two"),
            json!({ "reply_urls": [REPLY], "cleanup_url": "https://two.example/" }),
        )
        .await;
    let frames = |body: &str| -> Vec<String> {
        let found = body.split("<iframe hidden src=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        found.map(|url| url.replace("&#38;", "&")).collect()
    };
    let mut browser = Browser::new(&house);
    browser.choose(("user", "alice"), &[("wtrealm", "urn:one")]).await;
    browser.ask(&[("wtrealm", REALM)]).await;
    let pairs = [("wa", "wsignout1.0"), ("wtrealm", "urn:one"), ("wreply", REPLY)];
    let page = browser.go(Method::GET, &out(&pairs), &[]).await;
    assert_eq!(frames(&page.body), ["https://one.example/wsfed?x=%26&wa=wsignoutcleanup1.0"]);
    assert!(page.header("content-security-policy").contains("frame-src https://one.example"));
    assert!(page.body.contains(&format!("2;url={REPLY}")));
    assert!(!is_signed_in(&mut browser).await);

    // Somebody else's sign-out: nobody is sent anywhere.
    browser.choose(("user", "alice"), &[("wtrealm", "urn:two")]).await;
    let pairs = [("wa", "wsignoutcleanup1.0"), ("wreply", REPLY), ("wtrealm", REALM)];
    let page = browser.go(Method::GET, &out(&pairs), &[]).await;
    assert_eq!(frames(&page.body), ["https://two.example/?wa=wsignoutcleanup1.0"]);
    assert!(!page.body.contains(";url="));
    assert!(!is_signed_in(&mut browser).await);

    // A sign-out by OpenID Connect concerns them too.
    browser.choose(("user", "alice"), &[("wtrealm", "urn:two")]).await;
    let page = browser.go(Method::POST, "/t1/end_session", &[("confirm", "1")]).await;
    assert_eq!(frames(&page.body).len(), 1);
}

#[tokio::test]
async fn the_metadata_say_who_issues_where_and_with_which_keys() {
    let house = House::open().await;
    let read = async || house.get(METADATA).await;
    let reply = read().await;
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
    let document = roxmltree::Document::parse(&reply.body).unwrap();
    let root = document.root_element();
    let endpoint = format!("{}/wsfed", house.issuer());
    assert_eq!(root.attribute("entityID"), Some(endpoint.as_str()));
    assert_eq!(root.attribute(("urn:hourgate:test-idp", "TestIdentityProvider")), Some("true"));
    assert_eq!(root.first_element_child().unwrap().tag_name().name(), "Signature");
    let roles: Vec<_> = root.children().filter(|node| node.tag_name().name() == "RoleDescriptor").collect();
    let kinds = roles.iter().map(|role| {
        let named = role.attribute(("http://www.w3.org/2001/XMLSchema-instance", "type")).unwrap();
        let (prefix, name) = named.split_once(':').unwrap();
        (role.lookup_namespace_uri(Some(prefix)).unwrap(), name)
    });
    let federation = "http://docs.oasis-open.org/wsfed/federation/200706";
    let expected = [(federation, "ApplicationServiceType"), (federation, "SecurityTokenServiceType")];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    let uses = |role: &roxmltree::Node<'_, '_>| -> Vec<String> {
        role.children().filter_map(|node| node.attribute("use")).map(str::to_owned).collect()
    };
    assert_eq!(
        (uses(&roles[0]), uses(&roles[1])),
        (vec!["encryption".to_owned()], vec!["signing".to_owned()])
    );
    let passive =
        roles[1].children().find(|node| node.has_tag_name((federation, "PassiveRequestorEndpoint")));
    let address = passive.unwrap().descendants().find(|node| node.tag_name().name() == "Address").unwrap();
    assert_eq!(address.text(), Some(endpoint.as_str()));

    // A rollover: the key to come is told, then it signs while the one before still counts.
    let first = house.certificates().await;
    house.set(Method::POST, "/keys/announce", json!({})).await;
    let told = house.certificates().await;
    assert!(told.len() == 2 && told[0] == first[0]);
    house.set(Method::POST, "/keys/rotate", json!({ "overlap": true })).await;
    assert_eq!(house.certificates().await, [told[1].clone(), told[0].clone()]);
    house.set(Method::POST, "/keys/rotate", json!({ "overlap": false })).await;
    let last = house.certificates().await;
    assert!(last.len() == 1 && !told.contains(&last[0]));
}
