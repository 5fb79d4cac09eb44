//! What surrounds every request: its id, its limits, its standing headers, its line in the log.
//!
//! One layer and not a stack of them: each layer of the framework costs an allocation and a poll per request.

mod access_log;
mod body;
mod checks;
mod headers;

use std::cell::Cell;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use access_log::Exchange;
use body::TimedBody;
use checks::Checks;
use headers::StandingHeaders;

use super::address::address_of;
use super::answer::Refusal;
use super::pages::refusal_page;
use super::request::RequestInfo;
use super::routes::{Audience, Route};
use crate::base::RequestId;
use crate::config::Config;
use crate::ops::{self, Metrics, Readiness, Ready as ReadyState};

pub use checks::MAX_BODY;

/// Requests that one worker works on at once; more are answered 503 before they cost anything.
const MAX_IN_FLIGHT: usize = 1024;

/// The layer around all routes.
#[derive(Clone)]
pub struct Frame {
    config: Arc<Config>,
    metrics: Metrics,
    readiness: Readiness,
}

impl Frame {
    pub fn new(config: Arc<Config>, metrics: Metrics, readiness: Readiness) -> Self {
        Self { config, metrics, readiness }
    }
}

impl<S> Transform<S, ServiceRequest> for Frame
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = Framed<S>;
    type InitError = ();
    type Future = Ready<Result<Framed<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let issuer = &self.config.issuer;
        ready(Ok(Framed(Rc::new(Inner {
            service,
            checks: Checks::new(issuer),
            headers: StandingHeaders::new(issuer),
            base: issuer.path().to_owned(),
            in_flight: Cell::new(0),
            frame: self.clone(),
        }))))
    }
}

pub struct Framed<S>(Rc<Inner<S>>);

struct Inner<S> {
    service: S,
    frame: Frame,
    checks: Checks,
    headers: StandingHeaders,
    /// The path of the issuer.
    base: String,
    in_flight: Cell<usize>,
}

impl<S> Service<ServiceRequest> for Framed<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.service.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.0);
        let started = Instant::now();
        let id = RequestId::next();
        ops::in_request(id, async move { inner.handle(request, id, started).await }).boxed_local()
    }
}

impl<S> Inner<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    async fn handle(
        &self,
        mut request: ServiceRequest,
        id: RequestId,
        started: Instant,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let config = &self.frame.config;
        let route = Route::of(request.path(), &self.base);
        let address = address_of(request.peer_addr(), request.headers(), &config.server.trusted_proxies);
        request.extensions_mut().insert(RequestInfo { id, address });
        let exchange = Exchange::begin(&request, route, id, address, started);

        let _place = Place::take(&self.in_flight);
        let late = Rc::new(Cell::new(false));
        let answered = if let Err(refusal) = self.admit(&request, route) {
            let answer = self.answer(&refusal, request.headers(), route, id);
            Ok(request.into_response(answer))
        } else {
            time_body(&mut request, config.server.request_body_timeout.duration(), &late);
            serve_head_as_get(&mut request);
            // The handler owns its transaction, which rolls back when dropped; nothing else is shared and mutable.
            match AssertUnwindSafe(async { self.service.call(request).await }).catch_unwind().await {
                Ok(answered) => answered.map_err(|error| error.as_response_error().status_code()),
                Err(_panic) => Err(StatusCode::INTERNAL_SERVER_ERROR),
            }
        };
        let (status, answered) = match answered {
            Ok(mut response) => {
                if late.get() {
                    self.put_words(&mut response, &Refusal::of_status(StatusCode::REQUEST_TIMEOUT), route, id);
                } else if is_wordless(&response) {
                    let refusal = Refusal::of_status(response.status());
                    self.put_words(&mut response, &refusal, route, id);
                }
                self.finish(response.response_mut(), route, id);
                (response.status(), Ok(response))
            }
            Err(status) => {
                let refusal = Refusal::of_status(status);
                (status, Err(Refused { refusal, route, id, headers: self.headers }.into()))
            }
        };
        exchange.end(status, &self.frame.metrics, config.log.access);
        answered
    }

    fn admit(&self, request: &ServiceRequest, route: Route) -> Result<(), Refusal> {
        if self.in_flight.get() > MAX_IN_FLIGHT && route.audience != Audience::Probe {
            return Err(Refusal::of_status(StatusCode::SERVICE_UNAVAILABLE));
        }
        self.checks.pass(request, route)
    }

    /// The answer to a request that no handler answers, in the form that suits whoever reads it.
    fn answer(&self, refusal: &Refusal, headers: &HeaderMap, route: Route, id: RequestId) -> HttpResponse {
        match route.audience {
            Audience::Person => refusal_page(&self.frame.config, headers, refusal, id),
            audience => refusal.answer(audience, id),
        }
    }

    /// Puts words into `response`, which keeps the headers it has: `Allow`, `Retry-After`.
    fn put_words(&self, response: &mut ServiceResponse<BoxBody>, refusal: &Refusal, route: Route, id: RequestId) {
        let mut answer = self.answer(refusal, response.request().headers(), route, id);
        for (name, value) in response.headers().iter().filter(|(name, _)| *name != CONTENT_TYPE) {
            if !answer.headers().contains_key(name) {
                answer.headers_mut().insert(name.clone(), value.clone());
            }
        }
        *response.response_mut() = answer;
    }

    fn finish(&self, response: &mut HttpResponse<BoxBody>, route: Route, id: RequestId) {
        let status = response.status();
        self.headers.add(response.headers_mut(), route, id);
        if status == StatusCode::SERVICE_UNAVAILABLE && !response.headers().contains_key(RETRY_AFTER) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            allow_head_beside_get(response.headers_mut());
        }
        // Whatever is left of the body is not waited for; and a server that stops sends its clients elsewhere.
        let body_unread = matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
        if body_unread || self.frame.readiness.get() == ReadyState::Stopping {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
    }
}

