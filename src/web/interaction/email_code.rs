//! Signing in by a mailed code (`sign_in.email_code`).

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::errand::Errand;
use super::mail_code::{MailCode, Typed};
use super::problem::Stop;
use super::said::{Said, throttled};
use super::sign_in::signed_in_for;
use super::visit::Visit;
use crate::config::Config;
use crate::identity::LoginError;
use crate::web::App;
use crate::web::pages::{Answer, EmailCodeAskPage};

const ASK: &str = "/login/email";
const ASK_PURPOSE: &str = "email_code";
const CODE: MailCode = MailCode {
    ask: ASK,
    path: "/login/email/code",
    purpose: "email_code_entered",
    lead: "email-code-sent",
    signs_in: true,
};

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.sign_in.email_code {
        cfg.service(web::resource(ASK).route(web::get().to(ask)).route(web::post().to(asked)))
            .service(web::resource(CODE.path).route(web::get().to(code)).route(web::post().to(code_entered)));
    }
}

/// The page where it begins; `None` where it is off.
pub fn begins(config: &Config) -> Option<&'static str> {
    config.sign_in.email_code.then_some(ASK)
}

/// `GET /login/email`: asks for the name.
async fn ask(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let errand = Errand::of_address(visit).await?;
    let hint = errand.transaction().and_then(|transaction| transaction.request.login_hint.clone()).unwrap_or_default();
    Ok(ask_page(visit, &errand, &hint, Said::default()))
}

fn ask_page(visit: &Visit<'_>, errand: &Errand, login: &str, said: Said) -> HttpResponse {
    let answer = Answer { leads_to: errand.leads_to(), ..said.answer() };
    let client = errand.transaction().map(|transaction| visit.card(&transaction.client));
    let page = EmailCodeAskPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &visit.target(&errand.page(ASK), ASK_PURPOSE, ""),
        back: visit.frame.url(&errand.sign_in()),
        login,
        remember: visit.app.config.sessions.remember_me.then_some(!visit.brief),
        problem: said.problem,
    };
    visit.page(&page, answer)
}

/// `POST /login/email`: the same answer whoever was named.
async fn asked(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| take_request(visit, body).await).await
}

async fn take_request(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, ASK_PURPOSE, "")?;
    visit.read_remember(&params);
    let errand = Errand::of_address(visit).await?;
    let login = params.get("username").unwrap_or_default();
    let identity = &visit.app.identity;
    let mut response =
        match identity.ask_for_sign_in_code(login, visit.browser(), visit.frame.t.tag(), &visit.origin()).await {
            Ok(id) => visit.go(&CODE.address(&errand, &id)),
            Err(error) => ask_page(visit, &errand, login, throttled(visit, error)?),
        };
    visit.note_brief(&mut response);
    Ok(response)
}

/// `GET /login/email/code`: says that a mail is on its way, and takes its code.
async fn code(app: Data<App>, req: HttpRequest) -> HttpResponse {
    CODE.get(&app, &req).await
}

/// `POST /login/email/code`: signs in, and goes on as after any first factor.
async fn code_entered(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| take_code(visit, body).await).await
}

async fn take_code(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let Typed { errand, id, code } = CODE.read(visit, body).await?;
    let (identity, metrics, origin) = (&visit.app.identity, &visit.app.metrics, visit.origin());
    let said = match identity.verify_email_code(&id, &code, visit.browser(), &origin).await {
        Ok(proof) => {
            metrics.login_attempt("email_code", "success");
            return Box::pin(signed_in_for(visit, errand, proof)).await;
        }
        Err(LoginError::Rejected) => {
            metrics.login_attempt("email_code", "rejected");
            Said::unprocessable(visit.frame.t.text("email-code-wrong"))
        }
        Err(error) => {
            let said = throttled(visit, error)?;
            metrics.login_attempt("email_code", "throttled");
            said
        }
    };
    Ok(CODE.page(visit, &errand, &id, said))
}
