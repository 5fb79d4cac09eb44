use askama::Template;

use super::{ClientCard, FormTarget, Frame};

/// Asks who wants to sign in by a mailed code.
#[derive(Template)]
#[template(path = "email_code_ask.html")]
pub struct EmailCodeAskPage<'a> {
    pub page: &'a Frame,
    /// Who asks for the sign-in.
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    /// The sign-in page, with its other ways.
    pub back: String,
    pub login: &'a str,
    /// Whether the browser is going to be remembered; `None` where people are not asked.
    pub remember: Option<bool>,
    pub problem: Option<String>,
}
