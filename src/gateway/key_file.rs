//! The file of the key ring. What is said when it cannot be read matters: whoever replaces a ring that is there signs
//! everybody out.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// The key file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there.
    #[error(
        "there is no key ring {path}; for a new gateway make one with `hourgate keys new --file {path}`; one that has run \
         before needs the ring it had, for a new one signs everybody out",
        path = path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is there, or may be, but not for this user.
    #[error(
        "may not read the key ring {path}: this runs as {user}{owner}; let that user read the file, and enter the \
         directories above it; do not make a new ring, which would sign everybody out",
        path = path.display()
    )]
    Forbidden {
        /// The file.
        path: PathBuf,
        /// As whom this process runs.
        user: User,
        /// `, and it is user 0's, mode 0600`, as far as one may know.
        owner: String,
    },
    /// It cannot be read for another reason.
    #[error("cannot read the key ring {path}: {cause}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Others may read it.
    #[error("the key ring {path} can be read by others; run `chmod o= {path}`", path = path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
    },
}

/// As whom this process runs, as far as the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User(Option<u32>);

impl User {
    /// The effective user of this process (`proc(5)`).
    fn of_this_process() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        Self(ids.and_then(|ids| ids.split_whitespace().nth(1)?.parse().ok()))
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "user {id}"),
            None => f.write_str("a user that the system does not tell"),
        }
    }
}

/// Reads a key file, which nobody else may be able to read.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn read_key_file(path: &Path) -> Result<SecretString, KeyFileError> {
    let unreadable = |cause| unreadable(path, cause);
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(KeyFileError::ReadableByOthers { path: path.to_owned() });
    }
    Ok(std::fs::read_to_string(path).map_err(unreadable)?.into())
}

fn unreadable(path: &Path, cause: io::Error) -> KeyFileError {
    let path = path.to_owned();
    match cause.kind() {
        ErrorKind::NotFound => KeyFileError::Missing { path },
        ErrorKind::PermissionDenied => {
            let owner = std::fs::metadata(&path).map_or_else(
                |_| String::new(),
                |file| format!(", and it is user {}'s, mode {:04o}", file.uid(), file.mode() & 0o7777),
            );
            KeyFileError::Forbidden { path, user: User::of_this_process(), owner }
        }
        _ => KeyFileError::Unreadable { path, cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_that_may_not_be_read_is_not_to_be_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        std::fs::write(&path, "secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let uid = std::fs::metadata(&path).unwrap().uid();
        // Whoever runs this test may be allowed everything: the refusal itself is the system's.
        let told = unreadable(&path, ErrorKind::PermissionDenied.into()).to_string();
        for words in [
            format!("may not read the key ring {}", path.display()),
            format!("this runs as user {uid}"),
            format!("it is user {uid}'s, mode 0600"),
            "would sign everybody out".to_owned(),
        ] {
            assert!(told.contains(&words), "{words} is not in {told}");
        }
        assert!(!told.contains("keys new"), "{told}");
    }

    #[test]
    fn only_a_ring_that_is_not_there_is_to_be_made() {
        let directory = tempfile::tempdir().unwrap();
        let missing = read_key_file(&directory.path().join("keys")).unwrap_err().to_string();
        assert!(
            missing.contains("hourgate keys new") && missing.contains("signs everybody out"),
            "{missing}"
        );
        let odd = read_key_file(directory.path()).unwrap_err().to_string();
        assert!(!odd.contains("keys new"), "{odd}");
    }
}
