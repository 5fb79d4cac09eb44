//! Making an account of one's own, on the way into an application or by itself.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::errand::Errand;
use super::mail_code::{MailCode, keep_link};
use super::problem::Stop;
use super::said::{Said, refused_password, throttled};
use super::sign_in::signed_in_for;
use super::visit::{Visit, set};
use crate::config::{Config, RegistrationMode};
use crate::identity::{Admission, LoginError, MailPurpose, NewAccount, RegistrationError, UserError};
use crate::oauth::{Error, Params};
use crate::storage;
use crate::web::App;
use crate::web::pages::{Answer, RegisterAskPage, RegisterNewPage, TermsToAccept, UninvitedPage};

const ASK: &str = "/register";
const NEW: &str = "/register/new";
const ASK_PURPOSE: &str = "register";
const NEW_PURPOSE: &str = "register_new";
const CODE: MailCode =
    MailCode { ask: ASK, path: "/register/code", purpose: "register_code", lead: "register-sent", signs_in: false };

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.registration.mode == RegistrationMode::Off {
        return;
    }
    if begins(config) == Some(ASK) {
        cfg.service(web::resource(ASK).route(web::get().to(ask)).route(web::post().to(asked)))
            .service(web::resource(CODE.path).route(web::get().to(code)).route(web::post().to(code_entered)));
    }
    cfg.service(web::resource(NEW).route(web::get().to(new)).route(web::post().to(filled_in)));
}

/// The page where anybody begins to make an account; `None` where they cannot.
pub fn begins(config: &Config) -> Option<&'static str> {
    config.registration.is_open().then_some(if config.mail.is_on() { ASK } else { NEW })
}

fn domains(config: &Config) -> Option<String> {
    let registration = &config.registration;
    (registration.mode == RegistrationMode::Domains).then(|| registration.domains.join(", "))
}

/// `GET /register`: asks for the address.
pub async fn ask(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let errand = Errand::of_address(visit).await?;
    Ok(ask_page(visit, &errand, "", Said::default()))
}

fn ask_page(visit: &Visit<'_>, errand: &Errand, email: &str, said: Said) -> HttpResponse {
    let answer = said.answer();
    let client = errand.transaction().map(|transaction| visit.card(&transaction.client));
    let page = RegisterAskPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &visit.target(&errand.page(ASK), ASK_PURPOSE, ""),
        back: visit.frame.url(&errand.sign_in()),
        email,
        domains: domains(&visit.app.config),
        problem: said.problem,
    };
    visit.page(&page, answer)
}

/// `POST /register`: the same answer whether the address has an account or not (S179).
pub async fn asked(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| take_request(visit, body).await).await
}

async fn take_request(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, ASK_PURPOSE, "")?;
    let errand = Errand::of_address(visit).await?;
    let email = params.get("email").unwrap_or_default();
    let (identity, t) = (&visit.app.identity, &visit.frame.t);
    let problem =
        match identity.ask_for_account(email, visit.browser(), errand.way_on(), t.tag(), &visit.origin()).await {
            Ok(id) => return Ok(visit.go(&CODE.address(&errand, &id))),
            Err(RegistrationError::NoAddress) => t.text("email-bad"),
            Err(RegistrationError::Domain) => {
                t.with("register-domain-wrong", "domains", domains(&visit.app.config).unwrap_or_default())
            }
            Err(RegistrationError::Login(error)) => {
                return Ok(ask_page(visit, &errand, email, throttled(visit, error)?));
            }
            Err(RegistrationError::Storage(error)) => return Err(error.into()),
            Err(error) => return Err(Error::Internal(Box::new(error)).into()),
        };
    Ok(ask_page(visit, &errand, email, Said::unprocessable(problem)))
}

/// `GET /register/code`: says that a mail is on its way, and takes its code.
pub async fn code(app: Data<App>, req: HttpRequest) -> HttpResponse {
    CODE.get(&app, &req).await
}

/// `POST /register/code`: the code instead of the link.
pub async fn code_entered(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| CODE.lead_on(visit, body, MailPurpose::Registration, NEW).await).await
}

/// `GET /register/new`: where the link leads, and where it begins without mail. Looking uses nothing up: mail scanners look.
pub async fn new(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_new).await
}

async fn show_new(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    if let Some(token) = visit.query()?.get("token") {
        return Ok(keep_link(visit, NEW, token));
    }
    match admitted(visit).await? {
        Some((admission, errand)) => Ok(new_page(visit, &admission, &errand, &Params::default(), Outcome::default())),
        None => Ok(dead(visit)),
    }
}

