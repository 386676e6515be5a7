//! Grants: what a person allowed a client, from the code to the last refresh (RFC 6749 sections 4.1, 6 and 10.4).
//!
//! A grant is one record. Its code, its refresh tokens and its access tokens are made from its id
//! ([`bearer`](super::bearer)), so taking the record away revokes all of them at once, and all that is to be
//! remembered of a rotated refresh token is which generation counts.
//!
//! Every change happens inside one call, after the caller's `mint` succeeded: what fails spends nothing.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::bearer::{BearerKey, GrantId, Kind};
use super::error::{ErrorCode, OAuthError};
use super::grant_rules::{Lifetimes, Rotation};
use super::pkce::Challenge;
use crate::time::Timestamp;

/// What a person allowed a client, and how the person was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// To whom.
    pub client_id: String,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// What the one who redeems the code must know.
    pub challenge: Challenge,
    /// What was granted.
    pub scope: Vec<String>,
    /// The client's nonce.
    pub nonce: Option<String>,
    /// Who.
    pub subject: String,
    /// The single sign-on session.
    pub sid: String,
    /// When the person authenticated.
    pub auth_time: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// The code is out.
    Code { expires_at: Timestamp },
    /// The code is spent.
    Tokens { access_until: Timestamp, refresh: Option<Refresh> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refresh {
    generation: u64,
    rotated_at: Timestamp,
    expires_at: Timestamp,
}

/// What a refresh token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Current,
    /// It was replaced just now, and by one that is unused.
    InGrace,
    Replaced,
}

impl Refresh {
    fn standing_of(self, presented: u64, rotation: Rotation, now: Timestamp) -> Standing {
        match (rotation, self.generation.checked_sub(presented)) {
            (_, Some(0)) => Standing::Current,
            (Rotation::Rotate { grace, .. }, Some(1))
                if !grace.is_zero() && now.since(self.rotated_at) <= grace =>
            {
                Standing::InGrace
            }
            _ => Standing::Replaced,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    authorization: Authorization,
    stage: Stage,
}

impl Grant {
    /// Nothing that was handed out for it works any more.
    fn is_over(&self, now: Timestamp) -> bool {
        match &self.stage {
            Stage::Code { expires_at } => now >= *expires_at,
            Stage::Tokens { access_until, refresh } => {
                now >= *access_until && refresh.is_none_or(|refresh| now >= refresh.expires_at)
            }
        }
    }
}

/// What may be handed out, if the caller agrees.
pub struct Issue<'a> {
    /// On what ground.
    pub authorization: &'a Authorization,
    /// The new access token.
    pub access_token: String,
    /// The refresh token that the client must keep from now on; absent where it keeps the one it has, or gets none.
    pub refresh_token: Option<String>,
}

/// A presented authorization code.
pub struct CodeRedemption<'a> {
    /// The code.
    pub code: &'a str,
    /// The authenticated client.
    pub client_id: &'a str,
    /// The redirect URI of the token request.
    pub redirect_uri: &'a str,
    /// The PKCE verifier.
    pub verifier: &'a str,
    /// Whether a refresh token is handed out to a client with the scope `offline_access` (OIDC Core section 11).
    pub may_refresh: bool,
}

/// All grants of an issuer.
pub struct Grants {
    key: BearerKey,
    capacity: usize,
    grants: HashMap<GrantId, Grant>,
    /// Look for what is over when this many are held, so that the looking costs little per grant.
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 1024;

impl Grants {
    /// None yet, and never more than `capacity` at a time.
    #[must_use]
    pub fn new(key: BearerKey, capacity: usize) -> Self {
        Self { key, capacity, grants: HashMap::new(), sweep_at: FIRST_SWEEP }
    }

    /// All records as JSON, for an issuer that outlives its process. There is no token in them.
    ///
    /// # Errors
    ///
    /// When a record cannot be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.grants.iter().collect::<Vec<_>>())
    }

