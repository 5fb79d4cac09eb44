//! `portcullis config`.

use std::path::Path;

use clap::Subcommand;

use super::out::say;
use super::{Failure, settings};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say everything that is wrong with the configuration and with the files it names; exit code 78 if anything is.
    Check,
    /// Print every setting as TOML, secrets masked.
    Show {
        /// Tell for each where it was said.
        #[arg(long)]
        origin: bool,
    },
}

pub fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Check => {
            let loaded = settings::complete(file)?;
            say(&format!("ok: {}", loaded.config.issuer));
        }
        Verb::Show { origin } => {
            for (key, value, from) in settings::loaded(file)?.effective() {
                let note = if *origin { format!("  # {from}") } else { String::new() };
                say(&format!("{key} = {value}{note}"));
            }
        }
    }
    Ok(())
}
