//! `portcullis dev`: a server to develop against, made up on the spot and kept in one directory.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::boot::{self, Instance};
use super::out::say;
use super::{Failure, serve};
use crate::base::{OpaqueToken, TokenKind, new_id};
use crate::base::{Random, SystemClock, SystemRandom, Timestamp, TokenHash, base62};
use crate::config::{Config, Source, load};
use crate::identity::{NewUser, UserError};
use crate::jose::Sealer;
use crate::oauth::endpoints;
use crate::oauth::grant::GrantType;
use crate::ops;
use crate::storage::{self, ClientRecord, Clients as _};
use crate::web::playground::{self, Playground};

const DIR: &str = "portcullis-dev";
const PORT: u16 = 8080;

const USERS: [(&str, &str); 2] = [("alice@example.test", "Alice Lidell"), ("bob@example.test", "Bob Dobbs")];
const SPA: &str = "demo-spa";
const WEB: &str = "demo-web";
const SERVICE: &str = "demo-service";

#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The port of the server and of its issuer, http://localhost:PORT.
    #[arg(long, env = "PORT")]
    port: Option<u16>,
}

/// Where the configuration of the last start lies, for the other commands.
pub fn config_file() -> PathBuf {
    Path::new(DIR).join("portcullis.toml")
}

/// What was made up at the first start, and is printed at each.
#[derive(Default, Serialize, Deserialize)]
struct Demo {
    passwords: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

pub async fn run(args: Args) -> Result<(), Failure> {
    let port = args.port.unwrap_or(PORT);
    let listeners = listen(port)?;
    let random = SystemRandom::default();
    make_directory()?;
    let config = configure(port, &random)?;
    let _logging = ops::init_logging(&config.log).map_err(|error| Failure::config(error.to_string()))?;
    let instance = boot::open(Arc::clone(&config), Arc::new(SystemClock), Arc::new(SystemRandom::default())).await?;
    let demo = populate(&instance, &random).await?;
    let secret = |client_id| demo.secrets.get(client_id).map(String::as_str).unwrap_or_default();
    let playground = Playground::new(SPA, (WEB, secret(WEB)), (SERVICE, secret(SERVICE)));
    instance.app.playground.get_or_init(|| playground);
    let setup = instance.app.identity.make_setup_link().await?;
    say(&greeting(&config, &demo, setup.expose()));
    serve::until_stopped(instance, &config, listeners).await
}

/// Both families of loopback, since `localhost` may mean either; IPv6 only where there is any.
fn listen(port: u16) -> Result<Vec<TcpListener>, Failure> {
    let taken = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            return Failure::unavailable(format!(
                "port {port} is taken by another program; take another one with `portcullis dev --port {}`",
                port.checked_add(1).unwrap_or(PORT)
            ));
        }
        Failure::unavailable(format!("cannot listen on port {port}: {error}"))
    };
    let mut listeners = vec![TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(taken)?];
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return Err(taken(error)),
        Err(_) => {}
    }
    Ok(listeners)
}

fn make_directory() -> Result<(), Failure> {
    match std::fs::DirBuilder::new().mode(0o700).create(DIR) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Failure::failed(format!("./{DIR} cannot be made: {error}"))),
    }
}

/// The configuration as a file, so that the other commands find it; the environment has its say as always.
fn configure(port: u16, random: &dyn Random) -> Result<Arc<Config>, Failure> {
    let key_file = Path::new(DIR).join("master.key");
    if !key_file.exists() {
        Sealer::create_key_file(&key_file, random).map_err(|error| unwritable(&key_file, &error))?;
    }
    let text = format!(
        r#"# Written by `portcullis dev` at each start. Not for production.
issuer = "http://localhost:{port}"
listen = "127.0.0.1:{port}"
database = "sqlite:{DIR}/portcullis.db"

[secrets]
master_key_file = "{DIR}/master.key"

[metadata.scopes]
"api:read" = "Read from the demo API"
"api:write" = "Write to the demo API"

[log]
filter = "warn"
"#
    );
    let file = config_file();
    write_private(&file, &text).map_err(|error| unwritable(&file, &error))?;
    let source = Source::Text { name: file.display().to_string(), text };
    // The port is this command's own, and stands in the file already.
    let environment = std::env::vars().filter(|(name, _)| name != "PORT");
    Ok(Arc::new(load(&source, environment)?.config))
}

/// Makes the demo users and clients that are missing; the same ones at each start.
async fn populate(instance: &Instance, random: &dyn Random) -> Result<Demo, Failure> {
    let file = Path::new(DIR).join("demo.json");
    let mut demo: Demo = match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| Failure::failed(format!("{} cannot be read: {error}", file.display())))?,
        Err(_) => Demo::default(),
    };
    let now = instance.app.oauth.now();
    for (name, _) in USERS {
        demo.passwords.entry(name.to_owned()).or_insert_with(|| password(random));
    }
    for client_id in [WEB, SERVICE] {
        demo.secrets.entry(client_id.to_owned()).or_insert_with(|| {
            OpaqueToken::generate(TokenKind::ClientSecret, new_id(now, random), random).expose().to_owned()
        });
    }
    let text = serde_json::to_string_pretty(&demo).unwrap_or_default();
    write_private(&file, &text).map_err(|error| unwritable(&file, &error))?;

    let users = USERS.map(|(email, name)| user(instance, email, name, demo.passwords.get(email)));
    futures_util::future::try_join_all(users).await?;
    for (client_id, metadata) in clients(instance.app.config.issuer.as_str()) {
        put_client(instance, client_id, &metadata, demo.secrets.get(client_id), now).await?;
    }
    instance.app.oauth.follow_clients().await?;
    Ok(demo)
}

