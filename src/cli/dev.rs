//! `portcullis dev`: a server to develop against, made up on the spot and kept in one directory.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::boot::{self, Instance};
use super::demo::{Demo, SERVICE, SPA, WEB};
use super::out::say;
use super::{Failure, private_file, serve, settings};
use crate::base::{Random, SystemClock, SystemRandom};
use crate::config::{Config, Source, load};
use crate::jose::Sealer;
use crate::oauth::endpoints;
use crate::ops;
use crate::web::playground::Playground;

const DIR: &str = "portcullis-dev";
const PORT: u16 = 8080;
/// How many ports after a taken one are tried for the one to propose.
const PORTS_TRIED: u16 = 50;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port of the server and of its issuer, http://localhost:PORT.
    #[arg(long, env = "PORT", default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

/// Where the configuration of the last start lies, for the other commands.
pub fn config_file() -> PathBuf {
    Path::new(DIR).join("portcullis.toml")
}

pub async fn run(args: Args) -> Result<(), Failure> {
    let text = configuration(args.port);
    let source = Source::Text { name: config_file().display().to_string(), text: text.clone() };
    // The port is this command's own, and stands in the text already.
    let environment = settings::environment().filter(|(name, _)| name != "PORT");
    let config = Arc::new(load(&source, environment)?.config);
    let public = listen(config.listen)?;
    let listeners = serve::Listeners::claim(public, &config)?;
    let random = SystemRandom::default();
    make_directory(&random)?;
    let _logging = ops::init_logging(&config.log).map_err(|error| Failure::config(error.to_string()))?;
    let instance = boot::open(config, Arc::new(SystemClock), Arc::new(SystemRandom::default())).await?;
    match prepare(&instance, &text, &random).await {
        Ok(greeting) => serve::until_stopped(instance, listeners, || say(&greeting)).await,
        Err(failure) => {
            instance.close().await;
            Err(failure)
        }
    }
}

/// What the other commands read too; the environment has its say as always.
fn configuration(port: u16) -> String {
    format!(
        r#"# Written by `portcullis dev` at each start. Not for production.
issuer = "http://localhost:{port}"
listen = "127.0.0.1:{port}"
database = "sqlite:{DIR}/portcullis.db"

[secrets]
master_key_file = "{DIR}/master.key"

[metadata.scopes]
"api:read" = "Read from the demo API"
"api:write" = "Write to the demo API"

[mail]
development = true

[client_registration]
mode = "open"

[client_id_metadata_documents]
allow = ["*"]

[log]
filter = "warn"
"#
    )
}

/// On loopback both families, since `localhost` may mean either; IPv6 only where there is any.
fn listen(address: SocketAddr) -> Result<Vec<TcpListener>, Failure> {
    let port = address.port();
    let failed = |error: io::Error| {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Failure::unavailable(format!("cannot listen on {address}: {error}"));
        }
        let after = port.saturating_add(1)..=port.saturating_add(PORTS_TRIED);
        let free = after.into_iter().find(|port| bind(address.ip(), *port).is_ok());
        Failure::unavailable(format!(
            "port {port} is taken by another program; take another one with `portcullis dev --port {}`",
            free.unwrap_or(PORT)
        ))
    };
    if !address.ip().is_loopback() {
        return Ok(vec![TcpListener::bind(address).map_err(failed)?]);
    }
    let mut listeners = vec![bind(Ipv4Addr::LOCALHOST.into(), port).map_err(failed)?];
    match bind(Ipv6Addr::LOCALHOST.into(), port) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(failed(error)),
        Err(_) => {}
    }
    Ok(listeners)
}

fn bind(ip: std::net::IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(ip, port))
}

/// The directory, closed to others, with the key that seals what the database keeps.
fn make_directory(random: &dyn Random) -> Result<(), Failure> {
    let dir = Path::new(DIR);
    let made = match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::set_permissions(dir, Permissions::from_mode(0o700))
        }
        made => made,
    };
    made.map_err(|error| Failure::failed(format!("./{DIR} cannot be made: {error}")))?;
    // Whoever develops has a repository here, where none of this belongs.
    private_file::write(&dir.join(".gitignore"), "*\n")?;
    let key_file = dir.join("master.key");
    if !key_file.exists() {
        Sealer::create_key_file(&key_file, random).map_err(|error| private_file::cannot_write(&key_file, &error))?;
    }
    Ok(())
}

/// Everything that may only be written by the one server of this directory, and what that server says at its start.
async fn prepare(instance: &Instance, text: &str, random: &dyn Random) -> Result<String, Failure> {
    private_file::write(&config_file(), text)?;
    let demo = Demo::populate(instance, &Path::new(DIR).join("demo.json"), random).await?;
    let playground = Playground::new(SPA, (WEB, demo.secret(WEB)), (SERVICE, demo.secret(SERVICE)));
    instance.app.playground.get_or_init(|| playground);
    let setup = instance.app.identity.make_setup_link().await?;
    Ok(greeting(&instance.app.config, &demo, setup.expose()))
}

fn greeting(config: &Config, demo: &Demo, setup: &str) -> String {
    let issuer = &config.issuer;
    let users: Vec<String> = demo.users().map(|(name, password)| format!("{name} / {password}")).collect();
    let (web, service) = (demo.secret(WEB), demo.secret(SERVICE));
    let api_key = demo.api_key().map_or_else(String::new, |key| {
        format!("\n  API key     {key} (of {SERVICE}; {WEB} may ask what it is good for, and {SERVICE} exchange it)")
    });
    // Where the other commands would find another configuration first, they must be told.
    let which =
        if settings::is_configured(None) { format!(" --config {}", config_file().display()) } else { String::new() };
    format!(
        "portcullis {version} dev mode: data in ./{DIR} (delete it to start again). Not for production.
  Issuer      {issuer}    discovery {discovery}
  Playground  {issuer}/playground   (run each flow, see each request)
  Mail        {issuer}/dev/mail   (kept here, never sent)
  Admin       {issuer}/setup#{setup}    (again: portcullis admin login-link{which})
  Users       {users}
  Clients     {SPA} (public, PKCE)   {WEB} secret {web}   {SERVICE} secret {service} (client credentials){api_key}
  Try         curl -s -u {SERVICE}:{service} -d grant_type=client_credentials {token}",
        version = env!("CARGO_PKG_VERSION"),
        discovery = issuer.endpoint(endpoints::OPENID_CONFIGURATION),
        users = users.join("   "),
        token = issuer.endpoint(endpoints::TOKEN),
    )
}
