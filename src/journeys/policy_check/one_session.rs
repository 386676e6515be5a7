//! The policy check of one session that is ours for the time of a lease.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use super::LEASE;
use super::outcome::{CheckOutcome, Occasion};
use crate::journeys::{Services, activity, audit};
use crate::oidc::id_token::IdTokenError;
use crate::oidc::token::{TokenError, TokenResponse};
use crate::policy::environment::Environment;
use crate::policy::exemption::exempt_somebody;
use crate::policy::settings::Settings;
use crate::policy::{rules, schedule};
use crate::provider::breaker::Pass;
use crate::provider::settings::Rotation;
use crate::provider::{Granted, OidcProvider, Proved, Provider, ProviderError};
use crate::random;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::StoredId;
use crate::session::identity::Identity;
use crate::session::tokens::Tokens;
use crate::session::{CheckFailure, FailedCheck, Renewal, Session};
use crate::store::sessions::Found;
use crate::store::{Claimed, Completion, Fence, Replaced, StoreError, Version};
use crate::time::Timestamp;

/// A claim is renewed this often while something slow is under way.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// While the store is away, rotated tokens are kept in memory for this long…
const KEEP_TOKENS: Duration = Duration::from_secs(600);
/// …and offered to it this often: before another node, to which the session looks due, shows the old one again.
const OFFER_EVERY: Duration = Duration::from_millis(100);

/// One session under a claim of ours.
pub(super) struct Check<'a> {
    pub(super) services: &'a Services,
    pub(super) id: StoredId,
    pub(super) version: Version,
    pub(super) session: Arc<Session>,
    pub(super) environment: &'a Environment,
    pub(super) provider: &'a Provider,
    /// Leave to ask the IdP once.
    pub(super) pass: &'a Pass,
}

