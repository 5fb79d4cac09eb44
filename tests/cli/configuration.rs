use super::place::{Place, configuration};

const MASTER: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn everything_that_is_wrong_is_said_at_once_with_line_and_key() {
    let place = Place::new();
    place.write(
        "wrong.toml",
        "issuer = \"http://id.example.com\"\nlisen = \"0.0.0.0:8080\"\ndatabase = \"mysql://u:hunter2@h/d\"\n\
         [tokens]\naccess_token_ttl = \"soon\"\nauthorization_code_ttl = 90\n[log]\nfilter = \"a=b=c\"\n\
         [pages]\ndefault_locale = \"xx\"\n[secrets]\nmaster_key_file = \"nowhere.key\"\nthis is no toml\n",
    );
    let environment = [("PORTCULLIS__SERVER__WORKERS", "many"), ("PORTCULLIS__DATABSE", "x")];
    for args in [["config", "check", "--config", "wrong.toml"].as_slice(), &["serve", "-c", "wrong.toml"]] {
        let said = place.run_with(args, &environment);
        said.failed(
            78,
            &[
                "wrong.toml:1: issuer: must be https",
                "wrong.toml:2: lisen: there is no such setting; did you mean listen?",
                "wrong.toml:3: database: must begin with sqlite: or postgres://",
                "wrong.toml:5: tokens.access_token_ttl: ",
                "wrong.toml:6: tokens.authorization_code_ttl: must be 60 seconds at most",
                "wrong.toml:8: log.filter: ",
                "wrong.toml:10: pages.default_locale: xx is not one of en, ar",
                "wrong.toml:12: secrets.master_key_file: ",
                "wrong.toml:13: ",
                "PORTCULLIS__SERVER__WORKERS: server.workers: ",
                "PORTCULLIS__DATABSE: databse: there is no such setting; did you mean database?",
            ],
        );
        assert_eq!(said.err.lines().count(), 12, "{}", said.err);
        assert!(!said.err.contains("hunter2"));
        assert_eq!(said.out, "");
    }
}

#[test]
fn a_check_passes_where_the_server_would_start() {
    let place = Place::configured();
    let said = place.run(&["config", "check"]).success();
    assert!(said.out.starts_with("ok: http://localhost:"));
    assert!(!place.path("p.db").exists(), "a check touches no database");
    let environment = [
        ("PORTCULLIS__ISSUER", "https://id.example.com"),
        ("PORTCULLIS__SECRETS__MASTER_KEY", MASTER),
        ("PORT", "9000"),
    ];
    let said = Place::new().run_with(&["config", "check"], &environment).success();
    assert_eq!(said.out, "ok: https://id.example.com\n");
}

#[test]
fn settings_are_shown_with_their_origin_and_without_their_secrets() {
    let place = Place::new();
    place.write("portcullis.toml", "issuer = \"https://id.example.com\"\n[sessions]\nttl = \"3d\"\n");
    place.write("url", "postgres://portcullis:hunter2@db.internal:5433/id?sslpassword=hunter2\n");
    let said = place.run_with(
        &["config", "show", "--origin"],
        &[
            ("PORTCULLIS__SECRETS__MASTER_KEY", MASTER),
            ("PORTCULLIS__DATABASE_FILE", "url"),
            ("PORTCULLIS__KEYS__ALGORITHMS", "ES256,EdDSA"),
            ("PORT", "9000"),
        ],
    );
    let said = said.success();
    for line in [
        "issuer = \"https://id.example.com\"  # portcullis.toml:1",
        "sessions.ttl = 259200  # portcullis.toml:3",
        "sessions.idle_ttl = 172800  # default",
        "listen = \"0.0.0.0:9000\"  # PORT",
        "database = \"postgres://***@db.internal:5433/id\"  # PORTCULLIS__DATABASE_FILE",
        "secrets.master_key = \"***\"  # PORTCULLIS__SECRETS__MASTER_KEY",
        "keys.algorithms = [\"ES256\", \"EdDSA\"]  # PORTCULLIS__KEYS__ALGORITHMS",
    ] {
        assert!(said.out.lines().any(|have| have == line), "{line} in {}", said.out);
    }
    assert!(!said.out.contains("hunter2") && !said.out.contains("AAECAwQF"), "{}", said.out);
    // What is printed is a configuration itself, but for the secrets.
    let shown: Vec<&str> = said.out.lines().filter(|line| !line.starts_with("secrets.master_key =")).collect();
    place.write("shown.toml", &shown.join("\n"));
    place.run(&["config", "show", "-c", "shown.toml"]).success();
}

#[test]
fn where_there_is_no_configuration_it_is_said_where_one_could_be() {
    let place = Place::new();
    for args in [["config", "check"], ["client", "list"], ["admin", "login-link"]] {
        place.run(&args).failed(78, &["--config", "portcullis dev"]);
    }
    place.run(&["serve"]).failed(78, &["--config"]);
    place.run(&["serve", "--config", "missing.toml"]).failed(78, &["missing.toml cannot be read"]);
}

#[test]
fn a_variable_that_is_no_text_stops_nothing() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::configured();
    let mut command = place.command(&["config", "check"]);
    command.env("OTHER", std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    assert!(command.output().unwrap().status.success());
}

#[test]
fn help_version_and_wrong_usage_are_told_apart() {
    let place = Place::new();
    let version = place.run(&["--version"]).success();
    assert_eq!(version.out, format!("portcullis {}\n", env!("CARGO_PKG_VERSION")));
    let help = place.run(&["--help"]).success();
    for verb in ["dev", "serve", "config", "migrate", "keys", "client", "user", "admin", "healthcheck", "Exit codes"] {
        assert!(help.out.contains(verb), "{verb}");
    }
    place.run(&["sevre"]).failed(2, &["serve"]);
    place.run(&["client", "show"]).failed(2, &["CLIENT_ID"]);
    place.write("portcullis.toml", &configuration(1));
    place.run(&["user", "create", "alice", "--password", "secret"]).failed(2, &["--password"]);
}
