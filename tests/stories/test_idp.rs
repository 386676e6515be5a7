//! A test IdP lets in whoever asks. The gateway takes none, unless it is told that this is a test bed.

use hourgate::journeys::idp_documents;

use crate::house::{APP, HOUR, House, MINUTE};

async fn without_leave(house: &mut House) {
    house.config.danger.insecure_test_idp = false;
    house.restart().await;
}

stories! {
    async fn ops_13_a_test_idp_signs_nobody_in_unless_it_is_allowed(house: House) {
        without_leave(house).await;
        let browser = house.browser();
        // The second time nothing is fetched anew: the reason is the same.
        for _ in 0..2 {
            let refused = browser.navigate(&format!("{APP}/")).await;
            assert_eq!(refused.status, 502, "{refused:?}");
            assert!(refused.url.as_str().starts_with(APP), "the browser was sent to {}", refused.url);
            for words in ["test_idp", "one for tests"] {
                assert!(refused.body.contains(words), "{}", refused.body);
            }
        }
        assert_eq!((house.live().await.len(), house.token_calls().await), (0, 0));
    }

    async fn ops_13_a_gateway_with_a_test_idp_is_not_ready_and_says_which_it_is(house: House) {
        without_leave(house).await;
        idp_documents::refresh_and_keep(house.services()).await.unwrap();
        let browser = house.browser();
        let ready = browser.step(&format!("http://{}/readyz", house.management())).await;
        assert_eq!(ready.status, 503);
        for words in ["provider idp", &house.idp.issuer("t1"), "--insecure-test-idp"] {
            assert!(ready.body.contains(words), "{}", ready.body);
        }
        let alive = browser.step(&format!("http://{}/livez", house.management())).await;
        assert_eq!(alive.status, 200, "a restart would mend nothing");
    }

    async fn ops_13_what_was_kept_of_a_test_idp_is_as_bad_and_sessions_from_it_outlive_their_proof_nowhere(house: House) {
        let browser = house.signed_in().await;
        idp_documents::refresh_and_keep(house.services()).await.unwrap();
        without_leave(house).await;
        idp_documents::restore(house.services()).await.unwrap();
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 502);

        house.wait(HOUR + MINUTE).await;
        let browser = browser.at(house.address());
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 503);
        assert_eq!(house.token_requests("refresh_token").await, 0, "no refresh token goes there");
        assert_eq!(house.live().await.len(), 1, "nobody is signed out for a mistake of the operator's");
    }
}
