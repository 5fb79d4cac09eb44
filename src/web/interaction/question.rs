//! A page of a transaction that asks whoever is signed in, and takes their answer.

use std::ops::ControlFlow;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::finish::{proceed, repeat};
use super::login::load;
use super::problem::Stop;
use super::transaction::{Next, Transaction};
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::oauth::Params;
use crate::web::App;
use crate::web::pages::FormTarget;

pub struct Question {
    pub path: &'static str,
    pub purpose: &'static str,
    /// `Continue` with the person, where the transaction waits for this very answer.
    pub asks: fn(Next) -> ControlFlow<Next, ActiveSession>,
    pub page: fn(&Visit<'_>, &Transaction, &ActiveSession, &FormTarget) -> HttpResponse,
}

/// An answer of the person whom the page asked, in a transaction that waits for it.
pub struct Sent {
    pub transaction: Transaction,
    pub session: ActiveSession,
    pub params: Params,
}

impl Question {
    pub async fn get(&self, app: &App, req: &HttpRequest) -> HttpResponse {
        Visit::receive(app, req, async |visit| self.show(visit).await).await
    }

    async fn show(&self, visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
        let params = visit.query()?;
        let transaction = load(visit, params.get("tx").unwrap_or_default()).await?;
        let session = visit.person().await?;
        match (self.asks)(transaction.next(visit, session).await?) {
            ControlFlow::Continue(session) => Ok(self.form(visit, &transaction, &session)),
            ControlFlow::Break(next) => proceed(visit, transaction, next).await,
        }
    }

    pub fn form(&self, visit: &Visit<'_>, transaction: &Transaction, session: &ActiveSession) -> HttpResponse {
        let about = about(transaction, &session.user.id);
        let mut target = visit.target(&transaction.page(self.path), self.purpose, &about);
        target.transaction.clone_from(&transaction.id);
        (self.page)(visit, transaction, session, &target)
    }

    /// Reads the form. `Break` with what is answered where nothing is waited for any more, or something else.
    pub async fn sent(&self, visit: &mut Visit<'_>, body: Payload) -> Result<ControlFlow<HttpResponse, Sent>, Stop> {
        let params = visit.form(body).await?;
        let transaction = load(visit, params.get("transaction").unwrap_or_default()).await?;
        let session = visit.person().await?;
        let shown_to = session.as_ref().map(|session| session.user.id.as_str()).unwrap_or_default();
        // Bound to the person the page was shown to: nobody answers with another's click.
        visit.check(&params, self.purpose, &about(&transaction, shown_to))?;
        if transaction.completed {
            return Ok(ControlFlow::Break(repeat(visit, &transaction).await?));
        }
        Ok(match (self.asks)(transaction.next(visit, session).await?) {
            ControlFlow::Continue(session) => ControlFlow::Continue(Sent { transaction, session, params }),
            ControlFlow::Break(next) => ControlFlow::Break(proceed(visit, transaction, next).await?),
        })
    }
}

fn about(transaction: &Transaction, user_id: &str) -> String {
    format!("{} {user_id}", transaction.id)
}
