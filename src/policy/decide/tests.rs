use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::policy::facts::Browser;
use crate::policy::schedule;
use crate::session::end::{EndReason, Tombstone};
use crate::session::{CheckFailure, FailedCheck, Proof, Renewal};

const START: Timestamp = Timestamp::from_secs(1_790_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn session(renewal: Renewal) -> Session {
    Session {
        signed_in_at: START,
        sign_in_begun_at: START,
        asserted_at: None,
        proof: Proof { proved_at: START, until: START.plus(HOUR) },
        renewal,
        ..Session::sample()
    }
}

fn facts(session: Session) -> Facts {
    Facts {
        standing: Standing::Live(Arc::new(session)),
        browser: Browser::Same,
        last_activity: START,
        idp_is_away: false,
    }
}

fn reason(settings: &Settings, facts: &Facts, now: Timestamp) -> Reason {
    decide(settings, facts, now).reason
}

fn allows(settings: &Settings, facts: &Facts, now: Timestamp) -> bool {
    matches!(decide(settings, facts, now).verdict, Verdict::Allow(_))
}

#[test]
fn a_proved_session_passes_until_the_proof_is_over() {
    let (settings, facts) = (Settings::default(), facts(session(Renewal::Background)));
    assert_eq!(reason(&settings, &facts, START.plus(HOUR).minus(Duration::from_millis(1))), Reason::Proved);
    let over = decide(&settings, &facts, START.plus(HOUR));
    assert!(matches!(over.verdict, Verdict::Check));
    assert_eq!(over.reason, Reason::ProofOver);
}

#[test]
fn h3_a_session_with_a_refresh_token_has_no_end_of_its_own() {
    let facts = facts(session(Renewal::Background));
    assert_eq!(decide(&Settings::default(), &facts, START).ends_at, None);
}

#[test]
fn h5_a_session_without_a_refresh_token_ends_after_its_lifetime() {
    let facts = facts(session(Renewal::Browser));
    let settings = Settings::default();
    let over = decide(&settings, &facts, START.plus(HOUR));
    assert!(matches!(over.verdict, Verdict::Renew));
    assert_eq!(over.reason, Reason::RenewalDue, "scripts are not to wait for it");
    assert_eq!(reason(&settings, &facts, START.plus(24 * HOUR)), Reason::Ended(EndReason::Lifetime));
}

#[test]
fn a_custom_length_overrides_the_idp_and_asks_for_credentials() {
    let settings = Settings { custom_duration: true, max_length: 2 * HOUR, ..Settings::default() };
    let mut fresh = session(Renewal::Background);
    fresh.proof = Proof { proved_at: START.plus(HOUR), until: START.plus(3 * HOUR) };
    let facts = Facts { last_activity: START.plus(2 * HOUR), ..facts(fresh) };
    assert!(allows(&settings, &facts, START.plus(2 * HOUR).minus(MINUTE)));
    let over = decide(&settings, &facts, START.plus(2 * HOUR));
    assert_eq!(over.reason, Reason::Ended(EndReason::MaxLength));
    assert!(matches!(over.verdict, Verdict::SignIn(Credentials::Fresh)));
}

#[test]
fn h1_a_dormant_session_is_not_served_without_a_check_although_its_proof_counts() {
    let settings = Settings { policy_check_interval: 24 * HOUR, dormant_after: HOUR, ..Settings::default() };
    let mut session = session(Renewal::Background);
    session.proof.until = START.plus(24 * HOUR);
    let facts = facts(session);
    assert!(allows(&settings, &facts, START.plus(59 * MINUTE)));
    assert_eq!(reason(&settings, &facts, START.plus(HOUR)), Reason::Dormant);
}

#[test]
fn c14_a_shorter_interval_reaches_the_proofs_that_were_made_before_and_a_longer_one_does_not() {
    let with = |minutes: u32| Settings { policy_check_interval: minutes * MINUTE, ..Settings::default() };
    let at = |minutes: u32| START.plus(minutes * MINUTE);
    let by_gateway = facts(session(Renewal::Background));
    assert!(allows(&with(10), &by_gateway, at(10).minus(Duration::from_millis(1))));
    assert_eq!(reason(&with(10), &by_gateway, at(10)), Reason::ProofOver);
    assert_eq!(decide(&with(10), &by_gateway, START).changes_at, Some(at(10)));
    assert_eq!(reason(&with(120), &by_gateway, at(60)), Reason::ProofOver);
    let by_browser = facts(session(Renewal::Browser));
    assert!(allows(&with(10), &by_browser, at(10)), "that one ends with the IdP's token (row H4)");
}

#[test]
fn h9_an_idp_that_wants_to_see_the_person_gets_to_see_them() {
    let mut session = session(Renewal::Background);
    session.failed_check =
        Some(FailedCheck { at: START.plus(MINUTE), why: CheckFailure::InteractionRequired, attempts: 1 });
    assert_eq!(
        reason(&Settings::default(), &facts(session), START.plus(2 * MINUTE)),
        Reason::InteractionRequired
    );
}

#[test]
fn o2_an_outage_is_invisible_while_the_proof_counts() {
    for why in [CheckFailure::Unreachable, CheckFailure::OurFault] {
        let mut session = session(Renewal::Background);
        session.failed_check = Some(FailedCheck { at: START.plus(MINUTE), why, attempts: 9 });
        assert!(allows(&Settings::default(), &facts(session), START.plus(59 * MINUTE)));
    }
}

#[test]
fn o3_people_who_are_kept_signed_in_are_served_past_the_proof_while_the_idp_is_away_and_marked() {
    let mut kept = Session { kept_signed_in: true, ..session(Renewal::Background) };
    let settings = Settings::default();
    let at = |hours: u32| START.plus(hours * HOUR);
    let away = |session: &Session| Facts { idp_is_away: true, ..facts(session.clone()) };
    assert_eq!(reason(&settings, &away(&kept), at(2)), Reason::Degraded);
    assert_eq!(reason(&settings, &away(&kept), at(8)), Reason::ProofOver, "eight hours after the proof");
    assert_eq!(reason(&settings, &facts(kept.clone()), at(2)), Reason::ProofOver, "the IdP is there: ask it");
    assert_eq!(reason(&settings, &away(&session(Renewal::Background)), at(2)), Reason::ProofOver);

    let custom = Settings { custom_duration: true, max_length: 2 * HOUR, ..Settings::default() };
    assert_eq!(
        reason(&custom, &away(&kept), at(2)),
        Reason::Ended(EndReason::MaxLength),
        "never past the end"
    );
    kept.failed_check =
        Some(FailedCheck { at: START.plus(HOUR), why: CheckFailure::TokenSpent, attempts: 1 });
    assert_eq!(reason(&settings, &away(&kept), at(2)), Reason::RenewalDue, "the browser can ask the IdP");
}

#[test]
fn c10_whoever_leaves_the_device_alone_comes_back_with_credentials() {
    let settings =
        Settings { custom_inactivity: true, inactivity_timeout: 10 * MINUTE, ..Settings::default() };
    let used = Facts { last_activity: START.plus(5 * MINUTE), ..facts(session(Renewal::Background)) };
    assert!(allows(&settings, &used, START.plus(15 * MINUTE).minus(Duration::from_millis(1))));
    let left = decide(&settings, &used, START.plus(15 * MINUTE));
    assert_eq!(left.reason, Reason::Ended(EndReason::Inactive));
    assert!(matches!(left.verdict, Verdict::SignIn(Credentials::Fresh)));
    assert!(allows(&Settings::default(), &used, START.plus(50 * MINUTE)), "off unless the operator wants it");
}

#[test]
fn a3_another_browser_is_refused_unless_the_binding_is_switched_off() {
    let bound = Settings::default();
    let unbound = Settings { nonce_cookie: false, ..Settings::default() };
    for (browser, expected) in
        [(Browser::Other, Reason::BrowserMismatch), (Browser::Unknown, Reason::BrowserUnknown)]
    {
        let facts = Facts { browser, ..facts(session(Renewal::Background)) };
        assert_eq!(reason(&bound, &facts, START), expected);
        assert!(allows(&unbound, &facts, START));
    }
}

#[test]
fn every_reason_code_is_its_own() {
    let mut codes: Vec<_> = EndReason::ALL.iter().map(|end| Reason::Ended(*end).code()).collect();
    for reason in [
        Reason::Proved,
        Reason::Degraded,
        Reason::NoSession,
        Reason::BrowserUnknown,
        Reason::BrowserMismatch,
        Reason::InteractionRequired,
        Reason::ProofOver,
        Reason::Dormant,
        Reason::RenewalDue,
    ] {
        codes.push(reason.code());
    }
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}

// === properties ===

fn any_settings() -> impl Strategy<Value = Settings> {
    let inactivity = (any::<bool>(), 5u64..=1440);
    (any::<bool>(), 60u64..=1440, any::<bool>(), 1u64..=2160, 5u64..=1440, 0u64..=24, 1u64..=720, inactivity)
        .prop_map(
            |(
                custom_duration,
                max,
                nonce_cookie,
                lifetime,
                pci,
                grace,
                dormant,
                (custom_inactivity, inactivity),
            )| Settings {
                custom_inactivity,
                inactivity_timeout: inactivity as u32 * MINUTE,
                custom_duration,
                max_length: max as u32 * MINUTE,
                nonce_cookie,
                lifetime: lifetime as u32 * HOUR,
                policy_check_interval: pci as u32 * MINUTE,
                outage_grace: grace as u32 * HOUR,
                dormant_after: dormant as u32 * HOUR,
                ..Settings::default()
            },
        )
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let browser = prop::sample::select(vec![Browser::Same, Browser::Other, Browser::Unknown]);
    let failed = prop::option::of(prop::sample::select(vec![
        CheckFailure::InteractionRequired,
        CheckFailure::Unreachable,
        CheckFailure::OurFault,
    ]));
    let idp = (any::<bool>(), any::<bool>());
    (0u8..4, any::<bool>(), 0u64..200_000, 1u64..90_000, 0u64..200_000, browser, failed, idp).prop_map(
        |(standing, background, proved, span, active, browser, failed, (kept_signed_in, idp_is_away))| {
            let mut session = session(if background { Renewal::Background } else { Renewal::Browser });
            let proved_at = START.plus(Duration::from_secs(proved));
            session.proof = Proof { proved_at, until: proved_at.plus(Duration::from_secs(span)) };
            session.kept_signed_in = kept_signed_in;
            session.failed_check = failed.map(|why| FailedCheck { at: proved_at, why, attempts: 1 });
            let standing = match standing {
                0 => Standing::Absent,
                1 => Standing::Ended(Tombstone { reason: EndReason::Revoked, at: START, remark: None }),
                _ => Standing::Live(Arc::new(session)),
            };
            let last_activity = START.plus(Duration::from_secs(active));
            Facts { standing, browser, last_activity, idp_is_away }
        },
    )
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    (0u64..10_000_000).prop_map(|secs| START.plus(Duration::from_secs(secs)))
}

proptest! {
    #[test]
    fn no_facts_make_an_ended_or_unknown_session_allowed(settings in any_settings(), facts in any_facts(), now in any_instant()) {
        if !matches!(facts.standing, Standing::Live(_)) {
            prop_assert!(!allows(&settings, &facts, now));
        }
    }

    #[test]
    fn pci_02_nobody_is_allowed_with_a_proof_that_is_over_but_those_who_are_kept_signed_in_and_only_in_an_outage(
        settings in any_settings(), facts in any_facts(), now in any_instant(),
    ) {
        if let (Verdict::Allow(permit), Standing::Live(session)) = (decide(&settings, &facts, now).verdict, &facts.standing) {
            prop_assert_eq!(permit.session(), session.as_ref());
            if schedule::proof_until(&settings, session) <= now {
                prop_assert_eq!(permit.reason(), Reason::Degraded);
                prop_assert!(session.kept_signed_in && (facts.idp_is_away || session.failed_check.is_some()));
                prop_assert!(now < session.proof.proved_at.plus(settings.outage_grace));
            }
        }
    }

    #[test]
    fn the_verdict_changes_only_at_the_instants_it_announced(
        settings in any_settings(), facts in any_facts(), now in any_instant(), ahead in 0u64..400_000,
    ) {
        let decision = decide(&settings, &facts, now);
        let later = now.plus(Duration::from_secs(ahead));
        if decision.changes_at.is_none_or(|at| later < at) {
            prop_assert_eq!(decision.reason, reason(&settings, &facts, later));
        }
    }

    #[test]
    fn a_stricter_setting_never_ends_later(settings in any_settings(), facts in any_facts(), now in any_instant(), cut in 0.1f64..1.0) {
        let stricter = Settings {
            max_length: settings.max_length.mul_f64(cut),
            lifetime: settings.lifetime.mul_f64(cut),
            outage_grace: settings.outage_grace.mul_f64(cut),
            custom_inactivity: true,
            inactivity_timeout: settings.inactivity_timeout.mul_f64(if settings.custom_inactivity { cut } else { 1.0 }),
            dormant_after: settings.dormant_after.mul_f64(cut),
            nonce_cookie: true,
            policy_check_interval: settings.policy_check_interval.mul_f64(cut),
            ..settings.clone()
        };
        prop_assert!(!allows(&stricter, &facts, now) || allows(&settings, &facts, now));
    }

    #[test]
    fn once_refused_time_alone_never_allows_again(settings in any_settings(), facts in any_facts(), now in any_instant(), ahead in 0u64..400_000) {
        if !allows(&settings, &facts, now) {
            prop_assert!(!allows(&settings, &facts, now.plus(Duration::from_secs(ahead))));
        }
    }

    #[test]
    fn h1_checks_fall_due_between_60_and_75_percent_of_the_interval_and_before_two_thirds_of_the_refresh_token(
        settings in any_settings(), jitter in 0.0f64..1.0, idp in prop::option::of(60u64..100_000), token in prop::option::of(60u64..100_000),
    ) {
        let settings = Settings { custom_duration: false, ..settings };
        let mut session = session(Renewal::Background);
        session.proof = schedule::proof(&settings, Renewal::Background, START, idp.map(Duration::from_secs), START);
        let span = session.proof.until.since(START);
        prop_assert!(span <= settings.policy_check_interval, "an IdP's claim never lengthens");
        let token = token.map(|secs| START.plus(Duration::from_secs(secs)));
        let due = schedule::next_due(&settings, &session, token, jitter).since(START);
        prop_assert!(due <= span.mul_f64(0.751));
        match token {
            None => prop_assert!(due >= span.mul_f64(0.599)),
            Some(ends) => prop_assert!(due <= ends.since(START).mul_f64(0.667)),
        }
    }
}
