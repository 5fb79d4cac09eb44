use askama::Template;

use super::{FormTarget, Frame};

/// The one-time set-up of an administrator. The code comes by the link's fragment, which a script moves into its field;
/// without scripts it is pasted.
#[derive(Template)]
#[template(path = "setup.html")]
pub struct SetupPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    pub username: &'a str,
    pub email: &'a str,
    pub problem: Option<String>,
    pub min_length: usize,
}
