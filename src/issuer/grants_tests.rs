//! The rules of codes and refresh tokens, told one by one.

use std::time::Duration;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const LIFETIMES: Lifetimes = Lifetimes {
    code: Duration::from_secs(60),
    access_token: Duration::from_secs(3600),
    refresh_token: Duration::from_secs(90 * 86_400),
};
const STRICT: Rotation = Rotation::Rotate { grace: Duration::ZERO, reuse_detection: true };
const GRACE: Rotation = Rotation::Rotate { grace: Duration::from_secs(10), reuse_detection: true };

type Pair = (String, Option<String>);

fn after(secs: u64) -> Timestamp {
    T0.plus(Duration::from_secs(secs))
}

fn authorization() -> Authorization {
    Authorization {
        client_id: "app".into(),
        redirect_uri: "https://app/cb".into(),
        challenge: Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        scope: vec!["openid".into(), "offline_access".into()],
        nonce: Some("n".into()),
        subject: "alice".into(),
        sid: "s1".into(),
        auth_time: T0,
    }
}

fn keep(issue: Issue<'_>) -> Result<Pair, OAuthError> {
    Ok((issue.access_token, issue.refresh_token))
}

fn redemption(code: &str) -> CodeRedemption<'_> {
    CodeRedemption {
        code,
        client_id: "app",
        redirect_uri: "https://app/cb",
        verifier: VERIFIER,
        may_refresh: true,
    }
}

fn with_code() -> (Grants, String) {
    let mut grants = Grants::new(BearerKey::new(), 10);
    let code = grants.authorize(authorization(), &LIFETIMES, T0).unwrap();
    (grants, code)
}

#[test]
fn a_look_at_a_token_says_whom_it_is_about_and_uses_nothing() {
    let (mut grants, first) = signed_in();
    let is_replaced = |grants: &Grants, token: &str, rotation| grants.is_replaced(token, rotation, after(9));
    assert_eq!(grants.subject_of(&first), Some("alice"));
    assert!(!is_replaced(&grants, &first, STRICT));
    let (_, second) = grants.refresh(&first, "app", STRICT, &LIFETIMES, T0, keep).unwrap();
    assert!(is_replaced(&grants, &first, STRICT) && !is_replaced(&grants, &first, GRACE));
    assert!(!is_replaced(&grants, &second.unwrap(), STRICT));
    assert_eq!(
        (grants.subject_of("hgr.nonsense"), is_replaced(&grants, "hgr.nonsense", STRICT)),
        (None, false)
    );
    assert!(grants.refresh(&first, "app", STRICT, &LIFETIMES, T0, keep).is_err());
    assert_eq!(grants.subject_of(&first), None, "its grant is revoked");
}

fn signed_in() -> (Grants, String) {
    let (mut grants, code) = with_code();
    let (_, refresh) = grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).unwrap();
    (grants, refresh.unwrap())
}

fn refresh(grants: &mut Grants, token: &str, rotation: Rotation, now: Timestamp) -> Result<Pair, OAuthError> {
    grants.refresh(token, "app", rotation, &LIFETIMES, now, keep)
}

#[test]
fn ops_03_a_code_used_twice_revokes_what_it_gave() {
    let (mut grants, code) = with_code();
    let (access, token) = grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).unwrap();
    assert!(grants.access(&access, T0).is_some());
    assert!(grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).is_err());
    assert!(grants.access(&access, T0).is_none());
    assert!(refresh(&mut grants, &token.unwrap(), Rotation::None, T0).is_err());
}

#[test]
fn ops_03_a_code_is_bound_to_client_address_and_minute() {
    let (mut grants, code) = with_code();
    for wrong in [
        CodeRedemption { client_id: "other", ..redemption(&code) },
        CodeRedemption { redirect_uri: "https://app/cb2", ..redemption(&code) },
        CodeRedemption { verifier: &VERIFIER.replace('d', "e"), ..redemption(&code) },
    ] {
        assert_eq!(grants.redeem(&wrong, &LIFETIMES, T0, keep).unwrap_err().code, ErrorCode::InvalidGrant);
    }
    assert!(grants.redeem(&redemption(&code), &LIFETIMES, after(60), keep).is_err());
    let (mut grants, code) = with_code();
    assert!(grants.redeem(&redemption(&code), &LIFETIMES, after(59), keep).is_ok());
}

#[test]
fn a_code_lives_a_minute_whatever_the_settings_say() {
    let mut grants = Grants::new(BearerKey::new(), 10);
    let long = Lifetimes { code: Duration::from_secs(3600), ..LIFETIMES };
    let code = grants.authorize(authorization(), &long, T0).unwrap();
    assert!(grants.redeem(&redemption(&code), &long, after(61), keep).is_err());
}

#[test]
fn ops_06_a_mint_that_fails_spends_nothing() {
    let broken = |_: Issue<'_>| Err::<Pair, _>(OAuthError::new(ErrorCode::ServerError, "no"));
    let (mut grants, code) = with_code();
    assert!(grants.redeem(&redemption(&code), &LIFETIMES, T0, broken).is_err());
    let (_, token) = grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).unwrap();
    let token = token.unwrap();
    assert!(grants.refresh(&token, "app", STRICT, &LIFETIMES, T0, broken).is_err());
    assert!(grants.refresh(&token, "thief", STRICT, &LIFETIMES, T0, keep).is_err());
    assert!(refresh(&mut grants, &token, STRICT, T0).is_ok());
}

