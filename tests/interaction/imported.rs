//! People who came from another system, with the hashes of their passwords.

use portcullis::identity::ImportedUser;
use portcullis::storage::ImportOutcome;

use crate::common::*;

const OTHERS: &str = include_str!("../../src/identity/passwords/vectors.tsv");

async fn sign_in(world: &World, username: &str, password: &str) -> bool {
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    browser.submit(&page, &[("username", username), ("password", password)]).await;
    browser.cookie("session").is_some()
}

#[tokio::test]
async fn s190_an_imported_hash_lets_in_as_it_is_once_and_is_argon2id_from_then_on() {
    let world = World::new().await;
    let identity = &world.app.identity;
    for (number, line) in OTHERS.lines().enumerate() {
        let [tool, password, hash] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let username = format!("person{number}");
        let new = ImportedUser {
            username: username.clone(),
            password_hash: Some(hash.to_owned()),
            ..ImportedUser::default()
        };
        let record = identity.imported(new, &world.app.oauth.sealer).await.unwrap();
        assert_eq!(identity.import(&[record]).await.unwrap(), [ImportOutcome::Made]);
        let kept = format!("username = '{username}' AND password_hash = '{hash}'");
        assert!(!sign_in(&world, &username, "wrong password").await, "{tool}");
        assert_eq!(world.rows("users", &kept).await, 1, "{tool}");
        assert!(sign_in(&world, &username, password).await, "{tool}");
        let ours = format!("username = '{username}' AND password_hash LIKE '$argon2id$v=19$m=64,t=1,p=1$%'");
        assert_eq!(world.rows("users", &ours).await, 1, "{tool}");
        assert!(sign_in(&world, &username, password).await, "{tool}");
        assert!(!sign_in(&world, &username, "wrong password").await, "{tool}");
    }
}

#[tokio::test]
async fn an_imported_authenticator_app_is_asked_for_and_its_secret_is_sealed() {
    let world = World::new().await;
    let identity = &world.app.identity;
    let [_, password, hash] = OTHERS.lines().next().unwrap().split('\t').collect::<Vec<_>>().try_into().unwrap();
    // The secret of RFC 6238 Appendix B.
    let secret = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";
    let new = |secret: &str| ImportedUser {
        username: "carol".to_owned(),
        password_hash: Some(hash.to_owned()),
        totp_secret: Some(secret.to_owned()),
        ..ImportedUser::default()
    };
    for bad in ["gezdgnbv", "not base32!", &"A".repeat(200)] {
        assert!(identity.imported(new(bad), &world.app.oauth.sealer).await.is_err(), "{bad}");
    }
    let record = identity.imported(new(secret), &world.app.oauth.sealer).await.unwrap();
    identity.import(&[record]).await.unwrap();
    assert!(!world.dump().await.contains("12345678901234567890"));
    assert!(!sign_in(&world, "carol", password).await, "the password alone opens nothing");
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    let page = browser.submit(&page, &[("username", "carol"), ("password", password)]).await;
    let totp = totp_rs::Builder::new().with_secret(b"12345678901234567890".to_vec()).build_noncompliant();
    let code = totp.generate(u64::try_from(world.app.oauth.now().seconds()).unwrap()).to_string();
    browser.submit(&page, &[("code", &code)]).await;
    assert!(browser.cookie("session").is_some());
}
