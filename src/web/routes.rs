//! The endpoints by name: what a route is called in metrics and logs, and in which form its errors are answered.

use crate::oauth::endpoints;

/// Who reads the errors of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A program: JSON as in RFC 6749 §5.2.
    Program,
    /// A person in a browser: a page.
    Person,
    /// Whatever watches over the process: a word, also under a foreign host name.
    Probe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The pattern, as in `http.route`. Not the path that was asked for, which strangers choose.
    pub name: &'static str,
    pub audience: Audience,
}

const UNKNOWN: &str = "unknown";

impl Route {
    /// The route of `path` on a server whose issuer has the path `base` (empty or `/...`).
    pub fn of(path: &str, base: &str) -> Self {
        let below = path.strip_prefix(base).filter(|rest| rest.starts_with('/') || rest.is_empty());
        // RFC 8414 §3.1 puts the well-known part before the issuer's path.
        let inserted = || path.strip_suffix(base).filter(|rest| rest.starts_with("/.well-known/"));
        let known = below.and_then(named).or_else(|| inserted().and_then(named)).or_else(|| at_root(path));
        known.unwrap_or_else(|| {
            let machine = ["/oauth2/", "/.well-known/"].iter().any(|part| below.unwrap_or(path).starts_with(part));
            Self { name: UNKNOWN, audience: if machine { Audience::Program } else { Audience::Person } }
        })
    }

    pub fn is_known(self) -> bool {
        self.name != UNKNOWN
    }

    /// The one page that stands in frames of other sites.
    pub fn may_be_framed(self) -> bool {
        self.name == endpoints::CHECK_SESSION
    }

    /// What applications that run in browsers call: any origin may read the answers, refusals included. None of these looks
    /// at a cookie, so nothing rides on the browser's own credentials, and `*` never lets them be sent.
    pub fn may_be_read_from_anywhere(self) -> bool {
        use endpoints::{AUTHORIZATION_SERVER_METADATA, JWKS, OPENID_CONFIGURATION, REGISTER, REVOKE, TOKEN, USERINFO};
        [TOKEN, USERINFO, REVOKE, REGISTER, JWKS, OPENID_CONFIGURATION, AUTHORIZATION_SERVER_METADATA]
            .contains(&self.name)
            || self.name == "/oauth2/register/{client_id}"
    }

    /// Part of an authorization flow, which an application may have opened in a window of its own and waits for.
    pub fn may_have_an_opener(self) -> bool {
        matches!(self.name, "/authorize" | "/login" | "/consent" | "/logout") || self.name.starts_with("/login/")
    }
}

fn named(path: &str) -> Option<Route> {
    let program = |name| Some(Route { name, audience: Audience::Program });
    let person = |name| Some(Route { name, audience: Audience::Person });
    match path {
        "/oauth2/token" => program("/oauth2/token"),
        "/oauth2/introspect" => program("/oauth2/introspect"),
        "/oauth2/userinfo" => program("/oauth2/userinfo"),
        "/oauth2/revocations" => program("/oauth2/revocations"),
        "/oauth2/revoke" => program("/oauth2/revoke"),
        "/oauth2/device" => program("/oauth2/device"),
        "/oauth2/register" => program("/oauth2/register"),
        _ if path.starts_with("/oauth2/register/") => program("/oauth2/register/{client_id}"),
        "/.well-known/openid-configuration" => program("/.well-known/openid-configuration"),
        "/.well-known/oauth-authorization-server" => program("/.well-known/oauth-authorization-server"),
        "/.well-known/jwks.json" => program("/.well-known/jwks.json"),
        "/authorize" => person("/authorize"),
        "/logo" => person("/logo"),
        "/login" => person("/login"),
        "/reset" => person("/reset"),
        "/reset/code" => person("/reset/code"),
        "/reset/new" => person("/reset/new"),
        "/register" => person("/register"),
        "/register/code" => person("/register/code"),
        "/register/new" => person("/register/new"),
        "/login/email" => person("/login/email"),
        "/login/email/code" => person("/login/email/code"),
        "/login/select" => person("/login/select"),
        "/login/terms" => person("/login/terms"),
        "/login/factor" => person("/login/factor"),
        "/login/factor/passkey" => person("/login/factor/passkey"),
        "/login/factor/passkey/options" => person("/login/factor/passkey/options"),
        "/login/passkey/options" => person("/login/passkey/options"),
        "/login/passkey/verify" => person("/login/passkey/verify"),
        "/login/passkey/offer" => person("/login/passkey/offer"),
        "/login/passkey/offer/options" => person("/login/passkey/offer/options"),
        "/consent" => person("/consent"),
        "/device" => person("/device"),
        "/logout" => person("/logout"),
        "/check_session" => person("/check_session"),
        "/account/connections" => person("/account/connections"),
        "/setup" => person("/setup"),
        "" | "/" => person("/"),
        _ if path == "/account" || path.starts_with("/account/") => person("/account"),
        _ if path.starts_with("/static/") => person("/static/{file}"),
        "/dev/mail" => person("/dev/mail"),
        _ if path.starts_with("/dev/mail/") => person("/dev/mail/{id}"),
        _ if path.starts_with("/upstream/") && path.ends_with("/backchannel-logout") => {
            program("/upstream/{name}/backchannel-logout")
        }
        _ if path.starts_with("/upstream/") => person("/upstream/{name}"),
        _ if path == "/playground" || path.starts_with("/playground/") => person("/playground"),
        _ => at_root(path),
    }
}

/// What is looked for at the root of the host, whatever the issuer's path.
fn at_root(path: &str) -> Option<Route> {
    match path {
        "/.well-known/passkey-endpoints" => {
            Some(Route { name: "/.well-known/passkey-endpoints", audience: Audience::Program })
        }
        "/.well-known/change-password" => {
            Some(Route { name: "/.well-known/change-password", audience: Audience::Program })
        }
        "/.well-known/webauthn" => Some(Route { name: "/.well-known/webauthn", audience: Audience::Program }),
        "/livez" => Some(Route { name: "/livez", audience: Audience::Probe }),
        "/readyz" => Some(Route { name: "/readyz", audience: Audience::Probe }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_named_below_the_issuers_path() {
        for base in ["", "/tenant/a"] {
            for (path, name) in [
                ("/oauth2/token", "/oauth2/token"),
                ("/static/a.css", "/static/{file}"),
                ("/", "/"),
                ("/livez", "/livez"),
            ] {
                assert_eq!(Route::of(&format!("{base}{path}"), base).name, name);
            }
        }
        let inserted = Route::of("/.well-known/openid-configuration/tenant/a", "/tenant/a");
        assert_eq!(inserted.name, "/.well-known/openid-configuration");
        assert_eq!(Route::of("/livez", "/tenant/a").audience, Audience::Probe);
    }

    #[test]
    fn strangers_make_no_names() {
        for path in ["/oauth2/tokens", "/x/oauth2/token", "/tenant/ab", "/livez/x", "", "*"] {
            assert_eq!(Route::of(path, "/tenant/a").name, UNKNOWN, "{path}");
        }
        assert_eq!(Route::of("/oauth2/nothing", "").audience, Audience::Program);
        assert_eq!(Route::of("/nothing", "").audience, Audience::Person);
    }
}
