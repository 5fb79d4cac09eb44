use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::cookies::Cookies;
use crate::web::App;
use crate::web::pages::{CheckSessionPage, Frame};

/// `GET /check_session`: the frame by which applications watch over their session.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app.config, req.headers(), &[]);
    CheckSessionPage::answer(&frame, Cookies::of(&app.config.issuer).browser_state_name())
}
