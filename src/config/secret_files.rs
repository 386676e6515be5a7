//! Values that lie in files of their own, where orchestrators put secrets.

use std::cell::RefCell;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::problem::Refusal;

/// No key ring and no secret is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Where a relative name is looked up after the working directory.
pub(super) struct SecretFiles {
    directories: Vec<PathBuf>,
    open_to_others: RefCell<Vec<PathBuf>>,
}

impl SecretFiles {
    /// systemd's credentials (`LoadCredential=`), then the container's secrets.
    pub(super) fn new(credentials_directory: Option<&str>) -> Self {
        let mut directories: Vec<PathBuf> = credentials_directory.map(PathBuf::from).into_iter().collect();
        directories.push("/run/secrets".into());
        Self { directories, open_to_others: RefCell::default() }
    }

    /// The files read that others may read too. Those of an orchestrator are its business: nobody else is in there.
    pub(super) fn into_open_to_others(self) -> Vec<PathBuf> {
        self.open_to_others.into_inner()
    }

    fn note_whether_open(&self, file: &Path) {
        let others_may = std::fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o007 != 0);
        if others_may && !self.directories.iter().any(|directory| file.starts_with(directory)) {
            self.open_to_others.borrow_mut().push(file.to_owned());
        }
    }

    /// The content of the first such file, without the newline at its end.
    pub(super) fn read(&self, name: &str) -> Result<String, Refusal> {
        // An absolute name swallows the directory it is joined to.
        let mut places = vec![PathBuf::from(name)];
        if !Path::new(name).is_absolute() {
            places.extend(self.directories.iter().map(|directory| directory.join(name)));
        }
        for place in &places {
            match read(place) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Refusal::new(format!("cannot be read: {}: {error}", place.display())));
                }
                Ok(text) => {
                    self.note_whether_open(place);
                    return Ok(text);
                }
            }
        }
        let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
        Err(Refusal::new(format!("names no file: looked for {}", places.join(", "))))
    }
}

/// The text of a file that is no secret.
pub(super) fn read_text(name: &str) -> Result<String, Refusal> {
    read(Path::new(name)).map_err(|error| Refusal::new(format!("cannot be read: {error}")))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(std::io::Error::other("it is longer than 64 KiB"));
    }
    let end =
        text.strip_suffix('\n').map_or(text.len(), |rest| rest.strip_suffix('\r').unwrap_or(rest).len());
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_name_is_found_among_the_credentials_and_loses_its_newline() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("client_secret"), "s3cret\r\n").unwrap();
        let files = SecretFiles::new(directory.path().to_str());
        assert_eq!(files.read("client_secret").ok().as_deref(), Some("s3cret"));
        assert!(files.read("other").is_err());
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        assert!(SecretFiles::new(None).read("/dev/zero").is_err());
    }
}
