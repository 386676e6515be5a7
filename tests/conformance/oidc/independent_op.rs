//! A provider that shares no line with the bundled one: npm `oidc-provider`, spoilt with `jose` (tests/peers/faulty_op.mjs).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use hourgate::time::ManualClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fault::{Control, Fault, FaultyIdp};
use crate::house::{CALLBACK, FRONT_CHANNEL, SIGNED_OUT};
use crate::programs::process::Process;

pub(crate) struct IndependentOp {
    control: Control,
    _process: Process,
}

impl FaultyIdp for IndependentOp {
    /// Its clock is the system's, where the gateway's began.
    async fn start(_: Arc<ManualClock>) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        assert!(here.join("node_modules").is_dir(), "run `npm ci` in tests/peers, or tests/run, which does");
        let mut process = Process::spawn(Command::new("node").arg(here.join("faulty_op.mjs")).args([
            CALLBACK,
            SIGNED_OUT,
            FRONT_CHANNEL,
        ]));
        let control = Control::new(process.line("issuer "));
        Self { control, _process: process }
    }

    fn issuer(&self) -> String {
        self.control.base.clone()
    }

    async fn arrange(&self, fault: Fault) {
        self.control.send(Method::PUT, "/control/fault", json!({ "fault": fault.name() })).await;
    }

    async fn heal(&self) {
        self.control.send(Method::PUT, "/control/fault", json!({ "fault": null })).await;
    }

    async fn rotate(&self, alg: &str, overlap: bool) -> String {
        let body = json!({ "alg": alg, "overlap": overlap });
        let answer = self.control.send(Method::POST, "/control/rotate", body).await;
        answer["kid"].as_str().unwrap().to_owned()
    }

    async fn requests(&self, endpoint: &str) -> usize {
        let requests = self.control.send(Method::GET, "/control/requests", Value::Null).await;
        requests[endpoint].as_u64().unwrap_or_default().try_into().unwrap()
    }

    async fn logout_token(&self, variant: &str) -> String {
        let body = json!({ "variant": variant });
        let answer = self.control.send(Method::POST, "/control/logout-token", body).await;
        answer["logout_token"].as_str().unwrap().to_owned()
    }
}
