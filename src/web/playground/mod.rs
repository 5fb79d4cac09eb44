//! A tiny relying party beside the server, in development alone: it runs each flow against the server as any client
//! would, over HTTP and by discovery, and shows every request, every answer, and the tokens with the checks they passed.

mod handlers;
mod http;
mod pages;
mod run;
mod steps;
mod tokens;

use actix_web::web::{self, ServiceConfig};
use secrecy::SecretString;

use run::Runs;

/// Where the page stands below the issuer, and where the authorization response comes back to.
pub const PATH: &str = "/playground";
pub const CALLBACK: &str = "/playground/callback";

/// The clients that the playground speaks as, and the runs it remembers.
pub struct Playground {
    /// Public; may use the authorization code, refresh token and device grants.
    pub public_client: String,
    /// Confidential; may introspect the tokens of others.
    pub resource_server: (String, SecretString),
    /// Confidential; may use client credentials.
    pub service: (String, SecretString),
    runs: Runs,
}

impl Playground {
    pub fn new(public_client: &str, resource_server: (&str, &str), service: (&str, &str)) -> Self {
        let credentials = |(client_id, secret): (&str, &str)| (client_id.to_owned(), SecretString::from(secret));
        Self {
            public_client: public_client.to_owned(),
            resource_server: credentials(resource_server),
            service: credentials(service),
            runs: Runs::default(),
        }
    }
}

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource(PATH).route(web::get().to(handlers::index)).route(web::post().to(handlers::start)))
        .service(
            web::resource(CALLBACK)
                .route(web::get().to(handlers::callback))
                .route(web::post().to(handlers::posted_callback)),
        )
        .service(
            web::resource("/playground/{run}")
                .route(web::get().to(handlers::show))
                .route(web::post().to(handlers::go_on)),
        );
}
