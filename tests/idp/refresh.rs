//! Refreshing: rotation, reuse, revocation, and users who are not wanted any more.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, claims, nothing};

fn refused(reply: &crate::house::Reply) -> bool {
    (reply.status, reply.error().as_str()) == (400, "invalid_grant")
}

async fn rotate(house: &House, grace: &str) {
    let policy = json!({ "rotation": "rotate", "grace": grace, "reuse_detection": true });
    house.set(Method::PUT, "/tokens-policy", policy).await;
}

#[tokio::test]
async fn a_disabled_user_is_refused_until_enabled_again() {
    let house = House::open().await;
    let tokens = house.tokens("alice").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    house.set(Method::POST, "/users/alice/disable", nothing()).await;
    assert!(refused(&house.refresh(token).await));
    assert_eq!(house.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
    house.set(Method::POST, "/users/alice/enable", nothing()).await;
    assert_eq!(house.refresh(token).await.status, 200);
}

#[tokio::test]
async fn a_deleted_or_revoked_user_is_refused_and_others_are_not() {
    let house = House::open().await;
    let (alice, bob) = (house.refresh_token("alice").await, house.refresh_token("bob").await);
    let reply = house.control(Method::POST, "/users/alice/revoke", nothing()).await;
    assert_eq!(reply.json(), json!({ "revoked": 1 }));
    assert!(refused(&house.refresh(&alice).await));
    assert_eq!(house.refresh(&bob).await.status, 200);
    house.set(Method::DELETE, "/users/bob", nothing()).await;
    assert!(refused(&house.refresh(&bob).await));
}

/// RFC 7009: a client takes back its own token, and learns nothing of others.
#[tokio::test]
async fn a_client_revokes_its_own_tokens() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    let form = [("token", token.as_str())];
    assert_eq!(house.try_form("/t1/revoke", Some("other:any"), &form).await.unwrap().status, 200);
    assert_eq!(house.refresh(&token).await.status, 200);
    assert_eq!(house.form("/t1/revoke", &form).await.status, 200);
    assert!(refused(&house.refresh(&token).await));
    assert_eq!(house.form("/t1/revoke", &[("token", "nonsense")]).await.status, 200);
    assert_eq!(house.form("/t1/revoke", &[]).await.error(), "invalid_request");
}

/// Row OPS-05: a hundred at once, within the grace, all get the one successor.
#[tokio::test]
async fn ops_05_a_hundred_parallel_uses_get_one_successor() {
    let house = House::open().await;
    rotate(&house, "10s").await;
    let token = house.refresh_token("alice").await;
    let replies = futures_util::future::join_all((0..100).map(|_| house.refresh(&token))).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    let successors: BTreeSet<String> =
        replies.iter().map(|reply| reply.json()["refresh_token"].as_str().unwrap().to_owned()).collect();
    assert_eq!(successors.len(), 1);
    let successor = successors.first().unwrap();
    assert_ne!(successor, &token);
    assert_eq!(house.refresh(successor).await.status, 200);
}

/// Row OPS-05: without a grace one wins, and the rest give the theft away.
#[tokio::test]
async fn ops_05_of_a_hundred_parallel_uses_one_wins_and_the_family_is_revoked() {
    let house = House::open().await;
    rotate(&house, "0s").await;
    let token = house.refresh_token("alice").await;
    let replies = futures_util::future::join_all((0..100).map(|_| house.refresh(&token))).await;
    let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert!(replies.iter().filter(|reply| reply.status != 200).all(refused));
    assert!(refused(&house.refresh(won[0].json()["refresh_token"].as_str().unwrap()).await));
}

#[tokio::test]
async fn the_grace_ends_by_the_tenants_clock() {
    let house = House::open().await;
    rotate(&house, "10s").await;
    let token = house.refresh_token("alice").await;
    let successor = house.refresh(&token).await.json();
    house.set(Method::POST, "/clock", json!({ "advance": "11s" })).await;
    assert!(refused(&house.refresh(&token).await));
    assert!(refused(&house.refresh(successor["refresh_token"].as_str().unwrap()).await));
}

