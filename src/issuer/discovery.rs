//! The discovery document (OIDC Discovery section 3, RFC 8414, RFC 9207, RP-Initiated Logout section 2.1,
//! Back-Channel and Front-Channel Logout).

use serde_json::{Value, json};

use super::client_assertion::ALGORITHMS;
use super::keys::Algorithm;

/// Where the issuer answers: what browsers visit below the issuer, what programs call below `back_channel`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The issuer, without a slash at the end.
    pub issuer: String,
    /// The same place as the gateway's host sees it; equal to the issuer where addresses are not split.
    pub back_channel: String,
}

/// Authorization requests may be pushed (RFC 9126 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// They must be.
    pub required: bool,
}

const AUTHENTICATION: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// The scopes it knows.
pub const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The document.
#[must_use]
pub fn document(addresses: &Addresses, pushed: Option<Pushed>) -> Value {
    let Addresses { issuer, back_channel } = addresses;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "end_session_endpoint": format!("{issuer}/end_session"),
        "token_endpoint": format!("{back_channel}/token"),
        "jwks_uri": format!("{back_channel}/jwks"),
        "userinfo_endpoint": format!("{back_channel}/userinfo"),
        "revocation_endpoint": format!("{back_channel}/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [Algorithm::Es256.as_str(), Algorithm::Rs256.as_str()],
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "scopes_supported": SCOPES,
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "azp", "sid", "acr", "amr",
            "email", "preferred_username", "name", "groups", "oid", "tid",
        ],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    });
    if let Some(Pushed { required }) = pushed {
        document["pushed_authorization_request_endpoint"] = format!("{back_channel}/par").into();
        document["require_pushed_authorization_requests"] = required.into();
    }
    document
}