/// One request in flight, for as long as it lives; also when its client goes away and its future is dropped.
struct Place<'a>(&'a Cell<usize>);

impl<'a> Place<'a> {
    fn take(in_flight: &'a Cell<usize>) -> Self {
        in_flight.set(in_flight.get() + 1);
        Self(in_flight)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

fn time_body(request: &mut ServiceRequest, limit: Duration, late: &Rc<Cell<bool>>) {
    match request.take_payload() {
        Payload::None => {}
        payload => request.set_payload(TimedBody::wrap(payload, limit, Rc::clone(late))),
    }
}

/// HEAD runs what GET runs; the connection leaves the body out of the answer (RFC 9110 §9.3.2).
fn serve_head_as_get(request: &mut ServiceRequest) {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
}

/// An error without a body, or with the framework's own words in it, which are not ours to show.
fn is_wordless(response: &ServiceResponse<BoxBody>) -> bool {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || status == StatusCode::UNAUTHORIZED {
        return false;
    }
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let by_framework = response.response().error().is_some();
    matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0))
        || by_framework && content_type.is_none_or(|content_type| content_type.starts_with(b"text/plain"))
}

fn allow_head_beside_get(headers: &mut HeaderMap) {
    let Some(allow) = headers.get(ALLOW).and_then(|allow| allow.to_str().ok()) else { return };
    let has = |method: &str| allow.split(',').any(|one| one.trim() == method);
    if has("GET")
        && !has("HEAD")
        && let Ok(value) = HeaderValue::from_str(&format!("{allow}, HEAD"))
    {
        headers.insert(ALLOW, value);
    }
}

