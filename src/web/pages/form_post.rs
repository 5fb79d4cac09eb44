use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Frame;

/// The self-submitting form of response mode `form_post`; a button does it where scripts do not run.
#[derive(Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    pub page: &'a Frame,
    pub action: &'a str,
    pub params: &'a [(&'static str, String)],
    pub script: &'static str,
}

impl FormPostPage<'_> {
    pub const SCRIPT: &'static str = "document.forms[0].submit()";

    /// The CSP source of the one script.
    pub fn script_hash() -> String {
        format!("sha256-{}", STANDARD.encode(digest(&SHA256, Self::SCRIPT.as_bytes())))
    }
}
