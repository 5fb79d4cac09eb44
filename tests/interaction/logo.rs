//! The pictures of clients.

use std::io::Cursor;
use std::time::Duration;

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::common::*;

/// A picture of `width` times two pixels.
fn picture(format: ImageFormat, width: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let pixels = RgbImage::from_fn(width, 2, |x, y| Rgb([x as u8, y as u8, 7]));
    pixels.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A client named `prints` whose picture its host answers with.
async fn with_logo(world: &World, answer: ResponseTemplate) -> MockServer {
    let host = MockServer::start().await;
    Mock::given(path("/logo")).respond_with(answer).mount(&host).await;
    let metadata = json!({ "redirect_uris": ["https://prints.test/cb"], "client_name": "Prints", "scope": "openid",
        "token_endpoint_auth_method": "none", "logo_uri": format!("{}/logo", host.uri()) });
    world.add_client("prints", &metadata).await;
    host
}

async fn sign_in_page(world: &World) -> Page {
    let url = world.authorize_url("prints", "openid", &[("redirect_uri", "https://prints.test/cb")]);
    world.browser().open(&url).await
}

#[tokio::test]
async fn s155_a_client_is_shown_with_its_picture_which_the_server_fetches_once_and_serves_as_a_picture_alone() {
    let world = World::new().await;
    let sent = [picture(ImageFormat::Jpeg, 3), b"<script>alert(1)</script>".to_vec()].concat();
    let host = with_logo(&world, ResponseTemplate::new(200).set_body_raw(sent, "text/html")).await;
    let page = sign_in_page(&world).await;
    let address = page.attr(".mark img", "src").unwrap_or_else(|| panic!("{}", page.answer.body));
    assert_eq!(page.attr(".mark img", "alt").as_deref(), Some(""));
    assert!(!page.answer.body.contains(&host.uri()), "no browser is sent to the client's host");

    let logo = world.browser().get(page.url.join(&address).unwrap().as_str()).await;
    assert_eq!(logo.status, 200);
    assert!(logo.body.contains("PNG") && !logo.body.contains("script"), "drawn anew");
    assert_eq!(logo.header("content-type"), "image/png");
    assert_eq!(logo.header("x-content-type-options"), "nosniff");
    assert_eq!(logo.header("content-security-policy"), "default-src 'none'; sandbox");
    assert!(sign_in_page(&world).await.has(".mark img"));
    assert_eq!(host.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn s221_what_is_no_picture_or_one_too_large_is_not_shown() {
    let png = picture(ImageFormat::Png, 100);
    let (cut, padded) = (png[..png.len() / 2].to_vec(), [png.as_slice(), &vec![0; 256 * 1024]].concat());
    for answer in [
        ResponseTemplate::new(200).set_body_raw(cut, "image/png"),
        ResponseTemplate::new(200).set_body_raw(picture(ImageFormat::Png, 20_000), "image/png"),
        ResponseTemplate::new(200).set_body_raw("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ResponseTemplate::new(200).set_body_raw("<script>alert(1)</script>", "image/png"),
        ResponseTemplate::new(200).set_body_raw(padded, "image/png"),
        ResponseTemplate::new(404).set_body_raw(png, "image/png"),
        ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:1/logo"),
    ] {
        let world = World::new().await;
        let host = with_logo(&world, answer).await;
        for _ in 0..2 {
            let page = sign_in_page(&world).await;
            assert!(page.has("#password") && !page.has(".mark img"), "{}", page.answer.body);
            assert_eq!(page.text(".mark"), "P");
        }
        assert_eq!(world.get("/logo?client_id=prints").await.status, 404);
        assert_eq!(host.received_requests().await.unwrap().len(), 1, "not asked again for every page");
    }
}

#[tokio::test]
async fn a_host_that_takes_its_time_holds_nobody_up_and_its_picture_comes_later() {
    let world = World::new().await;
    let slow = ResponseTemplate::new(200)
        .set_body_raw(picture(ImageFormat::WebP, 5), "image/png")
        .set_delay(Duration::from_secs(1));
    let host = with_logo(&world, slow).await;
    assert_eq!(sign_in_page(&world).await.text(".mark"), "P");
    assert_eq!(world.get("/logo?client_id=prints").await.status, 200);
    assert!(sign_in_page(&world).await.has(".mark img"));
    assert_eq!(host.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_registered_clients_have_pictures() {
    let world = World::new().await;
    for query in
        ["", "?client_id=", "?client_id=nobody", "?client_id=https%3A%2F%2Fevil.test%2Flogo.png", "?client_id=web"]
    {
        assert_eq!(world.get(&format!("/logo{query}")).await.status, 404, "{query}");
    }
    let _host =
        with_logo(&world, ResponseTemplate::new(200).set_body_raw(picture(ImageFormat::WebP, 5), "image/png")).await;
    world.disable_client("prints").await;
    world.follow().await;
    assert_eq!(world.get("/logo?client_id=prints").await.status, 404);
}
