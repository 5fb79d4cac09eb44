//! `docs/config-reference.md` is written from the settings' own documentation: `UPDATE_DOCS=1 cargo test --test
//! config_reference` writes it, and without that this test fails when it is not up to date.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use portcullis::config::{Source, load};

const HEAD: &str = "# Configuration reference

Written from the code; do not edit. Settings stand in the TOML file that `--config` names, or in the environment as
`PORTCULLIS__SECTION__KEY`, which goes before the file. A length of time is a number of seconds or a string such as `\"90s\"`,
`\"15m\"`, `\"12h\"`, `\"7d\"`. `portcullis config show --origin` prints what is in force.
";

/// Enough to start with, and one of what there may be several of.
const MINIMAL: &str = "issuer = \"https://id.example.com\"
[upstream.name]
issuer = \"https://op.example.com\"
client_id = \"x\"
";

struct Field {
    name: String,
    kind: String,
    words: String,
}

/// The structs of the settings, with their fields and doc comments.
fn structs(source: &str) -> BTreeMap<String, Vec<Field>> {
    let mut found = BTreeMap::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_suffix(" {")) else { continue };
        let (mut fields, mut words) = (Vec::new(), Vec::new());
        for line in lines.by_ref().take_while(|line| *line != "}") {
            if let Some(text) = line.trim().strip_prefix("/// ") {
                words.push(text.to_owned());
            } else if let Some((name, kind)) = line.trim().strip_prefix("pub ").and_then(|rest| rest.split_once(": ")) {
                let kind = kind.trim_end_matches(',').to_owned();
                fields.push(Field { name: name.to_owned(), kind, words: std::mem::take(&mut words).join(" ") });
            }
        }
        // A type of one value is no section.
        if !fields.is_empty() {
            found.insert(name.to_owned(), fields);
        }
    }
    found
}

fn reference() -> String {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config")).unwrap();
    let source: Vec<String> = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let structs = structs(&source.join("\n"));
    let minimal = Source::Text { name: String::new(), text: MINIMAL.to_owned() };
    let defaults: BTreeMap<String, String> = load(&minimal, [])
        .unwrap()
        .effective()
        .into_iter()
        .map(|(key, value, _)| (key.replace(".name.", ".NAME."), value))
        .collect();
    let mut text = HEAD.to_owned();
    let default = |key: &str, kind: &str| match defaults.get(key) {
        _ if ["issuer", "upstream.NAME.issuer", "upstream.NAME.client_id"].contains(&key) => "required".to_owned(),
        _ if key == "database" => "`\"sqlite:portcullis.db\"`".to_owned(),
        Some(value) => format!("`{value}`"),
        None if kind.starts_with("BTreeMap") => "empty".to_owned(),
        None => "unset".to_owned(),
    };
    let row = |text: &mut String, key: &str, field: &Field| {
        writeln!(text, "| `{}` | {} | {} |", field.name, default(key, &field.kind), field.words).unwrap();
    };
    let head = "| setting | default | |\n| --- | --- | --- |";
    let top = &structs["Config"];
    writeln!(text, "\n{head}").unwrap();
    let several = |kind: &str| {
        let inner = kind.strip_prefix("BTreeMap<String, ").and_then(|rest| rest.strip_suffix('>'));
        inner.filter(|inner| structs.contains_key(*inner)).map(str::to_owned)
    };
    for field in top.iter().filter(|field| !structs.contains_key(&field.kind) && several(&field.kind).is_none()) {
        row(&mut text, &field.name, field);
    }
    for section in top {
        let (name, kind) = match several(&section.kind) {
            Some(inner) => (format!("{}.NAME", section.name), inner),
            None => (section.name.clone(), section.kind.clone()),
        };
        let Some(fields) = structs.get(&kind) else { continue };
        writeln!(text, "\n## `[{name}]`\n\n{head}").unwrap();
        for field in fields {
            row(&mut text, &format!("{name}.{}", field.name), field);
        }
    }
    text
}

#[test]
fn the_reference_says_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config-reference.md");
    let reference = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, reference, "run UPDATE_DOCS=1 cargo test --test config_reference");
    // A setting without words would be a row without meaning.
    for line in reference.lines().filter(|line| line.starts_with("| `")) {
        assert!(line.split('|').nth(3).is_some_and(|words| words.trim().len() > 10), "{line}");
    }
}

#[test]
fn the_packaged_configuration_is_one_of_at_most_six_lines() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/portcullis.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.lines().count() <= 6);
    load(&Source::File(path), []).unwrap();
}
