//! The control API: JSON over HTTP at `/_control/{tenant}/…`, without authentication, for programs: web pages of other origins are
//! refused, and so are names (`Host`) that are neither this machine's, nor a container's, nor the public URL's.
//!
//! | request | body |
//! |---|---|
//! | `GET /_control/health` | |
//! | `DELETE /_control/{t}` | resets the tenant: users, keys, clock, everything |
//! | `GET /users`, `GET`, `PUT`, `DELETE /users/{sub}` | `{"claims":{…},"disabled":false}` |
//! | `POST /users/{sub}/disable`, `…/enable` | |
//! | `POST /users/{sub}/revoke` | ends all grants of the user: codes, refresh and access tokens; not the browser's single sign-on session |
//! | `GET`, `PUT`, `DELETE /clients/{client_id}` | `{"secret":"…","redirect_uris":[…],"post_logout_redirect_uris":[…],"backchannel_logout_uri":"…","frontchannel_logout_uri":"…","frontchannel_logout_session_required":false}` |
//! | | or, for a client that proves itself with `private_key_jwt`, `"jwks":{"keys":[…]}` instead of `secret`: the audience of its assertions is the issuer, as one string; each is good once, for 5 minutes at most |
//! | `GET`, `PUT /pushed-requests` | `{"offered":false,"required":false}`: pushed authorization requests (RFC 9126). What is pushed is good once, for 60 s |
//! | `GET`, `PUT`, `DELETE /relying-parties/{realm}` | a relying party of WS-Federation, its realm percent-encoded: `{"reply_urls":["…"],"cleanup_url":"…","encryption":{"certificate":"-----BEGIN CERTIFICATE-----…","cipher":"aes256-cbc"\|"aes256-gcm"},"tokens":{…}}`. `reply_urls` are exact, the first is meant where a request names none; `tokens` has what is different from `wsfed-tokens` |
//! | `GET`, `PUT /wsfed-tokens` | the tokens of WS-Federation: `{"type":"saml11"\|"saml20","rstr":"2005/02"\|"1.3","lifetime":"60m","session":null,"name_id":"sub","claims":{"<URI>":"<user's claim>",…},"echo":false}`; what is not named stays. `session` is how long the relying party's may last (`saml20`), `name_id` the user's claim that names the subject (or null), `echo` the claim `urn:hourgate:wctx-s256` (base64url of the SHA-256 of `wctx`) |
//! | `GET /sessions` | the single sign-on sessions: `[{"sid","sub","clients":[…],"realms":[…]}]` |
//! | `POST /users/{sub}/sign-out` | ends the user's single sign-on sessions and tells their clients by the back channel; answers the deliveries |
//! | `POST /logout-token` | `{"client_id":"app","sub":"alice","sid":"…","variant":"good","uri":"…","send":true}`: makes a logout token and posts it to `uri` (by default the client's `backchannel_logout_uri`); answers `{"logout_token":"…","status":200}`, the status null where nothing was sent or answered. Ends no session here |
//! | `GET /deliveries` | the logout tokens that were sent, with the status that the client answered |
//! | `POST /users/{sub}/reset-password` | ends the user's single sign-on sessions in all browsers; what was granted stays, as at Entra for confidential clients |
//! | `PUT /auto-login` | `{"user":"alice"}` or `{"user":null}` |
//! | `GET`, `PUT /lifetimes` | `{"id_token":"60m","access_token":"60m","refresh_token":"90d","code":"60s","sso_session":"24h"}`; what is not named stays. Once `refresh_token` was set, token answers say `refresh_expires_in` |
//! | `GET`, `PUT /tokens-policy` | `{"rotation":"none"\|"rotate","grace":"0s","reuse_detection":true,"issue_refresh_token":true,"id_token_on_refresh":true,"nonce_on_refresh":false,"token_type":"Bearer","expires_in":true,"signed_userinfo":false,"claims_in_id_token":true}`; what is not named stays |
//! | `GET`, `PUT /pci` | `{"claim":"xms_pci","seconds":1800}` or `null` |
//! | `POST /outage`, `DELETE /outage` | `{"for":"10m","mode":"unavailable"\|"close"}`: 503 (default) or closed connections at all endpoints; `for` counts by the tenant's clock, `null` lasts until deleted |
//! | `GET`, `POST`, `DELETE /faults` | `{"endpoint":"token"\|…\|"*","mode":"…","status":503,"body":…,"delay":"3s","times":3,"user":"alice"}`; `user` at `token` only: whose codes and refresh tokens it strikes |
//! | `GET`, `POST /clock` | `{"set":"2026-01-01T00:00:00Z"}`, `{"advance":"61m"}` or `{"real":true}` |
//! | `POST /keys/rotate` | `{"overlap":true,"alg":"ES256"\|"RS256"}`; without `alg` the announced key, if there is one |
//! | `POST /keys/announce` | `{"alg":"ES256"\|"RS256"}`: publishes a key, in key set and federation metadata, that signs after the next rotation |
//! | `GET /requests?endpoint=token&after=17`, `DELETE /requests` | later ones than number 17; at `token` with `user`, `error` and `reuse` (a refresh token was shown that had been rotated away) |
//! | `POST /release` | lets one request go that a fault `hold` holds |
//! | `POST /secrets`, `GET /secrets` | keeps from now on, and lists, every code, token, verifier and client secret that passes the token endpoint |
//!
//! Modes of faults: `status` `delay` `late_answer` (everything is done at once, and answered after `delay`) `hold` `hang` `garbage` `html` `reset` (closed before anything is done) `lost_response`
//! (closed after everything is done) `error` (an OAuth error) at every endpoint (`discovery` `jwks` `authorize` `login` `token` `userinfo` `end_session` `revoke` `par` `wsfed` `federation_metadata`); `wrong_nonce` `missing_nonce` `wrong_iss`
//! `wrong_aud` `missing_aud` `extra_aud` `wrong_azp` `wrong_sub` `missing_sub` `expired` `missing_exp` `missing_iat` `stale_iat`
//! `wrong_at_hash` `wrong_c_hash` `bad_sig` `alg_none` `hs256` `no_kid` `encrypted` `odd_answer` (no `token_type`, numbers as text) `no_access_token` at `token` (`wrong_sub` and `missing_sub` at
//! `userinfo`, `wrong_iss` at `discovery` too); `odd_keys` at `jwks`; `wrong_state` `missing_state` `wrong_response_iss`
//! `missing_response_iss` `ignores_prompt` (of `login` and `max_age`) at `authorize` (`wrong_state` and `missing_state` at `end_session` too). `times` counts strikes, at sign-in and at refresh alike.
//!
//! Faults of WS-Federation. The token, at `wsfed`: `unsigned` `bad_sig` `embedded_key` (a rogue key, its certificate in the
//! token) `hs256` `sha1` (digest, and with an RS256 key the signature) `wrong_iss` `wrong_aud` `missing_aud` `wrong_sub` (mallory, in all
//! claims) `missing_sub` `expired` `not_yet` `too_long` (30 days) `stale_instant` (made 10 minutes ago) `future_instant` `no_conditions`
//! `unknown_condition` `no_confirmation` `holder_of_key` `no_authn` `no_echo` `wrong_echo` `comment_in_name_id`
//! `processing_instruction` `doctype` `two_assertions` `xsw1` … `xsw8` (signature wrapping; the unsigned assertion says mallory: the
//! signed one in its signature (1, 6, 8) or in it (4), or beside it (2, 3, 5, 7)) `two_rstr` `soap_fault` `jwt` `bare_jwt` `encrypted_cbc` `encrypted_gcm`
//! `encrypted_unsigned` `rsa15` (to the registered certificate, or else to nobody's). The form, at `wsfed`: `wrong_wctx`
//! `missing_wctx` `wresultptr`. The question, at `wsfed`: `old_authn` (`wfresh` is overlooked) `ignores_wauth`. At
//! `federation_metadata`: `wrong_entity` `unsigned` `bad_sig` `oversize` (8 MiB) `doctype`.
//!
//! Variants of logout tokens: `good` `sub_only` `sid_only` `no_typ` `jwt_typ` are to be accepted; `alg_none` `wrong_alg`
//! `bad_sig` `unknown_kid` `wrong_typ` `wrong_iss` `wrong_aud` `extra_aud` `no_event` `wrong_event` `event_not_object`
//! `with_nonce` `no_iat` `no_exp` `no_jti` `expired` `old_iat` `future_iat` `nobody` (neither `sub` nor `sid`) are not. At a
//! sign-out every client of the session with a `backchannel_logout_uri` is sent a token before the browser goes on; where
//! one has a `frontchannel_logout_uri`, or a relying party a `cleanup_url`, the browser gets a page with iframes first, and
//! goes on after two seconds.
//!
//! A body is `application/json`. What is not understood is refused with 400 and
//! `{"error":"invalid_request","field":"lifetimes.code","message":"…"}`; nothing is changed then.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::settings::OutOfRange;
use super::tenant::Tenant;
use super::tenants::{NoTenant, Tenants};

