//! Reads the settings from file and environment, and says everything that is wrong with them at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{Algorithm, Config};

/// Settings in the environment: `PORTCULLIS__SECTION__KEY`.
const PREFIX: &str = "PORTCULLIS__";
/// Secrets that may stand in a file which `..._FILE` names.
const FILE_SECRETS: [&str; 1] = ["database"];
/// More problems than anybody reads at once.
const MAX_PROBLEMS: usize = 100;

/// Where the settings come from before the environment has its say.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Text of this program's own, and what it is called in messages.
    Text { name: String, text: String },
    /// The environment alone.
    Environment,
}

/// Where one setting was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    Line { file: String, line: usize },
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// One thing wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub origin: Origin,
    /// The setting, as `section.key`; empty when it is about the whole.
    pub key: String,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong, one line each.
#[derive(Clone, Debug, thiserror::Error)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Settings that were read, and where each was said.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// Every setting as TOML, secrets masked, with its origin; the default ones too.
    pub fn effective(&self) -> Vec<(String, String, Origin)> {
        let mut settings = Vec::new();
        if let Ok(tree) = Table::try_from(&self.config) {
            flatten("", &tree, &mut |key, value| {
                let origin = self.origins.get(key).cloned().unwrap_or(Origin::Default);
                settings.push((key.to_owned(), value.to_string(), origin));
            });
        }
        settings
    }
}

/// Reads `source`, then `environment`, which goes before the file.
///
/// `PORTCULLIS__SECTION__KEY` sets `section.key`; `PORTCULLIS__DATABASE_FILE` names a file that holds the secret; `PORT`
/// and `DATABASE_URL` count where nothing else says `listen` and `database`.
pub fn load(source: &Source, environment: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, ConfigErrors> {
    let mut draft = Draft::default();
    match source {
        Source::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => draft.read_text(&path.display().to_string(), &text),
            Err(error) => draft.problem(Origin::Default, "", format!("{} cannot be read: {error}", path.display())),
        },
        Source::Text { name, text } => draft.read_text(name, text),
        Source::Environment => {}
    }
    draft.read_environment(environment);
    draft.finish()
}

#[derive(Default)]
struct Draft {
    tree: Table,
    origins: BTreeMap<String, Origin>,
    /// Variables as they were written, for settings that turn out to be strings.
    raw: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl Draft {
    fn problem(&mut self, origin: Origin, key: &str, message: impl Into<String>) {
        self.problems.push(Problem { origin, key: key.to_owned(), message: message.into() });
    }

    fn read_text(&mut self, file: &str, text: &str) {
        match (DeTable::parse(text), text.parse::<Table>()) {
            (Ok(spanned), Ok(tree)) => {
                self.tree = tree;
                note_lines("", spanned.get_ref(), &mut |key, at| {
                    let line = line_of(text, at);
                    self.origins.insert(key, Origin::Line { file: file.to_owned(), line });
                });
            }
            (Err(error), _) | (_, Err(error)) => {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                let message = error.message().to_owned();
                self.problem(Origin::Line { file: file.to_owned(), line }, "", message);
            }
        }
    }

    fn read_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        let variables: BTreeMap<String, String> = environment.into_iter().collect();
        for (name, value) in &variables {
            let Some(path) = name.strip_prefix(PREFIX) else { continue };
            let key = path.to_ascii_lowercase().replace("__", ".");
            let origin = Origin::Variable(name.clone());
            if let Some(secret) = key.strip_suffix("_file").filter(|secret| FILE_SECRETS.contains(secret)) {
                match std::fs::read_to_string(value) {
                    Ok(text) => self.set(secret, Value::String(text.trim_end().to_owned()), origin),
                    Err(error) => self.problem(origin, secret, format!("the file {value} cannot be read: {error}")),
                }
            } else {
                self.raw.insert(key.clone(), value.clone());
                self.set(&key, literal(value), origin);
            }
        }
        if let Some(port) = variables.get("PORT").filter(|_| !self.tree.contains_key("listen")) {
            self.set("listen", Value::String(format!("0.0.0.0:{port}")), Origin::Variable("PORT".to_owned()));
        }
        if let Some(url) = variables.get("DATABASE_URL").filter(|_| !self.tree.contains_key("database")) {
            self.set("database", Value::String(url.clone()), Origin::Variable("DATABASE_URL".to_owned()));
        }
    }

