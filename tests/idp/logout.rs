//! The test IdP tells clients that a session is over.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::house::{Browser, CALLBACK, House, decoded, nothing};

/// A client that takes logout tokens, and keeps what it was sent.
struct Client {
    uri: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Client {
    async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/logout", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = bodies.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = String::new();
                let mut bytes = [0; 4096];
                // The body is in when it is as long as the head says.
                let body = loop {
                    let read = connection.read(&mut bytes).await.unwrap();
                    request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
                    if let Some((head, body)) = request.split_once("\r\n\r\n")
                        && head.to_ascii_lowercase().contains(&format!("content-length: {}", body.len()))
                    {
                        break body.to_owned();
                    }
                    assert_ne!(read, 0, "the request is whole");
                };
                kept.lock().unwrap().push(body);
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { uri, bodies }
    }

    /// The tokens that were sent, each by a form of its own.
    fn tokens(&self) -> Vec<Value> {
        let token = |body: &String| {
            let pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            assert_eq!(pairs.len(), 1);
            assert_eq!(pairs[0].0, "logout_token");
            json!(pairs[0].1)
        };
        self.bodies.lock().unwrap().iter().map(token).collect()
    }
}

async fn register(house: &House, logout: Value) {
    let mut client = json!({
        "secret": "any", "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": ["http://app.localhost:8080/bye"],
    });
    client.as_object_mut().unwrap().extend(logout.as_object().unwrap().clone());
    house.set(Method::PUT, "/clients/app", client).await;
}

fn end_session(tokens: &Value) -> String {
    let hint = tokens["id_token"].as_str().unwrap();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", "http://app.localhost:8080/bye"),
            ("state", "s"),
        ])
        .finish();
    format!("/t1/end_session?{query}")
}

#[tokio::test]
async fn the_metadata_announces_both_channels() {
    let house = House::open().await;
    let metadata = house.get("/t1/.well-known/openid-configuration").await.json();
    for channel in ["backchannel", "frontchannel"] {
        assert_eq!(metadata[format!("{channel}_logout_supported")], true);
        assert_eq!(metadata[format!("{channel}_logout_session_supported")], true);
    }
}

#[tokio::test]
async fn a_sign_out_sends_every_client_of_the_session_a_token_before_the_browser_goes_on() {
    let house = House::open().await;
    let client = Client::start("200 OK").await;
    register(&house, json!({ "backchannel_logout_uri": client.uri })).await;
    let mut browser = Browser::new(&house);
    let tokens = browser.sign_in("alice").await;
    let bystander = Browser::new(&house).sign_in("alice").await;
    let reply = browser.go(Method::GET, &end_session(&tokens), &[]).await;
    assert_eq!((reply.status, reply.header("location")), (303, "http://app.localhost:8080/bye?state=s"));

    let sent = client.tokens();
    assert_eq!(sent.len(), 1);
    let (header, claims) = decoded(&sent[0]);
    let sid = &decoded(&tokens["id_token"]).1["sid"];
    assert_eq!(header["typ"], "logout+jwt");
    assert_eq!((&claims["sub"], &claims["sid"], &claims["aud"]), (&json!("alice"), sid, &json!("app")));
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
    assert!(claims["jti"].is_string() && claims.get("nonce").is_none());
    assert_ne!(&decoded(&bystander["id_token"]).1["sid"], sid);

    let told = house.control(Method::GET, "/deliveries", nothing()).await.json();
    assert_eq!((&told[0]["client_id"], &told[0]["status"]), (&json!("app"), &json!(200)));
}

#[tokio::test]
async fn a_client_that_does_not_answer_holds_nobody_up() {
    let house = House::open().await;
    register(&house, json!({ "backchannel_logout_uri": "http://127.0.0.1:1/nobody" })).await;
    let mut browser = Browser::new(&house);
    let tokens = browser.sign_in("alice").await;
    assert_eq!(browser.go(Method::GET, &end_session(&tokens), &[]).await.status, 303);
    let told = house.control(Method::GET, "/deliveries", nothing()).await.json();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["status"]), (1, &json!(null)));
}

#[tokio::test]
async fn an_admin_ends_all_sessions_of_a_user_and_tells_their_clients() {
    let house = House::open().await;
    let client = Client::start("503 Service Unavailable").await;
    register(&house, json!({ "backchannel_logout_uri": client.uri })).await;
    let (mut first, mut second, mut bob) = (Browser::new(&house), Browser::new(&house), Browser::new(&house));
    first.sign_in("alice").await;
    second.sign_in("alice").await;
    bob.sign_in("bob").await;
    assert_eq!(house.control(Method::GET, "/sessions", nothing()).await.json().as_array().unwrap().len(), 3);
    let told = house.control(Method::POST, "/users/alice/sign-out", nothing()).await.json();
    assert_eq!(told.as_array().unwrap().iter().filter(|delivery| delivery["status"] == 503).count(), 2);
    let left = house.control(Method::GET, "/sessions", nothing()).await.json();
    assert_eq!((&left[0]["sub"], &left[0]["clients"]), (&json!("bob"), &json!(["app"])));
    assert_eq!(client.tokens().len(), 2);
    assert!(first.authorize(&[("prompt", "none")]).await.returned("code").is_none());
    assert_eq!(house.control(Method::POST, "/users/nobody/sign-out", nothing()).await.status, 404);
}

