use serde_json::Value;

use crate::common::*;

async fn list(world: &World, client_id: &str, after: &str) -> Answer {
    let url = world.url(&format!("/oauth2/revocations{after}"));
    let request = world.http.get(url).header("Authorization", basic(client_id, &secret_of(client_id)));
    Answer::read(request.send().await.unwrap()).await
}

fn entry(answer: &Value, claim: &str) -> Value {
    let entries = answer["revocations"].as_array().unwrap();
    entries.iter().find(|entry| entry["claim"] == claim).unwrap_or_else(|| panic!("no {claim}: {answer}")).clone()
}

#[tokio::test]
async fn a_resource_server_learns_what_has_ended_by_the_claims_of_its_tokens() {
    let world = World::new().await;
    assert_eq!(list(&world, RS, "").await.ok()["next"], 0);
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let access = claims(tokens["access_token"].as_str().unwrap());
    world.as_client("/oauth2/revoke", C1, &[("token", tokens["refresh_token"].as_str().unwrap())]).await;
    let first = list(&world, RS, "?after=0").await;
    assert_eq!(first.header("cache-control"), "no-store");
    let first = first.ok();
    let family = entry(&first, "family");
    assert_eq!(family["value"], access["family"]);
    assert!(family.get("issued_until").is_none(), "it never comes back");
    assert!(family["exp"].as_i64() >= access["exp"].as_i64());
    let seen = first["next"].as_i64().unwrap();

    let user = world.app.identity.find_user("alice").await.unwrap().unwrap();
    world
        .app
        .identity
        .set_password(
            &user,
            &"a brand new long phrase".into(),
            &portcullis::identity::Origin::new([127, 0, 0, 1].into(), "operator", ""),
        )
        .await
        .unwrap();
    let second = list(&world, RS, &format!("?after={seen}")).await.ok();
    let new: Vec<&Value> = second["revocations"].as_array().unwrap().iter().map(|entry| &entry["claim"]).collect();
    assert_eq!(new, ["sid", "sub"], "only what is new: {second}");
    let ended = entry(&second, "sub");
    assert_eq!(ended["value"], access["sub"]);
    let until = ended["issued_until"].as_i64().unwrap();
    assert!(until / 1000 >= access["iat"].as_i64().unwrap() && until <= 1_790_000_000_250);
    let at_the_end = list(&world, RS, &format!("?after={}", second["next"])).await.ok();
    assert_eq!((at_the_end["revocations"].as_array().unwrap().len(), &at_the_end["more"]), (0, &Value::from(false)));

    world.advance(86_400);
    assert_eq!(
        list(&world, RS, "").await.ok()["revocations"].as_array().unwrap().len(),
        0,
        "forgotten with their tokens"
    );
}

#[tokio::test]
async fn nobody_but_a_resource_server_follows_the_revocations() {
    let world = World::new().await;
    assert_eq!(list(&world, C1, "").await.error(), "unauthorized_client");
    let anonymous = world.http.get(world.url("/oauth2/revocations")).send().await.unwrap();
    assert_eq!(Answer::read(anonymous).await.error(), "invalid_client");
    let wrong = world.http.get(world.url("/oauth2/revocations")).header("Authorization", basic(RS, "wrong"));
    assert_eq!(Answer::read(wrong.send().await.unwrap()).await.error(), "invalid_client");
    let in_the_url = format!("?client_id={RS}&client_secret={}", secret_of(RS));
    let leaked = world.http.get(world.url(&format!("/oauth2/revocations{in_the_url}"))).send().await.unwrap();
    assert_eq!(Answer::read(leaked).await.error(), "invalid_request");
    for after in ["x", "-", "1;--", "9223372036854775808"] {
        assert_eq!(list(&world, RS, &format!("?after={after}")).await.error(), "invalid_request", "{after}");
    }
    let by_post = world.as_client("/oauth2/revocations", RS, &[("after", "0")]).await.ok();
    assert!(by_post["revocations"].is_array());
}
