//! The keys of `[[provider]]` that say how the gateway proves itself there: which of them go together.

use std::sync::Arc;

use super::context::Given;
use super::problem::{Mark, Refusal};
use super::reader::Table;
use super::values::{one_of, secret, string};
use crate::keys::client::{Algorithm, Choice, ClientKeyError, ClientKeys};
use crate::provider::settings::ClientAuthentication;

#[derive(Clone, Copy, PartialEq)]
enum Method {
    SecretBasic,
    SecretPost,
    PrivateKeyJwt,
}

const METHODS: [(&str, Method); 3] = [
    ("client_secret_basic", Method::SecretBasic),
    ("client_secret_post", Method::SecretPost),
    ("private_key_jwt", Method::PrivateKeyJwt),
];
const ALGORITHMS: [(&str, Algorithm); 3] =
    [("ES256", Algorithm::Es256), ("RS256", Algorithm::Rs256), ("PS256", Algorithm::Ps256)];

/// `None` only after a problem was noted.
pub(super) fn client_authentication(table: &mut Table<'_>) -> Option<ClientAuthentication> {
    let method = table.get_or("client_authentication", Method::SecretBasic, one_of(&METHODS));
    if method == Method::PrivateKeyJwt {
        let stray = table.get("client_secret", secret).map(|given| given.mark);
        no_use(table, stray, "has no use beside client_authentication = \"private_key_jwt\"", "leave it out");
        return private_key(table).map(|keys| ClientAuthentication::PrivateKeyJwt(Arc::new(keys)));
    }
    let secret = table.need("client_secret", "client_secret_file = \"/run/secrets/client_secret\"", secret);
    let strays = [
        table.get("private_key", self::secret).map(|given| given.mark),
        table.get("key_id", string).map(|given| given.mark),
        table.get("key_algorithm", one_of(&ALGORITHMS)).map(|given| given.mark),
    ];
    for stray in strays {
        no_use(
            table,
            stray,
            "has no use",
            "set client_authentication = \"private_key_jwt\", or leave it out",
        );
    }
    let secret = secret?.value;
    Some(match method {
        Method::SecretPost => ClientAuthentication::ClientSecretPost(secret),
        _ => ClientAuthentication::ClientSecretBasic(secret),
    })
}

fn no_use(table: &Table<'_>, stray: Option<Mark>, what: &str, fix: &str) {
    if let Some(mark) = stray {
        table.context.refuse(&mark, &Refusal::new(what).fix(fix));
    }
}

fn private_key(table: &mut Table<'_>) -> Option<ClientKeys> {
    let pem = table.need("private_key", "private_key_file = \"/run/secrets/client_key.pem\"", secret);
    let key_id = table.get("key_id", string).map(|given| given.value);
    let algorithm = table.get("key_algorithm", one_of(&ALGORITHMS));
    let Given { value: pem, mark } = pem?;
    let choice = Choice { algorithm: algorithm.as_ref().map(|given| given.value), key_id };
    let refuse = |error: ClientKeyError| {
        let refusal = Refusal::new(error.to_string());
        match (error, &algorithm) {
            (ClientKeyError::OtherAlgorithm, Some(given)) => table.context.refuse(&given.mark, &refusal),
            _ => {
                let fix = "make one with `hourgate keys client new`";
                table.context.refuse(&mark, &refusal.fix(fix));
            }
        }
    };
    ClientKeys::parse(&pem, &choice).map_err(refuse).ok()
}