#[tokio::test]
async fn front_channel_clients_are_told_by_a_page_that_goes_on_by_itself() {
    let house = House::open().await;
    for required in [false, true] {
        let logout = json!({
            "frontchannel_logout_uri": "https://app.example/bye?x=1",
            "frontchannel_logout_session_required": required,
        });
        register(&house, logout).await;
        let mut browser = Browser::new(&house);
        let tokens = browser.sign_in("alice").await;
        let page = browser.go(Method::GET, &end_session(&tokens), &[]).await;
        assert_eq!((page.status, browser.cookie.as_ref()), (200, None));
        assert!(page.header("content-security-policy").ends_with("; frame-src https://app.example"));
        let frame = page.body.split("<iframe").nth(1).unwrap().split('>').next().unwrap();
        assert!(frame.contains("src=\"https://app.example/bye?x=1"), "{frame}");
        let sid = decoded(&tokens["id_token"]).1["sid"].as_str().unwrap().to_owned();
        assert_eq!(frame.contains(&sid) && frame.contains("iss="), required, "{frame}");
        assert!(
            page.body.contains("content=\"2;url=http://app.localhost:8080/bye?state=s\""),
            "{}",
            page.body
        );
    }
}

#[tokio::test]
async fn a_token_of_any_kind_is_made_and_sent_on_demand() {
    let house = House::open().await;
    let client = Client::start("400 Bad Request").await;
    let order = |variant: &str| json!({ "client_id": "app", "sub": "alice", "sid": "s", "variant": variant, "uri": client.uri });
    let made = house.control(Method::POST, "/logout-token", order("with_nonce")).await.json();
    assert_eq!(made["status"], 400);
    assert_eq!(client.tokens(), [made["logout_token"].clone()]);
    let (_, claims) = decoded(&made["logout_token"]);
    assert_eq!(claims["nonce"], "nonce");

    for (variant, said) in [
        ("alg_none", "alg"),
        ("wrong_alg", "alg"),
        ("wrong_typ", "typ"),
        ("jwt_typ", "typ"),
        ("no_typ", "typ"),
        ("unknown_kid", "kid"),
    ] {
        let good = decoded(
            &house.control(Method::POST, "/logout-token", order("good")).await.json()["logout_token"],
        )
        .0;
        let other = decoded(
            &house.control(Method::POST, "/logout-token", order(variant)).await.json()["logout_token"],
        )
        .0;
        assert_ne!(good.get(said), other.get(said), "{variant}");
    }
    for (variant, gone) in [
        ("no_iat", "iat"),
        ("no_exp", "exp"),
        ("no_jti", "jti"),
        ("no_event", "events"),
        ("sub_only", "sid"),
        ("sid_only", "sub"),
        ("nobody", "sub"),
    ] {
        let claims = decoded(
            &house.control(Method::POST, "/logout-token", order(variant)).await.json()["logout_token"],
        )
        .1;
        assert_eq!(claims.get(gone), None, "{variant}");
    }

    let sent = client.tokens().len();
    let mut quiet = order("good");
    quiet["send"] = json!(false);
    let made = house.control(Method::POST, "/logout-token", quiet).await.json();
    assert!(made["logout_token"].is_string() && made["status"].is_null());
    assert_eq!(client.tokens().len(), sent);
    for (wrong, field) in [
        (json!({ "client_id": "app", "variant": "odd" }), "variant"),
        (json!({ "client_id": "app" }), "uri"),
        (json!({ "client_id": "app", "uri": "ftp://x" }), "uri"),
    ] {
        let refused = house.control(Method::POST, "/logout-token", wrong).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)));
    }
}

#[tokio::test]
async fn what_a_client_registers_is_shown_and_checked() {
    let house = House::open().await;
    let logout = json!({
        "backchannel_logout_uri": "https://app.example/b", "frontchannel_logout_uri": "https://app.example/f",
        "frontchannel_logout_session_required": true,
    });
    register(&house, logout.clone()).await;
    let shown = house.control(Method::GET, "/clients/app", nothing()).await.json();
    for (name, value) in logout.as_object().unwrap() {
        assert_eq!(&shown[name], value);
    }
    let wrong =
        json!({ "secret": "s", "redirect_uris": [CALLBACK], "backchannel_logout_uri": "javascript:x" });
    assert_eq!(house.control(Method::PUT, "/clients/app", wrong).await.status, 400);
}
