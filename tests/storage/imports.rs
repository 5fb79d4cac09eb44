use portcullis::storage::*;

use crate::world::*;

fn people(users: &[UserRecord]) -> Vec<ImportRecord> {
    let totp = |user: &UserRecord| TotpFactorRecord {
        user_id: user.id.clone(),
        id: format!("totp of {}", user.id),
        secret_sealed: vec![1, 2, 3],
        last_step: 0,
        last_used_at: NOW,
        created_at: NOW,
    };
    users.iter().map(|user| ImportRecord { user: user.clone(), totp: Some(totp(user)) }).collect()
}

pub async fn those_whose_names_are_free_are_made_and_the_others_are_told_apart(world: World) {
    let store = world.store;
    store.insert_user(&user("alice")).await.unwrap();
    let as_email = |name: &str, email: &str| UserRecord { email: Some(email.into()), ..user(name) };
    let rows = [
        UserRecord { id: "another id".into(), ..user("alice") },
        as_email("alice", "other@example.test"),
        as_email("carol", "ALICE@example.test"),
        user("bob"),
        UserRecord { id: "bob 2".into(), ..user("bob") },
        UserRecord { email: None, ..user("dave") },
        UserRecord { email: None, ..user("erin") },
    ];
    use ImportOutcome::{Made, Present, Taken};
    let expected = [Present, Taken("username"), Taken("email"), Made, Present, Made, Made];
    for (row, expected) in rows.iter().zip(expected).filter(|(row, _)| row.id != "bob 2") {
        assert_eq!(store.would_import_user(row).await.unwrap(), expected, "{}", row.id);
    }
    assert_eq!(store.list_users("", 10).await.unwrap().len(), 1, "looking changed nothing");
    assert_eq!(store.import_users(&people(&rows)).await.unwrap(), expected);
    let names: Vec<String> = store.list_users("", 10).await.unwrap().into_iter().map(|user| user.id).collect();
    assert_eq!(names, ["alice", "bob", "dave", "erin"]);
    assert!(store.find_totp_factor("another id").await.unwrap().is_none());
    assert_eq!(store.find_totp_factor("bob").await.unwrap().unwrap().id, "totp of bob");
    let bob = store.find_user("bob").await.unwrap().unwrap();
    assert_eq!(format!("{bob:?}"), format!("{:?}", rows[3]));
}

pub async fn nobodys_name_is_taken_in_that_is_anothers_address(world: World) {
    let store = world.store;
    let person = |name: &str, email: &str| UserRecord { email: Some(email.into()), ..user(name) };
    store.insert_user(&person("alice@example.test", "alice@example.test")).await.unwrap();
    store.insert_user(&person("bob", "bob@example.test")).await.unwrap();
    let rows = [
        person("bob@example.test", "other@example.test"),
        UserRecord { email: None, ..user("bob@example.test") },
        person("carol", "Alice@example.test"),
        person("alice@example.test", "alice@example.test"),
        person("dave@example.test", "Dave@example.test"),
    ];
    use ImportOutcome::{Made, Present, Taken};
    let expected = [Taken("username"), Taken("username"), Taken("email"), Present, Made];
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(store.would_import_user(row).await.unwrap(), expected, "{}", row.username);
    }
    assert_eq!(store.import_users(&people(&rows)).await.unwrap(), expected);
    assert_eq!(store.list_users("", 10).await.unwrap().len(), 3);
    // The address of somebody who has none yet, but a name that is one.
    store.insert_user(&UserRecord { email: None, ..user("erin@example.test") }).await.unwrap();
    let taken = store.import_users(&people(&[person("frank", "erin@example.test")])).await.unwrap();
    assert_eq!(taken, [Taken("email")]);
}

pub async fn of_two_imports_at_once_each_person_is_made_once(world: World) {
    let other = world.another().await;
    let made = at_once(4, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move {
            let rows: Vec<UserRecord> =
                (0..50).map(|at| UserRecord { id: format!("{number}-{at}"), ..user(&format!("u{at}")) }).collect();
            store.import_users(&people(&rows)).await.unwrap()
        }
    })
    .await;
    let made = made.into_iter().flatten().filter(|outcome| *outcome == ImportOutcome::Made).count();
    assert_eq!(made, 50);
    assert_eq!(world.store.list_users("", 100).await.unwrap().len(), 50);
}
