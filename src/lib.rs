//! Portcullis: an OAuth 2.0 authorization server and OpenID Connect provider.
//!
//! Imports go one way: `cli`, `web` → `mail` → `oauth`, `oidc`, `identity` → `jose`, `storage`, `outbound` → `base`.
//! `config` is read by everybody and imports only `base`. `docs/architecture.md` draws the way of a request.

pub mod base;
pub mod cli;
pub mod config;
pub mod identity;
pub mod jose;
pub mod mail;
pub mod oauth;
pub mod oidc;
pub mod ops;
pub mod outbound;
pub mod storage;
pub mod web;
