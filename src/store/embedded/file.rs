//! Opening the file: readable by its owner only, checked from end to end, and refused in words that help.

use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageError};

use super::tables::Tables;
use crate::store::StoreError;

const DOING: &str = "opening the store's file";
const OWNER_ONLY: u32 = 0o600;
/// Sealed sessions are small; the rest of the file is the operating system's to cache.
const CACHE_BYTES: usize = 64 << 20;

/// Opens the file, or makes it, with all tables in it.
pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(path)
        .map_err(|e| {
            unavailable(path, format!("{e}; does its directory exist, may this user write there?"))
        })?;
    let backend = FileBackend::new(file).map_err(|error| refusal(path, error))?;
    let database = redb::Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true) // else redb trusts what it finds and may panic on a damaged file
        .create_with_backend(backend)
        .map_err(|error| refusal(path, error))?;
    // Also where it was there before; not sooner, as it might have been somebody else's.
    std::fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY))
        .map_err(|error| unavailable(path, error.to_string()))?;
    make_tables(&database).map_err(|error| unavailable(path, error.to_string()))?;
    Ok(database)
}

fn make_tables(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    Tables::open(&transaction)?;
    Ok(transaction.commit()?)
}

fn refusal(path: &Path, error: impl Into<DatabaseError>) -> StoreError {
    match error.into() {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => unavailable(
            path,
            "another process has it open; stop that one, or give this one a file of its own",
        ),
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() != io::ErrorKind::InvalidData => {
            unavailable(path, error.to_string())
        }
        error => StoreError::Unreadable {
            what: format!("the file {}", path.display()),
            cause: format!("{error}; restore a copy, or move it away and everybody signs in again"),
        },
    }
}

fn unavailable(path: &Path, cause: impl AsRef<str>) -> StoreError {
    StoreError::Unavailable { doing: DOING, cause: format!("{}: {}", path.display(), cause.as_ref()) }
}
