//! Token and revocation endpoint.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, PRAGMA, WWW_AUTHENTICATE};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::defects;
use super::endpoint::Endpoint;
use super::fault_mode::{Mode, Stage};
use super::faults::Faults;
use super::gate::{Here, Told};
use super::settings::{LifetimeSettings, PolicyCheckInterval, TokensPolicy};
use super::tenant::{State, Tenant};
use super::users::Users;
use crate::issuer::client::Credentials;
use crate::issuer::error::{ErrorCode, OAuthError};
use crate::issuer::grants::{CodeRedemption, Grants, Issue};
use crate::issuer::id_token::IdToken;
use crate::issuer::jws::Object;
use crate::issuer::key_ring::KeyRing;
use crate::issuer::params::Params;
use crate::issuer::token_request::TokenRequest;
use crate::time::Timestamp;

/// `POST /{tenant}/token`.
pub(super) async fn token(req: HttpRequest, tenant: Here, body: Bytes) -> HttpResponse {
    let params = Params::parse(&body);
    let kind = match params.get("grant_type") {
        Some("authorization_code") => "authorization_code",
        Some("refresh_token") => "refresh_token",
        _ => "other",
    };
    let is_replaced = params.get("refresh_token").is_some_and(|token| {
        let (state, now) = tenant.lock();
        state.grants.is_replaced(token, state.tokens_policy.rotation(), now)
    });
    let authorization = req.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    tenant.lock().0.secrets.sent(&params, authorization);
    let issued = issue(&req, &tenant, &params);
    req.extensions_mut().insert(Told {
        grant_type: kind,
        error: issued.as_ref().err().map(|error| error.code.as_str()),
        is_reuse: is_replaced,
    });
    let mut answer = match issued {
        Ok(tokens) => {
            tenant.lock().0.secrets.issued(&tokens);
            HttpResponse::Ok().json(tokens)
        }
        Err(error) => refuse(&error),
    };
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, actix_web::http::header::HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, actix_web::http::header::HeaderValue::from_static("no-cache"));
    answer
}

/// Whom the code or refresh token of a token request is about.
pub(super) fn subject_of(grants: &Grants, params: &Params) -> Option<String> {
    grants.subject_of(params.get("refresh_token").or_else(|| params.get("code"))?).map(str::to_owned)
}

/// `POST /{tenant}/revoke` (RFC 7009): refresh or access token, either ends the whole grant. Unknown ones are fine.
pub(super) async fn revoke(req: HttpRequest, tenant: Here, body: Bytes) -> HttpResponse {
    let params = Params::parse(&body);
    let revoked = client_of(&req, &tenant, &params).and_then(|client_id| {
        let token =
            params.get("token").ok_or(OAuthError::invalid_request("token is missing or sent twice"))?;
        tenant.lock().0.grants.revoke(token, &client_id);
        Ok(())
    });
    match revoked {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => refuse(&error),
    }
}

pub(super) fn refuse(error: &OAuthError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"hourgate-idp\""));
    }
    answer.json(error.to_json())
}

/// The client, proved.
pub(super) fn client_of(req: &HttpRequest, tenant: &Tenant, params: &Params) -> Result<String, OAuthError> {
    if req.content_type() != "application/x-www-form-urlencoded" {
        return Err(OAuthError::invalid_request("the body must be application/x-www-form-urlencoded"));
    }
    let header = match req.headers().get(AUTHORIZATION).map(|value| value.to_str()) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(OAuthError::invalid_request("the Authorization header is not text")),
    };
    let credentials = Credentials::read(header, params)?;
    let (mut state, now) = tenant.lock();
    state.clients.authenticate(credentials, &tenant.issuer, now)
}

