//! `portcullis admin`.

use std::path::Path;

use clap::Subcommand;

use super::Failure;
use super::offline::Offline;
use super::out::say;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Print a one-time link: for the first administrator, or to let the one there is set a new password.
    LoginLink,
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    let offline = Offline::open(file).await?;
    let outcome = match verb {
        Verb::LoginLink => login_link(&offline).await,
    };
    offline.done(outcome).await
}

async fn login_link(offline: &Offline) -> Result<(), Failure> {
    let token = offline.identity().make_setup_link().await?;
    // In the fragment, which browsers send to no server and servers write to no log.
    say(&format!("{}#{}", offline.config.issuer.endpoint("/setup"), token.expose()));
    Ok(())
}
