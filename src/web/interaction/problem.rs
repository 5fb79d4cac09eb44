//! What a person sees when something keeps them from going on.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::local_path::LocalPath;
use super::sign_in::{login_again_for, login_for};
use super::visit::{Visit, set};
use crate::oauth::authorize::AuthorizationResponse;
use crate::oauth::{Client, Error};
use crate::storage;
use crate::web::oauth::error::Refusal;
use crate::web::pages::{Answer, ClientCard, Developer, ErrorPage, TransactionLostPage, place};

/// Seconds after which it may be tried again when the server is overloaded or its database away.
const RETRY_SOON: u64 = 2;

/// What ends a visit without the answer it asked for.
#[derive(Debug)]
pub enum Stop {
    /// A form from elsewhere, or too old.
    Forged,
    /// Nobody is signed in: the way to the form, and back to the path `next`.
    SignIn {
        next: String,
    },
    /// Something comes first, at this address of ours.
    First {
        address: String,
    },
    /// There is no such thing, or it is another person's.
    NotFound,
    /// The transaction is over, expired, or another browser's; the client to start again at, where it is known.
    Lost {
        client_id: Option<String>,
    },
    /// The request cannot be answered; nothing is sent to the client.
    Refused {
        error: Error,
        received: Option<String>,
        registered: Option<String>,
        client_id: Option<String>,
    },
    /// A mistake of a client that nobody vouches for: the person decides whether to go there with it.
    Unvouched {
        response: AuthorizationResponse,
    },
    TooLarge,
    NotAForm,
    /// The person proves who they are, again if they did, and comes back to this page of ours. With `undone` what they have
    /// just sent from it was not done, which is said there.
    SignInAgain {
        next: String,
        undone: bool,
    },
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused { error, received: None, registered: None, client_id: None }
    }
}

impl From<storage::Error> for Stop {
    fn from(error: storage::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OAuth(error) => error.into(),
            Refusal::TooLarge => Self::TooLarge,
            Refusal::UnsupportedMediaType | Refusal::NotJson => Self::NotAForm,
        }
    }
}

/// The page for `stop`.
pub fn page(visit: &Visit<'_>, stop: Stop) -> HttpResponse {
    match stop {
        Stop::Forged => sentence(visit, StatusCode::FORBIDDEN, "error-csrf-title", "error-csrf"),
        Stop::SignIn { next } => visit.go(&login_for(LocalPath::parse(&next).as_ref())),
        Stop::First { address } => visit.go(&address),
        Stop::NotFound => sentence(visit, StatusCode::NOT_FOUND, "error-not-found-title", "error-not-found"),
        Stop::TooLarge => sentence(visit, StatusCode::PAYLOAD_TOO_LARGE, "error-title", "error-method"),
        Stop::NotAForm => sentence(visit, StatusCode::UNSUPPORTED_MEDIA_TYPE, "error-title", "error-method"),
        Stop::SignInAgain { next, undone } => {
            let mut response = visit.go(&login_again_for(LocalPath::parse(&next).as_ref()));
            if undone {
                set(&mut response, &visit.cookies.set_notice("done-again"));
            }
            response
        }
        Stop::Lost { client_id } => lost(visit, client_id.as_deref()),
        Stop::Unvouched { response } => unvouched(visit, &response),
        Stop::Refused { error: error @ (Error::Internal(_) | Error::TemporarilyUnavailable { .. }), .. } => {
            ours(visit, &error)
        }
        Stop::Refused { error: Error::TooManyAttempts { retry_after }, .. } => {
            busy(visit, StatusCode::TOO_MANY_REQUESTS, retry_after)
        }
        Stop::Refused { error, received, registered, client_id } => {
            let developer = Developer {
                code: error.code().to_owned(),
                hint: error.description().unwrap_or_default().into_owned(),
                received,
                // What is registered is the client's own affair, except where everybody here is its developer.
                registered: registered.filter(|_| !visit.app.config.issuer.is_https()),
            };
            refused(visit, developer, way_back(visit, client_id.as_deref()))
        }
    }
}

/// The way there is named by its host, or a native app's scheme: what such a client calls itself is no more than that.
fn unvouched(visit: &Visit<'_>, response: &AuthorizationResponse) -> HttpResponse {
    let param = |name: &str| response.params.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    let developer = Developer {
        code: param("error").unwrap_or_default(),
        hint: param("error_description").unwrap_or_default(),
        received: None,
        registered: None,
    };
    refused(visit, developer, Some((place(&response.redirect_uri), response.location())))
}

fn refused(visit: &Visit<'_>, developer: Developer, way_back: Option<(String, String)>) -> HttpResponse {
    let (t, id) = (&visit.frame.t, visit.id());
    let page = ErrorPage {
        page: &visit.frame,
        title: t.text("error-title"),
        sentence: t.text("error-app"),
        way_back: way_back.map(|(name, href)| (t.with("back-to", "app", name), href)),
        developer: Some(developer),
        request_id: id.as_str(),
    };
    visit.page(&page, Answer::with_status(StatusCode::BAD_REQUEST))
}

/// Our own fault: its cause goes to the log, the person gets the id that finds it there.
fn ours(visit: &Visit<'_>, error: &Error) -> HttpResponse {
    tracing::error!(request_id = %visit.id(), error.type = error.code(), cause = %error, "request failed");
    if matches!(error, Error::TemporarilyUnavailable { .. }) {
        return busy(visit, StatusCode::SERVICE_UNAVAILABLE, RETRY_SOON);
    }
    sentence(visit, StatusCode::INTERNAL_SERVER_ERROR, "error-title", "error-server")
}

fn busy(visit: &Visit<'_>, status: StatusCode, retry_after: u64) -> HttpResponse {
    said(visit, Answer { status, retry_after: Some(retry_after), ..Answer::default() }, "error-title", "error-busy")
}

fn sentence(visit: &Visit<'_>, status: StatusCode, title: &str, sentence: &str) -> HttpResponse {
    said(visit, Answer::with_status(status), title, sentence)
}

fn said(visit: &Visit<'_>, answer: Answer<'_>, title: &str, sentence: &str) -> HttpResponse {
    let id = visit.id();
    let page = ErrorPage {
        page: &visit.frame,
        title: visit.frame.t.text(title),
        sentence: visit.frame.t.text(sentence),
        way_back: None,
        developer: None,
        request_id: id.as_str(),
    };
    visit.page(&page, answer)
}

fn lost(visit: &Visit<'_>, client_id: Option<&str>) -> HttpResponse {
    let page = TransactionLostPage { page: &visit.frame, app: way_back(visit, client_id) };
    visit.page(&page, Answer::with_status(StatusCode::BAD_REQUEST))
}

/// Name and address to start again at, both as registered: nothing that the browser sent but the client's id.
fn way_back(visit: &Visit<'_>, client_id: Option<&str>) -> Option<(String, String)> {
    let client = visit.cx().active_client(client_id?)?;
    let home = start_of(&client, visit.issuer())?;
    let name = ClientCard::of(&client).name_of(&home);
    Some((name, home))
}

/// Where the client begins a sign-in (OpenID Connect Core §4), else its home page.
fn start_of(client: &Client, issuer: &str) -> Option<String> {
    let metadata = &client.metadata;
    let initiated = metadata.initiate_login_uri.as_deref().and_then(|uri| {
        let mut uri: url::Url = uri.parse().ok()?;
        uri.query_pairs_mut().append_pair("iss", issuer);
        Some(uri.into())
    });
    initiated.or_else(|| metadata.client_uri.clone())
}
