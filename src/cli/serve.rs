//! `portcullis serve`.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use super::boot::{self, Instance};
use super::{Failure, settings};
use crate::base::{SystemClock, SystemRandom};
use crate::config::Config;
use crate::ops;
use crate::web::monitor;
use crate::web::server::{self, StopSignals};

pub async fn run(file: Option<&Path>) -> Result<(), Failure> {
    let config = Arc::new(settings::complete(file)?.config);
    let _logging = ops::init_logging(&config.log).map_err(|error| Failure::config(error.to_string()))?;
    let listeners = Listeners::claim(vec![listen(config.listen, "listen")?], &config)?;
    let instance = boot::open(Arc::clone(&config), Arc::new(SystemClock), Arc::new(SystemRandom::default())).await?;
    let ready = || {
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            issuer = config.issuer.as_str(),
            listen = %config.listen,
            "ready"
        );
    };
    until_stopped(instance, listeners, ready).await
}

/// The addresses of one server, claimed before anything else is done: a taken one must stop the start.
pub struct Listeners {
    public: Vec<TcpListener>,
    monitor: Option<TcpListener>,
}

impl Listeners {
    /// Adds the one for metrics, where it is configured.
    pub fn claim(public: Vec<TcpListener>, config: &Config) -> Result<Self, Failure> {
        let monitor = config.server.metrics_listen;
        let monitor = monitor.map(|address| listen(address, "server.metrics_listen")).transpose()?;
        Ok(Self { public, monitor })
    }
}

/// Serves until SIGTERM or SIGINT, then lets what is in flight finish and closes the database. `started` is called when
/// requests are taken.
pub async fn until_stopped(instance: Instance, listeners: Listeners, started: impl FnOnce()) -> Result<(), Failure> {
    let outcome = serve(&instance, listeners, started).await;
    instance.close().await;
    tracing::info!("stopped");
    outcome.map_err(|error| Failure::failed(format!("the server ended: {error}")))
}

async fn serve(instance: &Instance, listeners: Listeners, started: impl FnOnce()) -> std::io::Result<()> {
    let app = &instance.app;
    // Before anybody is told that it runs, and may want to stop it.
    let signals = StopSignals::catch()?;
    let monitor = listeners.monitor.map(|listener| monitor::run(app, listener)).transpose()?;
    let monitor = monitor.map(|monitor| (monitor.handle(), tokio::spawn(monitor)));
    let server = server::run(Arc::clone(app), listeners.public)?;
    let signals = tokio::spawn(signals.stop(Arc::clone(app), server.handle()));
    let server = tokio::spawn(server);
    started();
    ops::notify("READY=1");
    let outcome = server.await;
    ops::notify("STOPPING=1");
    signals.abort();
    if let Some((handle, task)) = monitor {
        handle.stop(false).await;
        task.abort();
    }
    outcome.map_err(std::io::Error::other)?
}

/// Claims an address; `setting` is where to change it.
fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::unavailable(format!(
            "{address} is taken by another program; stop it, or change `{setting}` to another port"
        )),
        _ => Failure::unavailable(format!("cannot listen on {address} (`{setting}`): {error}")),
    })
}
