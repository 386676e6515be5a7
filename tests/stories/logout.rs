//! The IdP says that somebody has gone, people sign out, and nothing of it is lost, forged or done twice.

use std::time::Duration;

use hourgate::gateway::{Background, Gateway, Running};
use hourgate::journeys::{idp_documents, revoke};
use hourgate::session::end::EndReason;
use hourgate::store::TimeSource;
use hourgate::store::redis::{Patience, RedisStore};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, Visit};
use crate::house::{APP, HOUR, House, MINUTE, OTHER, SECOND, environment, provider};

const SAME_ORIGIN: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];
const SIGNED_OUT: &str = "/_hourgate/signed-out";

/// A third environment, at the same IdP.
const THIRD: &str = "https://third.example.test";

/// An answer to the IdP.
#[derive(Debug)]
struct Answer {
    status: u16,
    cache_control: String,
    body: Value,
}

/// Posts from server to server, by the gateway's own address.
async fn post(house: &House, path: &str, content_type: &str, body: String) -> Answer {
    #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("http://{}{path}", house.address())).header("content-type", content_type);
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    let cache_control = answer.headers().get("cache-control").map(|value| value.to_str().unwrap().to_owned());
    let body = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null);
    Answer { status, cache_control: cache_control.unwrap_or_default(), body }
}

async fn send(house: &House, token: &str) -> Answer {
    let form = format!("logout_token={token}");
    post(house, "/_hourgate/backchannel-logout/idp", "application/x-www-form-urlencoded", form).await
}

/// A logout token of the IdP, not sent yet.
async fn token(house: &House, sub: Option<&str>, sid: Option<&str>, variant: &str) -> String {
    let body = json!({ "client_id": "hourgate", "sub": sub, "sid": sid, "variant": variant, "send": false });
    let made = house.control("POST", "/logout-token", body).await;
    made["logout_token"].as_str().unwrap().to_owned()
}

/// The name of the one session at the IdP.
async fn sid_at_idp(house: &House) -> String {
    let sessions = house.control("GET", "/sessions", Value::Null).await;
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
    sessions[0]["sid"].as_str().unwrap().to_owned()
}

/// The gateway as the IdP knows it.
async fn registered(house: &House, logout_uris: Value) {
    let at_both = |path: &str| [APP, OTHER].map(|origin| format!("{origin}{path}"));
    let mut client = json!({
        "secret": "secret",
        "redirect_uris": at_both("/_hourgate/callback/idp"),
        "post_logout_redirect_uris": at_both(SIGNED_OUT),
    });
    client.as_object_mut().unwrap().extend(logout_uris.as_object().unwrap().clone());
    house.control("PUT", "/clients/hourgate", client).await;
}

fn backchannel_uri(house: &House) -> String {
    format!("http://{}/_hourgate/backchannel-logout/idp", house.address())
}

fn front_channel(query: &[(&str, &str)]) -> String {
    let mut url: url::Url = format!("{APP}/_hourgate/frontchannel-logout/idp").parse().unwrap();
    url.query_pairs_mut().extend_pairs(query);
    url.into()
}

async fn sign_out(browser: &Browser) -> Visit {
    browser.post(&format!("{APP}/_hourgate/signout"), SAME_ORIGIN).await
}

/// The gateway has the IdP's keys at hand, as it has a moment after each start.
async fn with_keys(house: &House) {
    idp_documents::refresh_and_keep(house.services()).await.unwrap();
}

/// A callback that has not been visited yet: the IdP knows the person already, the gateway does not.
async fn sign_in_under_way(browser: &Browser) -> String {
    let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
    browser.step(start.header("location")).await.header("location").to_owned()
}

async fn end_the_session(house: &House) {
    let (id, _) = house.session().await;
    revoke::revoke_session(house.services(), id, None, house.services().now()).await.unwrap();
}

async fn reason(browser: &Browser) -> String {
    let refused = browser.fetch(&format!("{APP}/api")).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    refused.header("www-authenticate").to_owned()
}

/// How often the IdP was asked something.
async fn asked(house: &House, endpoint: &str) -> usize {
    let journal = house.control("GET", &format!("/requests?endpoint={endpoint}"), Value::Null).await;
    journal.as_array().unwrap().len()
}

