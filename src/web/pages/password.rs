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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_waits_are_told_in_seconds_and_long_ones_in_minutes_rounded_up() {
        let told = |seconds| throttled_text(Locale::english(), seconds).replace(['\u{2068}', '\u{2069}'], "");
        for (seconds, wait) in
            [(1, "in one second."), (89, "in 89 seconds."), (90, "in 2 minutes."), (874, "in 15 minutes.")]
        {
            assert!(told(seconds).ends_with(wait), "{}", told(seconds));
        }
    }
}