impl Check<'_> {
    pub(super) async fn run(
        &self,
        fence: Fence,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        let settings = &self.settings();
        // Whoever is visited is in use: when they were last matters only if that is what ended first.
        let is_over = rules::end_of(settings, &self.session).is_some_and(|(at, _)| at <= now);
        let last_activity = if is_over || occasion == Occasion::Due {
            Some(activity::last_used(self.services, settings, self.id, &self.session, now).await?)
        } else {
            None
        };
        if let Some(used) = last_activity
            && let Some((_, reason)) = rules::ended(settings, used, &self.session, now)
        {
            return self.end(reason, None, now).await;
        }
        if self.services.sessions.is_revoked(&self.session).await? {
            return self.end(EndReason::Revoked, None, now).await;
        }
        if self.session.renewal == Renewal::Browser {
            return self.give_back(fence, schedule::next_due(settings, &self.session, None, 0.0)).await;
        }
        if let Occasion::Visit { proved_at } = occasion
            && self.session.proof.proved_at > proved_at
        {
            // Somebody else was here between the look and the claim: what they brought will do.
            self.give_back(fence, self.session.next_check).await?;
            return Ok(CheckOutcome::Elsewhere);
        }
        if let Some(last_activity) = last_activity {
            let forgotten_from = schedule::forgotten_from(last_activity);
            if forgotten_from <= now {
                return self.end(EndReason::Forgotten, None, now).await;
            }
            if schedule::dormant_from(settings, last_activity) <= now {
                return self.give_back(fence, forgotten_from).await;
            }
        }
        self.ask(fence, now).await
    }

    fn settings(&self) -> Settings {
        let exempt = exempt_somebody(&self.environment.exemptions);
        self.services.settings_of(self.environment, &self.session).exempting(exempt)
    }

    /// The IdP is asked. The lease is renewed meanwhile; the fence that stands at the end is the one that counts.
    async fn ask(&self, fence: Fence, now: Timestamp) -> Result<CheckOutcome, StoreError> {
        let Some((seen, before)) = self.services.sessions.tokens(self.id).await? else {
            // They went with the session, and this writes nothing; or they were lost, and the browser renews (RDS-12).
            return self.failed(fence, CheckFailure::TokenSpent, now).await;
        };
        let Some(refresh_token) = before.refresh_token.clone() else {
            return self.failed(fence, CheckFailure::TokenSpent, now).await;
        };
        let gave = |provider: &&OidcProvider| provider.has_given(&before, &self.session.identity.issuer);
        let Some(provider) = self.provider.oidc().filter(gave) else {
            return self.failed(fence, CheckFailure::TokenSpent, now).await;
        };
        if before.unanswered_since.is_some_and(|since| !may_send_again(provider, &before, since, now)) {
            return self.failed(fence, CheckFailure::TokenSpent, now).await;
        }
        // Written before it is sent: whoever finds this mark later knows that the token may be spent (RACE-06, RACE-07).
        let asking =
            Tokens { unanswered_since: Some(before.unanswered_since.unwrap_or(now)), ..before.clone() };
        let Some(seen) = self.write_tokens(seen, &asking, now).await? else {
            return Ok(CheckOutcome::Elsewhere);
        };
        let (answer, fence) = self.hold(fence, provider.refresh(&refresh_token, now)).await;
        self.tell_the_breaker(&answer);
        match answer {
            Ok((granted, response)) => {
                // Before anything else: a rotated refresh token that is lost cannot be had again.
                let tokens = answered(before, granted, &refresh_token);
                let (written, fence) = self.hold(fence, self.keep_tokens(seen, &tokens, now)).await;
                match written? {
                    Replaced::Done(_) => self.judge(provider, fence, &tokens, &response, now).await,
                    Replaced::Conflict => Ok(CheckOutcome::Elsewhere),
                    Replaced::Ended => self.take_back(tokens).await,
                }
            }
            Err(ProviderError::Token(TokenError::InvalidGrant)) => {
                self.refused(provider, fence, seen, before, now).await
            }
            Err(error) => {
                if !may_have_spent(&error) {
                    self.write_tokens(seen, &before, now).await?;
                }
                self.log_failure(&error);
                self.failed(fence, why(&error), now).await
            }
        }
    }

    /// The IdP says `invalid_grant`. Only a "no" to the newest refresh token counts (RACE-09), and only if no earlier
    /// attempt of ours can have spent it.
    async fn refused(
        &self,
        provider: &OidcProvider,
        fence: Fence,
        seen: Version,
        tokens: Tokens,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        match self.services.sessions.tokens(self.id).await? {
            Some((version, _)) if version != seen => self.give_back(fence, now).await,
            None => Ok(CheckOutcome::Elsewhere),
            // What was seen of an IdP is no promise: it may rotate now and then, with that very answer.
            Some(_)
                if tokens.unanswered_since.is_none() || provider.settings().rotation == Rotation::None =>
            {
                self.end(EndReason::IdpRefused, Some("invalid_grant".into()), now).await
            }
            Some(_) => {
                let spent = Tokens { refresh_token: None, ..tokens };
                self.write_tokens(seen, &spent, now).await?;
                self.failed(fence, CheckFailure::TokenSpent, now).await
            }
        }
    }

    fn tell_the_breaker<T>(&self, answer: &Result<T, ProviderError>) {
        match answer {
            Ok(_)
            | Err(ProviderError::Token(
                TokenError::InvalidGrant | TokenError::InteractionRequired(_) | TokenError::OurFault(_),
            )) => self.pass.answered(),
            Err(ProviderError::Token(TokenError::TryLater { retry_after, .. })) => {
                self.pass.was_met_with_silence(Some(self.id), *retry_after, self.services.now());
            }
            Err(_) => self.pass.was_met_with_silence(Some(self.id), None, self.services.now()),
        }
    }

    /// Writes what the IdP gave. A store that is away is waited for: nobody else has it.
    async fn keep_tokens(
        &self,
        seen: Version,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let until = Instant::now() + KEEP_TOKENS;
        loop {
            match self.services.sessions.replace_tokens(self.id, seen, tokens, now).await {
                Err(StoreError::Unavailable { .. }) if Instant::now() < until => sleep(OFFER_EVERY).await,
                // A conflict may be our own earlier offer, whose answer was lost; whoever checks next has it.
                written => return written,
            }
        }
    }

    /// The session ended while the IdP was being asked: nobody will use what it gave (RACE-10).
    async fn take_back(&self, tokens: Tokens) -> Result<CheckOutcome, StoreError> {
        if let Found::Ended(tombstone) = self.services.sessions.find(self.id).await?
            && tombstone.reason.revokes_tokens()
            && let Some(fresh) = tokens.refresh_token
        {
            self.services.revoke_at_idp(&self.session.identity.provider, fresh);
        }
        Ok(CheckOutcome::Elsewhere)
    }

    /// Writes the tokens; `None` where somebody else did, or the session has ended.
    async fn write_tokens(
        &self,
        seen: Version,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<Option<Version>, StoreError> {
        Ok(match self.services.sessions.replace_tokens(self.id, seen, tokens, now).await? {
            Replaced::Done(version) => Some(version),
            Replaced::Conflict | Replaced::Ended => None,
        })
    }

    /// Does the answer name the user whom access was granted to? (row H7)
    async fn judge(
        &self,
        provider: &OidcProvider,
        fence: Fence,
        tokens: &Tokens,
        response: &TokenResponse,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        let known = &self.session.identity;
        let heard_at = self.services.now().max(now);
        let (judged, fence) =
            self.hold(fence, provider.prove_refreshed(response, &tokens.nonce, known, heard_at)).await;
        match judged {
            Ok(proved) if proved.identity.is_same_person_as(known) => {
                self.confirmed(fence, tokens, proved, now).await
            }
            Ok(_)
            | Err(
                ProviderError::OtherUser(_)
                | ProviderError::IdToken(IdTokenError::Issuer | IdTokenError::Audience | IdTokenError::Nonce),
            ) => {
                audit::alarm(self.id, &self.session, EndReason::UserMismatch.code());
                self.end(EndReason::UserMismatch, None, now).await
            }
            Err(error) => {
                self.log_failure(&error);
                self.failed(fence, why(&error), now).await
            }
        }
    }

    async fn confirmed(
        &self,
        fence: Fence,
        tokens: &Tokens,
        proved: Proved,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        let settings = &self.settings();
        // The IdP decided as it issued the token: after it was asked, before it was heard, whatever its clock shows.
        let heard_at = self.services.now().max(now);
        let proved_at = proved.asserted_at.clamp(now, heard_at);
        let interval = proved.idp_interval;
        let proof = schedule::proof(settings, Renewal::Background, proved_at, interval, proved.token_ends);
        if proof.until <= heard_at {
            tracing::warn!(
                session = %self.id, provider = %self.session.identity.provider,
                "policy_check_too_late: the answer took longer than it counts"
            );
            return self.failed(fence, CheckFailure::Unreachable, heard_at).await;
        }
        let mut session = Session {
            proof,
            denied: self.environment.access.judge(&proved.identity, &proved.claims).err(),
            identity: Identity {
                // Many IdPs leave `sid` out of a refreshed ID token. It is the one that the index has, and a sign-out
                // finds the session by.
                idp_session: self.session.identity.idp_session.clone(),
                // Nobody entered credentials: whatever a refreshed token says, this stays (Core section 12.2, PCI-09).
                authenticated_at: self.session.identity.authenticated_at,
                ..proved.identity
            },
            failed_check: None,
            ..self.session.as_ref().clone()
        };
        session.next_check =
            schedule::next_due(settings, &session, tokens.refresh_token_until, random::fraction());
        let outcome = self.write(fence, &session, CheckOutcome::Confirmed, now).await?;
        if outcome == CheckOutcome::Elsewhere {
            self.hand_over().await?;
        }
        Ok(outcome)
    }

    /// The claim was lost while the IdP took its time, but the tokens are stored: whoever took over may have given up for
    /// want of them, or be about to, and is to look again.
    async fn hand_over(&self) -> Result<(), StoreError> {
        let store = self.services.sessions.store();
        let until = Instant::now() + LEASE;
        loop {
            let now = self.services.now();
            match store.claim(self.id, now, LEASE).await? {
                Claimed::Ours(fence) => {
                    store.complete(self.id, Completion { fence, next_due: now }).await?;
                    return Ok(());
                }
                Claimed::Busy(_) if Instant::now() < until => sleep(OFFER_EVERY).await,
                Claimed::Busy(_) | Claimed::Absent => return Ok(()),
            }
        }
    }

    /// Nobody said no: the session is kept as it is, and asked about again soon.
    async fn failed(
        &self,
        fence: Fence,
        why: CheckFailure,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        let attempts = self.session.failed_check.map_or(0, |check| check.attempts).saturating_add(1);
        let next_check = match why {
            // Nothing left to ask with: it comes up again when it ends or is to be forgotten.
            CheckFailure::TokenSpent => rules::end_of(&self.settings(), &self.session)
                .map_or(schedule::forgotten_from(now), |(end, _)| end),
            _ => schedule::retry(now, attempts, random::fraction()),
        };
        let session = Session {
            failed_check: Some(FailedCheck { at: now, why, attempts }),
            next_check,
            ..self.session.as_ref().clone()
        };
        self.write(fence, &session, why.into(), now).await
    }

    fn log_failure(&self, error: &ProviderError) {
        tracing::warn!(
            session = %self.id, provider = %self.session.identity.provider, %error, "policy_check_without_answer"
        );
    }

    async fn write(
        &self,
        fence: Fence,
        session: &Session,
        outcome: CheckOutcome,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        let completion = Completion { fence, next_due: session.next_check };
        let sessions = &self.services.sessions;
        Ok(match sessions.replace(self.id, self.version, session, Some(completion), now).await? {
            Replaced::Done(_) => outcome,
            Replaced::Conflict | Replaced::Ended => CheckOutcome::Elsewhere,
        })
    }

    async fn give_back(&self, fence: Fence, next_due: Timestamp) -> Result<CheckOutcome, StoreError> {
        self.services.sessions.store().complete(self.id, Completion { fence, next_due }).await?;
        Ok(CheckOutcome::NotAsked)
    }

    async fn end(
        &self,
        reason: EndReason,
        remark: Option<String>,
        now: Timestamp,
    ) -> Result<CheckOutcome, StoreError> {
        let tombstone = Tombstone { reason, at: now, remark };
        self.services.end_session(self.id, &self.session, &tombstone).await?;
        Ok(CheckOutcome::Ended(reason))
    }

    /// Runs `work` to its end, renewing the claim beside it. A claim that was lost stays lost; the fence then makes every
    /// later write of ours miss.
    async fn hold<T>(&self, mut fence: Fence, work: impl Future<Output = T>) -> (T, Fence) {
        tokio::pin!(work);
        let mut tick = tokio::time::interval(RENEW_EVERY);
        tick.tick().await; // the first tick is at once
        loop {
            tokio::select! {
                done = &mut work => return (done, fence),
                _ = tick.tick() => {
                    let renewed = self.services.sessions.store().renew(self.id, fence, self.services.now(), LEASE).await;
                    if let Ok(Some(newer)) = renewed {
                        fence = newer;
                    }
                }
            }
        }
    }
}

