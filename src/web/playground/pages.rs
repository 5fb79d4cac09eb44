use askama::Template;

use super::run::{Flow, Run};
use crate::web::pages::{FormTarget, Frame};

/// The flows to choose from.
#[derive(Template)]
#[template(path = "playground.html")]
pub struct PlaygroundPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    pub public_client: &'a str,
    pub service: &'a str,
    /// The scopes that the server offers.
    pub scopes: String,
}

/// One run, as far as it got.
#[derive(Template)]
#[template(path = "playground_run.html")]
pub struct RunPage<'a> {
    pub page: &'a Frame,
    pub form: &'a FormTarget,
    pub run: &'a Run,
    pub title: &'static str,
    pub overview: String,
    pub sign_out: Option<String>,
}

impl RunPage<'_> {
    pub fn title(flow: Flow) -> &'static str {
        match flow {
            Flow::Code => "Sign in with a browser",
            Flow::Service => "Client credentials",
            Flow::Device => "Device grant",
        }
    }
}
