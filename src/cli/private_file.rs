//! Files that only their owner may read.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::Failure;

/// Writes the whole file or, when something goes wrong on the way, leaves the one there as it is.
pub fn write(file: &Path, text: &str) -> Result<(), Failure> {
    replace(file, text).map_err(|error| cannot_write(file, &error))
}

/// Writes a file that is not there yet.
pub fn create(file: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()
    };
    write().map_err(|error| cannot_write(file, &error))
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    let mut writer = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
    // One left by a crash, or made by somebody else, may have another mode.
    writer.set_permissions(Permissions::from_mode(0o600))?;
    writer.write_all(text.as_bytes())?;
    writer.sync_all()?;
    std::fs::rename(new, file)
}

pub fn cannot_write(file: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", file.display()))
}
