//! `portcullis serve`.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use super::boot::{self, Instance};
use super::{Failure, settings};
use crate::base::{SystemClock, SystemRandom};
use crate::config::Config;
use crate::ops;
use crate::web::{monitor, server};

pub async fn run(file: Option<&Path>) -> Result<(), Failure> {
    let config = settings::config(file)?;
    let _logging = ops::init_logging(&config.log).map_err(|error| Failure::config(error.to_string()))?;
    let listener = listen(config.listen, "listen")?;
    let instance = boot::open(Arc::clone(&config), Arc::new(SystemClock), Arc::new(SystemRandom::default())).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        issuer = config.issuer.as_str(),
        listen = %config.listen,
        "ready"
    );
    until_stopped(instance, &config, vec![listener]).await
}

/// Serves until SIGTERM or SIGINT, then lets what is in flight finish and closes the database.
pub async fn until_stopped(instance: Instance, config: &Config, listeners: Vec<TcpListener>) -> Result<(), Failure> {
    let app = Arc::clone(&instance.app);
    let serving = |error: std::io::Error| Failure::failed(format!("the server cannot be started: {error}"));
    let monitor = match config.server.metrics_listen {
        Some(address) => Some(monitor::run(&app, listen(address, "server.metrics_listen")?).map_err(serving)?),
        None => None,
    };
    let monitor = monitor.map(|monitor| (monitor.handle(), tokio::spawn(monitor)));
    let server = server::run(Arc::clone(&app), listeners).map_err(serving)?;
    let handle = server.handle();
    let signals = tokio::spawn(server::stop_on_signal(app, handle));
    ops::notify("READY=1");
    let outcome = server.await;
    ops::notify("STOPPING=1");
    signals.abort();
    if let Some((handle, task)) = monitor {
        handle.stop(false).await;
        task.abort();
    }
    instance.close().await;
    tracing::info!("stopped");
    outcome.map_err(|error| Failure::failed(format!("the server ended: {error}")))
}

/// Claims an address; `setting` is where to change it.
pub fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::unavailable(format!(
            "{address} is taken by another program; stop it, or change `{setting}` to another port"
        )),
        _ => Failure::unavailable(format!("cannot listen on {address} (`{setting}`): {error}")),
    })
}
