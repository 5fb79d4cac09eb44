use askama::Template;

use super::Frame;

/// The page at the issuer itself.
#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage<'a> {
    pub page: &'a Frame,
    pub issuer: &'a str,
    pub discovery: String,
    pub playground: Option<String>,
    /// The person signed in at this browser.
    pub username: Option<&'a str>,
    pub is_admin: bool,
    pub documentation: Option<&'a str>,
}
