//! What may never be seen in a history, whatever happened to the world.

use crate::history::{Answer, Audited, Event, Trial, What};
use crate::idp::Profile;

/// So long after an acknowledged revocation a request that begins may still be let pass.
const REVOKED_WITHIN: u64 = 1000;

/// An IdP that wants to see the person says so by this error, and the gateway by this reason.
const ASK_THE_PERSON: &str = "interaction_required";

/// What the rules need to know of the world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The policy check interval, in milliseconds.
    pub(crate) proof: u64,
    /// Were nodes paused for longer than a claim lasts? Then, and only then, can a node that wakes up show a refresh token
    /// that another one has spent meanwhile.
    pub(crate) long_pauses: bool,
}

/// A rule, as it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// A request that began after an acknowledged revocation or sign-out was let pass.
    ServedAfterTheEnd,
    /// A request was let pass longer after the IdP's "no" than a proof counts.
    ServedAfterTheProof,
    /// Somebody without a session, or somebody else, was let pass.
    WrongPerson,
    /// The IdP was shown a refresh token that it had replaced.
    TokenShownTwice,
    /// A session ended, and nobody had said no.
    EndedWithoutANo,
    /// An answer other than to a sign-out took the cookie away.
    CookieCleared,
    /// Credentials were asked for although the IdP knew the person.
    CredentialsAsked,
    /// The browser was sent to an IdP whose refresh tokens cannot be lost.
    SentAwayForNothing,
    /// An answer that is none of those that there are, or a 503 without `Retry-After`.
    StrangeAnswer,
    /// The app was never reached again.
    NeverReached,
}

/// All violations of a trial, with what broke the rule.
pub(crate) fn judge(trial: &Trial, limits: Limits) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    if trial.reuses > 0 && !limits.long_pauses {
        found.push((Rule::TokenShownTwice, format!("{} times", trial.reuses)));
    }
    for audited in &trial.audit {
        let explained = match audited {
            Audited::Ended(reason) => is_explained(trial, reason, None, u64::MAX),
            Audited::Alarm(_) => false,
        };
        if !explained {
            found.push((Rule::EndedWithoutANo, format!("{audited:?}")));
        }
    }
    let events = trial.events.iter();
    found.extend(events.filter_map(|event| Some((broken(trial, event, limits)?, format!("{event:?}")))));
    found
}

fn broken(trial: &Trial, event: &Event, limits: Limits) -> Option<Rule> {
    match &event.what {
        What::Answer(answer) => broken_by_answer(trial, event, answer, limits),
        What::CookieCleared => Some(Rule::CookieCleared),
        What::CredentialsAsked => {
            let excuse = |other: &Event| {
                matches!(other.what, What::SignOut { .. } | What::Disabled) && other.begun <= event.ended
            };
            (!trial.events.iter().any(excuse)).then_some(Rule::CredentialsAsked)
        }
        What::Page(500) => Some(Rule::StrangeAnswer),
        What::Finally { reached: false } => Some(Rule::NeverReached),
        _ => None,
    }
}

fn broken_by_answer(trial: &Trial, event: &Event, answer: &Answer, limits: Limits) -> Option<Rule> {
    match answer {
        Answer::Allowed(user) if *user != trial.user || event.session.is_none() => Some(Rule::WrongPerson),
        Answer::Allowed(_) if trial.events.iter().any(|no| is_over(trial, event, no)) => {
            Some(Rule::ServedAfterTheEnd)
        }
        Answer::Allowed(_) => {
            let long_ago = |no: &Event| no.what == What::Disabled && event.begun > no.ended + limits.proof;
            trial.events.iter().any(long_ago).then_some(Rule::ServedAfterTheProof)
        }
        Answer::SignIn(Some(reason)) if event.session.is_some() => match reason.as_str() {
            // A "no" that comes after a lost answer is the IdP's to say, to the browser.
            "checking" | "renewal_due"
                if trial.profile == Profile::None
                    && !is_explained(trial, "idp_refused", None, event.ended) =>
            {
                Some(Rule::SentAwayForNothing)
            }
            // The way to a new proof, without a question; counted, not forbidden.
            "checking" | "renewal_due" => None,
            reason => {
                (!is_explained(trial, reason, event.session, event.ended)).then_some(Rule::EndedWithoutANo)
            }
        },
        Answer::Unknown { retry_after: false, .. } | Answer::Strange(_) => Some(Rule::StrangeAnswer),
        Answer::SignIn(_) | Answer::Checking | Answer::Unknown { .. } => None,
    }
}

/// Was the session of this request ended by that event, for long enough?
fn is_over(trial: &Trial, event: &Event, no: &Event) -> bool {
    let is_meant = match no.what {
        What::RevokeSession { acknowledged: true } | What::SignOut { acknowledged: true } => {
            no.session == event.session
        }
        What::RevokeUser { acknowledged: true } => {
            sign_in_begun(trial, event).is_some_and(|begun| begun < no.begun)
        }
        _ => false,
    };
    is_meant && event.begun > no.ended + REVOKED_WITHIN
}

