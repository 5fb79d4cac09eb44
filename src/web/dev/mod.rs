//! What only a server for development shows.

mod mail;

use actix_web::web::{self, ServiceConfig};

use crate::config::Config;

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.mail.development {
        cfg.service(web::resource("/dev/mail").route(web::get().to(mail::list)))
            .service(web::resource("/dev/mail/{id}").route(web::get().to(mail::show)));
    }
}
