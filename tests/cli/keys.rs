use serde_json::Value;

use super::place::Place;

fn keys(place: &Place) -> Vec<Value> {
    place.run(&["keys", "list", "--json"]).json().as_array().unwrap().clone()
}

/// A place whose server has started once and made its keys.
fn started() -> Place {
    let place = Place::configured();
    assert!(place.start(&["serve"], "\"ready\"").stop().success());
    place
}

#[test]
fn keys_are_listed_and_rotated() {
    let place = started();
    let before = keys(&place);
    let signing: Vec<&Value> = before.iter().filter(|key| key["state"] == "signing").collect();
    assert_eq!(signing.len(), 1);
    assert_eq!(signing[0]["alg"], "ES256");

    let said = place.run(&["keys", "rotate", "--now"]).success();
    let made = said.out.trim().strip_prefix("made ").unwrap().to_owned();
    let after = keys(&place);
    let state = |kid: &Value| after.iter().find(|key| key["kid"] == *kid).map(|key| key["state"].clone());
    assert_eq!(state(&Value::from(made.as_str())), Some("signing".into()));
    assert_eq!(state(&signing[0]["kid"]), Some("retired".into()));
    assert!(place.run(&["keys", "list"]).success().out.contains(&made));

    place.run(&["keys", "rotate", "--alg", "ES257"]).failed(2, &["ES256, ES384, RS256, PS256, EdDSA"]);
}

#[test]
fn a_key_moves_to_another_server_sealed_by_that_ones_master_key() {
    let (from, to) = (started(), started());
    let kid = keys(&from)[0]["kid"].as_str().unwrap().to_owned();
    let pem = from.run(&["keys", "export", &kid]).success().out;
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    from.run(&["keys", "export", &kid, "--output", "key.pem"]).success();
    assert_eq!(from.read("key.pem"), pem);
    assert_eq!(from.mode("key.pem"), 0o600);
    from.run(&["keys", "export", &kid, "--output", "key.pem"]).failed(1, &["key.pem cannot be written"]);
    from.run(&["keys", "export", "nobody"]).failed(1, &["there is no key nobody"]);
    from.run(&["keys", "export", "-wP"]).failed(1, &["there is no key -wP"]);

    let said = to.feed(&["keys", "import", "--alg", "ES256", "--now", "-"], &pem).success();
    assert!(said.out.contains(&kid), "the same key has the same kid: {}", said.out);
    let imported = keys(&to).into_iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert_eq!(imported["state"], "signing");
    assert_eq!(to.run(&["keys", "export", &kid]).success().out, pem);
    to.write("wrong.pem", "-----BEGIN RSA PRIVATE KEY-----\n");
    to.run(&["keys", "import", "--alg", "ES256", "wrong.pem"]).failed(1, &["wrong.pem", "PKCS#8"]);
}
