use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::shell::Shell;
use super::two_step::show_new_codes;
use super::{done, fresh_to_set_up, signed_in_to_set_up};
use crate::identity::{ActiveSession, Identity, MAX_NAME_CHARS, PasskeyError};
use crate::oauth::Params;
use crate::storage::PasskeyRecord;
use crate::web::App;
use crate::web::interaction::local_path::LocalPath;
use crate::web::interaction::passkey::{answer, explained, passkey_form};
use crate::web::interaction::problem::Stop;
use crate::web::interaction::sign_in::login_again_for;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, FormTarget, Frame, PasskeyForm};

pub const PATH: &str = "/account/passkeys";
const OPTIONS: &str = "/account/passkeys/options";
const REGISTER: &str = "/account/passkeys/register";
const RENAME: &str = "/account/passkeys/rename";
const REMOVE: &str = "/account/passkeys/remove";
const PURPOSE: &str = "passkeys";

/// A person's passkeys.
#[derive(Template)]
#[template(path = "account_passkeys.html")]
struct PasskeysPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    passkeys: Vec<Shown>,
    /// For making one, while the sign-in is fresh.
    passkey: Option<PasskeyForm>,
    /// Otherwise the way to sign in again.
    confirm: String,
    rename: FormTarget,
    remove: FormTarget,
    problem: Option<String>,
    /// The passkey whose name was not taken.
    wrong: String,
    max_name: usize,
    /// For the browser, which may forget what is not there any more.
    rp_id: String,
    user_handle: String,
    credential_ids: String,
}

struct Shown {
    id: String,
    name: String,
    is_synced: bool,
    signs_in_alone: bool,
    created: String,
    used: Option<String>,
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource(PATH).route(web::get().to(get)))
        .service(web::resource(OPTIONS).route(web::post().to(options)))
        .service(web::resource(REGISTER).route(web::post().to(register)))
        .service(web::resource(RENAME).route(web::post().to(rename)))
        .service(web::resource(REMOVE).route(web::post().to(remove)));
}

/// `GET /account/passkeys`.
async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let session = signed_in_to_set_up(visit, PATH).await?;
        page(visit, &session, Trouble::default()).await
    })
    .await
}

/// `POST /account/passkeys/options`.
async fn options(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let (session, _) = changed(visit, body).await?;
        Ok(HttpResponse::Ok().json(visit.app.identity.begin_passkey_registration(&session, visit.browser()).await?))
    })
    .await
}

/// `POST /account/passkeys/register`.
async fn register(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let (session, params) = changed(visit, body).await?;
        let name = visit.frame.t.text("passkey-default-name");
        let origin = visit.origin();
        match identity(visit).register_passkey(&session, answer(&params), &name, visit.browser(), &origin).await {
            // Without any, a lost passkey would leave no second step.
            Ok(_) if identity(visit).second_factors(&session.user.id).await?.recovery_codes == 0 => {
                show_new_codes(visit, &session, PATH).await
            }
            Ok(_) => Ok(done(visit, PATH, "done-passkey-added")),
            Err(error) => refused(visit, &session, error, "").await,
        }
    })
    .await
}

/// `POST /account/passkeys/rename`.
async fn rename(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let (session, params) = changed(visit, body).await?;
        let id = params.get("passkey").unwrap_or_default();
        match identity(visit).rename_passkey(&session, id, params.get("name").unwrap_or_default()).await {
            Ok(true) => Ok(done(visit, PATH, "done-passkey-renamed")),
            Ok(false) => Err(Stop::NotFound),
            Err(error) => refused(visit, &session, error, id).await,
        }
    })
    .await
}

/// `POST /account/passkeys/remove`. Removing one that is gone already is no error.
async fn remove(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let (session, params) = changed(visit, body).await?;
        let id = params.get("passkey").unwrap_or_default();
        match identity(visit).remove_passkey(&session, id, &visit.origin()).await {
            Ok(_) => Ok(done(visit, PATH, "done-passkey-removed")),
            Err(error) => refused(visit, &session, error, "").await,
        }
    })
    .await
}

async fn changed(visit: &mut Visit<'_>, body: Payload) -> Result<(ActiveSession, Params), Stop> {
    let params = visit.form(body).await?;
    let session = fresh_to_set_up(visit, PATH).await?;
    visit.check(&params, PURPOSE, &session.sid)?;
    Ok((session, params))
}

fn identity<'a>(visit: &Visit<'a>) -> &'a Identity {
    &visit.app.identity
}

async fn refused(
    visit: &Visit<'_>,
    session: &ActiveSession,
    error: PasskeyError,
    wrong: &str,
) -> Result<HttpResponse, Stop> {
    let problem = explained(&visit.frame.t, error)?;
    page(visit, session, Trouble { problem: Some(problem), wrong: wrong.to_owned() }).await
}

/// What was wrong with the change before.
#[derive(Default)]
struct Trouble {
    problem: Option<String>,
    wrong: String,
}

async fn page(visit: &Visit<'_>, session: &ActiveSession, trouble: Trouble) -> Result<HttpResponse, Stop> {
    let account = Shell::new(visit, session, PATH);
    let config = &visit.app.config;
    let rp_id = config.passkeys.rp_id(&config.issuer).ok_or(Stop::NotFound)?.to_owned();
    let records = identity(visit).list_passkeys(&session.user.id).await?;
    let ids: Vec<String> = records.iter().map(|passkey| URL_SAFE_NO_PAD.encode(&passkey.credential_id)).collect();
    let is_fresh = session.is_fresh(visit.cx().now());
    let csrf = (PURPOSE, session.sid.as_str());
    let passkey = passkey_form(visit, "create", REGISTER, OPTIONS, csrf).filter(|_| is_fresh);
    let status = if trouble.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = PasskeysPage {
        page: &visit.frame,
        account: &account,
        passkeys: records.into_iter().map(|passkey| shown(&visit.frame, passkey)).collect(),
        passkey,
        confirm: visit.frame.url(&login_again_for(LocalPath::parse(PATH).as_ref())),
        rename: visit.target(RENAME, csrf.0, csrf.1),
        remove: visit.target(REMOVE, csrf.0, csrf.1),
        problem: trouble.problem,
        wrong: trouble.wrong,
        max_name: MAX_NAME_CHARS,
        rp_id,
        user_handle: URL_SAFE_NO_PAD.encode(Identity::passkey_user_handle(&session.user.id)),
        credential_ids: ids.join(" "),
    };
    Ok(account.show(visit, &page, Answer { status, fetches: is_fresh, ..Answer::default() }))
}

fn shown(page: &Frame, passkey: PasskeyRecord) -> Shown {
    Shown {
        id: passkey.id,
        name: passkey.name,
        is_synced: passkey.backup_eligible,
        signs_in_alone: passkey.user_verified,
        created: page.day(passkey.created_at),
        used: passkey.last_used_at.map(|at| page.day(at)),
    }
}
