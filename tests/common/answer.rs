use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The line that sets the session's cookie.
    pub fn session_cookie(&self) -> &str {
        let mut lines = self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        lines
            .find(|line| line.starts_with("portcullis_session="))
            .unwrap_or_else(|| panic!("{} no session", self.status))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// The body, which must be that of a success.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.json()
    }

    /// The `error` of a refusal, after checking what every refusal has.
    pub fn error(&self) -> String {
        assert!(self.status.is_client_error(), "{} {}", self.status, self.body);
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("content-type"), "application/json");
        let body = self.json();
        let description = body["error_description"].as_str().unwrap_or_default();
        let legal = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        assert!(description.chars().all(legal), "RFC 6749 §5.2: {description}");
        for token in ["access_token", "refresh_token", "id_token"] {
            assert!(body.get(token).is_none());
        }
        body["error"].as_str().unwrap().to_owned()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> url::Url {
        assert!(matches!(self.status.as_u16(), 302 | 303), "{} {}", self.status, self.body);
        self.header("location").parse().unwrap()
    }

    /// A parameter of a redirect's query or fragment.
    pub fn response_param(&self, name: &str) -> Option<String> {
        self.redirect_param(name).or_else(|| fragment_param(&self.location(), name))
    }

    /// A parameter of the address that a redirect leads to.
    pub fn redirect_param(&self, name: &str) -> Option<String> {
        self.location().query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// A parameter in the fragment of `url`.
pub fn fragment_param(url: &url::Url, name: &str) -> Option<String> {
    let fragment = url.fragment()?.as_bytes();
    form_urlencoded::parse(fragment).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
