use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Client;
use crate::storage::ClientRecord;

/// All registered clients, enabled and disabled, as a snapshot in memory: a request reads it without lock or query.
///
/// Cheap to clone; every clone sees the same snapshot. [`super::Context::follow`] replaces it when the clients' version
/// in the database has moved.
#[derive(Clone)]
pub struct ClientDirectory(Arc<ArcSwap<Snapshot>>);

struct Snapshot {
    version: i64,
    clients: HashMap<String, Arc<Client>>,
    /// What enabled resource servers are called.
    resources: HashSet<String>,
    /// How many no operator registered.
    unvouched: usize,
}

impl ClientDirectory {
    /// `version` is the one read before `records`: a change in between is then seen at the next look.
    pub fn new(version: i64, records: &[ClientRecord]) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Snapshot::of(version, records))))
    }

    pub fn get(&self, client_id: &str) -> Option<Arc<Client>> {
        self.0.load().clients.get(client_id).cloned()
    }

    /// The sectors for which people have names of their own (OpenID Connect Core §8.1).
    pub fn sectors(&self) -> BTreeSet<String> {
        self.0.load().clients.values().filter_map(|client| client.sector.clone()).collect()
    }

    /// Whether an enabled resource server is registered under this URI.
    pub fn is_resource(&self, resource: &str) -> bool {
        self.0.load().resources.contains(resource)
    }

    /// How many clients no operator has registered.
    pub fn unvouched(&self) -> usize {
        self.0.load().unvouched
    }

    pub fn version(&self) -> i64 {
        self.0.load().version
    }

    pub fn replace(&self, version: i64, records: &[ClientRecord]) {
        self.0.store(Arc::new(Snapshot::of(version, records)));
    }
}

impl Snapshot {
    /// A client whose stored metadata cannot be read is left out: unknown is refused.
    fn of(version: i64, records: &[ClientRecord]) -> Self {
        let mut clients = HashMap::with_capacity(records.len());
        let mut resources = HashSet::new();
        for record in records {
            match Client::from_record(record) {
                Ok(client) => {
                    if client.metadata.resource_server && !client.disabled {
                        resources.insert(client.client_id.clone());
                        resources.extend(client.metadata.resource_uris.iter().cloned());
                    }
                    clients.insert(client.client_id.clone(), Arc::new(client));
                }
                Err(error) => {
                    tracing::error!(oauth.client_id = %record.client_id, %error, "the client's metadata cannot be read");
                }
            }
        }
        let unvouched = clients.values().filter(|client| !client.metadata.registered_by.is_operator()).count();
        Self { version, clients, resources, unvouched }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(client_id: &str, metadata: &str) -> ClientRecord {
        ClientRecord {
            client_id: client_id.to_owned(),
            metadata: metadata.to_owned(),
            secret_hash: None,
            secret_sealed: None,
            disabled_at: None,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn every_clone_sees_the_replacement_and_unreadable_clients_are_unknown() {
        let directory = ClientDirectory::new(1, &[record("a", "{}"), record("b", "not json")]);
        let clone = directory.clone();
        assert!(clone.get("a").is_some());
        assert!(clone.get("b").is_none());
        directory.replace(2, &[record("c", "{}")]);
        assert_eq!(clone.version(), 2);
        assert!(clone.get("a").is_none());
        assert!(clone.get("c").is_some());
    }
}
