//! `portcullis client`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::Failure;
use super::initial_access_token;
use super::offline::Offline;
use super::out::{complain, date, say, say_json, say_table};
use crate::base::OpaqueToken;
use crate::jose::Sealer;
use crate::oauth::ClientMetadata;
use crate::oauth::registration::{Abilities, RegistrationError, Registry, sector_problem};
use crate::outbound;
use crate::storage::{ClientRecord, Clients as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Register a client. Prints it as JSON, with its secret, which is shown this once.
    Create {
        /// The id; without it one is drawn.
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
        #[command(flatten)]
        metadata: MetadataArgs,
    },
    /// List the clients.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one client as JSON.
    Show { client_id: String },
    /// Change members of a client's metadata; a member that is null goes back to its default.
    Update {
        client_id: String,
        #[command(flatten)]
        metadata: MetadataArgs,
        /// Refuse it everything from now on.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// Let it in again.
        #[arg(long)]
        enable: bool,
    },
    /// Remove a client, with its consents, codes and refresh tokens.
    Delete { client_id: String },
    /// Give a client a new secret; the old one is void at once.
    RotateSecret { client_id: String },
    /// Tokens with which clients can register themselves.
    InitialAccessToken {
        #[command(subcommand)]
        verb: initial_access_token::Verb,
    },
}

/// Client metadata, by RFC 7591's names.
#[derive(Debug, clap::Args)]
pub struct MetadataArgs {
    /// A JSON object: as text, as the name of a file, or `-` for standard input.
    #[arg(value_name = "JSON")]
    metadata: Option<String>,
    #[arg(long, value_name = "NAME")]
    client_name: Option<String>,
    /// May be given more than once.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// May be given more than once.
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Where the server tells the client that somebody has signed out.
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// What the browser opens unseen when somebody signs out.
    #[arg(long, value_name = "URI")]
    frontchannel_logout_uri: Option<String>,
    /// May be given more than once.
    #[arg(long = "grant-type", value_name = "GRANT")]
    grant_types: Vec<String>,
    /// Scopes the client may ask for, separated by spaces.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// none, client_secret_basic, client_secret_post, client_secret_jwt or private_key_jwt.
    #[arg(long, value_name = "METHOD")]
    token_endpoint_auth_method: Option<String>,
}

impl MetadataArgs {
    fn read(self) -> Result<Map<String, Value>, Failure> {
        let text = match self.metadata.as_deref() {
            None => "{}".to_owned(),
            Some("-") => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| Failure::failed(format!("standard input cannot be read: {error}")))?;
                text
            }
            Some(text) if text.trim_start().starts_with('{') => text.to_owned(),
            Some(file) => std::fs::read_to_string(file).map_err(|error| {
                Failure::usage(format!("{file} is neither JSON nor a file that can be read: {error}"))
            })?,
        };
        let mut members: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("the metadata is no JSON object: {error}")))?;
        let lists = [
            ("redirect_uris", self.redirect_uris),
            ("post_logout_redirect_uris", self.post_logout_redirect_uris),
            ("grant_types", self.grant_types),
        ];
        let words = [
            ("client_name", self.client_name),
            ("backchannel_logout_uri", self.backchannel_logout_uri),
            ("frontchannel_logout_uri", self.frontchannel_logout_uri),
            ("scope", self.scope),
            ("token_endpoint_auth_method", self.token_endpoint_auth_method),
        ];
        members.extend(
            lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name.to_owned(), json!(list))),
        );
        members.extend(words.into_iter().filter_map(|(name, word)| Some((name.to_owned(), json!(word?)))));
        Ok(members)
    }
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    let offline = Offline::open(file).await?;
    let outcome = act(&offline, verb).await;
    offline.done(outcome).await
}

async fn act(offline: &Offline, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create { client_id, metadata } => create(offline, client_id, metadata).await,
        Verb::List { json } => list(offline, json).await,
        Verb::Show { client_id } => {
            let record = find(offline, &client_id).await?;
            say_json(&shown(&record, None)?);
            Ok(())
        }
        Verb::Update { client_id, metadata, disable, enable } => {
            update(offline, &client_id, metadata, disable, enable).await
        }
        Verb::Delete { client_id } => {
            if !offline.store.delete_client(&client_id).await? {
                return Err(unknown(&client_id));
            }
            say(&format!("deleted {client_id}"));
            Ok(())
        }
        Verb::RotateSecret { client_id } => {
            let sealer = offline.sealer()?;
            let secret = registry(offline, &sealer).rotate_secret(&client_id).await?;
            say_json(&json!({ "client_id": client_id, "client_secret": secret.expose() }));
            Ok(())
        }
        Verb::InitialAccessToken { verb } => initial_access_token::act(offline, verb).await,
    }
}

fn registry<'a>(offline: &'a Offline, sealer: &'a Arc<Sealer>) -> Registry<'a> {
    Registry {
        store: &offline.store,
        sealer,
        random: offline.random.as_ref(),
        abilities: Abilities::from(offline.config.as_ref()),
        now: offline.now(),
    }
}

