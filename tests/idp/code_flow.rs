//! From the authorization request to the tokens, and what must not get there.

use std::str::FromStr;

use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, ClientSecret, IssuerUrl, Nonce};
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Browser, CALLBACK, House, VERIFIER, claims, query};

#[tokio::test]
async fn a_code_becomes_tokens_and_a_refresh_token_becomes_more() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let page = browser.authorize(&[]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("user-alice") && page.body.contains("anyone can sign in as anyone"));

    let answer = browser.press(("user", "alice"), &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.returned("state").as_deref(), Some("st"));
    assert_eq!(answer.returned("iss"), Some(house.issuer()));

    let reply = house.redeem(&answer.returned("code").unwrap()).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    let tokens = reply.json();
    let said = claims(&tokens);
    for (name, value) in [
        ("iss", json!(house.issuer())),
        ("sub", json!("alice")),
        ("aud", json!("app")),
        ("azp", json!("app")),
        ("nonce", json!("no")),
        ("iat", json!(1_800_000_000)),
        ("exp", json!(1_800_003_600)),
        ("auth_time", json!(1_800_000_000)),
        ("email", json!("alice@t1.example")),
        ("groups", json!(["staff", "finance"])),
    ] {
        assert_eq!(said[name], value, "{name}");
    }

    house.clock.advance(std::time::Duration::from_secs(1800));
    let more = house.refresh(tokens["refresh_token"].as_str().unwrap()).await.json();
    let renewed = claims(&more);
    assert_eq!((&renewed["sid"], &renewed["auth_time"]), (&said["sid"], &said["auth_time"]));
    assert_eq!(renewed["iat"], 1_800_001_800);
    assert_eq!(renewed.get("nonce"), None);
    let userinfo = house.userinfo(more["access_token"].as_str().unwrap()).await.json();
    assert_eq!((&userinfo["sub"], &userinfo["name"]), (&json!("alice"), &json!("Alice Example")));
}

