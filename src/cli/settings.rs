//! Which configuration a command works with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use super::dev;
use crate::config::{Config, Loaded, Source, load};

const FILE: &str = "portcullis.toml";

/// `--config`, else `portcullis.toml` here, else the environment when it names an issuer, else what `portcullis dev`
/// left in this directory.
pub fn source(file: Option<&Path>) -> Result<Source, Failure> {
    if let Some(file) = file {
        return Ok(Source::File(file.to_owned()));
    }
    if Path::new(FILE).exists() {
        return Ok(Source::File(PathBuf::from(FILE)));
    }
    if std::env::var_os("PORTCULLIS__ISSUER").is_some() {
        return Ok(Source::Environment);
    }
    let dev = dev::config_file();
    if dev.exists() {
        return Ok(Source::File(dev));
    }
    Err(Failure::config(
        "there is no configuration: name a file by --config, or start `portcullis dev` here to try things",
    ))
}

pub fn loaded(file: Option<&Path>) -> Result<Loaded, Failure> {
    Ok(load(&source(file)?, std::env::vars())?)
}

pub fn config(file: Option<&Path>) -> Result<Arc<Config>, Failure> {
    Ok(Arc::new(loaded(file)?.config))
}
