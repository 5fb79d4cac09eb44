//! The file, read on a thread of its own while what came before is stored.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use csv::StringRecord;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::Format;
use crate::cli::Failure;
use crate::identity::{ImportedUser, TEXT_CLAIMS};

/// One person of the file, or why there is none at that place.
pub struct Entry {
    /// `line 7`, or `entry 7` of a JSON array.
    pub place: String,
    pub user: Result<ImportedUser, String>,
}

pub struct Source {
    entries: mpsc::Receiver<Result<Entry, Failure>>,
}

/// So many are read ahead.
const AHEAD: usize = 1000;
const COLUMNS: [&str; 7] =
    ["username", "email", "email_verified", "claims", "password_hash", "totp_secret", "disabled"];

/// Where entries go; false when nobody takes them any more.
type Give<'a> = &'a dyn Fn(Result<Entry, Failure>) -> bool;

impl Source {
    pub fn open(file: &Path, format: Format) -> Result<Self, Failure> {
        let reader: Box<dyn Read + Send> = if file == Path::new("-") {
            Box::new(io::stdin())
        } else {
            let opened = File::open(file);
            Box::new(opened.map_err(|error| Failure::usage(format!("{} cannot be read: {error}", file.display())))?)
        };
        let (sender, entries) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let give = |entry| sender.blocking_send(entry).is_ok();
            let outcome = match format {
                Format::Csv => read_csv(reader, &give),
                Format::Json => read_json(reader, &give),
            };
            if let Err(failure) = outcome {
                give(Err(failure));
            }
        });
        Ok(Self { entries })
    }

    /// Up to `limit` entries; `None` at the end. What was read before the file broke off comes before the failure.
    pub async fn next(&mut self, limit: usize) -> Option<Result<Vec<Entry>, Failure>> {
        let mut batch = Vec::with_capacity(limit);
        while batch.len() < limit {
            match self.entries.recv().await {
                Some(Ok(entry)) => batch.push(entry),
                Some(Err(failure)) if batch.is_empty() => return Some(Err(failure)),
                Some(Err(failure)) => {
                    let (sender, entries) = mpsc::channel(1);
                    // There is room for one.
                    let _ = sender.try_send(Err(failure));
                    self.entries = entries;
                    return Some(Ok(batch));
                }
                None => break,
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::failed(format!("the file cannot be read: {error}"))
}

fn read_csv(reader: Box<dyn Read + Send>, give: Give<'_>) -> Result<(), Failure> {
    let mut reader = csv::ReaderBuilder::new().from_reader(BufReader::new(reader));
    let head = reader.headers().map_err(|error| Failure::usage(format!("the head line cannot be read: {error}")))?;
    let head: Vec<String> = head.iter().map(|column| column.trim().to_owned()).collect();
    for (at, column) in head.iter().enumerate() {
        let is_known = COLUMNS.iter().chain(&TEXT_CLAIMS).any(|known| known == column);
        if !is_known {
            let known = COLUMNS.join(", ");
            let message =
                format!("{column:?} is no column; they are {known} and the claims {}", TEXT_CLAIMS.join(", "));
            return Err(Failure::usage(message));
        }
        if head.iter().take(at).any(|before| before == column) {
            return Err(Failure::usage(format!("the column {column} is there twice")));
        }
    }
    if !head.iter().any(|column| column == "username") {
        return Err(Failure::usage("the column username is missing"));
    }
    for record in reader.into_records() {
        let entry = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                Entry { place: format!("line {line}"), user: from_csv(&head, &record) }
            }
            Err(error) => {
                if let csv::ErrorKind::Io(error) = error.kind() {
                    return Err(unreadable(error));
                }
                let line = error.position().map_or(0, csv::Position::line);
                Entry { place: format!("line {line}"), user: Err(wrong_csv(&error)) }
            }
        };
        if !give(Ok(entry)) {
            break;
        }
    }
    Ok(())
}

fn wrong_csv(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} columns instead of {expected_len}")
        }
        _ => "it is no CSV".to_owned(),
    }
}

fn from_csv(head: &[String], record: &StringRecord) -> Result<ImportedUser, String> {
    let mut user = ImportedUser::default();
    let mut claims = Map::new();
    for (column, value) in head.iter().zip(record) {
        match column.as_str() {
            _ if value.is_empty() => {}
            "username" => value.clone_into(&mut user.username),
            "email" => user.email = Some(value.to_owned()),
            "email_verified" => user.email_verified = truth(column, value)?,
            "claims" => {
                user.claims = serde_json::from_str(value).map_err(|_| "claims is no JSON object".to_owned())?;
            }
            "password_hash" => user.password_hash = Some(value.to_owned()),
            "totp_secret" => user.totp_secret = Some(value.to_owned()),
            "disabled" => user.disabled = truth(column, value)?,
            claim => {
                claims.insert(claim.to_owned(), json!(value));
            }
        }
    }
    user.claims.extend(claims);
    Ok(user)
}

/// As databases and spreadsheets write it.
fn truth(column: &str, value: &str) -> Result<bool, String> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "1" => Ok(true),
        "false" | "f" | "no" | "0" => Ok(false),
        _ => Err(format!("{column} must be true or false")),
    }
}

fn read_json(reader: Box<dyn Read + Send>, give: Give<'_>) -> Result<(), Failure> {
    let mut reader = BufReader::new(reader);
    if first_byte(&mut reader).map_err(|error| unreadable(&error))? == Some(b'[') {
        return read_array(reader, give);
    }
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(|error| unreadable(&error))? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let user = serde_json::from_slice(&line).map_err(|error| wrong_json(&error));
        if !give(Ok(Entry { place: format!("line {number}"), user })) {
            break;
        }
    }
    Ok(())
}

/// The first byte that is no space, left in the reader, those before it taken; a byte order mark counts as space.
fn first_byte(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
    loop {
        let Some(byte) = reader.fill_buf()?.first().copied() else { return Ok(None) };
        if !byte.is_ascii_whitespace() && !MARK.contains(&byte) {
            return Ok(Some(byte));
        }
        reader.consume(1);
    }
}

fn read_array(reader: BufReader<Box<dyn Read + Send>>, give: Give<'_>) -> Result<(), Failure> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let outcome = Array(give).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    outcome.map_err(|error| Failure::failed(format!("the file is no JSON from line {} on", error.line())))
}

/// An array whose elements are given on one by one, so that the whole never lies in memory.
struct Array<'a>(Give<'a>);

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number: u64 = 0;
        while let Some(element) = elements.next_element::<Value>()? {
            number += 1;
            let user = serde_json::from_value(element).map_err(|error| wrong_json(&error));
            (self.0)(Ok(Entry { place: format!("entry {number}"), user }));
        }
        Ok(())
    }
}

/// What serde says, without the values that it quotes: one of them may be a secret.
fn wrong_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.is_data() && (text.starts_with("unknown field") || text.starts_with("missing field")) {
        let end = text.find(" at line").unwrap_or(text.len());
        return text.get(..end).unwrap_or(&text).to_owned();
    }
    if error.is_data() {
        return "a member has the wrong type".to_owned();
    }
    "it is no JSON object".to_owned()
}
