//! Where the demo keeps its store, its keys and its admin socket.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use hourgate::random;

/// A directory for this user only; a temporary one goes away when this is dropped.
pub(crate) struct WorkDir {
    path: PathBuf,
    is_temporary: bool,
}

impl WorkDir {
    /// The directory that was asked for, or a new temporary one.
    pub(crate) fn new(wanted: Option<PathBuf>) -> io::Result<Self> {
        let is_temporary = wanted.is_none();
        let path = wanted.unwrap_or_else(|| {
            let name = u64::from_be_bytes(random::bytes());
            std::env::temp_dir().join(format!("hourgate-demo-{name:016x}"))
        });
        // A temporary directory must be new: whoever made one of this name before may read what is in it.
        let made = DirBuilder::new().mode(0o700).recursive(!is_temporary).create(&path);
        made.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot make {}: {error}", path.display()))
        })?;
        Ok(Self { path, is_temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(directory = %self.path.display(), %error, "cannot remove the temporary directory");
        }
    }
}
