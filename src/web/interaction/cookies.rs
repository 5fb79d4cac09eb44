//! The cookies: the session, one per transaction, one that names the browser for its forms, and one whose value scripts
//! of ours compare.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;

use crate::config::{Issuer, Ttl};

const SESSION: &str = "portcullis_session";
const DEVICE: &str = "portcullis_device";
/// One per sign-in that still lacks a factor.
const CAME_BY: &str = "portcullis_came_by";
const PARTING: &str = "portcullis_parting";
const PENDING: &str = "portcullis_pending_";
/// Set while the person does not want this browser to be remembered.
const BRIEF: &str = "portcullis_brief";
const MAIL_LINK: &str = "portcullis_link";
const NOTICE: &str = "portcullis_notice";
const BROWSER_STATE: &str = "portcullis_state";
/// One per way to another provider.
const UPSTREAM: &str = "portcullis_up_";
const TRANSACTION: &str = "portcullis_tx_";
/// What keeps a cookie from being set by a subdomain or over plain http (RFC 6265bis §4.1.3.2).
const HOST_PREFIX: &str = "__Host-";
/// As long as browsers keep any cookie.
const DEVICE_DAYS: i64 = 400;
/// A notice that no page has shown by then is stale.
const NOTICE_SECONDS: i64 = 60;
/// Transactions, and half-done sign-ins, that one browser keeps open; the oldest makes room.
const MOST_OF_A_KIND: usize = 8;