async fn create(offline: &Offline, client_id: Option<String>, args: MetadataArgs) -> Result<(), Failure> {
    let mut members = args.read()?;
    let named = members.remove("client_id").and_then(|value| value.as_str().map(str::to_owned));
    let metadata = parsed(members)?;
    let sealer = offline.sealer()?;
    check_sector(offline, &metadata).await?;
    let (record, secret) = registry(offline, &sealer).register(client_id.or(named), &metadata).await?;
    say_json(&shown(&record, secret.as_ref())?);
    Ok(())
}

async fn update(
    offline: &Offline,
    client_id: &str,
    args: MetadataArgs,
    disable: bool,
    enable: bool,
) -> Result<(), Failure> {
    let changes = args.read()?;
    let before = find(offline, client_id).await?;
    let mut members: Map<String, Value> = serde_json::from_str(&before.metadata).map_err(unreadable)?;
    for (name, value) in changes {
        // `client_id` and the like come along when the output of `show` is edited and sent back.
        if value.is_null() {
            members.remove(&name);
        } else if !NOT_METADATA.contains(&name.as_str()) {
            members.insert(name, value);
        }
    }
    let metadata = parsed(members)?;
    let sealer = offline.sealer()?;
    check_sector(offline, &metadata).await?;
    let (mut record, secret) = registry(offline, &sealer).update(client_id, &metadata).await?;
    if disable || enable {
        record.disabled_at = disable.then(|| offline.now().millis());
        offline.store.update_client(&record).await?;
    }
    say_json(&shown(&record, secret.as_ref())?);
    Ok(())
}

/// Fetches the client's `sector_identifier_uri`, if it names one.
async fn check_sector(offline: &Offline, metadata: &ClientMetadata) -> Result<(), Failure> {
    if metadata.sector_identifier_uri.is_none() {
        return Ok(());
    }
    let outbound = outbound::Client::new(&offline.config).map_err(|error| Failure::config(error.to_string()))?;
    match sector_problem(&outbound, metadata).await {
        Some(problem) => Err(Failure::usage(problem.to_string())),
        None => Ok(()),
    }
}

async fn list(offline: &Offline, as_json: bool) -> Result<(), Failure> {
    let records = offline.store.list_clients().await?;
    if as_json {
        let clients: Result<Vec<Value>, Failure> = records.iter().map(|record| shown(record, None)).collect();
        say_json(&Value::Array(clients?));
        return Ok(());
    }
    let mut rows = Vec::new();
    for record in &records {
        let metadata: ClientMetadata = serde_json::from_str(&record.metadata).map_err(unreadable)?;
        rows.push(vec![
            record.client_id.clone(),
            metadata.client_name.unwrap_or_default(),
            metadata.token_endpoint_auth_method,
            metadata
                .grant_types
                .iter()
                .map(|grant| grant.rsplit(':').next().unwrap_or(grant))
                .collect::<Vec<_>>()
                .join(","),
            date(record.created_at),
            if record.disabled_at.is_some() { "disabled".to_owned() } else { "enabled".to_owned() },
        ]);
    }
    say_table(&["CLIENT_ID", "NAME", "AUTHENTICATION", "GRANTS", "CREATED", "STATE"], &rows);
    Ok(())
}

/// Members of the printed client that are no metadata.
const NOT_METADATA: [&str; 6] =
    ["client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at", "disabled", "updated_at"];

/// The client as RFC 7591 §3.2.1 answers a registration.
fn shown(record: &ClientRecord, secret: Option<&OpaqueToken>) -> Result<Value, Failure> {
    let metadata: Map<String, Value> = serde_json::from_str(&record.metadata).map_err(unreadable)?;
    let mut members = Map::new();
    members.insert("client_id".to_owned(), json!(record.client_id));
    if let Some(secret) = secret {
        members.insert("client_secret".to_owned(), json!(secret.expose()));
        members.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    members.insert("client_id_issued_at".to_owned(), json!(record.created_at / 1000));
    if record.disabled_at.is_some() {
        members.insert("disabled".to_owned(), json!(true));
    }
    members.extend(metadata);
    Ok(Value::Object(members))
}

/// The members as metadata; a word about those that mean nothing here, which may be typing errors.
fn parsed(members: Map<String, Value>) -> Result<ClientMetadata, Failure> {
    let given: BTreeMap<String, Value> = members.clone().into_iter().collect();
    let metadata: ClientMetadata = serde_path_to_error::deserialize(Value::Object(members))
        .map_err(|error| Failure::usage(format!("the metadata is wrong at {}: {}", error.path(), error.inner())))?;
    let known = serde_json::to_value(&metadata).unwrap_or_default();
    for (name, value) in given {
        let is_empty = value.as_array().is_some_and(Vec::is_empty) || value.is_null();
        if known.get(&name).is_none() && !is_empty {
            complain(&format!("note: {name} means nothing to this server and is left out"));
        }
    }
    Ok(metadata)
}

async fn find(offline: &Offline, client_id: &str) -> Result<ClientRecord, Failure> {
    offline.store.find_client(client_id).await?.ok_or_else(|| unknown(client_id))
}

fn unknown(client_id: &str) -> Failure {
    Failure::failed(format!("there is no client {client_id}; `portcullis client list` lists them"))
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn unreadable(error: serde_json::Error) -> Failure {
    Failure::failed(format!("the stored metadata cannot be read: {error}"))
}

impl From<RegistrationError> for Failure {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::Storage(error) => error.into(),
            error @ (RegistrationError::Metadata(_) | RegistrationError::ClientId) => Self::usage(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}
