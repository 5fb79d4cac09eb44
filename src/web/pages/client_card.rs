use crate::oauth::Client;
use crate::oauth::registration::Origin;

/// A client as a person recognises it.
#[derive(Clone, Debug)]
pub struct ClientCard {
    pub name: String,
    /// Host of the client's home page, shown so that a name alone convinces nobody.
    pub host: Option<String>,
    pub home: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    /// It registered itself: what it says of itself is no more than that.
    pub unverified: bool,
    /// Where this server serves its picture, if it has one that can be shown.
    pub logo: Option<String>,
    /// First letter of the name: its mark without a picture.
    pub initial: String,
}

impl ClientCard {
    pub fn of(client: &Client) -> Self {
        let metadata = &client.metadata;
        let name = metadata.client_name.clone().unwrap_or_else(|| client.client_id.clone());
        // The address of its document is the one thing that such a client cannot make up.
        let proven = (metadata.registered_by == Origin::Document).then_some(client.client_id.as_str());
        let host = proven.or(metadata.client_uri.as_deref()).and_then(host);
        Self {
            initial: name
                .chars()
                .find(|c| c.is_alphanumeric())
                .map_or("•".to_owned(), |c| c.to_uppercase().collect()),
            host,
            logo: None,
            unverified: !metadata.registered_by.is_operator(),
            home: metadata.client_uri.clone(),
            policy_uri: metadata.policy_uri.clone(),
            tos_uri: metadata.tos_uri.clone(),
            name,
        }
    }
}

impl ClientCard {
    /// What the way to an address of the client is called. Of one that nobody vouches for that is where it leads: what it calls
    /// itself is no more than that.
    pub fn name_of(&self, uri: &str) -> String {
        if self.unverified { place(uri) } else { self.name.clone() }
    }
}

/// What can be said for certain of where an address of a client leads: its host, or a native app's scheme.
pub fn place(uri: &str) -> String {
    let parsed = url::Url::parse(uri).ok();
    parsed.map(|uri| uri.host_str().unwrap_or_else(|| uri.scheme()).to_owned()).unwrap_or_default()
}

fn host(uri: &str) -> Option<String> {
    url::Url::parse(uri).ok()?.host_str().map(str::to_owned)
}
