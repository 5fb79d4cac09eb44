use crate::common::World;

#[tokio::test]
async fn both_documents_are_served_with_the_configured_issuer_to_any_origin() {
    let world = World::new().await;
    let openid = world.get("/.well-known/openid-configuration").await;
    let oauth = world.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(openid.ok(), oauth.ok());
    assert_eq!(openid.header("content-type"), "application/json");
    assert_eq!(openid.header("access-control-allow-origin"), "*");
    assert!(openid.header("etag").starts_with('"'));
    let document = openid.json();
    assert_eq!(document["issuer"], world.issuer);
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            assert!(value.as_str().unwrap().starts_with(&format!("{}/", world.issuer)), "{name}: {value}");
        }
    }
    assert_eq!(world.get("/.well-known/other").await.status, 404);
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_by_both_forms_of_insertion() {
    let world = World::at("/tenant/a", "").await;
    let appended = world.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(appended["issuer"], world.issuer);
    let root = world.issuer.strip_suffix("/tenant/a").unwrap();
    for name in ["openid-configuration", "oauth-authorization-server"] {
        let inserted = world.http.get(format!("{root}/.well-known/{name}/tenant/a")).send().await.unwrap();
        assert_eq!(inserted.json::<serde_json::Value>().await.unwrap(), appended, "{name}");
    }
    assert_eq!(world.http.get(format!("{root}/livez")).send().await.unwrap().status(), 200);
}
