//! HTTP: routes, the frame around every request, endpoint handlers and pages. The only layer that knows HTTP.

pub mod account;
mod address;
pub mod answer;
mod app;
mod dev;
mod health;
pub mod interaction;
mod logo;
pub mod middleware;
pub mod monitor;
pub mod oauth;
pub mod pages;
pub mod playground;
pub mod request;
pub mod routes;
pub mod server;
mod well_known;

pub use address::client_address;
pub use app::{App, configure};
pub use request::{RequestInfo, request_id};
