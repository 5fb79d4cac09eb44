//! The command line: one file per verb, each reads the configuration and calls the functions that the web calls.

mod admin;
pub mod boot;
mod client;
mod config;
mod dev;
mod failure;
mod healthcheck;
mod keys;
mod migrate;
mod offline;
mod out;
mod serve;
mod settings;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// A standalone OAuth 2.0 authorization server and OpenID Connect provider.
///
/// Without a command it is `portcullis dev`: a server to try things with, its data in ./portcullis-dev.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = EXIT_CODES)]
struct Cli {
    /// The configuration file. Without it: portcullis.toml here, else the data of `portcullis dev`.
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
    /// The administrator's way in.
    #[command(subcommand)]
    Admin(admin::Verb),
    /// Ask the running server whether it is ready; exit code 0 or 1.
    Healthcheck(healthcheck::Args),
}

/// Reads the command line, runs the command, and tells how it went.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = actix_web::rt::System::new().block_on(run(cli));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let file = cli.config.as_deref();
    match cli.verb {
        None if file.is_some() => serve::run(file).await,
        None => dev::run(dev::Args::default()).await,
        Some(Verb::Dev(args)) => dev::run(args).await,
        Some(Verb::Serve) => serve::run(file).await,
        Some(Verb::Config(verb)) => config::run(file, &verb),
        Some(Verb::Migrate(args)) => migrate::run(file, args).await,
        Some(Verb::Keys(verb)) => keys::run(file, verb).await,
        Some(Verb::Client(verb)) => client::run(file, verb).await,
        Some(Verb::User(verb)) => user::run(file, verb).await,
        Some(Verb::Admin(verb)) => admin::run(file, verb).await,
        Some(Verb::Healthcheck(args)) => healthcheck::run(file, args).await,
    }
}
