//! A client that listens for logout tokens.

use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{World, secs};

/// A client's back-channel logout endpoint.
pub struct Listener(MockServer);

impl Listener {
    /// One that answers with `status`, registered as that of `client_id`.
    pub async fn of(world: &World, client_id: &str, status: u16) -> Self {
        let listener = Self(MockServer::start().await);
        listener.answer(status).await;
        world.listens_at(client_id, &listener.0.uri()).await;
        listener
    }

    /// From now on, with nothing received yet.
    pub async fn answer(&self, status: u16) {
        self.0.reset().await;
        Mock::given(method("POST")).and(path("/out")).respond_with(ResponseTemplate::new(status)).mount(&self.0).await;
    }

    /// How often it was told of anything.
    pub async fn asked(&self) -> usize {
        self.0.received_requests().await.unwrap().len()
    }

    /// The logout tokens that arrived, once there are `count`.
    pub async fn tokens(&self, count: usize) -> Vec<String> {
        for _ in 0..1000 {
            let requests = self.0.received_requests().await.unwrap();
            if requests.len() >= count {
                return requests.iter().map(logout_token).collect();
            }
            tokio::time::sleep(secs(1) / 100).await;
        }
        panic!("no {count} notices came: {:?}", self.0.received_requests().await);
    }

    /// The first.
    pub async fn token(&self) -> String {
        self.tokens(1).await.remove(0)
    }
}

/// What a notice carries: the token, and nothing else (OpenID Connect Back-Channel Logout §2.5).
fn logout_token(request: &wiremock::Request) -> String {
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!request.headers.contains_key("cookie"));
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let [(name, token)] = &form[..] else { panic!("{form:?}") };
    assert_eq!(name, "logout_token");
    token.clone()
}

impl World {
    /// Registers `client_id` to be told at `/out` of this origin.
    pub async fn listens_at(&self, client_id: &str, origin: &str) {
        self.change_client(client_id, |metadata| metadata["backchannel_logout_uri"] = json!(format!("{origin}/out")))
            .await;
    }
}