mod clients;
mod failures;
mod keys_and_clock;
mod logout;
pub(super) mod programs_only;
mod pushed_requests;
mod relying_parties;
mod requests;
mod tokens;
mod users;

/// Why a control request is refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct ControlError {
    status: StatusCode,
    field: Option<String>,
    message: String,
}

impl ControlError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, field: None, message: message.into() }
    }

    fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(StatusCode::BAD_REQUEST, message) }
    }
}

impl ResponseError for ControlError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let error = match self.status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::FORBIDDEN => "forbidden",
            _ => "invalid_request",
        };
        let mut body = json!({ "error": error, "message": self.message });
        if let Some(field) = &self.field {
            body["field"] = field.as_str().into();
        }
        HttpResponse::build(self.status).json(body)
    }
}

impl From<OutOfRange> for ControlError {
    fn from(error: OutOfRange) -> Self {
        Self::field(error.field, error.message)
    }
}

impl From<NoTenant> for ControlError {
    fn from(error: NoTenant) -> Self {
        Self::new(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::NOT_FOUND), error.to_string())
    }
}

type Answer = Result<HttpResponse, ControlError>;

/// The tenant in the path.
struct Target(Arc<Tenant>);

impl FromRequest for Target {
    type Error = ControlError;
    type Future = std::future::Ready<Result<Self, ControlError>>;

