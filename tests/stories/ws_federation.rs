//! What only WS-Federation has: tokens that come by way of the browser, wrapped in what nobody signed.

use std::sync::Arc;

use hourgate::provider::settings::PolicyCheck;
use hourgate::provider::ws_federation::settings::{Settings, SubjectSource, Trust};
use hourgate::saml::DecryptionKeys;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser, Visit};
use crate::house::{APP, HOUR, House, MINUTE, OTHER, SECOND, federated, provider};
use crate::settings::set;

/// Both apps are behind the IdP `fed`, whose settings are as told.
async fn behind_fed(house: &mut House, change: impl FnOnce(&mut Settings)) {
    let issuer = house.idp.issuer("t1");
    let mut fed = federated("fed", &issuer);
    change(&mut fed);
    house.config.ws_federation = vec![fed];
    for environment in &mut house.config.environments {
        environment.providers = vec!["fed".parse().unwrap()];
    }
    house.restart().await;
}

async fn tokens(house: &House, change: Value) {
    house.control("PUT", "/wsfed-tokens", change).await;
}

/// The reason code that a sign-in is refused with.
fn refused(visit: &Visit, code: &str) {
    assert_eq!(visit.status, 400, "{visit:?}");
    assert!(visit.body.contains(&format!(">{code}<")) || visit.body.contains(code), "{code}: {}", visit.body);
}

async fn signs_in(house: &House) -> Browser {
    let browser = house.browser();
    let visit = browser.sign_in(&format!("{APP}/")).await;
    assert_eq!((visit.status, visit.user()), (200, "alice"), "{visit:?}");
    browser
}

fn with(answer: &Answer, name: &str, change: impl Fn(String) -> Option<String>) -> Answer {
    let fields = answer.fields.iter().filter_map(|(field, value)| {
        if field == name {
            Some((field.clone(), change(value.clone())?))
        } else {
            Some((field.clone(), value.clone()))
        }
    });
    Answer { fields: fields.collect(), ..answer.clone() }
}

