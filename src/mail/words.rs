use askama::Template;

use crate::base::{Locale, Timestamp, Zone, known_device_name, place_of};
use crate::config::Config;
use crate::identity::{Factor, Letter, Message, Notice};

/// A mail in one language: ready words, which the two templates only arrange.
#[derive(Clone)]
pub struct Words {
    pub t: Locale,
    pub service: String,
    /// Host of the issuer, as the address bar says it.
    pub host: String,
    pub subject: String,
    pub greeting: String,
    pub lines: Vec<String>,
    /// Name and value, such as when and from where.
    pub facts: Vec<(String, String)>,
    /// What to do, and its link.
    pub action: Option<(String, String)>,
    /// A code to type, with what it is for.
    pub code: Option<(String, String)>,
    /// Below the action: for how long it works, or what to do if it was somebody else.
    pub notes: Vec<String>,
    pub sender: String,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    mail: &'a Words,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    mail: &'a Words,
}

/// Longest piece of somebody else's words.
const MAX_FOREIGN_CHARS: usize = 128;

impl Words {
    pub fn of(letter: &Letter, config: &Config) -> Self {
        let t = Locale::negotiate(std::slice::from_ref(&letter.locale), None, &config.pages.default_locale);
        let service = config.pages.service_name.clone();
        let greeting = match &letter.username {
            Some(name) => t.with("mail-hello", "name", inert(name)),
            None => t.text("mail-hello-stranger"),
        };
        let mut words = Self {
            subject: String::new(),
            greeting,
            lines: Vec::new(),
            facts: Vec::new(),
            action: None,
            code: None,
            notes: Vec::new(),
            sender: t.with_all(
                "mail-sender",
                [("service", service.clone().into()), ("host", config.issuer.authority().into())],
            ),
            host: config.issuer.authority(),
            service,
            t,
        };
        let zone = Zone::named(&letter.zoneinfo).unwrap_or(Zone::UTC);
        match &letter.message {
            Message::Notice(notice) => words.tell(notice, letter.at, zone, config),
            Message::PasswordReset { token, code, .. } => words.lead("reset", "/reset/new", token, Some(code), config),
            Message::SignInCode { code, .. } => words.hand_over("sign-in", Some(code)),
            Message::ConfirmEmail { token, code, .. } => {
                words.lead("email", "/account/email/confirm", token, Some(code), config);
            }
            Message::Registration { token, code, .. } => {
                words.lead("register", "/register/new", token, Some(code), config);
            }
            Message::Invitation { token, expires_at } => {
                words.lead("invitation", "/register/new", token, None, config);
                words.facts.push((t.text("mail-invitation-until"), zone.minute(*expires_at)));
            }
        }
        // A header is no place for marks of direction, and left-to-right text needs none.
        words.subject = without_isolates(&words.subject);
        words
    }

    /// A way on by link, and by code where there is one, about what the texts at `mail-KEY` say.
    fn lead(&mut self, key: &str, path: &str, token: &str, code: Option<&String>, config: &Config) {
        let link = config.issuer.endpoint(&format!("{path}?token={token}"));
        self.action = Some((self.t.text(&format!("mail-{key}-action")), link));
        self.hand_over(key, code);
    }

    /// What the texts at `mail-KEY` say, with a code where there is one.
    fn hand_over(&mut self, key: &str, code: Option<&String>) {
        let t = self.t;
        self.subject = t.with(&format!("mail-{key}-subject"), "service", self.service.clone());
        self.lines.push(t.text(&format!("mail-{key}")));
        self.code = code.map(|code| (t.text(&format!("mail-{key}-code")), code.clone()));
        self.notes.push(t.text(&format!("mail-{key}-note")));
    }

    fn tell(&mut self, notice: &Notice, at: Timestamp, zone: Zone, config: &Config) {
        let t = self.t;
        let key = format!("mail-{}", notice.name());
        self.subject = t.with(&format!("{key}-subject"), "service", self.service.clone());
        let text = match notice {
            Notice::FactorAdded { factor } | Notice::FactorRemoved { factor } => {
                t.with(&key, "factor", factor_in_words(t, factor))
            }
            Notice::RecoveryCodeUsed { left } => t.with(&key, "left", *left),
            Notice::ApiKeyMade { name } => t.with(&key, "name", inert(name)),
            Notice::EmailChanged { to } => t.with(&key, "email", inert(to)),
            Notice::PasswordChanged
            | Notice::NewSignIn { .. }
            | Notice::AddressWanted
            | Notice::AccountExists
            | Notice::AccountDeleted => t.text(&key),
        };
        self.lines.push(text);
        self.facts.push((t.text("mail-when"), zone.minute(at)));
        if let Notice::NewSignIn { address, user_agent } = notice {
            let place = place_of(&config.places, address).map(|place| format!("{} · ", inert(&place)));
            self.facts.push((t.text("mail-address"), format!("{}{}", place.unwrap_or_default(), inert(address))));
            if !user_agent.is_empty() {
                let browser = known_device_name(t, user_agent).unwrap_or_else(|| inert(user_agent));
                self.facts.push((t.text("mail-browser"), browser));
            }
        }
        self.notes.push(match notice {
            Notice::AccountDeleted | Notice::AddressWanted | Notice::AccountExists => t.text(&format!("{key}-note")),
            _ => t.text("mail-not-you"),
        });
        if *notice != Notice::AccountDeleted {
            self.action = Some((t.text("mail-look"), config.issuer.endpoint("/account")));
        }
    }

