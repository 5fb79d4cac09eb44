use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Category;
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::Words;
use crate::base::Timestamp;
use crate::config::{Config, SmtpUrl, StartTls, smtp_password};

/// How long the server may take for one step.
const STEP: Duration = Duration::from_secs(20);
/// And for a whole mail, however slowly it takes its steps.
const WHOLE: Duration = Duration::from_mins(1);
/// Connections held at once, and for how long one is kept for the next mail.
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(20);

/// The server that takes our mails.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    /// Right side of message ids.
    host: String,
}

/// What is wrong with the settings of mail: the setting, and what to change.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {message}")]
pub struct SmtpSetupError {
    pub key: &'static str,
    pub message: String,
}

/// Why the server did not take a mail.
#[derive(Debug)]
pub struct Refused {
    /// It would never take it: the address does not exist, or the mail is not wanted there.
    pub for_good: bool,
    pub reason: String,
}

impl Smtp {
    /// `None` where no server is configured.
    pub fn open(config: &Config) -> Result<Option<Self>, SmtpSetupError> {
        let mail = &config.mail;
        let mailbox = |key: &'static str, text: &str| {
            let read = text.parse::<Mailbox>();
            read.map_err(|error| SmtpSetupError { key, message: format!("{text} is no address: {error}") })
        };
        let from = mailbox("mail.from", &mail.sender(&config.issuer))?;
        let reply_to = mail.reply_to.as_deref().map(|text| mailbox("mail.reply_to", text)).transpose()?;
        let Some(smtp) = &mail.smtp else { return Ok(None) };
        let password = smtp_password(mail).map_err(|error| SmtpSetupError {
            key: "mail.password_file",
            message: format!("the file cannot be read: {error}"),
        })?;
        let hello = config.issuer.url().host_str().unwrap_or("localhost").to_owned();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port)
            .tls(tls(smtp, mail.starttls, mail.ca_file.as_deref())?)
            .hello_name(ClientId::Domain(hello.clone()))
            .timeout(Some(STEP))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE));
        if let (Some(username), Some(password)) = (&smtp.username, password) {
            builder = builder.credentials(Credentials::new(username.clone(), password.expose_secret().to_owned()));
        }
        Ok(Some(Self { transport: builder.build(), from, reply_to, host: hello }))
    }

    /// Hands a mail over. `id` becomes its message id: whoever gets it twice can tell.
    pub async fn send(&self, id: &str, to: &str, words: &Words, at: Timestamp) -> Result<(), Refused> {
        let message = self.message(id, to, words, at).map_err(|reason| Refused { for_good: true, reason })?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Refused { for_good: is_for_good(&error), reason: one_line(&error) }),
            Err(_) => Err(Refused { for_good: false, reason: "the server takes too long".to_owned() }),
        }
    }

    fn message(&self, id: &str, to: &str, words: &Words, at: Timestamp) -> Result<Message, String> {
        let address = to.parse().map_err(|error| format!("the address is none: {error}"))?;
        let sent = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.millis()).unwrap_or(0));
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(&words.subject)
            .message_id(Some(format!("<{id}@{}>", self.host)))
            .date(sent)
            // RFC 3834 §5: no machine answers.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let failed = |error: askama::Error| error.to_string();
        let body = MultiPart::alternative_plain_html(words.text().map_err(failed)?, words.html().map_err(failed)?);
        builder.multipart(body).map_err(|error| error.to_string())
    }
}

fn tls(smtp: &SmtpUrl, starttls: StartTls, ca_file: Option<&Path>) -> Result<Tls, SmtpSetupError> {
    let wrong = |message: String| SmtpSetupError { key: "mail.ca_file", message };
    let mut parameters = TlsParameters::builder(smtp.host.clone());
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| wrong(format!("{} cannot be read: {error}", path.display())))?;
        let certificate = Certificate::from_pem(&pem);
        let certificate = certificate.map_err(|error| wrong(format!("{} is no PEM: {error}", path.display())))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build();
    let parameters =
        parameters.map_err(|error| SmtpSetupError { key: "mail.smtp", message: format!("no TLS: {error}") })?;
    Ok(match (smtp.implicit_tls, starttls) {
        (true, _) => Tls::Wrapper(parameters),
        (false, StartTls::Required) => Tls::Required(parameters),
        (false, StartTls::Opportunistic) => Tls::Opportunistic(parameters),
        (false, StartTls::None) => Tls::None,
    })
}

/// A 55x is about this mail or its address. Other permanent refusals, such as 535 for a wrong password, are about the
/// settings, and an operator may still put them right.
fn is_for_good(error: &SmtpError) -> bool {
    error.is_permanent() && error.status().is_some_and(|code| code.category == Category::MailSystem)
}

fn one_line(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}
