use std::net::IpAddr;
use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};

use crate::base::RequestId;
use crate::ops::Metrics;
use crate::web::routes::Route;

/// Longest path that is logged, of requests to nowhere. Characters.
const MAX_PATH: usize = 100;

/// One request and its answer, as they are counted and logged. A query string is never among it.
pub struct Exchange {
    method: Method,
    route: Route,
    /// The path that was asked for, when no route has it: without it nobody could find the mistake.
    unknown_path: Option<String>,
    id: RequestId,
    address: IpAddr,
    started: Instant,
}

impl Exchange {
    pub fn begin(request: &ServiceRequest, route: Route, id: RequestId, address: IpAddr, started: Instant) -> Self {
        let unknown_path = (!route.is_known()).then(|| request.path().chars().take(MAX_PATH).collect());
        Self { method: request.method().clone(), route, unknown_path, id, address, started }
    }

    pub fn end(self, status: StatusCode, metrics: &Metrics, log: bool) {
        let took = self.started.elapsed();
        metrics.request(self.route.name, status.as_u16(), took);
        if !log {
            return;
        }
        tracing::info!(
            target: "portcullis::access",
            {
                http.request.method = self.method.as_str(),
                http.route = self.route.name,
                http.response.status_code = status.as_u16(),
                url.path = self.unknown_path,
                client.address = %self.address,
                request_id = self.id.as_str(),
                duration_ms = took.as_secs_f64() * 1000.0,
            },
            "answered"
        );
    }
}
