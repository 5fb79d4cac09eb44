use std::sync::Arc;

use actix_web::HttpResponse;

use super::problem::Stop;
use super::visit::{Visit, query, set};
use crate::base::acr::Acr;
use crate::base::{OpaqueToken, TokenKind, new_id};
use crate::identity::ActiveSession;
use crate::oauth::authorize::{AuthorizationRequest, Progress, SignedIn, Step, highest, next_step};
use crate::oauth::{Client, Context, Error, Params, ScopeSet};
use crate::storage::{Consents as _, TransactionRecord, Transactions as _};

/// An authorization request while a person answers it.
pub struct Transaction {
    /// Empty for a request that is answered at once, without a row.
    pub id: String,
    pub request: AuthorizationRequest,
    pub progress: Progress,
    pub client: Arc<Client>,
    pub completed: bool,
    /// `progress` as it is stored.
    stored: String,
}

/// What to do next for a transaction, and for whom.
pub enum Next {
    /// The person makes an account.
    Registration,
    Login,
    /// The person goes on as who they are, or as another.
    Selection(ActiveSession),
    Consent(ActiveSession),
    /// The second factor alone, beside what the session stands on.
    Factor(ActiveSession),
    /// A second factor is set up first.
    Enrolment,
    Issue(ActiveSession),
    /// The client is told by redirect.
    Refuse(Error),
}

impl Transaction {
    /// A request that nobody has been asked about yet.
    pub fn unstored(visit: &Visit<'_>, request: AuthorizationRequest) -> Result<Self, Stop> {
        let client = client(visit, &request.client_id)?;
        Ok(Self {
            id: String::new(),
            request,
            progress: Progress::default(),
            client,
            completed: false,
            stored: String::new(),
        })
    }

    /// Freezes the request into a row, and hands the cookies that open it to `answer`.
    pub async fn store(
        mut self,
        visit: &Visit<'_>,
        answer: impl FnOnce(&Self) -> HttpResponse,
    ) -> Result<HttpResponse, Stop> {
        visit.begins()?;
        let cx = visit.cx();
        let (now, ttl) = (cx.now(), cx.config.tokens.transaction_ttl);
        let random = cx.random.as_ref();
        let token = OpaqueToken::generate(TokenKind::Transaction, new_id(now, random), random);
        self.id = token.id.to_string();
        self.stored = written(&self.progress)?;
        cx.store
            .insert_transaction(&TransactionRecord {
                id: self.id.clone(),
                secret_hash: token.hash().as_bytes().to_vec(),
                client_id: self.client.client_id.clone(),
                request: written(&self.request)?,
                progress: self.stored.clone(),
                created_at: now.millis(),
                expires_at: now.plus(ttl.duration()).millis(),
                completed_at: None,
            })
            .await?;
        let mut response = answer(&self);
        for cookie in visit.cookies.make_room(visit.req) {
            set(&mut response, &cookie);
        }
        set(&mut response, &visit.cookies.set_transaction(&self.id, token.expose(), ttl));
        Ok(response)
    }

    /// The transaction whose id a page or form names and whose cookie this browser holds.
    pub async fn load(visit: &Visit<'_>, id: &str) -> Result<Self, Stop> {
        let lost = || Stop::Lost { client_id: named_client(visit) };
        let cookie = visit.cookies.transaction(visit.req, id).ok_or_else(lost)?;
        let token = OpaqueToken::parse(TokenKind::Transaction, &cookie).ok_or_else(lost)?;
        if token.id.to_string() != id {
            return Err(lost());
        }
        let cx = visit.cx();
        let found = cx.store.find_transaction(id, token.hash().as_bytes(), cx.now().millis()).await?;
        let record = found.ok_or_else(lost)?;
        let client = client(visit, &record.client_id)?;
        Ok(Self {
            id: record.id,
            request: read(&record.request)?,
            progress: read(&record.progress)?,
            client,
            completed: record.completed_at.is_some(),
            stored: record.progress,
        })
    }

