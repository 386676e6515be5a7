//! `hourgate keys client new|rotate|switch|jwks`.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use hourgate::keys::client::{Algorithm, Choice, ClientKeys};
use hourgate::keys::client_file::{self, Kind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::keys::{make, write};
use super::output::say;
use super::{Failure, NOT_FOUND};

#[derive(Subcommand)]
pub(crate) enum ClientKeysCommand {
    /// Make a key: into a new file, or to standard output
    New {
        /// The file; it must not exist yet
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// An RSA key, for identity providers that do not know ES256
        #[arg(long)]
        rsa: bool,
    },
    /// Put a new key behind the one that signs; it is published and does not sign yet
    ///
    /// Give the file to every node and restart them. When the identity provider has fetched the new key, or you have
    /// registered it there: `hourgate keys client switch`.
    Rotate {
        /// The file; it is replaced in one step
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Let the key sign that was put behind; the one before stays published
    Switch {
        /// The file; it is replaced in one step
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the public keys, for an identity provider that cannot fetch /_hourgate/jwks.json
    Jwks {
        /// The file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// As key_id says in the configuration
        #[arg(long, value_name = "ID")]
        key_id: Option<String>,
        /// As key_algorithm says in the configuration
        #[arg(long, value_enum, ignore_case = true, value_name = "ALGORITHM")]
        key_algorithm: Option<Name>,
    },
}

/// The names of the algorithms.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Name {
    #[value(name = "ES256")]
    Es256,
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "PS256")]
    Ps256,
}

impl From<Name> for Algorithm {
    fn from(name: Name) -> Self {
        match name {
            Name::Es256 => Self::Es256,
            Name::Rs256 => Self::Rs256,
            Name::Ps256 => Self::Ps256,
        }
    }
}

pub(crate) fn run(command: ClientKeysCommand) -> Result<(), Failure> {
    match command {
        ClientKeysCommand::New { file, rsa } => {
            let kind = if rsa { Kind::Rsa } else { Kind::P256 };
            let text = client_file::new(kind).map_err(Failure::new)?;
            let Some(path) = file else { return say(text.expose_secret()) };
            make(&path, &text, "hourgate keys client rotate")?;
            say(format!(
                "Wrote a new private key to {path}. Name it with private_key_file, and give every node the same.\n\
                 The identity provider wants its public half: `hourgate keys client jwks --file {path}`.",
                path = path.display()
            ))
        }
        ClientKeysCommand::Rotate { file } => {
            change(&file, client_file::rotate)?;
            say(format!(
                "Added a key to {path}. It is published once every node has the file and was restarted; when the identity \
                 provider knows it: `hourgate keys client switch --file {path}`.",
                path = file.display()
            ))
        }
        ClientKeysCommand::Switch { file } => {
            change(&file, client_file::switch)?;
            say(format!(
                "The other key of {path} signs from now on. Give every node the file and restart them.",
                path = file.display()
            ))
        }
        ClientKeysCommand::Jwks { file, key_id, key_algorithm } => {
            let choice = Choice { key_id, algorithm: key_algorithm.map(Algorithm::from) };
            let keys = ClientKeys::parse(&read(&file)?, &choice).map_err(|error| about(&file, error))?;
            let set = json!({ "keys": keys.published() });
            say(serde_json::to_string_pretty(&set).map_err(Failure::new)?)
        }
    }
}

fn change<E: std::fmt::Display>(
    path: &Path,
    change: impl Fn(&SecretString) -> Result<SecretString, E>,
) -> Result<(), Failure> {
    let changed = change(&read(path)?).map_err(|error| about(path, error))?;
    write(path, &changed)
}

fn read(path: &Path) -> Result<SecretString, Failure> {
    if !path.exists() {
        let message = format!("{} does not exist; make it with `hourgate keys client new`", path.display());
        return Err(Failure { code: NOT_FOUND, message });
    }
    let text = std::fs::read_to_string(path);
    text.map(SecretString::from)
        .map_err(|cause| Failure::new(format!("cannot read {}: {cause}", path.display())))
}

/// The errors of keys are the rest of a sentence.
fn about(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("{} {error}", path.display()))
}