/// A request that ended in a panic, or in an error of the framework outside every handler.
#[derive(Debug, thiserror::Error)]
#[error("{} ({id})", refusal.error)]
struct Refused {
    refusal: Refusal,
    route: Route,
    id: RequestId,
    headers: StandingHeaders,
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.refusal.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.refusal.answer(self.route.audience, self.id);
        self.headers.add(response.headers_mut(), self.route, self.id);
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, X_FRAME_OPTIONS};
    use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
    use actix_web::{App, web};
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::histogram::Histogram;

    use super::*;

    const HOST_NAME: &str = "id.example.test";

    fn frame() -> (Frame, Metrics, Readiness) {
        let config: Config = toml::from_str(&format!("issuer = \"https://{HOST_NAME}\"")).unwrap();
        let metrics = Metrics::new(&Histogram::new([1.0]), &Counter::default());
        let readiness = Readiness::default();
        (Frame::new(Arc::new(config), metrics.clone(), readiness.clone()), metrics, readiness)
    }

    fn routes(cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::resource("/oauth2/token")
                .route(web::post().to(|form: web::Form<Vec<(String, String)>>| async move { form.len().to_string() })),
        )
        .service(web::resource("/readyz").route(web::get().to(|| async { "ready" })))
        .service(
            web::resource("/login").route(
                web::get().to(|| async { HttpResponse::Found().insert_header(("location", "/consent")).finish() }),
            ),
        )
        .service(web::resource("/consent").route(web::get().to(|| async {
            if HOST_NAME.len() > 1 {
                std::panic::panic_any("a fault put here by the test");
            }
            "never"
        })));
    }

    /// Sends a request through the frame; the answer as the connection would write it.
    async fn send(frame: &Frame, request: TestRequest) -> HttpResponse {
        let app = init_service(App::new().wrap(frame.clone()).configure(routes)).await;
        match try_call_service(&app, request.insert_header((HOST, HOST_NAME)).to_request()).await {
            Ok(response) => response.into_parts().1,
            Err(error) => error.error_response(),
        }
    }

    async fn json(response: HttpResponse) -> serde_json::Value {
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[actix_web::test]
    async fn s222_s226_every_answer_has_the_standing_headers_and_a_request_id() {
        let (frame, ..) = frame();
        for (request, status) in [
            (TestRequest::get().uri("/readyz"), 200),
            (TestRequest::get().uri("/login"), 302),
            (TestRequest::get().uri("/nothing"), 404),
            (TestRequest::get().uri("/oauth2/token"), 405),
            (TestRequest::post().uri("/oauth2/token").insert_header(("content-length", "9999999")), 413),
            (TestRequest::get().uri("/consent"), 500),
        ] {
            let response = send(&frame, request).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get(X_FRAME_OPTIONS).unwrap(), "DENY");
            assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
            assert!(response.headers().contains_key("strict-transport-security"));
            assert!(response.headers().contains_key("x-request-id"));
            assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
        }
    }

    #[actix_web::test]
    async fn f35_a_panic_is_a_500_for_that_request_alone_and_says_nothing() {
        let (frame, metrics, _) = frame();
        let app = init_service(App::new().wrap(frame).configure(routes)).await;
        for _ in 0..20 {
            let request = TestRequest::get().uri("/consent").insert_header((HOST, HOST_NAME)).to_request();
            let error = try_call_service(&app, request).await.unwrap_err();
            let body = actix_web::body::to_bytes(error.error_response().into_body()).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("fault"));
        }
        let ready = TestRequest::get().uri("/readyz").insert_header((HOST, HOST_NAME)).to_request();
        assert_eq!(call_service(&app, ready).await.status(), StatusCode::OK);
        let counted =
            r#"http_server_request_duration_seconds_count{http_route="/consent",http_response_status_code="500"} 20"#;
        assert!(metrics.render().contains(counted));
    }

    #[actix_web::test]
    async fn s233_a_wrong_method_is_answered_405_with_allow() {
        let (frame, ..) = frame();
        let response = send(&frame, TestRequest::get().uri("/oauth2/token")).await;
        assert_eq!(response.headers().get(ALLOW).unwrap(), "POST");
        assert_eq!(json(response).await["error"], "invalid_request");
        let overridden =
            TestRequest::get().uri("/oauth2/token?_method=POST").insert_header(("X-HTTP-Method-Override", "POST"));
        assert_eq!(send(&frame, overridden).await.status(), StatusCode::METHOD_NOT_ALLOWED);
        let trace = TestRequest::default().method(Method::TRACE).uri("/oauth2/token");
        assert_eq!(send(&frame, trace).await.status(), StatusCode::METHOD_NOT_ALLOWED);
        let response = send(&frame, TestRequest::post().uri("/readyz")).await;
        assert_eq!(response.headers().get(ALLOW).unwrap(), "GET, HEAD");
    }

    #[actix_web::test]
    async fn head_is_answered_like_get() {
        let (frame, ..) = frame();
        let response = send(&frame, TestRequest::default().method(Method::HEAD).uri("/readyz")).await;
        assert_eq!(response.status(), StatusCode::OK);
    }

    #[actix_web::test]
    async fn errors_of_the_framework_are_put_in_our_words_for_programs_and_for_people() {
        let (frame, ..) = frame();
        let wrong_type =
            TestRequest::post().uri("/oauth2/token").insert_header((CONTENT_TYPE, "text/plain")).set_payload("a=b");
        let response = send(&frame, wrong_type).await;
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "application/json");
        assert!(json(response).await["error_description"].as_str().unwrap().contains("x-www-form-urlencoded"));
        let response = send(&frame, TestRequest::get().uri("/oauth2/nothing")).await;
        let id = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
        let answer = json(response).await;
        assert_eq!((answer["error"].as_str(), answer["request_id"].as_str()), (Some("not_found"), Some(id.as_str())));
        let response = send(&frame, TestRequest::get().uri("/nothing")).await;
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "text/html; charset=utf-8");
    }

    #[actix_web::test]
    async fn a_body_that_does_not_arrive_is_answered_408_and_the_connection_closed() {
        let mut config: Config = toml::from_str(&format!("issuer = \"https://{HOST_NAME}\"")).unwrap();
        config.server.request_body_timeout = crate::config::Ttl::seconds(0);
        let (frame, metrics, readiness) = frame();
        let app =
            init_service(App::new().wrap(Frame::new(Arc::new(config), metrics, readiness)).configure(routes)).await;
        let mut request = TestRequest::post()
            .uri("/oauth2/token")
            .insert_header((HOST, HOST_NAME))
            .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .to_request();
        let never: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> = Box::pin(futures_util::stream::pending());
        *request.payload() = Payload::from(never);
        let response = call_service(&app, request).await;
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(response.response().head().connection_type(), ConnectionType::Close);
        assert!(String::from_utf8_lossy(&read_body(response).await).contains("took too long"));
        drop(frame);
    }

    #[actix_web::test]
    async fn a_server_that_stops_closes_its_connections() {
        let (frame, _, readiness) = frame();
        readiness.stopping();
        let response = send(&frame, TestRequest::get().uri("/readyz")).await;
        assert_eq!(response.head().connection_type(), ConnectionType::Close);
    }
}
