//! The one door for requests that this server makes: keys and documents of clients, upstream providers, logout notices.
//!
//! Where such a request goes is said by strangers, so the door is narrow: https, a public address that is resolved and
//! connected to in one step, no redirects, no cookies, no proxies, bounds on time, size and requests per host.

mod address;
mod error;
mod request;
mod resolver;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use moka::sync::Cache;
use reqwest::{Certificate, redirect, retry};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::{Host, Url};

use crate::config::Config;

pub use error::{Error, SetupError};
pub use request::{Limits, Method, Request, Response};

use address::Reachable;
use resolver::Resolver;

/// Requests to one host at once; more wait, within their own time.
const PER_HOST: usize = 8;
/// Hosts whose requests are counted.
const HOSTS: u64 = 10_000;
/// A connection is kept this long for the next request.
const IDLE: Duration = Duration::from_secs(30);

/// Makes requests. Cheap to clone; clones share connections and bounds.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    reachable: Arc<Reachable>,
    authorities: Vec<Certificate>,
    /// Made with the first request: reading the system's authorities takes longer than starting.
    http: OnceLock<Result<reqwest::Client, String>>,
    hosts: Cache<String, Arc<Semaphore>>,
}

impl Client {
    /// Reads `outbound.ca_file`.
    pub fn new(config: &Config) -> Result<Self, SetupError> {
        let authorities = match &config.outbound.ca_file {
            None => Vec::new(),
            Some(file) => {
                let pem = std::fs::read(file).map_err(|error| SetupError::unreadable(file, &error))?;
                let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
                if found.is_empty() {
                    return Err(SetupError::NoCertificate(file.display().to_string()));
                }
                found
            }
        };
        let reachable =
            Reachable { loopback: config.issuer.is_loopback(), networks: config.outbound.allow_networks.clone() };
        Ok(Self(Arc::new(Inner {
            reachable: Arc::new(reachable),
            authorities,
            http: OnceLock::new(),
            hosts: Cache::builder().max_capacity(HOSTS).time_to_idle(IDLE).build(),
        })))
    }

    /// `GET url`.
    pub async fn get(&self, url: &str, limits: Limits) -> Result<Response, Error> {
        self.send(Request::get(url), limits).await
    }

    /// `POST url` with a form (`application/x-www-form-urlencoded`).
    pub async fn post_form(&self, url: &str, form: &[(&str, &str)], limits: Limits) -> Result<Response, Error> {
        self.send(Request::post_form(url, form), limits).await
    }

    /// Sends `request` and reads the whole answer, whatever its status but a redirect.
    pub async fn send(&self, request: Request, limits: Limits) -> Result<Response, Error> {
        let url = self.checked(&request.url)?;
        let limits = limits.within_bounds();
        timeout(limits.timeout, self.exchange(url, request, limits)).await.unwrap_or(Err(Error::TimedOut))
    }

    /// Whether a request to `url` could be made at all, as far as the URL alone tells.
    pub fn check(&self, url: &str) -> Result<(), Error> {
        self.checked(url).map(drop)
    }

    fn checked(&self, url: &str) -> Result<Url, Error> {
        let url = Url::parse(url).map_err(|_| Error::Url("is no absolute URL"))?;
        let Some(host) = url.host() else { return Err(Error::Url("has no host")) };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Url("must have no user info"));
        }
        let local = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if local && self.0.reachable.loopback => {}
            _ => return Err(Error::Url("must be https")),
        }
        // Names are looked at when they are resolved; literals never are.
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        if literal.is_some_and(|address| !self.0.reachable.may_reach(address)) {
            return Err(Error::Address);
        }
        Ok(url)
    }

    async fn exchange(&self, url: Url, request: Request, limits: Limits) -> Result<Response, Error> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let turns = self.0.hosts.get_with(host, || Arc::new(Semaphore::new(PER_HOST)));
        let _turn = turns.acquire().await.map_err(|_| Error::TimedOut)?;
        let http = self.http()?;
        let mut sent = http.request(request.method.into(), url).header("accept-encoding", "identity");
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        let mut answer = sent.body(request.body).send().await.map_err(|error| Error::of(&error))?;
        let status = answer.status().as_u16();
        if answer.status().is_redirection() {
            return Err(Error::Redirected(status));
        }
        let headers = answer.headers().clone();
        // What is not asked for need not be unpacked, so that nothing small can become something large.
        if headers.get("content-encoding").is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Error::Encoded);
        }
        if answer.content_length().is_some_and(|length| length > limits.max_bytes as u64) {
            return Err(Error::TooLarge(limits.max_bytes));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Error::of(&error))? {
            if body.len() + chunk.len() > limits.max_bytes {
                return Err(Error::TooLarge(limits.max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response::new(status, headers, body))
    }

    fn http(&self) -> Result<&reqwest::Client, Error> {
        let made = self.0.http.get_or_init(|| {
            reqwest::Client::builder()
                .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                // A proxy would resolve names itself, and reach what this server must not.
                .no_proxy()
                .dns_resolver(Arc::new(Resolver(Arc::clone(&self.0.reachable))))
                .tls_certs_merge(self.0.authorities.clone())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(PER_HOST)
                .build()
                .map_err(|error| error::with_causes(&error))
        });
        made.as_ref().map_err(|reason| Error::Unusable(reason.clone()))
    }
}

#[cfg(test)]
mod tests;
