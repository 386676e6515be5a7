//! Which store, and where it is.

use std::path::PathBuf;

use secrecy::SecretString;

/// One of the two stores.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Redis: what `hourgate serve` uses.
    Redis {
        /// `redis://` or `rediss://`, perhaps with user and password.
        url: SecretString,
        /// PEM file of the certificate authority that signed the server's certificate, where the system does not know it.
        ca_file: Option<PathBuf>,
    },
    /// One file on this machine's disk; must be asked for.
    Embedded {
        /// The file; made if it is not there.
        path: PathBuf,
    },
}