/// What this browser may make an account by, and what for.
async fn admitted(visit: &mut Visit<'_>) -> Result<Option<(Admission, Errand)>, Stop> {
    let token = visit.cookies.mail_link(visit.req).unwrap_or_default();
    let Some(admission) = visit.app.identity.admission(&token).await? else { return Ok(None) };
    let errand = match admission.way_on() {
        Some(way_on) => Errand::kept(visit, &way_on).await?,
        None => Errand::of_address(visit).await?,
    };
    Ok(Some((admission, errand)))
}

/// What the form says about the attempt before, and about which field.
#[derive(Default)]
struct Outcome {
    said: Said,
    wrong: &'static str,
}

fn new_page(
    visit: &Visit<'_>,
    admission: &Admission,
    errand: &Errand,
    params: &Params,
    outcome: Outcome,
) -> HttpResponse {
    let config = &visit.app.config;
    let client = errand.transaction().map(|transaction| visit.card(&transaction.client));
    let terms = config.registration.terms().map(|terms| TermsToAccept {
        uri: terms.uri.as_str(),
        version: terms.version,
        accepted: params.get("terms") == Some(terms.version),
    });
    let answer = Answer { leads_to: errand.leads_to(), ..outcome.said.answer() };
    let page = RegisterNewPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &visit.target(&errand.page(NEW), NEW_PURPOSE, ""),
        back: visit.frame.url(&errand.sign_in()),
        email: admission.email(),
        username: params.get("username").unwrap_or_default(),
        terms,
        problem: outcome.said.problem,
        wrong: outcome.wrong,
        min_length: config.passwords.min_length,
    };
    visit.page(&page, answer)
}

/// The link does not work: another can be asked for, where anybody can.
fn dead(visit: &Visit<'_>) -> HttpResponse {
    let mut response = if begins(&visit.app.config) == Some(ASK) {
        let problem = Some(visit.frame.t.text("register-dead"));
        ask_page(visit, &Errand::NONE, "", Said { problem, status: StatusCode::GONE, retry_after: None })
    } else {
        let page = UninvitedPage { page: &visit.frame, back: visit.frame.url(&Errand::NONE.sign_in()) };
        visit.page(&page, Answer::with_status(StatusCode::GONE))
    };
    set(&mut response, &visit.cookies.end_mail_link());
    response
}

/// `POST /register/new`: makes the account, and goes on as after any first factor.
pub async fn filled_in(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| make(visit, body).await).await
}

async fn make(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, NEW_PURPOSE, "")?;
    let Some((admission, errand)) = admitted(visit).await? else { return Ok(dead(visit)) };
    let password = SecretString::from(params.get("password").unwrap_or_default());
    let account = NewAccount {
        username: params.get("username").unwrap_or_default().to_owned(),
        password: password.clone(),
        accepts: params.get("terms").map(str::to_owned),
    };
    let identity = &visit.app.identity;
    let user = match identity.register(&admission, account, &visit.origin()).await {
        Ok(user) => user,
        Err(RegistrationError::DeadLink) => return Ok(dead(visit)),
        Err(error) => {
            let outcome = explained(visit, error)?;
            return Ok(new_page(visit, &admission, &errand, &params, outcome));
        }
    };
    let mut response = match identity.verify_password(&user.username, &password, &visit.origin()).await {
        Ok(proof) => Box::pin(signed_in_for(visit, errand, proof)).await?,
        Err(LoginError::Storage(error)) => return Err(error.into()),
        // The account is made; only signing in has to wait.
        Err(_) => visit.go(&errand.sign_in()),
    };
    set(&mut response, &visit.cookies.end_mail_link());
    Ok(response)
}

fn explained(visit: &Visit<'_>, error: RegistrationError) -> Result<Outcome, Stop> {
    let t = &visit.frame.t;
    let (wrong, problem) = match error {
        RegistrationError::Terms => ("terms", t.text("register-terms-missing")),
        RegistrationError::ForeignAddress => ("username", t.text("register-foreign")),
        RegistrationError::User(UserError::Username) => ("username", t.text("setup-username-bad")),
        RegistrationError::Storage(storage::Error::Conflict("username")) => ("username", t.text("register-taken")),
        // Somebody has taken the address since the mail was sent.
        RegistrationError::Storage(storage::Error::Conflict(_)) => ("email", t.text("email-taken")),
        RegistrationError::User(error) => {
            return Ok(Outcome { said: refused_password(visit, error)?, wrong: "password" });
        }
        RegistrationError::Login(error) => return Ok(Outcome { said: throttled(visit, error)?, wrong: "" }),
        RegistrationError::Storage(error) => return Err(error.into()),
        error => return Err(Error::Internal(Box::new(error)).into()),
    };
    Ok(Outcome { said: Said::unprocessable(problem), wrong })
}