    fn from_request(req: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let none = || ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, "the server holds no tenants");
        let name = req.match_info().get("tenant").unwrap_or_default();
        let found =
            req.app_data::<Data<Tenants>>().ok_or_else(none).and_then(|tenants| Ok(tenants.get(name)?));
        std::future::ready(found.map(Self))
    }
}

/// Reads a body as `T`, naming the field that is wrong.
fn read<T: DeserializeOwned>(req: &HttpRequest, body: &Bytes) -> Result<T, ControlError> {
    if req.content_type() != "application/json" {
        let message = "the body must be sent as Content-Type: application/json";
        return Err(ControlError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        if path == "." {
            ControlError::new(StatusCode::BAD_REQUEST, message)
        } else {
            ControlError::field(path, message)
        }
    })?;
    json.end().map_err(|error| ControlError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok(value)
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/health", web::get().to(health))
        .route("/{tenant}", web::delete().to(reset))
        .service(
            web::scope("/{tenant}")
                .configure(users::routes)
                .configure(clients::routes)
                .configure(tokens::routes)
                .configure(failures::routes)
                .configure(keys_and_clock::routes)
                .configure(logout::routes)
                .configure(pushed_requests::routes)
                .configure(relying_parties::routes)
                .configure(requests::routes),
        )
        .default_service(web::to(nothing_here));
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

async fn reset(tenants: Data<Tenants>, name: web::Path<String>) -> HttpResponse {
    tenants.reset(&name);
    done()
}

async fn nothing_here() -> Answer {
    Err(ControlError::new(StatusCode::NOT_FOUND, "there is no such control; see the list in the manual"))
}