async fn user(instance: &Instance, email: &str, name: &str, password: Option<&String>) -> Result<(), Failure> {
    let identity = &instance.app.identity;
    if identity.find_user(email).await?.is_some() {
        return Ok(());
    }
    let claims = json!({ "name": name, "given_name": name.split(' ').next(), "locale": "en" });
    let new = NewUser {
        username: email.to_owned(),
        email: Some(email.to_owned()),
        email_verified: true,
        password: password.map(|password| SecretString::from(password.as_str())),
        claims: claims.as_object().cloned().unwrap_or_default(),
        is_admin: false,
    };
    match identity.create_user(new).await {
        Ok(_) | Err(UserError::Storage(storage::Error::Conflict(_))) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn clients(issuer: &str) -> [(&'static str, Value); 3] {
    let callbacks = [
        format!("{issuer}{}", playground::CALLBACK),
        "http://localhost:3000/callback".to_owned(),
        "http://localhost:5173/callback".to_owned(),
        // Any port: the application type is native.
        "http://127.0.0.1/callback".to_owned(),
    ];
    let playground = format!("{issuer}{}", playground::PATH);
    let homes = [issuer, playground.as_str(), "http://localhost:3000/", "http://localhost:5173/"];
    let person = json!(["authorization_code", "refresh_token", GrantType::DeviceCode.name()]);
    let scope = "openid profile email address phone offline_access api:read api:write";
    [
        (
            SPA,
            json!({ "client_name": "Demo single-page app", "client_uri": issuer, "application_type": "native",
                "token_endpoint_auth_method": "none", "grant_types": person, "redirect_uris": callbacks,
                "post_logout_redirect_uris": homes, "scope": scope }),
        ),
        (
            WEB,
            json!({ "client_name": "Demo web app", "client_uri": issuer, "application_type": "native",
                "token_endpoint_auth_method": "client_secret_basic", "grant_types": person,
                "redirect_uris": callbacks, "post_logout_redirect_uris": homes, "scope": scope,
                "resource_server": true }),
        ),
        (
            SERVICE,
            json!({ "client_name": "Demo service", "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["client_credentials"], "scope": "api:read api:write" }),
        ),
    ]
}

async fn put_client(
    instance: &Instance,
    client_id: &str,
    metadata: &Value,
    secret: Option<&String>,
    now: Timestamp,
) -> Result<(), Failure> {
    let store = &instance.app.oauth.store;
    let record = ClientRecord {
        client_id: client_id.to_owned(),
        metadata: metadata.to_string(),
        secret_hash: secret.map(|secret| TokenHash::of(secret).as_bytes().to_vec()),
        secret_sealed: None,
        disabled_at: None,
        created_at: now.millis(),
        updated_at: now.millis(),
    };
    if !store.update_client(&record).await? {
        store.insert_client(&record).await?;
    }
    Ok(())
}

/// Three groups of letters and digits: quick to read out, 71 bits.
fn password(random: &dyn Random) -> String {
    let group = || {
        let mut bytes = [0_u8; 4];
        random.fill(&mut bytes);
        let mut text = String::new();
        base62::encode_word(u64::from(u32::from_be_bytes(bytes)), 4, &mut text);
        text
    };
    [group(), group(), group()].join("-")
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())
}

fn unwritable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", file.display()))
}

fn greeting(config: &Config, demo: &Demo, setup: &str) -> String {
    let issuer = &config.issuer;
    let users: Vec<String> = demo.passwords.iter().map(|(name, password)| format!("{name} / {password}")).collect();
    let secret = |client_id| demo.secrets.get(client_id).map(String::as_str).unwrap_or_default();
    let (web, service) = (secret(WEB), secret(SERVICE));
    format!(
        "portcullis {version} dev mode: data in ./{DIR} (delete it to start again). Not for production.
  Issuer      {issuer}    discovery {discovery}
  Playground  {issuer}/playground   (run each flow, see each request)
  Admin       {issuer}/setup#{setup}    (again: portcullis admin login-link)
  Users       {users}
  Clients     {SPA} (public, PKCE)   {WEB} secret {web}   {SERVICE} secret {service} (client credentials)
  Try         curl -s -u {SERVICE}:{service} -d grant_type=client_credentials {token}",
        version = env!("CARGO_PKG_VERSION"),
        discovery = issuer.endpoint(endpoints::OPENID_CONFIGURATION),
        users = users.join("   "),
        token = issuer.endpoint(endpoints::TOKEN),
    )
}
