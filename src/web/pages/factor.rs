use askama::Template;

use super::{ClientCard, FormTarget, Frame, PasskeyForm};

/// The second factor: the code of an app, or a recovery code.
#[derive(Template)]
#[template(path = "factor.html")]
pub struct FactorPage<'a> {
    pub page: &'a Frame,
    /// Who asks for the sign-in.
    pub client: Option<&'a ClientCard>,
    pub form: &'a FormTarget,
    /// Who has proved the first factor.
    pub username: &'a str,
    /// A recovery code is asked for instead of an app's.
    pub recovery: bool,
    /// Without an app nothing but a passkey, or a recovery code, is asked for.
    pub has_app: bool,
    /// This page for the other kind of code; `None` where there is none.
    pub other: Option<String>,
    pub problem: Option<String>,
    /// Where the person has a passkey.
    pub passkey: Option<&'a PasskeyForm>,
}
