//! The one way on after a first factor, whichever it was.

use actix_web::HttpResponse;

use super::errand::Errand;
use super::finish::proceed;
use super::local_path::LocalPath;
use super::passkey_offer;
use super::problem::Stop;
use super::terms;
use super::transaction::Transaction;
use super::visit::{Visit, query, set};
use crate::base::acr::Acr;
use crate::identity::{ActiveSession, PENDING_TTL, Proof, Proofs};
use crate::oauth::Params;
use crate::web::account::TWO_STEP;

/// Goes on after the person has proved who they are, for `transaction` or, without one, for the page that the address
/// names as `next`.
pub async fn signed_in(
    visit: &Visit<'_>,
    transaction: Option<Transaction>,
    proof: impl Into<Proof>,
) -> Result<HttpResponse, Stop> {
    let errand = match transaction {
        Some(transaction) => Errand::Transaction(Box::new(transaction)),
        None => Errand::Page(next_page(&visit.query()?)),
    };
    signed_in_for(visit, errand, proof).await
}

/// The address of a page for the half-done sign-in `id`, whose cookie is named by it.
pub(super) fn for_pending(page: &str, id: &str) -> String {
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}login={id}")
}

/// As [`signed_in`], for whoever has kept the errand elsewhere than in the address.
pub async fn signed_in_for(visit: &Visit<'_>, errand: Errand, proof: impl Into<Proof>) -> Result<HttpResponse, Stop> {
    go_on(visit, errand, Proofs::from(proof.into())).await
}

/// Asks for what is still missing; where nothing is, the session begins.
pub(super) async fn go_on(visit: &Visit<'_>, errand: Errand, proofs: Proofs) -> Result<HttpResponse, Stop> {
    if lacks_factor(visit, &proofs).await? {
        return wait_at(visit, "/login/factor", &errand, &proofs).await;
    }
    if visit.app.identity.terms_due(proofs.user()).await?.is_some() {
        return wait_at(visit, terms::PATH, &errand, &proofs).await;
    }
    Box::pin(begin(visit, errand, proofs)).await
}

/// Whether the person has a second factor, and has not proved it.
pub(super) async fn lacks_factor(visit: &Visit<'_>, proofs: &Proofs) -> Result<bool, Stop> {
    Ok(proofs.acr() < Acr::MultiFactor && visit.app.identity.second_factors(&proofs.user().id).await?.any())
}

/// Keeps what is proved, and asks for more at the page `path`. No session yet.
async fn wait_at(visit: &Visit<'_>, path: &str, errand: &Errand, proofs: &Proofs) -> Result<HttpResponse, Stop> {
    let (transaction_id, next) = match errand {
        Errand::Transaction(transaction) => (Some(transaction.id.as_str()), None),
        Errand::Page(path) => (None, path.as_ref().map(LocalPath::as_str)),
    };
    let token = visit.app.identity.keep_pending_login(proofs, transaction_id, next).await?;
    let id = token.id.to_string();
    let mut response = visit.go(&for_pending(&errand.page(path), &id));
    for cookie in visit.cookies.make_room_for_pending(visit.req) {
        set(&mut response, &cookie);
    }
    set(&mut response, &visit.cookies.set_pending(&id, token.expose(), PENDING_TTL));
    Ok(response)
}

/// Starts the session, and goes on with what the person came for.
async fn begin(visit: &Visit<'_>, errand: Errand, proofs: Proofs) -> Result<HttpResponse, Stop> {
    let previous = visit.session().await?;
    let started = visit.app.identity.start_session(proofs, previous.as_ref(), &visit.origin()).await?;
    let Some((session, token)) = started else { return Ok(visit.go(&errand.page("/login"))) };
    if previous.is_some() {
        // Another person's session may just have ended: in force here before the answer leaves.
        visit.cx().follow_revocations().await?;
    }
    let sid = session.sid.clone();
    let offers_passkey = visit.can_make_passkey && visit.app.identity.offer_passkey(&session.user.id).await?;
    let mut response = match errand {
        Errand::Page(path) => {
            match missing_for(visit, &session, path.as_ref(), visit.app.identity.required_class(&session.user)).await? {
                Some(address) => visit.go(&address),
                None if offers_passkey => visit.go(&passkey_offer::before_page(path.as_ref())),
                None => visit.go(path.as_ref().map_or("/", LocalPath::as_str)),
            }
        }
        Errand::Transaction(mut transaction) => {
            transaction.advance(visit, |progress| progress.signed_in = Some(session.sid.clone())).await?;
            if offers_passkey {
                visit.go(&passkey_offer::before_answer(&transaction))
            } else {
                let next = transaction.next(visit, Some(session)).await?;
                proceed(visit, *transaction, next).await?
            }
        }
    };
    visit.remember(&mut response, &sid, &token);
    Ok(response)
}

/// The address at which somebody who has to be known more surely for a page of ours goes on: that of the second factor, or
/// of setting one up. `None` for whoever is known as surely as `required`.
async fn missing_for(
    visit: &Visit<'_>,
    session: &ActiveSession,
    page: Option<&LocalPath>,
    required: Acr,
) -> Result<Option<String>, Stop> {
    if session.acr >= required {
        return Ok(None);
    }
    let next = page.map(LocalPath::as_str).unwrap_or_default();
    let has_factor = visit.app.identity.second_factors(&session.user.id).await?.any();
    Ok(Some(if !has_factor {
        format!("{TWO_STEP}{}", query(&[("next", next)]))
    } else if session.is_fresh(visit.cx().now()) {
        format!("/login/factor{}", query(&[("next", next)]))
    } else {
        login_again_for(page)
    }))
}

/// Stops whoever has to be known more surely for the page of ours at `path`.
pub async fn known_surely(visit: &Visit<'_>, session: &ActiveSession, path: &str, required: Acr) -> Result<(), Stop> {
    let missing = missing_for(visit, session, LocalPath::parse(path).as_ref(), required).await?;
    missing.map_or(Ok(()), |address| Err(Stop::First { address }))
}

/// The page of ours that a sign-in without a transaction leads to.
pub fn next_page(params: &Params) -> Option<LocalPath> {
    LocalPath::parse(params.get("next")?)
}

/// The address of the sign-in that leads to `next`.
pub fn login_for(next: Option<&LocalPath>) -> String {
    format!("/login{}", query(&[("next", next.map(LocalPath::as_str).unwrap_or_default())]))
}

/// As [`login_for`], also for somebody who is signed in, if not just now.
pub fn login_again_for(next: Option<&LocalPath>) -> String {
    format!("/login{}", query(&[("next", next.map(LocalPath::as_str).unwrap_or_default()), ("again", "1")]))
}
