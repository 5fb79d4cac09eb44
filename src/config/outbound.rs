use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// `[outbound]`: what this server fetches from others (keys and documents of clients, upstream providers) and sends them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    /// Networks that are not public and may be reached all the same, as addresses or CIDR ranges: an intranet's applications. None by
    /// default; loopback may be reached where the issuer is on loopback.
    #[serde(deserialize_with = "super::types::networks")]
    pub allow_networks: Vec<IpNet>,
    /// PEM file of authorities that are trusted besides the system's: for applications with certificates of a private one.
    pub ca_file: Option<PathBuf>,
}