/// May a refresh token that was perhaps spent, by a request whose answer was lost, be sent once more (RACE-07)? Where the
/// IdP takes that for theft, the browser renews the proof instead.
fn may_send_again(
    provider: &OidcProvider,
    tokens: &Tokens,
    unanswered_since: Timestamp,
    now: Timestamp,
) -> bool {
    match provider.settings().rotation {
        // Half of it: the request takes its time too, and the IdP counts until that is there.
        Rotation::Grace(grace) => now.since(unanswered_since) < grace / 2,
        Rotation::None => true,
        Rotation::Strict => false,
        Rotation::Auto => {
            let seen = [tokens.rotates, provider.rotates()];
            seen.contains(&Some(false)) && !seen.contains(&Some(true))
        }
    }
}

/// What an error at a check says about the session. There is no "no" among them.
fn why(error: &ProviderError) -> CheckFailure {
    match error {
        ProviderError::Token(TokenError::InteractionRequired(_)) => CheckFailure::InteractionRequired,
        ProviderError::Token(TokenError::OurFault(_))
        | ProviderError::Misconfigured(_)
        | ProviderError::TestIdp { .. }
        | ProviderError::NoIdToken => CheckFailure::OurFault,
        _ => CheckFailure::Unreachable,
    }
}

/// The tokens after an answer: what it grants takes the place of what was.
fn answered(before: Tokens, granted: Granted, spent: &SecretString) -> Tokens {
    Tokens {
        // Once seen, always feared: some rotate only now and then.
        rotates: Some(granted.rotates(spent) || before.rotates == Some(true)),
        refresh_token_until: match granted.refresh_token {
            Some(_) => granted.refresh_token_until,
            None => granted.refresh_token_until.or(before.refresh_token_until),
        },
        refresh_token: granted.refresh_token.or(before.refresh_token),
        id_token: granted.id_token.or(before.id_token),
        unanswered_since: None,
        client_id: before.client_id,
        nonce: before.nonce,
    }
}

/// Can the IdP have acted upon the request? Not where it never got there, or was answered with a plain refusal.
fn may_have_spent(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Token(TokenError::Unavailable(_)))
}
