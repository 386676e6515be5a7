//! The bundled test IdP.

use std::sync::Arc;

use hourgate::idp::{Config, RunningIdp, TestIdp};
use hourgate::time::ManualClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fault::{Control, Fault, FaultyIdp};
use crate::house::{CALLBACK, FRONT_CHANNEL, SECRET, SIGNED_OUT};

pub(crate) struct BundledIdp {
    idp: RunningIdp,
    control: Control,
}

impl BundledIdp {
    async fn fault(&self, endpoint: &str, mode: &str) {
        self.control.send(Method::POST, "/faults", json!({ "endpoint": endpoint, "mode": mode })).await;
    }

    async fn policy(&self, change: Value) {
        self.control.send(Method::PUT, "/tokens-policy", change).await;
    }
}

impl FaultyIdp for BundledIdp {
    async fn start(clock: Arc<ManualClock>) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let idp = TestIdp::bind(Config { listen, public_url: None, strict: false, clock }).unwrap().start();
        let control = Control::new(idp.base_url().join("/_control/t1").unwrap().to_string());
        control.send(Method::PUT, "/auto-login", json!({ "user": "alice" })).await;
        Self { idp, control }
    }

    fn issuer(&self) -> String {
        self.idp.issuer("t1")
    }

    async fn arrange(&self, fault: Fault) {
        match fault {
            Fault::TokenType => self.policy(json!({ "token_type": "bEArER" })).await,
            Fault::NoExpiresIn => self.policy(json!({ "expires_in": false })).await,
            Fault::ClaimsInUserinfo => self.policy(json!({ "claims_in_id_token": false })).await,
            Fault::SignedUserinfo => {
                self.policy(json!({ "signed_userinfo": true, "claims_in_id_token": false })).await;
            }
            Fault::UserinfoSub => self.fault("userinfo", "wrong_sub").await,
            Fault::DiscoveryIss => self.fault("discovery", "wrong_iss").await,
            Fault::FrontChannel => {
                let client = json!({
                    "secret": SECRET, "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT],
                    "frontchannel_logout_uri": FRONT_CHANNEL, "frontchannel_logout_session_required": true,
                });
                self.control.send(Method::PUT, "/clients/hourgate", client).await;
            }
            Fault::WrongLogoutState => self.fault("end_session", "wrong_state").await,
            Fault::NoLogoutState => self.fault("end_session", "missing_state").await,
            Fault::FormPostError => {
                let denied = json!({
                    "endpoint": "authorize", "mode": "error", "body": { "error": "access_denied" },
                });
                self.control.send(Method::POST, "/faults", denied).await;
            }
            Fault::OddKeys => self.fault("jwks", "odd_keys").await,
            Fault::WrongResponseIss | Fault::MissingResponseIss | Fault::WrongState | Fault::MissingState => {
                self.fault("authorize", &fault.name()).await;
            }
            _ => self.fault("token", &fault.name()).await,
        }
    }

    async fn heal(&self) {
        self.control.send(Method::DELETE, "/faults", Value::Null).await;
        self.policy(json!({
            "token_type": "Bearer", "expires_in": true, "claims_in_id_token": true, "signed_userinfo": false,
        }))
        .await;
    }

    async fn rotate(&self, alg: &str, overlap: bool) -> String {
        let body = json!({ "alg": alg, "overlap": overlap });
        let answer = self.control.send(Method::POST, "/keys/rotate", body).await;
        answer["kid"].as_str().unwrap().to_owned()
    }

    async fn requests(&self, endpoint: &str) -> usize {
        let path = format!("/requests?endpoint={endpoint}");
        self.control.send(Method::GET, &path, Value::Null).await.as_array().unwrap().len()
    }

    async fn logout_token(&self, variant: &str) -> String {
        let body = json!({ "client_id": "hourgate", "sub": "alice", "variant": variant, "send": false });
        let answer = self.control.send(Method::POST, "/logout-token", body).await;
        answer["logout_token"].as_str().unwrap().to_owned()
    }
}