    /// As `text/plain`.
    pub fn text(&self) -> askama::Result<String> {
        let text = Text { mail: self }.render()?;
        Ok(if self.t.dir() == "ltr" { without_isolates(&text) } else { text })
    }

    /// As `text/html`, without anything that is fetched.
    pub fn html(&self) -> askama::Result<String> {
        Html { mail: self }.render()
    }
}

fn factor_in_words(t: Locale, factor: &Factor) -> String {
    match factor {
        Factor::Totp => t.text("mail-factor-totp"),
        Factor::RecoveryCodes => t.text("mail-factor-recovery-codes"),
        Factor::Passkey { name } => t.with("mail-factor-passkey", "name", inert(name)),
        Factor::Upstream { name } => t.with("mail-factor-upstream", "name", inert(name)),
    }
}

/// Without what keeps two directions of writing apart.
fn without_isolates(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}')).collect()
}

/// Somebody else's words on one line, in which no mail program finds an address to link.
fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()).take(MAX_FOREIGN_CHARS) {
        shown.push(c);
        if matches!(c, '.' | ':' | '/' | '@') {
            // WORD JOINER: invisible, and no part of any host name.
            shown.push('\u{2060}');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        toml::from_str("issuer = \"https://id.example.test\"\npages.service_name = \"Prints & <Sons>\"").unwrap()
    }

    fn letter(locale: &str, notice: Notice) -> Letter {
        Letter {
            recipient: "alice@example.test".to_owned(),
            username: Some("alice".to_owned()),
            locale: locale.to_owned(),
            zoneinfo: String::new(),
            at: Timestamp::from_seconds(1_790_000_000),
            message: Message::Notice(notice),
        }
    }

    fn notices() -> Vec<Notice> {
        let passkey = || Factor::Passkey { name: "<b>https://evil.test/".to_owned() };
        vec![
            Notice::PasswordChanged,
            Notice::FactorAdded { factor: Factor::Totp },
            Notice::FactorAdded { factor: Factor::Upstream { name: "Example".to_owned() } },
            Notice::FactorRemoved { factor: passkey() },
            Notice::FactorRemoved { factor: Factor::RecoveryCodes },
            Notice::RecoveryCodeUsed { left: 1 },
            Notice::NewSignIn { address: "192.0.2.1".to_owned(), user_agent: "Firefox\r\nBcc: x@evil.test".to_owned() },
            Notice::ApiKeyMade { name: "deploy".to_owned() },
            Notice::EmailChanged { to: "new@example.test".to_owned() },
            Notice::AddressWanted,
            Notice::AccountExists,
            Notice::AccountDeleted,
        ]
    }

    #[test]
    fn each_mail_is_whole_in_each_language_and_fetches_nothing() {
        for locale in ["en", "ar-EG", "de-AT"] {
            for notice in notices() {
                let words = Words::of(&letter(locale, notice.clone()), &config());
                let (text, html) = (words.text().unwrap(), words.html().unwrap());
                for part in [&words.subject, &text, &html] {
                    assert!(!part.contains("Unknown localization") && !part.contains("{ $"), "{notice:?}: {part}");
                }
                assert!(!html.contains("src=") && !html.contains("url("), "{notice:?}");
                let (language, direction) = (&locale[..2], if locale == "ar-EG" { "rtl" } else { "ltr" });
                assert!(html.contains(&format!("lang=\"{language}\" dir=\"{direction}\"")), "{html}");
                assert!(text.lines().all(|line| line.trim_end() == line), "{text:?}");
                assert!(!text.contains("\n\n\n"), "{text}");
            }
        }
    }

    #[test]
    fn s215_nobodys_words_become_markup_a_link_or_a_header_in_a_mail() {
        for notice in notices() {
            let words = Words::of(&letter("en", notice), &config());
            let (text, html) = (words.text().unwrap(), words.html().unwrap());
            assert!(!words.subject.contains(['\r', '\n']));
            for part in [&text, &html] {
                assert!(!part.contains("evil.test") && !part.contains("\nBcc:"), "{part}");
            }
            assert!(!html.contains("<b>") && !html.contains("<Sons>"), "{html}");
        }
    }

    #[test]
    fn a_mail_is_as_it_was_looked_at() {
        let words = Words::of(&letter("en", notices().remove(6)), &config());
        insta::assert_snapshot!("notice-text", words.text().unwrap());
        insta::assert_snapshot!("notice-html", words.html().unwrap());
    }
}
