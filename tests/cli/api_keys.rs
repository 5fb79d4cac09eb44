use super::place::Place;

#[test]
fn a_key_is_made_for_a_person_or_a_service_listed_and_revoked() {
    let place = Place::configured();
    place.feed(&["user", "create", "alice"], "correct horse battery\n").success();
    let client =
        ["client", "create", "--client-id", "svc", "--grant-type", "client_credentials", "--scope", "api:read"];
    place.run(&client).success();
    let of_alice = ["api-key", "create", "--user", "alice", "--name", "report", "--scope", "email"];
    let made = place.run(&of_alice).json();
    let key = made["api_key"].as_str().unwrap();
    assert!(key.starts_with("pc_live_") && key.starts_with(made["prefix"].as_str().unwrap()));
    let life = made["expires_at"].as_i64().unwrap() - made["created_at"].as_i64().unwrap();
    assert_eq!(life, 90 * 86400);
    let of_service =
        ["api-key", "create", "--client", "svc", "--name", "job", "--scope", "api:read", "--expires-in", "12h"];
    let second = place.run(&of_service).json();
    assert_eq!(second["client_id"], "svc");

    let listed = place.run(&["api-key", "list"]).success().out;
    assert!(listed.contains("alice") && listed.contains("svc") && listed.contains("never"), "{listed}");
    assert!(!listed.contains(&key[12..]));
    let only = place.run(&["api-key", "list", "--client", "svc", "--json"]).success().out;
    assert_eq!(only.lines().count(), 1);

    place.run(&["api-key", "revoke", made["prefix"].as_str().unwrap()]).success();
    place.run(&["api-key", "revoke", second["id"].as_str().unwrap()]).success();
    place.run(&["api-key", "revoke", second["id"].as_str().unwrap()]).failed(1, &["there is no live key"]);
    assert_eq!(place.run(&["api-key", "list", "--json"]).success().out, "");
    let database = std::fs::read(place.path("p.db")).unwrap();
    assert!(!database.windows(key.len()).any(|bytes| bytes == key.as_bytes()));
}

#[test]
fn a_key_beyond_its_owner_or_for_nobody_is_refused_with_what_may_be_given() {
    let place = Place::configured();
    place.feed(&["user", "create", "alice"], "correct horse battery\n").success();
    let create = |more: &[&str]| {
        let args: Vec<&str> =
            ["api-key", "create", "--name", "x", "--scope", "api:read"].iter().chain(more).copied().collect();
        place.run(&args)
    };
    create(&["--user", "alice"]).failed(2, &["api:read goes beyond", "openid profile email"]);
    create(&["--user", "nobody"]).failed(1, &["there is no user nobody"]);
    create(&["--client", "nothing"]).failed(1, &["there is no client nothing"]);
    create(&[]).failed(2, &["--user"]);
    create(&["--user", "alice", "--client", "x"]).failed(2, &["cannot be used with"]);
    create(&["--user", "alice", "--expires-in", "soon"]).failed(2, &["90s"]);
    let long = ["api-key", "create", "--user", "alice", "--name", "x", "--scope", "email", "--expires-in", "400d"];
    place.run(&long).failed(2, &["365 days at most"]);
}
