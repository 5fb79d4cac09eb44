use askama::Template;

use super::Frame;
use crate::mail::Words;

/// The mails that a server for development has kept. For developers, and so in English.
#[derive(Template)]
#[template(path = "dev_mail_list.html")]
pub struct DevMailListPage<'a> {
    pub page: &'a Frame,
    pub mails: Vec<MailLine>,
}

pub struct MailLine {
    pub href: String,
    pub subject: String,
    pub to: String,
}

/// One of them: its words as both templates have them, its links to be followed.
#[derive(Template)]
#[template(path = "dev_mail.html")]
pub struct DevMailPage<'a> {
    pub page: &'a Frame,
    pub mail: &'a Words,
    pub to: &'a str,
    /// The `text/plain` part.
    pub text: String,
}
