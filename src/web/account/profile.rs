use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::languages::{Language, choice};
use super::{Shell, done, signed_in};
use crate::identity::{ActiveSession, Profile, ProfileError};
use crate::oauth::Params;
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, FormTarget, Frame};

pub const PATH: &str = "/account/profile";
const PURPOSE: &str = "account-profile";
/// Proposed while one types; any other zone of the IANA database may be written.
const ZONES: [&str; 40] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Riyadh",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Paris",
    "Europe/Stockholm",
    "Pacific/Auckland",
];

/// What the person says of themself.
#[derive(Template)]
#[template(path = "account_profile.html")]
pub struct ProfilePage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub profile: &'a Profile,
    pub languages: Vec<Language>,
    pub zones: &'static [&'static str],
    pub problem: Option<String>,
    /// The claim that the problem is about.
    pub wrong: &'static str,
}

/// `GET /account/profile`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, PATH).await?;
    let profile = Profile::of(&super::shell::claims(&session.user));
    Ok(form(visit, &session, &profile, None))
}

/// `POST /account/profile`: takes the claims of the form and no others (S214).
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let session = signed_in(visit, PATH).await?;
    visit.check(&params, PURPOSE, &session.sid)?;
    let profile = read(&params);
    match visit.app.identity.change_profile(&session, &profile, &visit.origin()).await {
        Ok(()) => Ok(done(visit, PATH, "done-profile")),
        Err(ProfileError::Storage(error)) => Err(error.into()),
        Err(error) => Ok(form(visit, &session, &profile, Some(&error))),
    }
}

fn read(params: &Params) -> Profile {
    let text = |name| params.get(name).unwrap_or_default().trim().to_owned();
    Profile {
        name: text("name"),
        given_name: text("given_name"),
        family_name: text("family_name"),
        locale: text("locale"),
        zoneinfo: text("zoneinfo"),
        picture: text("picture"),
    }
}

fn form(visit: &Visit<'_>, session: &ActiveSession, profile: &Profile, error: Option<&ProfileError>) -> HttpResponse {
    let account = Shell::new(visit, session, PATH);
    let wrong = if let Some(ProfileError::Field(name)) = error { name } else { "" };
    let problem = error.map(|error| match error {
        ProfileError::Field("picture") => "profile-picture-bad",
        ProfileError::Field("zoneinfo") => "profile-zone-bad",
        ProfileError::Field("locale") => "profile-language-bad",
        ProfileError::Field(_) => "profile-name-bad",
        _ => "profile-changed",
    });
    let page = ProfilePage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(PATH, PURPOSE, &session.sid),
        profile,
        languages: choice(&profile.locale),
        zones: &ZONES,
        problem: problem.map(|key| visit.frame.t.text(key)),
        wrong,
    };
    let status = match error {
        None => StatusCode::OK,
        Some(ProfileError::Field(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(_) => StatusCode::CONFLICT,
    };
    account.show(visit, &page, Answer::with_status(status))
}
