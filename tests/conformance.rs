//! `docs/conformance.md` names tests of this repository; each of them has to be there.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The file and the names of one reference: `binary/file: NAMES`, or `unit test NAME in FILE`.
fn reference(part: &str) -> (String, Vec<&str>) {
    let part = part.trim();
    if part.starts_with("unit test ") {
        let words = quoted(part);
        return (words[1].to_owned(), vec![words[0]]);
    }
    let (place, names) = part.split_once(": ").unwrap_or_else(|| panic!("no reference: {part}"));
    (format!("tests/{place}.rs"), quoted(names))
}

#[test]
fn every_module_of_the_table_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/conformance.md")).unwrap();
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 40, "the table is read");
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 3, "{row}");
        for part in cells[2].split(';') {
            let (file, names) = reference(part);
            let text =
                std::fs::read_to_string(root.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}: {row}"));
            assert!(!names.is_empty(), "{row}");
            for name in names {
                assert!(text.contains(&format!("fn {name}(")), "{file} has no {name}");
            }
        }
    }
}
