use std::net::IpAddr;

use url::{Host, Url};

use super::{Found, MAX_URI_BYTES, printable};
use crate::oauth::ClientMetadata;

const MAX_URIS: usize = 100;
/// Schemes that browsers run or read from themselves.
const DANGEROUS_SCHEMES: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "ws"];

/// What tokens may be asked for (RFC 8707 §2).
pub(super) fn resource_uris(metadata: &ClientMetadata, found: &mut Found) {
    let uris = &metadata.resource_uris;
    if !uris.is_empty() && !metadata.resource_server {
        found.metadata("resource_uris", "are a resource server's: set resource_server too");
    }
    let is_resource = |uri: &String| uri.len() <= MAX_URI_BYTES && !uri.contains('#') && Url::parse(uri).is_ok();
    if uris.len() > MAX_URIS || !uris.iter().all(is_resource) {
        found.metadata("resource_uris", format!("must be at most {MAX_URIS} absolute URIs without fragment"));
    }
}

/// Where answers go.
pub(super) fn redirect_uris(metadata: &ClientMetadata, found: &mut Found) {
    let native = metadata.application_type == "native";
    for (member, uris) in
        [("redirect_uris", &metadata.redirect_uris), ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris)]
    {
        if uris.len() > MAX_URIS {
            found.redirect_uri(member, format!("holds more than {MAX_URIS}"));
        }
        for uri in uris {
            if let Err(message) = redirect_uri(uri, native) {
                found.redirect_uri(member, format!("{}: {message}", printable(uri)));
            }
        }
    }
}

/// Whether `uri` may be registered: https; http on loopback; for native apps a scheme of their own (RFC 8252 §7.1).
pub(super) fn redirect_uri(uri: &str, native: bool) -> Result<(), String> {
    if uri.len() > MAX_URI_BYTES {
        return Err(format!("longer than {MAX_URI_BYTES} bytes"));
    }
    if uri.contains('#') {
        return Err("must have no fragment (RFC 6749 3.1.2)".to_owned());
    }
    if uri.contains('*') {
        return Err("wildcards are not supported; register each URI".to_owned());
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte)) {
        return Err("must be an ASCII URI (RFC 3986); write an international host in its xn-- form".to_owned());
    }
    let url = Url::parse(uri).map_err(|error| format!("is no absolute URI: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user info".to_owned());
    }
    match url.scheme() {
        // What browsers forgive (`https:app.test`, `https:///app.test`) would be read otherwise by others.
        "http" | "https" if !has_authority(uri) => Err("must have // and a host after the scheme".to_owned()),
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("plain http is for loopback addresses only".to_owned()),
        scheme if DANGEROUS_SCHEMES.contains(&scheme) => Err("this scheme is not allowed".to_owned()),
        _ if !native => Err("a scheme of its own is for application_type native".to_owned()),
        scheme if !scheme.contains('.') => {
            Err("a scheme of its own must be a domain name in reverse, as in com.example.app:/cb".to_owned())
        }
        _ => Ok(()),
    }
}

fn has_authority(uri: &str) -> bool {
    let after_scheme = uri.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//"));
    after_scheme.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', ':']))
}

/// Whether what `uri` names may be fetched, as far as the URI tells: the request itself is bounded further.
pub(super) fn is_fetchable(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    uri.len() <= MAX_URI_BYTES && has_authority(uri) && plain && scheme
}

/// Whether its host is this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
