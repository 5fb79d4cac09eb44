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
fn every_line_of_the_tables_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/conformance.md")).unwrap();
    let lines: Vec<&str> = document.lines().collect();
    let head_of_a_table = |at: usize| lines.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let rows = || (0..lines.len()).filter(|at| lines[*at].starts_with("| ") && !head_of_a_table(*at));
    assert!(rows().count() > 130, "the tables are read");
    for row in rows().map(|at| lines[at]) {
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
