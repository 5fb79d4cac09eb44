//! The users and clients that `portcullis dev` makes up at its first start, and keeps.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Failure;
use super::boot::Instance;
use super::private_file;
use crate::base::{OpaqueToken, Random, Timestamp, TokenHash, TokenKind, base62, new_id};
use crate::identity::{NewUser, Origin};
use crate::oauth::api_keys::{ApiKeyError, NewApiKey, Owner};
use crate::oauth::grant::GrantType;
use crate::storage::{ClientRecord, Clients as _};
use crate::web::playground;

pub const SPA: &str = "demo-spa";
pub const WEB: &str = "demo-web";
pub const SERVICE: &str = "demo-service";

const USERS: [(&str, &str); 2] = [("alice@example.test", "Alice Lidell"), ("bob@example.test", "Bob Dobbs")];
/// Stands for what somebody has changed since.
const CHANGED: &str = "(changed)";

/// What was made up, as it is kept.
#[derive(Default, Serialize, Deserialize)]
pub struct Demo {
    passwords: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    /// When each password was set, in epoch milliseconds: a user with another time has another password by now.
    #[serde(default)]
    passwords_set_at: BTreeMap<String, i64>,
    /// Of the demo service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(skip)]
    changed: Vec<String>,
}

impl Demo {
    /// Makes what is missing, the same as before where it was kept in `file`; what somebody has changed stays changed.
    pub async fn populate(instance: &Instance, file: &Path, random: &dyn Random) -> Result<Self, Failure> {
        let kept = match std::fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::failed(format!("{} cannot be read: {error}; delete it to get new secrets", file.display()))
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(Failure::failed(format!("{} cannot be read: {error}", file.display()))),
        };
        let mut demo = Self::default();
        let users = USERS.map(|(email, name)| user(instance, email, name, &kept, random));
        for User { email, password, set_at, is_changed } in futures_util::future::try_join_all(users).await? {
            demo.passwords.insert(email.to_owned(), password);
            demo.passwords_set_at.extend(set_at.map(|at| (email.to_owned(), at)));
            demo.changed.extend(is_changed.then(|| email.to_owned()));
        }
        let now = instance.app.oauth.now();
        for (client_id, metadata) in clients(instance.app.config.issuer.as_str()) {
            let mut secret = kept.secrets.get(client_id).cloned();
            let is_new = secret.is_none() && client_id != SPA;
            if is_new {
                secret = Some(
                    OpaqueToken::generate(TokenKind::ClientSecret, new_id(now, random), random).expose().to_owned(),
                );
            }
            let is_changed = put_client(instance, client_id, metadata, secret.as_deref(), is_new, now).await?;
            demo.secrets.extend(secret.map(|secret| (client_id.to_owned(), secret)));
            demo.changed.extend(is_changed.then(|| client_id.to_owned()));
        }
        instance.app.oauth.follow_clients().await?;
        demo.api_key = api_key(instance, kept.api_key).await?;
        // Kept after everything has been set: whatever a crash leaves unkept is set anew at the next start.
        private_file::write(file, &serde_json::to_string_pretty(&demo).unwrap_or_default())?;
        Ok(demo)
    }

    /// Each user with the password, as far as it is known.
    pub fn users(&self) -> impl Iterator<Item = (&str, &str)> {
        self.passwords.iter().map(|(name, password)| (name.as_str(), self.unless_changed(name, password)))
    }

    pub fn secret(&self, client_id: &str) -> &str {
        self.secrets.get(client_id).map_or("", |secret| self.unless_changed(client_id, secret))
    }

    /// An API key of the demo service.
    pub fn api_key(&self) -> Option<&str> {
        self.api_key.as_deref()
    }

    fn unless_changed<'a>(&self, name: &str, secret: &'a str) -> &'a str {
        if self.changed.iter().any(|changed| changed == name) { CHANGED } else { secret }
    }
}

struct User {
    email: &'static str,
    password: String,
    set_at: Option<i64>,
    is_changed: bool,
}

