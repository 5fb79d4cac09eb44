//! The command line: one file per verb, each reads the configuration and calls the functions that the web calls.

mod admin;
mod api_key;
pub mod boot;
mod client;
mod config;
mod demo;
mod dev;
mod failure;
mod healthcheck;
mod initial_access_token;
mod keys;
mod logout_notices;
mod mail;
mod migrate;
mod offline;
mod out;
mod private_file;
mod serve;
mod settings;
mod user;
mod user_import;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// A standalone OAuth 2.0 authorization server and OpenID Connect provider.
///
/// Without a command it is `portcullis serve` where there is a configuration, else `portcullis dev`: a server to try
/// things with, its data in ./portcullis-dev.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = EXIT_CODES)]
struct Cli {
    /// The configuration file. Without it: portcullis.toml here, else the environment (PORTCULLIS__ISSUER and so on), else
    /// what `portcullis dev` made here.
    #[arg(long, short, global = true, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check found problems, 69 database or network \
                          unavailable, 75 try again later, 78 the configuration is invalid.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start a server to develop against, with demo users and clients.
    Dev(dev::Args),
    /// Start the server.
    Serve,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Verb),
    /// Bring the database's schema up to date.
    Migrate(migrate::Args),
    /// The signing keys.
    #[command(subcommand)]
    Keys(keys::Verb),
    /// The registered clients (applications and services).
    #[command(subcommand)]
    Client(client::Verb),
    /// The users.
    #[command(subcommand)]
    User(user::Verb),
    /// API keys of people and services.
    #[command(subcommand)]
    ApiKey(api_key::Verb),
    /// What clients have yet to be told of people who signed out.
    #[command(subcommand)]
    LogoutNotices(logout_notices::Verb),
    /// The mails: sent, waiting, failed.
    #[command(subcommand)]
    Mail(mail::Verb),
    /// The administrator's way in.
    #[command(subcommand)]
    Admin(admin::Verb),
    /// Ask the running server whether it is ready; exit code 0 or 1.
    Healthcheck(healthcheck::Args),
}

/// Reads the command line, runs the command, and tells how it went.
pub fn main() -> ExitCode {
    let mut cli = Cli::parse();
    if cli.verb.is_none() && !settings::is_configured(cli.config.as_deref()) {
        cli = Cli::parse_from(["portcullis", "dev"]);
    }
    let outcome = actix_web::rt::System::new().block_on(run(cli));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let file = cli.config.as_deref();
    match cli.verb {
        Some(Verb::Dev(_)) if file.is_some() => Err(Failure::usage(
            "`portcullis dev` makes its own configuration; `portcullis serve --config FILE` starts with a file",
        )),
        Some(Verb::Dev(args)) => dev::run(args).await,
        None | Some(Verb::Serve) => serve::run(file).await,
        Some(Verb::Config(verb)) => config::run(file, &verb),
        Some(Verb::Migrate(args)) => migrate::run(file, args).await,
        Some(Verb::Keys(verb)) => keys::run(file, verb).await,
        Some(Verb::Client(verb)) => client::run(file, verb).await,
        Some(Verb::User(verb)) => user::run(file, verb).await,
        Some(Verb::ApiKey(verb)) => api_key::run(file, verb).await,
        Some(Verb::LogoutNotices(verb)) => logout_notices::run(file, verb).await,
        Some(Verb::Mail(verb)) => mail::run(file, verb).await,
        Some(Verb::Admin(verb)) => admin::run(file, verb).await,
        Some(Verb::Healthcheck(args)) => healthcheck::run(file, args).await,
    }
}
