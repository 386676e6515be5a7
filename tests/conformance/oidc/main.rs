//! The OpenID Foundation's relying-party test modules, by name: a file is a module. Each is written once and told twice,
//! with the bundled test IdP and with a provider that shares no line with it, so that one misreading of the specification
//! cannot stand on both sides. What is not here, and why, is in the manual ([`hourgate::manual::conformance`]).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../../stories/browser.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod browser;
#[expect(dead_code, reason = "other tests use the rest")]
mod programs;
mod tokens;

mod bundled_idp;
mod fault;
mod house;
mod independent_op;
mod key_sets;

/// Makes two tests of a file's `module`.
macro_rules! against_both {
    () => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn with_the_bundled_idp() {
            module::<crate::bundled_idp::BundledIdp>().await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn with_an_independent_provider() {
            module::<crate::independent_op::IndependentOp>().await;
        }
    };
}

mod fapi_client_test_encrypted_idtoken_usingrsa15;
mod fapi_client_test_ensure_authorization_response_with_invalid_missing_state_fails;
mod fapi_client_test_ensure_authorization_response_with_invalid_state_fails;
mod fapi_client_test_iat_is_week_in_past;
mod fapi_client_test_invalid_alternate_alg;
mod fapi_client_test_invalid_authorization_response_iss;
mod fapi_client_test_invalid_expired_exp;
mod fapi_client_test_invalid_missing_exp;
mod fapi_client_test_invalid_missing_nonce;
mod fapi_client_test_invalid_null_alg;
mod fapi_client_test_invalid_secondary_aud;
mod fapi_client_test_remove_authorization_response_iss;
mod fapi_client_test_token_endpoint_response_without_expires_in;
mod fapi_client_test_token_type_case_insensitivity;
mod oidcc_client_test;
mod oidcc_client_test_client_secret_basic;
mod oidcc_client_test_discovery_issuer_mismatch;
mod oidcc_client_test_discovery_jwks_uri_keys;
mod oidcc_client_test_discovery_openid_config;
mod oidcc_client_test_form_post_error;
mod oidcc_client_test_idtoken_sig_none;
mod oidcc_client_test_idtoken_sig_rs256;
mod oidcc_client_test_ignores_unparseable_key_in_jwks;
mod oidcc_client_test_invalid_athash;
mod oidcc_client_test_invalid_aud;
mod oidcc_client_test_invalid_chash;
mod oidcc_client_test_invalid_iss;
mod oidcc_client_test_invalid_sig_es256;
mod oidcc_client_test_invalid_sig_hs256;
mod oidcc_client_test_invalid_sig_rs256;
mod oidcc_client_test_kid_absent_multiple_jwks;
mod oidcc_client_test_kid_absent_single_jwks;
mod oidcc_client_test_missing_aud;
mod oidcc_client_test_missing_iat;
mod oidcc_client_test_missing_sub;
mod oidcc_client_test_nonce_invalid;
mod oidcc_client_test_nonce_unless_code_flow;
mod oidcc_client_test_refresh_token;
mod oidcc_client_test_refresh_token_invalid_aud;
mod oidcc_client_test_refresh_token_invalid_azp;
mod oidcc_client_test_refresh_token_invalid_issuer;
mod oidcc_client_test_refresh_token_invalid_sub;
mod oidcc_client_test_rp_backchannel_rpinitlogout;
mod oidcc_client_test_rp_backchannel_rpinitlogout_alg_none;
mod oidcc_client_test_rp_backchannel_rpinitlogout_no_event;
mod oidcc_client_test_rp_backchannel_rpinitlogout_with_nonce;
mod oidcc_client_test_rp_backchannel_rpinitlogout_wrong_alg;
mod oidcc_client_test_rp_backchannel_rpinitlogout_wrong_aud;
mod oidcc_client_test_rp_backchannel_rpinitlogout_wrong_event;
mod oidcc_client_test_rp_backchannel_rpinitlogout_wrong_iss;
mod oidcc_client_test_rp_frontchannel_opinitlogout;
mod oidcc_client_test_rp_frontchannel_rpinitlogout;
mod oidcc_client_test_rp_init_logout;
mod oidcc_client_test_rp_init_logout_no_state;
mod oidcc_client_test_rp_init_logout_other_state;
mod oidcc_client_test_scope_userinfo_claims;
mod oidcc_client_test_signing_key_rotation;
mod oidcc_client_test_signing_key_rotation_just_before_signing;
mod oidcc_client_test_userinfo_bearer_header;
mod oidcc_client_test_userinfo_invalid_sub;
mod oidcc_client_test_userinfo_signed;
