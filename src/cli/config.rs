//! `portcullis config`.

use std::path::Path;

use clap::Subcommand;

use super::out::say;
use super::{Failure, settings};
use crate::jose::Sealer;
use crate::web::pages::SHIPPED_LOCALES;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say everything that is wrong with the configuration; exit code 78 if anything is.
    Check,
    /// Print every setting, secrets masked.
    Show {
        /// Tell for each where it was said.
        #[arg(long)]
        origin: bool,
    },
}

pub fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    let loaded = settings::loaded(file)?;
    match verb {
        Verb::Check => {
            // The key is read here too: a start that fails later is what a check is there to prevent.
            Sealer::load(&loaded.config.secrets)?;
            let locale = &loaded.config.pages.default_locale;
            if !SHIPPED_LOCALES.contains(&locale.as_str()) {
                let shipped = SHIPPED_LOCALES.join(", ");
                return Err(Failure::config(format!("pages.default_locale: {locale} is not one of {shipped}")));
            }
            say(&format!("ok: {}", loaded.config.issuer));
        }
        Verb::Show { origin } => {
            for (key, value, from) in loaded.effective() {
                let note = if *origin { format!("  # {from}") } else { String::new() };
                say(&format!("{key} = {value}{note}"));
            }
        }
    }
    Ok(())
}
