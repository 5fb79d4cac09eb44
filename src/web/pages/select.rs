use askama::Template;

use super::{ClientCard, FormTarget, Frame};

/// Who is signed in, and the choice to go on as them or as another.
#[derive(Template)]
#[template(path = "select.html")]
pub struct SelectPage<'a> {
    pub page: &'a Frame,
    pub client: &'a ClientCard,
    pub form: &'a FormTarget,
    pub username: &'a str,
}
