//! The token for a relying party, and the form it travels in.

use super::super::endpoint::Endpoint;
use super::super::fault_mode::{Mode, Stage};
use super::super::sso::SsoSession;
use super::super::tenant::State;
use super::super::users::User;
use super::defects::{DOCTYPE, SamlDefect};
use super::token_policy::TokenPolicy;
use super::{defects, endpoint, misplacement};
use crate::issuer::assertion::{Assertion, Authentication, Confirmation, ECHO, envelop};
use crate::issuer::keys::{KeyError, SigningKey};
use crate::issuer::passive_request::SignInRequest;
use crate::issuer::token_response::{TokenResponse, collection};
use crate::issuer::xml_encryption::{Cipher, EncryptionError, KeyTransport, Recipient, encrypt};
use crate::time::Timestamp;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
    #[error("the user is disabled or gone")]
    User,
}

/// What the browser posts: `wa`, `wresult` and `wctx`.
pub(super) fn parameters(
    state: &mut State,
    issuer: &str,
    request: &SignInRequest,
    session: &SsoSession,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, TokenError> {
    let policy = state.relying_parties.tokens_for(&request.realm);
    let user = state.users.active(&session.subject).ok_or(TokenError::User)?;
    let assertion = assertion(issuer, &policy, request, session, user, now);
    let fault = state.faults.take(Endpoint::Wsfed, Stage::Token, None);
    let mint = Mint {
        key: state.keys.current(),
        name: &endpoint(issuer),
        now,
        policy: &policy,
        request,
        defect: fault.and_then(|fault| SamlDefect::of(fault.mode)),
    };
    let encryption = state.relying_parties.recipient_for(&request.realm);
    let result = mint.result(assertion, encryption)?;
    let (mut result, mut context) = (("wresult", result), request.context.clone());
    match state.faults.take(Endpoint::Wsfed, Stage::Redirect, None).map(|fault| fault.mode) {
        Some(Mode::WrongWctx) => context = Some("another".to_owned()),
        Some(Mode::MissingWctx) => context = None,
        Some(Mode::Wresultptr) => result = ("wresultptr", format!("{issuer}/wresult.xml")),
        _ => {}
    }
    let context = context.map(|context| ("wctx", context));
    Ok([("wa", "wsignin1.0".to_owned()), result].into_iter().chain(context).collect())
}

/// What a good token says.
fn assertion(
    issuer: &str,
    policy: &TokenPolicy,
    request: &SignInRequest,
    session: &SsoSession,
    user: &User,
    now: Timestamp,
) -> Assertion {
    let mut claims = policy.claims_of(&session.subject, user);
    if policy.echo
        && let Some(context) = &request.context
    {
        claims.push((ECHO.to_owned(), vec![Assertion::echo_of(context)]));
    }
    let method = request.method.clone().unwrap_or_else(|| policy.kind.password().to_owned());
    Assertion {
        kind: policy.kind,
        id: Assertion::new_id(),
        issuer: endpoint(issuer),
        audience: Some(request.realm.clone()),
        recipient: request.reply.clone(),
        issued_at: now,
        not_before: now,
        not_on_or_after: now.plus(policy.lifetime.0),
        name_id: policy.name_of(&session.subject, user),
        confirmation: Some(Confirmation::Bearer),
        authentication: Some(Authentication {
            at: session.auth_time,
            method,
            session_index: format!("_{}", session.sid),
            session_ends: policy.session.map(|span| session.auth_time.plus(span.0)),
        }),
        claims,
    }
}

/// What a token is made with.
pub(super) struct Mint<'a> {
    pub(super) key: &'a SigningKey,
    /// On the certificate.
    pub(super) name: &'a str,
    pub(super) now: Timestamp,
    pub(super) policy: &'a TokenPolicy,
    pub(super) request: &'a SignInRequest,
    pub(super) defect: Option<SamlDefect>,
}

impl Mint<'_> {
    /// The value of `wresult`.
    fn result(
        &self,
        mut assertion: Assertion,
        encryption: Option<(Recipient, Cipher)>,
    ) -> Result<String, TokenError> {
        if let Some(defect) = self.defect {
            if let Some(instead) = defects::instead(defect, self.key, &assertion)? {
                return Ok(instead);
            }
            defects::spoil(&mut assertion, defect);
        }
        let mut token = match self.defect {
            Some(defect) if misplacement::concerns(defect) => misplacement::token(self, &assertion, defect)?,
            Some(SamlDefect::Jwt) => defects::jwt(self.key, &assertion)?,
            _ => self.signed(&assertion)?,
        };
        let encryption = match self.defect {
            Some(defect) => defects::encryption(defect, encryption),
            None => encryption.map(|(recipient, cipher)| (recipient, cipher, KeyTransport::Oaep)),
        };
        if let Some((recipient, cipher, transport)) = encryption {
            token = encrypt(&token, self.policy.kind, &recipient, cipher, transport)?;
        }
        let response = TokenResponse {
            trust: self.policy.rstr,
            context: self.request.context.as_deref(),
            realm: &self.request.realm,
            kind: self.policy.kind,
            created: assertion.not_before,
            expires: assertion.not_on_or_after,
            token: &token,
        };
        Ok(match self.defect {
            Some(SamlDefect::TwoRstr) => {
                let other = self.signed(&misplacement::somebody_else(&assertion))?;
                collection(&[response.element(), TokenResponse { token: &other, ..response }.element()])
            }
            Some(SamlDefect::Doctype) => format!("{DOCTYPE}{}", response.to_xml()),
            _ => response.to_xml(),
        })
    }

    /// The assertion with its signature, unless a defect spoils either.
    pub(super) fn signed(&self, assertion: &Assertion) -> Result<String, KeyError> {
        let canonical = match self.defect {
            Some(defect) => defects::rewrite(assertion.canonical(), defect),
            None => assertion.canonical(),
        };
        let signature = self.signature(&assertion.id, &canonical)?;
        let signed = envelop(assertion.kind, &canonical, &signature);
        Ok(match self.defect {
            Some(defect) => defects::rewrite_signed(signed, defect),
            None => signed,
        })
    }

    /// The signature of an element in canonical form.
    pub(super) fn signature(&self, id: &str, canonical: &str) -> Result<String, KeyError> {
        defects::signature(self.key, self.key.certificate(self.name, self.now)?, id, canonical, self.defect)
    }
}