async fn user(
    instance: &Instance,
    email: &'static str,
    name: &str,
    kept: &Demo,
    random: &dyn Random,
) -> Result<User, Failure> {
    let identity = &instance.app.identity;
    let (password, is_new) = match kept.passwords.get(email) {
        Some(password) => (password.clone(), false),
        None => (made_up_password(random), true),
    };
    let secret = SecretString::from(password.as_str());
    let found = identity.find_user(email).await?;
    let was_there = found.is_some() && !is_new;
    let record = match found {
        Some(record) if is_new => {
            identity
                .set_password(&record, &secret, &Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis dev", ""))
                .await?;
            identity.find_user(email).await?
        }
        Some(record) => Some(record),
        None => {
            let claims = json!({ "name": name, "given_name": name.split(' ').next() });
            let new = NewUser {
                username: email.to_owned(),
                email: Some(email.to_owned()),
                email_verified: true,
                password: Some(secret),
                claims: claims.as_object().cloned().unwrap_or_default(),
                is_admin: false,
            };
            Some(identity.create_user(new).await?)
        }
    };
    let set_at = record.and_then(|record| record.password_changed_at);
    let kept_at = kept.passwords_set_at.get(email).copied().filter(|_| was_there);
    let is_changed = kept_at.is_some_and(|at| set_at != Some(at));
    Ok(User { email, password, set_at: kept_at.or(set_at), is_changed })
}

/// The key that was kept while it works, else another one; none where the operator has switched keys off.
async fn api_key(instance: &Instance, kept: Option<String>) -> Result<Option<String>, Failure> {
    let cx = &instance.app.oauth;
    if let Some(kept) = kept
        && cx.verify_api_key(&kept).await?.is_some()
    {
        return Ok(Some(kept));
    }
    let registry = cx.api_key_registry();
    let new = NewApiKey {
        id: registry.draw_id(),
        owner: Owner::Client(SERVICE.to_owned()),
        as_of: None,
        name: "demo".to_owned(),
        scope: "api:read".to_owned(),
        lifetime: cx.config.api_keys.max_ttl.duration(),
    };
    match registry.create(new).await {
        Ok(made) => Ok(Some(made.key.expose().to_owned())),
        Err(ApiKeyError::Storage(error)) => Err(error.into()),
        // The service was changed or switched off: whoever did that knows how to make a key.
        Err(_) => Ok(None),
    }
}

fn clients(issuer: &str) -> [(&'static str, Value); 3] {
    let callbacks = [
        format!("{issuer}{}", playground::CALLBACK),
        "http://localhost:3000/callback".to_owned(),
        "http://localhost:5173/callback".to_owned(),
    ];
    let playground = format!("{issuer}{}", playground::PATH);
    let homes = [issuer, playground.as_str(), "http://localhost:3000/", "http://localhost:5173/"];
    let person = json!(["authorization_code", "refresh_token", GrantType::DeviceCode.name()]);
    let scope = "openid profile email address phone offline_access api:read api:write";
    [
        (
            SPA,
            json!({ "client_name": "Demo single-page app", "client_uri": issuer,
                "token_endpoint_auth_method": "none", "grant_types": person, "redirect_uris": callbacks,
                "post_logout_redirect_uris": homes, "scope": scope }),
        ),
        (
            WEB,
            json!({ "client_name": "Demo web app", "client_uri": issuer,
                "token_endpoint_auth_method": "client_secret_basic", "grant_types": person,
                "redirect_uris": callbacks, "post_logout_redirect_uris": homes, "scope": scope,
                "resource_server": true }),
        ),
        (
            SERVICE,
            json!({ "client_name": "Demo service", "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["client_credentials", GrantType::TokenExchange.name()], "scope": "api:read api:write" }),
        ),
    ]
}

/// Makes the client, or sees to it that the one there knows the URIs of this issuer, which may have another port than at
/// the last start. True when its secret is another one by now.
async fn put_client(
    instance: &Instance,
    client_id: &str,
    metadata: Value,
    secret: Option<&str>,
    is_new_secret: bool,
    now: Timestamp,
) -> Result<bool, Failure> {
    let store = &instance.app.oauth.store;
    let secret_hash = secret.map(|secret| TokenHash::of(secret).as_bytes().to_vec());
    let Some(before) = store.find_client(client_id).await? else {
        let record = ClientRecord {
            client_id: client_id.to_owned(),
            metadata: metadata.to_string(),
            secret_hash,
            secret_sealed: None,
            disabled_at: None,
            created_at: now.millis(),
            updated_at: now.millis(),
        };
        store.insert_client(&record).await?;
        return Ok(false);
    };
    let mut after = before.clone();
    if let Some(merged) = with_uris_of(&before.metadata, &metadata) {
        after.metadata = merged;
    }
    if is_new_secret {
        after.secret_hash.clone_from(&secret_hash);
    }
    if after.metadata != before.metadata || after.secret_hash != before.secret_hash {
        after.updated_at = now.millis();
        store.update_client(&after).await?;
    }
    Ok(secret_hash.is_some() && after.secret_hash != secret_hash)
}

/// `stored` with the URIs of `wanted` that it lacks; `None` when it lacks none.
fn with_uris_of(stored: &str, wanted: &Value) -> Option<String> {
    let mut stored: Value = serde_json::from_str(stored).ok()?;
    let mut is_changed = false;
    for member in ["redirect_uris", "post_logout_redirect_uris"] {
        let Some(wanted) = wanted.get(member).and_then(Value::as_array) else { continue };
        let Some(have) = stored.get_mut(member).and_then(Value::as_array_mut) else { continue };
        for uri in wanted {
            if !have.contains(uri) {
                have.push(uri.clone());
                is_changed = true;
            }
        }
    }
    is_changed.then(|| stored.to_string())
}

/// Three groups of letters and digits: quick to read out, 71 bits.
fn made_up_password(random: &dyn Random) -> String {
    let group = || {
        let mut bytes = [0_u8; 4];
        random.fill(&mut bytes);
        let mut text = String::new();
        base62::encode_word(u64::from(u32::from_be_bytes(bytes)), 4, &mut text);
        text
    };
    [group(), group(), group()].join("-")
}
