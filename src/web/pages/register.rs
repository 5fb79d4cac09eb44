use askama::Template;

use super::{ClientCard, FormTarget, Frame};

/// Asks for the address that is to have an account.
#[derive(Template)]
#[template(path = "register_ask.html")]
pub struct RegisterAskPage<'a> {
    pub page: &'a Frame,
    /// Who asks for the sign-in.
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    /// The sign-in page, for whoever has an account.
    pub back: String,
    pub email: &'a str,
    /// Where not every address can have one: whose can.
    pub domains: Option<String>,
    pub problem: Option<String>,
}

/// How the person is going to sign in.
#[derive(Template)]
#[template(path = "register_new.html")]
pub struct RegisterNewPage<'a> {
    pub page: &'a Frame,
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    pub back: String,
    /// The address, where it was shown to be theirs.
    pub email: Option<&'a str>,
    pub username: &'a str,
    pub terms: Option<TermsToAccept<'a>>,
    pub problem: Option<String>,
    /// Name of the field that `problem` is about; empty when it is about none.
    pub wrong: &'a str,
    pub min_length: usize,
}

/// The terms as a page asks about them.
pub struct TermsToAccept<'a> {
    pub uri: &'a str,
    pub version: &'a str,
    /// The box as it was sent.
    pub accepted: bool,
}

/// Terms that are new to whoever signs in.
#[derive(Template)]
#[template(path = "terms.html")]
pub struct TermsPage<'a> {
    pub page: &'a Frame,
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    /// Who signs in.
    pub username: &'a str,
    pub terms: TermsToAccept<'a>,
    pub problem: Option<String>,
    pub wrong: &'a str,
}

/// An account needs an invitation, and there is none that works.
#[derive(Template)]
#[template(path = "uninvited.html")]
pub struct UninvitedPage<'a> {
    pub page: &'a Frame,
    pub back: String,
}