    fn set(&mut self, key: &str, value: Value, origin: Origin) {
        if put(&mut self.tree, key, value) {
            self.origins.insert(key.to_owned(), origin);
        } else {
            self.problem(origin, key, "a part of this name is no section");
        }
    }

    /// Turns the tree into settings. What cannot be read is noted and left out, until the rest can.
    fn finish(mut self) -> Result<Loaded, ConfigErrors> {
        let issuer_is_missing = !self.tree.contains_key("issuer");
        if issuer_is_missing {
            if self.problems.is_empty() {
                let message = "is missing: the URL of this server, as in issuer = \"https://id.example.com\"";
                self.problem(Origin::Default, "issuer", message);
            }
            self.tree.insert("issuer".to_owned(), Value::String("http://localhost".to_owned()));
        }
        let mut retried = BTreeSet::new();
        let config = loop {
            let error = match serde_path_to_error::deserialize::<_, Config>(self.tree.clone()) {
                Ok(config) => break Some(config),
                Err(error) => error,
            };
            let key = error.path().to_string();
            let message = error.inner().message().to_owned();
            if let Some(raw) = self.raw.get(&key).filter(|_| retried.insert(key.clone())) {
                let text = Value::String(raw.clone());
                put(&mut self.tree, &key, text);
                continue;
            }
            let (key, message) = explained(&key, &message);
            let origin = self.origin_of(&key);
            self.problem(origin, &key, message);
            if self.problems.len() >= MAX_PROBLEMS || !take(&mut self.tree, &key) {
                break None;
            }
            if key == "issuer" {
                self.tree.insert("issuer".to_owned(), Value::String("http://localhost".to_owned()));
            }
        };
        if let Some(config) = &config {
            for (key, message) in contradictions(config) {
                let origin = self.origin_of(key);
                self.problem(origin, key, message);
            }
        }
        match config {
            Some(config) if self.problems.is_empty() => Ok(Loaded { config, origins: self.origins }),
            _ => Err(ConfigErrors(self.problems)),
        }
    }

    /// Where `key` was said; for an element of a list, where the list was; for a section, where its first setting was.
    fn origin_of(&self, key: &str) -> Origin {
        let list = key.split_once('[').map_or(key, |(list, _)| list);
        let inner = format!("{list}.");
        let within = || self.origins.iter().find(|(name, _)| name.starts_with(&inner)).map(|(_, origin)| origin);
        self.origins.get(list).or_else(within).cloned().unwrap_or(Origin::Default)
    }
}

/// What the parser found, with the setting's own name: it reports an unknown one at its section.
fn explained(path: &str, message: &str) -> (String, String) {
    let Some((name, rest)) = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) else {
        return (path.trim_start_matches('.').to_owned(), message.to_owned());
    };
    let key = match path {
        "." | "" => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        section => format!("{section}.{name}"),
    };
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let nearest = known.iter().copied().min_by_key(|known| distance(known, name));
    let message = match nearest.filter(|known| distance(known, name) <= 3) {
        Some(nearest) => format!("there is no such setting; did you mean {nearest}?"),
        None => format!("there is no such setting; there are {}", known.join(", ")),
    };
    (key, message)
}

