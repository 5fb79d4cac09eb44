use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{self, Data};
use actix_web::{App as ActixApp, HttpResponse, HttpServer};

use super::App;
use crate::ops::Ready;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The listener for those who run the server: `/metrics` and the reasons behind `/readyz`. It belongs on an address
/// that only they can reach.
pub fn run(app: &Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let data = Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(data.clone())
            .service(web::resource("/metrics").route(web::get().to(metrics)))
            .service(web::resource("/readyz").route(web::get().to(readyz)))
    });
    Ok(server.workers(1).max_connections(64).disable_signals().listen(listener)?.run())
}

async fn metrics(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().content_type(OPENMETRICS).body(app.metrics.render())
}

async fn readyz(app: Data<App>) -> HttpResponse {
    match app.readiness.get() {
        Ready::Yes => match app.readiness.degraded() {
            Some(problem) => HttpResponse::Ok().body(format!("ready, degraded: {problem}\n")),
            None => HttpResponse::Ok().body("ready\n"),
        },
        Ready::Stopping => HttpResponse::ServiceUnavailable().body("not ready: the server is stopping\n"),
        Ready::DatabaseGone(problem) => {
            HttpResponse::ServiceUnavailable().body(format!("not ready: database: {problem}\n"))
        }
    }
}