fn issue(req: &HttpRequest, tenant: &Tenant, params: &Params) -> Result<Value, OAuthError> {
    let client_id = client_of(req, tenant, params)?;
    let request = TokenRequest::parse(params)?;
    let (mut state, now) = tenant.lock();
    let State { keys, users, grants, lifetimes, tokens_policy, policy_check_interval, faults, .. } =
        &mut *state;
    let times = lifetimes.grants();
    let mut mint = Mint {
        issuer: &tenant.issuer,
        now,
        keys,
        users,
        lifetimes,
        policy: tokens_policy,
        policy_check_interval: policy_check_interval.as_ref(),
        faults,
    };
    match request {
        TokenRequest::AuthorizationCode { code, redirect_uri, verifier } => {
            let presented = CodeRedemption {
                code: code.expose_secret(),
                client_id: &client_id,
                redirect_uri: &redirect_uri,
                verifier: verifier.expose_secret(),
                may_refresh: tokens_policy.issue_refresh_token,
            };
            grants.redeem(&presented, &times, now, |issue| mint.answer(&issue, true, true))
        }
        TokenRequest::RefreshToken { token } => {
            let (id_token, nonce) = (tokens_policy.id_token_on_refresh, tokens_policy.nonce_on_refresh);
            grants.refresh(
                token.expose_secret(),
                &client_id,
                tokens_policy.rotation(),
                &times,
                now,
                |issue| mint.answer(&issue, id_token, nonce),
            )
        }
    }
}

/// What a token answer is made from.
struct Mint<'a> {
    issuer: &'a str,
    now: Timestamp,
    keys: &'a KeyRing,
    users: &'a Users,
    lifetimes: &'a LifetimeSettings,
    policy: &'a TokensPolicy,
    policy_check_interval: Option<&'a PolicyCheckInterval>,
    faults: &'a mut Faults,
}

impl Mint<'_> {
    fn answer(
        &mut self,
        issue: &Issue<'_>,
        with_id_token: bool,
        with_nonce: bool,
    ) -> Result<Value, OAuthError> {
        let granted = issue.authorization;
        let user = self
            .users
            .active(&granted.subject)
            .ok_or(OAuthError::invalid_grant("the user is disabled or gone"))?;
        let mut answer = json!({
            "access_token": issue.access_token,
            "token_type": self.policy.token_type,
            "scope": granted.scope.join(" "),
        });
        if self.policy.expires_in {
            answer["expires_in"] = self.lifetimes.access_token.0.as_secs().into();
        }
        if let Some(refresh_token) = &issue.refresh_token {
            answer["refresh_token"] = refresh_token.as_str().into();
        }
        if self.lifetimes.refresh_announced && self.policy.issue_refresh_token {
            answer["refresh_expires_in"] = self.lifetimes.refresh_token.0.as_secs().into();
        }
        if with_id_token {
            let mut attributes =
                if self.policy.claims_in_id_token { user.claims.clone() } else { Object::new() };
            if let Some(interval) = self.policy_check_interval {
                attributes.insert(interval.claim.clone(), interval.seconds.into());
            }
            let claims = IdToken {
                issuer: self.issuer,
                subject: &granted.subject,
                client_id: &granted.client_id,
                issued_at: self.now,
                expires_at: self.now.plus(self.lifetimes.id_token.0),
                auth_time: granted.auth_time,
                nonce: granted.nonce.as_deref().filter(|_| with_nonce),
                access_token: &issue.access_token,
                sid: &granted.sid,
                acr: "1",
                amr: &["pwd"],
                attributes: &attributes,
            }
            .to_claims();
            let defect = match self
                .faults
                .take(Endpoint::Token, Stage::Token, Some(&granted.subject))
                .map(|fault| fault.mode)
            {
                Some(Mode::Token(defect)) => Some(defect),
                _ => None,
            };
            let signed = defects::sign(self.keys.current(), claims, defect);
            let failed = |_| OAuthError::new(ErrorCode::ServerError, "the ID token could not be signed");
            answer["id_token"] = signed.map_err(failed)?.into();
        }
        if let Some(fault) = self.faults.take(Endpoint::Token, Stage::Answer, Some(&granted.subject)) {
            spoil(&mut answer, fault.mode);
        }
        Ok(answer)
    }
}

fn spoil(answer: &mut Value, mode: Mode) {
    let Some(members) = answer.as_object_mut() else { return };
    if mode == Mode::NoAccessToken {
        members.remove("access_token");
        return;
    }
    members.remove("token_type");
    for name in ["expires_in", "refresh_expires_in"] {
        if let Some(number) = members.get_mut(name) {
            *number = number.to_string().into();
        }
    }
}
