//! HTTP: routes, the frame around every request, endpoint handlers and pages. The only layer that knows HTTP.

pub mod address;
pub mod answer;
pub mod middleware;
pub mod pages;
pub mod request;
pub mod routes;

pub use address::client_address;
pub use request::{RequestInfo, request_id};
