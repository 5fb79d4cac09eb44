use super::problem::Stop;
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::oauth::Client;
use crate::storage::SessionClients as _;
use crate::web::pages::ClientCard;

/// Whom the end of a session concerns besides the person: the clients that it had signed in to.
#[derive(Default)]
pub struct Departure {
    /// Names of those that are told, by either way.
    pub told: Vec<String>,
    /// Addresses to open in frames (OpenID Connect Front-Channel Logout §3).
    pub frames: Vec<String>,
}

impl Departure {
    /// Read before the session ends.
    pub async fn of(visit: &Visit<'_>, session: &ActiveSession) -> Result<Self, Stop> {
        let mut departure = Self::default();
        for client_id in visit.cx().store.clients_of_session(&session.sid).await? {
            let Some(client) = visit.cx().active_client(&client_id) else { continue };
            let frame = frame(&client, visit.issuer(), &visit.cx().sid(&client, &session.sid));
            if frame.is_some() || client.metadata.backchannel_logout_uri.is_some() {
                departure.told.push(ClientCard::of(&client).name);
            }
            departure.frames.extend(frame);
        }
        Ok(departure)
    }
}

/// The registered URI; with `iss` and `sid` where the client asks for them (§2).
fn frame(client: &Client, issuer: &str, sid: &str) -> Option<String> {
    let mut uri = url::Url::parse(client.metadata.frontchannel_logout_uri.as_deref()?).ok()?;
    if client.metadata.frontchannel_logout_session_required {
        uri.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", sid);
    }
    Some(uri.into())
}
