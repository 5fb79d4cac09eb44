use serde_json::Value;

use super::place::Place;

/// By the bcrypt module of Python.
const BCRYPT: &str = "$2b$05$oYITks7.LbZFBB5vYABqs.an3eUNHB81SiPZtx51cieF1/btSHpLu";

fn users(place: &Place) -> Vec<Value> {
    let out = place.run(&["user", "list", "--json"]).success().out;
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn people_come_in_from_csv_with_all_that_is_known_of_them() {
    let place = Place::configured();
    place.write(
        "people.csv",
        &format!(
            "\u{feff}username,email,email_verified,password_hash,claims,name,disabled\n\
             alice,alice@example.com,true,{BCRYPT},\"{{\"\"locale\"\": \"\"sv\"\"}}\",Alice Lidell,\n\
             Bob,,,,,,yes\n"
        ),
    );
    let said = place.run(&["user", "import", "people.csv"]).success();
    assert_eq!(said.out, "2 imported, 0 refused\n");
    let found = users(&place);
    assert_eq!(found[0]["username"], "alice");
    assert_eq!(found[0]["email_verified"], true);
    assert_eq!(found[0]["has_password"], true);
    assert_eq!(found[0]["claims"], serde_json::json!({ "locale": "sv", "name": "Alice Lidell" }));
    assert_eq!(found[0]["disabled"], false);
    assert_eq!((&found[1]["username"], &found[1]["disabled"]), (&"bob".into(), &true.into()));
    assert_eq!(found[1]["has_password"], false);
}

#[test]
fn s190_each_refused_row_is_reported_with_its_line_and_no_secret() {
    let place = Place::configured();
    let costly = BCRYPT.replace("$05$", "$31$");
    place.write(
        "people.csv",
        &format!(
            "username,email,password_hash,claims,email_verified\n\
             alice,alice@example.com,{BCRYPT},,\n\
             a b,,,,\n\
             bob,no address,,,\n\
             carol,,{costly},,\n\
             dave,,Secret-In-Plain,,\n\
             erin,,$argon2id$v=19$m=4194304,,\n\
             frank,,,{{\"\"sub\"\":1}},\n\
             gina,,,,perhaps\n\
             heidi,too,many,,,columns\n\
             ALICE,,,,\n\
             ivan,Alice@example.com,,,\n\
             judy,,\"$argon2id$v=19$m=65536,t=1000000000,p=1$c29tZXNhbHQxMjM0NTY3OA$vciYt3S6TuEa/yd9Dqt1UlOsNWpHiRJlrAEApFXR0W8\",,\n\
             kim,kim@example.com,,,\n"
        ),
    );
    for mode in [&["--dry-run"][..], &[]] {
        let args: Vec<&str> = ["user", "import", "people.csv"].iter().chain(mode).copied().collect();
        let said = place.run(&args);
        said.failed(3, &["11 of 13 were refused"]);
        for expected in [
            "line 3: a user name has",
            "line 4: this is no e-mail address",
            "line 5: the password hash would cost more than a login may: bcrypt with a cost above 14",
            "line 6: the password hash is none of",
            "line 7: the password hash would cost more than a login may: Argon2 with more than 1 GiB of memory",
            "line 8: claims is no JSON object",
            "line 9: email_verified must be true or false",
            "line 10: it has 6 columns instead of 5",
            "line 11 (alice): the user name is taken",
            "line 12 (ivan): the e-mail address is taken",
            "line 13: the password hash would cost more than a login may: Argon2 with more than 64 passes",
        ] {
            assert!(said.out.contains(expected), "{expected} in {}", said.out);
        }
        assert!(!said.out.contains("Secret-In-Plain") && !said.out.contains(&BCRYPT[10..]), "{}", said.out);
        assert_eq!(users(&place).len(), if mode.is_empty() { 2 } else { 0 });
    }
}

#[test]
fn an_import_that_was_broken_off_is_taken_up_again() {
    let place = Place::configured();
    let line = |n: u32| format!("{{\"username\": \"u{n}\", \"email\": \"u{n}@example.com\"}}\n");
    // Broken off in the second batch.
    let some: String = (0..700).map(line).collect();
    place.write("people.jsonl", &format!("{some}\n{{\"username\": \"u7"));
    let said = place.run(&["user", "import", "people.jsonl"]);
    said.failed(3, &["1 of 701"]);
    assert!(said.out.contains("line 702: it is no JSON object"), "{}", said.out);
    let all: String = (0..1200).map(line).collect();
    place.write("people.jsonl", &all);
    place.run(&["user", "import", "people.jsonl", "--dry-run"]).failed(3, &["700 of 1200"]);
    let resumed = place.run(&["user", "import", "people.jsonl", "--resume"]).success();
    assert_eq!(resumed.out, "500 imported, 700 were there already, 0 refused\n");
    assert_eq!(users(&place).len(), 1200);
}

#[test]
fn json_is_an_array_or_lines_and_a_file_that_is_neither_says_where() {
    let place = Place::configured();
    let entries = "[{\"username\": \"alice\", \"claims\": {\"name\": \"A\"}, \"disabled\": false},\n\
                   {\"username\": 7}, {\"username\": \"bob\", \"passwort\": \"x\"}, {}, 5, {\"username\": \"carol\"}]";
    let said = place.feed(&["user", "import", "-", "--format", "json"], entries);
    said.failed(3, &["4 of 6"]);
    assert!(said.out.contains("entry 2: a member has the wrong type"), "{}", said.out);
    assert!(said.out.contains("entry 3: unknown field `passwort`"), "{}", said.out);
    assert!(said.out.contains("entry 4: missing field `username`"), "{}", said.out);
    assert_eq!(users(&place).len(), 2);

    place.write("broken.json", "[{\"username\": \"dave\"},\n{\"username\": ");
    place.run(&["user", "import", "broken.json"]).failed(1, &["no JSON from line 2 on"]);
    assert_eq!(users(&place).len(), 3, "what was read before is in");
    place.run(&["user", "import", "people"]).failed(2, &["--format"]);
    place.run(&["user", "import", "nothing.csv"]).failed(2, &["cannot be read"]);
    place.write("x.csv", "username,shoe_size\na,1\n");
    place.run(&["user", "import", "x.csv"]).failed(2, &["\"shoe_size\" is no column", "password_hash"]);
    place.write("x.csv", "name\na\n");
    place.run(&["user", "import", "x.csv"]).failed(2, &["username is missing"]);
}
