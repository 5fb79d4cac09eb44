//! The endpoints that programs call: token, introspection, revocation, device authorization, userinfo, metadata.

mod client;
mod cors;
mod device_authorization;
pub(super) mod error;
pub(super) mod form;
mod introspect;
mod metadata;
mod register;
mod revocations;
mod revoke;
mod token;
mod upstream_logout;
mod userinfo;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::config::{ClientRegistrationMode, Config, Issuer};
use crate::oauth::endpoints;

pub use error::json_error;

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource(endpoints::TOKEN)
            .route(web::post().to(token::token))
            .route(web::method(Method::OPTIONS).to(async || cors::preflight("POST, OPTIONS")))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "POST, OPTIONS"))),
    )
    .service(
        web::resource(endpoints::REVOKE)
            .route(web::post().to(revoke::revoke))
            .route(web::method(Method::OPTIONS).to(async || cors::preflight("POST, OPTIONS")))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "POST, OPTIONS"))),
    )
    .service(
        web::resource(endpoints::REVOCATIONS)
            .route(web::get().to(revocations::get))
            .route(web::post().to(revocations::post))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "GET, POST"))),
    )
    .service(
        web::resource(endpoints::INTROSPECT)
            .route(web::post().to(introspect::introspect))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "POST"))),
    )
    .service(
        web::resource(endpoints::DEVICE_AUTHORIZATION)
            .route(web::post().to(device_authorization::device_authorization))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "POST"))),
    )
    .service(
        web::resource(endpoints::USERINFO)
            .route(web::get().to(userinfo::get))
            .route(web::post().to(userinfo::post))
            .route(web::method(Method::OPTIONS).to(async || cors::preflight("GET, POST, OPTIONS")))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "GET, POST, OPTIONS"))),
    );
    document(cfg, endpoints::JWKS, Document::Jwks);
    document(cfg, endpoints::OPENID_CONFIGURATION, Document::Metadata);
    document(cfg, endpoints::AUTHORIZATION_SERVER_METADATA, Document::Metadata);
}

/// Where other providers say that somebody signed out, if one of them may.
pub fn upstream_routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.upstream.values().any(|upstream| upstream.enabled && upstream.backchannel_logout) {
        cfg.service(
            web::resource("/upstream/{name}/backchannel-logout")
                .route(web::post().to(upstream_logout::post))
                .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "POST"))),
        );
    }
}

/// The registration endpoint and what is below it, where clients may register themselves.
pub fn registration_routes(cfg: &mut ServiceConfig, config: &Config) {
    const MANAGED: &str = "GET, PUT, DELETE, OPTIONS";
    if config.client_registration.mode == ClientRegistrationMode::Off {
        return;
    }
    cfg.service(
        web::resource(endpoints::REGISTER)
            .route(web::post().to(register::register))
            .route(web::method(Method::OPTIONS).to(async || cors::preflight("POST, OPTIONS")))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, "POST, OPTIONS"))),
    )
    .service(
        web::resource(format!("{}/{{client_id}}", endpoints::REGISTER))
            .route(web::get().to(register::read))
            .route(web::put().to(register::update))
            .route(web::delete().to(register::delete))
            .route(web::method(Method::OPTIONS).to(async || cors::preflight(MANAGED)))
            .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, MANAGED))),
    );
}

/// Routes at the root of the host: for an issuer with a path, both documents also under the name inserted between host
/// and path (RFC 8414 §3.1). Nothing for an issuer without.
pub fn root_routes(cfg: &mut ServiceConfig, issuer: &Issuer) {
    if !issuer.path().is_empty() {
        for well_known in [endpoints::OPENID_CONFIGURATION, endpoints::AUTHORIZATION_SERVER_METADATA] {
            document(cfg, &format!("{well_known}{}", issuer.path()), Document::Metadata);
        }
    }
}

#[derive(Clone, Copy)]
enum Document {
    Jwks,
    Metadata,
}

fn document(cfg: &mut ServiceConfig, path: &str, document: Document) {
    const ALLOW: &str = "GET, HEAD, OPTIONS";
    let resource = web::resource(path)
        .route(web::method(Method::OPTIONS).to(async || cors::preflight(ALLOW)))
        .default_service(web::to(async |req: HttpRequest| error::method_not_allowed(&req, ALLOW)));
    cfg.service(match document {
        Document::Jwks => resource.route(web::get().to(metadata::jwks)),
        Document::Metadata => resource.route(web::get().to(metadata::metadata)),
    });
}
