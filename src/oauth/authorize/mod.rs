//! The authorization endpoint's decisions (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2).
//!
//! A request is read once (`request`), bound to client and redirect URI before anything else, and frozen. `step` says
//! what has to happen next; `response` is what goes back to the client.

mod allow;
mod assurance;
pub mod redirect_uri;
mod request;
mod response;
mod response_type;
mod step;

pub use allow::allow;
pub use assurance::{Gap, highest, required, told};
pub use request::{AuthorizationRequest, Prompt, Refusal, read};
pub use response::{AuthorizationResponse, ResponseMode};
pub use response_type::ResponseType;
pub use step::{Progress, SignedIn, Step, next_step};
