use askama::Template;

use super::{FormTarget, Frame};

/// A mail is on its way, if there is whom to send it to; its code is typed here.
#[derive(Template)]
#[template(path = "mail_code.html")]
pub struct MailCodePage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    /// What was sent to whom.
    pub lead: String,
    /// Where another mail is asked for.
    pub again: String,
    pub problem: Option<String>,
}