/// The tokens are read by somebody else's code, with both kinds of key.
#[tokio::test]
async fn an_independent_reader_accepts_the_tokens() {
    let house = House::at_real_time().await;
    for (alg, algorithm) in [
        ("ES256", CoreJwsSigningAlgorithm::EcdsaP256Sha256),
        ("RS256", CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
    ] {
        house.set(Method::POST, "/keys/rotate", json!({ "alg": alg })).await;
        let metadata = house.get("/t1/.well-known/openid-configuration").await.body;
        let metadata: CoreProviderMetadata = serde_json::from_str(&metadata).unwrap();
        let issuer = IssuerUrl::new(house.issuer()).unwrap();
        assert_eq!(metadata.issuer(), &issuer);
        let keys: CoreJsonWebKeySet = serde_json::from_str(&house.get("/t1/jwks").await.body).unwrap();

        let tokens = house.tokens("alice").await;
        let id_token = CoreIdToken::from_str(tokens["id_token"].as_str().unwrap()).unwrap();
        let verifier = CoreIdTokenVerifier::new_confidential_client(
            ClientId::new("app".into()),
            ClientSecret::new("any".into()),
            issuer,
            keys,
        )
        .set_allowed_algs([algorithm]);
        let verified = id_token.claims(&verifier, &Nonce::new("no".into())).unwrap();
        assert_eq!(verified.subject().as_str(), "alice");
        let access_token = AccessToken::new(tokens["access_token"].as_str().unwrap().into());
        let hash = AccessTokenHash::from_token(
            &access_token,
            id_token.signing_alg().unwrap(),
            id_token.signing_key(&verifier).unwrap(),
        );
        assert_eq!(verified.access_token_hash(), Some(&hash.unwrap()));
    }
}

#[tokio::test]
async fn discovery_says_what_there_is() {
    let house = House::open().await;
    let metadata = house.get("/t1/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], house.issuer());
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    // Row OPS-13: a gateway can tell a test IdP from a real one.
    assert_eq!(metadata["hourgate_test_idp"], true);
    for endpoint in ["authorization", "token", "userinfo", "end_session", "revocation"] {
        let url = metadata[format!("{endpoint}_endpoint")].as_str().unwrap();
        assert!(url.starts_with(&house.issuer()), "{url}");
    }
}

#[tokio::test]
async fn with_a_public_url_programs_are_sent_where_they_came_from() {
    let house = House::with(false, Some("https://idp.example".parse().unwrap()));
    let metadata = house.get("/t1/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], "https://idp.example/t1");
    assert_eq!(metadata["authorization_endpoint"], "https://idp.example/t1/authorize");
    assert_eq!(metadata["end_session_endpoint"], "https://idp.example/t1/end_session");
    for (name, path) in
        [("token_endpoint", "/t1/token"), ("jwks_uri", "/t1/jwks"), ("userinfo_endpoint", "/t1/userinfo")]
    {
        assert_eq!(metadata[name], house.url(path));
    }
    let mut browser = Browser::new(&house);
    let answer = browser.press(("user", "alice"), &[]).await;
    assert!(answer.header("set-cookie").contains("Secure"));
    assert_eq!(answer.returned("iss").as_deref(), Some("https://idp.example/t1"));
}

#[tokio::test]
async fn tenants_know_nothing_of_each_other() {
    let house = House::open().await;
    let code = house.code("alice").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(house.form("/t2/token", &form).await.error(), "invalid_grant");
    assert_eq!(house.form("/t1/token", &form).await.status, 200);
    assert_ne!(house.get("/t1/jwks").await.body, house.get("/t2/jwks").await.body);
    assert_eq!(house.get("/T1/jwks").await.status, 404);
}

/// Row OPS-01: byte for byte, and nothing is allowed that was not registered.
#[tokio::test]
async fn ops_01_a_redirect_uri_is_matched_exactly() {
    let house = House::strict().await;
    let good = "https://app.example/callback";
    house
        .set(
            Method::PUT,
            "/clients/app",
            json!({ "secret": "s3cret", "redirect_uris": [good, "http://127.0.0.1/cb"] }),
        )
        .await;
    house.set(Method::PUT, "/clients/bare", json!({ "secret": "s3cret", "redirect_uris": [] })).await;
    let ask = |client: &str, uri: &str| {
        format!("/t1/authorize?{}", query(&[("client_id", client), ("redirect_uri", uri)]))
    };
    assert_eq!(house.get(&ask("app", good)).await.status, 200);
    for uri in [
        "https://app.example/callback/",
        "https://app.example/callbackx",
        "https://app.example/callback?x=1",
        "https://app.example/callback#f",
        "https://app.example/callback/..;/x",
        "https://app.example/x/../callback",
        "https://app.example/Callback",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "https://appxexample/callback",
        "https://app.example.evil.example/callback",
        "https://app.example@evil.example/callback",
        "http://app.example/callback",
        "http://127.0.0.1:8080/cb",
        "http://localhost/cb",
        "https://evil.example/",
    ] {
        let reply = house.get(&ask("app", uri)).await;
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{uri}");
    }
    for client in ["bare", "unknown"] {
        assert_eq!(house.get(&ask(client, good)).await.status, 400, "{client}");
    }
}

/// Row OPS-02: an error goes nowhere but to an allowed address.
#[tokio::test]
async fn ops_02_no_error_is_sent_to_a_stranger() {
    let house = House::open().await;
    for change in [("prompt", "none"), ("response_type", "token"), ("scope", "email"), ("max_age", "x")] {
        for uri in ["http://evil.example/cb", "javascript:alert(1)", "//evil.example"] {
            let reply =
                house.get(&format!("/t1/authorize?{}", query(&[("redirect_uri", uri), change]))).await;
            assert_eq!((reply.status, reply.header("location")), (400, ""), "{uri} {change:?}");
        }
        let allowed = house.get(&format!("/t1/authorize?{}", query(&[change]))).await;
        assert!(allowed.returned("error").is_some(), "{change:?}");
        assert_eq!(allowed.returned("iss"), Some(house.issuer()));
        assert_eq!(allowed.returned("state").as_deref(), Some("st"));
    }
}

/// Row OPS-03: one use, by the client it was for, from the address it was sent to, within a minute.
#[tokio::test]
async fn ops_03_a_code_is_for_one_client_one_address_and_one_minute() {
    let house = House::open().await;
    let code = house.code("alice").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let other_client = house.try_form("/t1/token", Some("other:any"), &form).await.unwrap();
    assert_eq!((other_client.status, other_client.error().as_str()), (400, "invalid_grant"));
    let mut other_address = form;
    other_address[2].1 = "http://app.localhost:8080/other";
    assert_eq!(house.form("/t1/token", &other_address).await.error(), "invalid_grant");

    house.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(house.redeem(&code).await.error(), "invalid_grant");
}

/// Row OPS-03: the second use takes back what the first one got.
#[tokio::test]
async fn ops_03_a_second_use_revokes_what_the_first_one_got() {
    let house = House::open().await;
    let code = house.code("alice").await;
    let tokens = house.redeem(&code).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(house.userinfo(access_token).await.status, 200);
    assert_eq!(house.redeem(&code).await.error(), "invalid_grant");
    assert_eq!(house.userinfo(access_token).await.status, 401);
    assert_eq!(house.refresh(tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
}

/// Row OPS-03: however many come at once, one of them at most gets tokens.
#[tokio::test]
async fn ops_03_of_twenty_at_once_one_gets_tokens() {
    let house = House::open().await;
    let code = house.code("alice").await;
    let replies = futures_util::future::join_all((0..20).map(|_| house.redeem(&code))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
}

/// Row OPS-04: S256, always, and the verifier must fit.
#[tokio::test]
async fn ops_04_pkce_cannot_be_left_out_or_weakened() {
    let house = House::open().await;
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", ""), ("code_challenge_method", "S256")],
        [("code_challenge_method", ""), ("x", "")],
        [("code_challenge_method", "plain"), ("code_challenge", VERIFIER)],
        [("code_challenge", "short"), ("x", "")],
    ] {
        let reply = house.get(&format!("/t1/authorize?{}", query(&changes))).await;
        assert_eq!(reply.returned("error").as_deref(), Some("invalid_request"), "{changes:?}");
    }
    let code = house.code("alice").await;
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    assert_eq!(house.form("/t1/token", &form).await.error(), "invalid_grant", "no verifier");
    let other = VERIFIER.replace('d', "e");
    let wrong = [&form[..], &[("code_verifier", other.as_str())]].concat();
    assert_eq!(house.form("/t1/token", &wrong).await.error(), "invalid_grant", "wrong verifier");
    assert_eq!(house.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_client_must_say_who_it_is() {
    let house = House::strict().await;
    let body = json!({ "secret": "s3:cr%t", "redirect_uris": [CALLBACK] });
    house.set(Method::PUT, "/clients/app", body).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    for wrong in [None, Some("app:any"), Some("unknown:s3:cr%t"), Some("app:")] {
        let reply = house.try_form("/t1/token", wrong, &form).await.unwrap();
        assert_eq!((reply.status, reply.error().as_str()), (401, "invalid_client"), "{wrong:?}");
        assert!(reply.header("www-authenticate").starts_with("Basic"));
    }
    for right in [Some("app:s3%3Acr%25t"), None] {
        let body = [&form[..], &[("client_id", "app"), ("client_secret", "s3:cr%t")]].concat();
        let form = if right.is_some() { &form[..] } else { &body };
        assert_eq!(house.try_form("/t1/token", right, form).await.unwrap().error(), "invalid_grant");
    }
}

#[tokio::test]
async fn a_parameter_sent_twice_is_refused() {
    let house = House::open().await;
    let reply = house.get(&format!("/t1/authorize?{}&nonce=other", query(&[]))).await;
    assert_eq!(reply.returned("error").as_deref(), Some("invalid_request"));
    let twice = [("grant_type", "refresh_token"), ("refresh_token", "a"), ("refresh_token", "b")];
    assert_eq!(house.form("/t1/token", &twice).await.error(), "invalid_request");
}

#[tokio::test]
async fn a_strict_tenant_wants_a_nonce() {
    let house = House::strict().await;
    house.set(Method::PUT, "/clients/app", json!({ "secret": "any", "redirect_uris": [CALLBACK] })).await;
    let reply = house.get(&format!("/t1/authorize?{}", query(&[("nonce", "")]))).await;
    assert_eq!(reply.returned("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn a_refresh_token_needs_offline_access() {
    let house = House::open().await;
    let query = query(&[("scope", "openid"), ("login_hint", "alice"), ("hourgate_auto", "1")]);
    let code = house.get(&format!("/t1/authorize?{query}")).await.returned("code").unwrap();
    assert_eq!(house.redeem(&code).await.json()["refresh_token"], Value::Null);
}
