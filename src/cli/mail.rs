//! `portcullis mail`.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::Failure;
use super::offline::Offline;
use super::out::{date, say, say_table};
use crate::storage::{MailRecord, Outbox as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List mails, the newest first: sent, waiting, and those that were not taken, with the reason.
    List {
        /// As JSON, one mail per line.
        #[arg(long)]
        json: bool,
        /// So many at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
    /// Try mails again at once that wait or have failed: the named one, or all.
    Retry {
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    let offline = Offline::open(file).await?;
    let outcome = act(&offline, verb).await;
    offline.done(outcome).await
}

async fn act(offline: &Offline, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::List { json, limit } => {
            let mails = offline.store.list_mails(limit).await?;
            if json {
                for mail in &mails {
                    say(&shown(mail).to_string());
                }
            } else {
                let rows: Vec<Vec<String>> = mails.iter().map(row).collect();
                say_table(&["QUEUED", "STATE", "TRIES", "KIND", "TO", "ID", "ERROR"], &rows);
            }
            Ok(())
        }
        Verb::Retry { id, .. } => {
            let now = offline.now();
            let give_up_at = now.plus(offline.config.mail.retry_for.duration());
            let count = offline.store.retry_mails(id.as_deref(), now.millis(), give_up_at.millis()).await?;
            match (count, id) {
                (0, Some(id)) => Err(Failure::failed(format!("no mail {id} waits; `portcullis mail list` lists them"))),
                (count, _) => {
                    say(&format!("{count} to be tried now, by the server"));
                    Ok(())
                }
            }
        }
    }
}

fn state(mail: &MailRecord) -> &'static str {
    match (mail.sent_at, mail.failed_at) {
        (Some(_), _) => "sent",
        (None, Some(_)) => "failed",
        (None, None) => "waiting",
    }
}

fn row(mail: &MailRecord) -> Vec<String> {
    vec![
        date(mail.created_at),
        state(mail).to_owned(),
        mail.attempts.to_string(),
        mail.kind.clone(),
        mail.recipient.clone().unwrap_or_default(),
        mail.id.clone(),
        mail.last_error.clone().unwrap_or_default(),
    ]
}

fn shown(mail: &MailRecord) -> serde_json::Value {
    json!({
        "id": mail.id,
        "kind": mail.kind,
        "to": mail.recipient,
        "sub": mail.user_id,
        "state": state(mail),
        "tries": mail.attempts,
        "error": mail.last_error,
        "queued_at": mail.created_at / 1000,
        "sent_at": mail.sent_at.map(|at| at / 1000),
        "next_try_at": (mail.sent_at.is_none() && mail.failed_at.is_none()).then_some(mail.due_at / 1000),
    })
}
