use askama::Template;

use super::{ClientCard, FormTarget, Frame, PasskeyForm, UpstreamButton};

/// User name and password.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage<'a> {
    pub page: &'a Frame,
    /// Who asks for the sign-in.
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    pub username: &'a str,
    /// Why the last attempt failed.
    /// Somebody is signed in, and proves it once more.
    pub confirms: bool,
    pub problem: Option<String>,
    /// Whether the browser is going to be remembered; `None` where people are not asked.
    pub remember: Option<bool>,
    /// Where passkeys are used.
    pub passkey: Option<&'a PasskeyForm>,
    /// Where a code is mailed instead, if it is.
    pub email_code: Option<String>,
    /// Where a lost password is replaced by mail, if it can be.
    pub reset: Option<String>,
    /// Where an account is made, if anybody can make one.
    pub register: Option<String>,
    /// Other ways in.
    pub upstreams: &'a [UpstreamButton],
    /// The same page with every way to sign in, where this one does not show all.
    pub more: Option<String>,
}
