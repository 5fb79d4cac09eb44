use askama::Template;

use super::{FormTarget, Frame};
use crate::web::account::EndKeys;

/// Asks whose password is lost.
#[derive(Template)]
#[template(path = "reset_ask.html")]
pub struct ResetAskPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    /// The sign-in page that the person came from.
    pub back: String,
    pub login: &'a str,
    pub problem: Option<String>,
}

/// Behind the link: the new password.
#[derive(Template)]
#[template(path = "reset_new.html")]
pub struct ResetNewPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    /// Whose it will be: there may be several accounts behind one mailbox.
    pub username: &'a str,
    pub end_keys: Option<EndKeys>,
    pub problem: Option<String>,
    pub min_length: usize,
}
