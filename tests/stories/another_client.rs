//! The operator has put another client, or another IdP, in the place of one. What it was not given it is not shown, and what it
//! says of that means nothing.

use hourgate::session::tokens::Tokens;
use serde_json::json;

use crate::house::{APP, HOUR, House, MINUTE};

async fn renewed_by_the_browser_and_by_nobody_else(house: &House, shown_before: usize) {
    house.wait(50 * MINUTE).await;
    let (_, session) = house.session().await;
    assert_eq!(session.failed_check.unwrap().why.code(), "token_spent", "kept");
    assert_eq!(house.token_calls().await, shown_before, "the token was shown to nobody");
}

stories! {
    async fn h2_another_client_id_ends_no_session(house: House) {
        let browser = house.signed_in().await;
        let (_, before) = house.session().await;
        house.config.providers[0].client_id = "successor".into();
        house.restart().await;
        let browser = browser.at(house.address());
        renewed_by_the_browser_and_by_nobody_else(house, 1).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "the proof still counts");

        house.wait(HOUR).await;
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"), "no credentials were asked for");
        let (id, after) = house.session().await;
        assert_eq!(after.signed_in_at, before.signed_in_at);
        house.wait(HOUR).await;
        assert_eq!(house.session().await.1.failed_check, None, "and it is checked as ever");
        house.disable("alice").await;
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "idp_refused");
    }

    async fn h2_another_issuer_under_the_same_name_ends_no_session_and_is_shown_no_token(house: House) {
        let browser = house.signed_in().await;
        house.config.providers[0].issuer = house.idp.issuer("t2");
        house.restart().await;
        let browser = browser.at(house.address());
        renewed_by_the_browser_and_by_nobody_else(house, 1).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);

        let out = browser.post_once(&format!("{APP}/_hourgate/signout"), &[("sec-fetch-site", "same-origin")]).await;
        let at_idp = out.header("location");
        assert!(out.status == 303 && !at_idp.contains("id_token_hint"), "{out:?}");
        let url = house.idp.base_url().join("/_control/t2/requests?endpoint=revoke").unwrap();
        assert_eq!(house.get(url).await, json!([]), "nor is it revoked there");
    }

    async fn records_from_before_the_client_id_was_kept_are_read_and_checked(house: House) {
        house.signed_in().await;
        let (id, before) = house.session().await;
        let sessions = house.services().sessions.clone();
        let (version, tokens) = sessions.tokens(id).await.unwrap().unwrap();
        assert_eq!(tokens.client_id.as_deref(), Some("hourgate"));
        let mut record = serde_json::to_value(&tokens).unwrap();
        record.as_object_mut().unwrap().remove("client_id").unwrap();
        let old: Tokens = serde_json::from_value(record).unwrap();
        sessions.replace_tokens(id, version, &old, house.services().now()).await.unwrap();
        house.wait(HOUR).await;
        let (_, after) = house.session().await;
        assert!(after.failed_check.is_none() && after.proof.proved_at > before.proof.proved_at);
    }
}