/// Until background work outside of time has come so far.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    for _ in 0..1000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

/// Keys in Redis; elsewhere nobody counts.
fn stored(house: &mut House) -> Option<String> {
    house.has_redis().then(|| house.redis().cli(&["dbsize"]))
}

stories! {
    async fn a1_one_sign_out_ends_the_sessions_of_all_environments_and_of_no_other_browser(house: House) {
        house.config.environments.push(environment("third", THIRD, &["idp"]));
        house.restart().await;
        let browser = house.signed_in().await;
        for origin in [OTHER, THIRD] {
            assert_eq!(browser.navigate(&format!("{origin}/")).await.status, 200);
        }
        let elsewhere = house.signed_in().await;
        let copied = browser.stolen();
        assert_eq!(house.live().await.len(), 4);

        assert_eq!(sign_out(&browser).await.url.path(), SIGNED_OUT);
        let (_, left) = house.session().await;
        for origin in [APP, OTHER, THIRD] {
            let refused = copied.fetch(&format!("{origin}/api")).await;
            assert_eq!(refused.status, 401, "{origin}");
            assert!(refused.header("www-authenticate").contains("signed_out"), "{origin}");
        }
        assert_eq!(elsewhere.navigate(&format!("{APP}/")).await.way.len(), 1, "another session at the IdP: {left:?}");
    }

    async fn a4_an_admin_of_the_idp_signs_a_user_out_of_all_browsers(house: House) {
        registered(house, json!({ "backchannel_logout_uri": backchannel_uri(house) })).await;
        let browsers = [house.signed_in().await, house.signed_in().await];
        assert_eq!(browsers[0].navigate(&format!("{OTHER}/")).await.status, 200);
        assert_eq!(house.live().await.len(), 3);

        let told = house.control("POST", "/users/alice/sign-out", Value::Null).await;
        assert_eq!(told.as_array().unwrap().len(), 2, "one for each session at the IdP");
        assert!(told.as_array().unwrap().iter().all(|delivery| delivery["status"] == 200), "{told}");
        assert!(house.live().await.is_empty());
        for browser in &browsers {
            assert!(reason(browser).await.contains("backchannel_logout"));
            let explained = browser.navigate(&format!("{APP}/")).await;
            assert!(explained.status == 401 && explained.body.contains("signed out at your organisation"));
        }
    }

    async fn a4_the_idp_tells_all_environments_by_way_of_the_browser(house: House) {
        let uri = front_channel(&[]);
        registered(house, json!({
            "frontchannel_logout_uri": uri.trim_end_matches('?'), "frontchannel_logout_session_required": true,
        })).await;
        let browser = house.signed_in().await;
        assert_eq!(browser.navigate(&format!("{OTHER}/")).await.status, 200);
        let other = house.live().await.into_iter().find(|(_, session)| session.environment.as_str() == "other").unwrap();
        let copied = browser.stolen();
        let page = sign_out(&browser).await;
        assert_eq!(page.status, 200);
        let frame = page.body.split("<iframe").nth(1).expect("a frame").split("src=\"").nth(1).unwrap();
        let frame = frame.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        assert!(frame.starts_with(uri.trim_end_matches('?')), "{frame}");
        assert_eq!(house.browser().with_headers(&frame, &[]).await.status, 200);
        assert!(house.live().await.is_empty());
        assert_eq!(house.tombstone(other.0).await.reason, EndReason::SignedOut, "the sign-out was first");
        assert_eq!(copied.fetch(&format!("{OTHER}/api")).await.status, 401);
        let next = page.body.split("data-testid=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let back = browser.navigate(&next).await;
        assert!(back.url.path() == SIGNED_OUT && back.body.contains("sign-in service"), "{back:?}");
    }

    async fn log_01_a_sign_out_holds_while_the_idp_is_away(house: House) {
        let browser = house.signed_in().await;
        let copied = browser.stolen();
        house.outage().await;
        let answer = browser.post_once(&format!("{APP}/_hourgate/signout"), SAME_ORIGIN).await;
        assert_eq!(answer.status, 303);
        assert!(browser.cookie("__Host-hourgate").is_none());
        assert!(house.live().await.is_empty());
        assert!(reason(&copied).await.contains("signed_out"));
    }

    async fn log_02_a_link_to_the_front_channel_signs_nobody_out(house: House) {
        let browser = house.signed_in().await;
        for headers in [
            &[("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-dest", "iframe"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-dest", "image"), ("sec-fetch-site", "same-site")],
            &[("sec-fetch-dest", "document"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-dest", "iframe")],
            &[],
        ] {
            let answer = browser.with_headers(&front_channel(&[]), headers).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (200, ""), "{headers:?}");
        }
        house.session().await;
    }

    async fn log_03_the_idp_is_sent_a_state_and_the_way_back_is_checked(house: House) {
        registered(house, json!({})).await;
        let browser = house.signed_in().await;
        let answer = browser.post_once(&format!("{APP}/_hourgate/signout"), SAME_ORIGIN).await;
        let to_idp: url::Url = answer.header("location").parse().unwrap();
        let sent: Vec<_> = to_idp.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(sent, ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]);
        let from_idp = browser.step(to_idp.as_str()).await.header("location").to_owned();
        assert!(from_idp.starts_with(&format!("{APP}{SIGNED_OUT}?state=")), "{from_idp}");

        let done = browser.navigate(&from_idp).await;
        assert!(done.status == 200 && done.body.contains("and at your organisation"), "{}", done.body);
        for wrong in ["", "?state=", "?state=x", "?state=x&state=y", &from_idp[from_idp.find('?').unwrap()..from_idp.len() - 1]] {
            let plain = browser.navigate(&format!("{APP}{SIGNED_OUT}{wrong}")).await;
            assert_eq!((plain.status, plain.way.len()), (200, 1), "{wrong}");
            assert!(plain.body.contains("Your session has ended.") && !plain.body.contains("sign-in service"), "{wrong}");
        }
        let elsewhere = house.browser().navigate(&from_idp).await;
        assert!(elsewhere.status == 200 && !elsewhere.body.contains("sign-in service"), "another browser's state");
        house.clock.advance(2 * HOUR);
        assert!(!browser.navigate(&from_idp).await.body.contains("sign-in service"), "and not for ever");
    }

    async fn log_04_a_logout_token_with_anything_wrong_ends_nothing(house: House) {
        let browser = house.signed_in().await;
        let sid = sid_at_idp(house).await;
        for variant in [
            "alg_none", "wrong_alg", "bad_sig", "unknown_kid", "wrong_typ", "wrong_iss", "wrong_aud", "extra_aud", "no_event",
            "wrong_event", "event_not_object", "with_nonce", "no_iat", "no_exp", "no_jti", "expired", "old_iat", "future_iat", "nobody",
        ] {
            let token = token(house, Some("alice"), Some(&sid), variant).await;
            let answer = send(house, &token).await;
            assert_eq!((answer.status, answer.cache_control.as_str()), (400, "no-store"), "{variant}");
            assert_eq!(answer.body["error"], "invalid_request", "{variant}: {answer:?}");
        }
        house.session().await;
        // None has left a watermark either.
        assert_eq!(house.signed_in().await.navigate(&format!("{APP}/")).await.status, 200);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn log_04_every_good_logout_token_ends_what_it_names(house: House) {
        for variant in ["good", "sub_only", "sid_only", "no_typ", "jwt_typ"] {
            let browser = house.signed_in().await;
            let (id, session) = house.session().await;
            let sid = session.identity.idp_session.clone().unwrap();
            let answer = send(house, &token(house, Some("alice"), Some(&sid), variant).await).await;
            assert_eq!((answer.status, answer.cache_control.as_str()), (200, "no-store"), "{variant}: {answer:?}");
            assert_eq!(house.tombstone(id).await.reason, EndReason::BackchannelLogout, "{variant}");
            assert!(reason(&browser).await.contains("backchannel_logout"), "{variant}");
            house.clock.advance(SECOND);
        }
    }

    async fn log_04_the_request_itself_is_strict_too(house: House) {
        house.signed_in().await;
        let sid = sid_at_idp(house).await;
        let token = token(house, None, Some(&sid), "good").await;
        let path = "/_hourgate/backchannel-logout/idp";
        let form = "application/x-www-form-urlencoded";
        for (path, content_type, body, status) in [
            (path, form, String::new(), 400),
            (path, form, "logout_token=".into(), 400),
            (path, form, format!("logout_token={token}&logout_token={token}"), 400),
            (path, form, format!("token={token}"), 400),
            (path, "application/json", json!({ "logout_token": token }).to_string(), 400),
            (path, "text/plain", format!("logout_token={token}"), 400),
            (path, form, format!("logout_token={token}&pad={}", "x".repeat(20_000)), 400),
            ("/_hourgate/backchannel-logout/nobody", form, format!("logout_token={token}"), 404),
            ("/_hourgate/backchannel-logout/%2e%2e", form, format!("logout_token={token}"), 404),
        ] {
            let answer = post(house, path, content_type, body.clone()).await;
            assert_eq!(answer.status, status, "{path} {content_type} {:.40}", body);
        }
        assert_ne!(house.browser().step(&format!("http://{}{path}?logout_token={token}", house.address())).await.status, 200);
        house.session().await;
        let answer = post(house, path, form, format!("logout_token={token}&other=ignored")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(house.live().await.is_empty());
    }

    async fn log_05_a_token_with_sub_alone_ends_all_of_that_issuers_sessions_and_no_others(house: House) {
        let second = house.idp.issuer("t2");
        house.config.providers.push(provider("second", &second));
        house.config.environments.push(environment("third", THIRD, &["second"]));
        house.restart().await;
        let url = house.idp.base_url().join("/_control/t2/auto-login").unwrap();
        house.put(url, json!({ "user": "alice" })).await;
        let browser = house.signed_in().await;
        assert_eq!(browser.navigate(&format!("{OTHER}/")).await.user(), "alice");
        assert_eq!(browser.navigate(&format!("{THIRD}/")).await.user(), "alice", "a namesake, at another IdP");
        let another = house.signed_in().await;
        house.auto_login("bob").await;
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.user(), "bob");
        assert_eq!(house.live().await.len(), 5);

        assert_eq!(send(house, &token(house, Some("alice"), None, "good").await).await.status, 200);
        let mut left: Vec<_> = house.live().await.into_iter().map(|(_, session)| session.identity.clone()).collect();
        left.sort_by(|a, b| a.subject.cmp(&b.subject));
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!((left[0].subject.as_str(), left[0].issuer.as_str()), ("alice", second.as_str()));
        assert_eq!(left[1].subject, "bob");
        assert!(reason(&another).await.contains("backchannel_logout"));
        assert_eq!(browser.navigate(&format!("{THIRD}/")).await.way.len(), 1);
    }

    async fn log_05_with_both_names_both_must_fit(house: House) {
        house.signed_in().await;
        let sid = sid_at_idp(house).await;
        assert_eq!(send(house, &token(house, Some("bob"), Some(&sid), "good").await).await.status, 200);
        assert_eq!(send(house, &token(house, Some("alice"), Some("another"), "good").await).await.status, 200);
        house.session().await;
        assert_eq!(send(house, &token(house, Some("alice"), Some(&sid), "good").await).await.status, 200);
        assert!(house.live().await.is_empty());
    }

    async fn log_07_a_token_sent_again_does_not_touch_a_session_that_is_newer(house: House) {
        house.signed_in().await;
        let token = token(house, Some("alice"), None, "good").await;
        assert_eq!(send(house, &token).await.status, 200);
        assert_eq!(send(house, &token).await.status, 200, "an IdP that missed the first answer");
        house.clock.advance(SECOND);
        let browser = house.signed_in().await;
        assert_eq!(send(house, &token).await.status, 200);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        house.session().await;
    }

    async fn log_08_a_logout_that_comes_before_the_callback_refuses_that_sign_in(house: House) {
        with_keys(house).await;
        for variant in ["sid_only", "sub_only", "good"] {
            let browser = house.browser();
            let callback = sign_in_under_way(&browser).await;
            let sid = sid_at_idp(house).await;
            house.clock.advance(SECOND);
            assert_eq!(send(house, &token(house, Some("alice"), Some(&sid), variant).await).await.status, 200);
            house.clock.advance(SECOND);
            let refused = browser.step(&callback).await;
            assert_eq!(refused.status, 403, "{variant}: {refused:?}");
            assert!(refused.body.contains("backchannel_logout"), "{variant}");
            assert_eq!(refused.header("set-cookie"), "", "{variant}");
            assert!(house.live().await.is_empty(), "{variant}");

            // The IdP has ended its session, too, and asks anew.
            house.control("POST", "/users/alice/sign-out", Value::Null).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200, "{variant}: credentials entered since");
            house.control("POST", "/users/alice/sign-out", Value::Null).await;
            end_the_session(house).await;
        }
    }

    async fn log_08_a_sign_in_begun_after_a_logout_is_for_the_idp_to_judge(house: House) {
        let browser = house.signed_in().await;
        house.clock.advance(SECOND);
        assert_eq!(send(house, &token(house, Some("alice"), None, "good").await).await.status, 200);
        assert!(house.live().await.is_empty());
        // This IdP still knows the person, from before: it brokers for another, whose session goes on.
        house.clock.advance(2 * MINUTE);
        assert_eq!(browser.navigate(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await.status, 200);
        let (_, session) = house.session().await;
        assert!(session.identity.authenticated_at.unwrap() < session.signed_in_at.minus(2 * MINUTE));
    }

    async fn log_08_a_logout_of_somebody_else_refuses_nobody(house: House) {
        with_keys(house).await;
        let browser = house.browser();
        let callback = sign_in_under_way(&browser).await;
        house.clock.advance(SECOND);
        for (sub, sid) in [(Some("bob"), None), (None, Some("another"))] {
            assert_eq!(send(house, &token(house, sub, sid, "good").await).await.status, 200);
        }
        assert_eq!(browser.navigate(&callback).await.status, 200);
        house.session().await;
    }

    async fn log_09_a_flood_of_forged_tokens_writes_nothing_and_has_the_keys_fetched_once(house: House) {
        let browser = house.signed_in().await;
        let before = (stored(house), asked(house, "jwks").await);
        house.clock.advance(Duration::from_secs(31));
        let unknown_key = token(house, Some("alice"), Some("s"), "unknown_kid").await;
        for n in 0..100 {
            let forged = token(house, Some("alice"), Some("s"), "bad_sig").await;
            for token in [unknown_key.as_str(), &forged, &format!("{n}.x.y"), &format!("{n}")] {
                assert_eq!(send(house, token).await.status, 400);
            }
            house.clock.advance(Duration::from_millis(10));
        }
        assert_eq!(stored(house), before.0);
        assert!(asked(house, "jwks").await <= before.1 + 1);

        // KEY-04: the flood has spent its budget, a sign-in has its own.
        house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!((visit.status, visit.user()), (200, "alice"));
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn log_09_strangers_cannot_have_the_first_keys_fetched(house: House) {
        // Nobody has signed in since the start, and nothing was kept.
        let token = token(house, Some("alice"), None, "good").await;
        let answer = send(house, &token).await;
        assert_eq!((answer.status, &answer.body["reason"]), (503, &json!("idp_unavailable")), "the IdP sends it again");
        assert_eq!(asked(house, "jwks").await, 0);
    }

    async fn log_10_the_front_channel_ends_the_session_that_sid_names_without_iss_and_without_cookies(house: House) {
        let issuer = house.idp.issuer("t1");
        for with_iss in [false, true] {
            let browser = house.signed_in().await;
            assert_eq!(browser.navigate(&format!("{OTHER}/")).await.status, 200);
            let sid = house.live().await[0].1.identity.idp_session.clone().unwrap();
            let another = house.signed_in().await;
            let mut query = vec![("sid", sid.as_str())];
            query.extend(with_iss.then_some(("iss", issuer.as_str())));
            let told = house.browser().with_headers(&front_channel(&query), &[("sec-fetch-dest", "iframe")]).await;
            assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
            assert_eq!(told.header("set-cookie"), "");
            let idp = url::Url::parse(&issuer).unwrap().origin().ascii_serialization();
            assert_eq!(told.header("content-security-policy"), format!("default-src 'none'; frame-ancestors {idp}"));
            assert_eq!(told.header("x-frame-options"), "");
            assert!(reason(&browser).await.contains("frontchannel_logout"));
            assert_eq!(another.navigate(&format!("{APP}/")).await.way.len(), 1);
            end_the_session(house).await;
        }
    }

    async fn log_10_the_front_channel_calls_nobody_and_guesses_nothing(house: House) {
        let browser = house.signed_in().await;
        let sid = sid_at_idp(house).await;
        let issuer = house.idp.issuer("t1");
        let wrong = format!("{issuer}/");
        for (query, status) in [
            (vec![("iss", wrong.as_str()), ("sid", sid.as_str())], 400),
            (vec![("sid", sid.as_str()), ("sid", sid.as_str())], 400),
            (vec![("sid", "")], 400),
            (vec![("sid", "another")], 200),
            (vec![("iss", issuer.as_str())], 200),
            (vec![], 200),
        ] {
            let told = house.browser().with_headers(&front_channel(&query), &[("sec-fetch-dest", "iframe")]).await;
            assert_eq!(told.status, status, "{query:?}");
        }
        let unknown = format!("{APP}/_hourgate/frontchannel-logout/nobody?sid={sid}");
        assert_eq!(browser.fetch(&unknown).await.status, 404);
        house.session().await;

        let told = browser.with_headers(&front_channel(&[("sid", &sid)]), &[]).await;
        assert_eq!(told.status, 200);
        assert!(told.header("set-cookie").starts_with("__Host-hourgate=;"), "it names that very session");
        assert!(house.live().await.is_empty());
        assert_eq!(asked(house, "revoke").await, 0, "nobody has proved anything");
    }

    async fn log_10_an_idp_next_door_that_names_no_session_ends_the_browsers_own(house: House) {
        let browser = house.signed_in().await;
        let another = house.signed_in().await;
        let framed = [("sec-fetch-dest", "iframe"), ("sec-fetch-site", "same-site")];
        let told = browser.with_headers(&front_channel(&[]), &framed).await;
        assert_eq!(told.status, 200);
        assert!(told.header("set-cookie").starts_with("__Host-hourgate=;"));
        house.session().await;
        assert_eq!(another.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn log_12_a_sign_in_a_moment_after_a_revocation_lives_and_all_before_it_are_dead(house: House) {
        let before = [house.signed_in().await, house.signed_in().await];
        house.clock.advance(SECOND);
        let services = house.services();
        let issuer = house.idp.issuer("t1");
        let revoked = revoke::revoke_user(services, &issuer, "alice", None, services.now()).await.unwrap();
        assert_eq!(revoked.sessions.len(), 2);
        house.clock.advance(Duration::from_millis(100));
        let after = house.signed_in().await;
        for browser in &before {
            assert!(reason(browser).await.contains("revoked"));
        }
        assert_eq!(after.navigate(&format!("{APP}/")).await.way.len(), 1);
        house.wait(HOUR).await;
        house.session().await;
    }

    async fn race_11_what_was_under_way_at_a_sign_out_writes_nothing_after_it(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.clock.advance(Duration::from_secs(40));
        let slow = browser.stolen();
        assert_eq!(slow.fetch(&format!("{APP}/stream")).await.status, 200, "its activity is noted, not written yet");
        sign_out(&browser).await;
        house.work().await;
        assert_eq!(house.tombstone(id).await.reason, EndReason::SignedOut);
        assert_eq!(house.services().sessions.store().last_activity(id).await.unwrap(), None);
        let refused = slow.fetch(&format!("{APP}/stream")).await;
        assert_eq!((refused.status, refused.header("set-cookie")), (401, ""));
    }

    async fn log_15_a_sign_out_has_the_refresh_token_revoked_at_the_idp(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        let tokens = house.services().sessions.tokens(id).await.unwrap().unwrap().1;
        sign_out(&browser).await;
        until("the revocation", async || asked(house, "revoke").await == 1).await;
        let provider = house.services().providers["idp"].oidc().unwrap();
        let refused = provider.refresh(&tokens.refresh_token.unwrap(), house.services().now()).await;
        assert!(format!("{:?}", refused.err()).contains("InvalidGrant"));
    }

    async fn log_15_a_sign_out_waits_for_no_revocation_and_the_revocation_for_the_idp(house: House) {
        let browser = house.signed_in().await;
        house.fault("revoke", "hang").await;
        assert_eq!(sign_out(&browser).await.url.path(), SIGNED_OUT, "while the IdP says nothing");
        house.no_faults().await;

        let browser = house.signed_in().await;
        let before = asked(house, "revoke").await;
        let twice = json!({ "endpoint": "revoke", "mode": "status", "status": 503, "times": 2 });
        house.control("POST", "/faults", twice).await;
        sign_out(&browser).await;
        until("two tries in vain and a third", async || asked(house, "revoke").await >= before + 3).await;
    }

    async fn log_15_an_admins_revocation_and_a_logout_at_the_idp_do_so_too(house: House) {
        house.signed_in().await;
        end_the_session(house).await;
        until("one revocation", async || asked(house, "revoke").await == 1).await;
        house.signed_in().await;
        assert_eq!(send(house, &token(house, Some("alice"), None, "good").await).await.status, 200);
        until("another", async || asked(house, "revoke").await == 2).await;
    }

    async fn log_15_an_operator_can_switch_it_off(house: House) {
        house.config.providers[0].revoke_tokens = false;
        house.restart().await;
        sign_out(&house.signed_in().await).await;
        house.config.providers[0].revoke_tokens = true;
        house.restart().await;
        sign_out(&house.signed_in().await).await;
        until("the second one's", async || asked(house, "revoke").await > 0).await;
        assert_eq!(asked(house, "revoke").await, 1);
    }
}

/// A second node on the same Redis.
async fn second_node(house: &mut House, dir: &TempDir) -> Running {
    let patience = Patience { command: Duration::from_secs(5), ..Patience::default() };
    let store = RedisStore::new(&house.redis().url().into(), None, TimeSource::Caller, patience).unwrap();
    let mut config = house.config.clone();
    config.management.socket = dir.path().join("second.sock");
    let gateway = Gateway::new(config, std::sync::Arc::new(store), house.clock.clone()).unwrap();
    gateway.start(1, Background::ByHand).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_01_the_old_cookie_is_refused_on_every_node() {
    let (mut house, dir) = (House::on_redis().await, TempDir::new().unwrap());
    let second = second_node(&mut house, &dir).await;
    let browser = house.signed_in().await;
    let copied = browser.stolen().at(second.public());
    assert_eq!(
        copied.fetch(&format!("{APP}/api")).await.status,
        200,
        "the second node knows the session, and has it at hand"
    );
    sign_out(&browser).await;
    for node in [house.address(), second.public()] {
        assert!(reason(&copied.at(node)).await.contains("signed_out"));
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_01_a_sign_out_that_redis_missed_is_made_up_for() {
    let mut house = House::on_redis().await;
    let browser = house.signed_in().await;
    assert_eq!(browser.navigate(&format!("{OTHER}/")).await.status, 200);
    let copied = browser.stolen();
    house.redis().kill();
    let answer = sign_out(&browser).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("sign_out_unfinished"), "{}", answer.body);
    assert!(browser.cookie("__Host-hourgate").is_none());
    house.redis().restart();
    until("both sessions have ended", async || {
        let listed = revoke::list(house.services(), 10, |_| true).await;
        listed.is_ok_and(|(live, _)| live.is_empty())
    })
    .await;
    assert!(reason(&copied).await.contains("signed_out"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_06_a_logout_token_is_answered_with_200_only_when_its_effect_is_kept() {
    let mut house = House::on_redis().await;
    let browser = house.signed_in().await;
    let sid = sid_at_idp(&house).await;
    let token = token(&house, None, Some(&sid), "good").await;
    house.redis().kill();
    let away = send(&house, &token).await;
    assert_eq!((away.status, away.cache_control.as_str()), (503, "no-store"), "{away:?}");
    house.redis().restart();
    until("the IdP's next try succeeds", async || send(&house, &token).await.status == 200).await;
    house.redis().kill();
    house.redis().restart();
    until("Redis is back", async || browser.fetch(&format!("{APP}/api")).await.status != 503).await;
    assert!(reason(&browser).await.contains("backchannel_logout"), "it outlived Redis");
}
