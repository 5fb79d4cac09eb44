use askama::Template;

use super::{FormTarget, Frame};

/// The one-time set-up of an administrator. The code comes by the link's fragment, which a script moves into its field;
/// without scripts it is pasted.
#[derive(Template)]
#[template(path = "setup.html")]
pub struct SetupPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    /// As it was sent, so that another field's mistake does not cost it.
    pub code: &'a str,
    pub username: &'a str,
    pub email: &'a str,
    pub problem: Option<String>,
    /// Name of the field that `problem` is about; empty when it is about none.
    pub wrong: &'a str,
    pub min_length: usize,
}
