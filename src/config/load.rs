//! Reads the settings from file and environment, and says everything that is wrong with them at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize as _;
use toml::de::DeTable;
use toml::{Table, Value};

use super::Config;
use super::contradictions::contradictions;
use super::tree::{distance, flatten, line_of, literal, note_lines, put, take};

/// Settings in the environment: `PORTCULLIS__SECTION__KEY`.
const PREFIX: &str = "PORTCULLIS__";
/// Secrets that may stand in a file which `..._FILE` names.
const FILE_SECRETS: [&str; 3] = ["database", "redis.url", "mail.smtp"];
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
    /// Every setting as TOML, secrets masked, with its origin; the default ones too, but not those without a value.
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

/// Something wrong between settings, or with what a setting names: the settings it concerns, first the one to look at,
/// and what it is. It is left out where one of them could not be read in the first place.
pub type Finding = (&'static [&'static str], String);

/// Reads `source`, then `environment`, which goes before the file.
///
/// `PORTCULLIS__SECTION__KEY` sets `section.key`; `PORTCULLIS__DATABASE_FILE` names a file that holds the secret; `PORT`
/// and `DATABASE_URL` count where nothing else says `listen` and `database`.
pub fn load(source: &Source, environment: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, ConfigErrors> {
    load_and_check(source, environment, |_| Vec::new())
}

/// As [`load`], with checks that other layers add: what they find is reported together with the rest.
pub fn load_and_check(
    source: &Source,
    environment: impl IntoIterator<Item = (String, String)>,
    check: impl FnOnce(&Config) -> Vec<Finding>,
) -> Result<Loaded, ConfigErrors> {
    let mut draft = Draft::default();
    match source {
        Source::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => draft.read_text(&path.display().to_string(), &text),
            Err(error) => {
                draft.is_partial = true;
                draft.problem(Origin::Default, "", format!("{} cannot be read: {error}", path.display()));
            }
        },
        Source::Text { name, text } => draft.read_text(name, text),
        Source::Environment => {}
    }
    draft.read_environment(environment);
    draft.finish(check)
}

#[derive(Default)]
struct Draft {
    tree: Table,
    origins: BTreeMap<String, Origin>,
    /// Variables as they were written, for settings that turn out to be strings.
    raw: BTreeMap<String, String>,
    problems: Vec<Problem>,
    /// The file could not be read, or not all of it: what is missing may stand there.
    is_partial: bool,
    /// Lines that are no TOML. What else is said about them follows from that.
    broken_lines: BTreeSet<usize>,
    /// A line with a broken section heading: which settings the lines after it are is anybody's guess.
    lost_from: Option<usize>,
}

impl Draft {
    fn problem(&mut self, origin: Origin, key: &str, message: impl Into<String>) {
        self.problems.push(Problem { origin, key: key.to_owned(), message: message.into() });
    }

    fn read_text(&mut self, file: &str, text: &str) {
        let (spanned, errors) = DeTable::parse_recoverable(text);
        self.is_partial = !errors.is_empty();
        let mut errors: Vec<(usize, &str)> = errors
            .iter()
            .map(|error| (error.span().map_or(1, |span| line_of(text, span.start)), error.message()))
            .collect();
        errors.sort_unstable();
        for (line, message) in errors {
            self.broken_lines.insert(line);
            if text.lines().nth(line - 1).is_some_and(|line| line.trim_start().starts_with('[')) {
                self.lost_from = self.lost_from.or(Some(line));
            }
            self.problem(Origin::Line { file: file.to_owned(), line }, "", message);
        }
        note_lines("", spanned.get_ref(), &mut |key, at| {
            let line = line_of(text, at);
            self.origins.insert(key, Origin::Line { file: file.to_owned(), line });
        });
        match Table::deserialize(toml::de::Deserializer::from(spanned)) {
            Ok(tree) => self.tree = tree,
            Err(error) if self.problems.is_empty() => {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                self.problem(Origin::Line { file: file.to_owned(), line }, "", error.message());
                self.is_partial = true;
            }
            Err(_) => {}
        }
    }

