use std::net::TcpListener;

use super::place::{Place, free_port, get, post};

/// The words after `label` in the line of the greeting that begins with it.
fn line<'a>(greeting: &'a str, label: &str) -> &'a str {
    greeting.lines().find_map(|line| line.trim_start().strip_prefix(label)).unwrap().trim()
}

/// Runs what the line says to paste, and gives status and body.
fn paste(greeting: &str) -> (u16, String) {
    let words: Vec<&str> = line(greeting, "Try").split(' ').collect();
    let ["curl", "-s", "-u", user, "-d", form, url] = words[..] else { panic!("{words:?}") };
    let url: url::Url = url.parse().unwrap();
    post(url.port().unwrap(), url.path(), user, form)
}

#[test]
fn it_prints_what_works_and_after_a_restart_the_same_again() {
    let place = Place::new();
    let port = free_port();
    let mut server = place.start(&["dev", "--port", &port.to_string()], "  Try  ");
    let first = server.greeting.clone();
    let issuer = format!("http://localhost:{port}");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        first.lines().next().unwrap(),
        format!(
            "portcullis {version} dev mode: data in ./portcullis-dev (delete it to start again). Not for production."
        )
    );
    assert_eq!(line(&first, "Issuer"), format!("{issuer}    discovery {issuer}/.well-known/openid-configuration"));
    assert!(line(&first, "Admin").starts_with(&format!("{issuer}/setup#pc_su_")));
    assert!(line(&first, "Admin").ends_with("(again: portcullis admin login-link)"));
    assert_eq!(first.lines().count(), 9, "{first}");
    assert!(!first.contains('\u{1b}'), "no colours where there is no terminal");

    let (status, body) = paste(&first);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("access_token"));
    let (key, _) = line(&first, "API key").split_once(' ').unwrap();
    let (_, web) = first.split_once("demo-web secret ").unwrap();
    let asker = format!("demo-web:{}", web.split(' ').next().unwrap());
    let (status, body) = post(port, "/oauth2/introspect", &asker, &format!("token={key}"));
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"active\":true") && body.contains("\"sub\":\"demo-service\""), "{body}");
    let (status, body) = get(port, "/.well-known/openid-configuration");
    assert_eq!(status, 200);
    assert!(body.contains(&format!("\"issuer\":\"{issuer}\"")));

    assert_eq!(place.mode("portcullis-dev"), 0o700);
    for name in ["demo.json", "master.key", "portcullis.toml", "portcullis.db"] {
        assert_eq!(place.mode(&format!("portcullis-dev/{name}")), 0o600, "{name}");
    }
    assert_eq!(place.read("portcullis-dev/.gitignore"), "*\n");
    assert!(server.stop().success());

    // The port is another one; people, clients and secrets are the same.
    let port = free_port();
    let server = place.start(&["dev", "--port", &port.to_string()], "  Try  ");
    for label in ["Users", "Clients", "API key"] {
        assert_eq!(line(&server.greeting, label), line(&first, label));
    }
    assert_eq!(paste(&server.greeting).0, 200);
    let spa = place.run(&["client", "show", "demo-spa"]).json();
    let callback = format!("http://localhost:{port}/playground/callback");
    assert!(spa["redirect_uris"].as_array().unwrap().iter().any(|uri| *uri == callback), "{spa}");
}

#[test]
fn commands_work_beside_it_and_a_second_one_is_refused() {
    let place = Place::new();
    let port = free_port();
    let mut server = place.start(&["dev", "--port", &port.to_string()], "  Try  ");
    let configuration = place.read("portcullis-dev/portcullis.toml");

    let clients = place.run(&["client", "list", "--json"]).json();
    assert_eq!(clients.as_array().unwrap().len(), 3);
    assert!(place.run(&["user", "list"]).success().out.contains("alice@example.test"));
    let link = place.run(&["admin", "login-link"]).success().out;
    assert!(link.starts_with(&format!("http://localhost:{port}/setup#pc_su_")), "{link}");
    assert_eq!(place.run(&["healthcheck"]).success().out, "ok\n");
    assert_eq!(place.run(&["keys", "list", "--json"]).json().as_array().unwrap().len(), 3);

    let second = place.run(&["dev", "--port", &free_port().to_string()]);
    second.failed(75, &["portcullis-dev/portcullis.db is in use by another running portcullis"]);
    assert_eq!(place.read("portcullis-dev/portcullis.toml"), configuration, "the running one's stays");
    assert_eq!(get(port, "/readyz").0, 200);

    assert!(server.stop().success());
    place.run(&["healthcheck"]).failed(1, &["cannot be asked"]);
    place.run(&["healthcheck", "--live"]).failed(1, &[]);
}

#[test]
fn what_somebody_has_changed_stays_changed_and_what_was_lost_is_made_anew() {
    let place = Place::new();
    let args = ["dev", "--port", &free_port().to_string()];
    drop(place.start(&args, "  Try  "));
    let secret = place.run(&["client", "rotate-secret", "demo-service"]).json()["client_secret"].to_string();
    place.feed(&["user", "set-password", "alice@example.test"], "another good one\n").success();
    place.run(&["client", "update", "demo-web", "--client-name", "My own"]).success();

    let mut server = place.start(&args, "  Try  ");
    let greeting = server.greeting.clone();
    assert!(greeting.contains("alice@example.test / (changed)"), "{greeting}");
    assert!(!greeting.contains("bob@example.test / (changed)"));
    assert!(greeting.contains("demo-service secret (changed)"));
    let secret = secret.trim_matches('"');
    let port: u16 = args[2].parse().unwrap();
    let form = "grant_type=client_credentials";
    assert_eq!(post(port, "/oauth2/token", &format!("demo-service:{secret}"), form).0, 200);
    assert_eq!(place.run(&["client", "show", "demo-web"]).json()["client_name"], "My own");
    assert!(server.stop().success());

    std::fs::remove_file(place.path("portcullis-dev/demo.json")).unwrap();
    let server = place.start(&args, "  Try  ");
    assert!(!server.greeting.contains("(changed)"), "{}", server.greeting);
    assert_eq!(paste(&server.greeting).0, 200);
}

#[test]
fn without_a_command_the_port_comes_from_the_environment() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = place.run_with(&[], &[("PORT", &port.to_string())]);
    said.failed(69, &[&format!("port {port} is taken"), "portcullis dev --port "]);
    assert!(!place.path("portcullis-dev").exists(), "nothing was made");
}

#[test]
fn a_taken_port_is_told_with_a_free_one() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = place.run(&["dev", "--port", &port]);
    said.failed(69, &["is taken by another program"]);
    let proposed = said.err.split("--port ").nth(1).unwrap().trim_end_matches(['`', '\n']).to_owned();
    place.start(&["dev", "--port", &proposed], "  Try  ");
    for wrong in ["0", "70000", "x"] {
        place.run(&["dev", "--port", wrong]).failed(2, &["--port"]);
    }
}

#[test]
fn it_takes_no_configuration_and_leaves_one_that_is_there_alone() {
    let place = Place::configured();
    place.run(&["dev", "--config", "portcullis.toml"]).failed(2, &["portcullis serve --config"]);
    let server = place.start(&["dev", "--port", &free_port().to_string()], "  Try  ");
    let hint = "(again: portcullis admin login-link --config portcullis-dev/portcullis.toml)";
    assert!(server.greeting.contains(hint), "{}", server.greeting);
    assert!(!place.path("p.db").exists());
}