stories! {
    async fn h4_each_kind_of_token_signs_in(house: House) {
        behind_fed(house, |_| ()).await;
        for kind in ["saml11", "saml20"] {
            for rstr in ["2005/02", "1.3"] {
                tokens(house, json!({ "type": kind, "rstr": rstr })).await;
                signs_in(house).await;
            }
        }
    }

    async fn h4_and_h6_the_proof_ends_with_the_token_and_the_browser_renews_it_silently(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = signs_in(house).await;
        let (_, first) = house.session().await;
        assert_eq!(first.proof.until, first.proof.proved_at.plus(HOUR), "as AD FS");
        house.wait(HOUR - SECOND).await;
        let inside = browser.navigate(&format!("{APP}/")).await;
        assert_eq!((inside.user(), inside.way.len()), ("alice", 1), "nobody is asked");
        house.wait(SECOND).await;
        let script = browser.fetch(&format!("{APP}/api")).await;
        assert!(script.status == 401 && script.header("location").is_empty(), "never a redirect: {script:?}");
        let visit = browser.sign_in(&format!("{APP}/report")).await;
        assert_eq!((visit.user(), visit.url.path()), ("alice", "/report"));
        assert!(!visit.question().contains("wfresh"), "{}", visit.question());
        let (_, second) = house.session().await;
        assert_eq!(second.signed_in_at, first.signed_in_at, "a renewal is no sign-in");
        assert!(second.proof.until > first.proof.until);
    }

    async fn h4_and_h5_the_session_ends_at_its_lifetime_or_when_the_idp_says(house: House) {
        behind_fed(house, |_| ()).await;
        tokens(house, json!({ "type": "saml20", "session": "3h" })).await;
        let browser = signs_in(house).await;
        let (id, session) = house.session().await;
        assert_eq!(session.idp_session_ends, Some(session.signed_in_at.plus(3 * HOUR)));
        house.wait(3 * HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "lifetime");
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
    }

    async fn wsf_17_the_interval_counts_where_the_operator_wants_it_and_the_token_otherwise(house: House) {
        tokens(house, json!({ "lifetime": "10h" })).await;
        behind_fed(house, |_| ()).await;
        let browser = signs_in(house).await;
        house.wait(9 * HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 200, "as long as the token");
        house.end_all().await;
        behind_fed(house, |fed| fed.policy_check = PolicyCheck::Browser).await;
        let browser = signs_in(house).await;
        house.wait(HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
        assert_eq!(browser.sign_in(&format!("{APP}/")).await.user(), "alice");
    }

    async fn wsf_11_a_token_that_is_good_for_too_long_is_refused(house: House) {
        behind_fed(house, |fed| fed.longest_token = HOUR - SECOND).await;
        refused(&house.browser().sign_in(&format!("{APP}/")).await, "lifetime");
    }

    async fn wsf_01_to_wsf_11_no_bad_token_of_the_idp_signs_anybody_in(house: House) {
        behind_fed(house, |_| ()).await;
        for (fault, code) in [
            ("unsigned", "unsigned"),
            ("bad_sig", "signature_value"),
            ("embedded_key", "signature_value"),
            ("sha1", "digest_alg"), // with the ES256 key of a tenant; with an RSA key the signature tells first
            ("hs256", "signature_alg"),
            ("wrong_iss", "issuer"),
            ("wrong_aud", "audience"),
            ("missing_aud", "audience"),
            ("expired", "expired"),
            ("not_yet", "not_yet_valid"),
            ("too_long", "lifetime"),
            ("no_conditions", "conditions"),
            ("unknown_condition", "unknown_condition"),
            ("holder_of_key", "bearer"),
            ("no_confirmation", "bearer"),
            ("missing_sub", "no_subject"),
            ("two_rstr", "rstr_count"),
            ("two_assertions", "token_count"),
            ("doctype", "markup_declaration"),
            ("comment_in_name_id", "markup_declaration"),
            ("processing_instruction", "processing_instruction"),
            ("jwt", "token_type"),
            ("bare_jwt", "token_type"),
            ("stale_instant", "issued_before_challenge"),
            ("future_instant", "not_yet_valid"),
            ("wrong_echo", "signed_context"),
            ("wresultptr", "wresultptr"),
            ("missing_wctx", "no_pending"),
            ("wrong_wctx", "foreign_state"),
            ("encrypted_gcm", "encrypted"),
        ] {
            for kind in ["saml11", "saml20"] {
                tokens(house, json!({ "type": kind })).await;
                house.fault("wsfed", fault).await;
                let visit = house.browser().sign_in(&format!("{APP}/")).await;
                assert_eq!(visit.status, 400, "{fault} {kind}: {visit:?}");
                assert!(visit.body.contains(code), "{fault} {kind} is not {code}: {}", visit.body);
                assert!(house.live().await.is_empty(), "{fault} {kind}");
                house.no_faults().await;
            }
        }
        for wrapped in 1..=8 {
            for kind in ["saml11", "saml20"] {
                tokens(house, json!({ "type": kind })).await;
                house.fault("wsfed", &format!("xsw{wrapped}")).await;
                let visit = house.browser().sign_in(&format!("{APP}/")).await;
                assert_eq!(visit.status, 400, "xsw{wrapped} {kind}: {visit:?}");
                assert!(house.live().await.is_empty(), "xsw{wrapped} {kind}");
                house.no_faults().await;
            }
        }
        signs_in(house).await;
    }

    async fn a_refusal_of_the_idp_is_told_as_one(house: House) {
        behind_fed(house, |_| ()).await;
        house.fault("wsfed", "soap_fault").await;
        let visit = house.browser().sign_in(&format!("{APP}/")).await;
        assert_eq!(visit.status, 403, "{visit:?}");
        assert!(visit.body.contains("did not let you in"), "{}", visit.body);
    }

    async fn wsf_12_a_token_is_good_once_on_whichever_node(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = house.browser();
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        assert_eq!(browser.answer(&answer).await.status, 303);
        house.session().await;
        // In an answer to another question of the same browser, within the leeway of clocks.
        let another = browser.up_to_the_answer(&format!("{OTHER}/")).await;
        let wresult = answer.field("wresult").to_owned();
        refused(&browser.answer(&with(&another, "wresult", |_| Some(wresult.clone()))).await, "replayed");
        // Another gateway knows it too.
        let node = house.second_gateway();
        let elsewhere = browser.at(node.public());
        let third = elsewhere.up_to_the_answer(&format!("{OTHER}/")).await;
        refused(&elsewhere.answer(&with(&third, "wresult", |_| Some(wresult.clone()))).await, "replayed");
        node.stop().await;
    }

    async fn wsf_12_a_stolen_token_in_the_thiefs_own_sign_in_is_refused(house: House) {
        behind_fed(house, |_| ()).await;
        let (victim, thief) = (house.browser(), house.browser());
        let stolen = victim.up_to_the_answer(&format!("{APP}/")).await;
        let wresult = stolen.field("wresult").to_owned();
        // Used by its owner: it is good once.
        assert_eq!(victim.answer(&stolen).await.status, 303);
        let own = thief.up_to_the_answer(&format!("{APP}/")).await;
        refused(&thief.answer(&with(&own, "wresult", |_| Some(wresult.clone()))).await, "replayed");
        // Not used, but older than the thief's challenge.
        let unused = victim.up_to_the_answer(&format!("{OTHER}/")).await;
        let wresult = unused.field("wresult").to_owned();
        house.clock.advance(2 * MINUTE);
        let own = thief.up_to_the_answer(&format!("{APP}/")).await;
        refused(&thief.answer(&with(&own, "wresult", |_| Some(wresult.clone()))).await, "issued_before_challenge");
        assert_eq!(house.live().await.len(), 1, "the victim's");
    }

    async fn a3_with_a_signed_context_not_even_a_fresh_stolen_token_helps(house: House) {
        behind_fed(house, |fed| fed.requires_signed_context = true).await;
        refused(&house.browser().sign_in(&format!("{APP}/")).await, "signed_context");
        tokens(house, json!({ "echo": true })).await;
        let victim = signs_in(house).await;
        let (thief, own) = {
            let thief = house.browser();
            let own = thief.up_to_the_answer(&format!("{APP}/")).await;
            (thief, own)
        };
        let fresh = victim.up_to_the_answer(&format!("{OTHER}/")).await;
        let wresult = fresh.field("wresult").to_owned();
        refused(&thief.answer(&with(&own, "wresult", |_| Some(wresult.clone()))).await, "signed_context");
    }

    async fn wsf_12_with_the_store_away_a_token_is_refused_and_not_taken_on_trust(house: House) {
        if !house.has_redis() {
            return;
        }
        behind_fed(house, |_| ()).await;
        let browser = house.browser();
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        house.redis().kill();
        let refused = browser.answer(&answer).await;
        assert_eq!(refused.status, 503, "{refused:?}");
    }

    async fn wsf_13_what_nobody_asked_for_is_refused(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = house.browser();
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        for (changed, code) in [
            (with(&answer, "wctx", |_| None), "no_pending"),
            (with(&answer, "wctx", |_| Some(String::new())), "no_pending"),
            (with(&answer, "wctx", |_| Some("rm=0&id=passive&ru=%2f".into())), "foreign_state"),
            (with(&answer, "wa", |_| Some("wsignout1.0".into())), "malformed_response"),
            (with(&answer, "wa", |_| None), "malformed_response"),
            (with(&answer, "wresult", |_| None), "malformed_response"),
        ] {
            refused(&browser.answer(&changed).await, code);
        }
        for name in ["wa", "wctx", "wresult"] {
            let mut twice = answer.clone();
            twice.fields.push((name.into(), answer.field(name).into()));
            refused(&browser.answer(&twice).await, "malformed_response");
        }
        let mut pointed = answer.clone();
        pointed.fields.push(("wresultptr".into(), house.idp.base_url().to_string()));
        refused(&browser.answer(&pointed).await, "wresultptr");
        // Whoever is made to post somebody's answer has no cookie of that sign-in.
        refused(&house.browser().answer(&answer).await, "other_browser");
        // A form and a query would be two answers; the answer of one protocol is none at the address of the other.
        let both = Answer { url: format!("{}?wa=wsignin1.0", answer.url), ..answer.clone() };
        refused(&browser.answer(&both).await, "malformed_response");
        let oidc = Answer { url: answer.url.replace("/wsfed/", "/callback/"), ..answer.clone() };
        refused(&browser.answer(&oidc).await, "malformed_response");
        let by_address = browser.step(&format!("{}?{}", answer.url, answer.body())).await;
        assert_eq!((by_address.status, by_address.header("allow")), (405, "POST"));
        for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=b"] {
            assert_eq!(browser.post_from_elsewhere(&answer.url, kind, &answer.body()).await.status, 415, "{kind}");
        }
        assert!(house.live().await.is_empty());
        assert_eq!(browser.answer(&answer).await.status, 303, "none of that spent it");
        // Another token in answer to the same request.
        let again = browser.up_to_the_answer(&format!("{OTHER}/")).await;
        let (_, first) = house.session().await;
        let reused = with(&answer, "wresult", |_| Some(again.field("wresult").to_owned()));
        assert_eq!(browser.answer(&reused).await.status, 303);
        assert_eq!(house.session().await.1.signed_in_at, first.signed_in_at, "it signs nobody in");
    }

    async fn wsf_14_the_context_is_sealed_and_of_one_app_and_for_ten_minutes(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = house.browser();
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        let sealed = answer.field("wctx").to_owned();
        let altered = |at: usize| {
            let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{other}{}", &sealed[..at], &sealed[at + 1..])
        };
        let last = sealed.len() - 1;
        let cut_or_longer = [sealed[..last].to_owned(), format!("{sealed}A"), format!("{sealed}="), format!(" {sealed}")];
        for wctx in (0..last).step_by(11).chain([last]).map(altered).chain(cut_or_longer) {
            refused(&browser.answer(&with(&answer, "wctx", |_| Some(wctx.clone()))).await, "foreign_state");
        }
        browser.step(&format!("{OTHER}/_hourgate/start?rd=/")).await;
        let elsewhere = Answer { url: answer.url.replace(APP, OTHER), ..answer.clone() };
        refused(&browser.answer(&elsewhere).await, "foreign_state");
        house.clock.advance(10 * MINUTE + SECOND);
        let late = browser.answer(&answer).await;
        assert!(late.status == 303 && late.header("location").contains("/_hourgate/start"), "anew: {late:?}");
        assert!(house.live().await.is_empty());
    }

    async fn wsf_14_the_way_back_is_for_nobody_else_to_choose(house: House) {
        behind_fed(house, |_| ()).await;
        let evil = "https%3A%2F%2Fevil.example%2F";
        for asked in [format!("rd={evil}"), format!("rd=%2Freport&wreply={evil}&wctx=c&wtrealm=urn%3Aevil")] {
            let browser = house.browser();
            let start = browser.step(&format!("{APP}/_hourgate/start?{asked}")).await;
            let question = url::Url::parse(start.header("location")).unwrap();
            let all = |name: &str| -> Vec<String> {
                let pairs = question.query_pairs().filter(|(found, _)| found == name);
                pairs.map(|(_, value)| value.into_owned()).collect()
            };
            assert_eq!(all("wreply"), [format!("{APP}/_hourgate/wsfed/fed")]);
            assert_eq!((all("wtrealm"), all("wctx").len()), (vec!["urn:hourgate:test".to_owned()], 1));
            let mut answer = browser.up_to_the_answer(question.as_str()).await;
            // What lies beside the token in the form leads nowhere.
            answer.fields.push(("wreply".into(), "https://evil.example/".into()));
            let done = browser.answer(&answer).await;
            assert!(done.status == 303 && done.header("location").starts_with(&format!("{APP}/")), "{done:?}");
        }
    }

    async fn h7_a_silent_renewal_for_somebody_else_is_a_sign_in_of_their_own(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = signs_in(house).await;
        let (id, first) = house.session().await;
        house.wait(HOUR).await;
        browser.forget_all_of("127.0.0.1");
        house.auto_login("bob").await;
        let visit = browser.sign_in(&format!("{APP}/")).await;
        assert_eq!((visit.status, visit.user()), (200, "bob"));
        let (_, second) = house.session().await;
        assert!(second.signed_in_at > first.signed_in_at);
        assert_eq!(house.tombstone(id).await.reason.code(), "replaced");
    }

    async fn a_token_of_one_idp_is_none_of_another(house: House) {
        let second = house.idp.issuer("t2");
        behind_fed(house, |_| ()).await;
        house.config.ws_federation.push(federated("second", &second));
        house.config.environments[0].providers.push("second".parse().unwrap());
        house.restart().await;
        let browser = house.browser();
        let start = format!("{APP}/_hourgate/start?rd=/&ask=1&idp=");
        let of_fed = browser.up_to_the_answer(&format!("{start}fed")).await;
        let moved = Answer { url: of_fed.url.replace("/wsfed/fed", "/wsfed/second"), ..of_fed.clone() };
        refused(&browser.answer(&moved).await, "foreign_state");
        let auto = house.idp.base_url().join("/_control/t2/auto-login").unwrap();
        house.put(auto, json!({ "user": "alice" })).await;
        let of_second = browser.up_to_the_answer(&format!("{start}second")).await;
        let wresult = of_second.field("wresult").to_owned();
        refused(&browser.answer(&with(&of_fed, "wresult", |_| Some(wresult.clone()))).await, "signature_value");
    }

    async fn c6_without_the_nonce_cookie_a_token_is_still_good_once_and_for_its_challenge(house: House) {
        behind_fed(house, |_| ()).await;
        set(house, &[("WSFedNonceCookieEnabled", json!(false))]).await;
        let browser = house.browser();
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        let other = house.browser();
        assert_eq!(other.answer(&answer).await.status, 303, "that is what was switched off");
        assert_eq!(other.navigate(&format!("{APP}/")).await.user(), "alice");
        let again = browser.answer(&answer).await;
        assert!(again.header("location").contains("/_hourgate/start"), "once: {again:?}");
        let wresult = answer.field("wresult").to_owned();
        let own = house.browser().up_to_the_answer(&format!("{APP}/")).await;
        refused(&house.browser().answer(&with(&own, "wresult", |_| Some(wresult.clone()))).await, "replayed");
        // Another environment goes on asking for it.
        let elsewhere = browser.up_to_the_answer(&format!("{OTHER}/")).await;
        refused(&house.browser().answer(&elsewhere).await, "other_browser");
    }

    async fn a3_the_nonce_cookie_crosses_sites_and_the_session_cookie_never_does(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let nonce = start.header("set-cookie").to_owned();
        assert!(nonce.contains("SameSite=None; ") && nonce.contains("Secure"), "{nonce}");
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        let done = browser.answer(&answer).await;
        let cookies: Vec<_> = done.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
        let of = |name: &str| *cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap_or(&"");
        assert!(of("__Host-hourgate=").contains("SameSite=Lax"), "{cookies:?}");
        assert!(of("__Host-hourgate-clean-up=").contains("SameSite=None"), "{cookies:?}");
    }

    async fn log_18_and_a4_a_clean_up_ends_the_session_of_that_browser_and_its_kin(house: House) {
        behind_fed(house, |_| ()).await;
        let (browser, bystander) = (signs_in(house).await, house.browser());
        house.clock.advance(MINUTE);
        bystander.sign_in(&format!("{APP}/")).await;
        browser.sign_in(&format!("{OTHER}/")).await;
        assert_eq!(house.live().await.len(), 3);
        let clean_up = format!("{APP}/_hourgate/wsfed/fed?wa=wsignoutcleanup1.0&wreply=https%3A%2F%2Fevil.example");
        let stranger = house.browser().step(&clean_up).await;
        assert_eq!((stranger.status, stranger.header("location")), (200, ""));
        assert_eq!(house.live().await.len(), 3, "nobody is ended by guess");
        let done = browser.framed_elsewhere(&clean_up).await;
        assert_eq!((done.status, done.header("location")), (200, ""), "wreply is not followed");
        assert!(done.header("content-security-policy").contains("frame-ancestors http://127.0.0.1"), "{done:?}");
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
        assert_eq!(browser.fetch(&format!("{OTHER}/")).await.status, 401, "the same credentials");
        assert_eq!(bystander.fetch(&format!("{APP}/")).await.status, 200);
        assert_eq!(browser.framed_elsewhere(&clean_up).await.status, 200, "twice is once");
        assert_eq!(browser.step(&format!("{APP}/_hourgate/wsfed/nobody?wa=wsignoutcleanup1.0")).await.status, 404);
    }

    async fn wsf_16_keys_roll_over_without_anybody_noticing(house: House) {
        behind_fed(house, |_| ()).await;
        signs_in(house).await;
        house.clock.advance(MINUTE);
        house.control("POST", "/keys/rotate", json!({ "overlap": true })).await;
        signs_in(house).await;
        // At once, without a second certificate in the metadata: the first token tells, but not more often than each 5 minutes.
        house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        refused(&house.browser().sign_in(&format!("{APP}/")).await, "signature_value");
        house.clock.advance(5 * MINUTE);
        signs_in(house).await;
    }

    async fn an_issuer_that_is_spelt_otherwise_is_told_as_a_mistake_and_not_as_an_outage(house: House) {
        behind_fed(house, |fed| fed.issuer.push('/')).await;
        let visit = house.browser().sign_in(&format!("{APP}/")).await;
        assert!(visit.status == 502 && visit.body.contains("misconfigured"), "{visit:?}");
    }

    async fn wsf_16_bad_metadata_leaves_the_last_good_copy(house: House) {
        behind_fed(house, |_| ()).await;
        signs_in(house).await;
        for fault in ["wrong_entity", "bad_sig", "oversize", "doctype", "status", "html", "garbage", "reset"] {
            house.fault("federation_metadata", fault).await;
            house.clock.advance(2 * HOUR);
            signs_in(house).await;
            house.no_faults().await;
        }
    }

    async fn wsf_16_where_the_key_of_the_metadata_is_pinned_no_other_counts(house: House) {
        let metadata = house.document("FederationMetadata/2007-06/FederationMetadata.xml").await;
        let issuer = format!("{}/wsfed", house.idp.issuer("t1"));
        let keys = hourgate::wsfed::metadata::parse(metadata.as_bytes(), &issuer, None).unwrap().keys;
        behind_fed(house, |fed| {
            let Trust::Metadata { signed_by, .. } = &mut fed.trust else { panic!("{:?}", fed.trust) };
            *signed_by = Some(keys);
        })
        .await;
        signs_in(house).await;
        // Without a signature; with one of another key, though the document names it.
        house.fault("federation_metadata", "unsigned").await;
        house.clock.advance(2 * HOUR);
        signs_in(house).await;
        house.no_faults().await;
        house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        house.clock.advance(2 * HOUR);
        refused(&house.browser().sign_in(&format!("{APP}/")).await, "signature_value");
    }

    async fn wsf_16_a_flood_of_tokens_of_unknown_keys_fetches_the_metadata_once(house: House) {
        behind_fed(house, |_| ()).await;
        signs_in(house).await;
        house.clock.advance(10 * MINUTE);
        house.control("DELETE", "/requests", Value::Null).await;
        house.fault("wsfed", "embedded_key").await;
        for _ in 0..10 {
            refused(&house.browser().sign_in(&format!("{APP}/")).await, "signature_value");
        }
        let journal = house.control("GET", "/requests?endpoint=federation_metadata", Value::Null).await;
        let requests = journal.as_array().or_else(|| journal["requests"].as_array()).unwrap().len();
        assert_eq!(requests, 1);
    }

    async fn o6_the_gateway_starts_with_the_idp_down_from_metadata_that_it_kept(house: House) {
        behind_fed(house, |_| ()).await;
        signs_in(house).await;
        hourgate::journeys::idp_documents::refresh_and_keep(house.services()).await.unwrap();
        let answer_later = house.browser();
        house.fault("federation_metadata", "status").await;
        house.restart().await;
        hourgate::journeys::idp_documents::restore(house.services()).await.unwrap();
        let visit = answer_later.at(house.address()).sign_in(&format!("{APP}/")).await;
        assert_eq!(visit.user(), "alice", "{visit:?}");
    }

    async fn o2_and_h4_an_outage_shows_when_the_proof_is_over_and_signs_nobody_out(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = signs_in(house).await;
        house.outage().await;
        house.wait(HOUR - MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 200);
        house.wait(2 * MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
        let (id, _) = house.session().await;
        house.no_outage().await;
        assert_eq!(browser.sign_in(&format!("{APP}/")).await.user(), "alice");
        assert_ne!(house.session().await.0, id, "renewed in place of the old one");
    }

    async fn keys_and_endpoint_can_be_pinned_and_nothing_is_fetched(house: House) {
        let metadata = house.document("FederationMetadata/2007-06/FederationMetadata.xml").await;
        let issuer = house.idp.issuer("t1");
        let parsed = hourgate::wsfed::metadata::parse(metadata.as_bytes(), &format!("{issuer}/wsfed"), None).unwrap();
        house.control("DELETE", "/requests", Value::Null).await;
        behind_fed(house, |fed| {
            fed.trust = Trust::Pinned(Arc::new(parsed.clone()));
        })
        .await;
        signs_in(house).await;
        house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        refused(&house.browser().sign_in(&format!("{APP}/")).await, "signature_value");
        let journal = house.control("GET", "/requests?endpoint=federation_metadata", Value::Null).await;
        assert!(journal.as_array().or_else(|| journal["requests"].as_array()).unwrap().is_empty());
    }

    async fn log_02_nobody_ends_a_session_by_guessing_its_name_at_the_front_channel(house: House) {
        behind_fed(house, |_| ()).await;
        signs_in(house).await;
        let (_, session) = house.session().await;
        let sid = session.identity.idp_session.clone().unwrap();
        let mut url = url::Url::parse(&format!("{APP}/_hourgate/frontchannel-logout/fed")).unwrap();
        url.query_pairs_mut().append_pair("sid", &sid);
        assert_eq!(house.browser().step(url.as_str()).await.status, 404);
        house.session().await;
    }

    async fn aut_24_a_browser_that_comes_back_by_post_again_and_again_is_not_sent_away_for_ever(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = house.browser();
        for _ in 0..3 {
            assert_eq!(browser.sign_in(&format!("{APP}/")).await.status, 200);
            browser.forget("__Host-hourgate");
        }
        let stopped = browser.sign_in(&format!("{APP}/")).await;
        assert!(stopped.status == 400 && stopped.body.contains("sign_in_loop"), "{stopped:?}");
    }

    async fn a2_what_was_begun_before_a_sign_out_is_not_completed_by_a_post_after_it(house: House) {
        behind_fed(house, |_| ()).await;
        let browser = signs_in(house).await;
        house.clock.advance(HOUR);
        let begun = browser.up_to_the_answer(&format!("{APP}/")).await;
        browser.submit(&format!("{APP}/_hourgate/signout"), "").await;
        let late = browser.answer(&begun).await;
        assert!(late.status == 303 && late.header("location").contains("/_hourgate/start"), "{late:?}");
        assert!(house.live().await.is_empty());
    }

    async fn dos_03_long_forms_are_read_of_nobody_who_has_not_begun(house: House) {
        behind_fed(house, |_| ()).await;
        let form = "application/x-www-form-urlencoded";
        let long = format!("wa=wsignin1.0&wctx=c&wresult={}", "x".repeat(200_000));
        let stranger = house.browser();
        for (path, status) in [("wsfed/fed", 400), ("wsfed/nobody", 404), ("wsfed/idp", 404)] {
            let url = format!("{APP}/_hourgate/{path}");
            let refused = stranger.post_from_elsewhere(&url, form, "wa=wsignin1.0").await;
            assert_eq!(refused.status, status, "{path}: {refused:?}");
        }
        stranger.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let begun = stranger.post_from_elsewhere(&format!("{APP}/_hourgate/wsfed/fed"), form, &long).await;
        refused(&begun, "foreign_state");
    }

    async fn c10_where_credentials_are_due_they_are_asked_for_by_the_method_that_is_one(house: House) {
        let password = "urn:oasis:names:tc:SAML:1.0:am:password";
        behind_fed(house, |fed| fed.credentials_method = Some(password.into())).await;
        let browser = house.browser();
        let first = browser.sign_in(&format!("{APP}/")).await;
        assert!(first.user() == "alice" && !first.question().contains("wauth"), "{}", first.question());
        house.clock.advance(MINUTE);
        browser.submit(&format!("{APP}/_hourgate/signout"), "").await;
        let back = browser.sign_in(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
        assert!(back.question().contains("wfresh=0") && back.question().contains("am%3Apassword"), "{}", back.question());
        assert_eq!(back.user(), "alice", "{back:?}");
    }

    async fn wsf_15_encrypted_tokens_are_opened_where_the_operator_gave_a_key(house: House) {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let pem = rsa::pkcs8::EncodePrivateKey::to_pkcs8_pem(&key, rsa::pkcs8::LineEnding::LF).unwrap();
        let signer = rcgen::KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&signer).unwrap().pem();
        let keys = Arc::new(DecryptionKeys::from_pem(&[pem.to_string().into()]).unwrap());
        behind_fed(house, |fed| fed.decryption = Some(keys.clone())).await;
        for kind in ["saml11", "saml20"] {
            for (cipher, accepts_cbc, passes) in
                [("aes256-gcm", false, true), ("aes256-cbc", false, false), ("aes256-cbc", true, true)]
            {
                let party = json!({
                    "reply_urls": [format!("{APP}/_hourgate/wsfed/fed")],
                    "encryption": { "certificate": certificate, "cipher": cipher },
                    "tokens": { "type": kind },
                });
                house.control("PUT", "/relying-parties/urn%3Ahourgate%3Atest", party).await;
                behind_fed(house, |fed| {
                    fed.decryption = Some(keys.clone());
                    fed.accepts_cbc = accepts_cbc;
                })
                .await;
                let visit = house.browser().sign_in(&format!("{APP}/")).await;
                assert_eq!(visit.user() == "alice", passes, "{kind} {cipher} {accepts_cbc}: {visit:?}");
            }
            for fault in ["encrypted_unsigned", "rsa15"] {
                house.fault("wsfed", fault).await;
                assert_eq!(house.browser().sign_in(&format!("{APP}/")).await.status, 400, "{kind} {fault}");
                house.no_faults().await;
            }
        }
    }

    async fn somebody_who_signed_in_by_another_method_than_was_asked_for_is_refused(house: House) {
        let password = "urn:oasis:names:tc:SAML:1.0:am:password";
        behind_fed(house, |fed| fed.method = Some(password.into())).await;
        let browser = signs_in(house).await;
        house.end_all().await;
        house.fault("wsfed", "no_authn").await;
        refused(&browser.sign_in(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await, "authn_method");
    }

    async fn tok_01_the_subject_is_what_the_operator_says_it_is(house: House) {
        let object = "http://schemas.microsoft.com/identity/claims/objectidentifier";
        behind_fed(house, |fed| fed.subject = SubjectSource::Claim(object.into())).await;
        let visit = house.browser().sign_in(&format!("{APP}/")).await;
        assert_eq!(visit.user().len(), 36, "a UUID: {}", visit.user());
        let (_, session) = house.session().await;
        assert_eq!(session.identity.tenant.as_ref().unwrap().object.as_deref(), Some(visit.user()));
        house.end_all().await;
        behind_fed(house, |fed| fed.subject = SubjectSource::Claim(fed.claims.groups.clone())).await;
        refused(&house.browser().sign_in(&format!("{APP}/")).await, "no_subject");
    }

    async fn somebody_in_200_groups_signs_in(house: House) {
        behind_fed(house, |_| ()).await;
        let groups: Vec<String> = (0..200).map(|n| format!("S-1-5-21-1004336348-1177238915-682003330-{n}")).collect();
        house.control("PUT", "/users/alice", json!({ "claims": { "groups": groups } })).await;
        let browser = house.browser();
        let answer = browser.up_to_the_answer(&format!("{APP}/")).await;
        assert!(answer.body().len() > 16 * 1024, "{}", answer.body().len());
        assert_eq!(browser.answer(&answer).await.status, 303);
        let (_, session) = house.session().await;
        assert_eq!(session.identity.groups.len(), 200);
        let padded = house.browser();
        let answer = padded.up_to_the_answer(&format!("{APP}/")).await;
        let padded_answer = with(&answer, "wresult", |token| Some(token + &" ".repeat(100_000)));
        assert_eq!(padded.answer(&padded_answer).await.status, 303, "longer than any other form may be");
    }

    async fn pci_12_access_rules_read_claims_by_their_uris(house: House) {
        behind_fed(house, |_| ()).await;
        let rule = "claim:http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn=bob@t1.example";
        house.config.environments[0].access.all = vec![rule.parse().unwrap()];
        house.restart().await;
        assert_eq!(house.browser().sign_in(&format!("{APP}/")).await.status, 403);
        house.auto_login("bob").await;
        assert_eq!(house.browser().sign_in(&format!("{APP}/")).await.user(), "bob");
    }

    async fn ops_13_a_test_idp_is_refused_where_nobody_allowed_it(house: House) {
        house.config.danger.insecure_test_idp = false;
        behind_fed(house, |_| ()).await;
        let visit = house.browser().sign_in(&format!("{APP}/")).await;
        assert!(visit.status == 502 && visit.body.contains("test_idp"), "{visit:?}");
        house.config.danger.insecure_test_idp = true;
        house.config.providers = vec![provider("idp", &house.idp.issuer("t1"))];
    }
}