    fn read_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        let variables: BTreeMap<String, String> = environment.into_iter().collect();
        for (name, value) in &variables {
            let Some(path) = name.strip_prefix(PREFIX) else { continue };
            let key = path.to_ascii_lowercase().replace("__", ".");
            let origin = Origin::Variable(name.clone());
            if let Some(secret) = key.strip_suffix("_file").filter(|secret| FILE_SECRETS.contains(secret)) {
                let direct = name.trim_end_matches("_FILE");
                if variables.contains_key(direct) {
                    self.problem(origin.clone(), secret, format!("is said by {direct} too: keep one of the two"));
                }
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
    fn finish(mut self, check: impl FnOnce(&Config) -> Vec<Finding>) -> Result<Loaded, ConfigErrors> {
        if !self.tree.contains_key("issuer") {
            if !self.is_partial {
                let message = "is missing: the URL of this server, as in issuer = \"https://id.example.com\"";
                self.problem(Origin::Default, "issuer", message);
            }
            self.stand_in_issuer();
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
                let value = if message.contains("expected a sequence") {
                    Value::Array(raw.split(',').map(|item| Value::String(item.trim().to_owned())).collect())
                } else {
                    Value::String(raw.clone())
                };
                put(&mut self.tree, &key, value);
                continue;
            }
            let (key, message) = explained(&key, &message);
            self.report(&key, message);
            if self.problems.len() >= MAX_PROBLEMS || !take(&mut self.tree, &key) {
                break None;
            }
            if key == "issuer" {
                self.stand_in_issuer();
            }
        };
        if let Some(config) = &config {
            let mut findings = contradictions(config);
            findings.extend(self.said_twice());
            findings.extend(check(config));
            for (keys, message) in findings {
                let is_unread = |key: &&str| self.problems.iter().any(|problem| problem.key == **key);
                if let Some(key) = keys.first().filter(|_| !keys.iter().any(is_unread)) {
                    self.report(key, message);
                }
            }
        }
        match config {
            Some(config) if self.problems.is_empty() => Ok(Loaded { config, origins: self.origins }),
            _ => Err(ConfigErrors(self.problems)),
        }
    }

    fn report(&mut self, key: &str, message: String) {
        let origin = self.origin_of(key);
        let is_consequence = |line| self.broken_lines.contains(&line) || self.lost_from.is_some_and(|at| line >= at);
        if !matches!(origin, Origin::Line { line, .. } if is_consequence(line)) {
            self.problem(origin, key, message);
        }
    }

    /// Lets the rest be read where there is no issuer that could be.
    fn stand_in_issuer(&mut self) {
        self.tree.insert("issuer".to_owned(), Value::String("http://localhost".to_owned()));
    }

    /// The master key given in both ways, and neither by the environment, which would go before the file.
    fn said_twice(&self) -> Option<Finding> {
        let said = |key: &str| self.origins.get(key);
        let (key, file) = (said("secrets.master_key")?, said("secrets.master_key_file")?);
        let alike = matches!(
            (key, file),
            (Origin::Line { .. }, Origin::Line { .. }) | (Origin::Variable(_), Origin::Variable(_))
        );
        let message = "is given beside secrets.master_key_file: keep one of the two".to_owned();
        alike.then_some((&["secrets.master_key"], message))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Algorithm;

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
        let database = shown.iter().find(|(key, ..)| key == "database").unwrap();
        assert_eq!(database.1, "\"postgres://***@h/d\"", "secrets are masked");
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
    fn a_line_that_is_no_toml_hides_none_of_the_other_mistakes() {
        let found = problems(
            &text("issuer = \"https://a.test\"\nlisten = \n[tokens]\naccess_token_ttl = \"soon\"\n[log\nfilter = 1\n"),
            &[],
        );
        assert!(found[0].starts_with("portcullis.toml:2: "), "{found:#?}");
        assert!(
            found.iter().any(|line| line.starts_with("portcullis.toml:4: tokens.access_token_ttl: ")),
            "{found:#?}"
        );
        assert!(found.iter().any(|line| line.starts_with("portcullis.toml:5: ")), "{found:#?}");
        assert!(!found.iter().any(|line| line.contains("is missing")), "{found:#?}");
        let twice = problems(&text("issuer = \"https://a.test\"\nissuer = \"https://b.test\"\n"), &[]);
        assert!(twice[0].starts_with("portcullis.toml:2: ") && twice[0].contains("duplicate"), "{twice:#?}");
    }

    #[test]
    fn contradictions_are_told_with_the_rest_but_not_about_what_could_not_be_read() {
        let source = text(
            "issuer = \"https://a.test\"\ndatabase = \"mysql://h/d\"\n[sessions]\nttl = \"soon\"\nidle_ttl = \"30d\"\n\
             [server]\nmetrics_listen = \"127.0.0.1:8080\"\n[secrets]\nmaster_key = \"a:b\"\nmaster_key_file = \"f\"\n",
        );
        let found = load_and_check(&source, env(&[]), |config| {
            assert_eq!(config.sessions.ttl, super::super::Ttl::days(7), "what could be read is there to be checked");
            vec![(&["pages.default_locale"], "is not shipped".to_owned()), (&["sessions.ttl"], "hidden".to_owned())]
        });
        let found: Vec<String> = found.unwrap_err().0.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 5, "{found:#?}");
        let has = |start: &str| assert!(found.iter().any(|line| line.starts_with(start)), "{start} in {found:#?}");
        has("portcullis.toml:4: sessions.ttl: ");
        has("portcullis.toml:2: database: must begin with sqlite:");
        has("portcullis.toml:7: server.metrics_listen: ");
        has("portcullis.toml:9: secrets.master_key: is given beside");
        has("pages.default_locale: is not shipped");
    }

    #[test]
    fn a_list_in_the_environment_may_be_written_with_commas() {
        let source = text("issuer = \"https://id.example.com\"");
        let loaded = load(
            &source,
            env(&[
                ("PORTCULLIS__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
                ("PORTCULLIS__KEYS__ALGORITHMS", "ES256"),
            ]),
        );
        let config = loaded.unwrap().config;
        let proxies: Vec<String> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(proxies, ["10.0.0.0/8", "127.0.0.1/32"], "an address alone is a range of one");
        assert_eq!(config.keys.algorithms, [Algorithm::ES256]);
        let found = problems(&source, &[("PORTCULLIS__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,x")]);
        assert!(found[0].starts_with("PORTCULLIS__SERVER__TRUSTED_PROXIES: server.trusted_proxies"), "{found:?}");
    }

    #[test]
    fn a_secret_said_twice_is_a_mistake() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url");
        std::fs::write(&file, "sqlite:/x.db\n").unwrap();
        let path = file.display().to_string();
        let source = text("issuer = \"https://id.example.com\"");
        let found = problems(
            &source,
            &[("PORTCULLIS__DATABASE", "postgres://u:secret@h/d"), ("PORTCULLIS__DATABASE_FILE", &path)],
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("PORTCULLIS__DATABASE_FILE: database: is said by PORTCULLIS__DATABASE too"));
        assert!(!found[0].contains("secret@"));
    }

    #[test]
    fn a_name_with_a_dot_is_shown_as_toml_reads_it() {
        let source = text("issuer = \"https://a.test\"\n[metadata.scopes]\n\"https://a.test/x\" = \"Read\"\n");
        let shown = load(&source, env(&[])).unwrap().effective();
        let scope = shown.iter().find(|(key, ..)| key.starts_with("metadata.scopes")).unwrap();
        assert_eq!(scope.0, "metadata.scopes.\"https://a.test/x\"");
        assert_eq!(scope.2.to_string(), "portcullis.toml:3");
        let written: Vec<String> = shown.iter().map(|(key, value, _)| format!("{key} = {value}")).collect();
        assert!(written.join("\n").parse::<Table>().is_ok(), "{written:#?}");
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