/// What each setting allows alone but not together, or not at all.
fn contradictions(config: &Config) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut check = |right: bool, key: &'static str, message: &str| {
        if !right {
            found.push((key, message.to_owned()));
        }
    };
    let (tokens, keys, passwords) = (&config.tokens, &config.keys, &config.passwords);
    check(tokens.authorization_code_ttl.as_secs() <= 60, "tokens.authorization_code_ttl", "must be 60 seconds at most");
    check(
        tokens.refresh_token_idle_ttl <= tokens.refresh_token_ttl,
        "tokens.refresh_token_idle_ttl",
        "must not be longer than tokens.refresh_token_ttl",
    );
    check(
        tokens.refresh_token_grace.as_secs() <= 60,
        "tokens.refresh_token_grace",
        "must be 60 seconds at most: within it a stolen token is not noticed",
    );
    check(
        tokens.access_token_ttl.as_secs() <= 86400,
        "tokens.access_token_ttl",
        "must be a day at most: a signed token is checked without asking this server",
    );
    check(!keys.algorithms.is_empty(), "keys.algorithms", "needs at least one algorithm");
    let distinct: BTreeSet<Algorithm> = keys.algorithms.iter().copied().collect();
    check(distinct.len() == keys.algorithms.len(), "keys.algorithms", "names an algorithm twice");
    check(
        keys.publish_after >= tokens.access_token_ttl && keys.publish_after >= tokens.id_token_ttl,
        "keys.publish_after",
        "must be at least as long as the longest token life, or tokens outlive the key that verifies them",
    );
    check(
        keys.publish_before < keys.rotation_period,
        "keys.publish_before",
        "must be shorter than keys.rotation_period",
    );
    check(config.sessions.idle_ttl <= config.sessions.ttl, "sessions.idle_ttl", "must not be longer than sessions.ttl");
    check(
        (8 * passwords.parallelism..=1 << 20).contains(&passwords.memory_kib),
        "passwords.memory_kib",
        "must lie between 8 times passwords.parallelism and 1048576",
    );
    check((1..=64).contains(&passwords.iterations), "passwords.iterations", "must lie between 1 and 64");
    check((1..=16).contains(&passwords.parallelism), "passwords.parallelism", "must lie between 1 and 16");
    check((1..=1000).contains(&passwords.min_length), "passwords.min_length", "must lie between 1 and 1000");
    check(
        config.throttle.base_delay <= config.throttle.max_delay,
        "throttle.base_delay",
        "must not be longer than throttle.max_delay",
    );
    check(config.server.max_connections > 0, "server.max_connections", "must be at least 1");
    check(
        config.server.metrics_listen != Some(config.listen),
        "server.metrics_listen",
        "must not be the public listener's address",
    );
    let legal = |scope: &String| {
        !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
    };
    check(
        config.metadata.scopes.keys().all(legal),
        "metadata.scopes",
        "has a name that is no scope: printable ASCII without space, quote and backslash (RFC 6749 §3.3)",
    );
    found
}

