//! `portcullis client initial-access-token`.

use clap::Subcommand;
use serde_json::json;

use super::Failure;
use super::offline::Offline;
use super::out::{complain, date, say, say_json, say_table};
use crate::base::{OpaqueToken, TokenKind, new_id};
use crate::config::{ClientRegistrationMode, Ttl};
use crate::storage::{InitialAccessTokenRecord, InitialAccessTokens as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a token with which clients can register themselves. It is shown this once.
    Create {
        /// How many clients may register with it.
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// Until when, in days from now.
        #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
        /// For whom it is.
        #[arg(long, default_value = "", value_name = "TEXT")]
        note: String,
    },
    /// List the tokens, without their secrets.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let nobody register with a token any more.
    Revoke { id: String },
}

pub async fn act(offline: &Offline, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create { uses, days, note } => create(offline, uses, days, note).await,
        Verb::List { json } => list(offline, json).await,
        Verb::Revoke { id } => {
            if !offline.store.delete_initial_access_token(&id).await? {
                let list = "`portcullis client initial-access-token list` lists them";
                return Err(Failure::failed(format!("there is no initial access token {id}; {list}")));
            }
            say(&format!("revoked {id}"));
            Ok(())
        }
    }
}

async fn create(offline: &Offline, uses: u32, days: u16, note: String) -> Result<(), Failure> {
    let now = offline.now();
    let id = new_id(now, offline.random.as_ref());
    let token = OpaqueToken::generate(TokenKind::InitialAccessToken, id, offline.random.as_ref());
    let expires_at = now.plus(Ttl::days(days.into()).duration());
    let record = InitialAccessTokenRecord {
        id: id.to_string(),
        secret_hash: token.hash().as_bytes().to_vec(),
        note,
        uses_left: uses.into(),
        created_at: now.millis(),
        expires_at: expires_at.millis(),
    };
    offline.store.insert_initial_access_token(&record).await?;
    if offline.config.client_registration.mode == ClientRegistrationMode::Off {
        complain("note: client_registration.mode is off: nobody can register until it is initial_access_token or open");
    }
    say_json(&json!({
        "id": record.id,
        "initial_access_token": token.expose(),
        "uses_left": uses,
        "expires_at": expires_at.seconds(),
    }));
    Ok(())
}

async fn list(offline: &Offline, as_json: bool) -> Result<(), Failure> {
    let records = offline.store.list_initial_access_tokens().await?;
    if as_json {
        let tokens = records.iter().map(|record| {
            json!({ "id": record.id, "note": record.note, "uses_left": record.uses_left,
                "created_at": record.created_at / 1000, "expires_at": record.expires_at / 1000 })
        });
        say_json(&tokens.collect());
        return Ok(());
    }
    let rows: Vec<Vec<String>> = records
        .into_iter()
        .map(|record| {
            vec![record.id, record.uses_left.to_string(), date(record.created_at), date(record.expires_at), record.note]
        })
        .collect();
    say_table(&["ID", "USES_LEFT", "CREATED", "EXPIRES", "NOTE"], &rows);
    Ok(())
}