    /// What [`Grants::to_json`] wrote; `key` must be the one of before.
    ///
    /// # Errors
    ///
    /// When the text is not what `to_json` writes.
    pub fn from_json(key: BearerKey, capacity: usize, text: &str) -> serde_json::Result<Self> {
        let records: Vec<(GrantId, Grant)> = serde_json::from_str(text)?;
        Ok(Self { grants: records.into_iter().collect(), ..Self::new(key, capacity) })
    }

    /// A code for what a person has just allowed.
    ///
    /// # Errors
    ///
    /// `temporarily_unavailable` when as many grants are alive as may be.
    pub fn authorize(
        &mut self,
        authorization: Authorization,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Result<String, OAuthError> {
        self.sweep(now);
        if self.grants.len() >= self.capacity {
            return Err(OAuthError::new(ErrorCode::TemporarilyUnavailable, "too many grants are alive"));
        }
        let id = GrantId::new();
        let expires_at = now.plus(lifetimes.code.min(Lifetimes::LONGEST_CODE));
        self.grants.insert(id, Grant { authorization, stage: Stage::Code { expires_at } });
        Ok(self.key.seal(Kind::Code, id, 0))
    }

    /// Redeems a code, once. A second use revokes what the first one got (RFC 6749 section 4.1.2).
    ///
    /// # Errors
    ///
    /// `invalid_grant`, or what `mint` says; then the code is not spent.
    pub fn redeem<T>(
        &mut self,
        presented: &CodeRedemption<'_>,
        lifetimes: &Lifetimes,
        now: Timestamp,
        mint: impl FnOnce(Issue<'_>) -> Result<T, OAuthError>,
    ) -> Result<T, OAuthError> {
        let unknown = OAuthError::invalid_grant("the code is unknown or has expired");
        let (id, _) = self.key.open(Kind::Code, presented.code).ok_or(unknown)?;
        let grant = self.grants.get_mut(&id).ok_or(unknown)?;
        let Stage::Code { expires_at } = grant.stage else {
            self.grants.remove(&id);
            return Err(OAuthError::invalid_grant("the code was used before; what it gave is revoked"));
        };
        if now >= expires_at {
            self.grants.remove(&id);
            return Err(unknown);
        }
        let authorization = &grant.authorization;
        if authorization.client_id != presented.client_id {
            return Err(OAuthError::invalid_grant("the code belongs to another client"));
        }
        if authorization.redirect_uri != presented.redirect_uri {
            return Err(OAuthError::invalid_grant(
                "redirect_uri is not the one of the authorization request",
            ));
        }
        if !authorization.challenge.is_met_by(presented.verifier) {
            return Err(OAuthError::invalid_grant("code_verifier does not match code_challenge"));
        }
        let offline = authorization.scope.iter().any(|scope| scope == "offline_access");
        let refresh = (presented.may_refresh && offline).then(|| Refresh {
            generation: 0,
            rotated_at: now,
            expires_at: now.plus(lifetimes.refresh_token),
        });
        let access_until = now.plus(lifetimes.access_token);
        let minted = mint(Issue {
            authorization,
            access_token: access_token(&self.key, id, access_until),
            refresh_token: refresh.map(|refresh| self.key.seal(Kind::Refresh, id, refresh.generation)),
        })?;
        grant.stage = Stage::Tokens { access_until, refresh };
        Ok(minted)
    }

    /// Uses a refresh token.
    ///
    /// # Errors
    ///
    /// `invalid_grant`, or what `mint` says; then the token is not spent.
    pub fn refresh<T>(
        &mut self,
        token: &str,
        client_id: &str,
        rotation: Rotation,
        lifetimes: &Lifetimes,
        now: Timestamp,
        mint: impl FnOnce(Issue<'_>) -> Result<T, OAuthError>,
    ) -> Result<T, OAuthError> {
        let unknown = OAuthError::invalid_grant("the refresh token is unknown, revoked or has expired");
        let (id, presented) = self.key.open(Kind::Refresh, token).ok_or(unknown)?;
        let grant = self.grants.get_mut(&id).ok_or(unknown)?;
        let Stage::Tokens { access_until, refresh: Some(current) } = grant.stage else { return Err(unknown) };
        if grant.authorization.client_id != client_id {
            return Err(OAuthError::invalid_grant("the refresh token belongs to another client"));
        }
        if now >= current.expires_at {
            return Err(unknown);
        }
        let next = match (current.standing_of(presented, rotation, now), rotation) {
            (Standing::Current, Rotation::None) | (Standing::InGrace, _) => current,
            (Standing::Current, Rotation::Rotate { .. }) => {
                Refresh { generation: current.generation + 1, rotated_at: now, ..current }
            }
            (Standing::Replaced, Rotation::Rotate { reuse_detection: true, .. }) => {
                self.grants.remove(&id);
                return Err(OAuthError::invalid_grant(
                    "the refresh token was replaced before; the grant is revoked",
                ));
            }
            (Standing::Replaced, _) => {
                return Err(OAuthError::invalid_grant("the refresh token was replaced before"));
            }
        };
        let next = Refresh { expires_at: now.plus(lifetimes.refresh_token), ..next };
        let new_access_until = now.plus(lifetimes.access_token);
        let minted = mint(Issue {
            authorization: &grant.authorization,
            access_token: access_token(&self.key, id, new_access_until),
            refresh_token: (next.generation != presented)
                .then(|| self.key.seal(Kind::Refresh, id, next.generation)),
        })?;
        grant.stage = Stage::Tokens { access_until: access_until.max(new_access_until), refresh: Some(next) };
        Ok(minted)
    }

    /// Whom a code or a refresh token is about, while its grant lives.
    #[must_use]
    pub fn subject_of(&self, token: &str) -> Option<&str> {
        let opened = self.key.open(Kind::Refresh, token).or_else(|| self.key.open(Kind::Code, token));
        Some(&self.grants.get(&opened?.0)?.authorization.subject)
    }

    /// Is this a refresh token that another one has replaced, and that no grace saves?
    #[must_use]
    pub fn is_replaced(&self, token: &str, rotation: Rotation, now: Timestamp) -> bool {
        let Some((id, presented)) = self.key.open(Kind::Refresh, token) else { return false };
        match self.grants.get(&id).map(|grant| &grant.stage) {
            Some(Stage::Tokens { refresh: Some(current), .. }) => {
                current.standing_of(presented, rotation, now) == Standing::Replaced
            }
            _ => false,
        }
    }

    /// On what ground an access token stands, while it counts.
    #[must_use]
    pub fn access(&self, token: &str, now: Timestamp) -> Option<&Authorization> {
        let (id, until) = self.key.open(Kind::Access, token)?;
        let grant = self.grants.get(&id)?;
        (now < Timestamp::from_millis(until.cast_signed())).then_some(&grant.authorization)
    }

    /// Revokes the grant behind a refresh or access token of this client (RFC 7009). Other tokens change nothing.
    pub fn revoke(&mut self, token: &str, client_id: &str) {
        let opened = self.key.open(Kind::Refresh, token).or_else(|| self.key.open(Kind::Access, token));
        if let Some((id, _)) = opened
            && self.grants.get(&id).is_some_and(|grant| grant.authorization.client_id == client_id)
        {
            self.grants.remove(&id);
        }
    }

    /// Revokes every grant of a person; says how many there were.
    pub fn revoke_subject(&mut self, subject: &str) -> usize {
        let before = self.grants.len();
        self.grants.retain(|_, grant| grant.authorization.subject != subject);
        before - self.grants.len()
    }

    fn sweep(&mut self, now: Timestamp) {
        if self.grants.len() < self.sweep_at.min(self.capacity) {
            return;
        }
        self.grants.retain(|_, grant| !grant.is_over(now));
        self.sweep_at = (self.grants.len() * 2).max(FIRST_SWEEP);
    }
}

fn access_token(key: &BearerKey, id: GrantId, until: Timestamp) -> String {
    key.seal(Kind::Access, id, until.as_millis().cast_unsigned())
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
