//! A browser without JavaScript: cookies, redirects, and forms found in the HTML.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use scraper::{ElementRef, Html, Selector};

use super::Answer;

/// One person's browser. It follows redirects within the server alone.
pub struct Browser {
    http: reqwest::Client,
    issuer: String,
    pub cookies: Mutex<BTreeMap<String, String>>,
}

/// Where a browser has got to: a page of the server, or an address elsewhere that it was sent to.
#[derive(Clone, Debug)]
pub struct Page {
    pub url: url::Url,
    pub answer: Answer,
}

impl Browser {
    pub fn new(http: reqwest::Client, issuer: &str) -> Self {
        Self { http, issuer: issuer.to_owned(), cookies: Mutex::default() }
    }

    /// Opens an address and follows redirects as long as they stay on the server.
    pub async fn open(&self, url: &str) -> Page {
        let request = self.http.get(url).header("Sec-Fetch-Site", "none");
        self.follow(url, self.send(request).await).await
    }

    /// One request, not followed.
    pub async fn get(&self, url: &str) -> Answer {
        self.send(self.http.get(url).header("Sec-Fetch-Site", "none")).await
    }

    /// Submits the form of `page` with `fields` filled in, and follows.
    pub async fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (url, answer) = self.post_form(page, fields).await;
        self.follow(&url, answer).await
    }

    /// Submits the form of `page` with `fields` filled in; the bare answer.
    pub async fn post_form(&self, page: &Page, fields: &[(&str, &str)]) -> (String, Answer) {
        let (action, mut values) = page.form();
        for (name, value) in fields {
            values.retain(|(have, _)| have != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        let url = page.url.join(&action).unwrap().to_string();
        let answer = self.send(self.post_from_our_page(&url).form(&values)).await;
        (url, answer)
    }

    /// Submits the form that `css` selects with `fields` filled in, and follows.
    pub async fn submit_at(&self, page: &Page, css: &str, fields: &[(&str, &str)]) -> Page {
        let (action, mut values) = page.form_at(css);
        for (name, value) in fields {
            values.retain(|(have, _)| have != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        let url = page.url.join(&action).unwrap().to_string();
        let answer = self.send(self.post_from_our_page(&url).form(&values)).await;
        self.follow(&url, answer).await
    }

    /// A POST as the browser sends it from a page of the server.
    pub fn post_from_our_page(&self, url: &str) -> reqwest::RequestBuilder {
        self.http.request(Method::POST, url).header("Origin", "null").header("Sec-Fetch-Site", "same-origin")
    }

    /// Sends with the cookies, and takes in those of the answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let cookies = {
            let cookies = self.cookies.lock().unwrap();
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
        };
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        let answer = Answer::read(request.send().await.unwrap()).await;
        let mut cookies = self.cookies.lock().unwrap();
        for set in answer.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        drop(cookies);
        answer
    }

    async fn follow(&self, url: &str, mut answer: Answer) -> Page {
        let mut url: url::Url = url.parse().unwrap();
        for _ in 0..10 {
            if !answer.status.is_redirection() {
                return Page { url, answer };
            }
            url = url.join(answer.header("location")).unwrap();
            if !url.as_str().starts_with(&self.issuer) {
                return Page { url, answer };
            }
            answer = self.get(url.as_str()).await;
        }
        panic!("redirects do not end: {url}");
    }

    pub fn cookie(&self, name_part: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|(name, _)| name.contains(name_part)).map(|(_, value)| value.clone())
    }
}

impl Page {
    fn html(&self) -> Html {
        Html::parse_document(&self.answer.body)
    }

    /// The action of the first POST form, with what it carries unless somebody types: hidden fields and ticked boxes.
    pub fn form(&self) -> (String, Vec<(String, String)>) {
        self.form_at("form[method=post]")
    }

    /// The action of the form that `css` selects, and its hidden fields.
    pub fn form_at(&self, css: &str) -> (String, Vec<(String, String)>) {
        let html = self.html();
        let form = html.select(&selector(css)).next();
        let form = form.unwrap_or_else(|| panic!("no form at {}: {}", self.url, self.answer.body));
        let hidden = selector("input[type=hidden], input[type=checkbox][checked]");
        let value = |input: ElementRef<'_>, name: &str| input.value().attr(name).unwrap_or_default().to_owned();
        let fields = form.select(&hidden).map(|input| (value(input, "name"), value(input, "value"))).collect();
        (form.value().attr("action").unwrap_or_default().to_owned(), fields)
    }

    pub fn has(&self, css: &str) -> bool {
        self.html().select(&selector(css)).next().is_some()
    }

    /// The text of the first element that `css` selects.
    pub fn text(&self, css: &str) -> String {
        let html = self.html();
        let found = html.select(&selector(css)).next();
        found.map(|element| element.text().collect::<String>().trim().to_owned()).unwrap_or_default()
    }

    /// The text of each element that `css` selects.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let html = self.html();
        html.select(&selector(css)).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
    }

    pub fn attr(&self, css: &str, name: &str) -> Option<String> {
        self.html().select(&selector(css)).next().and_then(|element| element.value().attr(name).map(str::to_owned))
    }

    /// An attribute of every element that `css` selects.
    pub fn attrs(&self, css: &str, name: &str) -> Vec<String> {
        let html = self.html();
        html.select(&selector(css)).filter_map(|element| element.value().attr(name).map(str::to_owned)).collect()
    }

    /// A parameter of the address.
    pub fn param(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}
