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
        let record = identity.imported(new).await.unwrap();
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
