//! `portcullis keys`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::offline::Offline;
use super::out::{date, say, say_json, say_table};
use super::{Failure, private_file};
use crate::base::SystemRandom;
use crate::config::Algorithm;
use crate::jose::{KeyRing, Sealer, open_private_key};
use crate::storage::{SigningKeyRecord, SigningKeys as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the published keys: what signs, what comes next, what is on its way out.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make new keys. They sign once every client can have seen them; with --now at once.
    Rotate {
        /// Only this algorithm.
        #[arg(long, value_name = "ALG")]
        alg: Option<String>,
        /// Sign with the new key at once: after a leak. Clients that cached the key set may refuse tokens for a while.
        #[arg(long)]
        now: bool,
    },
    /// Write a new master key file, which seals the signing keys in the database. Mode 0600; never overwrites.
    CreateMaster { file: PathBuf },
    /// Print a private key as PKCS#8 PEM, unencrypted: for moving to another server.
    Export {
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Write it to a new file of mode 0600 instead.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Take a private key (PKCS#8 PEM) in.
    Import {
        #[arg(long, value_name = "ALG")]
        alg: String,
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// Sign with it at once.
        #[arg(long)]
        now: bool,
    },
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    if let Verb::CreateMaster { file } = &verb {
        return create_master(file);
    }
    let offline = Offline::open(file).await?;
    let outcome = act(&offline, verb).await;
    offline.done(outcome).await
}

async fn act(offline: &Offline, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::CreateMaster { file } => create_master(&file),
        Verb::List { json } => list(offline, json).await,
        Verb::Rotate { alg, now } => rotate(offline, alg.as_deref(), now).await,
        Verb::Export { kid, output } => export(offline, &kid, output.as_deref()).await,
        Verb::Import { alg, file, now } => import(offline, &alg, &file, now).await,
    }
}

/// Needs no configuration: it is what the first one is written for.
fn create_master(file: &Path) -> Result<(), Failure> {
    Sealer::create_key_file(file, &SystemRandom::default())
        .map_err(|error| private_file::cannot_write(file, &error))?;
    say(&format!("wrote {}; keep a copy where the database's backups are not", file.display()));
    Ok(())
}

async fn ring(offline: &Offline) -> Result<KeyRing, Failure> {
    let settings = offline.config.keys.clone();
    let random = Arc::clone(&offline.random);
    Ok(KeyRing::load(&offline.store, offline.sealer()?, settings, offline.now(), random).await?)
}

async fn list(offline: &Offline, as_json: bool) -> Result<(), Failure> {
    let now = offline.now().millis();
    let keys = offline.store.list_signing_keys(now).await?;
    if as_json {
        let keys = keys.iter().map(|key| {
            json!({ "kid": key.kid, "alg": key.alg, "state": state(key, now), "sign_at": key.sign_at / 1000,
                "retire_at": key.retire_at / 1000, "remove_at": key.remove_at / 1000 })
        });
        say_json(&Value::Array(keys.collect()));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                key.kid.clone(),
                key.alg.clone(),
                state(key, now).to_owned(),
                date(key.sign_at),
                date(key.retire_at),
                date(key.remove_at),
            ]
        })
        .collect();
    say_table(&["KID", "ALG", "STATE", "SIGNS FROM", "UNTIL", "PUBLISHED UNTIL"], &rows);
    Ok(())
}

const fn state(key: &SigningKeyRecord, now: i64) -> &'static str {
    if key.sign_at > now {
        "next"
    } else if key.retire_at > now {
        "signing"
    } else {
        "retired"
    }
}

async fn rotate(offline: &Offline, alg: Option<&str>, at_once: bool) -> Result<(), Failure> {
    let alg = alg.map(algorithm).transpose()?;
    let kids = ring(offline).await?.rotate(&offline.store, alg, sign_at(offline, at_once), offline.now()).await?;
    if kids.is_empty() {
        say("nothing to do: the next key waits already");
    }
    for kid in kids {
        say(&format!("made {kid}"));
    }
    Ok(())
}

fn sign_at(offline: &Offline, at_once: bool) -> crate::base::Timestamp {
    if at_once { offline.now() } else { offline.now().plus(offline.config.keys.publish_before.duration()) }
}

async fn export(offline: &Offline, kid: &str, output: Option<&Path>) -> Result<(), Failure> {
    let keys = offline.store.list_signing_keys(offline.now().millis()).await?;
    let row = keys.iter().find(|row| row.kid == kid);
    let row =
        row.ok_or_else(|| Failure::failed(format!("there is no key {kid}; `portcullis keys list` lists them")))?;
    let der = open_private_key(&*offline.sealer()?, row)?;
    let pem = pem(&der);
    if let Some(file) = output {
        return private_file::create(file, &pem);
    }
    say(pem.trim_end());
    Ok(())
}

async fn import(offline: &Offline, alg: &str, file: &Path, at_once: bool) -> Result<(), Failure> {
    let alg = algorithm(alg)?;
    let unreadable = |reason: &str| Failure::failed(format!("{}: {reason}", file.display()));
    let text =
        if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = Zeroizing::new(text.map_err(|error| unreadable(&error.to_string()))?);
    let der = der(&text).ok_or_else(|| unreadable("is no PKCS#8 PEM (BEGIN PRIVATE KEY)"))?;
    let ring = ring(offline).await?;
    match ring.import(&offline.store, alg, &der, sign_at(offline, at_once), offline.now()).await? {
        Some(kid) => say(&format!("took in {kid}")),
        None => return Err(Failure::failed("a key of this algorithm that signs then or later is there already")),
    }
    Ok(())
}

fn algorithm(name: &str) -> Result<Algorithm, Failure> {
    Algorithm::from_name(name)
        .ok_or_else(|| Failure::usage(format!("{name} is none of ES256, ES384, RS256, PS256, EdDSA")))
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// RFC 7468 §10.
fn pem(der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(format!("{BEGIN}\n"));
    for (at, letter) in encoded.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}

fn der(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    STANDARD.decode(body.as_str()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_is_read_as_it_was_written() {
        let key = [7_u8; 138];
        let text = pem(&key);
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(der(&text).unwrap().as_slice(), key);
        assert!(der("-----BEGIN RSA PRIVATE KEY-----").is_none());
    }
}