/// Row OPS-06: a refresh that fails before it is done has spent nothing.
#[tokio::test]
async fn ops_06_a_failed_refresh_spends_nothing() {
    let house = House::open().await;
    rotate(&house, "0s").await;
    let token = house.refresh_token("alice").await;
    for mode in ["status", "reset", "garbage", "error"] {
        house.fault(json!({ "endpoint": "token", "mode": mode, "times": 1 })).await;
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let failed = house.try_form("/t1/token", Some("app:any"), &form).await;
        assert!(failed.is_err() || failed.is_ok_and(|reply| !reply.body.contains("access_token")), "{mode}");
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let other = house.try_form("/t1/token", Some("other:any"), &form).await.unwrap();
    assert!(refused(&other));
    house.set(Method::POST, "/users/alice/disable", nothing()).await;
    assert!(refused(&house.refresh(&token).await));
    house.set(Method::POST, "/users/alice/enable", nothing()).await;
    assert_eq!(house.refresh(&token).await.status, 200);
}

/// The case that rotation profiles exist for: the token was spent, and nobody got the new one.
#[tokio::test]
async fn a_lost_response_has_spent_the_token() {
    let house = House::open().await;
    rotate(&house, "0s").await;
    let token = house.refresh_token("alice").await;
    house.fault(json!({ "endpoint": "token", "mode": "lost_response", "times": 1 })).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    assert!(house.try_form("/t1/token", Some("app:any"), &form).await.is_err());
    assert!(refused(&house.refresh(&token).await));
}

#[tokio::test]
async fn the_policy_decides_what_a_refresh_brings() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    assert_eq!(house.refresh(&token).await.json()["refresh_token"], Value::Null);
    house.set(Method::PUT, "/tokens-policy", json!({ "nonce_on_refresh": true })).await;
    assert_eq!(claims(&house.refresh(&token).await.json())["nonce"], "no");
    house.set(Method::PUT, "/tokens-policy", json!({ "id_token_on_refresh": false })).await;
    assert_eq!(house.refresh(&token).await.json()["id_token"], Value::Null);
    house.set(Method::PUT, "/tokens-policy", json!({ "issue_refresh_token": false })).await;
    assert_eq!(house.tokens("bob").await["refresh_token"], Value::Null);
}

#[tokio::test]
async fn lifetimes_are_kept_and_announced() {
    let house = House::open().await;
    assert_eq!(house.tokens("alice").await["refresh_expires_in"], Value::Null);
    let lifetimes = json!({ "id_token": "5m", "access_token": "2m", "refresh_token": "30m", "code": "10s" });
    house.set(Method::PUT, "/lifetimes", lifetimes).await;
    let tokens = house.tokens("alice").await;
    assert_eq!((&tokens["refresh_expires_in"], &tokens["expires_in"]), (&json!(1800), &json!(120)));
    let said = claims(&tokens);
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 300);

    let access_token = tokens["access_token"].as_str().unwrap();
    house.set(Method::POST, "/clock", json!({ "advance": "2m" })).await;
    assert_eq!(house.userinfo(access_token).await.status, 401);
    house.set(Method::POST, "/clock", json!({ "advance": "28m" })).await;
    assert!(refused(&house.refresh(tokens["refresh_token"].as_str().unwrap()).await));

    let code = house.code("alice").await;
    house.set(Method::POST, "/clock", json!({ "advance": "10s" })).await;
    assert!(refused(&house.redeem(&code).await));
}

#[tokio::test]
async fn the_policy_check_interval_is_a_claim() {
    let house = House::open().await;
    house.set(Method::PUT, "/pci", json!({ "claim": "xms_pci", "seconds": 1800 })).await;
    let tokens = house.tokens("alice").await;
    assert_eq!(claims(&tokens)["xms_pci"], 1800);
    house.set(Method::PUT, "/pci", json!(null)).await;
    let renewed = house.refresh(tokens["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(claims(&renewed).get("xms_pci"), None);
}

#[tokio::test]
async fn changed_claims_arrive_with_the_next_refresh() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    house.set(Method::PUT, "/users/alice", json!({ "claims": { "groups": ["guests"] } })).await;
    assert_eq!(claims(&house.refresh(&token).await.json())["groups"], json!(["guests"]));
}
