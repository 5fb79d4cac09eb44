//! New passwords that are known from leaks.

use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::common::*;

const NEW: &str = "correct horse battery staple";
/// SHA-1 of it.
const HASH: &str = "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42";

/// A list that answers for the first five digits of [`HASH`].
async fn list(answer: ResponseTemplate) -> (MockServer, World) {
    let list = MockServer::start().await;
    let prefix = Mock::given(method("GET")).and(path("/range/ABF7A")).and(header("add-padding", "true"));
    prefix.respond_with(answer).mount(&list).await;
    let world = World::with(&format!("passwords.breach_check_url = \"{}/range/\"", list.uri())).await;
    (list, world)
}

/// What the page says to `NEW` as alice's new password.
async fn change(world: &World) -> Page {
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let page = browser.open(&world.url("/account/password")).await;
    browser.submit(&page, &[("current", PASSWORD), ("password", NEW)]).await
}

#[tokio::test]
async fn a_leaked_password_is_refused_and_the_list_learns_five_digits_of_its_hash() {
    let lines = format!("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n{}:216\r\n", &HASH[5..]);
    let (list, world) = list(ResponseTemplate::new(200).set_body_string(lines)).await;
    let page = change(&world).await;
    assert!(page.answer.status == 422 && page.text("#problem").contains("leaked"), "{}", page.answer.body);
    assert_eq!(world.audited_times("password_changed", 0).await, 0);
    let asked = list.received_requests().await.unwrap();
    assert_eq!(asked.iter().filter(|request| request.url.path() == "/range/ABF7A").count(), 1);
    for request in asked {
        assert_eq!(request.url.path().len(), "/range/".len() + 5, "{}", request.url);
        assert!(request.body.is_empty() && request.url.query().is_none());
    }
}

#[tokio::test]
async fn a_password_that_the_list_does_not_name_is_taken() {
    let lines = format!("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n{}:0\r\n", &HASH[5..]);
    let (_list, world) = list(ResponseTemplate::new(200).set_body_string(lines)).await;
    assert!(change(&world).await.has("#notice"));
    assert_eq!(world.audited("password_changed").await, 1);
}

#[tokio::test]
async fn a_list_that_does_not_answer_keeps_nobody_from_a_new_password() {
    for answer in [
        ResponseTemplate::new(503),
        ResponseTemplate::new(200).set_body_bytes(vec![b'A'; 300 * 1024]),
        ResponseTemplate::new(302).insert_header("location", "/range/00000"),
    ] {
        let (_list, world) = list(answer).await;
        assert!(change(&world).await.has("#notice"));
    }
}