/// A variable's text as the TOML value it looks like, else as a string.
fn literal(text: &str) -> Value {
    let read = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match read {
        Some(value) if !text.contains(['\n', '\r']) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Sets `section.key`; false when a part of the way is no table.
fn put(tree: &mut Table, key: &str, value: Value) -> bool {
    match key.split_once('.') {
        None => {
            tree.insert(key.to_owned(), value);
            true
        }
        Some((section, rest)) => match tree.entry(section).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(table) => put(table, rest, value),
            _ => false,
        },
    }
}

/// Takes `section.key` away, or the list that it is an element of; false when there is nothing.
fn take(tree: &mut Table, key: &str) -> bool {
    let key = key.split_once('[').map_or(key, |(list, _)| list);
    if tree.remove(key).is_some() {
        return true;
    }
    match key.split_once('.') {
        Some((section, rest)) => match tree.get_mut(section) {
            Some(Value::Table(table)) => take(table, rest),
            Some(_) => tree.remove(section).is_some(),
            None => false,
        },
        None => false,
    }
}

fn note_lines(section: &str, table: &DeTable<'_>, note: &mut impl FnMut(String, usize)) {
    for (name, value) in table {
        let key = if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
        note(key.clone(), name.span().start);
        if let DeValue::Table(inner) = Spanned::get_ref(value) {
            note_lines(&key, inner, note);
        }
    }
}

fn flatten(section: &str, table: &Table, each: &mut impl FnMut(&str, &Value)) {
    for (name, value) in table {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, each),
            value => each(&key, value),
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (b, cell) in other.chars().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Source {
        Source::Text { name: "portcullis.toml".to_owned(), text: text.to_owned() }
    }

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn problems(source: &Source, environment: &[(&str, &str)]) -> Vec<String> {
        load(source, env(environment)).unwrap_err().0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn six_lines_are_a_configuration() {
        let loaded = load(
            &text("issuer = \"https://id.example.com\"\nlisten = \"0.0.0.0:8080\"\ndatabase = \"sqlite:/data/p.db\"\n"),
            env(&[]),
        )
        .unwrap();
        assert_eq!(loaded.config.issuer.as_str(), "https://id.example.com");
        assert_eq!(loaded.config.listen.port(), 8080);
        assert_eq!(loaded.config.tokens.access_token_ttl.as_secs(), 900);
    }

    #[test]
    fn every_mistake_is_reported_at_once_with_line_and_key() {
        let source = text(
            "issuer = \"http://id.example.com\"\nlisen = \"0.0.0.0:8080\"\n[tokens]\naccess_token_ttl = \"soon\"\nauthorization_code_ttl = 90\n[server]\nworkers = \"many\"\nnothing_like_it_at_all = 1\ntrusted_proxies = [\"10.0.0.0/8\", \"x\"]\n",
        );
        let found = problems(&source, &[("PORTCULLIS__PASSWORDS__ITERATIONS", "lots"), ("PORTCULLIS__NO__SUCH", "1")]);
        let has = |start: &str, part: &str| {
            assert!(
                found.iter().any(|line| line.starts_with(start) && line.contains(part)),
                "{start} … {part} in {found:#?}"
            );
        };
        has("portcullis.toml:1: issuer: ", "https");
        has("portcullis.toml:2: lisen: ", "did you mean listen?");
        has("portcullis.toml:4: tokens.access_token_ttl: ", "soon");
        has("portcullis.toml:5: tokens.authorization_code_ttl: ", "60 seconds");
        has("portcullis.toml:7: server.workers: ", "many");
        has("portcullis.toml:8: server.nothing_like_it_at_all: ", "no such setting");
        has("portcullis.toml:9: server.trusted_proxies", "");
        has("PORTCULLIS__PASSWORDS__ITERATIONS: passwords.iterations: ", "lots");
        has("PORTCULLIS__NO__SUCH: no", "no such setting");
        assert_eq!(found.len(), 9, "{found:#?}");
    }

    #[test]
    fn the_environment_goes_before_the_file_and_types_are_found_by_need() {
        let source = text("issuer = \"https://id.example.com\"\n[tokens]\naccess_token_ttl = 60\n");
        let loaded = load(
            &source,
            env(&[
                ("PORTCULLIS__TOKENS__ACCESS_TOKEN_TTL", "5m"),
                ("PORTCULLIS__SERVER__WORKERS", "3"),
                ("PORTCULLIS__PAGES__SERVICE_NAME", "42"),
                ("PORTCULLIS__KEYS__ALGORITHMS", "[\"ES256\"]"),
                ("PORT", "9000"),
                ("DATABASE_URL", "postgres://u:secret@h/d"),
                ("HOME", "/root"),
            ]),
        )
        .unwrap();
        let config = &loaded.config;
        assert_eq!(config.tokens.access_token_ttl.as_secs(), 300);
        assert_eq!(config.server.workers, 3);
        assert_eq!(config.pages.service_name, "42");
        assert_eq!(config.keys.algorithms, [Algorithm::ES256]);
        assert_eq!(config.listen.to_string(), "0.0.0.0:9000");
        let shown = loaded.effective();
        let origin = |key: &str| shown.iter().find(|(have, ..)| have == key).unwrap().2.to_string();
        assert_eq!(origin("server.workers"), "PORTCULLIS__SERVER__WORKERS");
        assert_eq!(origin("issuer"), "portcullis.toml:1");
        assert_eq!(origin("sessions.ttl"), "default");
        assert!(shown.iter().all(|(_, value, _)| !value.contains("secret@")), "secrets are masked");
        assert!(shown.iter().any(|(key, value, _)| key == "database" && value.contains("***")));
    }

    #[test]
    fn a_secret_is_read_from_the_file_that_a_variable_names() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url");
        std::fs::write(&file, "sqlite:/x.db\n").unwrap();
        let source = text("issuer = \"https://id.example.com\"");
        let path = file.display().to_string();
        let loaded = load(&source, env(&[("PORTCULLIS__DATABASE_FILE", &path)])).unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(&loaded.config.database), "sqlite:/x.db");
        let found = problems(&source, &[("PORTCULLIS__DATABASE_FILE", "/nowhere/at/all")]);
        assert!(found[0].contains("/nowhere/at/all cannot be read"), "{found:?}");
    }

    #[test]
    fn a_file_that_is_no_toml_or_missing_is_one_clear_line() {
        assert!(problems(&text("issuer = \"https://a.test\"\nlisten = \n"), &[])[0].starts_with("portcullis.toml:2: "));
        let missing = Source::File(PathBuf::from("/nowhere/portcullis.toml"));
        let found = problems(&missing, &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("/nowhere/portcullis.toml cannot be read"));
        assert!(problems(&Source::Environment, &[])[0].starts_with("issuer: is missing"));
    }
}
