//! What an IdP can be told to do wrong, and who can be told.

use std::sync::Arc;

use hourgate::time::ManualClock;
use reqwest::{Client, Method};
use serde_json::Value;

/// What goes wrong, until it is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    // --- the ID token ---
    WrongIss,
    WrongSub,
    MissingSub,
    WrongAud,
    MissingAud,
    ExtraAud,
    WrongAzp,
    MissingIat,
    StaleIat,
    MissingExp,
    Expired,
    WrongNonce,
    MissingNonce,
    WrongAtHash,
    WrongCHash,
    AlgNone,
    Hs256,
    BadSig,
    NoKid,
    Encrypted,
    // --- the token response ---
    TokenType,
    NoExpiresIn,
    // --- userinfo ---
    UserinfoSub,
    SignedUserinfo,
    ClaimsInUserinfo,
    // --- the authorization response ---
    WrongResponseIss,
    MissingResponseIss,
    WrongState,
    MissingState,
    /// It is an error, `access_denied`.
    FormPostError,
    // --- the end ---
    WrongLogoutState,
    NoLogoutState,
    /// No fault: at a sign-out its page tells the gateway by an iframe.
    FrontChannel,
    // --- documents ---
    DiscoveryIss,
    OddKeys,
}

impl Fault {
    /// `WrongIss` is `wrong_iss`.
    pub(crate) fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}

/// An IdP that does what it is told. alice signs in there without a page.
pub(crate) trait FaultyIdp: Sized {
    /// Starts it, on the clock if it can have another than the system's.
    async fn start(clock: Arc<ManualClock>) -> Self;
    fn issuer(&self) -> String;
    /// From now on, until told otherwise.
    async fn arrange(&self, fault: Fault);
    async fn heal(&self);
    /// It signs with a new key from now on, whose id is returned; with `overlap` the one before stays published.
    async fn rotate(&self, alg: &str, overlap: bool) -> String;
    /// A logout token about alice: `good`, or with what is wrong with it.
    async fn logout_token(&self, variant: &str) -> String;
    /// How often an endpoint was asked: `discovery`, `jwks`, `token`, `userinfo`.
    async fn requests(&self, endpoint: &str) -> usize;
}

/// Speaks JSON to a control API.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) base: String,
    http: Client,
}

impl Control {
    pub(crate) fn new(base: String) -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
        let http = Client::builder().no_proxy().build().unwrap();
        Self { base, http }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

#[test]
fn a_fault_is_called_as_the_control_apis_call_it() {
    assert_eq!(Fault::WrongCHash.name(), "wrong_c_hash");
    assert_eq!(Fault::Hs256.name(), "hs256");
}
