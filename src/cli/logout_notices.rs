//! `portcullis logout-notices`.

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Failure;
use super::offline::Offline;
use super::out::{date, say, say_json, say_table};
use crate::storage::{LogoutNoticeRecord, LogoutNotices as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the logout notices that clients have not taken yet, the oldest first.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// How many at most.
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
    },
    /// Have the running server try them again now, those that it has given up included.
    Retry {
        /// Only those of this client.
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
    },
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    let offline = Offline::open(file).await?;
    let outcome = match verb {
        Verb::List { json, limit } => list(&offline, json, limit).await,
        Verb::Retry { client_id } => retry(&offline, client_id.as_deref()).await,
    };
    offline.done(outcome).await
}

async fn list(offline: &Offline, as_json: bool, limit: u32) -> Result<(), Failure> {
    let notices = offline.store.list_logout_notices(i64::from(limit)).await?;
    if as_json {
        say_json(&Value::Array(notices.iter().map(shown).collect()));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = notices
        .into_iter()
        .map(|notice| {
            vec![
                notice.client_id,
                notice.session_id,
                date(notice.created_at),
                notice.attempts.to_string(),
                notice.next_attempt_at.map_or_else(|| "given up".to_owned(), date),
                notice.last_error.unwrap_or_default(),
            ]
        })
        .collect();
    say_table(&["CLIENT_ID", "SESSION", "SINCE", "ATTEMPTS", "NEXT ATTEMPT", "LAST ERROR"], &rows);
    Ok(())
}

/// Times in seconds.
fn shown(notice: &LogoutNoticeRecord) -> Value {
    json!({
        "client_id": notice.client_id,
        "sid": notice.session_id,
        "sub": notice.user_id,
        "attempts": notice.attempts,
        "created_at": notice.created_at / 1000,
        "next_attempt_at": notice.next_attempt_at.map(|at| at / 1000),
        "last_error": notice.last_error,
    })
}

async fn retry(offline: &Offline, client_id: Option<&str>) -> Result<(), Failure> {
    let count = offline.store.retry_logout_notices(client_id, offline.now().millis()).await?;
    say(&format!("{count} to be tried again"));
    Ok(())
}