#[test]
fn a_refresh_token_must_be_asked_for_and_allowed() {
    let mut grants = Grants::new(BearerKey::new(), 10);
    let online = Authorization { scope: vec!["openid".into()], ..authorization() };
    let code = grants.authorize(online, &LIFETIMES, T0).unwrap();
    assert_eq!(grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).unwrap().1, None);
    let (mut grants, code) = with_code();
    let not_allowed = CodeRedemption { may_refresh: false, ..redemption(&code) };
    assert_eq!(grants.redeem(&not_allowed, &LIFETIMES, T0, keep).unwrap().1, None);
}

#[test]
fn without_rotation_the_token_stays() {
    let (mut grants, token) = signed_in();
    for day in 1..=3 {
        let (_, new) = refresh(&mut grants, &token, Rotation::None, after(day * 86_400)).unwrap();
        assert_eq!(new, None);
    }
}

#[test]
fn a_refresh_token_slides_with_each_use_and_ends_unused() {
    let (mut grants, token) = signed_in();
    let days = |n: u64| after(n * 86_400);
    assert!(refresh(&mut grants, &token, Rotation::None, days(89)).is_ok());
    assert!(refresh(&mut grants, &token, Rotation::None, days(178)).is_ok());
    assert!(refresh(&mut grants, &token, Rotation::None, days(268)).is_err());
}

#[test]
fn ops_05_a_rotated_token_revokes_the_family_when_it_comes_back() {
    let (mut grants, first) = signed_in();
    let (access, second) = refresh(&mut grants, &first, STRICT, T0).unwrap();
    assert!(refresh(&mut grants, &first, STRICT, T0).is_err());
    assert!(refresh(&mut grants, &second.unwrap(), STRICT, T0).is_err());
    assert!(grants.access(&access, T0).is_none());
}

#[test]
fn without_reuse_detection_a_rotated_token_is_only_refused() {
    let lax = Rotation::Rotate { grace: Duration::ZERO, reuse_detection: false };
    let (mut grants, first) = signed_in();
    let (_, second) = refresh(&mut grants, &first, lax, T0).unwrap();
    assert!(refresh(&mut grants, &first, lax, T0).is_err());
    assert!(refresh(&mut grants, &second.unwrap(), lax, T0).is_ok());
}

#[test]
fn ops_05_within_the_grace_the_same_successor_is_returned() {
    let (mut grants, first) = signed_in();
    let (_, second) = refresh(&mut grants, &first, GRACE, T0).unwrap();
    let (_, again) = refresh(&mut grants, &first, GRACE, after(10)).unwrap();
    assert_eq!(again, second);
    assert!(refresh(&mut grants, &first, GRACE, after(11)).is_err());
    assert!(refresh(&mut grants, &second.unwrap(), GRACE, after(11)).is_err(), "the family is revoked");
}

#[test]
fn ops_05_the_grace_does_not_reach_across_two_generations() {
    let (mut grants, first) = signed_in();
    let (_, second) = refresh(&mut grants, &first, GRACE, T0).unwrap();
    refresh(&mut grants, &second.unwrap(), GRACE, T0).unwrap();
    assert!(refresh(&mut grants, &first, GRACE, T0).is_err());
}

#[test]
fn an_access_token_ends_in_time() {
    let (mut grants, code) = with_code();
    let (access, _) = grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).unwrap();
    assert!(grants.access(&access, after(3599)).is_some());
    assert!(grants.access(&access, after(3600)).is_none());
}

#[test]
fn revocation_is_for_the_tokens_own_client() {
    let (mut grants, token) = signed_in();
    grants.revoke(&token, "other");
    assert!(refresh(&mut grants, &token, Rotation::None, T0).is_ok());
    grants.revoke(&token, "app");
    assert!(refresh(&mut grants, &token, Rotation::None, T0).is_err());
}

#[test]
fn a_person_is_revoked_in_all_grants() {
    let (mut grants, token) = signed_in();
    assert_eq!(grants.revoke_subject("bob"), 0);
    assert_eq!(grants.revoke_subject("alice"), 1);
    assert!(refresh(&mut grants, &token, Rotation::None, T0).is_err());
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let mut grants = Grants::new(BearerKey::new(), 3);
    for _ in 0..3 {
        grants.authorize(authorization(), &LIFETIMES, T0).unwrap();
    }
    let full = grants.authorize(authorization(), &LIFETIMES, after(59)).unwrap_err();
    assert_eq!(full.code, ErrorCode::TemporarilyUnavailable);
    assert!(grants.authorize(authorization(), &LIFETIMES, after(60)).is_ok());
}

#[test]
fn ops_05_a_restart_changes_none_of_the_rules() {
    let bytes = [7; 32];
    let mut grants = Grants::new(BearerKey::from_bytes(&bytes), 10);
    let code = grants.authorize(authorization(), &LIFETIMES, T0).unwrap();
    let (_, first) = grants.redeem(&redemption(&code), &LIFETIMES, T0, keep).unwrap();
    let first = first.unwrap();
    let (_, second) = refresh(&mut grants, &first, GRACE, T0).unwrap();

    let kept = grants.to_json().unwrap();
    let restart = || Grants::from_json(BearerKey::from_bytes(&bytes), 10, &kept).unwrap();
    assert_eq!(refresh(&mut restart(), &first, GRACE, T0).unwrap().1, second);
    assert!(refresh(&mut restart(), &first, STRICT, T0).is_err());
    assert!(restart().redeem(&redemption(&code), &LIFETIMES, T0, keep).is_err());
    assert!(!kept.contains(&code) && !kept.contains(&first));
}
