use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use super::place::{Place, configuration, free_port, get, post};

fn port_of(place: &Place) -> u16 {
    let text = place.read("portcullis.toml");
    text.lines().next().unwrap().rsplit(':').next().unwrap().trim_end_matches('"').parse().unwrap()
}

#[test]
fn a_server_serves_its_metrics_apart_and_ends_on_sigterm() {
    let place = Place::configured();
    let (port, metrics) = (port_of(&place), free_port());
    place
        .write("portcullis.toml", &format!("{}server.metrics_listen = \"127.0.0.1:{metrics}\"\n", configuration(port)));
    // Without a command too, where there is a configuration.
    let mut server = place.start(&[], "\"ready\"");
    assert_eq!(get(port, "/readyz").0, 200);
    assert_eq!(get(port, "/metrics").0, 404);
    let (status, body) = get(metrics, "/metrics");
    assert_eq!(status, 200);
    assert!(body.contains("http_server_request_duration_seconds"), "{body}");

    let client = place.run(&["client", "create", r#"{"grant_types": ["client_credentials"], "scope": "read"}"#]).json();
    let user = format!("{}:{}", client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    // Made beside the running server, which looks for such changes each second.
    let seen = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        post(port, "/oauth2/token", &user, "grant_type=client_credentials").0 == 200
    });
    assert!(seen, "the server knows nothing of {client}");

    assert!(server.stop().success());
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "the port is free again");
}

#[test]
fn f32_a_second_server_on_the_same_file_is_refused() {
    let place = Place::configured();
    let mut server = place.start(&["serve"], "\"ready\"");
    place.write("second.toml", &configuration(free_port()));
    place.run(&["serve", "-c", "second.toml"]).failed(75, &["p.db is in use by another running portcullis"]);
    place.write("portcullis.toml", &configuration(port_of(&place)));
    place.run(&["serve"]).failed(69, &["is taken by another program", "`listen`"]);
    assert_eq!(get(port_of(&place), "/readyz").0, 200, "the first one goes on");
    assert!(server.stop().success());
    drop(place.start(&["serve", "-c", "second.toml"], "\"ready\""));
}

#[test]
fn f18_a_master_key_that_is_missing_open_or_another_one_stops_the_start() {
    let place = Place::configured();
    drop(place.start(&["serve"], "\"ready\""));
    let key = place.path("master.key");

    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    place.run(&["serve"]).failed(78, &["master.key", "chmod 600"]);
    place.run(&["keys", "rotate"]).failed(78, &["chmod 600"]);
    std::fs::remove_file(&key).unwrap();
    place.run(&["serve"]).failed(78, &["master.key", "portcullis keys create-master master.key"]);
    place.write("master.key", "not a key\n");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    place.run(&["serve"]).failed(78, &["master.key, line 1"]);
    place.run(&["keys", "create-master", "master.key"]).failed(1, &["master.key cannot be written"]);
    assert_eq!(place.read("master.key"), "not a key\n", "nothing is made over it");
    std::fs::remove_file(&key).unwrap();
    place.run(&["keys", "create-master", "master.key"]).success();
    place.run(&["serve"]).failed(78, &["master key"]);
}

#[test]
fn f40_a_database_that_cannot_be_opened_is_named() {
    let place = Place::configured();
    for (url, words) in [
        ("sqlite:nowhere/p.db", ["nowhere/p.db", "its directory does not exist"].as_slice()),
        ("sqlite:/proc/p.db", &["/proc/p.db"]),
        ("postgres://u:hunter2@127.0.0.1:1/d", &["database"]),
    ] {
        let said = place.run_with(&["serve"], &[("PORTCULLIS__DATABASE", url)]);
        said.failed(69, words);
        assert!(!said.err.contains("hunter2"), "{}", said.err);
    }
    place.write("p.db", "this is no database, but it is long enough to be taken for one at the first look");
    let said = place.run(&["serve"]);
    said.failed(69, &["p.db"]);
    assert!(place.read("p.db").starts_with("this is no database"));
}

#[test]
fn a_schema_is_checked_and_brought_up_to_date() {
    let place = Place::configured();
    place.run(&["migrate", "--check"]).failed(3, &["portcullis migrate"]);
    let said = place.run(&["migrate"]).success();
    assert!(said.out.contains("the schema is at version"), "{}", said.out);
    assert_eq!(place.run(&["migrate", "--check"]).code, 0);
    assert!(!place.run(&["migrate"]).success().out.contains("applied"));
    assert_eq!(place.mode("p.db"), 0o600);
}
