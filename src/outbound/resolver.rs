use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::address::Reachable;
use super::error::OutOfReach;

/// Resolves names to what may be reached of their addresses. The connection goes to one of these and asks nobody again,
/// so that a second answer cannot lead elsewhere.
pub struct Resolver(pub Arc<Reachable>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reachable = Arc::clone(&self.0);
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.filter(|address| reachable.may_reach(address.ip())).collect();
            if addresses.is_empty() {
                return Err(OutOfReach.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
