use std::io;
use std::net::TcpListener;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::KeepAlive;
use actix_web::{App as ActixApp, HttpServer};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::app::{App, configure};
use super::middleware::Frame;

/// How long an idle connection is kept for its next request. Longer than what proxies keep theirs (60 s by default),
/// so that it is they who close.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to close its side.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// After SIGTERM readiness is red for this long before the listener closes, so that no request is sent to a closed
/// door.
const RED_BEFORE_CLOSING: Duration = Duration::from_secs(1);

/// Serves `app` on `listeners` until it is stopped through its handle. Signals are the caller's: see [`StopSignals`].
pub fn run(app: Arc<App>, listeners: Vec<TcpListener>) -> io::Result<Server> {
    let settings = app.config.server.clone();
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        workers => workers,
    };
    let mut server = HttpServer::new(move || {
        let frame = Frame::new(Arc::clone(&app.config), app.metrics.clone(), app.readiness.clone());
        ActixApp::new().configure(|cfg| configure(cfg, &app)).wrap(frame)
    })
    .workers(workers)
    .max_connections(settings.max_connections.div_ceil(workers))
    .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
    .client_request_timeout(settings.request_head_timeout.duration())
    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
    .shutdown_timeout(settings.shutdown_grace.as_secs())
    .tcp_nodelay(true)
    .disable_signals();
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}

/// The signals that end a server: SIGTERM and SIGINT.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on they no longer end the process by themselves.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one, then stops the server: readiness goes red first, what is in flight may finish. A second signal
    /// ends it at once.
    pub async fn stop(mut self, app: Arc<App>, server: ServerHandle) {
        let pause = tokio::select! {
            _ = self.terminate.recv() => RED_BEFORE_CLOSING,
            // Somebody at a terminal: no balancer watches.
            _ = self.interrupt.recv() => Duration::ZERO,
        };
        tracing::info!("stopping; requests in flight may finish");
        let graceful = async {
            app.readiness.stopping();
            sleep(pause).await;
            server.stop(true).await;
        };
        tokio::select! {
            () = graceful => {}
            _ = self.terminate.recv() => server.stop(false).await,
            _ = self.interrupt.recv() => server.stop(false).await,
        }
    }
}