/// Names and writes cookies for one issuer.
#[derive(Clone, Copy)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// The prefix, and with it `Secure`, falls only on loopback http.
    pub fn of(issuer: &Issuer) -> Self {
        Self { secure: issuer.is_https() }
    }

    pub fn session(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.name(SESSION))
    }

    pub fn set_session(self, value: &str, ttl: Ttl) -> Cookie<'static> {
        self.cookie(SESSION, value, seconds(ttl))
    }

    /// As [`Self::set_session`], for as long as the browser's window.
    pub fn set_brief_session(self, value: &str) -> Cookie<'static> {
        self.brief_cookie(SESSION, value)
    }

    pub fn is_brief(self, req: &HttpRequest) -> bool {
        read(req, &self.name(BRIEF)).is_some()
    }

    /// Notes whether the browser is not to be remembered, for the pages up to the session and the next sign-in.
    pub fn set_brief(self, brief: bool) -> Cookie<'static> {
        if brief { self.brief_cookie(BRIEF, "1") } else { self.cookie(BRIEF, "", Duration::ZERO) }
    }

    pub fn end_session(self) -> Cookie<'static> {
        self.cookie(SESSION, "", Duration::ZERO)
    }

    /// The state that the frame of session management compares; it opens nothing.
    pub fn browser_state(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.browser_state_name())
    }

    pub fn browser_state_name(self) -> String {
        self.name(BROWSER_STATE)
    }

    pub fn set_browser_state(self, value: &str, ttl: Ttl) -> Cookie<'static> {
        self.readable(value, seconds(ttl))
    }

    pub fn end_browser_state(self) -> Cookie<'static> {
        self.readable("", Duration::ZERO)
    }

    /// The token of a mailed link that was followed here.
    pub fn mail_link(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.name(MAIL_LINK))
    }

    /// A value that no cookie can hold is no token of ours, and kept as none.
    pub fn set_mail_link(self, value: &str, ttl: std::time::Duration) -> Cookie<'static> {
        let value = if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') { value } else { "" };
        self.cookie(MAIL_LINK, value, Duration::seconds(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)))
    }

    pub fn end_mail_link(self) -> Cookie<'static> {
        self.cookie(MAIL_LINK, "", Duration::ZERO)
    }

    /// A sign-in that still lacks a factor.
    pub fn pending(self, req: &HttpRequest, id: &str) -> Option<String> {
        read(req, &self.name(&format!("{PENDING}{id}")))
    }

    pub fn set_pending(self, id: &str, value: &str, ttl: std::time::Duration) -> Cookie<'static> {
        let ttl = Duration::seconds(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX));
        self.cookie(&format!("{PENDING}{id}"), value, ttl)
    }

    pub fn end_pending(self, id: &str) -> Cookie<'static> {
        self.cookie(&format!("{PENDING}{id}"), "", Duration::ZERO)
    }

    pub fn upstream(self, req: &HttpRequest, id: &str) -> Option<String> {
        read(req, &self.name(&format!("{UPSTREAM}{id}")))
    }

    pub fn set_upstream(self, id: &str, value: &str, ttl: Ttl) -> Cookie<'static> {
        self.cookie(&format!("{UPSTREAM}{id}"), value, seconds(ttl))
    }

    pub fn end_upstream(self, id: &str) -> Cookie<'static> {
        self.cookie(&format!("{UPSTREAM}{id}"), "", Duration::ZERO)
    }

    pub fn device(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.name(DEVICE))
    }

    pub fn set_device(self, value: &str) -> Cookie<'static> {
        self.cookie(DEVICE, value, Duration::days(DEVICE_DAYS))
    }

    /// What the page that comes next says was done.
    pub fn notice(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.name(NOTICE))
    }

    pub fn set_notice(self, value: &str) -> Cookie<'static> {
        self.cookie(NOTICE, value, Duration::seconds(NOTICE_SECONDS))
    }

    pub fn end_notice(self) -> Cookie<'static> {
        self.cookie(NOTICE, "", Duration::ZERO)
    }

    pub fn transaction(self, req: &HttpRequest, id: &str) -> Option<String> {
        read(req, &self.name(&format!("{TRANSACTION}{id}")))
    }

    pub fn set_transaction(self, id: &str, value: &str, ttl: Ttl) -> Cookie<'static> {
        self.cookie(&format!("{TRANSACTION}{id}"), value, seconds(ttl))
    }

    pub fn end_transaction(self, id: &str) -> Cookie<'static> {
        self.cookie(&format!("{TRANSACTION}{id}"), "", Duration::ZERO)
    }

    /// The provider that the person came in by last.
    pub fn came_by(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.name(CAME_BY))
    }

    pub fn set_came_by(self, provider: &str, ttl: Ttl) -> Cookie<'static> {
        self.cookie(CAME_BY, provider, seconds(ttl))
    }

    pub fn end_came_by(self) -> Cookie<'static> {
        self.cookie(CAME_BY, "", Duration::ZERO)
    }

    /// Where a browser goes that comes back signed out at another provider.
    pub fn parting(self, req: &HttpRequest) -> Option<String> {
        read(req, &self.name(PARTING))
    }

    pub fn set_parting(self, value: &str, ttl: Ttl) -> Cookie<'static> {
        self.cookie(PARTING, value, seconds(ttl))
    }

    pub fn end_parting(self) -> Cookie<'static> {
        self.cookie(PARTING, "", Duration::ZERO)
    }

    /// Removes the oldest transactions of this browser, so that with a new one there are not too many.
    pub fn make_room(self, req: &HttpRequest) -> Vec<Cookie<'static>> {
        self.oldest(req, TRANSACTION)
    }

    /// The same for sign-ins that still lack a factor.
    pub fn make_room_for_pending(self, req: &HttpRequest) -> Vec<Cookie<'static>> {
        self.oldest(req, PENDING)
    }

    /// What takes the oldest cookies of a kind away, up to the place for one more. Their ids are ordered by time.
    fn oldest(self, req: &HttpRequest, kind: &str) -> Vec<Cookie<'static>> {
        let prefix = self.name(kind);
        let mut ids: Vec<String> =
            pairs(req).filter_map(|(name, _)| name.strip_prefix(&prefix).map(str::to_owned)).collect();
        ids.sort_unstable();
        let excess = (ids.len() + 1).saturating_sub(MOST_OF_A_KIND);
        ids.iter().take(excess).map(|id| self.cookie(&format!("{kind}{id}"), "", Duration::ZERO)).collect()
    }

    fn name(self, name: &str) -> String {
        if self.secure { format!("{HOST_PREFIX}{name}") } else { name.to_owned() }
    }

    /// Read by a script of ours, in a frame of any site.
    fn readable(self, value: &str, max_age: Duration) -> Cookie<'static> {
        let mut cookie = self.cookie(BROWSER_STATE, value, max_age);
        cookie.set_http_only(false);
        // Browsers take `None` from secure cookies alone. On loopback the application is the same site.
        cookie.set_same_site(if self.secure { SameSite::None } else { SameSite::Lax });
        cookie
    }

    fn cookie(self, name: &str, value: &str, max_age: Duration) -> Cookie<'static> {
        Cookie::build(self.name(name), value.to_owned())
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(max_age)
            .finish()
    }

    /// Without `Max-Age`: it goes with the browser's window.
    fn brief_cookie(self, name: &str, value: &str) -> Cookie<'static> {
        let mut cookie = self.cookie(name, value, Duration::ZERO);
        cookie.unset_expires();
        cookie.set_max_age(None);
        cookie
    }
}

