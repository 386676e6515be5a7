//! `hourgate keys new|rotate|client`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use hourgate::gateway::{KeyFileError, read_key_file};
use hourgate::keys::{MasterKey, file};
use hourgate::policy::settings::Settings;
use hourgate::time::{Clock, SystemClock, human, parse_span};
use secrecy::{ExposeSecret, SecretString};

use super::client_keys::{self, ClientKeysCommand};
use super::output::say;
use super::{Failure, NOT_FOUND};

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key ring with one key: into a new file, or to standard output
    New {
        /// The file; it must not exist yet
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Add a key that comes into use later, and drop keys that nothing alive was made with
    ///
    /// Give the new file to every node (and restart them one after the other) before the key comes into use; then nobody
    /// notices.
    Rotate {
        /// The file; it is replaced in one step
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// How long you need to give the file to every node, such as 30m or 2h
        #[arg(long, default_value = "1h", value_parser = span)]
        overlap: Duration,
    },
    /// The keys that the gateway proves itself to identity providers with (private_key_jwt)
    #[command(subcommand)]
    Client(ClientKeysCommand),
}

pub(crate) fn run(command: KeysCommand) -> Result<(), Failure> {
    let now = SystemClock.now();
    match command {
        KeysCommand::New { file: None } => say(file::render(&[MasterKey::random(now)]).expose_secret()),
        KeysCommand::Client(command) => client_keys::run(command),
        KeysCommand::New { file: Some(path) } => {
            make(&path, &file::render(&[MasterKey::random(now)]), "hourgate keys rotate")?;
            say(format!("Wrote a new key ring to {}. Give every node the same file.", path.display()))
        }
        KeysCommand::Rotate { file: path, overlap } => {
            let text = read_key_file(&path).map_err(|error| match &error {
                KeyFileError::Missing { .. } => Failure { code: NOT_FOUND, message: error.to_string() },
                _ => Failure::new(error),
            })?;
            let before = file::parse(&text).map_err(Failure::new)?;
            let had = before.len();
            let after = file::rotate(before, now, overlap, Settings::FORGET_AFTER);
            write(&path, &file::render(&after))?;
            let dropped = had + 1 - after.len();
            say(format!(
                "Added a key that comes into use in {} ({}). Give the file to every node and restart them before then.\n\
                 Kept {} earlier, dropped {dropped} that nothing alive was made with.",
                human(overlap),
                now.plus(overlap),
                after.len() - 1,
            ))
        }
    }
}

fn span(text: &str) -> Result<Duration, String> {
    parse_span(text).ok_or_else(|| "expected whole numbers with d, h, m or s such as 30m or 1h30m".to_owned())
}

/// Writes a file that is not there yet.
pub(super) fn make(path: &Path, text: &SecretString, to_add: &str) -> Result<(), Failure> {
    if path.exists() {
        let message = format!("{} exists; to add a key to it use `{to_add}`", path.display());
        return Err(Failure::new(message));
    }
    write(path, text)
}

/// Writes a file that only its owner can read, beside its place, and puts it there in one step.
pub(super) fn write(path: &Path, text: &SecretString) -> Result<(), Failure> {
    let fresh = path.with_extension("new");
    let written = (|| {
        // A file of that name may be somebody else's, readable by others, or a link: ours is new.
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.expose_secret().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    })();
    written.map_err(|cause: std::io::Error| {
        let path = path.display();
        Failure::new(format!(
            "cannot write {path}: {cause}; its directory must exist and be this user's to write to"
        ))
    })
}