/// By when the sign-in had begun that made the session of this request.
fn sign_in_begun(trial: &Trial, event: &Event) -> Option<u64> {
    trial.events.iter().find_map(|other| match other.what {
        What::Callback { sign_in_begun, got } if got.is_some() && got == event.session => Some(sign_in_begun),
        _ => None,
    })
}

/// Did somebody do what the reason says, at the session or at all of them, before that instant? What was not acknowledged
/// may have been done all the same.
fn is_explained(trial: &Trial, reason: &str, session: Option<u32>, before: u64) -> bool {
    trial.events.iter().filter(|event| event.begun <= before).any(|event| {
        let is_its_own = session.is_none() || event.session == session;
        match &event.what {
            What::SignOut { .. } => reason == "signed_out",
            What::RevokeSession { .. } => reason == "revoked" && is_its_own,
            What::RevokeUser { .. } => reason == "revoked",
            What::Disabled => reason == "idp_refused",
            What::Callback { .. } => reason == "replaced" && is_its_own,
            What::Misfortune(what) => reason == ASK_THE_PERSON && what.contains(ASK_THE_PERSON),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Generation;

    const LIMITS: Limits = Limits { proof: 6000, long_pauses: false };

    fn event(begun: u64, session: Option<Generation>, what: What) -> Event {
        Event { begun, ended: begun + 10, node: Some(0), session, what }
    }

    fn allowed(begun: u64, session: Generation) -> Event {
        event(begun, Some(session), What::Answer(Answer::Allowed("u1".into())))
    }

    fn sent_to_sign_in(begun: u64, session: Generation, reason: &str) -> Event {
        event(begun, Some(session), What::Answer(Answer::SignIn(Some(reason.into()))))
    }

    fn signed_in(begun: u64, before: Option<Generation>, got: Generation) -> Event {
        event(begun, before, What::Callback { sign_in_begun: begun, got: Some(got) })
    }

    fn trial(profile: Profile, events: Vec<Event>) -> Trial {
        Trial { number: 7, user: "u1".into(), profile, events, audit: Vec::new(), reuses: 0 }
    }

    fn broken_rules(trial: &Trial) -> Vec<Rule> {
        judge(trial, LIMITS).into_iter().map(|(rule, _)| rule).collect()
    }

    /// A history that breaks a rule, and one like it that does not.
    fn tells_apart(rule: Rule, bad: Vec<Event>, good: Vec<Event>) {
        assert_eq!(broken_rules(&trial(Profile::Strict, bad)), [rule]);
        assert_eq!(broken_rules(&trial(Profile::Strict, good)), []);
    }

    #[test]
    fn an_ordinary_life_breaks_nothing() {
        let mut life = trial(
            Profile::Grace,
            vec![
                event(0, None, What::Answer(Answer::SignIn(None))),
                signed_in(100, None, 1),
                allowed(200, 1),
                event(300, Some(1), What::NoAnswer),
                event(
                    400,
                    Some(1),
                    What::Answer(Answer::Unknown { reason: "store".into(), retry_after: true }),
                ),
                sent_to_sign_in(500, 1, "checking"),
                signed_in(600, Some(1), 2),
                sent_to_sign_in(700, 1, "replaced"),
                allowed(800, 2),
                event(900, Some(2), What::RevokeUser { acknowledged: true }),
                sent_to_sign_in(1000, 2, "revoked"),
                signed_in(2000, Some(2), 3),
                allowed(3000, 3),
                event(3500, Some(3), What::Disabled),
                allowed(9000, 3),
                sent_to_sign_in(9600, 3, "idp_refused"),
            ],
        );
        life.audit =
            ["replaced", "revoked", "idp_refused"].map(|reason| Audited::Ended(reason.into())).into();
        assert_eq!(broken_rules(&life), []);
    }

    #[test]
    fn a_request_after_a_revocation_or_a_sign_out_is_found() {
        for what in [What::RevokeSession { acknowledged: true }, What::SignOut { acknowledged: true }] {
            let no = event(0, Some(1), what);
            tells_apart(
                Rule::ServedAfterTheEnd,
                vec![no.clone(), allowed(1011, 1)],
                vec![no, allowed(1010, 1)],
            );
        }
        let lost = event(0, Some(1), What::RevokeSession { acknowledged: false });
        assert_eq!(broken_rules(&trial(Profile::None, vec![lost, allowed(5000, 1)])), []);
    }

    #[test]
    fn a_session_of_before_the_users_revocation_is_found_and_one_of_after_is_not() {
        let revoked = event(1000, Some(1), What::RevokeUser { acknowledged: true });
        tells_apart(
            Rule::ServedAfterTheEnd,
            vec![signed_in(0, None, 1), revoked.clone(), allowed(5000, 1)],
            vec![signed_in(0, None, 1), revoked, signed_in(2000, Some(1), 2), allowed(5000, 2)],
        );
    }

    #[test]
    fn a_request_after_the_last_proof_of_a_disabled_user_is_found() {
        let no = event(0, None, What::Disabled);
        tells_apart(
            Rule::ServedAfterTheProof,
            vec![no.clone(), allowed(6011, 1)],
            vec![no, allowed(6010, 1)],
        );
    }

    #[test]
    fn somebody_else_and_nobody_are_found() {
        let other = event(0, Some(1), What::Answer(Answer::Allowed("u2".into())));
        tells_apart(Rule::WrongPerson, vec![other], vec![allowed(0, 1)]);
        let nobody = event(0, None, What::Answer(Answer::Allowed("u1".into())));
        tells_apart(Rule::WrongPerson, vec![nobody], vec![]);
    }

    #[test]
    fn a_refresh_token_that_was_shown_twice_is_found() {
        let twice = Trial { reuses: 1, ..trial(Profile::Strict, vec![]) };
        assert_eq!(broken_rules(&twice), [Rule::TokenShownTwice]);
        assert!(judge(&twice, Limits { long_pauses: true, ..LIMITS }).is_empty());
    }

    #[test]
    fn an_end_that_nobody_wanted_is_found() {
        for (reason, what) in [
            ("idp_refused", What::Disabled),
            ("revoked", What::RevokeSession { acknowledged: false }),
            ("revoked", What::RevokeUser { acknowledged: false }),
            ("signed_out", What::SignOut { acknowledged: false }),
            ("replaced", What::Callback { sign_in_begun: 0, got: None }),
            ("interaction_required", What::Misfortune("error interaction_required".into())),
        ] {
            let end = sent_to_sign_in(100, 1, reason);
            let no = event(50, Some(1), what);
            tells_apart(Rule::EndedWithoutANo, vec![end.clone()], vec![no.clone(), end.clone()]);
            let too_late = Event { begun: 200, ..no };
            assert_eq!(broken_rules(&trial(Profile::None, vec![end, too_late])), [Rule::EndedWithoutANo]);
        }
        for reason in ["no_session", "lifetime", "interaction_required", "browser_mismatch"] {
            let end = sent_to_sign_in(0, 1, reason);
            assert_eq!(broken_rules(&trial(Profile::None, vec![end])), [Rule::EndedWithoutANo]);
        }
        let of_another = event(0, Some(2), What::RevokeSession { acknowledged: true });
        let end = sent_to_sign_in(100, 1, "revoked");
        assert_eq!(broken_rules(&trial(Profile::None, vec![of_another, end])), [Rule::EndedWithoutANo]);
    }

    #[test]
    fn an_end_that_only_the_audit_log_tells_is_found() {
        let of = |audit, events| Trial { audit: vec![audit], ..trial(Profile::Strict, events) };
        let refused = || Audited::Ended("idp_refused".into());
        assert_eq!(broken_rules(&of(refused(), vec![])), [Rule::EndedWithoutANo]);
        assert_eq!(broken_rules(&of(refused(), vec![event(0, None, What::Disabled)])), []);
        let alarm = Audited::Alarm("user_mismatch".into());
        assert_eq!(broken_rules(&of(alarm, vec![])), [Rule::EndedWithoutANo]);
    }

    #[test]
    fn a_cookie_that_was_taken_away_is_found() {
        tells_apart(
            Rule::CookieCleared,
            vec![event(0, Some(1), What::CookieCleared)],
            vec![event(0, Some(1), What::SignOut { acknowledged: true })],
        );
    }

    #[test]
    fn a_question_for_credentials_is_found() {
        let asked = event(100, Some(1), What::CredentialsAsked);
        let signed_out = event(0, Some(1), What::SignOut { acknowledged: true });
        tells_apart(Rule::CredentialsAsked, vec![asked.clone()], vec![signed_out, asked]);
    }

    #[test]
    fn a_redirect_is_found_where_no_refresh_token_can_be_lost() {
        let redirect = || vec![sent_to_sign_in(0, 1, "checking")];
        assert_eq!(broken_rules(&trial(Profile::None, redirect())), [Rule::SentAwayForNothing]);
        assert_eq!(broken_rules(&trial(Profile::Strict, redirect())), []);
        let disabled = || vec![event(0, None, What::Disabled)];
        assert_eq!(broken_rules(&trial(Profile::None, [disabled(), redirect()].concat())), []);
    }

    #[test]
    fn answers_that_there_are_not_are_found() {
        let unknown = |retry_after| What::Answer(Answer::Unknown { reason: "store".into(), retry_after });
        tells_apart(
            Rule::StrangeAnswer,
            vec![event(0, Some(1), unknown(false))],
            vec![event(0, Some(1), unknown(true))],
        );
        let strange = event(0, Some(1), What::Answer(Answer::Strange("404".into())));
        tells_apart(Rule::StrangeAnswer, vec![strange], vec![]);
        tells_apart(
            Rule::StrangeAnswer,
            vec![event(0, None, What::Page(500))],
            vec![event(0, None, What::Page(503))],
        );
    }

    #[test]
    fn a_person_who_never_gets_back_is_found() {
        let last = |reached| vec![event(0, Some(1), What::Finally { reached })];
        tells_apart(Rule::NeverReached, last(false), last(true));
    }
}
