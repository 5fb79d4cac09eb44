use askama::Template;

use super::{ClientCard, FormTarget, Frame};

/// What the script of a page needs to ask the browser for a passkey, and to send what it gets.
#[derive(Clone, Debug)]
pub struct PasskeyForm {
    pub form: FormTarget,
    /// `create` or `get`.
    pub ceremony: &'static str,
    /// Where the options come from.
    pub options: String,
    /// Passkeys are also among what the browser fills in for the user name.
    pub is_conditional: bool,
    /// The box for being kept signed in, elsewhere on the page, counts for it as well.
    pub remembers: bool,
    pub rp_id: String,
    /// Credential id of a passkey that was just tried and is not known here, in base64url.
    pub unknown: Option<String>,
}

/// A passkey for next time, for whoever has just signed in without.
#[derive(Template)]
#[template(path = "passkey_offer.html")]
pub struct PasskeyOfferPage<'a> {
    pub page: &'a Frame,
    pub client: Option<&'a ClientCard>,
    pub passkey: &'a PasskeyForm,
    pub form: &'a FormTarget,
    pub username: &'a str,
    pub problem: Option<String>,
}
