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
