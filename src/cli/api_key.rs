//! `portcullis api-key`.

use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Failure;
use super::offline::Offline;
use super::out::{date, say, say_json, say_table};
use crate::base::new_id;
use crate::config::Ttl;
use crate::oauth::api_keys::{ApiKeyError, ApiKeys, NewApiKey, Owner};
use crate::storage::{ApiKeyRecord, ApiKeys as _, Audit as _, AuditRecord, Clients as _, Users as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a key for a person or a service client. Prints it as JSON; the key is shown this once.
    Create {
        #[command(flatten)]
        owner: OwnerArgs,
        /// What the key is for.
        #[arg(long)]
        name: String,
        /// Scopes separated by spaces: of those that the owner may give a key.
        #[arg(long, value_name = "SCOPES")]
        scope: String,
        /// How long it lives, such as 12h or 90d.
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = lifetime)]
        expires_in: Duration,
    },
    /// List the keys that are not revoked.
    List {
        #[command(flatten)]
        owner: OptionalOwnerArgs,
        /// As JSON, one key per line.
        #[arg(long)]
        json: bool,
    },
    /// End a key, and the tokens that it was exchanged for.
    Revoke {
        /// Its id, or the first 12 characters of the key where they name one alone.
        key: String,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct OwnerArgs {
    /// The person it belongs to: name, e-mail or id.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// The service client it belongs to.
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(required = false, multiple = false)]
pub struct OptionalOwnerArgs {
    /// Only this person's.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only this client's.
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
}

/// Read as the settings read a length of time.
fn lifetime(text: &str) -> Result<Duration, String> {
    let ttl: Ttl = serde_json::from_value(json!(text)).map_err(|error| error.to_string())?;
    Ok(ttl.duration())
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    let offline = Offline::open(file).await?;
    let outcome = act(&offline, verb).await;
    offline.done(outcome).await
}

async fn act(offline: &Offline, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create { owner, name, scope, expires_in } => {
            let Some(owner) = find_owner(offline, owner.user, owner.client).await? else {
                return Err(Failure::usage("a key needs --user or --client"));
            };
            let registry = registry(offline);
            let id = registry.draw_id();
            let made = registry.create(NewApiKey { id, owner, as_of: None, name, scope, lifetime: expires_in }).await?;
            audit(offline, "api_key_created", &made.record);
            let mut answer = shown(&made.record);
            if let Some(members) = answer.as_object_mut() {
                members.insert("api_key".to_owned(), json!(made.key.expose()));
            }
            say_json(&answer);
            Ok(())
        }
        Verb::List { owner, json } => {
            let owner = find_owner(offline, owner.user, owner.client).await?;
            list(offline, owner.as_ref(), json).await
        }
        Verb::Revoke { key } => revoke(offline, &key).await,
    }
}

fn registry(offline: &Offline) -> ApiKeys<'_> {
    ApiKeys { store: &offline.store, config: &offline.config, random: offline.random.as_ref(), now: offline.now() }
}

async fn find_owner(offline: &Offline, user: Option<String>, client: Option<String>) -> Result<Option<Owner>, Failure> {
    if let Some(name) = user {
        let user = offline.identity().find_user(&name).await?;
        let user =
            user.ok_or_else(|| Failure::failed(format!("there is no user {name}; `portcullis user list` lists them")))?;
        return Ok(Some(Owner::Person(user.id)));
    }
    let Some(client_id) = client else { return Ok(None) };
    if offline.store.find_client(&client_id).await?.is_none() {
        let message = format!("there is no client {client_id}; `portcullis client list` lists them");
        return Err(Failure::failed(message));
    }
    Ok(Some(Owner::Client(client_id)))
}

async fn list(offline: &Offline, owner: Option<&Owner>, as_json: bool) -> Result<(), Failure> {
    let keys = match owner {
        Some(owner) => registry(offline).list(owner).await?,
        None => all(offline).await?,
    };
    if as_json {
        for key in &keys {
            say(&shown(key).to_string());
        }
        return Ok(());
    }
    let mut rows = Vec::with_capacity(keys.len());
    for key in &keys {
        let owner = match (&key.user_id, &key.client_id) {
            (Some(id), _) => offline.store.find_user(id).await?.map_or_else(|| id.clone(), |user| user.username),
            (None, client_id) => client_id.clone().unwrap_or_default(),
        };
        rows.push(vec![
            format!("{}...", key.prefix),
            key.name.clone(),
            owner,
            key.scope.clone(),
            if key.expires_at <= offline.now().millis() { "expired".to_owned() } else { date(key.expires_at) },
            key.last_used_at.map_or_else(|| "never".to_owned(), date),
            key.id.clone(),
        ]);
    }
    say_table(&["KEY", "NAME", "OWNER", "SCOPE", "EXPIRES", "LAST USED", "ID"], &rows);
    Ok(())
}

async fn all(offline: &Offline) -> Result<Vec<ApiKeyRecord>, Failure> {
    const PAGE: i64 = 500;
    let mut keys: Vec<ApiKeyRecord> = Vec::new();
    loop {
        let after = keys.last().map_or("", |key| key.id.as_str());
        let page = offline.store.list_api_keys(after, PAGE).await?;
        if page.is_empty() {
            return Ok(keys);
        }
        keys.extend(page);
    }
}

async fn revoke(offline: &Offline, key: &str) -> Result<(), Failure> {
    let by_prefix = offline.store.find_api_keys_by_prefix(key).await?;
    let id = match by_prefix.as_slice() {
        [] => key.to_owned(),
        [one] => one.id.clone(),
        _ => return Err(Failure::failed(format!("{key} names several keys; name one by its id"))),
    };
    let now = offline.now();
    let until = now.plus(offline.config.tokens.access_token_ttl.duration()).plus(Duration::from_mins(5));
    let Some(revoked) = offline.store.revoke_api_key(&id, None, now.millis(), until.millis()).await? else {
        return Err(Failure::failed(format!("there is no live key {key}; `portcullis api-key list` lists them")));
    };
    audit(offline, "api_key_revoked", &revoked);
    say(&format!("{}... ({}) is revoked", revoked.prefix, revoked.name));
    Ok(())
}

fn audit(offline: &Offline, event: &str, key: &ApiKeyRecord) {
    let now = offline.now();
    offline.store.audit(AuditRecord {
        id: new_id(now, offline.random.as_ref()).to_string(),
        at: now.millis(),
        event: event.to_owned(),
        user_id: key.user_id.clone(),
        client_id: key.client_id.clone(),
        session_id: None,
        address: None,
        request_id: None,
        details: json!({ "api_key_id": key.id, "prefix": key.prefix, "by": "command line" }).to_string(),
    });
}

fn shown(key: &ApiKeyRecord) -> Value {
    json!({
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "scope": key.scope,
        "user_id": key.user_id,
        "client_id": key.client_id,
        "created_at": key.created_at / 1000,
        "expires_at": key.expires_at / 1000,
        "last_used_at": key.last_used_at.map(|at| at / 1000),
    })
}

impl From<ApiKeyError> for Failure {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Storage(error) => error.into(),
            error @ ApiKeyError::Off => Self::config(error.to_string()),
            error => Self::usage(error.to_string()),
        }
    }
}
