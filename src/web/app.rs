use std::sync::{Arc, OnceLock};

use actix_web::web::{self, Data, FormConfig, PayloadConfig, ServiceConfig};

use super::interaction::Finished;
use super::middleware::MAX_BODY;
use super::playground::{self, Playground};
use super::{account, dev, health, interaction, logo, oauth, pages, well_known};
use crate::config::Config;
use crate::identity::Identity;
use crate::identity::upstream::Upstreams;
use crate::oauth::Context;
use crate::ops::{Metrics, Readiness};

/// Everything a handler may need, shared by all workers as `web::Data<App>`.
pub struct App {
    pub config: Arc<Config>,
    pub oauth: Arc<Context>,
    pub identity: Identity,
    pub upstreams: Upstreams,
    pub metrics: Metrics,
    pub readiness: Readiness,
    /// Answers just given to clients, for forms sent twice.
    pub finished: Finished,
    /// Set by `portcullis dev` alone, before it serves.
    pub playground: OnceLock<Playground>,
}

/// Puts the routes below the issuer's path, and at the root what is looked for there: the probes, and the metadata of an
/// issuer with a path.
pub fn configure(cfg: &mut ServiceConfig, app: &Arc<App>) {
    let base = app.config.issuer.path();
    cfg.app_data(Data::from(Arc::clone(app)))
        .app_data(PayloadConfig::new(MAX_BODY))
        .app_data(FormConfig::default().limit(MAX_BODY));
    if !base.is_empty() {
        cfg.configure(health::routes);
    }
    oauth::root_routes(cfg, &app.config.issuer);
    well_known::routes(cfg, &app.config);
    cfg.service(web::scope(base).configure(|cfg| routes(cfg, app)));
}

fn routes(cfg: &mut ServiceConfig, app: &App) {
    dev::routes(cfg, &app.config);
    cfg.configure(health::routes)
        .configure(oauth::routes)
        .configure(|cfg| oauth::registration_routes(cfg, &app.config))
        .configure(|cfg| oauth::upstream_routes(cfg, &app.config))
        .configure(pages::routes)
        .configure(logo::routes)
        .configure(|cfg| interaction::routes(cfg, &app.config))
        .configure(|cfg| account::routes(cfg, &app.config))
        .configure(playground::routes);
}
