//! Front-channel logout: the clients' frames on the page that says that one is signed out.

use serde_json::json;

use crate::common::*;

const BYE: &str = "https://app.test/bye";
const OUT: &str = "https://app.test/out?a=1";

async fn world() -> World {
    let world = World::new().await;
    world
        .change_client(C1, |metadata| {
            metadata["frontchannel_logout_uri"] = json!(OUT);
            metadata["frontchannel_logout_session_required"] = json!(true);
        })
        .await;
    world.change_client(C2, |metadata| metadata["frontchannel_logout_uri"] = json!("https://other.test/out")).await;
    // Registered, and not signed in to.
    world.change_client(C3, |metadata| metadata["frontchannel_logout_uri"] = json!("https://third.test/out")).await;
    world
}

#[tokio::test]
async fn s142_exactly_the_clients_of_the_session_are_framed() {
    let world = world().await;
    let browser = world.browser();
    let hint = world.id_token(&browser, C1).await;
    world.id_token(&browser, C2).await;
    let url = world.logout_url(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "a\"b")]);
    let page = browser.open(&url).await;
    assert_eq!(page.answer.status, 200);
    let sid = claims(&hint)["sid"].as_str().unwrap().to_owned();
    let frames = page.attrs("iframe", "src");
    let mut first: url::Url = OUT.parse().unwrap();
    first.query_pairs_mut().append_pair("iss", &world.issuer).append_pair("sid", &sid);
    assert_eq!(frames, [first.as_str(), "https://other.test/out"]);
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("frame-src https://app.test https://other.test;"), "{policy}");
    // On with the client's own address, by a link and by itself, without a script.
    let onward = "https://app.test/bye?state=a%22b";
    assert_eq!(page.attr("#onward", "href").as_deref(), Some(onward));
    let refresh = page.attr("meta[http-equiv=refresh]", "content").unwrap();
    assert_eq!(refresh, format!("3;url={onward}"));
    assert!(!page.has("script"));
    let told = page.text("#told");
    assert!(told.contains("First App") && told.contains("Second App"), "{told}");
    // Nobody is left to be told, and the way back is direct.
    assert_eq!(browser.get(&url).await.header("location"), onward);
}

#[tokio::test]
async fn the_answer_to_our_question_frames_them_too() {
    let world = world().await;
    let browser = world.browser();
    world.id_token(&browser, C2).await;
    let page = browser.open(&world.logout_url(&[])).await;
    assert!(!page.has("iframe"));
    let out = browser.submit(&page, &[("decision", "logout")]).await;
    assert_eq!(out.attrs("iframe", "src"), ["https://other.test/out"]);
    assert!(!out.has("meta[http-equiv=refresh]"));
}

#[tokio::test]
async fn without_such_clients_the_page_frames_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    let hint = world.id_token(&browser, C1).await;
    let page = browser.open(&world.logout_url(&[("id_token_hint", &hint)])).await;
    assert!(!page.has("iframe") && !page.has("#told"));
    assert!(!page.answer.header("content-security-policy").contains("frame-src"));
}
