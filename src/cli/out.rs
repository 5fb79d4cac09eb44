//! What commands say: answers to standard output, complaints to standard error.

use std::io::Write as _;

use serde_json::Value;

/// One or more lines of answer. A reader that has gone away is no failure.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// An answer that programs read.
pub fn say_json(value: &Value) {
    say(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// What went wrong.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "portcullis: {text}");
}

/// Rows in columns as wide as their widest cell.
pub fn say_table(heads: &[&str], rows: &[Vec<String>]) {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let all = || std::iter::once(&heads).chain(rows);
    let widths: Vec<usize> = (0..heads.len())
        .map(|at| all().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max().unwrap_or(0))
        .collect();
    for row in all() {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        say(cells.join("  ").trim_end());
    }
}

/// A time as operators read it.
pub fn date(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(|| millis.to_string(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}
