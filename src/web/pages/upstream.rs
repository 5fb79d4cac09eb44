use askama::Template;

use super::Frame;

/// A button of the sign-in page that leads to another provider: it sends the page's form there.
pub struct UpstreamButton {
    pub action: String,
    pub label: String,
}

/// Leads to another provider, by itself or by a link.
#[derive(Template)]
#[template(path = "upstream_go.html")]
pub struct UpstreamGoPage<'a> {
    pub page: &'a Frame,
    /// What people call the provider.
    pub name: &'a str,
    pub url: &'a str,
}