/// The one cookie of this name. Two of one name come from a subdomain that plants its own: neither is believed.
fn read(req: &HttpRequest, name: &str) -> Option<String> {
    let mut found = pairs(req).filter(|(have, _)| *have == name).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(value), None) => Some(value.to_owned()),
        _ => None,
    }
}

fn pairs(req: &HttpRequest) -> impl Iterator<Item = (&str, &str)> {
    let lines = req.headers().get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

fn seconds(ttl: Ttl) -> Duration {
    Duration::seconds(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(cookies: &str) -> HttpRequest {
        TestRequest::get().insert_header((header::COOKIE, cookies)).to_http_request()
    }

    #[test]
    fn s163_over_https_every_cookie_has_the_host_prefix_and_all_attributes() {
        let cookies = Cookies::of(&"https://id.test".parse().unwrap());
        for cookie in [
            cookies.set_session("v", Ttl::days(7)),
            cookies.set_device("v"),
            cookies.set_pending("1", "v", std::time::Duration::from_mins(5)),
            cookies.set_transaction("1", "v", Ttl::hours(1)),
            cookies.end_session(),
        ] {
            let text = cookie.to_string();
            assert!(text.starts_with("__Host-portcullis_"), "{text}");
            for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age="] {
                assert!(text.contains(attribute), "{text}");
            }
            assert!(!text.contains("Domain"));
        }
        let state = cookies.set_browser_state("v", Ttl::days(7)).to_string();
        assert!(state.starts_with("__Host-portcullis_state=v") && state.contains("SameSite=None"), "{state}");
        assert!(state.contains("Secure") && !state.contains("HttpOnly"), "{state}");
        let loopback =
            Cookies::of(&"http://localhost:8080".parse().unwrap()).set_session("v", Ttl::days(7)).to_string();
        assert!(loopback.starts_with("portcullis_session=v") && !loopback.contains("Secure"));
    }

    #[test]
    fn s172_twins_and_names_without_the_prefix_are_not_believed() {
        let cookies = Cookies::of(&"https://id.test".parse().unwrap());
        assert_eq!(cookies.session(&request("a=1; __Host-portcullis_session=v")).as_deref(), Some("v"));
        for cookie in
            ["__Host-portcullis_session=v; __Host-portcullis_session=w", "portcullis_session=v", "", "=; ;;", "x"]
        {
            assert_eq!(cookies.session(&request(cookie)), None, "{cookie}");
        }
    }

    #[test]
    fn the_oldest_transactions_make_room() {
        let cookies = Cookies::of(&"http://localhost:1".parse().unwrap());
        let names = |count: usize| (1..=count).map(|n| format!("portcullis_tx_{n}=v")).collect::<Vec<_>>().join("; ");
        assert!(cookies.make_room(&request(&names(7))).is_empty());
        let removed: Vec<String> =
            cookies.make_room(&request(&names(9))).iter().map(|cookie| cookie.name().to_owned()).collect();
        assert_eq!(removed, ["portcullis_tx_1", "portcullis_tx_2"]);
        assert!(cookies.make_room_for_pending(&request(&names(9))).is_empty());
        let pending = names(8).replace("_tx_", "_pending_");
        assert_eq!(cookies.make_room_for_pending(&request(&pending)).len(), 1);
    }
}
