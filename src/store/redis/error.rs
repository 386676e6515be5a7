//! What Redis, or the way to it, said: in our own words.
//!
//! Never the text of the server or of the client library: both quote commands and answers, and a command may carry the
//! password. Only operating-system and TLS errors are passed on; they know nothing of what is sent.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What to tell the operator.
pub(super) fn words(error: &RedisError) -> String {
    let plain = match error.kind() {
        ErrorKind::Io => return error.to_string(),
        ErrorKind::AuthenticationFailed => "it refuses the user or the password in the URL",
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
            "it gives answers that are not Redis'; does the URL lead to another server?"
        }
        ErrorKind::InvalidClientConfig => "the URL or its TLS settings cannot be used",
        ErrorKind::RESP3NotSupported => "it is older than Redis 6",
        _ => match error.code().unwrap_or_default() {
            "NOAUTH" | "WRONGPASS" | "NOPERM" => "it refuses the user or the password in the URL",
            "READONLY" => "it is a replica and takes no writes (READONLY)",
            "NOREPLICAS" => "it has too few replicas to take writes (NOREPLICAS)",
            "OOM" => "it is full; raise its maxmemory (OOM)",
            "MISCONF" => "it cannot write to its disk (MISCONF)",
            "LOADING" => "it is still loading its data (LOADING)",
            "BUSY" => "it is busy with a script (BUSY)",
            "MASTERDOWN" => "it is a replica without its master (MASTERDOWN)",
            "MOVED" | "ASK" | "CROSSSLOT" | "TRYAGAIN" | "CLUSTERDOWN" => {
                "it is a node of a Redis Cluster that does not hold this key (MOVED)"
            }
            "WRONGTYPE" => "another program uses our keys (WRONGTYPE); give each its own database",
            _ => "it answered with an error",
        },
    };
    plain.to_owned()
}

/// Must the connection be given up? True for all that may leave it out of step, and where the server at the other end is
/// no longer the right one: after a fail-over the name may lead to another.
pub(super) fn breaks_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => matches!(kind, ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown),
        ErrorKind::Extension => matches!(error.code(), Some("NOAUTH")),
        _ => true,
    }
}
