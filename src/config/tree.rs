//! Settings as a tree of TOML values, addressed as `section.key`.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// A variable's text as the TOML value it looks like, else as a string.
pub fn literal(text: &str) -> Value {
    let read = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match read {
        Some(value) if !text.contains(['\n', '\r']) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Sets `section.key`; false when a part of the way is no table.
pub fn put(tree: &mut Table, key: &str, value: Value) -> bool {
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
pub fn take(tree: &mut Table, key: &str) -> bool {
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

pub fn note_lines(section: &str, table: &DeTable<'_>, note: &mut impl FnMut(String, usize)) {
    for (name, value) in table {
        let own = quoted(name.get_ref());
        let key = if section.is_empty() { own } else { format!("{section}.{own}") };
        note(key.clone(), name.span().start);
        if let DeValue::Table(inner) = Spanned::get_ref(value) {
            note_lines(&key, inner, note);
        }
    }
}

pub fn flatten(section: &str, table: &Table, each: &mut impl FnMut(&str, &Value)) {
    for (name, value) in table {
        let name = quoted(name);
        let key = if section.is_empty() { name } else { format!("{section}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, each),
            value => each(&key, value),
        }
    }
}

/// A name as a TOML key; names with a dot must not be taken for sections.
fn quoted(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if is_bare { name.to_owned() } else { Value::String(name.to_owned()).to_string() }
}

pub fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Levenshtein distance.
pub fn distance(one: &str, other: &str) -> usize {
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
