//! The repositories' behaviour, the same on SQLite and PostgreSQL.

use portcullis::storage::*;
use secrecy::SecretString;

#[tokio::test]
async fn a_user_is_found_by_name() {
    let store = Store::open(&SecretString::from("sqlite::memory:")).await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), [1]);
    assert_eq!(store.migrate().await.unwrap(), [] as [i64; 0]);
    let user = UserRecord {
        id: "u1".into(),
        username: "alice".into(),
        email: Some("Alice@example.test".into()),
        email_verified: true,
        password_hash: None,
        claims: "{}".into(),
        is_admin: true,
        disabled_at: None,
        tokens_not_before: 0,
        password_changed_at: None,
        created_at: 1,
        updated_at: 1,
    };
    store.insert_user(&user).await.unwrap();
    assert_eq!(store.find_user_by_login("alice").await.unwrap().unwrap().id, "u1");
    assert_eq!(store.find_user_by_login("alice@example.test").await.unwrap().unwrap().id, "u1");
    store.close().await;
    assert!(matches!(store.ping().await, Err(Error::Unavailable(_))));
}
