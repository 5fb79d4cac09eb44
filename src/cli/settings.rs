//! Which configuration a command works with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use super::dev;
use crate::config::{Config, Finding, Loaded, Source, load, load_and_check};
use crate::jose::Sealer;
use crate::mail::Smtp;
use crate::oauth::registration::StatementIssuers;
use crate::ops;
use crate::outbound;
use crate::web::pages::SHIPPED_LOCALES;

const FILE: &str = "portcullis.toml";
const ISSUER: &str = "PORTCULLIS__ISSUER";

/// `--config`, else `portcullis.toml` here, else the environment when it names an issuer, else what `portcullis dev`
/// left in this directory.
fn source(file: Option<&Path>) -> Result<Source, Failure> {
    if let Some(file) = file {
        return Ok(Source::File(file.to_owned()));
    }
    if Path::new(FILE).exists() {
        return Ok(Source::File(PathBuf::from(FILE)));
    }
    if std::env::var_os(ISSUER).is_some() {
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

/// Whether there is a configuration other than what `portcullis dev` makes.
pub fn is_configured(file: Option<&Path>) -> bool {
    file.is_some() || Path::new(FILE).exists() || std::env::var_os(ISSUER).is_some()
}

/// The environment. What is no text in it can be none of our settings, and reads as something that is wrong.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// The settings alone: for commands that need no key and show no page.
pub fn loaded(file: Option<&Path>) -> Result<Loaded, Failure> {
    Ok(load(&source(file)?, environment())?)
}

/// The settings, and whether what they name can be used: for whatever serves.
pub fn complete(file: Option<&Path>) -> Result<Loaded, Failure> {
    Ok(load_and_check(&source(file)?, environment(), unusable)?)
}

pub fn config(file: Option<&Path>) -> Result<Arc<Config>, Failure> {
    Ok(Arc::new(loaded(file)?.config))
}

fn unusable(config: &Config) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    if let Err(error) = Sealer::load(&config.secrets) {
        let key: &'static [&'static str] = match config.secrets.master_key {
            Some(_) => &["secrets.master_key"],
            None => &["secrets.master_key_file", "secrets.master_key"],
        };
        found.push((key, error.to_string()));
    }
    if let Err(error) = outbound::Client::new(config) {
        found.push((&["outbound.ca_file"], error.to_string()));
    }
    if let Err(error) = StatementIssuers::load(config) {
        found.push((&["client_registration.software_statement_issuers"], error.to_string()));
    }
    let locale = config.pages.default_locale.as_str();
    if !SHIPPED_LOCALES.contains(&locale) {
        found.push((&["pages.default_locale"], format!("{locale} is not one of {}", SHIPPED_LOCALES.join(", "))));
    }
    if let Err(error) = Smtp::open(config) {
        let key: &'static [&'static str] = match error.key {
            "mail.from" => &["mail.from"],
            "mail.reply_to" => &["mail.reply_to"],
            "mail.ca_file" => &["mail.ca_file"],
            "mail.password_file" => &["mail.password_file"],
            _ => &["mail.smtp"],
        };
        found.push((key, error.message));
    }
    if let Err(error) = ops::check_log_filter(&config.log.filter) {
        found.push((&["log.filter"], error.to_string()));
    }
    found
}