    /// Notes what was done, whatever a form sent twice has noted meanwhile.
    pub async fn advance(&mut self, visit: &Visit<'_>, change: impl Fn(&mut Progress)) -> Result<(), Stop> {
        const TRIES: usize = 5;
        let cx = visit.cx();
        for _ in 0..TRIES {
            let mut progress = self.progress.clone();
            change(&mut progress);
            let text = written(&progress)?;
            if cx.store.advance_transaction(&self.id, &self.stored, &text, cx.now().millis()).await? {
                (self.progress, self.stored) = (progress, text);
                return Ok(());
            }
            let current = Self::load(visit, &self.id).await?;
            if current.completed {
                self.completed = true;
                return Ok(());
            }
            (self.progress, self.stored) = (current.progress, current.stored);
        }
        Err(Error::TemporarilyUnavailable { cause: "a transaction is changed too often at once".to_owned() }.into())
    }

    /// What has to happen next, for the person who is signed in at this browser.
    pub async fn next(&self, visit: &Visit<'_>, session: Option<ActiveSession>) -> Result<Next, Stop> {
        let cx = visit.cx();
        let remembered = match &session {
            Some(session) => cx.store.find_consent(&session.user.id, &self.client.client_id).await?,
            None => None,
        };
        let remembered = remembered.map(|consent| ScopeSet::parse(&consent.scope)).transpose();
        let remembered = remembered.map_err(|error| Error::Internal(Box::new(error)))?;
        let mut signed_in = session.as_ref().map(|session| signed_in(cx, &self.client, session));
        if let (Some(signed_in), Some(session)) = (&mut signed_in, &session) {
            signed_in.policy = visit.app.identity.required_class(&session.user);
            if signed_in.acr < highest(&self.request, &self.client, signed_in.policy) {
                let factors = visit.app.identity.second_factors(&session.user.id).await?;
                (signed_in.has_second, signed_in.reachable) = (factors.any(), factors.reachable());
            }
        }
        let step =
            next_step(&self.request, &self.client, signed_in.as_ref(), remembered.as_ref(), &self.progress, cx.now());
        Ok(match (step, session) {
            (Ok(Step::Registration), _) => Next::Registration,
            (Ok(Step::Selection), Some(session)) => Next::Selection(session),
            (Ok(Step::Consent), Some(session)) => Next::Consent(session),
            (Ok(Step::Factor), Some(session)) => Next::Factor(session),
            (Ok(Step::Enrolment), Some(_)) => Next::Enrolment,
            (Ok(Step::Issue), Some(session)) => Next::Issue(session),
            (Ok(_), _) => Next::Login,
            (Err(error), _) => Next::Refuse(error),
        })
    }

    /// The address of one of its pages. The client's id goes along, so that a page that outlives its transaction still
    /// knows the way back to the application.
    pub fn page(&self, path: &str) -> String {
        format!("{path}{}", query(&[("tx", &self.id), ("client_id", &self.client.client_id)]))
    }

    /// The sign-in for somebody else than who is signed in.
    pub fn page_to_switch(&self) -> String {
        format!("{}&switch=1", self.page("/login"))
    }
}

/// The person of a session as `client` meets them.
pub fn signed_in(cx: &Context, client: &Client, session: &ActiveSession) -> SignedIn {
    SignedIn {
        user_id: session.user.id.clone(),
        sub: cx.subject(client, &session.user.id).into_owned(),
        sid: session.sid.clone(),
        auth_time: session.auth_time,
        acr: session.acr,
        amr: session.amr.clone(),
        has_second: false,
        reachable: session.acr,
        policy: Acr::SingleFactor,
    }
}

/// The client that the address of the page names.
pub fn named_client(visit: &Visit<'_>) -> Option<String> {
    let params = Params::parse(visit.req.query_string().as_bytes()).ok()?;
    params.get("client_id").map(str::to_owned)
}

fn client(visit: &Visit<'_>, client_id: &str) -> Result<Arc<Client>, Stop> {
    let client = visit.cx().active_client(client_id);
    client.ok_or_else(|| Error::invalid_request("client_id is not that of a client registered here").into())
}

fn written<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(Box::new(error)))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Internal(Box::new(error)))
}
