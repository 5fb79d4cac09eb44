//! Running it: logs, metrics, readiness, and the work that goes on beside the requests.

mod background;
mod janitor;
mod log_sink;
mod logging;
mod logout_notices;
mod mailer;
mod metrics;
mod notify;
mod outage;
mod process;
mod readiness;

pub use background::Background;
pub use log_sink::LogSink;
pub use logging::{LogError, Logging, check_filter as check_log_filter, in_request, init as init_logging};
pub use metrics::Metrics;
pub use notify::notify;
pub use readiness::{Readiness, Ready};
