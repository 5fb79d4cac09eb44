use super::Locale;
use crate::identity::Weakness;

/// The catalogue's sentence for what is weak about a new password.
pub fn weakness_text(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::Breached => "password-weak-breached",
        Weakness::Common => "password-weak-common",
        Weakness::Name => "password-weak-name",
        Weakness::Word => "password-weak-word",
        Weakness::Pattern => "password-weak-pattern",
        Weakness::Date => "password-weak-date",
        Weakness::Short => "password-weak-short",
    }
}

/// How long whoever has failed too often has to wait: in minutes where seconds say little.
pub fn throttled_text(t: Locale, seconds: u64) -> String {
    const SHORT: u64 = 90;
    if seconds < SHORT {
        t.with("login-throttled", "seconds", seconds)
    } else {
        t.with("login-throttled-minutes", "minutes", seconds.div_ceil(60))
    }
}
