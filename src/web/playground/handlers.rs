use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::Mutex;

use super::pages::{PlaygroundPage, RunPage};
use super::run::{Flow, Run};
use super::steps::Client;
use super::{PATH, Playground};
use crate::oauth::Params;
use crate::web::App;
use crate::web::interaction::problem::{self, Stop};
use crate::web::interaction::visit::Visit;
use crate::web::oauth::form;
use crate::web::pages::{Answer, Locale};

const PURPOSE: &str = "playground";
/// Longest scope that a form may ask for; the server says more about it.
const MAX_SCOPE: usize = 2000;

/// A visit of the playground, which speaks English alone.
fn visit<'a>(app: &'a App, req: &'a HttpRequest) -> Visit<'a> {
    let mut visit = Visit::new(app, req);
    visit.frame.t = Locale::english();
    visit
}

/// Answered 404 unless the playground is on.
fn client<'a>(visit: &Visit<'a>) -> Option<Client<'a>> {
    Some(Client { playground: visit.app.playground.get()?, cx: visit.cx() })
}

fn off() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

/// `GET /playground`: the flows to choose from.
pub async fn index(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let visit = visit(&app, &req);
    let Some(client) = client(&visit) else { return off() };
    let Playground { public_client, service: (service, _), .. } = client.playground;
    let own = app.config.metadata.scopes.keys().map(String::as_str);
    let standard = ["openid", "profile", "email", "address", "phone", "offline_access"];
    let page = PlaygroundPage {
        page: &visit.frame,
        form: &visit.target(PATH, PURPOSE, ""),
        public_client,
        service,
        scopes: standard.into_iter().chain(own).collect::<Vec<_>>().join(" "),
    };
    visit.page(&page, Answer::default())
}

/// `POST /playground`: begins a run.
pub async fn start(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let visit = visit(&app, &req);
    let Some(client) = client(&visit) else { return off() };
    match started(&visit, &client, body).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn started(visit: &Visit<'_>, client: &Client<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, PURPOSE, "")?;
    let get = |name| params.get(name).unwrap_or_default();
    let scope = get("scope");
    if scope.len() > MAX_SCOPE {
        return Err(Stop::TooLarge);
    }
    let flow = match get("flow") {
        "code" => Flow::Code,
        "service" => Flow::Service,
        "device" => Flow::Device,
        _ => return Ok(visit.go(PATH)),
    };
    let mut run = Run::new(flow, visit.browser(), visit.cx().random.as_ref());
    // What went wrong on the way stands in the run's steps.
    let _ = match flow {
        Flow::Code => client.prepare(&mut run, scope, get("prompt"), get("response_mode")).await,
        Flow::Service => client.speak_for_itself(&mut run, scope).await,
        Flow::Device => client.start_device(&mut run, scope).await,
    };
    let address = format!("{PATH}/{}", run.id);
    client.playground.runs.keep(run);
    Ok(visit.go(&address))
}

/// `GET /playground/callback`: the redirect URI.
pub async fn callback(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let visit = visit(&app, &req);
    match visit.query() {
        Ok(params) => called_back(&visit, &params).await,
        Err(stop) => problem::page(&visit, stop),
    }
}

/// `POST /playground/callback`: the same in response mode `form_post`.
pub async fn posted_callback(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let visit = visit(&app, &req);
    match form::read(&req, body).await {
        Ok(params) => called_back(&visit, &params).await,
        Err(refusal) => problem::page(&visit, refusal.into()),
    }
}

async fn called_back(visit: &Visit<'_>, params: &Params) -> HttpResponse {
    let Some(client) = client(visit) else { return off() };
    let state = params.get("state").unwrap_or_default();
    let id = state.split('.').next().unwrap_or_default();
    let Some(run) = client.playground.runs.find(id, visit.browser()) else { return lost(visit, &client) };
    let mut run = run.lock().await;
    let Some(request) = run.answered(state) else { return lost(visit, &client) };
    let _ = client.answered(&mut run, &request, params).await;
    visit.go(&format!("{PATH}/{}", run.id))
}

/// An answer to no request of this browser, or a second one: it is not believed (RFC 6749 §10.12).
fn lost(visit: &Visit<'_>, client: &Client<'_>) -> HttpResponse {
    problem::page(visit, Stop::Lost { client_id: Some(client.playground.public_client.clone()) })
}

/// `GET /playground/{run}`.
pub async fn show(app: Data<App>, req: HttpRequest, id: Path<String>) -> HttpResponse {
    let visit = visit(&app, &req);
    let Some(client) = client(&visit) else { return off() };
    match client.playground.runs.find(&id, visit.browser()) {
        Some(run) => page(&visit, &client, &run).await,
        None => visit.go(PATH),
    }
}

async fn page(visit: &Visit<'_>, client: &Client<'_>, run: &Arc<Mutex<Run>>) -> HttpResponse {
    let run = run.lock().await;
    let page = RunPage {
        page: &visit.frame,
        form: &visit.target(&format!("{PATH}/{}", run.id), PURPOSE, &run.id),
        run: &run,
        title: RunPage::title(run.flow),
        overview: visit.frame.url(PATH),
        sign_out: client.sign_out_url(&run),
    };
    visit.page(&page, Answer::with_status(StatusCode::OK))
}

/// `POST /playground/{run}`: the next request of a run.
pub async fn go_on(app: Data<App>, req: HttpRequest, id: Path<String>, body: Payload) -> HttpResponse {
    let visit = visit(&app, &req);
    let Some(client) = client(&visit) else { return off() };
    match gone_on(&visit, &client, &id, body).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn gone_on(visit: &Visit<'_>, client: &Client<'_>, id: &str, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, PURPOSE, id)?;
    let Some(run) = client.playground.runs.find(id, visit.browser()) else { return Ok(visit.go(PATH)) };
    let mut run = run.lock().await;
    let _ = match params.get("do").unwrap_or_default() {
        "poll" => client.poll(&mut run).await,
        "refresh" => client.refresh(&mut run).await,
        "userinfo" => client.userinfo(&mut run).await,
        "introspect" => client.introspect(&mut run).await,
        "revoke" => client.revoke(&mut run).await,
        _ => None,
    };
    Ok(visit.go(&format!("{PATH}/{id}#newest")))
}
