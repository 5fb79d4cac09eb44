use askama::Template;

use super::{ClientCard, FormTarget, Frame};

/// Asks before signing out, when nothing proves that the person wants it.
#[derive(Template)]
#[template(path = "logout.html")]
pub struct LogoutPage<'a> {
    pub page: &'a Frame,
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    pub username: &'a str,
}

#[derive(Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOutPage<'a> {
    pub page: &'a Frame,
    pub client: Option<&'a ClientCard>,
    /// Names of the other applications that hear of it.
    pub told: &'a [String],
    /// Addresses of theirs to open unseen.
    pub frames: &'a [String],
    /// What people call the provider at which they sign out next.
    pub elsewhere: Option<&'a str>,
    pub onward: Option<Onward<'a>>,
}

/// Where the client wants the browser to go on to.
pub struct Onward<'a> {
    pub href: &'a str,
    pub label: String,
    /// A moment later; otherwise when the person says so.
    pub by_itself: bool,
}
