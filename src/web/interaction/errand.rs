use super::local_path::LocalPath;
use super::login::load;
use super::problem::Stop;
use super::sign_in::next_page;
use super::transaction::Transaction;
use super::visit::{Visit, query};
use crate::identity::WayOn;

/// What a person signs in for.
pub enum Errand {
    Transaction(Box<Transaction>),
    /// A page of ours; without one, the page at the issuer itself.
    Page(Option<LocalPath>),
}

impl Errand {
    pub const NONE: Self = Self::Page(None);

    /// The one that the address of the page names; a transaction that is over, or another browser's, is none.
    pub async fn of_address(visit: &mut Visit<'_>) -> Result<Self, Stop> {
        let params = visit.query()?;
        match params.get("tx") {
            Some(id) => Self::open(visit, id).await,
            None => Ok(Self::Page(next_page(&params))),
        }
    }

    /// The one that was kept with a mail, in the same way.
    pub async fn kept(visit: &mut Visit<'_>, way_on: &WayOn) -> Result<Self, Stop> {
        match &way_on.transaction {
            Some(id) => Self::open(visit, id).await,
            None => Ok(Self::Page(way_on.next.as_deref().and_then(LocalPath::parse))),
        }
    }

    async fn open(visit: &mut Visit<'_>, id: &str) -> Result<Self, Stop> {
        match load(visit, id).await {
            Ok(transaction) if transaction.completed => Ok(Self::NONE),
            Ok(transaction) => Ok(Self::Transaction(Box::new(transaction))),
            Err(Stop::Lost { .. }) => Ok(Self::NONE),
            Err(stop) => Err(stop),
        }
    }

    /// To be kept, until the person comes back to it.
    pub fn way_on(&self) -> WayOn {
        match self {
            Self::Transaction(transaction) => WayOn { transaction: Some(transaction.id.clone()), next: None },
            Self::Page(next) => WayOn { transaction: None, next: next.as_ref().map(|next| next.as_str().to_owned()) },
        }
    }

    pub fn transaction(&self) -> Option<&Transaction> {
        match self {
            Self::Transaction(transaction) => Some(transaction),
            Self::Page(_) => None,
        }
    }

    /// Where the forms of its pages may lead in the end.
    pub fn leads_to(&self) -> Option<&str> {
        self.transaction().map(|transaction| transaction.request.redirect_uri.as_str())
    }

    /// The address of a page on the way: `/login`, or `/login/factor`.
    pub fn page(&self, path: &str) -> String {
        self.page_about(path, &[])
    }

    /// As [`Self::page`], with further parameters.
    pub fn page_about(&self, path: &str, about: &[(&str, &str)]) -> String {
        let own = match self {
            Self::Transaction(transaction) => {
                vec![("tx", transaction.id.as_str()), ("client_id", transaction.client.client_id.as_str())]
            }
            Self::Page(next) => vec![("next", next.as_ref().map_or("", LocalPath::as_str))],
        };
        format!("{path}{}", query(&[&own[..], about].concat()))
    }

    /// The sign-in, for whoever has come to a page beside it.
    pub fn sign_in(&self) -> String {
        match self {
            Self::Transaction(transaction) => transaction.page_to_switch(),
            Self::Page(_) => self.page("/login"),
        }
    }
}
