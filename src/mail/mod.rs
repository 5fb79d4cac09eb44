//! Mails: what they say in each language, and how they get to the server that takes them.

mod post_office;
mod smtp;
mod words;

pub use post_office::{PostOffice, Round};
pub use smtp::{Smtp, SmtpSetupError};
pub use words::Words;
