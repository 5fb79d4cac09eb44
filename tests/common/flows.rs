//! What people and clients do, in one call each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{
    Answer, Browser, C1, C2, C3, CHALLENGE, CO, CS, CT, PASSWORD, Page, REDIRECT_URI, RS, VERIFIER, World, secret_of,
};

impl World {
    pub fn browser(&self) -> Browser {
        Browser::new(self.http.clone(), &self.issuer)
    }

    /// The address of an authorization request; `changes` replace or, with an empty value, remove parameters.
    pub fn authorize_url(&self, client_id: &str, scope: &str, changes: &[(&str, &str)]) -> String {
        let redirect_uri = if client_id == C2 { "https://other.test/cb" } else { REDIRECT_URI };
        let mut params = vec![
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("scope", scope),
            ("state", "st-8&="),
            ("nonce", "n-0S6"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            params.retain(|(have, _)| have != name);
            if !value.is_empty() {
                params.push((name, value));
            }
        }
        let mut url: url::Url = self.url("/authorize").parse().unwrap();
        url.query_pairs_mut().extend_pairs(params);
        url.to_string()
    }

    /// Signs `username` in on the page where `browser` is asked to, allows what is asked, and returns where that leads.
    pub async fn answer_pages(&self, browser: &Browser, mut page: Page, username: &str) -> Page {
        if page.has("#password") {
            page = browser.submit(&page, &[("username", username), ("password", PASSWORD)]).await;
        }
        if page.has("#allow") {
            page = browser.submit(&page, &[("decision", "allow")]).await;
        }
        page
    }

    /// A code for `client_id`, through the pages.
    pub async fn code(&self, browser: &Browser, client_id: &str, scope: &str) -> String {
        let page = browser.open(&self.authorize_url(client_id, scope, &[])).await;
        let end = self.answer_pages(browser, page, "alice").await;
        end.param("code").unwrap_or_else(|| panic!("no code at {}: {}", end.url, end.answer.body))
    }

    /// The tokens of a sign-in with a browser of its own.
    pub async fn sign_in(&self, client_id: &str, scope: &str) -> Value {
        let code = self.code(&self.browser(), client_id, scope).await;
        self.redeem(client_id, &code).await.ok()
    }

    /// The tokens of `client_id` for whoever is signed in at `browser`, alice if nobody is.
    pub async fn tokens(&self, browser: &Browser, client_id: &str) -> Value {
        self.redeem(client_id, &self.code(browser, client_id, "openid").await).await.ok()
    }

    /// The id_token among those.
    pub async fn id_token(&self, browser: &Browser, client_id: &str) -> String {
        self.tokens(browser, client_id).await["id_token"].as_str().unwrap().to_owned()
    }

    /// Whether the first client would get a code without a page.
    pub async fn is_signed_in(&self, browser: &Browser) -> bool {
        browser.get(&self.authorize_url(C1, "openid", &[("prompt", "none")])).await.redirect_param("code").is_some()
    }

    pub fn logout_url(&self, params: &[(&str, &str)]) -> String {
        let mut url: url::Url = self.url("/logout").parse().unwrap();
        url.query_pairs_mut().extend_pairs(params);
        url.to_string()
    }

    /// Signs out by an id_token, which needs no page but the last.
    pub async fn sign_out(&self, browser: &Browser, id_token: &str) {
        let answer = browser.get(&self.logout_url(&[("id_token_hint", id_token)])).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(self.rows("sessions", "ended_at IS NULL").await, 0);
    }

    pub async fn redeem(&self, client_id: &str, code: &str) -> Answer {
        self.redeem_with(client_id, code, VERIFIER).await
    }

    pub async fn redeem_with(&self, client_id: &str, code: &str, verifier: &str) -> Answer {
        let redirect_uri = if client_id == C2 { "https://other.test/cb" } else { REDIRECT_URI };
        let params = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        self.token(client_id, &params).await
    }

    pub async fn refresh(&self, client_id: &str, refresh_token: &str) -> Answer {
        self.token(client_id, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// A token request, the client authenticated as it is registered.
    pub async fn token(&self, client_id: &str, params: &[(&str, &str)]) -> Answer {
        self.as_client("/oauth2/token", client_id, params).await
    }

    pub async fn as_client(&self, path: &str, client_id: &str, params: &[(&str, &str)]) -> Answer {
        let secret = secret_of(client_id);
        let mut form: Vec<(&str, &str)> = params.to_vec();
        let mut request = self.http.post(self.url(path));
        if [C1, C2, CS, CO, CT, RS].contains(&client_id) {
            request = request.header("Authorization", basic(client_id, &secret));
        } else {
            form.push(("client_id", client_id));
            if client_id == C3 {
                form.push(("client_secret", &secret));
            }
        }
        Answer::read(request.form(&form).send().await.unwrap()).await
    }

    /// A POST of raw bytes.
    pub async fn post_raw(&self, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self.http.post(self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let request = self.http.get(self.url("/oauth2/userinfo")).bearer_auth(access_token);
        Answer::read(request.send().await.unwrap()).await
    }

    /// What the resource server is told about a token.
    pub async fn introspect(&self, token: &str) -> Value {
        self.as_client("/oauth2/introspect", RS, &[("token", token)]).await.ok()
    }

    /// The newest mail, as `/dev/mail` shows it.
    pub async fn mail(&self) -> Page {
        let reader = self.browser();
        let list = reader.open(&self.url("/dev/mail")).await;
        let href = list.attr("#mails a", "href").expect("a mail");
        reader.open(list.url.join(&href).unwrap().as_str()).await
    }

    /// Whether an access token works, seen both ways.
    pub async fn is_live(&self, access_token: &str) -> bool {
        let active = self.introspect(access_token).await["active"] == true;
        let userinfo = self.userinfo(access_token).await.status;
        assert_eq!(active, userinfo.is_success(), "introspection and userinfo disagree: {userinfo}");
        active
    }
}

/// An `Authorization` header with form-encoded id and secret (RFC 6749 §2.3.1).
pub fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))))
}
