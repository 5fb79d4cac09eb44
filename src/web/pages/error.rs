use askama::Template;

use super::Frame;

/// An error for two readers: one sentence for the person, details for the developer of the app.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    pub page: &'a Frame,
    pub title: String,
    /// One plain sentence, and what to do.
    pub sentence: String,
    pub way_back: Option<(String, String)>,
    pub developer: Option<Developer>,
    pub request_id: &'a str,
}

/// What the developer of the client may see.
#[derive(Clone, Debug)]
pub struct Developer {
    /// RFC error code.
    pub code: String,
    pub hint: String,
    pub received: Option<String>,
    pub registered: Option<String>,
}

/// The transaction is over or unknown: how to start again.
#[derive(Template)]
#[template(path = "transaction_lost.html")]
pub struct TransactionLostPage<'a> {
    pub page: &'a Frame,
    /// Name and address of the app to start again at.
    pub app: Option<(String, String)>,
}
